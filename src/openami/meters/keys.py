"""Keys of a fleet: drawn once, kept in a file only its owner may read, told to a head-end by a shipment."""

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Self

from openami.core.errors import DefinitionError
from openami.dlms.security import KeyId, Keys
from openami.meters.identity import Identity

MAGIC = b"OAMKEYS1"
WITH_BROADCAST = b"OAMKEYS2"
"""Each record has a fourth key, all zeros where a meter has none."""

KEY = 16
RECORD = 3 * KEY
NO_KEY = bytes(KEY)
PRIVATE = 0o600
ZONE = "Europe/Amsterdam"
COLUMNS = (
    "serial", "product", "address", "port", "system_title", "zone", "clients",
    "encryption_key", "authentication_key", "master_key",
)  # fmt: skip


class Keyring:
    """Encryption, authentication and master key of every meter, as drawn or as replaced; `repr` shows none."""

    __slots__ = ("_octets", "_replaced", "is_saved")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._replaced: dict[int, Keys] = {}
        #: Whether the file it came from says the same.
        self.is_saved = True

    def __repr__(self) -> str:
        return f"<keys of {len(self)} meters>"

    def __len__(self) -> int:
        return len(self._octets) // RECORD

    @classmethod
    def draw(cls, meters: int, random: Callable[[int], bytes]) -> Self:
        """Draw new keys for as many meters."""
        return cls(random(meters * RECORD))

    def of(self, meter: int) -> Keys:
        """Keys of one meter."""
        if meter in self._replaced:
            return self._replaced[meter]
        start = meter * RECORD
        encryption, authentication, master = (self._octets[at : at + KEY] for at in range(start, start + RECORD, KEY))
        return Keys(encryption, authentication, master)

    def replace(self, meter: int, keys: Mapping[int, bytes]) -> None:
        """Replace keys of a meter, by key id; whoever asked for this keeps it in the journal until it is saved."""
        self._replaced[meter] = self.of(meter).replaced(keys)
        self.is_saved = False

    def save(self, path: Path) -> None:
        """Write the file whole: it is there with all its keys, or not there."""
        held = [self.of(meter) for meter in range(len(self))]
        if any(keys.broadcast for keys in held):
            content = b"".join(three(keys) + (keys.broadcast or NO_KEY) for keys in held)
            write_private(path, WITH_BROADCAST + content)
        else:
            write_private(path, MAGIC + b"".join(map(three, held)))
        self.is_saved = True

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file that `save` wrote."""
        octets = path.read_bytes()
        head, content = octets[: len(MAGIC)], octets[len(MAGIC) :]
        size = {MAGIC: RECORD, WITH_BROADCAST: RECORD + KEY}.get(head)
        if size is None or len(content) % size:
            raise DefinitionError("not a key file", file=str(path))
        starts = range(0, len(content), size)
        ring = cls(b"".join(content[start : start + RECORD] for start in starts))
        for meter, start in enumerate(starts):
            broadcast = content[start + RECORD : start + size]
            if broadcast not in {b"", NO_KEY}:
                ring.replace(meter, {KeyId.GLOBAL_BROADCAST_ENCRYPTION: broadcast})
        ring.is_saved = True
        return ring


def three(keys: Keys) -> bytes:
    """Encryption, authentication and master key, one behind the other."""
    return keys.encryption + keys.authentication + (keys.master or NO_KEY)


def write_private(path: Path, content: bytes) -> None:
    """Put a file in place that nobody else may read, durably."""
    part = path.with_name(path.name + ".tmp")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def shipment(
    product: str,
    keys: Keyring,
    addresses: Sequence[tuple[str, int]],
    clients: Sequence[int],
    more: Callable[[int], Mapping[str, object]] = lambda _meter: {},
) -> bytes:
    """Write what the factory tells the head-end, as CSV: one line for each meter, with its keys, and `more` of each."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, *more(0)))
    identity = Identity()
    for meter, (host, port) in enumerate(addresses):
        held = keys.of(meter)
        secrets = (held.encryption, held.authentication, held.master or b"")
        title = identity.system_title(meter).hex()
        names = (identity.serial(meter), product, host, port, title, ZONE, " ".join(map(str, clients)))
        writer.writerow((*names, *(secret.hex() for secret in secrets), *more(meter).values()))
    return text.getvalue().encode()
