"""What the registry tells others."""

from dataclasses import dataclass
from enum import StrEnum


class Lifecycle(StrEnum):
    """Where a meter is in its life."""

    STOCK = "stock"
    """Delivered, no address yet."""
    INSTALLED = "installed"
    """Has an address; has not answered yet."""
    IN_USE = "in use"
    SUSPENDED = "suspended"
    """In its place, and not read for the time being."""
    REMOVED = "removed"
    """Taken out; what it told stays."""
    RETIRED = "retired"


TRANSITIONS: dict[Lifecycle, frozenset[Lifecycle]] = {
    Lifecycle.STOCK: frozenset({Lifecycle.INSTALLED, Lifecycle.RETIRED}),
    Lifecycle.INSTALLED: frozenset(
        {Lifecycle.STOCK, Lifecycle.IN_USE, Lifecycle.SUSPENDED, Lifecycle.REMOVED, Lifecycle.RETIRED}
    ),
    Lifecycle.IN_USE: frozenset(
        {Lifecycle.STOCK, Lifecycle.INSTALLED, Lifecycle.SUSPENDED, Lifecycle.REMOVED, Lifecycle.RETIRED}
    ),
    Lifecycle.SUSPENDED: frozenset({Lifecycle.INSTALLED, Lifecycle.IN_USE, Lifecycle.REMOVED, Lifecycle.RETIRED}),
    Lifecycle.REMOVED: frozenset({Lifecycle.STOCK, Lifecycle.INSTALLED, Lifecycle.RETIRED}),
    Lifecycle.RETIRED: frozenset({Lifecycle.STOCK}),
}

IN_PLACE = (Lifecycle.INSTALLED, Lifecycle.IN_USE, Lifecycle.SUSPENDED)
"""States of a meter that is at a usage point, or may be."""

READABLE = (Lifecycle.INSTALLED, Lifecycle.IN_USE)
"""States in which a meter is read."""


class Level(StrEnum):
    """How far down in the network a node is; what hangs under a node is of a lower level."""

    NETWORK = "network"
    SUBSTATION = "substation"
    FEEDER = "feeder"
    TRANSFORMER = "transformer"
    PHASE = "phase"

    @property
    def rank(self) -> int:
        """0 at the top."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter as registered. Times are business time, epoch seconds."""

    id: int
    serial: str
    product: str
    state: Lifecycle
    address: str
    port: int
    system_title: str
    node: str
    zone: str
    last_contact: int | None
    last_read: int | None
    clock_offset_s: float | None
    reason: str | None
    area: str = "/"
    place: str = ""
    """Path of its node."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of meters, in order of serial numbers or of their places; `after` asks for the next, None at the end."""

    meters: tuple[Meter, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """A line of a shipment file that did not go in."""

    file: str
    line: int
    column: str
    message: str
    serial: str = ""
    """Which meter it would have been, where the line says so."""

    def __str__(self) -> str:
        place = f", column {self.column}" if self.column else ""
        return f"{self.file}, line {self.line}{place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a shipment file."""

    added: int
    updated: int
    unchanged: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """How a session with a meter went."""

    meter: int
    at: int
    is_read: bool
    """Whether every item that was asked for came in."""
    clock_offset_s: float | None
    reason: str | None
    is_reached: bool = True
    """Whether the meter answered at all."""
