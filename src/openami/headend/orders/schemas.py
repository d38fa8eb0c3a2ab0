"""What an order is, and how one ends."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where an order stands."""

    QUEUED = "queued"
    LEASED = "leased"
    """A collector has it."""
    DONE = "done"
    FAILED = "failed"
    """It was not carried out, and the meter is as it was."""
    UNKNOWN = "unknown"
    """It may have been carried out or not; open as long as the meter can still be asked."""
    CANCELLED = "cancelled"


class BatchState(StrEnum):
    """Where a batch stands; whether it is over follows from its orders."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Order:
    """One thing that one meter is told."""

    id: int
    meter: int
    serial: str
    area: str
    node: int
    kind: str
    payload: str
    """JSON, as its kind reads it."""
    state: State
    priority: int
    due: int
    expires: int
    attempts: int
    batch: int | None
    who: str
    proposal: int | None
    at: int
    begun: int | None
    ended: int | None
    result: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """How an order stands after a session; `state` QUEUED means that it was not begun, or is put off."""

    order: Order
    state: State
    result: str | None = None
    reason: str | None = None
    is_final: bool = True
    due: int | None = None
    """Another time to try it."""
