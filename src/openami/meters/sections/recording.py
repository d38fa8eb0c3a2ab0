"""Sections of a product file that say what a meter counts, averages and records."""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from openami.meters.sections.row import Cited, Number, Row

DAYS = {"last": 0xFE, "second last": 0xFD}
SHORT = {"day": {}, "month": {"day": 1}}
TIME = re.compile(r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$")


class At(Row):
    """A local time on certain days: every day, a day of the month (`last` is its end), or a weekday (1 to 7)."""

    day: Annotated[int, Field(ge=1, le=31)] | Literal["last", "second last"] | None = None
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    weekday: Annotated[int, Field(ge=1, le=7)] | None = None
    time: str = "00:00"

    @field_validator("time")
    @classmethod
    def is_time(cls, text: str) -> str:
        """Ask for hours and minutes, seconds if need be."""
        if not TIME.match(text):
            raise ValueError(f"{text!r} is no time of day: expected hh:mm or hh:mm:ss")
        return text

    @property
    def second(self) -> int:
        """Second of the local day."""
        hour, minute, second = (*map(int, self.time.split(":")), 0)[:3]
        return hour * 3600 + minute * 60 + second

    @property
    def day_number(self) -> int | None:
        """Day as a date pattern has it."""
        return DAYS[self.day] if isinstance(self.day, str) else self.day


Moment = Annotated[At, BeforeValidator(lambda given: SHORT.get(given, given) if isinstance(given, str) else given)]
"""`day`, `month`, or a table."""


class RegistersRow(Row):
    """Registers of energy by their words, `active.import` or `active.import.l1`: those by rate, and those without.

    `digits` are those of a register in Wh; with all of them nines it starts again at zero.
    """

    summation: Literal["net", "by_sign", "absolute"] = "net"
    apparent: Literal["arithmetic", "vectorial"] = "arithmetic"
    nominal_v: Number = Cited(value=230)
    digits: Number | None = None
    rated: tuple[str, ...] = ("active.import", "active.export", "reactive.import", "reactive.export")
    total: tuple[str, ...] = ()
    most: Number | None = None


class DemandRow(Row):
    """A demand; `maxima` names the profiles whose capture ends a maximum, and whether it is kept by rate, too.

    What is drawn in the `pickup_min` after an outage makes no maximum. With `most_periods` a client may
    choose the periods, so many at most.
    """

    quantity: str
    method: Literal["block", "sliding", "thermal"] = "block"
    period_s: Number = Cited(value=900)
    periods: Number = Cited(value=1)
    most_periods: Number | None = None
    maxima: dict[str, bool] = Field(default_factory=dict[str, bool])
    cumulative: bool = False
    pickup_min: Annotated[int, Field(ge=0, le=255)] = 0


class WindowRow(Row):
    """Averages, least and greatest values and energies over an interval, until a time, or as a profile captures."""

    period_s: Number | None = None
    at: Moment | None = None
    follows: str = ""
    average: tuple[str, ...] = ()
    minimum: tuple[str, ...] = ()
    maximum: tuple[str, ...] = ()
    energy: tuple[str, ...] = ()


class ProfileRow(Row):
    """What of a profile its object does not say, and what a client may change of it.

    `objects`, `period_s` and `entries` are what it comes with where its object takes them from a source.
    """

    at: tuple[Moment, ...] = ()
    closes: bool = False
    lockout_s: Number = Cited(value=0)
    objects: tuple[str, ...] = ()
    period_s: Number | None = None
    entries: Number | None = None
    periods_min: tuple[int, ...] = ()
    columns: Number | None = None
    trades: bool = False
    times: bool = False


class StorageRow(Row):
    """Memory that profiles share where a client may trade their rows, in octets; a row has 5 beside its values."""

    octets: Number


class TransformersRow(Row):
    """Measuring transformers before the meter, with ratios a client sets; `primary` if it comes showing that side."""

    primary: bool = False


class Recording(Row):
    """Registers, demands, windows, profiles and their memory; `demand_calendar` gives demand a tariff of its own."""

    registers: RegistersRow = RegistersRow()
    demand: dict[str, DemandRow] = Field(default_factory=dict[str, DemandRow])
    window: dict[str, WindowRow] = Field(default_factory=dict[str, WindowRow])
    profile: dict[str, ProfileRow] = Field(default_factory=dict[str, ProfileRow])
    storage: StorageRow | None = None
    demand_calendar: bool = False
    transformers: TransformersRow | None = None
