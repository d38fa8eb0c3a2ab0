"""Pages: endpoints that were heard and are nobody's, those of registered meters, and the radio of one meter."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from openami.core.errors import AmiError
from openami.headend.ert.endpoints import Endpoint, Wanted, discoveries, of_meter, promote, registered
from openami.headend.ert.readings import readings
from openami.headend.kit.database import Unit
from openami.headend.registry.models import model
from openami.headend.registry.service import meter as find_meter
from openami.headend.web.markup import Column, Html, empty, link, table
from openami.headend.web.pages import Live, panel
from openami.headend.web.services import Services
from openami.headend.web.words import NOTHING, instant, moment, quantity

ROWS = 15
PATH = "/radio"
FEED = Html(
    "Send in what a receiver hears: <code>openami radio listen | openami headend ert import - --data DIR</code>,"
    " or post it to <code>/api/ert/messages</code>."
)
"""How messages come in."""
COLUMNS = (
    Column("Endpoint", "code"), Column("What", "end"), Column("Register", "figure"), Column("Level", "figure minor"),
    Column("First heard", "time minor"), Column("Last heard", "time"),
)  # fmt: skip


class Discoveries:
    """Endpoints that are nobody's, last heard first."""

    def __init__(self, desk: Services) -> None:
        self.desk = desk

    def __call__(self, unit: Unit, after: tuple[float, int] | None) -> tuple[Html, tuple[float, int] | None]:
        """Show a page of them."""
        found = discoveries(unit, after=after, limit=ROWS + 1)
        if not found:
            return empty("Nobody else was heard", FEED), None
        last = found[ROWS - 1] if len(found) > ROWS else None
        rows = [self._row(each) for each in found[:ROWS]]
        return table("Discoveries", COLUMNS, rows), (last.last_at or 0.0, last.endpoint) if last else None

    def _row(self, found: Endpoint) -> tuple[object, ...]:
        now, zone = self.desk.now, self.desk.zone
        return (
            found.endpoint, found.commodity or f"type {found.ert_type}", register(found), level(found),
            moment(found.first_at, zone, now), moment(found.last_at, zone, now),
        )  # fmt: skip


class Registered:
    """Endpoints of registered meters, by serial number."""

    def __init__(self, desk: Services) -> None:
        self.desk = desk

    def __call__(self, unit: Unit, after: str | None) -> tuple[Html, str | None]:
        """Show a page of them."""
        found = registered(unit, after=after or "", limit=ROWS + 1)
        if not found:
            return empty("No meter has an endpoint yet", "Make one of those heard a meter's, or bring in a list."), None
        head = (Column("Meter", "code"), *COLUMNS[:1], *COLUMNS[2:4], COLUMNS[5])
        rows = [
            (
                link(f"/meters/{each.serial}", each.serial), each.endpoint, register(each), level(each),
                moment(each.last_at, self.desk.zone, self.desk.now),
            )
            for each in found[:ROWS]
        ]  # fmt: skip
        return table("Radio meters", head, rows), found[ROWS - 1].serial if len(found) > ROWS else None


def register(found: Endpoint) -> str:
    """Show what it last told."""
    if found.energy_wh is not None:
        return quantity(found.energy_wh / 1000, "kWh", 2)
    return NOTHING if found.count is None else str(found.count)


def level(found: Endpoint) -> str:
    """Show how strong it was."""
    return NOTHING if found.level_dbfs is None else quantity(found.level_dbfs, "dBFS", 1)


async def radio(live: Live) -> None:
    """All endpoints."""
    with panel("Discoveries", "full", note="endpoints (ERT) heard that are no registered meter's, last heard first"):
        found = await live.paged(Discoveries(live.desk))

    async def refresh() -> None:
        await found.restart()
        await known.restart()

    with panel("Make one a meter's", "full", note="from then on its registers and intervals are kept"):
        Promotion(live.desk, refresh)
    with panel("Radio meters", "full", note="registered, in order of serial numbers"):
        known = await live.paged(Registered(live.desk))


class Promotion:
    """Asks for an endpoint and the meter that it is of."""

    def __init__(self, desk: Services, done: Callable[[], Awaitable[None]]) -> None:
        self.desk = desk
        self.done = done
        with ui.element("div").classes("fields"):
            self.endpoint = ui.input("Endpoint").props('outlined dense aria-label="Endpoint"')
            self.serial = ui.input("Serial number of the meter").props('outlined dense aria-label="Serial number"')
            ui.button("Register", on_click=self.register, color=None).props("flat no-caps")

    async def register(self) -> None:
        """Do it, or say why not."""
        text, serial = str(self.endpoint.value or "").strip(), str(self.serial.value or "").strip()
        if not text.isdigit():
            ui.notify("An endpoint is a number.", type="warning")
            return
        try:
            await self.desk.change(
                lambda unit: promote(
                    unit, Wanted(int(text), serial), default_zone=self.desk.zone, at=int(self.desk.now)
                )
            )
        except AmiError as error:
            ui.notify(f"{error}.", type="warning")
            return
        ui.notify(f"Endpoint {text} is that of meter {serial} now.", type="positive")
        await self.done()


class Heard:
    """Registers of a meter as its endpoint told them."""

    def __init__(self, serial: str) -> None:
        self.serial = serial

    def __call__(self, unit: Unit, before: float | None) -> tuple[Html, float | None]:
        """Show a page of them."""
        found = readings(unit, self.serial, before=before, limit=ROWS + 1)
        if not found:
            return empty("Not heard yet", FEED), None
        zone = find_meter(unit, self.serial).zone
        columns = (
            Column("Time", "time"), Column("Register", "figure strong"), Column("By", "end"),
            Column("Level", "figure minor"), Column("Receiver", "minor"),
        )  # fmt: skip
        rows = [
            (
                instant(each.at, zone), quantity(each.energy_wh / 1000, "kWh", 2), each.kind,
                NOTHING if each.level_dbfs is None else quantity(each.level_dbfs, "dBFS", 1), each.receiver or NOTHING,
            )
            for each in found[:ROWS]
        ]  # fmt: skip
        return table("Heard", columns, rows), found[ROWS - 1].at if len(found) > ROWS else None


async def heard(live: Live, serial: str) -> None:
    """Put what a meter's endpoint told here, if it is a meter that is heard."""
    meter = await live.desk.ask(lambda unit: find_meter(unit, serial))
    if not model(meter.product).is_heard:
        return
    endpoint = await live.desk.ask(lambda unit: of_meter(unit, serial))
    whose = "no endpoint yet" if endpoint is None else f"endpoint {endpoint.endpoint}"
    with panel("Radio", "wide", note=f"{whose}; one reading a quarter of an hour"):
        await live.paged(Heard(serial))
