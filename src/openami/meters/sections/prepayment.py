"""The `[prepayment]` section of a product file: whose meters they are, how they take tokens, what credit they have."""

from typing import Annotated, Literal

from pydantic import Field

from openami.metering.account import Terms
from openami.meters.sections.row import Cited, Number, Row
from openami.sts.keys import EA, KeyAttributes, KeyType
from openami.sts.rules import Lockout, Rules
from openami.sts.state import TIDS
from openami.sts.tid import NEVER, BaseDate
from openami.sts.token import Kind

KINDS = {
    kind.name.lower(): kind
    for kind in (
        Kind.ELECTRICITY, Kind.INITIATE_TEST_2, Kind.INITIATE_TEST_4, Kind.MAXIMUM_POWER_LIMIT, Kind.CLEAR_CREDIT,
        Kind.CLEAR_TAMPER, Kind.FIRST_SECTION, Kind.SECOND_SECTION, Kind.THIRD_SECTION, Kind.FOURTH_SECTION,
    )
}  # fmt: skip
"""Kinds of tokens that a meter can take, by name."""
QUARTER = r"^([01]\d|2[0-4]):(00|15|30|45)$"
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


class LockoutRow(Row):
    """Rest after bad tokens: from which on, how long at first and at most, and whether a power cut ends it."""

    after: Number = Cited(value=3)
    first_s: Number = Cited(value=10)
    longest_s: Number = Cited(value=1280)
    survives_power: bool = False


class EmergencyRow(Row):
    """Credit that a meter lends where its own is at or below `below_wh`; 0 Wh is none."""

    wh: Number = Cited(value=0)
    below_wh: Number = Cited(value=0)


class FriendlyRow(Row):
    """Hours in which nobody is disconnected for want of credit, by quarters of an hour; `end` may be the next day."""

    begin: Annotated[str, Field(pattern=QUARTER)]
    end: Annotated[str, Field(pattern=QUARTER)]
    days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = EVERY_DAY

    @property
    def quarters(self) -> tuple[int, int, int]:
        """First quarter of an hour, the one after the last, and days as bits."""
        return quarter(self.begin), quarter(self.end), sum(1 << day - 1 for day in self.days)


def quarter(text: str) -> int:
    """Quarter of an hour of a time of day."""
    hours, minutes = text.split(":")
    return int(hours) * 4 + int(minutes) // 15


class PrepaymentRow(Row):
    """STS meter: maker's code of its DRNs, attributes of the key it leaves the factory with, tokens, credit.

    `form` is that of a token in class 115: 20 digits or 10 octets. `unpowered` tells whether it takes tokens without
    supply. There are prices for so many `steps`; credit to begin with, friendly hours and all limits are settings.
    """

    manufacturer: Annotated[str, Field(pattern=r"^(\d{2}|\d{4})$")] = "00"
    sgc: Annotated[str, Field(pattern=r"^\d{6}$")] = "123457"
    key_type: Annotated[int, Field(ge=0, le=2)] = 2
    krn: Annotated[int, Field(ge=1, le=9)] = 1
    ti: Annotated[int, Field(ge=0, le=99)] = 1
    ken: Annotated[int, Field(ge=0, le=NEVER)] = NEVER
    ea: Literal[7, 11] = 11
    base_date: Literal[1993, 2014, 2035] = 2014
    identifiers: Number = Cited(value=TIDS)
    form: Literal["ascii", "bcd"] = "ascii"
    kinds: tuple[str, ...] = tuple(KINDS)
    tests: tuple[Annotated[int, Field(ge=0, le=27)], ...] = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17)
    highest_power_w: Number = Cited(value=23_000)
    sections_s: Number = Cited(value=600)
    unpowered: bool = False
    lockout: LockoutRow = LockoutRow()
    most_wh: Number = Cited(value=99_999_999)
    low_wh: Number = Cited(value=10_000)
    first_wh: Number = Cited(value=0)
    steps: Annotated[int, Field(ge=1, le=10)] = 1
    period: str = "billing"
    emergency: EmergencyRow = EmergencyRow()
    friendly: FriendlyRow | None = None

    @property
    def attributes(self) -> KeyAttributes:
        """Attributes of the key that a meter leaves the factory with."""
        kind, base = KeyType(self.key_type), BaseDate(self.base_date)
        return KeyAttributes(self.sgc, kind, self.krn, self.ti, self.ken, EA(self.ea), base)

    @property
    def rules(self) -> Rules:
        """Rules by which tokens are judged."""
        row = self.lockout
        lockout = Lockout(row.after.value, row.first_s.value, row.longest_s.value, survives_power=row.survives_power)
        return Rules(
            manufacturer=int(self.manufacturer),
            kinds=frozenset(KINDS[name] for name in self.kinds),
            tests=sum(1 << bit for bit in self.tests),
            highest_power_w=self.highest_power_w.value,
            sections_s=self.sections_s.value,
            lockout=lockout,
        )

    @property
    def terms(self) -> Terms:
        """What the credit register of a new meter holds and follows."""
        return Terms(
            self.most_wh.value,
            self.low_wh.value,
            self.first_wh.value,
            self.emergency.wh.value,
            self.emergency.below_wh.value,
            self.period,
            self.steps,
            (0, 0, 0) if self.friendly is None else self.friendly.quarters,
        )
