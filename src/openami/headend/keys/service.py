"""Sealing and opening the keys of meters."""

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag

from openami.core.errors import SecurityError
from openami.dlms.security import Keys
from openami.dlms.security.keys import Secretive
from openami.headend.keys.escrow import Escrow, Line
from openami.headend.keys.hsm import HsmKek
from openami.headend.keys.kek import Kek, KeyFile
from openami.headend.keys.kinds import AUTHENTICATION, ENCRYPTION, IN_FORCE, PREFERENCE, KeyState
from openami.headend.kit.database import Database, Unit
from openami.headend.kit.settings import Settings

NONCE_OCTETS = 12
MOST_TRIES = 16
"""Pairs of keys that a meter is tried with at the most."""
HELD = """
    SELECT k.meter, k.kind, k.version, k.kek, k.nonce, k.sealed, coalesce(s.state, 'promoted')
    FROM sealed_key k LEFT JOIN key_state s ON s.meter = k.meter AND s.kind = k.kind AND s.version = k.version
    WHERE k.meter IN {keys} AND coalesce(s.state, 'promoted') <> 'retired'
"""
ALL = "SELECT version, kek, nonce, sealed FROM sealed_key WHERE meter = ? AND kind = ?"
STAND = """
    INSERT INTO key_state (meter, kind, version, state, since) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (meter, kind, version) DO UPDATE SET state = excluded.state, since = excluded.since
"""
BATCH = 1_000


class Name(NamedTuple):
    """Which key it is."""

    meter: str
    kind: str
    version: int

    @property
    def bound(self) -> bytes:
        """What the seal is bound to, so that a row in another row's place does not open."""
        return f"{self.meter}\0{self.kind}\0{self.version}".encode()


class Sealed(NamedTuple):
    """A key as it is kept."""

    kek: str
    nonce: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Held(Secretive):
    """A key that a meter may have."""

    name: Name
    state: KeyState
    key: bytes = field(repr=False)

    @property
    def rank(self) -> tuple[int, int]:
        """Where it stands among the keys of its kind that are tried."""
        return PREFERENCE.index(self.state), -self.name.version


class KeyStore:
    """Keys of the meters, AES-256-GCM under the key-encryption key, bound to meter, kind and version."""

    def __init__(self, kek: Kek, escrow: Escrow | None = None) -> None:
        self._kek = kek
        self.escrow = escrow

    @classmethod
    def open(cls, unit: Unit, place: Path | Settings) -> "KeyStore":
        """Open the store of a database: as the settings say, or under a key file and without escrow.

        A new one gets a new key-encryption key, one with keys needs its own.
        """
        escrow = Escrow(place.escrow) if isinstance(place, Settings) else None
        sealed_under = [row[0] for row in unit.rows("SELECT DISTINCT kek FROM sealed_key")]
        is_new = not sealed_under and (escrow is None or escrow.is_empty)
        kek = _kek(place, is_new=is_new)
        for name in sealed_under:
            kek.cipher(name)
        return cls(kek, escrow)

    def put(self, unit: Unit, meter: str, kind: str, key: bytes) -> bool:
        """Keep the first key of that kind; says whether it is new. A different one later is refused."""
        known = self.every(unit, meter, kind)
        if known and key not in known.values():
            raise SecurityError(f"meter {meter} has another {kind} key already; change it by key replacement")
        if not known:
            sealed = self._insert(unit, Name(meter, kind, 1), key)
            self._note([Line(meter, kind, 1, KeyState.PROMOTED, 0, *sealed)], is_synced=False)
        return not known

    def add(self, unit: Unit, meter: str, kind: str, key: bytes, now: float) -> Held:
        """Keep another key, which nobody has sent yet; it stands in the escrow, on disk, when this returns.

        Raises:
            EscrowError: it does not, so it may not be sent.
        """
        last = unit.value("SELECT max(version) FROM sealed_key WHERE meter = ? AND kind = ?", (meter, kind))
        name = Name(meter, kind, (last or 0) + 1)
        sealed = self._insert(unit, name, key)
        self.stand(unit, [name], KeyState.NEW, now)
        self._note([Line(*name, KeyState.NEW, int(now), *sealed)])
        return Held(name, KeyState.NEW, key)

    def stand(self, unit: Unit, names: Iterable[Name], state: KeyState, now: float) -> None:
        """Say where keys stand from now on."""
        unit.run_many(STAND, [(*name, state.value, int(now)) for name in names])

    def note(self, held: Sequence[Held], state: KeyState, now: float) -> None:
        """Tell the escrow where keys stand by now."""
        self._note([Line(*each.name, state, int(now), *self._seal(each.name, each.key)) for each in held])

    def held(self, unit: Unit, meters: Iterable[str]) -> dict[str, dict[str, list[Held]]]:
        """Open the keys that meters may have: meter -> kind -> keys, the one that is tried first in front."""
        found: dict[str, dict[str, list[Held]]] = {}
        for meter, kind, version, kek, nonce, sealed, state in unit.rows_in(HELD, meters):
            name = Name(meter, kind, version)
            one = Held(name, KeyState(state), self.opened(name, Sealed(kek, nonce, sealed)))
            found.setdefault(meter, {}).setdefault(kind, []).append(one)
        for kinds in found.values():
            for keys in kinds.values():
                keys.sort(key=lambda each: each.rank)
        return found

    def newest(self, unit: Unit, meters: Iterable[str]) -> dict[str, dict[str, bytes]]:
        """Open the keys in force of several meters: meter -> kind -> key."""
        found: dict[str, dict[str, bytes]] = {}
        for meter, kinds in self.held(unit, meters).items():
            in_force = {kind: [each.key for each in keys if each.state in IN_FORCE] for kind, keys in kinds.items()}
            found[meter] = {kind: keys[0] for kind, keys in in_force.items() if keys}
        return found

    def keys(self, unit: Unit, meters: Iterable[str]) -> dict[str, Keys]:
        """Open the keys that a client needs for each meter; one without both is left out."""
        return {meter: tries[0] for meter, tries in self.candidates(unit, meters).items()}

    def candidates(self, unit: Unit, meters: Iterable[str]) -> dict[str, tuple[Keys, ...]]:
        """Open the pairs of keys that may let us in, in the order in which they are tried; mostly it is one."""
        return {
            meter: _pairs(kinds[ENCRYPTION], kinds[AUTHENTICATION])
            for meter, kinds in self.held(unit, meters).items()
            if {ENCRYPTION, AUTHENTICATION} <= kinds.keys()
        }

    def every(self, unit: Unit, meter: str, kind: str) -> dict[int, bytes]:
        """Open every key of a kind that a meter ever had: version -> key."""
        rows = unit.rows(ALL, (meter, kind))
        return {version: self.opened(Name(meter, kind, version), Sealed(*sealed)) for version, *sealed in rows}

    def rewrap(self, database: Database, *, forget: bool = False) -> int:
        """Seal every key anew under a new key-encryption key. Safe to break off and repeat. -> keys.

        The keys of before stay beside the new one, for backups and escrow; with `forget` the escrow is sealed anew
        and they go: backups of before do not open any more.
        """
        self._kek = self._kek.renewed()
        self._kek.save()
        total = 0
        while moved := self._rewrap_some(database):
            total += moved
        if forget:
            self._reseal_escrow()
            self._kek = self._kek.reduced()
            self._kek.save()
        return total

    def opened(self, name: Name, sealed: Sealed) -> bytes:
        """Open a key.

        Raises:
            SecurityError: it was changed or moved, or its key-encryption key is not here.
        """
        try:
            return self._kek.cipher(sealed.kek).decrypt(sealed.nonce, sealed.sealed, name.bound)
        except (InvalidTag, ValueError):
            message = f"the sealed {name.kind} key of meter {name.meter} does not open"
            raise SecurityError(f"{message}: its row was changed or moved") from None

    def insert(self, unit: Unit, name: Name, key: bytes) -> Sealed:
        """Keep a key under a name that is free (`keys.replay`)."""
        return self._insert(unit, name, key)

    def _rewrap_some(self, database: Database) -> int:
        with database.write() as unit:
            rows = unit.rows(
                "SELECT meter, kind, version, kek, nonce, sealed FROM sealed_key WHERE kek <> ? LIMIT ?",
                (self._kek.current, BATCH),
            )
            for meter, kind, version, *sealed in rows:
                name = Name(meter, kind, version)
                self._insert(unit, name, self.opened(name, Sealed(*sealed)))
        return len(rows)

    def _reseal_escrow(self) -> None:
        if self.escrow is None or self.escrow.is_empty:
            return
        anew: list[Line] = []
        for line in self.escrow.lines():
            name = Name(line.meter, line.kind, line.version)
            sealed = self._seal(name, self.opened(name, Sealed(line.kek, line.nonce, line.sealed)))
            anew.append(Line(*name, line.state, line.at, *sealed))
        self.escrow.replace(anew)

    def _seal(self, name: Name, key: bytes) -> Sealed:
        nonce = os.urandom(NONCE_OCTETS)
        return Sealed(self._kek.current, nonce, self._kek.cipher(self._kek.current).encrypt(nonce, key, name.bound))

    def _insert(self, unit: Unit, name: Name, key: bytes) -> Sealed:
        sealed = self._seal(name, key)
        unit.run(
            "INSERT INTO sealed_key (meter, kind, version, kek, nonce, sealed) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (meter, kind, version) DO UPDATE SET"
            " kek = excluded.kek, nonce = excluded.nonce, sealed = excluded.sealed",
            (*name, *sealed),
        )
        return sealed

    def _note(self, lines: Sequence[Line], *, is_synced: bool = True) -> None:
        if self.escrow is not None:
            self.escrow.append(lines, is_synced=is_synced)


def _kek(place: Path | Settings, *, is_new: bool) -> Kek:
    if isinstance(place, Settings) and place.keys.hsm is not None:
        return HsmKek.open(place.keys.hsm, may_create=is_new)
    path = place.kek if isinstance(place, Settings) else place
    if is_new:
        with contextlib.suppress(FileExistsError):
            return KeyFile.create(path)
    if isinstance(place, Settings) and not path.exists() and not Escrow(place.escrow).is_empty:
        raise SecurityError(
            f"key-encryption key file {path} is missing; restore it from where you keep it"
            f" (to begin anew, put the escrow {place.escrow} away, too)"
        )
    return KeyFile.load(path)


def _pairs(encryption: Sequence[Held], authentication: Sequence[Held]) -> tuple[Keys, ...]:
    """Keys that were changed together come before mixtures."""
    most = max(len(encryption), len(authentication))
    together = [(min(n, len(encryption) - 1), min(n, len(authentication) - 1)) for n in range(most)]
    mixed = sorted(product(range(len(encryption)), range(len(authentication))), key=sum)
    order: Mapping[tuple[int, int], None] = dict.fromkeys([*together, *mixed])
    return tuple(Keys(encryption[e].key, authentication[a].key) for e, a in order)[:MOST_TRIES]
