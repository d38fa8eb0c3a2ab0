"""Keys of a fleet: drawn once, kept in a file only its owner may read, told to a head-end by a shipment."""

import csv
import os
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import Self

from openami.core.errors import DefinitionError
from openami.dlms.security import Keys
from openami.meters.identity import Identity

MAGIC = b"OAMKEYS1"
KEY = 16
RECORD = 3 * KEY
PRIVATE = 0o600
ZONE = "Europe/Amsterdam"
COLUMNS = (
    "serial", "product", "address", "port", "system_title", "zone", "clients",
    "encryption_key", "authentication_key", "master_key",
)  # fmt: skip


class Keyring:
    """Encryption, authentication and master key of every meter; `repr` shows none."""

    __slots__ = ("_octets",)

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

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
        start = meter * RECORD
        encryption, authentication, master = (self._octets[at : at + KEY] for at in range(start, start + RECORD, KEY))
        return Keys(encryption, authentication, master)

    def save(self, path: Path) -> None:
        """Write the file whole: it is there with all its keys, or not there."""
        write_private(path, MAGIC + self._octets)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file that `save` wrote."""
        octets = path.read_bytes()
        if not octets.startswith(MAGIC) or (len(octets) - len(MAGIC)) % RECORD:
            raise DefinitionError("not a key file", file=str(path))
        return cls(octets[len(MAGIC) :])


def write_private(path: Path, content: bytes) -> None:
    """Put a file in place that nobody else may read, durably."""
    part = path.with_name(path.name + ".tmp")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def shipment(product: str, keys: Keyring, addresses: Sequence[tuple[str, int]], clients: Sequence[int]) -> bytes:
    """Write what the factory tells the head-end, as CSV: one line for each meter, with its keys."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    identity = Identity()
    for meter, (host, port) in enumerate(addresses):
        held = keys.of(meter)
        secrets = (held.encryption, held.authentication, held.master or b"")
        title = identity.system_title(meter).hex()
        names = (identity.serial(meter), product, host, port, title, ZONE, " ".join(map(str, clients)))
        writer.writerow((*names, *(secret.hex() for secret in secrets)))
    return text.getvalue().encode()
