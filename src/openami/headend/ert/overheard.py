"""What a receiver tells: a message and how it came, as one JSON document per line (`openami radio decode`, `listen`).

The octets are the proof: every field is read from them again, checksum and all, and what a line says otherwise is not
looked at. Its time is `at` (ISO 8601 with an offset, or epoch seconds), else `time_s` from the start of the capture.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import TypeAlias, cast

from openami.core.errors import DecodeError
from openami.phy.ert import IDM, SCM, Message, NetIDM, SCMPlus, decode

LATEST = 2.0**33
"""Instants beyond the year 2242 are mistakes."""
MOST_OCTETS = 4096
"""A line is not longer."""
CLOCKLESS = "the line has no time of its own: say when the capture began"

Counting: TypeAlias = SCM | SCMPlus | IDM


@dataclass(frozen=True, slots=True)
class Overheard:
    """A message as a receiver heard it: when its first chip began (UTC, epoch seconds), and how strong."""

    at: float
    message: Message
    level_dbfs: float | None = None

    @property
    def endpoint(self) -> int:
        """Who sent it."""
        return self.message.identity

    @property
    def ert_type(self) -> int:
        """Type of the endpoint: the low four bits are the commodity."""
        message = self.message
        return message.endpoint_type if isinstance(message, SCMPlus) else message.ert_type

    @property
    def count(self) -> int:
        """Count that it tells, as it is in the message."""
        message = self.message
        if isinstance(message, SCM | SCMPlus):
            return message.consumption
        return message.last_consumption_count

    @property
    def modulus(self) -> int:
        """Where that count begins again."""
        return 1 << (24 if isinstance(self.message, SCM) else 32)

    @property
    def counted_at(self) -> float:
        """When it was so: now, or at the end of the last interval."""
        message = self.message
        return self.at - message.transmit_time_offset / 16 if isinstance(message, IDM | NetIDM) else self.at


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that holds no message."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


def read_lines(lines: Iterable[str], start: float | None = None) -> Iterator[Overheard | Fault]:
    """Read lines; an empty one is passed over, a bad one is a `Fault` and keeps no other out."""
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            yield parse(text, start)
        except DecodeError as error:
            yield Fault(number, str(error))


def parse(text: str, start: float | None = None) -> Overheard:
    """Read one line; a `DecodeError` says what is wrong with it."""
    if len(text) > MOST_OCTETS:
        raise DecodeError(f"{len(text)} characters: expected at most {MOST_OCTETS}")
    try:
        document: object = json.loads(text)
    except ValueError:
        raise DecodeError("is no JSON document") from None
    if not isinstance(document, dict):
        raise DecodeError("expected a JSON object")
    line = cast("dict[str, object]", document)
    message = decode(octets_of(line))
    return Overheard(time_of(line, start), message, level_of(line))


def octets_of(line: dict[str, object]) -> bytes:
    """Find the octets of the message."""
    octets = line.get("octets")
    if not isinstance(octets, str):
        raise DecodeError('has no "octets": every field is read from them')
    try:
        return bytes.fromhex(octets)
    except ValueError:
        raise DecodeError('"octets" are not hexadecimal') from None


def time_of(line: dict[str, object], start: float | None) -> float:
    """Find when it was heard."""
    told = line.get("at")
    if isinstance(told, str):
        return instant(told)
    own = number_of(line, "at")
    if own is None:
        since = number_of(line, "time_s")
        if since is None or start is None:
            raise DecodeError(CLOCKLESS)
        own = start + since
    if not 0 <= own < LATEST:
        raise DecodeError(f"{own:g} s is no instant of these times")
    return own


def instant(text: str) -> float:
    """Read an ISO 8601 date-time with its offset from UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise DecodeError(f"{text!r} is no date-time of ISO 8601") from None
    if found.tzinfo is None:
        raise DecodeError(f"{text!r} has no offset from UTC: write a Z behind it, or +02:00")
    return found.timestamp()


def level_of(line: dict[str, object]) -> float | None:
    """Find how strong it was."""
    return number_of(line, "level_dbfs")


def number_of(line: dict[str, object], name: str) -> float | None:
    """Take a finite number, or nothing."""
    found = line.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    if not isfinite(found):
        raise DecodeError(f"{name} is no number")
    return float(found)
