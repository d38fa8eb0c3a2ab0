"""Accounts of prepayment meters: modes, life, units, and what a meter comes with."""

from dataclasses import dataclass
from enum import IntEnum

KWH = "kWh"
WHOLE_SHARE = 10_000
"""All of a token, as arrears count their share."""


class Mode(IntEnum):
    """Account mode (Blue Book, class 111)."""

    CREDIT = 1
    PREPAYMENT = 2


class Status(IntEnum):
    """Account status (Blue Book, class 111)."""

    NEW = 1
    ACTIVE = 2
    CLOSED = 3


LIFE = {(Status.NEW, Status.ACTIVE), (Status.ACTIVE, Status.CLOSED), (Status.CLOSED, Status.NEW)}
"""How an account may go on."""
SCALES = (-5, 0)
"""Scales of a currency."""
WH_SCALE = -3


@dataclass(frozen=True, slots=True)
class Terms:
    """What a meter comes with: limits and credit in Wh, prices by step and rate, friendly hours."""

    most: int = 99_999_999
    low: int = 10_000
    first: int = 0
    emergency: int = 0
    emergency_below: int = 0
    period: str = "billing"
    steps: int = 1
    friendly: tuple[int, int, int] = (0, 0, 0)
    """First quarter of an hour of the day, the one after the last, and days of the week as bits, Monday the lowest."""
