"""All that N virtual meters hold: the state of the laws, and beside it what only clients see."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, cast

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError
from openami.dlms.security.material import GLOBAL
from openami.metering import commands
from openami.metering.billing import PROFILES, Capture
from openami.metering.calendar import Limits
from openami.metering.events import LOGS, Log
from openami.metering.state import Rules, State
from openami.meters.alarms import Alarms
from openami.meters.build import Product
from openami.meters.faces import esmr
from openami.meters.identity import Identity

Arrays = dict[str, NDArray[Any]]
Place = tuple[int, int, int]
"""Meter, number of the object in its product, attribute."""

STRIDE = 1_000
PROFILE_OBJECTS = {"interval": "interval_values_e", "daily": "daily_values_e", "monthly": "monthly_values_e"}
LOG_OBJECTS = {
    "standard": "standard_event_log",
    "fraud": "fraud_detection_event_log",
    "power_failure": "power_failure_log",
    "power_quality": "power_quality_event_log",
    "power_quality_extended": "power_quality_extended_event_log",
    "session": "communication_session_event_log",
}


def size(product: Product, name: str) -> int:
    """Rows that a profile or log of the product holds."""
    entries = product.constant(name, "profile_entries")
    if not isinstance(entries, int) or entries < 1:
        raise DefinitionError("a profile holds at least one row", key=f"object {name}.profile_entries")
    return entries


def rules(product: Product) -> Rules:
    """Take what the product's laws follow from its file."""
    metering = product.metering
    limits = Limits(
        seasons=metering.seasons.value,
        weeks=metering.weeks.value,
        days=metering.days.value,
        actions=metering.actions.value,
        special_days=metering.special_days.value,
        rates=metering.rates.value,
    )
    return Rules(
        interval_s=metering.interval_s.value,
        phases=product.head.phases,
        no_load_ma=metering.no_load_ma.value,
        reserve_s=metering.reserve_s.value,
        charge_s=metering.charge_s.value,
        long_failure_s=metering.long_failure_s.value,
        limits=limits,
        profiles={
            name: Capture(PROFILES[name].mark, size(product, title), PROFILES[name].columns)
            for name, title in PROFILE_OBJECTS.items()
        },
        logs={name: Log(size(product, title), LOGS[name].columns) for name, title in LOG_OBJECTS.items()},
    )


@dataclass(slots=True)
class Counters:
    """Invocation counters of the one client with keys [meters]: highest received, next to send, reserved.

    `broadcast` is the highest received under the broadcast key. A key that is replaced takes its counters with
    it, for the associations that were opened under it; `names` tells which are those of the key of today.
    """

    received: NDArray[np.int64]
    next_send: NDArray[np.int64]
    reserved: NDArray[np.int64]
    broadcast: NDArray[np.int64]
    names: dict[tuple[int, str], str] = field(default_factory=dict[tuple[int, str], str])
    retired: dict[tuple[int, str], "Retired"] = field(default_factory=dict[tuple[int, str], "Retired"])

    @classmethod
    def of(cls, meters: int) -> Self:
        """Begin with new keys: nothing received, nothing sent."""
        nothing = np.full(meters, -1, np.int64)
        return cls(nothing, np.ones(meters, np.int64), np.ones(meters, np.int64), nothing.copy())

    def name(self, meter: int, kind: str) -> str:
        """Name of the counters that the key of today has."""
        return self.names.get((meter, kind), kind)

    def renew(self, meter: int, kind: str) -> None:
        """Begin anew for a new key: `global` or `broadcast`."""
        name = self.name(meter, kind)
        array = self.received if kind == GLOBAL else self.broadcast
        self.retired[meter, name] = Retired(int(array[meter]), int(self.next_send[meter]))
        array[meter] = -1
        if kind == GLOBAL:
            self.next_send[meter] = self.reserved[meter] = 1
        number = int(name.removeprefix(kind) or 0) + 1
        self.names[meter, kind] = f"{kind} {number}"


@dataclass(slots=True)
class Retired:
    """Counters of a key that was replaced: they live as long as the process, as its associations do."""

    received: int
    next_send: int

    def take(self) -> int:
        """Spend a value; nobody needs to know after a restart, for then the key is gone."""
        self.next_send += 1
        return self.next_send - 1


class Custody(Protocol):
    """Who keeps the keys of the meters."""

    def unwrap(self, meter: int, wrapped: bytes) -> bytes:
        """Open a key that was wrapped under a meter's master key."""
        ...

    def rekey(self, meter: int, keys: Mapping[int, bytes]) -> None:
        """Replace keys of a meter, by key id."""
        ...


@dataclass(slots=True)
class Holding:
    """State of a fleet. `now` is true UTC to the second; the laws follow when they are told to advance."""

    product: Product
    identity: Identity
    laws: State
    alarms: Alarms
    counters: Counters
    errors: NDArray[np.uint32]
    sessions: NDArray[np.uint16]
    settings: dict[Place, bytes]
    now: Callable[[], float]
    pending: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    custody: Custody | None = None

    @classmethod
    def create(cls, product: Product, count: int, start_utc: int, now: Callable[[], float]) -> Self:
        """Install new meters and switch them on at `start_utc`."""
        laws = State.create(count, start_utc, rules=rules(product))
        laws.log_standard(laws.rules.codes.power_up, np.arange(count), start_utc)
        held = cls.over(product, laws, now)
        held.alarms.look(laws.logs)
        return held

    @classmethod
    def over(cls, product: Product, laws: State, now: Callable[[], float]) -> Self:
        """Nothing known to clients yet."""
        count = laws.count
        return cls(
            product,
            Identity(),
            laws,
            Alarms.of(count, esmr.ALARMS, esmr.LOGS_WITH_ALARMS),
            Counters.of(count),
            np.zeros(count, np.uint32),
            np.zeros(count, np.uint16),
            {},
            now,
        )

    def log(self, name: str, meter: int, code: int) -> None:
        """Write an event now; alarms follow."""
        commands.log(self.laws, name, meter, code=code)
        self.alarms.look(self.laws.logs)

    def note_session(self, meter: int, code: int) -> None:
        """Remember an event of the session log; they are written together, as they are many."""
        self.pending.append((meter, code))

    def write_sessions(self) -> None:
        """Write the session events noted, in their order, each with the meter's running number."""
        waiting, self.pending = self.pending, []
        while waiting:
            first = dict(reversed(waiting))
            meters = np.array([*first], np.int64)
            self.sessions[meters] += np.uint16(1)
            codes = np.array([*first.values()], np.uint8)
            commands.log(self.laws, "session", meters, code=codes, counter=self.sessions[meters])
            waiting = behind_first(waiting)

    def snapshot(self) -> Arrays:
        """Copy the whole of it into plain arrays."""
        self.write_sessions()
        arrays = {f"laws.{key}": value for key, value in self.laws.snapshot().items()}
        arrays |= {f"seen.{log}": seen.copy() for log, seen in self.alarms.seen.items()}
        settings = [[*place, data.hex()] for place, data in self.settings.items()]
        return arrays | {
            "alarms.register": self.alarms.register.copy(),
            "alarms.filter": self.alarms.filter.copy(),
            "counters.received": self.counters.received.copy(),
            "counters.reserved": self.counters.reserved.copy(),
            "counters.broadcast": self.counters.broadcast.copy(),
            "errors": self.errors.copy(),
            "sessions": self.sessions.copy(),
            "settings": np.frombuffer(json.dumps(settings).encode(), np.uint8),
        }

    @classmethod
    def restore(cls, product: Product, arrays: Mapping[str, NDArray[Any]], now: Callable[[], float]) -> Self:
        """Take up the state of a snapshot; counters to send go on behind what had been reserved."""
        laws = {key.removeprefix("laws."): value for key, value in arrays.items() if key.startswith("laws.")}
        held = cls.over(product, State.restore(laws, rules(product)), now)
        for log in held.alarms.seen:
            held.alarms.seen[log][:] = arrays[f"seen.{log}"]
        held.alarms.register[:] = arrays["alarms.register"]
        held.alarms.filter[:] = arrays["alarms.filter"]
        held.counters.received[:] = arrays["counters.received"]
        held.counters.reserved[:] = arrays["counters.reserved"]
        held.counters.next_send[:] = arrays["counters.reserved"]
        held.counters.broadcast[:] = arrays.get("counters.broadcast", held.counters.broadcast)
        held.errors[:] = arrays["errors"]
        held.sessions[:] = arrays["sessions"]
        settings = cast("list[tuple[int, int, int, str]]", json.loads(arrays["settings"].tobytes()))
        held.settings = {(meter, number, attribute): bytes.fromhex(data) for meter, number, attribute, data in settings}
        return held


def behind_first(events: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Events without the first of each meter."""
    seen: set[int] = set()
    rest: list[tuple[int, int]] = []
    for meter, code in events:
        if meter in seen:
            rest.append((meter, code))
        seen.add(meter)
    return rest
