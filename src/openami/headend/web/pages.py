"""The frame of every page, and the parts of one that keep themselves up to date."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Generic, Protocol, TypeAlias, TypeVar, cast

from fastapi import FastAPI
from nicegui import ui

from openami.headend.kit.access import Means, Permission, scopes
from openami.headend.kit.database import Unit
from openami.headend.kit.errors import AccessRefusedError, ForbiddenError, NotSignedInError, StoreError
from openami.headend.web.charts import Options, Picture, options
from openami.headend.web.markup import Html, empty, html, joined
from openami.headend.web.script import MARK, SCRIPT
from openami.headend.web.services import Services
from openami.headend.web.words import instant, local

K = TypeVar("K")

REFRESH_S = 2.0
STYLE = Path(__file__).with_name("style.css")
PLACES: tuple[tuple[str, str, Permission | None], ...] = (
    ("/", "Overview", Permission.VIEW),
    ("/meters", "Meters", Permission.VIEW),
    ("/network", "Network", Permission.VIEW),
    ("/alarms", "Alarms", Permission.VIEW),
    ("/outages", "Outages", Permission.VIEW),
    ("/radio", "Radio", Permission.VIEW),
    ("/shop", "Shop", Permission.VEND),
    ("/keys", "Keys", Permission.KEYS),
    ("/commands", "Commands", Permission.VIEW),
    ("/tariffs", "Tariffs", Permission.VIEW),
    ("/firmware", "Firmware", Permission.VIEW),
    ("/proposals", "Proposals", None),
    ("/users", "People", Permission.ACCOUNTS),
    ("/audit", "Audit", Permission.AUDIT),
)
"""Pages in the header, and what it takes to see them."""

Query: TypeAlias = Callable[[Unit], Html]
Builder: TypeAlias = Callable[..., Awaitable[None]]


class Part(Protocol):
    """A piece of a page that can be brought up to date."""

    async def refresh(self) -> dict[str, str]:
        """Ask again; HTML that has changed, by the id of its element."""
        ...


class Chart(Protocol):
    """What we use of NiceGUI's chart."""

    options: dict[str, object]

    def update(self) -> None:
        """Send the options to the browser."""
        ...

    def run_chart_method(self, name: str, *arguments: object) -> object:
        """Call a method of ECharts."""
        ...


class Mounter(Protocol):
    """What we use of NiceGUI to put it into an app."""

    def run_with(self, app: FastAPI, **settings: object) -> None:
        """Mount it at the root."""
        ...


class Live:
    """One page in one browser: its services, and the parts that are asked again every now and then."""

    def __init__(self, desk: Services) -> None:
        self.desk = desk
        self.parts: list[Part] = []

    async def html(self, query: Query, name: str = "", needs: Permission | None = Permission.VIEW) -> None:
        """Put the answer of a query here; a name makes all who may see the same share it."""
        part = HtmlPart(self.desk, query, name, needs)
        await part.build()
        self.parts.append(part)

    async def chart(self, query: Callable[[Unit], Picture], shown_s: int) -> "ChartPart":
        """Draw the answer of a query here."""
        part = ChartPart(self.desk, query, await self.desk.ask(query), shown_s)
        self.parts.append(part)
        return part

    async def paged(
        self,
        query: "Callable[[Unit, K | None], tuple[Html, K | None]]",
        first: K | None = None,
        needs: Permission | None = Permission.VIEW,
    ) -> "Paged[K]":
        """Put a page of a list here, the one behind `first`, with buttons for the next and the one before."""
        part = Paged(self.desk, query, first, needs)
        await part.build()
        self.parts.append(part)
        return part

    async def refresh(self) -> None:
        """Bring every part up to date; a store that is busy leaves things as they are for now."""
        changed: dict[str, str] = {}
        for part in list(self.parts):
            try:
                changed |= await part.refresh()
            except StoreError:
                break
            except NotSignedInError:
                ui.navigate.to("/sign-in")
                return
            except AccessRefusedError:
                self.parts.remove(part)
                ui.navigate.reload()
                return
        show(changed)


def show(changed: dict[str, str]) -> None:
    """Put HTML in place, without a flicker."""
    if changed:
        ui.run_javascript(f"openami.show({json.dumps(changed)})")


class HtmlPart:
    """A query whose answer is HTML."""

    def __init__(self, desk: Services, query: Query, name: str, needs: Permission | None) -> None:
        self._desk = desk
        self._needs = needs
        self._query = query
        self._name = name
        self._content = Html()

    async def build(self) -> None:
        """Ask, and put the answer here."""
        self._content = await self._ask()
        self._element = ui.html(self._content, sanitize=False)  # made by `markup`, which escapes

    async def _ask(self) -> Html:
        if self._name:
            return await self._desk.ask_once(self._name, self._query)
        return await self._desk.ask(self._query, self._needs)

    async def refresh(self) -> dict[str, str]:
        """Ask again."""
        content = await self._ask()
        if content == self._content:
            return {}
        self._content = content
        return {self._element.html_id: content}


class ChartPart:
    """A query whose answer is a picture."""

    def __init__(self, desk: Services, query: Callable[[Unit], Picture], picture: Picture, shown_s: int) -> None:
        self._desk = desk
        self._query = query
        self._picture = picture
        self._options = options(picture)
        chart = ui.echart(options(picture, shown_s), renderer="svg").classes("chart")
        self._chart = cast("Chart", chart)

    async def refresh(self) -> dict[str, str]:
        """Ask again; the part that is shown stays."""
        self._picture = await self._desk.ask(self._query)
        drawn = options(self._picture)
        if drawn != self._options:
            self._options = drawn
            self._chart.options.clear()
            self._chart.options.update(drawn)
            self._chart.update()
        return {}

    def show_last(self, shown_s: int) -> None:
        """Show so much of the end."""
        zoom: Options = {"type": "dataZoom", "start": self._picture.zoom(shown_s), "end": 100}
        self._chart.run_chart_method("dispatchAction", zoom)


class Paged(Generic[K]):
    """A list that is shown page by page; each page begins behind a key."""

    def __init__(
        self,
        desk: Services,
        query: Callable[[Unit, K | None], tuple[Html, K | None]],
        first: K | None,
        needs: Permission | None,
    ) -> None:
        self._desk = desk
        self._needs = needs
        self._query = query
        self._keys: list[K | None] = [None] if first is None else [None, first]
        self._next: K | None = None
        self._content = Html()
        self.on_turn: Callable[[K | None], None] = lambda _key: None

    async def build(self) -> None:
        """Ask, and put everything here."""
        self._content, self._next = await self._ask()
        self._element = ui.html(self._content, sanitize=False)
        with ui.element("nav").classes("pager").props('aria-label="Pages"') as self._buttons:
            self._newer = ui.button("Previous", on_click=self.back, color=None).props("flat dense no-caps")
            self._number = ui.label()
            self._older = ui.button("Next", on_click=self.forward, color=None).props("flat dense no-caps")
        self._show_place()

    async def restart(self) -> None:
        """Show the first page of what is by now asked for."""
        await self._turn([None])

    async def forward(self) -> None:
        """Show the next page."""
        if self._next is not None:
            await self._turn([*self._keys, self._next])

    async def back(self) -> None:
        """Show the page before."""
        await self._turn(self._keys[:-1] or [None])

    async def refresh(self) -> dict[str, str]:
        """Ask again."""
        content, self._next = await self._ask()
        self._show_place()
        if content == self._content:
            return {}
        self._content = content
        return {self._element.html_id: content}

    async def _turn(self, keys: list[K | None]) -> None:
        self._keys = keys
        show(await self.refresh())
        self.on_turn(keys[-1])

    async def _ask(self) -> tuple[Html, K | None]:
        key = self._keys[-1]
        return await self._desk.ask(lambda unit: self._query(unit, key), self._needs)

    def _show_place(self) -> None:
        self._buttons.set_visibility(len(self._keys) > 1 or self._next is not None)
        self._newer.set_enabled(len(self._keys) > 1)
        self._older.set_enabled(self._next is not None)
        self._number.set_text(f"Page {len(self._keys)}")


@asynccontextmanager
async def opened(desk: Services, place: str, title: str, *, has_heading: bool = True) -> AsyncGenerator[Live]:
    """Open a page: header with clock, notices, then what the block puts in; kept up to date from then on."""
    live = Live(desk)
    places = await desk.ask(_places, None)
    ui.page_title(f"{title} · OpenAMI")
    with ui.header(bordered=True).classes("bar"):
        ui.html(_navigation(place, places), sanitize=False).classes("places")
        with ui.element("div").classes("now"):
            await live.html(lambda _unit: clock(desk), needs=None)
            ui.html(who(desk), sanitize=False)
    with ui.element("div").classes("page") as page:
        if has_heading:
            ui.html(html("<h1>{}</h1>", title), sanitize=False).classes("sr")
        await live.html(lambda _unit: notice(desk), needs=None)
        try:
            yield live
        except ForbiddenError as error:
            ui.status_code(403)
            closed(error)
    ui.html(footer(), sanitize=False).classes("foot")
    ui.skip_link(target=page)
    ui.timer(REFRESH_S, live.refresh, immediate=False)


def closed(error: AccessRefusedError) -> None:
    """Say that something is not for whoever looks at the page."""
    sentence = str(error)
    ui.html(empty("Not open to you", sentence[:1].upper() + sentence[1:] + "."), sanitize=False)


async def tried(panel: Callable[..., Awaitable[None]], live: Live, *arguments: object) -> None:
    """Put a panel here, or say that it is not for whoever looks."""
    try:
        await panel(live, *arguments)
    except ForbiddenError as error:
        closed(error)


def who(desk: Services) -> Html:
    """Say who is signed in, and how to leave."""
    if desk.actor.means is not Means.SIGN_IN:
        return Html()
    return html(
        '<span class="who"><a href="/account">{}</a><form method="post" action="/sign-out">'
        "<button>Sign out</button></form></span>",
        desk.actor.name,
    )


def _places(unit: Unit) -> tuple[tuple[str, str], ...]:
    """Pages that whoever looks may see."""
    return tuple((path, title) for path, title, needs in PLACES if needs is None or scopes(unit, needs))


def _navigation(place: str, places: tuple[tuple[str, str], ...]) -> Html:
    links = joined(
        html('<a href="{}"{}>{}</a>', path, Html(' aria-current="page"' if path == place else ""), title)
        for path, title in places
    )
    return html('<a class="brand" href="/">{}<span>OpenAMI</span></a><nav>{}</nav>', Html(MARK), links)


def footer() -> Html:
    """Say what program this is, and where other programs ask."""
    return html('OpenAMI {} · REST: <a href="/api/openapi.json">/api/openapi.json</a>', version("openami"))


def clock(desk: Services) -> Html:
    """Show business time, and whether it is a scenario's."""
    now = desk.now
    here = local(now, desk.zone)
    offset = here.utcoffset()
    ticking = html(
        '<time class="clock" data-at="{:.3f}" data-speed="{:g}" data-offset="{:g}" data-zone="{}">{}</time>',
        now,
        desk.pace,
        offset.total_seconds() if offset else 0,
        here.tzname(),
        instant(now, desk.zone),
    )
    return html("{}{}", badge(desk), ticking)


def badge(desk: Services) -> Html:
    """Say that nothing here is real, where that is so."""
    if not desk.is_simulated:
        return Html()
    return html(
        '<span class="simulated">SIMULATED · {:g}×{}</span>', desk.clock.speed, "" if desk.pace else " · PAUSED"
    )


def notice(desk: Services) -> Html:
    """Say why no reading gets through at the moment."""
    blocked = desk.collector.blocked if desk.collector else None
    return html('<p class="notice" role="alert">{}.</p>', blocked[:1].upper() + blocked[1:]) if blocked else Html()


@contextmanager
def panel(title: str, width: str = "", *, note: object = "") -> Generator[ui.element]:
    """Frame a part of a page; gives the place for what stands beside the title."""
    with ui.element("section").classes(f"panel {width}").props(f'aria-label="{title}"'):
        with ui.element("header"):
            ui.html(html("<h2>{}</h2><p>{}</p>", title, note), sanitize=False).classes("title")
            beside = ui.element("div").classes("beside")
        yield beside


def choice(options: dict[K, str], chosen: K, label: str, on_choice: Callable[[K], Awaitable[None] | None]) -> None:
    """Put a row of buttons here of which one is pressed."""
    toggle = ui.toggle(options, value=chosen, on_change=lambda event: on_choice(event.value))
    toggle.props(f'dense no-caps unelevated toggle-color=chosen toggle-text-color=chosen aria-label="{label}"').classes(
        "choice"
    )


def page(path: str, builder: Builder) -> None:
    """Put a page at a path; parameters of the builder come from the path and the query string."""
    ui.page(path, response_timeout=10)(builder)


def mount(app: FastAPI) -> None:
    """Put NiceGUI behind the routes of an app; its assets come from here, nothing from outside."""
    head = f"<style>{STYLE.read_text(encoding='utf-8')}</style><script>{SCRIPT}</script>"
    ui.add_head_html(head, shared=True)
    cast("Mounter", ui).run_with(
        app,
        title="OpenAMI",
        favicon=MARK,
        dark=None,
        language="en-US",
        tailwind=False,
        show_welcome_message=False,
    )
