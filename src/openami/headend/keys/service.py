"""Sealing and opening the keys of meters."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag

from openami.core.errors import SecurityError
from openami.dlms.security import Keys
from openami.headend.keys.kek import KeyFile
from openami.headend.kit.database import Database, Unit

NONCE_OCTETS = 12
NEWEST = """
    SELECT kind, version, kek, nonce, sealed, meter FROM sealed_key k
    WHERE meter IN {keys} AND version = (
        SELECT max(version) FROM sealed_key o WHERE o.meter = k.meter AND o.kind = k.kind)
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


class KeyStore:
    """Keys of the meters, AES-256-GCM under the key-encryption key, bound to meter, kind and version."""

    def __init__(self, kek: KeyFile) -> None:
        self._kek = kek

    @classmethod
    def open(cls, unit: Unit, path: Path) -> "KeyStore":
        """Open the store of a database. A new one gets a new key file, one with keys needs their own."""
        sealed_under = [row[0] for row in unit.rows("SELECT DISTINCT kek FROM sealed_key")]
        if not sealed_under:
            with contextlib.suppress(FileExistsError):
                return cls(KeyFile.create(path))
        kek = KeyFile.load(path)
        for name in sealed_under:
            kek.cipher(name)
        return cls(kek)

    def put(self, unit: Unit, meter: str, kind: str, key: bytes) -> bool:
        """Keep the first key of that kind; says whether it is new. A different one later is refused."""
        known = self.newest(unit, [meter]).get(meter, {})
        if kind in known and known[kind] != key:
            raise SecurityError(f"meter {meter} has another {kind} key already; change it by key replacement")
        if kind not in known:
            self._insert(unit, Name(meter, kind, 1), key)
        return kind not in known

    def newest(self, unit: Unit, meters: Iterable[str]) -> dict[str, dict[str, bytes]]:
        """Open the keys in force of several meters: meter -> kind -> key."""
        found: dict[str, dict[str, bytes]] = {}
        for kind, version, kek, nonce, sealed, meter in unit.rows_in(NEWEST, meters):
            found.setdefault(meter, {})[kind] = self._open(Name(meter, kind, version), kek, nonce, sealed)
        return found

    def keys(self, unit: Unit, meters: Iterable[str]) -> dict[str, Keys]:
        """Open the keys that a client needs for each meter; one without both is left out."""
        return {
            meter: Keys(kinds["encryption"], kinds["authentication"])
            for meter, kinds in self.newest(unit, meters).items()
            if {"encryption", "authentication"} <= kinds.keys()
        }

    def rewrap(self, database: Database) -> int:
        """Seal every key anew under a new key-encryption key. Safe to break off and repeat. -> keys."""
        both = self._kek.renewed()
        both.save()
        self._kek = both
        total = 0
        while moved := self._rewrap_some(database):
            total += moved
        self._kek = both.reduced()
        self._kek.save()
        return total

    def _rewrap_some(self, database: Database) -> int:
        with database.write() as unit:
            rows = unit.rows(
                "SELECT meter, kind, version, kek, nonce, sealed FROM sealed_key WHERE kek <> ? LIMIT ?",
                (self._kek.current, BATCH),
            )
            for *name, kek, nonce, sealed in rows:
                self._insert(unit, Name(*name), self._open(Name(*name), kek, nonce, sealed))
        return len(rows)

    def _insert(self, unit: Unit, name: Name, key: bytes) -> None:
        nonce = os.urandom(NONCE_OCTETS)
        sealed = self._kek.cipher(self._kek.current).encrypt(nonce, key, name.bound)
        unit.run(
            "INSERT OR REPLACE INTO sealed_key (meter, kind, version, kek, nonce, sealed) VALUES (?, ?, ?, ?, ?, ?)",
            (*name, self._kek.current, nonce, sealed),
        )

    def _open(self, name: Name, kek: str, nonce: bytes, sealed: bytes) -> bytes:
        try:
            return self._kek.cipher(kek).decrypt(nonce, sealed, name.bound)
        except (InvalidTag, ValueError):
            message = f"the sealed {name.kind} key of meter {name.meter} does not open"
            raise SecurityError(f"{message}: its row was changed or moved") from None
