"""Everything N meters hold, grouped; what is derived from it; snapshot and restore as plain arrays."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openami.core.time import CET, DAY_S, CosemDateTime, DstRule
from openami.metering.billing import PROFILES, Capture, Profile
from openami.metering.calendar import (
    TWO_RATE,
    Calendar,
    Limits,
    SpecialDays,
    decode_special_days,
    encode_special_days,
)
from openami.metering.clock import Clock
from openami.metering.columns import ALL, Columns, Index, Int64, grouped
from openami.metering.events import ESMR, LOGS, STANDARD, Codes, Log
from openami.metering.load import Load, Minutes
from openami.metering.profile import AmrStatus, Ring
from openami.metering.quality import Live
from openami.metering.registers import Registers
from openami.metering.supply import Supply
from openami.metering.tariff import Tariff
from openami.metering.timeline import Timeline

__all__ = ["Cohort", "Load", "Minutes", "Rules", "State"]

Arrays = dict[str, NDArray[Any]]
TIMELINES_KEPT = 256


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings of a product that its laws follow."""

    interval_s: int = 900
    phases: int = 3
    no_load_ma: int = 10
    reserve_s: int = 432_000
    charge_s: int = 10_800
    long_failure_s: int = 180
    limits: Limits = field(default_factory=Limits)
    codes: Codes = ESMR
    profiles: Mapping[str, Capture] = field(default_factory=lambda: PROFILES)
    logs: Mapping[str, Log] = field(default_factory=lambda: LOGS)


class Cohort(NamedTuple):
    """Meters whose clocks and tariff tables are equal: their day looks the same."""

    columns: Columns
    offset_s: int
    rule: int
    calendar: int
    special: int


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
    kept_cohorts: list[Cohort] = field(default_factory=list)
    kept_timelines: dict[tuple[int, int, int, int], Timeline] = field(default_factory=dict)

    @classmethod
    def create(
        cls,
        count: int,
        now: int,
        *,
        rules: Rules | None = None,
        dst: DstRule = CET,
        calendar: Calendar = TWO_RATE,
        special_days: SpecialDays = (),
    ) -> Self:
        """Make new meters, installed now."""
        rules = rules or Rules()
        calendar.check(rules.limits)
        return cls(
            count,
            now,
            rules,
            Clock.of(count, now, dst),
            Supply.of(count, now, rules.long_failure_s, rules.reserve_s),
            Tariff.of(count, calendar, special_days),
            Registers.zero(count, rules.limits.rates),
            {name: Profile.of(count, capture) for name, capture in rules.profiles.items()},
            {name: Ring(count, log.entries, log.columns) for name, log in rules.logs.items()},
            Live.zero(count, rules.phases),
        )

    def changed(self) -> None:
        """Forget what was derived: a clock or a tariff table is another now."""
        self.kept_cohorts.clear()
        self.kept_timelines.clear()

    def cohorts(self) -> list[Cohort]:
        """Divide the fleet into meters that go through the same day."""
        if not self.kept_cohorts:
            self.kept_cohorts.extend(self.divide())
        return self.kept_cohorts

    def divide(self) -> list[Cohort]:
        """Group meters by clock and tables."""
        keys = (self.clock.offset_s, self.clock.rule, self.tariff.active, self.tariff.special)
        groups: list[Columns] = [ALL]
        if any((key != key[:1]).any() for key in keys):
            groups = [*grouped(*keys)]
        return [Cohort(group, *(int(key[group][0]) for key in keys)) for group in groups if self.count]

    def timeline(self, cohort: Cohort, clock: int) -> Timeline:
        """UTC day in which the clock of a cohort stands."""
        key = (clock // DAY_S, *cohort[2:])
        if key not in self.kept_timelines:
            if len(self.kept_timelines) >= TIMELINES_KEPT:
                self.kept_timelines.clear()
            self.kept_timelines[key] = Timeline.of(
                key[0],
                self.tariff.calendars[cohort.calendar],
                self.tariff.special_days[cohort.special],
                self.clock.rules[cohort.rule],
                self.rules.interval_s,
            )
        return self.kept_timelines[key]

    def clock_of(self, meter: int) -> int:
        """UTC second that a meter's clock shows."""
        return self.now + int(self.clock.offset_s[meter])

    def rule_of(self, meter: int) -> DstRule:
        """Zone and summer time of a meter's clock."""
        return self.clock.rules[int(self.clock.rule[meter])]

    def calendar_of(self, meter: int, *, passive: bool = False) -> Calendar:
        """Tariff table of a meter."""
        numbers = self.tariff.passive if passive else self.tariff.active
        return self.tariff.calendars[int(numbers[meter])]

    def special_days_of(self, meter: int) -> SpecialDays:
        """Give the special days of a meter."""
        return self.tariff.special_days[int(self.tariff.special[meter])]

    def rate_of(self, meter: int) -> int:
        """Rate in force at a meter."""
        key = (self.clock.offset_s, self.clock.rule, self.tariff.active, self.tariff.special)
        cohort = Cohort(ALL, *(int(numbers[meter]) for numbers in key))
        return self.timeline(cohort, self.clock_of(meter)).rate(self.clock_of(meter))

    def log(self, name: str, columns: Index, at: Int64 | int, **values: ArrayLike) -> None:
        """Write an entry to a log of these meters, stamped by their clocks; `at` is true UTC."""
        stamp = self.clock.offset_s[columns] + at
        deviation, dst = self.clock.deviation(columns, stamp)
        summer = np.where(dst, np.uint8(AmrStatus.DAYLIGHT_SAVING), np.uint8(0))
        self.logs[name].append(columns, stamp, deviation, self.clock.condition[columns] | summer, **values)

    def log_standard(self, code: int, columns: Index, at: Int64 | int) -> None:
        """Write an event to the standard log."""
        self.log(STANDARD, columns, at, code=code)

    def snapshot(self) -> Arrays:
        """Give the whole state as plain arrays; what `restore` makes of them goes on bit for bit alike."""
        arrays: Arrays = {"now": np.array(self.now, np.int64)}
        for name, part in self.parts().items():
            arrays |= {f"{name}.{key}": value.copy() for key, value in arrays_of(part).items()}
        for name, ring in self.rings().items():
            arrays |= {f"{name}.{key}": value for key, value in ring.pack().items()}
        arrays["tables.calendars"] = lines(table.encode() for table in self.tariff.calendars)
        arrays["tables.special_days"] = lines(map(encode_special_days, self.tariff.special_days))
        arrays["tables.rules"] = lines(map(encode_rule, self.clock.rules))
        return arrays

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], rules: Rules | None = None) -> Self:
        """State of a snapshot; `rules` as they were at `create`."""
        state = cls.create(len(arrays["clock.offset_s"]), int(arrays["now"]), rules=rules)
        for name, part in state.parts().items():
            for key in arrays_of(part):
                setattr(part, key, arrays[f"{name}.{key}"].copy())
        for name, ring in state.rings().items():
            ring.restore({key: arrays[f"{name}.{key}"] for key in ("count", "rows")})
        state.tariff.calendars = [Calendar.decode(line) for line in split(arrays["tables.calendars"])]
        state.tariff.special_days = list(map(decode_special_days, split(arrays["tables.special_days"])))
        state.clock.rules = list(map(decode_rule, split(arrays["tables.rules"])))
        return state

    def parts(self) -> dict[str, Clock | Supply | Tariff | Registers | Live | Profile]:
        """Name the parts that hold arrays."""
        named = {f"profile.{name}": profile for name, profile in self.profiles.items()}
        return {
            "clock": self.clock,
            "supply": self.supply,
            "tariff": self.tariff,
            "registers": self.registers,
            "live": self.live,
            **named,
        }

    def rings(self) -> dict[str, Ring]:
        """Profiles and logs by name."""
        profiles = {f"profile.{name}": profile.ring for name, profile in self.profiles.items()}
        return profiles | {f"log.{name}": ring for name, ring in self.logs.items()}


def arrays_of(part: Clock | Supply | Tariff | Registers | Live | Profile) -> Arrays:
    """Find the arrays of a part by field name."""
    values = {item.name: getattr(part, item.name) for item in fields(part)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def lines(texts: Iterable[bytes]) -> NDArray[np.uint8]:
    """Texts without line ends as one array of octets."""
    return np.frombuffer(b"\n".join(texts), np.uint8)


def split(octets: NDArray[np.uint8]) -> list[bytes]:
    """Texts that `lines` joined."""
    return octets.tobytes().split(b"\n")


def encode_rule(rule: DstRule) -> bytes:
    """One line of JSON."""
    switches = [rule.begin.encode().hex(), rule.end.encode().hex()]
    return json.dumps([*switches, rule.deviation_min, rule.zone_min, rule.enabled]).encode()


def decode_rule(data: bytes) -> DstRule:
    """Read what `encode_rule` wrote."""
    begin, end, deviation_min, zone_min, enabled = json.loads(data)
    switches = [CosemDateTime.decode(bytes.fromhex(text)) for text in (begin, end)]
    return DstRule(switches[0], switches[1], deviation_min, zone_min, enabled)
