"""What meters are told about tariffs, and what comes of it."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel

from openami.headend.commands.payloads import Strict
from openami.headend.tariffs.octets import Programme

When = Literal["activation", "at once"]


class State(StrEnum):
    """Where a meter of a roll-out stands."""

    WAITING = "waiting"
    WRITTEN = "written"
    """It has the calendar in its passive tables, and the time of activation."""
    ACTIVE = "active"
    """Read back after activation: it is as it was to be."""
    FAILED = "failed"
    CANCELLED = "cancelled"


class Write(Strict):
    """Write a calendar into the passive tables, and let it become active."""

    rollout: int
    programme: Programme
    order: tuple[Literal["days", "weeks", "seasons", "name"], ...]
    """In which order the meter takes its parts."""
    activates: int | None
    """Instant, business time; None: now."""
    special: When = "activation"
    """When the special days are written: that table has no passive side."""


class Written(BaseModel):
    """What the meter has by now."""

    is_active: bool
    active: Programme
    activates: str | None


class Verify(Strict):
    """See whether the calendar has become active; write special days that waited for it."""

    rollout: int
    programme: Programme


class Verified(BaseModel):
    """It is active."""

    active: Programme
    special_written: bool


class Cancel(Strict):
    """Take the time of activation out of the meter."""

    rollout: int


class Cancelled(BaseModel):
    """It will not become active."""

    active: str


class Read(Strict):
    """Read both tables."""


class Found(BaseModel):
    """What a meter has, at a business time."""

    at: int
    active: Programme
    passive: Programme
    activates: str | None
