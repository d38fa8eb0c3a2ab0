"""Settings of a module as an operator makes them: access, endpoints, when to connect."""

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from math import inf
from typing import Final

import numpy as np

DAY_S: Final = 86_400


class Mode(IntEnum):
    """When the module connects of its own accord: modes of auto connect (Blue Book, class 29)."""

    NEVER = 0
    ANY_TIME = 1
    IN_WINDOW = 2
    PERMANENT = 101
    PERMANENT_IN_WINDOW = 102
    IN_WINDOW_OR_ON_REQUEST = 103
    ON_REQUEST = 104
    """Triggered: only when woken or asked."""


class Authentication(Enum):
    """How PPP proves who calls; `EITHER` takes what the network asks for."""

    NONE = "none"
    PAP = "pap"
    CHAP = "chap"
    EITHER = "either"


class Family(Enum):
    """Which addresses are asked for."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    BOTH = "ipv4v6"


@dataclass(frozen=True, slots=True)
class Access:
    """How to get in: access point, name and secrets, addresses.

    `static` is the address that is asked for, empty for whatever the network gives; `dns` replaces the name servers
    that the network tells.
    """

    apn: str
    user: str = ""
    pap_secret: bytes = b""
    chap_secret: bytes = b""
    authentication: Authentication = Authentication.EITHER
    family: Family = Family.IPV4
    static: str = ""
    dns: tuple[str, ...] = ()
    pin: str = ""


@dataclass(frozen=True, slots=True)
class Slots:
    """When a module communicates by schedule: `length_s` in every `cycle_s`, counted from `offset_s` on."""

    cycle_s: int = DAY_S
    length_s: int = 900
    offset_s: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.length_s <= self.cycle_s:
            raise ValueError("expected length_s above 0, and no longer than cycle_s")

    def is_open(self, now: float) -> bool:
        """Whether this is the time."""
        return (now - self.offset_s) % self.cycle_s < self.length_s

    def next_change(self, now: float) -> float:
        """When the slot opens or closes next."""
        begun = now - (now - self.offset_s) % self.cycle_s
        edges = (begun + self.length_s, begun + self.cycle_s, begun + self.cycle_s + self.length_s)
        return next(edge for edge in edges if edge > now)


DISTRIBUTIONS: Final = ("exponential", "uniform", "fixed", "none")


@dataclass(frozen=True, slots=True)
class Reconnection:
    """How long after an outage a module is connected again: on average `mean_s`, what the steps take included."""

    distribution: str = "none"
    mean_s: float = 0.0

    def __post_init__(self) -> None:
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError(f"{self.distribution!r}: expected one of {', '.join(DISTRIBUTIONS)}")

    def wait_s(self, steps_s: float, rng: np.random.Generator) -> float:
        """Draw how long to wait beside what the steps take."""
        mean_s = max(0.0, self.mean_s - steps_s)
        if self.distribution == "exponential":
            return float(rng.exponential(mean_s))
        if self.distribution == "uniform":
            return float(rng.uniform(0.0, 2 * mean_s))
        return mean_s if self.distribution == "fixed" else 0.0


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds that each step takes, and how soon it is tried again."""

    boot_s: float = 5.0
    search_s: float = 5.0
    attach_s: float = 2.0
    authenticate_s: float = 1.0
    address_s: float = 0.5
    resolve_s: float = 0.5
    name_server_s: float = 5.0
    """How long a silent name server is waited for."""
    connect_s: float = 1.0
    idle_s: float = 180.0
    """A connection on request ends after so much silence (TCP-UDP setup, class 41)."""

    def __post_init__(self) -> None:
        if min(getattr(self, name) for name in type(self).__slots__) <= 0:
            raise ValueError("expected every step to take some time")

    @property
    def from_registered_s(self) -> float:
        """From a registered module to a connected one."""
        return self.attach_s + self.authenticate_s + self.address_s + self.resolve_s + self.connect_s


@dataclass(frozen=True, slots=True)
class Wakeup:
    """Who may wake the module, and what it says then; `{address}`, `{imei}` and `{cause}` are filled in."""

    callers: tuple[str, ...] = ()
    destination: str = ""
    content: str = "{imei} {address}"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a module."""

    access: Access
    endpoints: tuple[str, ...] = ()
    """`host:port` of the central systems, by address or by name; tried in their order."""
    mode: Mode = Mode.PERMANENT
    slots: Slots = field(default_factory=Slots)
    repetitions: int = 3
    repetition_delay_s: float = 60.0
    wakeup: Wakeup = field(default_factory=Wakeup)
    gasp_destination: str = ""
    reconnection: Reconnection | None = None
    """In place of the product's own."""

    def may_connect(self, now: float, *, is_asked: bool) -> bool:
        """Whether the mode lets the module be connected now."""
        if is_asked and self.mode is not Mode.PERMANENT_IN_WINDOW:
            return True
        if self.uses_slots:
            return self.slots.is_open(now)
        return self.mode is Mode.PERMANENT

    @property
    def uses_slots(self) -> bool:
        """Whether the mode looks at the slots."""
        return self.mode in (Mode.IN_WINDOW, Mode.PERMANENT_IN_WINDOW, Mode.IN_WINDOW_OR_ON_REQUEST)

    @property
    def is_triggered(self) -> bool:
        """Whether a lost connection stays lost until somebody asks for one."""
        return self.mode in (Mode.NEVER, Mode.ANY_TIME, Mode.ON_REQUEST)

    @property
    def tries(self) -> float:
        """Attempts until the next occasion: a permanent connection is tried for ever."""
        return inf if self.mode is Mode.PERMANENT else self.repetitions + 1
