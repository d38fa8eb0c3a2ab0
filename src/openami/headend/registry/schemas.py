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
    RETIRED = "retired"


TRANSITIONS: dict[Lifecycle, frozenset[Lifecycle]] = {
    Lifecycle.STOCK: frozenset({Lifecycle.INSTALLED, Lifecycle.RETIRED}),
    Lifecycle.INSTALLED: frozenset({Lifecycle.STOCK, Lifecycle.IN_USE, Lifecycle.RETIRED}),
    Lifecycle.IN_USE: frozenset({Lifecycle.STOCK, Lifecycle.INSTALLED, Lifecycle.RETIRED}),
    Lifecycle.RETIRED: frozenset({Lifecycle.STOCK}),
}

READABLE = (Lifecycle.INSTALLED, Lifecycle.IN_USE)
"""States in which a meter is read."""


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


@dataclass(frozen=True, slots=True)
class Page:
    """A page of meters in order of serial numbers; `after` asks for the next one, None at the end."""

    meters: tuple[Meter, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """A line of a shipment file that did not go in."""

    file: str
    line: int
    column: str
    message: str

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
