"""Pages: the events of a meter."""

from collections.abc import Mapping

from openami.core.units import Unit as PhysicalUnit
from openami.headend.events.service import Event, of
from openami.headend.kit.database import Unit
from openami.headend.registry.models import Kind, Model, model
from openami.headend.registry.service import meter as find_meter
from openami.headend.web.markup import Column, Html, chip, empty, html, joined, table
from openami.headend.web.pages import Live, choice, panel
from openami.headend.web.words import instant, span

ALL = "all"
ROWS = 12
Cursor = tuple[int, str, int, int]


class Events:
    """Events of one log, or of all."""

    def __init__(self, serial: str) -> None:
        self.serial = serial
        self.log: str | None = None

    def __call__(self, unit: Unit, before: Cursor | None) -> tuple[Html, Cursor | None]:
        """Show a page of them."""
        meter = find_meter(unit, self.serial)
        page = of(unit, self.serial, self.log, before=before, limit=ROWS)
        if not page.events:
            return empty("No event", "The meter has logged none, or its logs have not been read yet."), None
        units = captured(model(meter.product))
        columns = (
            Column("Time", "time"), Column("Log", "end"), Column("Code", "figure minor"), Column("Event", "below"),
        )  # fmt: skip
        rows = [(instant(e.at, meter.zone), chip(e.log), e.code, _event(e, units)) for e in page.events]
        return table("Events", columns, rows), page.before


async def log(live: Live, serial: str) -> None:
    """Put the events of a meter here."""
    shown = Events(serial)
    meter = await live.desk.ask(lambda unit: find_meter(unit, serial))
    with panel("Events", "wide", note="what the meter has logged, newest first") as beside:
        part = await live.paged(shown)

    async def choose(name: str) -> None:
        shown.log = None if name == ALL else name
        await part.restart()

    names = {name: name.capitalize() for name in logs(model(meter.product))}
    with beside:
        choice({ALL: "All", **names}, ALL, "Log", choose)


def logs(known: Model) -> list[str]:
    """Name the logs of a model."""
    return [item.name for item in known.item if item.kind is Kind.LOG]


def captured(known: Model) -> Mapping[str, PhysicalUnit]:
    """Units of what the logs of a model capture besides the code, by logical name."""
    return {column.logical_name: column.unit for item in known.item if item.kind is Kind.LOG for column in item.columns}


def _event(event: Event, units: Mapping[str, PhysicalUnit]) -> Html:
    details = [_detail(name, value, units) for name, value in event.detail.items()]
    return html("{} {}", event.meaning, joined(html("<small>{}</small>", detail) for detail in details))


def _detail(name: str, value: int, units: Mapping[str, PhysicalUnit]) -> str:
    unit = units.get(name, PhysicalUnit.COUNT)
    return span(value) if unit is PhysicalUnit.SECOND else f"{name} = {value}"
