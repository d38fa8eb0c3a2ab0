"""The memory of a security module: what its records say, one after the other."""

import json
from dataclasses import asdict, dataclass, field
from typing import Final, Self

from openami.core.errors import SecurityError
from openami.sts.audit import START, Entry
from openami.sts.key_file import KeyTerms, SealedKey
from openami.sts.keys import KeyType, VendingKey
from openami.sts.security_module import Issued
from openami.sts.token import Kind

FORGOTTEN: Final = -1
"""Identifier of a meter whose identifiers were forgotten."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a call changes in a module besides its audit trail."""

    keys: tuple[SealedKey, ...] = ()
    units: int = 0
    """Units of credit that a licence brings; below zero those that were vended."""
    licence: str = ""
    message_id: str = ""
    request: str = ""
    """Hash of what was asked for under the message id."""
    issued: tuple[Issued, ...] = field(default=(), repr=False)
    meter: str = ""
    """MeterPAN and base date of which `tid` is now the last identifier."""
    tid: int = FORGOTTEN


def issued(digits: str, kind: int, tid: int | None, units: int | None) -> Issued:
    """Read a token of a record."""
    return Issued(digits, Kind(kind), tid, units)


@dataclass(frozen=True, slots=True)
class Record:
    """One call: its audit entry and its change."""

    entry: Entry
    change: Change

    def encode(self) -> str:
        """Text of a record. It holds tokens: whoever stores it seals it."""
        keys = [{**key.terms.encode(), "key": key.sealed} for key in self.change.keys]
        return json.dumps([asdict(self.entry), {**asdict(self.change), "keys": keys}])

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read what `encode` gave."""
        entry, change = json.loads(text)
        change["keys"] = tuple(SealedKey(KeyTerms.decode(row), row["key"]) for row in change["keys"])
        change["issued"] = tuple(issued(**row) for row in change["issued"])
        return cls(Entry(**entry), Change(**change))


class Memory:
    """Keys, limits, tokens by message id, last identifiers, audit trail."""

    def __init__(self, module: str, module_key: bytes, units: int | None) -> None:
        self.module = module
        self.units = units
        self.audit: list[Entry] = []
        self.keys: dict[tuple[str, KeyType, int], tuple[KeyTerms, VendingKey]] = {}
        self.requests: dict[str, str] = {}
        self.issued: dict[str, tuple[Issued, ...]] = {}
        self.last_tid: dict[str, int] = {}
        self.licences: set[str] = set()
        self._module_key = module_key

    @property
    def link(self) -> str:
        """Link of the last audit entry."""
        return self.audit[-1].link if self.audit else START

    def apply(self, record: Record) -> None:
        """Take in a record; SecurityError for one that does not follow the last."""
        if record.entry.number != len(self.audit) or record.entry.bound(self.link) != record.entry:
            raise SecurityError(f"record {len(self.audit)} of the module does not follow the one before")
        change = record.change
        opened = [(key.terms, key.open(self.module, self._module_key)) for key in change.keys]
        self.audit.append(record.entry)
        self.keys |= {terms.name: (terms, key) for terms, key in opened}
        if self.units is not None:
            self.units += change.units
        if change.licence:
            self.licences.add(change.licence)
        if change.message_id:
            self.requests[change.message_id] = change.request
            self.issued[change.message_id] = change.issued
        if change.meter:
            self.last_tid[change.meter] = change.tid
