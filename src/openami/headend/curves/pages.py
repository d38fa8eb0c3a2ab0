"""Pages: the energy of the neighbourhood, and the load curve of a meter."""

from urllib.parse import quote

import numpy as np
from nicegui import ui

from openami.headend.curves.service import curve
from openami.headend.curves.service import neighbourhood as sum_neighbourhood
from openami.headend.kit.database import Unit
from openami.headend.web.charts import Picture, Series
from openami.headend.web.markup import html
from openami.headend.web.pages import ChartPart, Live, choice, panel
from openami.headend.web.services import Services
from openami.headend.web.words import local

DAY_S = 86_400
HISTORY_S = 10 * DAY_S
IMPORT, EXPORT = "var(--import)", "var(--export)"
SPANS = (("1 day", DAY_S), ("3 days", 3 * DAY_S), ("10 days", HISTORY_S))
LEGEND = html('<ul class="legend"><li class="import">Import</li><li class="export">Export</li></ul>')


async def neighbourhood(live: Live) -> None:
    """Energy of the neighbourhood per interval."""
    note = "sum over all meters, kWh per quarter of an hour"
    with panel("Energy of the neighbourhood", "wide", note=note) as beside:
        part = await live.chart(lambda unit: _neighbourhood(unit, live.desk), 3 * DAY_S)
    with beside:
        ui.html(LEGEND, sanitize=False)
        _spans(part, 3 * DAY_S)


def _neighbourhood(unit: Unit, desk: Services) -> Picture:
    now = int(desk.now)
    found = sum_neighbourhood(unit, now - HISTORY_S, now)
    series = [
        Series("Import", IMPORT, found.imported / 1000),
        Series("Export", EXPORT, found.exported / -1000),
    ]
    mean = ("kW mean", 3600 / found.length_s)
    title = "Energy of the neighbourhood per interval"
    return Picture(title, found.starts, found.length_s, desk.zone, "kWh", mean, series)


async def load_curve(live: Live, serial: str) -> None:
    """Load curve of a meter."""
    with panel("Load curve", "full", note="mean power of each quarter of an hour") as beside:
        part = await live.chart(lambda unit: _load_curve(unit, live.desk, serial), 3 * DAY_S)
    with beside:
        ui.html(LEGEND, sanitize=False)
        _spans(part, 3 * DAY_S)
        first = local(live.desk.now - HISTORY_S, live.desk.zone).date()
        path = f"/api/meters/{quote(serial, safe='')}/curve?format=csv&start={first}"
        ui.html(html('<a class="quiet" href="{}" download>CSV</a>', path), sanitize=False)


def _load_curve(unit: Unit, desk: Services, serial: str) -> Picture:
    now = int(desk.now)
    found = curve(unit, serial, now - HISTORY_S, now)
    kilowatts = found.wh * 3600 / found.length_s / 1000
    known = [np.where(found.is_known, energy * kilowatts, np.nan) for energy in (found.imported, -found.exported)]
    series = [Series("Import", IMPORT, known[0]), Series("Export", EXPORT, known[1])]
    energy = ("kWh", found.length_s / 3600)
    title = f"Load curve of meter {serial}"
    return Picture(title, found.starts, found.length_s, found.zone, "kW", energy, series)


def _spans(part: ChartPart, chosen: int) -> None:
    choice({seconds: title for title, seconds in SPANS}, chosen, "Time shown", part.show_last)
