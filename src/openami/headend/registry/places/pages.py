"""Pages: the tree of the network, groups of meters, and meters that made themselves known."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from fastapi import Request
from nicegui import ui

from openami.headend.kit.access import Permission, scopes
from openami.headend.kit.database import Unit
from openami.headend.registry import discovery, groups, network
from openami.headend.registry.network import MOST_COUNTED, Branch, NewNode, UnknownNodeError
from openami.headend.registry.schemas import Level
from openami.headend.web import pages as web
from openami.headend.web.forms.pages import Told, button, field
from openami.headend.web.markup import Column, Html, chip, empty, html, joined, link, table
from openami.headend.web.pages import Live, panel
from openami.headend.web.services import Services
from openami.headend.web.words import NOTHING, moment, number

ROWS = 25
PATH = "/network"


def put(desk_of: Callable[[Request], Services]) -> None:
    """Put the page of the network among the pages of the app."""

    async def show(request: Request, node: str = "") -> None:
        async with web.opened(desk_of(request), PATH, "Network") as live:
            await tree(live, node or None)
            await sets(live)
            await web.tried(met, live)

    web.page(PATH, show)


async def tree(live: Live, node: str | None) -> None:
    """What hangs under a node, or at the top."""
    try:
        above = await live.desk.ask(lambda unit: _above(unit, node))
    except UnknownNodeError as error:
        ui.status_code(404)
        ui.html(empty(f"{str(error).capitalize()}", html('<a href="{}">The network</a>', PATH)), sanitize=False)
        return
    with panel(node or "Network", "wide", note="substation, feeder, transformer, phase"):
        ui.html(above, sanitize=False)
        part = await live.paged(partial(_branches, node))
        if not await live.desk.ask(lambda unit: bool(scopes(unit, Permission.REGISTRY))):
            return
        told = Told()
        with ui.element("div").classes("fields"):
            name = field("Name")
            level = ui.select([str(level) for level in Level], label="Level", value=str(Level.FEEDER))
            level.props("outlined dense options-dense").classes("filter")

            async def make() -> None:
                new = NewNode(name.value.strip(), Level(str(level.value)), node)
                await live.desk.change(lambda unit: network.make(unit, new))
                told.say(f"{new.name} hangs here now.")
                name.clear()
                await part.restart()

            button("Add a node", make, told)


def _above(unit: Unit, node: str | None) -> Html:
    if node is None:
        return Html()
    found = network.find(unit, node)
    steps = [html('<a href="{}">Network</a>', PATH), *(_to(each.name) for each in network.line(unit, found)[:-1])]
    meters = link(f"/meters?{urlencode({'node': node})}", "all meters below")
    return html('<p class="crumbs inside">{}{} · {}</p>', joined(html("{} › ", step) for step in steps), node, meters)


def _to(name: str) -> Html:
    return link(f"{PATH}?{urlencode({'node': name})}", name)


def _branches(node: str | None, unit: Unit, after: str | None) -> tuple[Html, str | None]:
    found = network.under(unit, node, after or "", ROWS + 1)
    if not found:
        return empty(
            "Nothing hangs under it" if node else "There is no network yet", "Shipments and people add nodes."
        ), None
    columns = (Column("Node"), Column("Level", "end"), Column("Nodes below", "figure"), Column("Meters", "figure"),
               Column("Area", "code minor"))  # fmt: skip
    rows = [
        (_to(each.node.name), chip(each.node.level), _many(each.nodes), _meters(each), each.node.area)
        for each in found[:ROWS]
    ]
    return table("Nodes", columns, rows), found[ROWS - 1].node.name if len(found) > ROWS else None


def _many(counted: int) -> str:
    return f"over {number(MOST_COUNTED)}" if counted > MOST_COUNTED else number(counted)


def _meters(branch: Branch) -> object:
    if not branch.meters:
        return NOTHING
    return link(f"/meters?{urlencode({'node': branch.node.name})}", _many(branch.meters))


async def sets(live: Live) -> None:
    """Groups of meters."""
    with panel("Groups", "side", note="meters that are treated alike"):
        part = await live.paged(_groups)
        if not await live.desk.ask(lambda unit: bool(scopes(unit, Permission.REGISTRY))):
            return
        told = Told()
        with ui.element("div").classes("fields"):
            name = field("Name")

            async def make() -> None:
                made = name.value.strip()
                await live.desk.change(lambda unit: groups.make(unit, made, "", scopes(unit, Permission.REGISTRY)[0]))
                told.say(f"Group {made} was made; meters come to it by REST or from a list.")
                name.clear()
                await part.restart()

            button("Make a group", make, told)


def _groups(unit: Unit, after: str | None) -> tuple[Html, str | None]:
    found = groups.listed(unit, after or "", ROWS + 1)
    if not found:
        return empty("No groups yet", "Schedules, tariffs and firmware take groups."), None
    rows = [
        (link(f"/meters?{urlencode({'group': group.name})}", group.name), number(min(size, groups.MOST_COUNTED)))
        for group, size in found[:ROWS]
    ]
    columns = (Column("Group", "code"), Column("Meters", "figure"))
    return table("Groups", columns, rows, is_narrow=True), found[ROWS - 1][0].name if len(found) > ROWS else None


async def met(live: Live) -> None:
    """Meters that made themselves known and are not registered."""
    with panel("Not registered", "full", note="made themselves known, the last first"):
        await live.paged(partial(_met, live.desk))


def _met(desk: Services, unit: Unit, before: tuple[int, int] | None) -> tuple[Html, tuple[int, int] | None]:
    found = discovery.listed(unit, before=before, limit=ROWS + 1)
    if not found:
        return empty("Nobody unknown", "Radio, pushes and connections of unknown meters are listed here."), None
    columns = (Column("Known by", "code"), Column("How", "end"), Column("Last", "time"), Column("First", "time minor"),
               Column("Times", "figure minor"), Column("From", "code"), Column("Said", "below why"))  # fmt: skip
    rows = [
        (each.identity, chip(each.kind), moment(each.last_at, desk.zone, desk.now),
         moment(each.first_at, desk.zone, desk.now), number(each.times),
         f"{each.address}:{each.port}" if each.address else NOTHING, each.detail)
        for each in found[:ROWS]
    ]  # fmt: skip
    last = found[ROWS - 1] if len(found) > ROWS else None
    return table("Not registered", columns, rows), (last.last_at, last.id) if last else None
