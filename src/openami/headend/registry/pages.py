"""Pages: all meters, searched and paged on the server; what stands at the head of one meter."""

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from urllib.parse import quote, urlencode

from nicegui import ui

from openami.core.errors import DecodeError
from openami.headend.kit.database import Unit
from openami.headend.registry import factors, network, points
from openami.headend.registry.factors import Factor
from openami.headend.registry.groups import Told, UnknownGroupError, meant
from openami.headend.registry.groups import of_meter as groups_of
from openami.headend.registry.models import model, slugs
from openami.headend.registry.network import UnknownNodeError, is_seen
from openami.headend.registry.schemas import Lifecycle, Meter
from openami.headend.registry.service import look, size
from openami.headend.registry.service import meter as find_meter
from openami.headend.web.markup import Column, Html, chip, empty, html, joined, link, table
from openami.headend.web.pages import Live, panel
from openami.headend.web.services import Services
from openami.headend.web.words import NOTHING, count, moment, number

ROWS = 25
MOST_COUNTED = 50_000
PATH = "/meters"
COLUMNS = (
    Column("Serial", "code"), Column("Model", "minor"), Column("Address", "code"), Column("State", "end"),
    Column("Last read", "time"), Column("Why not", "below why"),
)  # fmt: skip
IMPORT_ADVICE = Html(
    "Bring in a shipment file: <code>openami headend import FILE --data DIR</code>,"
    " or send it to <code>POST /api/shipments</code>."
)
STYLES = {Lifecycle.IN_USE: "good", Lifecycle.INSTALLED: "fair", Lifecycle.SUSPENDED: "poor"}


FILTERS = ("state", "product", "node", "group", "area")


class Search:
    """Meters that fit what somebody typed and chose."""

    def __init__(self, desk: Services, asked: Mapping[str, str]) -> None:
        self.desk = desk
        self.prefix = asked.get("q", "").strip()
        self.chosen = {name: asked[name] for name in FILTERS if asked.get(name)}

    def __call__(self, unit: Unit, after: str | None) -> tuple[Html, str | None]:
        """Show a page of them."""
        try:
            page = look(unit, meant(unit, self.told()), after or "", ROWS)
        except (DecodeError, UnknownNodeError, UnknownGroupError) as error:
            return empty("No such list", f"{str(error)[:1].upper()}{str(error)[1:]}."), None
        if not page.meters:
            return self._nothing(), None
        now = self.desk.now
        return table("Meters", COLUMNS, [_row(meter, now) for meter in page.meters]), page.after

    def told(self) -> Told:
        """Put it into the words of the registry."""
        state = self.chosen.get("state")
        if state is not None and state not in set(Lifecycle):
            raise DecodeError(f"state {state!r} is not one of {', '.join(Lifecycle)}")
        return Told(
            self.prefix, None if state is None else Lifecycle(state), self.chosen.get("product"),
            self.chosen.get("area"), self.chosen.get("node"), self.chosen.get("group"),
        )  # fmt: skip

    def choose(self, name: str, value: str | None) -> None:
        """Narrow the list, or widen it again."""
        self.chosen.pop(name, None)
        if value:
            self.chosen[name] = value

    @property
    def where(self) -> str:
        """What was chosen elsewhere and is not among the fields: node, group, area."""
        said = [f"{name} {self.chosen[name]}" for name in ("node", "group", "area") if name in self.chosen]
        return f" · {', '.join(said)}" if said else ""

    def _nothing(self) -> Html:
        if self.chosen:
            return empty("No meter fits", html('<a href="{}">All meters</a>', PATH))
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


async def meters(live: Live, asked: Mapping[str, str]) -> None:
    """All meters, or those that fit."""
    shown = Search(live.desk, asked)
    known = await live.desk.ask_once("meters in sight", lambda unit: size(unit, MOST_COUNTED))
    many = f"over {number(MOST_COUNTED)} meters" if known > MOST_COUNTED else f"{count(known, 'meter')} in all"
    note = f"{many}{shown.where}"
    with panel("Meters", "full", note=note) as beside:
        part = await live.paged(shown, asked.get("after") or None)

    def address(key: str | None) -> None:
        """Keep the address bar in step, so that a page can be kept and passed on."""
        asked = {
            name: text for name, text in (("q", shown.prefix), *shown.chosen.items(), ("after", key or "")) if text
        }
        ui.navigate.history.replace(f"{PATH}?{urlencode(asked)}" if asked else PATH)

    async def search(text: str | None) -> None:
        shown.prefix = (text or "").strip()
        await part.restart()

    async def narrow(name: str, value: str | None) -> None:
        shown.choose(name, value)
        await part.restart()

    part.on_turn = address
    with beside:
        models = {slug: model(slug).name for slug in slugs()}
        _select("Model", models, shown.chosen.get("product"), partial(narrow, "product"))
        _select("State", {str(state): str(state) for state in Lifecycle}, shown.chosen.get("state"),
                partial(narrow, "state"))  # fmt: skip
        box = ui.input(placeholder="Serial number begins with …", value=shown.prefix)
        box.props('outlined dense clearable debounce=250 aria-label="Search by serial number"').classes("search")
        box.on_value_change(lambda event: search(event.value))
        with box.add_slot("prepend"):
            ui.icon("search", size="20px")


def _select(
    label: str, options: dict[str, str], chosen: str | None, then: Callable[[str | None], Awaitable[None]]
) -> None:
    made = ui.select(options, label=label, value=chosen if chosen in options else None, clearable=True)
    made.props(f'outlined dense options-dense aria-label="{label}"').classes("filter")
    made.on_value_change(lambda event: then(event.value))


async def place(live: Live, serial: str) -> None:
    """Where a meter hangs, what it belongs to, and the transformers before it."""
    with panel("Place", "half", note="usage point, network, groups, transformers"):
        await live.html(lambda unit: _place(unit, serial, live.desk.now))


def _place(unit: Unit, serial: str, now: float) -> Html:
    meter = find_meter(unit, serial)
    at = points.of_meter(unit, serial)
    line = network.line(unit, network.find(unit, meter.node)) if is_seen(unit, meter.node) else ()
    groups = groups_of(unit, serial)
    ratios = [each for each in factors.history(unit, serial) if each.since <= now]
    facts = [
        ("Usage point", NOTHING if at is None else f"{at[0].code} {at[0].title}"),
        ("There since", NOTHING if at is None else moment(at[1].since, meter.zone, now)),
        ("Network", joined(_steps([link(f"/network?{urlencode({'node': each.name})}", each.name) for each in line]))
         if line else meter.node),
        ("Area", meter.area),
        ("Groups", joined(_steps([link(f"{PATH}?{urlencode({'group': each.name})}", each.name) for each in groups]))
         if groups else NOTHING),
        ("CT, VT", _ratio(ratios[-1]) if ratios else "none"),
    ]  # fmt: skip
    return table("Place", (Column("What"), Column("Value", "below")), facts, is_narrow=True)


def _steps(parts: Sequence[Html]) -> list[Html]:
    return [html("{}{}", Html(" › ") if index else "", part) for index, part in enumerate(parts)]


def _ratio(factor: Factor) -> str:
    parts = (factor.ct_primary, factor.ct_secondary, factor.vt_primary, factor.vt_secondary, factor.power)
    return "{:g}/{:g} A, {:g}/{:g} V: energy × {:g}".format(*parts)


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
