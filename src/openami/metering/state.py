"""Everything N meters hold, grouped; what is derived from it; snapshot and restore as plain arrays."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openami.core.errors import LocalProtocolError
from openami.core.time import CET, DAY_S, DstRule
from openami.metering.alarms import Alarms
from openami.metering.averages import Window
from openami.metering.billing import Column, Profile
from openami.metering.calendar import (
    ONE_RATE,
    TWO_RATE,
    Calendar,
    SpecialDays,
    decode_special_days,
    encode_special_days,
)
from openami.metering.clock import Clock
from openami.metering.columns import ALL, Columns, Index, Int64, grouped
from openami.metering.demand import Demand
from openami.metering.disconnect import Relay
from openami.metering.events import Happened, happening, in_order, write
from openami.metering.load import Load, Minutes
from openami.metering.packing import Arrays, arrays_of, decode_rule, encode_rule, lines, rings_of, split
from openami.metering.plans import Plans
from openami.metering.profile import AmrStatus, Ring
from openami.metering.quality import Live
from openami.metering.quantities import Power
from openami.metering.registers import Registers
from openami.metering.rules import MakePart, Rules
from openami.metering.selftest import SelfTest
from openami.metering.signals import Signal
from openami.metering.supply import Supply
from openami.metering.tariff import Tariff
from openami.metering.timeline import Timeline

__all__ = ["DARK", "Cohort", "Load", "MakePart", "Minutes", "Moment", "Rules", "State"]

T = TypeVar("T")

TIMELINES_KEPT = 256


class Moment(NamedTuple):
    """What is measured at a moment inside a slice: a step of its load, or nothing where the supply is away."""

    power: Power | None
    row: int


DARK = Moment(None, -1)


class Cohort(NamedTuple):
    """Meters whose clocks, tariff tables and plans are equal: their day looks the same."""

    columns: Columns
    offset_s: int
    rule: int
    calendar: int
    special: int
    plan: int
    demand_calendar: int
    demand_special: int


@dataclass(slots=True)
class State:
    """State of a fleet at true UTC second `now`."""

    count: int
    now: int
    rules: Rules
    clock: Clock
    supply: Supply
    tariff: Tariff
    registers: Registers
    profiles: dict[str, Profile]
    logs: dict[str, Ring]
    live: Live
    plans: Plans
    demands: dict[str, Demand]
    windows: dict[str, Window]
    demand_tariff: Tariff | None = None
    more: dict[str, Any] = field(default_factory=dict[str, Any])
    waiting: list[Happened] | None = None
    moment: Moment | None = None
    kept_cohorts: list[Cohort] = field(default_factory=list)
    kept_timelines: dict[tuple[int, ...], Timeline] = field(default_factory=dict)

    @classmethod
    def create(
        cls,
        count: int,
        now: int,
        *,
        rules: Rules | None = None,
        dst: DstRule = CET,
        calendar: Calendar | None = None,
        special_days: SpecialDays = (),
    ) -> Self:
        """Make new meters, installed now."""
        rules = rules or Rules()
        rules.check()
        rates = rules.limits.rates
        calendar = calendar or rules.calendar or (TWO_RATE if rates > 1 else ONE_RATE)
        calendar.check(rules.limits)
        demand = rules.demand_calendar
        return cls(
            count,
            now,
            rules,
            Clock.of(count, now, dst),
            Supply.of(count, now, rules.long_failure_s, rules.reserve_s),
            Tariff.of(count, calendar, special_days),
            Registers.zero(count, rates, rules.book, rules.modulus),
            {name: Profile.of(count, capture) for name, capture in rules.profiles.items()},
            {name: Ring(count, log.entries, log.columns) for name, log in rules.logs.items()},
            Live.zero(count, rules.phases),
            Plans.of(count, rules.plan),
            {name: Demand.of(count, rates, now, rule) for name, rule in rules.demands.items()},
            {name: Window.of(count, rule) for name, rule in rules.windows.items()},
            None if demand is None else Tariff.of(count, demand, ()),
            {name: make(count, now) for name, make in rules.parts.items()},
        )

    def part(self, name: str, kind: type[T]) -> T:
        """Further part of the state by name, of the kind expected."""
        part = self.more[name]
        if not isinstance(part, kind):
            raise LocalProtocolError(f"part {name} is no {kind.__name__}")
        return part

    def changed(self) -> None:
        """Forget what was derived: a clock or a tariff table is another now."""
        self.kept_cohorts.clear()
        self.kept_timelines.clear()

    def cohorts(self) -> list[Cohort]:
        """Divide the fleet into meters that go through the same day."""
        if not self.kept_cohorts:
            self.kept_cohorts.extend(self.divide())
        return self.kept_cohorts

    @property
    def keys(self) -> tuple[Int64, ...]:
        """What divides meters into cohorts, in the order of a cohort's fields. -> [meters] each."""
        demand = self.demand_tariff or self.tariff
        tables = (self.tariff.active, self.tariff.special, self.plans.number, demand.active, demand.special)
        return self.clock.offset_s, self.clock.rule, *tables

    def divide(self) -> list[Cohort]:
        """Group meters by clock, tables and plans."""
        keys = self.keys
        groups: list[Columns] = [ALL]
        if any((key != key[:1]).any() for key in keys):
            groups = [*grouped(*keys)]
        return [Cohort(group, *(int(key[group][0]) for key in keys)) for group in groups if self.count]

    def cohort_of(self, meter: int) -> Cohort:
        """Cohort that a meter belongs to, with the meter alone in it."""
        return Cohort(np.array([meter]), *(int(numbers[meter]) for numbers in self.keys))

    def timeline(self, cohort: Cohort, clock: int) -> Timeline:
        """UTC day in which the clock of a cohort stands."""
        key = (clock // DAY_S, *cohort[2:])
        if key not in self.kept_timelines:
            if len(self.kept_timelines) >= TIMELINES_KEPT:
                self.kept_timelines.clear()
            demand = self.demand_tariff
            self.kept_timelines[key] = Timeline.of(
                key[0],
                self.tariff.calendars[cohort.calendar],
                self.tariff.special_days[cohort.special],
                self.clock.rules[cohort.rule],
                self.plans.plans[cohort.plan].triggers,
                demand=(demand.calendars[cohort.demand_calendar], demand.special_days[cohort.demand_special])
                if demand
                else None,
            )
        return self.kept_timelines[key]

    def clock_of(self, meter: int) -> int:
        """UTC second that a meter's clock shows."""
        return self.now + int(self.clock.offset_s[meter])

    def rule_of(self, meter: int) -> DstRule:
        """Zone and summer time of a meter's clock."""
        return self.clock.rules[int(self.clock.rule[meter])]

    def calendar_of(self, meter: int, *, passive: bool = False, demand: bool = False) -> Calendar:
        """Tariff table of a meter."""
        tariff = self.tariff_of(demand=demand)
        numbers = tariff.passive if passive else tariff.active
        return tariff.calendars[int(numbers[meter])]

    def special_days_of(self, meter: int, *, demand: bool = False) -> SpecialDays:
        """Give the special days of a meter."""
        tariff = self.tariff_of(demand=demand)
        return tariff.special_days[int(tariff.special[meter])]

    def tariff_of(self, *, demand: bool) -> Tariff:
        """Tariff of energy, or that of demand where it has one of its own."""
        if not demand:
            return self.tariff
        if self.demand_tariff is None:
            raise LocalProtocolError("demand has no tariff of its own")
        return self.demand_tariff

    def rate_of(self, meter: int) -> int:
        """Rate in force at a meter."""
        return self.timeline(self.cohort_of(meter), self.clock_of(meter)).rate(self.clock_of(meter))

    def demand_rate_at(self, meter: int, clock: int) -> int:
        """Rate of demand at a moment of a meter's clock."""
        return self.timeline(self.cohort_of(meter), clock).demand_rate(clock)

    def shown(self, signal: Signal, columns: Columns) -> Int64:
        """Value of a quantity now, in inner units; also for a row that is written inside a slice. -> [n]."""
        moment = self.moment
        if moment is None:
            now: Int64 = self.live.power(columns, self.rules.measuring).signal(signal)[0]
            return now
        if moment.power is None:
            return np.zeros(len(self.live.active_mw[columns]), np.int64)
        values: Int64 = moment.power.signal(signal)[moment.row, columns]
        return values

    def profile_ring(self, name: str, meter: int) -> Ring:
        """Find the ring that holds a meter's rows of a profile; they lie at `ring.place[meter]`."""
        return self.profiles[name].ring_of(self.plans.of_meter(meter).captures[name])

    def log(self, name: str, columns: Index, at: Int64 | int, **values: ArrayLike) -> None:
        """Write an entry to a log of these meters, stamped by their clocks; `at` is true UTC."""
        stamp = self.clock.offset_s[columns] + at
        deviation, dst = self.clock.deviation(columns, stamp)
        summer = np.where(dst, np.uint8(AmrStatus.DAYLIGHT_SAVING), np.uint8(0))
        self.logs[name].append(columns, stamp, deviation, self.clock.condition[columns] | summer, **values)

    @property
    def alarms(self) -> Alarms | None:
        """Alarm registers, where the product has any."""
        return self.more.get("alarms")

    @property
    def relay(self) -> Relay | None:
        """Supply relays, where the product has one."""
        return self.more.get("relay")

    @property
    def self_test(self) -> SelfTest | None:
        """Self-test and error register, where the product has them."""
        return self.more.get("self_test")

    def event(
        self, name: str, columns: Index, at: Int64 | int, *, tenths: Int64 | None = None, **values: ArrayLike
    ) -> None:
        """Let an event of these meters be known: log and code are those of the face, alarms follow.

        `at` is true UTC; `tenths` tells it to a tenth of a second where there are several in one.
        """
        if not len(columns):
            return
        happened = happening(self, name, columns, at, tenths=tenths, **values)
        if self.waiting is None:
            write(self, happened)
        else:
            self.waiting.append(happened)

    def tell(self) -> None:
        """Write the events of a slice, each meter's in the order in which they happened."""
        waiting, self.waiting = self.waiting or [], None
        for happened in in_order(waiting):
            write(self, happened)
        self.clock.lost.clear()

    def snapshot(self) -> Arrays:
        """Give the whole state as plain arrays; what `restore` makes of them goes on bit for bit alike."""
        arrays: Arrays = {"now": np.array(self.now, np.int64)}
        for name, part in self.parts().items():
            arrays |= {f"{name}.{key}": value.copy() for key, value in arrays_of(part).items()}
            if hasattr(part, "lists"):
                arrays[f"{name}.lists"] = np.frombuffer(json.dumps(part.lists).encode(), np.uint8)
        for name, ring in self.rings().items():
            arrays |= {f"{name}.{key}": value for key, value in ring.pack().items()}
        for head, tariff in self.tariffs().items():
            arrays[f"{head}.calendars"] = lines(table.encode() for table in tariff.calendars)
            arrays[f"{head}.special_days"] = lines(map(encode_special_days, tariff.special_days))
        arrays["tables.plans"] = self.plans.pack()
        for name, profile in self.profiles.items():
            arrays[f"profile.{name}.layouts"] = np.frombuffer(json.dumps([*profile.others]).encode(), np.uint8)
            for number, ring in enumerate(profile.others.values(), 1):
                arrays[f"profile.{name}.{number}.place"] = ring.place.copy()
        arrays["tables.rules"] = lines(map(encode_rule, self.clock.rules))
        return arrays

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], rules: Rules | None = None) -> Self:
        """State of a snapshot; `rules` as they were at `create`."""
        state = cls.create(len(arrays["clock.offset_s"]), int(arrays["now"]), rules=rules)
        for name, part in state.parts().items():
            for key in arrays_of(part):
                setattr(part, key, arrays[f"{name}.{key}"].copy())
            if hasattr(part, "lists"):
                part.lists = json.loads(arrays[f"{name}.lists"].tobytes())
        state.restore_plans(arrays)
        for name, ring in state.rings().items():
            ring.restore({key: arrays[f"{name}.{key}"] for key in ("count", "rows")})
        for head, tariff in state.tariffs().items():
            tariff.calendars = [Calendar.decode(line) for line in split(arrays[f"{head}.calendars"])]
            tariff.special_days = list(map(decode_special_days, split(arrays[f"{head}.special_days"])))
        state.clock.rules = list(map(decode_rule, split(arrays["tables.rules"])))
        return state

    def restore_plans(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Make the rings of meters that differ from their product again."""
        self.plans.restore(arrays["tables.plans"])
        for name, profile in self.profiles.items():
            for entries, columns in json.loads(arrays[f"profile.{name}.layouts"].tobytes()):
                listed = tuple(Column(*column) for column in columns)
                profile.ring_of(replace(profile.capture, entries=entries, columns=listed))
            for number, ring in enumerate(profile.others.values(), 1):
                ring.place = arrays[f"profile.{name}.{number}.place"].copy()

    def tariffs(self) -> dict[str, Tariff]:
        """Name the tariffs as their tables stand in a snapshot."""
        named = {"tables": self.tariff}
        return named if self.demand_tariff is None else named | {"demand_tables": self.demand_tariff}

    def parts(self) -> dict[str, Any]:
        """Name the parts that hold arrays."""
        named = {f"profile.{name}": profile for name, profile in self.profiles.items()}
        return {
            "clock": self.clock,
            "supply": self.supply,
            "tariff": self.tariff,
            "registers": self.registers,
            "live": self.live,
            "plans": self.plans,
            **named,
            **{f"demand.{name}": demand for name, demand in self.demands.items()},
            **{
                f"demand.{name}.{scope}": maximum
                for name, demand in self.demands.items()
                for scope, maximum in demand.maxima.items()
            },
            **{f"window.{name}": window for name, window in self.windows.items()},
            **({} if self.demand_tariff is None else {"demand_tariff": self.demand_tariff}),
            **{f"more.{name}": part for name, part in self.more.items()},
        }

    def rings(self) -> dict[str, Ring]:
        """Profiles and logs by name."""
        profiles = {f"profile.{name}": profile.ring for name, profile in self.profiles.items()}
        for name, profile in self.profiles.items():
            profiles |= {f"profile.{name}.{number}": ring for number, ring in enumerate(profile.others.values(), 1)}
        more = {f"more.{name}.{key}": ring for name, part in self.more.items() for key, ring in rings_of(part).items()}
        return profiles | {f"log.{name}": ring for name, ring in self.logs.items()} | more
