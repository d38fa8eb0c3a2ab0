"""The audit trail of a security module: what was done, by whom, each entry bound to the one before."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Final, TypeAlias

Fact: TypeAlias = str | int | None

START: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done. No entry holds a key or the digits of a token."""

    number: int
    at: str
    operator: str
    call: str
    facts: Mapping[str, Fact]
    link: str = ""
    """Hash of this entry and of the one before."""

    def bound(self, before: str) -> "Entry":
        """The entry with its link."""
        text = json.dumps([before, asdict(replace(self, link=""))], sort_keys=True)
        return replace(self, link=sha256(text.encode()).hexdigest())


def first_break(entries: Iterable[Entry]) -> int | None:
    """Number of the first entry that was changed, left out or put in; None where the trail is whole."""
    before = START
    for number, entry in enumerate(entries):
        if entry.number != number or entry.bound(before).link != entry.link:
            return number
        before = entry.link
    return None
