"""Pages: how well the meters are read, who was not, and the last sessions."""

from collections.abc import Iterable, Sequence

from nicegui import ui

from openami.core.errors import AmiError
from openami.headend.collection.history import Held, Missed, activity, missed, recent
from openami.headend.collection.on_demand import Answer, read_on_demand
from openami.headend.collection.service import OpenItem, Session, open_items, read_rate, sessions
from openami.headend.curves.schemas import Coverage
from openami.headend.curves.service import curve, neighbourhood
from openami.headend.kit.database import Unit
from openami.headend.kit.zone import day_date, zone
from openami.headend.registry.schemas import Lifecycle
from openami.headend.registry.service import count as count_meters
from openami.headend.registry.service import meter as find_meter
from openami.headend.web.markup import Column, Html, chip, empty, html, meter_link, strip, table, tile
from openami.headend.web.pages import Live, panel
from openami.headend.web.services import Services
from openami.headend.web.words import NOTHING, count, day, energy, moment, number, quantity, share, span

DAYS = 7
SESSIONS = 10
IMPORT_ADVICE = Html(
    "Bring in a shipment file: <code>openami headend import FILE --data DIR</code>,"
    " or send it to <code>POST /api/shipments</code>."
)


async def figures(live: Live) -> None:
    """The whole collection in a few figures."""
    await live.html(lambda unit: _figures(unit, live.desk), "figures")


def _figures(unit: Unit, desk: Services) -> Html:
    now = desk.now
    local_days = zone(desk.zone)
    today = local_days.day(now)
    coverage = read_rate(unit, today, now, desk.zone)
    sums = neighbourhood(unit, *local_days.bounds(today))
    known = count_meters(unit)
    work = activity(unit, now)
    if not sum(known.values()):
        return empty("No meters yet", IMPORT_ADVICE)
    missing = coverage.meters - coverage.complete
    in_use = sum(known.get(state, 0) for state in (Lifecycle.INSTALLED, Lifecycle.IN_USE))
    return strip(
        [
            tile(
                "Read rate today",
                rate(coverage),
                f"{number(coverage.intervals)} of {number(coverage.expected)} intervals",
                grade(coverage),
            ),
            tile(
                "Meters read today",
                html("{} <small>of {}</small>", number(coverage.complete), number(in_use)),
                count(missing, "meter") + " missing" if missing > 0 else "none missing",
            ),
            tile("Import today", energy(float(sums.imported.sum())), f"export {energy(float(sums.exported.sum()))}"),
            tile(
                "Collection",
                _doing(work.in_session, work.due),
                f"last session {moment(work.last_session, desk.zone, now)}",
            ),
        ]
    )


def _doing(in_session: int, due: int) -> str:
    if in_session:
        return f"{number(in_session)} in session"
    return f"{number(due)} due" if due else "Idle"


def rate(coverage: Coverage) -> str:
    """Share of a day that is stored; nothing where nothing was due."""
    return share(coverage.rate) if coverage.expected else NOTHING


def grade(coverage: Coverage) -> str:
    """Colour of a read rate: the goal is 99 %."""
    if not coverage.expected:
        return "none"
    return "good" if coverage.rate >= 0.99 else "fair" if coverage.rate >= 0.9 else "poor"


async def days(live: Live) -> None:
    """Read rate of the last days."""
    with panel("Read rate", "side", note=f"last {DAYS} days"):
        await live.html(lambda unit: _days(unit, live.desk), "days")


def _days(unit: Unit, desk: Services) -> Html:
    now = desk.now
    today = zone(desk.zone).day(now)
    coverages = [read_rate(unit, today - back, now, desk.zone) for back in range(DAYS)]
    columns = (Column("Day", "time"), Column("Read rate", "bar-cell"), Column("", "figure"), Column("Meters", "figure"))
    return table("Read rate by day", columns, [_day(coverage, today) for coverage in coverages], is_narrow=True)


def _day(coverage: Coverage, today: int) -> Sequence[object]:
    name = "Today" if coverage.day == today else day(day_date(coverage.day))
    bar = html(
        '<span class="bar-of {}"><i style="inline-size:{:.2f}%"></i></span>',
        grade(coverage),
        coverage.rate * 100,
    )
    complete = html("{}<small>/{}</small>", number(coverage.complete), number(coverage.meters))
    return name, bar, rate(coverage), complete


async def failures(live: Live) -> None:
    """Meters that were not read, and why."""
    with panel("Not read", "half", note="meters whose last session did not bring everything"):
        await live.html(lambda unit: _failures(missed(unit), live.desk.now), "failures")


def _failures(found: Iterable[Missed], now: float) -> Html:
    rows = [(meter_link(m.serial), moment(m.last_read, m.zone, now), m.reason) for m in found]
    columns = (Column("Meter", "code"), Column("Last read", "time end"), Column("Why not", "below why"))
    if not rows:
        return empty("Nothing failed", "A meter that cannot be read stands here, with the reason.")
    return table("Meters not read", columns, rows)


async def last_sessions(live: Live) -> None:
    """Latest sessions with any meter."""
    with panel("Last sessions", "half"):
        await live.html(lambda unit: _last_sessions(recent(unit, SESSIONS), live.desk.now), "sessions")


def _last_sessions(found: Iterable[Held], now: float) -> Html:
    columns = (
        Column("Time", "time"), Column("Meter", "code end"), Column("New intervals", "figure"),
        Column("Took", "figure"), Column("Outcome", "below"),
    )  # fmt: skip
    rows = [
        (moment(s.at, s.zone, now), meter_link(s.serial), number(s.rows), span(s.seconds), outcome(s.reason))
        for s in found
    ]
    if not rows:
        return empty("No session yet", "They stand here as soon as a collector runs.")
    return table("Last sessions", columns, rows)


def outcome(reason: str | None) -> Html:
    """Say how a session went."""
    return chip("read", "good") if reason is None else html("{}", reason)


async def read_now(live: Live, serial: str) -> None:
    """Put a button here that reads a meter at once, and what came of it."""
    with ui.element("div").classes("demand"):
        button = ui.button("Read now", color=None).props("unelevated no-caps dense").classes("primary")
        said = ui.html("", sanitize=False).props('role="status"')

    async def read() -> None:
        button.props("loading")
        said.set_content("")
        try:
            said.set_content(told(await read_on_demand(live.desk, serial)))
        except AmiError as error:
            said.set_content(html('<span class="poor">{}</span>', error))
        finally:
            button.props(remove="loading")
        await live.refresh()

    button.on_click(read)


def told(answer: Answer) -> Html:
    """Say how reading on demand went."""
    if not answer.is_read:
        return html('<span class="{}">{}</span>', "poor" if answer.is_over else "fair", answer.reason)
    if answer.session is None:
        return html('<span class="good">Read</span>')
    new = count(answer.session.rows, "new interval")
    return html('<span class="good">Read in {}, {}</span>', span(answer.session.seconds), new)


async def standing(live: Live, serial: str) -> None:
    """Show how a meter stands in a few figures."""
    await live.html(lambda unit: _standing(unit, live.desk, serial))


def _standing(unit: Unit, desk: Services, serial: str) -> Html:
    meter, now = find_meter(unit, serial), desk.now
    local_days = zone(meter.zone)
    today = curve(unit, serial, *local_days.bounds(local_days.day(now)))
    offset = meter.clock_offset_s
    sign = "+" if offset and offset > 0 else ""
    return strip(
        [
            tile(
                "Last read",
                moment(meter.last_read, meter.zone, now),
                f"last contact {moment(meter.last_contact, meter.zone, now)}",
            ),
            tile("Why not", meter.reason, "why the last session failed", "poor words")
            if meter.reason
            else tile("Missing", NOTHING, "everything that was due came in"),
            tile(
                "Import today",
                energy(float((today.imported * today.wh).sum())),
                f"export {energy(float((today.exported * today.wh).sum()))}",
            ),
            tile(
                "Clock",
                NOTHING if offset is None else sign + quantity(offset, "s", 1),
                f"against ours · {meter.zone}",
            ),
        ]
    )


async def due(live: Live, serial: str) -> None:
    """List what a meter has to deliver, and what kept it."""
    with panel("What is due", "side"):
        await live.html(lambda unit: _due(open_items(unit, serial), find_meter(unit, serial).zone, live.desk.now))


def _due(items: Sequence[OpenItem], zone_name: str, now: float) -> Html:
    if not items:
        return empty("Nothing to read", "A meter is read once it has an address and is in use.")
    kept: dict[tuple[str, object, str], list[str]] = {}
    for item in items:
        when = chip("now", "fair") if item.due <= now else moment(item.due, zone_name, now)
        why = _kept(item)
        kept.setdefault((why or item.item, when, why), []).append(item.item)
    columns = (Column("Item"), Column("Due", "time"), Column("Why not", "why"))
    rows = [(", ".join(names), when, why) for (_, when, why), names in kept.items()]
    return table("What is due", columns, rows, is_narrow=True)


def _kept(item: OpenItem) -> str:
    if item.is_leased:
        return "in session"
    return f"{item.reason} (tried {count(item.attempts, 'time')})" if item.reason else ""


async def sessions_held(live: Live, serial: str) -> None:
    """List the last sessions with a meter."""
    with panel("Last sessions", "side"):
        await live.html(
            lambda unit: _sessions(sessions(unit, serial, SESSIONS), find_meter(unit, serial).zone, live.desk.now)
        )


def _sessions(found: Sequence[Session], zone_name: str, now: float) -> Html:
    if not found:
        return empty("No session yet", "They stand here as soon as a collector runs.")
    columns = (
        Column("Time", "time"), Column("New intervals", "figure minor"), Column("Took", "figure minor"),
        Column("Outcome"),
    )  # fmt: skip
    rows = [(moment(s.at, zone_name, now), number(s.rows), span(s.seconds), outcome(s.reason)) for s in found]
    return table("Last sessions", columns, rows, is_narrow=True)
