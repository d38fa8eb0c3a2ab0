"""Pages: all meters, searched and paged on the server; what stands at the head of one meter."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from urllib.parse import quote, urlencode

from nicegui import ui

from openami.headend.kit.database import Unit
from openami.headend.registry.models import model
from openami.headend.registry.schemas import Lifecycle, Meter
from openami.headend.registry.service import count as count_meters
from openami.headend.registry.service import meter as find_meter
from openami.headend.registry.service import search
from openami.headend.web.markup import Column, Html, chip, empty, html, link, table
from openami.headend.web.pages import Live, panel
from openami.headend.web.services import Services
from openami.headend.web.words import NOTHING, count, moment

ROWS = 25
PATH = "/meters"
COLUMNS = (
    Column("Serial", "code"), Column("Model", "minor"), Column("Address", "code"), Column("State", "end"),
    Column("Last read", "time"), Column("Why not", "below why"),
)  # fmt: skip
IMPORT_ADVICE = Html(
    "Bring in a shipment file: <code>openami headend import FILE --data DIR</code>,"
    " or send it to <code>POST /api/shipments</code>."
)
STYLES = {Lifecycle.IN_USE: "good", Lifecycle.INSTALLED: "fair"}


class Search:
    """Meters whose serial number begins as somebody typed."""

    def __init__(self, desk: Services, prefix: str) -> None:
        self.desk = desk
        self.prefix = prefix

    def __call__(self, unit: Unit, after: str | None) -> tuple[Html, str | None]:
        """Show a page of them."""
        page = search(unit, self.prefix, after or "", ROWS)
        if not page.meters:
            return self._nothing(), None
        now = self.desk.now
        return table("Meters", COLUMNS, [_row(meter, now) for meter in page.meters]), page.after

    def _nothing(self) -> Html:
        if not self.prefix:
            return empty("No meters yet", IMPORT_ADVICE)
        return empty(
            f"No serial number begins with “{self.prefix}”", "Search looks at the beginning of serial numbers."
        )


def _row(meter: Meter, now: float) -> Sequence[object]:
    return (
        link(f"{PATH}/{quote(meter.serial, safe='')}", meter.serial),
        model(meter.product).name,
        where(meter),
        chip(meter.state, STYLES.get(meter.state, "")),
        moment(meter.last_read, meter.zone, now),
        meter.reason or "",
    )


def where(meter: Meter) -> str:
    """Address and port."""
    if not meter.address:
        return NOTHING
    return f"[{meter.address}]:{meter.port}" if ":" in meter.address else f"{meter.address}:{meter.port}"


async def meters(live: Live, prefix: str, after: str) -> None:
    """All meters."""
    shown = Search(live.desk, prefix.strip())
    known = await live.desk.ask(count_meters)
    note = f"{count(sum(known.values()), 'meter')}, in order of serial numbers"
    with panel("Meters", "full", note=note) as beside:
        part = await live.paged(shown, after or None)

    def address(key: str | None) -> None:
        """Keep the address bar in step, so that a page can be kept and passed on."""
        asked = {name: text for name, text in (("q", shown.prefix), ("after", key or "")) if text}
        ui.navigate.history.replace(f"{PATH}?{urlencode(asked)}" if asked else PATH)

    async def look(text: str | None) -> None:
        shown.prefix = (text or "").strip()
        await part.restart()

    part.on_turn = address
    with beside:
        box = ui.input(placeholder="Serial number begins with …", value=shown.prefix)
        box.props('outlined dense clearable debounce=250 aria-label="Search by serial number"').classes("search")
        box.on_value_change(lambda event: look(event.value))
        with box.add_slot("prepend"):
            ui.icon("search", size="20px")


async def head(live: Live, serial: str) -> None:
    """What meter this is, and how it stands."""
    await live.html(lambda unit: _title(find_meter(unit, serial)))


def _title(meter: Meter) -> Html:
    return html(
        '<p class="crumbs"><a href="{}">Meters</a></p><h1 class="code">{} {}</h1><p class="subtitle">{} · {} · {}</p>',
        PATH, meter.serial, chip(meter.state, STYLES.get(meter.state, "")), model(meter.product).name,
        where(meter), meter.node,
    )  # fmt: skip


@contextmanager
def title() -> Generator[None]:
    """Place for the head of a meter and what can be done with it."""
    with ui.element("div").classes("head"):
        yield


def unknown(serial: str) -> None:
    """Say that there is no such meter."""
    ui.status_code(404)
    advice = html('Look for it among <a href="{}">all meters</a>.', PATH)
    ui.html(empty(f"No meter {serial} is registered", advice), sanitize=False)
