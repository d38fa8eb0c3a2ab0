"""Token identifiers: minutes since a base date, the keys' expiry by them (IEC 62055-41)."""

from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Final

from openami.core.errors import EncodeError

LAST: Final = (1 << 24) - 1
DAY_MIN: Final = 24 * 60
RESERVED_MIN: Final = 1
"""Minute of each day, 00:01, whose identifier no token has; one asked for then takes 00:02."""
NEVER: Final = 255
"""KEN of a key that does not expire."""


class BaseDate(IntEnum):
    """First of January, 00:00 UTC, from which minutes are counted."""

    YEAR_1993 = 1993
    YEAR_2014 = 2014
    YEAR_2035 = 2035

    @property
    def code(self) -> str:
        """Two digits, as they go into the derivation of keys."""
        return f"{self % 100:02d}"

    @property
    def start(self) -> datetime:
        """The moment of identifier 0."""
        return datetime(self, 1, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The last minute that has an identifier, 31.9 years later."""
        return self.time_of(LAST)

    def time_of(self, tid: int) -> datetime:
        """The minute of a token identifier."""
        return self.start + timedelta(minutes=tid)


def tid_of(at: datetime, base: BaseDate, last: int | None = None) -> int:
    """Identifier for a token made at this time, for a meter whose last one had `last`: its minute, or the next free.

    Raises EncodeError outside the 31.9 years of the base date.
    """
    minute = (at - base.start) // timedelta(minutes=1)
    tid = unreserved(minute if last is None else max(minute, last + 1))
    if minute < 0 or tid > LAST:
        raise EncodeError(
            f"{at:%Y-%m-%d %H:%M} is outside base date {base.value}, which ends {base.end:%Y-%m-%d %H:%M}"
        )
    return tid


def unreserved(tid: int) -> int:
    """The identifier, or the one after it where it is that of 00:01."""
    return tid + (tid % DAY_MIN == RESERVED_MIN)


def is_expired(tid: int, ken: int) -> bool:
    """Whether a key of this key expiry number has expired for a token; a step of it is 65,536 min."""
    return tid >> 16 > ken  # 255, the highest, therefore never expires
