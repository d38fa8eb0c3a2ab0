"""Pages: alarms that nobody has acknowledged, tamper cases, and what became of the others."""

from functools import partial

from nicegui import ui

from openami.headend.events import alarms as service
from openami.headend.events import cases
from openami.headend.events.alarm_bits import Severity
from openami.headend.events.alarms import EVERYTHING, Alarm, Wanted
from openami.headend.events.cases import Case, CaseState
from openami.headend.kit.access import Permission, covers, scopes
from openami.headend.kit.database import Unit
from openami.headend.web.forms.pages import Told, button, field
from openami.headend.web.markup import Column, Html, chip, empty, html, joined, link, strip, table, tile
from openami.headend.web.pages import Live, choice, panel
from openami.headend.web.words import count, moment

ROWS = 25
CARDS = 12
STYLES = {Severity.CRITICAL: "poor", Severity.MAJOR: "poor", Severity.MINOR: "fair", Severity.INFO: ""}
CLEARING = {
    "none": "", "waiting": "still set in the meter", "ordered": "being cleared in the meter",
    "cleared": "cleared in the meter",
}  # fmt: skip


class Open:
    """Alarms that nobody has acknowledged, each with its button; built anew when the list changes."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.least = Severity.INFO
        self.shown: tuple[tuple[int, int, str], ...] | None = None
        self.told = Told()
        self.place = ui.element("div")

    async def refresh(self) -> dict[str, str]:
        """Ask again."""
        wanted = Wanted(least=self.least)
        page, places = await self.live.desk.ask(
            lambda unit: (service.listed(unit, wanted, limit=CARDS), scopes(unit, Permission.OPERATE))
        )
        state = tuple((alarm.id, alarm.times, alarm.clearing) for alarm in page.alarms)
        if state != self.shown:
            self.shown = state
            self.place.clear()
            with self.place:
                for alarm in page.alarms:
                    self._card(alarm, may=covers(places, alarm.area))
                if not page.alarms:
                    ui.html(empty("No alarm stands", "Alarms that meters tell stand here until somebody acknowledges "
                                  "them."), sanitize=False)  # fmt: skip
                elif page.before is not None:
                    ui.html(html('<p class="more">The newest {}; there are more.</p>', CARDS), sanitize=False)
        return {}

    def _card(self, alarm: Alarm, *, may: bool) -> None:
        with ui.element("article").classes("proposal").props(f'aria-label="Alarm {alarm.id}"'):
            ui.html(_told(alarm, self.live.desk.now), sanitize=False)
            if may:
                with ui.element("div").classes("acts"):
                    note = field(f"Note on alarm {alarm.id}")
                    button("Acknowledge", lambda: self._acknowledge(alarm, note.value), self.told)

    async def _acknowledge(self, alarm: Alarm, note: str) -> None:
        now = self.live.desk.now
        await self.live.desk.change(lambda unit: service.acknowledge(unit, [alarm.id], note, now))
        self.told.say(f"Alarm {alarm.id} of {alarm.serial} is acknowledged.")
        with self.place:  # the button, whose place this was, goes with its card
            await self.live.refresh()

    async def choose(self, least: Severity) -> None:
        """Show alarms from a severity on."""
        self.least = least
        await self.refresh()


def _told(alarm: Alarm, now: float) -> Html:
    often = "" if alarm.times == 1 else f", {alarm.times} times, last {moment(alarm.last, alarm.zone, now)}"
    unproved = "" if alarm.is_proved else html("; {}", chip("not proved: it came in clear", "fair"))
    clearing = CLEARING[alarm.clearing]
    return html(
        "<h3>{} {}</h3><p>Meter {}, {}{}{}{}{}</p>", chip(alarm.severity.name.lower(), STYLES[alarm.severity]),
        alarm.meaning, link(f"/meters/{alarm.serial}", alarm.serial), moment(alarm.began, alarm.zone, now), often,
        f"; {clearing}" if clearing else "", unproved, f" ({alarm.why})" if alarm.why else "",
    )  # fmt: skip


async def alarms(live: Live) -> None:
    """Everything about alarms."""
    with panel("Standing", "full"):
        await live.html(_figures)
    with panel("Alarms", "full", note="that nobody has acknowledged, newest first") as beside:
        standing = Open(live)
    await standing.refresh()
    live.parts.append(standing)
    names = {severity: severity.name.capitalize() for severity in Severity}
    with beside:
        choice({**names, Severity.INFO: "All"}, Severity.INFO, "Severity from", standing.choose)
    with panel("Tamper cases", "full", note="what one meter tells that looks like meddling"):
        open_cases = OpenCases(live)
    await open_cases.refresh()
    live.parts.append(open_cases)
    with panel("History", "full", note="all alarms, newest first"):
        await live.paged(partial(_history, live.desk.now))


def _figures(unit: Unit) -> Html:
    found = service.standing(unit)
    return strip(
        tile(severity.name.capitalize(), found.get(severity, 0), "not acknowledged",
             STYLES[severity] if found.get(severity) else "")
        for severity in reversed(Severity)
    )  # fmt: skip


def _history(now: float, unit: Unit, before: int | None) -> tuple[Html, int | None]:
    page = service.listed(unit, EVERYTHING, before=before, limit=ROWS)
    if not page.alarms:
        return empty("No alarm yet", "No meter has told one."), None
    columns = (
        Column("Alarm", "code minor"), Column("Severity", "end"), Column("What", "below"), Column("Meter", "time"),
        Column("Began", "time"), Column("Times", "figure minor"), Column("In the meter", "below"),
        Column("Acknowledged", "below why"),
    )  # fmt: skip
    rows = [
        (alarm.id, chip(alarm.severity.name.lower(), STYLES[alarm.severity]), alarm.meaning,
         link(f"/meters/{alarm.serial}", alarm.serial), moment(alarm.began, alarm.zone, now), alarm.times,
         CLEARING[alarm.clearing], _seen(alarm, now))
        for alarm in page.alarms
    ]  # fmt: skip
    return table("All alarms", columns, rows), page.before


def _seen(alarm: Alarm, now: float) -> str:
    if alarm.acknowledged is None:
        return f"suppressed by rule {alarm.suppressed}" if alarm.suppressed else "not acknowledged yet"
    return f"{moment(alarm.acknowledged, alarm.zone, now)} {alarm.who}{f': {alarm.note}' if alarm.note else ''}"


class OpenCases:
    """Tamper cases that are not closed, each with what may become of it."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.shown: tuple[object, ...] | None = None
        self.told = Told()
        self.place = ui.element("div")

    async def refresh(self) -> dict[str, str]:
        """Ask again."""
        found, places = await self.live.desk.ask(_open_cases)
        if found != self.shown:
            self.shown = found
            self.place.clear()
            with self.place:
                for case in found:
                    self._card(case, may=covers(places, case.area))
                if not found:
                    ui.html(empty("No open case", "Nothing looks like meddling."), sanitize=False)
        return {}

    def _card(self, case: Case, *, may: bool) -> None:
        now = self.live.desk.now
        with ui.element("article").classes("proposal").props(f'aria-label="Case {case.id}"'):
            told = joined(
                html("<li>{} {}{}</li>", moment(e.at, case.zone, now), e.what, f" ({e.who})" if e.who else "")
                for e in case.evidence[-8:]
            )
            ui.html(html(
                "<h3>{} Meter {}</h3><p>Case {}, {}, since {}.</p><ul>{}</ul>", chip(case.state, "fair"),
                link(f"/meters/{case.serial}", case.serial), case.id, count(len(case.evidence), "piece")
                + " of evidence", moment(case.opened, case.zone, now), told,
            ), sanitize=False)  # fmt: skip
            if may:
                with ui.element("div").classes("acts"):
                    note = field(f"Note on case {case.id}")
                    if case.state is CaseState.OPEN:
                        button("Investigate", lambda: self._move(case, CaseState.INVESTIGATING, note.value), self.told)
                    button("Confirmed", lambda: self._move(case, CaseState.CONFIRMED, note.value), self.told, "danger")
                    button("Unfounded", lambda: self._move(case, CaseState.UNFOUNDED, note.value), self.told, "plain")

    async def _move(self, case: Case, state: CaseState, note: str) -> None:
        now = self.live.desk.now
        await self.live.desk.change(lambda unit: cases.move(unit, case.id, state, note, now))
        self.told.say(f"Case {case.id} is {state}.")
        with self.place:  # the button, whose place this was, goes with its card
            await self.live.refresh()


def _open_cases(unit: Unit) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    page = cases.listed(unit, limit=CARDS)
    return tuple(cases.case(unit, case.id) for case in page.cases), scopes(unit, Permission.OPERATE)
