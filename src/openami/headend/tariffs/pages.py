"""Pages: tariff calendars and their versions, and roll-outs on their way."""

import json
import re
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import quote
from zoneinfo import ZoneInfo

from nicegui import ui
from pydantic import ValidationError

from openami.core.errors import DecodeError
from openami.headend.accounts.roles import scope
from openami.headend.accounts.service import Accounts
from openami.headend.accounts.told import proposed
from openami.headend.commands.choosing import Choice
from openami.headend.kit.access import Permission, scopes
from openami.headend.kit.database import Unit
from openami.headend.tariffs import following, rollouts, service
from openami.headend.tariffs.documents import Day, Document
from openami.headend.tariffs.following import Rollout
from openami.headend.tariffs.octets import Difference
from openami.headend.tariffs.payloads import State
from openami.headend.tariffs.service import Edit, UnknownTariffError, Version
from openami.headend.web.forms.pages import Told, button, field
from openami.headend.web.markup import Column, Html, chip, empty, html, joined, link, table
from openami.headend.web.pages import Live, panel
from openami.headend.web.services import Services
from openami.headend.web.words import NOTHING, count, local, moment

ROWS = 25
PATH = "/tariffs"
DAY_MIN = 1_440
INNERMOST = re.compile(r"[\[{][^\[\]{}]*[\]}]")
"""Lists and objects that hold no others: they stand on one line."""
STYLES = {State.ACTIVE: "good", State.WRITTEN: "fair", State.FAILED: "poor"}
EXAMPLE = {
    "name": "T2",
    "seasons": [{"name": "year", "start": "01-01", "week": "week"}],
    "weeks": [{"name": "week", "days": [1, 1, 1, 1, 1, 2, 2]}],
    "days": [
        {"id": 1, "switches": [{"at": "00:00", "rate": 1}, {"at": "07:00", "rate": 2}, {"at": "23:00", "rate": 1}]},
        {"id": 2, "switches": [{"at": "00:00", "rate": 1}]},
    ],
    "special": [{"name": "Easter Monday", "day": 2, "easter": 1}, {"name": "Christmas", "day": 2, "date": "12-25"}],
}


async def tariffs(live: Live) -> None:
    """All calendars, and all roll-outs."""
    with panel("Calendars", "full", note="a version is never changed; it does nothing until it is rolled out"):
        await live.paged(partial(_calendars, live.desk))
    with panel("Roll-outs", "full", note="newest first"):
        await live.paged(partial(_rollouts, live.desk))
    if await live.desk.ask(lambda unit: bool(scopes(unit, Permission.TARIFFS)), None):
        _new(live)


def _calendars(desk: Services, unit: Unit, after: str | None) -> tuple[Html, str | None]:
    found = service.calendars(unit, after=after or "", limit=ROWS + 1)
    if not found:
        return empty("No calendars yet", "Write one below, or send it to POST /api/tariffs/calendars."), None
    columns = (
        Column("Calendar"), Column("Version", "figure end"), Column("In meters", "code"), Column("Days", "below"),
        Column("By"), Column("When", "time"),
    )  # fmt: skip
    rows = [
        (
            link(f"{PATH}/{quote(v.name, safe='')}", v.name), v.version, v.document.name,
            joined(_strip(day) for day in v.document.days), v.who, moment(v.at, desk.zone, desk.now),
        )
        for v in found[:ROWS]
    ]  # fmt: skip
    return table("Calendars", columns, rows), found[ROWS - 1].name if len(found) > ROWS else None


def _strip(day: Day) -> Html:
    """Draw the rates of a day from midnight to midnight."""
    begins = [int(s.at[:2]) * 60 + int(s.at[3:]) for s in day.switches]
    ends = [*begins[1:], DAY_MIN]
    told = ", ".join(f"{s.at} rate {s.rate}" for s in day.switches)
    parts = joined(
        html('<i class="r{}" style="inline-size:{:.2f}%">{}</i>', (s.rate - 1) % 4 + 1, (e - b) * 100 / DAY_MIN, s.rate)
        for s, b, e in zip(day.switches, begins, ends, strict=True)
    )
    return html('<span class="day" role="img" aria-label="day {}: {}" title="{}">{}</span>', day.id, told, told, parts)


def _rollouts(desk: Services, unit: Unit, before: int | None) -> tuple[Html, int | None]:
    found = following.rollouts(unit, before=before, limit=ROWS + 1)
    if not found:
        return empty("Nothing was rolled out yet"), None
    columns = (
        Column("Number", "code"), Column("Title"), Column("Calendar"), Column("Meters", "below"),
        Column("Active from", "time"), Column("By"), Column("Proposed", "time"),
    )  # fmt: skip
    rows = [
        (
            link(f"{PATH}/roll-outs/{r.id}", r.id), r.title, f"{r.calendar} {r.version}", _counts(r),
            "at once" if r.activates is None else moment(r.activates, desk.zone, desk.now), r.who,
            moment(r.at, desk.zone, desk.now),
        )
        for r in found[:ROWS]
    ]  # fmt: skip
    return table("Roll-outs", columns, rows), found[ROWS - 1].id if len(found) > ROWS else None


def _counts(found: Rollout) -> Html:
    return joined(
        html("{} ", chip(f"{number} {state}", STYLES.get(state, ""))) for state, number in found.counts.items()
    )


def _new(live: Live) -> None:
    with panel("New calendar", "full", note="as JSON; days that move are easter: 1, or nth, weekday and month"):
        with ui.element("div").classes("fields"):
            name, area = field("Name"), field("Scope that edits it", value="/")
        given, told = _editor(EXAMPLE), Told()

        async def make() -> None:
            edit = Edit(_document(given.value), 0, live.desk.now)
            made = await live.desk.change(lambda unit: service.make(unit, name.value.strip(), scope(area.value), edit))
            ui.navigate.to(f"{PATH}/{quote(made.name, safe='')}")

        with ui.element("div").classes("fields"):
            button("Keep it", make, told)


def _editor(document: object) -> ui.textarea:
    text = INNERMOST.sub(lambda found: " ".join(found[0].split()), json.dumps(document, indent=2, ensure_ascii=False))
    made = ui.textarea("Calendar", value=text).props("outlined dense autogrow spellcheck=false").classes("editor")
    made.props('input-class="code"')
    return made


def _document(text: str | None) -> Document:
    try:
        return Document.model_validate_json(text or "")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise DecodeError(f"{'.'.join(map(str, first['loc'])) or 'calendar'}: {first['msg']}") from None


async def calendar(live: Live, accounts: Accounts, name: str) -> None:
    """One calendar: its latest version, what is new about it, editing, and bringing it to meters."""
    desk = live.desk
    try:
        found = await desk.ask(lambda unit: service.versions(unit, name))
    except UnknownTariffError as error:
        _unknown(error)
        return
    await live.html(lambda unit: _head(desk, service.calendar(unit, name)))
    with panel("Days", "full", note="rates from midnight to midnight, local time"):
        await live.html(lambda unit: _whole(desk, service.calendar(unit, name)))
    with panel("Versions", "full", note="and what each has changed"):
        await live.html(lambda unit: _versions(desk, unit, name))
    if await desk.ask(lambda unit: bool(scopes(unit, Permission.TARIFFS)), None):
        _bring(live, accounts, name)
        _edit(live, found[0])


def _head(desk: Services, found: Version) -> Html:
    return html(
        '<p class="crumbs"><a href="{}">Tariffs</a></p><h1>{}</h1><p class="subtitle">version {} · {} in meters · '
        "edited in {} · {} {}</p>",
        PATH, found.name, found.version, found.document.name, found.area, found.who,
        moment(found.at, desk.zone, desk.now),
    )  # fmt: skip


def _whole(desk: Services, found: Version) -> Html:
    document, year = found.document, local(desk.now, desk.zone).year
    weeks = {week.name: week for week in document.weeks}
    columns = (Column("Day", "code"), Column("Rates", "below"), Column("On", "below"))
    rows: list[tuple[object, ...]] = []
    for day in document.days:
        on = [
            f"{['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][place]} from {season.start}"
            for season in document.seasons for place, kind in enumerate(weeks[season.week].days) if kind == day.id
        ]  # fmt: skip
        special = [
            f"{s.name or 'special'} {s.date or f'{s.on(year):%d %b %Y}'}" for s in document.special if s.day == day.id
        ]
        rows.append((day.id, _strip(day), ", ".join([*on, *special]) or NOTHING))
    return table("Days", columns, rows)


def _versions(desk: Services, unit: Unit, name: str) -> Html:
    found, year = service.versions(unit, name)[:ROWS], local(desk.now, desk.zone).year
    columns = (
        Column("Version", "code"), Column("Note"), Column("Changed", "below why"), Column("By"), Column("When", "time"),
    )  # fmt: skip
    rows: list[tuple[object, ...]] = []
    for version in found:
        changed: list[Difference] = []
        if version.version > 1:
            changed = service.differences(unit, name, version.version - 1, version.version, year)
        told = "; ".join(f"{d.what}: {d.before or 'nothing'} → {d.after or 'nothing'}" for d in changed)
        when = moment(version.at, desk.zone, desk.now)
        rows.append((version.version, version.note, told, version.who, when))
    return table("Versions", columns, rows)


def _bring(live: Live, accounts: Accounts, name: str) -> None:
    desk = live.desk
    tomorrow = local(desk.now, desk.zone).replace(hour=0, minute=0, second=0) + timedelta(days=1)
    with panel("Bring it to meters", "full", note="the latest version; takes a second person"):
        with ui.element("div").classes("fields"):
            area, prefix = field("Area", value="/"), field("Serial numbers begin with")
            at = field("Active from (empty: at once)", value=f"{tomorrow:%Y-%m-%d %H:%M}")
            why = field("Why")
        told = Told()

        async def propose() -> None:
            chosen = Choice(area=scope(area.value), prefix=prefix.value.strip() or None)
            wish = rollouts.Ask(
                calendar=name, meters=chosen, activates=_instant(at.value, desk.zone), reason=why.value
            )  # fmt: skip
            rules = accounts.rules(is_simulated=desk.is_simulated)
            told.say(proposed(await desk.change(lambda unit: rollouts.ask(unit, wish, rules, desk.now))))

        with ui.element("div").classes("fields"):
            button("Propose", propose, told)


def _instant(text: str, zone: str) -> int | None:
    if not text.strip():
        return None
    try:
        return int(datetime.fromisoformat(text.strip()).replace(tzinfo=ZoneInfo(zone)).timestamp())
    except ValueError:
        raise DecodeError(f"{text!r} is no time: expected 2027-01-01 00:00") from None


def _edit(live: Live, found: Version) -> None:
    with panel("Next version", "full", note=f"made from version {found.version}"):
        with ui.element("div").classes("fields"):
            note = field("What is new")
        given = _editor(found.document.model_dump(mode="json", exclude_none=True))
        told = Told()

        async def keep() -> None:
            edit = Edit(_document(given.value), found.version, live.desk.now, note.value)
            await live.desk.change(lambda unit: service.change(unit, found.name, edit))
            ui.navigate.reload()

        with ui.element("div").classes("fields"):
            button("Keep as next version", keep, told)


async def rollout(live: Live, accounts: Accounts, number: int) -> None:
    """One roll-out: its meters, and taking it back."""
    desk = live.desk
    try:
        await desk.ask(lambda unit: following.rollout(unit, number))
    except UnknownTariffError as error:
        _unknown(error)
        return
    await live.html(lambda unit: _rollout(desk, following.rollout(unit, number)))
    with panel("Meters", "full", note="in order of serial numbers"):
        await live.paged(partial(_standings, number))
    if not await desk.ask(lambda unit: bool(scopes(unit, Permission.TARIFFS)), None):
        return
    with panel("Take it back", "full", note="what waits is cancelled, what is active gives way; takes two people"):
        with ui.element("div").classes("fields"):
            why = field("Why")
        told = Told()

        async def back() -> None:
            rules = accounts.rules(is_simulated=desk.is_simulated)
            made = await desk.change(lambda unit: rollouts.ask_back(unit, number, rules, desk.now, why.value))
            told.say(proposed(made))

        with ui.element("div").classes("fields"):
            button("Take it back", back, told, "danger")


def _rollout(desk: Services, found: Rollout) -> Html:
    when = "active at once" if found.activates is None else f"active from {moment(found.activates, desk.zone, 0)}"
    return html(
        '<p class="crumbs"><a href="{}">Tariffs</a></p><h1>{} {}</h1><p class="subtitle">'
        "{} version {} · {} · {} · {}</p>",
        PATH, found.title, _counts(found), found.calendar, found.version, when,
        count(sum(found.counts.values()), "meter"), found.who,
    )  # fmt: skip


def _standings(number: int, unit: Unit, after: str | None) -> tuple[Html, str | None]:
    found = following.standings(unit, number, after=after or "", limit=ROWS + 1)
    columns = (Column("Meter", "code"), Column("State", "end"), Column("Had before"), Column("Why", "below why"))
    rows = [
        (link(f"/meters/{quote(s.serial, safe='')}", s.serial), chip(s.state, STYLES.get(s.state, "")),
         s.before or NOTHING, s.reason or "") for s in found[:ROWS]
    ]  # fmt: skip
    return table("Meters", columns, rows), found[ROWS - 1].serial if len(found) > ROWS else None


def _unknown(error: UnknownTariffError) -> None:
    ui.status_code(404)
    ui.html(empty(str(error).capitalize(), html('<a href="{}">All tariffs</a>', PATH)), sanitize=False)
