"""Pages: who is without supply, outages by node, and the indices of the year."""

from functools import partial

from openami.headend.kit.database import Unit
from openami.headend.outage import service
from openami.headend.outage.service import Outage
from openami.headend.web.markup import Column, Html, chip, empty, html, strip, table, tile
from openami.headend.web.pages import Live, panel
from openami.headend.web.services import Services
from openami.headend.web.words import NOTHING, count, moment, number, share, span

ROWS = 25
YEAR_S = 365 * 86_400


async def outages(live: Live) -> None:
    """Everything about outages."""
    with panel("Supply", "full"):
        await live.html(partial(_standing, live.desk))
    with panel("Outages", "full", note="meters of one node that lost supply together, newest first"):
        await live.paged(partial(_listed, live.desk))
    with panel("Reliability", "full", note="of the last 365 days, by IEEE 1366; momentary interruptions apart"):
        await live.html(partial(_indices, live.desk))


def _standing(desk: Services, unit: Unit) -> Html:
    now = service.standing(unit)
    tiles = [
        tile("Without supply", number(now.out), "meters, confirmed", "poor" if now.out else "good"),
        tile("May be momentary", number(now.waiting), "meters, not confirmed yet"),
        tile("Outages", number(now.outages), "nodes affected"),
    ]
    if now.storm_since is not None:
        since = f"since {moment(now.storm_since, desk.zone, desk.now)}; nobody is told of single meters"
        tiles.append(tile("Storm", "on", since, "poor"))
    return strip(tiles)


def _listed(desk: Services, unit: Unit, before: int | None) -> tuple[Html, int | None]:
    page = service.listed(unit, before=before, limit=ROWS)
    if not page.outages:
        return empty("No outage", "None of the nodes in sight has been without supply."), None
    columns = (
        Column("Node", "time"), Column("State", "end"), Column("Meters", "figure"), Column("Began", "time"),
        Column("Ended", "time"), Column("Lasted", "time"), Column("Number", "code minor"),
    )  # fmt: skip
    return table("Outages", columns, [_row(desk, outage) for outage in page.outages]), page.before


def _row(desk: Services, outage: Outage) -> tuple[object, ...]:
    state = chip("lasts", "poor") if outage.ended is None else chip("over", "good")
    lasted = (desk.now if outage.ended is None else outage.ended) - outage.began
    return (
        outage.node, html("{} {}", state, chip("storm", "fair") if outage.is_storm else ""), number(outage.meters),
        moment(outage.began, desk.zone, desk.now),
        NOTHING if outage.ended is None else moment(outage.ended, desk.zone, desk.now), span(max(lasted, 0)),
        outage.id,
    )  # fmt: skip


def _indices(desk: Services, unit: Unit) -> Html:
    found = service.report(unit, int(desk.now) - YEAR_S, int(desk.now) + 1, desk.now, desk.zone)
    index = found.indices
    if index.saidi_min is None or index.saifi is None or index.maifi is None or index.maifi_e is None:
        return empty("No meter in its place", "Indices are for each meter that is served.")
    caidi = NOTHING if index.caidi_min is None else f"{index.caidi_min:.1f}"
    asai = NOTHING if index.asai is None else share(index.asai, 4)
    major = (
        "no day stands out yet" if found.major_day_min is None
        else f"{count(found.major_days, 'major event day')} above {found.major_day_min:.2f} min"
    )  # fmt: skip
    return strip([
        tile("SAIDI", f"{index.saidi_min:.2f}", f"minutes a meter; {major}"),
        tile("SAIFI", f"{index.saifi:.3f}", f"sustained interruptions each of {count(index.served, 'meter')}"),
        tile("CAIDI", caidi, f"minutes an interruption; supply for {asai} of the time"),
        tile("MAIFI", f"{index.maifi:.3f}", f"momentary a meter; {index.maifi_e:.3f} events"),
    ])  # fmt: skip
