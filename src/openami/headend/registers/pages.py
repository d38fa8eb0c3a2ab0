"""Pages: billing registers of a meter."""

from collections.abc import Sequence

from openami.core.units import Unit as PhysicalUnit
from openami.headend.kit.database import Unit
from openami.headend.registers.service import Closing, Reading, billing
from openami.headend.registry.service import meter as find_meter
from openami.headend.web.markup import Column, Html, empty, table
from openami.headend.web.pages import Live, choice, panel
from openami.headend.web.words import NOTHING, number, period, register_name

DAILY, MONTHLY = "daily", "monthly"
ROWS = 10


class Billing:
    """Closings of days or of months, as chosen."""

    def __init__(self, serial: str) -> None:
        self.serial = serial
        self.kind = DAILY

    def __call__(self, unit: Unit, before: int | None) -> tuple[Html, int | None]:
        """Show a page of them."""
        found = billing(unit, self.serial, self.kind, before=before, limit=ROWS + 1)
        zone = find_meter(unit, self.serial).zone
        more = found[ROWS - 1].at if len(found) > ROWS else None
        return closings(found, zone, is_month=self.kind == MONTHLY), more


async def registers(live: Live, serial: str) -> None:
    """Put the billing table of a meter here."""
    shown = Billing(serial)
    with panel("Billing", "wide", note="what went through, and the registers as the meter closed them") as beside:
        part = await live.paged(shown)

    async def choose(kind: str) -> None:
        shown.kind = kind
        await part.restart()

    with beside:
        choice({DAILY: "Daily", MONTHLY: "Monthly"}, DAILY, "Closings of", choose)


def closings(found: Sequence[Closing], zone: str, *, is_month: bool) -> Html:
    """Show closings, newest first; the last one only serves to tell what went through in the one before."""
    if not found:
        return empty(
            "No closing yet",
            "A meter closes its registers at the end of a month."
            if is_month
            else "A meter closes its registers at midnight.",
        )
    columns = (
        Column("Month" if is_month else "Day"),
        Column("Import kWh", "figure strong"),
        Column("Export kWh", "figure strong"),
        *(Column(_title(reading), "figure register minor") for reading in found[0].readings),
    )
    earlier = [*found[1:], None]
    rows = [_row(now, was, zone, is_month=is_month) for now, was in zip(found, earlier, strict=True)]
    return table("Billing registers", columns, rows[:ROWS], is_narrow=True)


def _title(reading: Reading) -> str:
    unit = "kWh" if reading.unit == PhysicalUnit.WATT_HOUR else reading.unit.symbol
    return f"{register_name(reading.logical_name)} {unit}"


def _row(closing: Closing, before: Closing | None, zone: str, *, is_month: bool) -> Sequence[object]:
    return (
        period(closing.at, zone, is_month=is_month),
        through(closing, before, 1),
        through(closing, before, 2),
        *(_amount(reading) for reading in closing.readings),
    )


def _amount(reading: Reading) -> str:
    if reading.unit == PhysicalUnit.WATT_HOUR:
        return number(reading.amount / 1000, 3)
    return number(reading.amount)


def through(closing: Closing, before: Closing | None, group: int) -> str:
    """Energy between two closings in one direction (value group C), all tariffs; nothing where one is missing."""
    if before is None:
        return NOTHING
    after = _energy(closing, group)
    first = _energy(before, group)
    if not after or after.keys() != first.keys():
        return NOTHING
    # The difference is of what the meter counted: other transformers since then do not make energy.
    return number(sum((after[name].value - first[name].value) * after[name].step for name in after) / 1000, 3)


def _energy(closing: Closing, group: int) -> dict[str, Reading]:
    prefix = f"1.0.{group}.8."
    return {r.logical_name: r for r in closing.readings if r.logical_name.startswith(prefix)}
