"""Pages: the kill switch, telling meters something, jobs under way, what groups ought to be; and a meter's commands."""

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from nicegui import ui

from openami.core.errors import DecodeError
from openami.headend.accounts.service import Accounts
from openami.headend.accounts.told import proposed
from openami.headend.commands import desired, jobs, service, templates
from openami.headend.commands.choosing import Choice
from openami.headend.commands.desired import Standing
from openami.headend.commands.jobs import Job
from openami.headend.commands.recipes import RECIPES
from openami.headend.commands.service import Ask, Given, Terms
from openami.headend.kit.access import Permission, scopes
from openami.headend.kit.database import Unit
from openami.headend.orders.schemas import BatchState, Order, State
from openami.headend.orders.switch import Switch
from openami.headend.web.forms.pages import Told, button, field
from openami.headend.web.markup import Column, Html, chip, empty, html, joined, meter_link, strip, table, tile
from openami.headend.web.pages import Live, panel
from openami.headend.web.services import Services
from openami.headend.web.words import count, moment, number

ROWS = 20
ORDERS = 8
MOST_WRONG = 5
STYLES = {State.DONE: "good", State.FAILED: "poor", State.UNKNOWN: "poor", State.QUEUED: "fair", State.LEASED: "fair"}
NAMES = {
    "commands.relay": "Relay", "commands.load": "Look at the load side", "commands.clock": "Clock",
    "commands.read": "Read", "commands.write": "Write", "commands.action": "Method", "commands.script": "Script",
    "commands.check": "Compare",
}  # fmt: skip


def terms(desk: Services, accounts: Accounts) -> Terms:
    """Tell what holds now."""
    return Terms(accounts.rules(is_simulated=desk.is_simulated), desk.settings.commands, desk.now)


async def commands(live: Live, accounts: Accounts) -> None:
    """Everything that goes to meters: whether it may, what is under way, and what ought to be."""
    await live.html(_figures)
    may = await live.desk.ask(_rights)
    if Permission.SYSTEM in may:
        _stop(live, accounts)
    if Permission.COMMANDS in may:
        await _give(live, accounts)
    with panel("Jobs", "full", note="one command to many meters, newest first"):
        await _added(live, Jobs(live, may_change=Permission.COMMANDS in may))
    with panel("What groups ought to be", "full", note="compared with what their meters are"):
        await _added(live, Groups(live, accounts, may))


async def _added(live: Live, part: "Anew") -> None:
    await part.refresh()
    live.parts.append(part)


def _rights(unit: Unit) -> frozenset[Permission]:
    wanted = (Permission.SYSTEM, Permission.COMMANDS, Permission.OPERATE)
    return frozenset(right for right in wanted if scopes(unit, right))


def _figures(unit: Unit) -> Html:
    waiting, found = service.still_open(unit), jobs.jobs(unit, limit=ROWS)
    running = [job for job in found if job.state == "running"]
    return strip([
        _switch(service.switched(unit)),
        tile("Waiting", number(waiting.waiting), "orders that were not begun"),
        tile("In the meters", number(waiting.begun), "orders under way, or to be looked into"),
        tile("Jobs", number(len(running)), "running"),
    ])  # fmt: skip


def _switch(found: Switch) -> Html:
    if found.is_stopped:
        return tile("Commands", "Stopped", f"by {found.who}: {found.why}", "poor")
    if not found.is_commissioned:
        return tile("Commands", "Read only", "this installation was not commissioned yet", "fair")
    return tile("Commands", "Open", "they go out as soon as their meters can be reached", "good")


def _stop(live: Live, accounts: Accounts) -> None:
    with (
        panel("Kill switch", "full", note="stops everything at once; to let it go on takes two people"),
        ui.element("div").classes("fields"),
    ):
        why = field("Why")
        told = Told()

        async def stop() -> None:
            await live.desk.change(lambda unit: service.stop_all(unit, why.value, accounts.wall()), None)
            told.say("Every command is stopped.")
            await live.refresh()

        async def release() -> None:
            rules = accounts.rules(is_simulated=live.desk.is_simulated)
            made = await live.desk.change(lambda unit: service.let_go(unit, rules, why.value), None)
            told.say(proposed(made))
            await live.refresh()

        button("Stop all commands", stop, told, "danger")
        button("Let commands go out", release, told, "plain")


async def _give(live: Live, accounts: Accounts) -> None:
    kept = {each.name: each for each in await live.desk.ask(templates.templates)}
    names = {name: each.title for name, each in RECIPES.items()} | {f"/{n}": f"Template: {n}" for n in kept}
    with (
        panel("Tell meters something", "full", note="what takes two people becomes a proposal"),
        ui.element("div").classes("fields"),
    ):
        command = ui.select(names, value="message", label="Command").props("outlined dense options-dense")
        whom = field("Meters, or an area (/north/)")
        parameters = field("Parameters, as JSON", value='{"text": ""}')
        why = field("Why")
        told = Told()

        def ask() -> Ask:
            chosen = str(command.value)
            template = kept.get(chosen.removeprefix("/")) if chosen.startswith("/") else None
            return Ask(
                command=template.command if template else chosen,
                parameters=template.parameters if template else _json(parameters.value),
                meters=_choice(whom.value), title=template.title if template else "", reason=why.value,
            )  # fmt: skip

        async def give() -> None:
            asked, now = ask(), terms(live.desk, accounts)
            told.say(_given(await live.desk.change(lambda unit: service.give(unit, asked, now), None)))
            await live.refresh()

        async def declare() -> None:
            asked, now = ask(), terms(live.desk, accounts)
            made = await live.desk.change(lambda unit: desired.declare(unit, asked, now), None)
            told.say(f"Declared as what {made.area} ought to be: compare it below.")
            await live.refresh()

        button("Give", give, told)
        button("Declare", declare, told, "plain")


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        raise DecodeError('parameters: expected JSON such as {"text": "hello"}') from None
    if not isinstance(found, dict):
        raise DecodeError("parameters: expected a JSON object")
    return {str(name): value for name, value in found.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _choice(text: str) -> Choice:
    words = re.split(r"[\s,;]+", text.strip())
    if len(words) == 1 and words[0].startswith("/"):
        return Choice(area=words[0])
    return Choice(serials=tuple(word for word in words if word))


def _given(found: Given) -> Html:
    if found.order is not None:
        return html("Given as order {}.", found.order)
    if found.job is not None:
        return html("Given as job {}.", found.job)
    assert found.proposal is not None
    return proposed(found.proposal)


class Anew:
    """Cards with buttons that are built anew when what they show has changed in more than its figures."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.shown: object = None
        self.told = Told()
        self.place = ui.element("div")
        self.figures: dict[int, ui.html] = {}

    async def build(self, key: object, cards: Callable[[], None]) -> None:
        """Put the cards here, unless they are."""
        if key == self.shown:
            return
        self.shown = key
        self.place.clear()
        self.figures.clear()
        with self.place:
            cards()

    async def refresh(self) -> dict[str, str]:
        """Ask again."""
        raise NotImplementedError


class Jobs(Anew):
    """Jobs, each with how far it is and its buttons."""

    def __init__(self, live: Live, *, may_change: bool) -> None:
        super().__init__(live)
        self.may_change = may_change

    async def refresh(self) -> dict[str, str]:
        """Ask again."""
        found, wrong = await self.live.desk.ask(_jobs)
        texts = {job.batch.id: progress(job) + failures(wrong.get(job.batch.id, ())) for job in found}
        await self.build([(job.batch.id, job.state) for job in found], partial(self._cards, found, texts))
        return {self.figures[number].html_id: text for number, text in texts.items()}

    def _cards(self, found: Sequence[Job], texts: dict[int, Html]) -> None:
        if not found:
            ui.html(empty("No job yet", "One command to many meters stands here, with its progress."), sanitize=False)
        for job in found:
            with ui.element("article").classes("proposal").props(f'aria-label="Job {job.batch.id}"'):
                ui.html(self._head(job), sanitize=False)
                self.figures[job.batch.id] = ui.html(texts[job.batch.id], sanitize=False)
                if self.may_change and job.state in {"running", "paused"}:
                    with ui.element("div").classes("acts"):
                        self._buttons(job)

    def _head(self, job: Job) -> Html:
        batch, desk = job.batch, self.live.desk
        return html(
            "<h3>{}</h3><p>Job {} in {}, by {} {} {}</p>", batch.title, batch.id, batch.area, batch.who,
            moment(batch.at, desk.zone, desk.now), chip(job.state, "good" if job.state == "over" else "fair"),
        )  # fmt: skip

    def _buttons(self, job: Job) -> None:
        other = BatchState.RUNNING if job.batch.state is BatchState.PAUSED else BatchState.PAUSED
        title = "Go on" if other is BatchState.RUNNING else "Pause"
        button(title, partial(self._put, job, other), self.told, "plain")
        button("Stop", partial(self._put, job, BatchState.STOPPED), self.told, "danger")

    async def _put(self, job: Job, state: BatchState) -> None:
        desk = self.live.desk
        done = await desk.change(lambda unit: jobs.put(unit, job.batch.id, state, desk.now), None)
        self.told.say(f"Job {job.batch.id} is {done.state}.")
        await self.live.refresh()


def progress(job: Job) -> Html:
    """Draw how far a job is."""
    done = job.counts.get(State.DONE, 0)
    over = sum(count for state, count in job.counts.items() if state not in jobs.OPEN)
    parts = joined(html("{} {} ", number(many), state.value) for state, many in sorted(job.counts.items()))
    style = "good" if done == over else "poor"
    return html(
        '<span class="bar-of {}" role="progressbar" aria-label="Job {}" aria-valuenow="{}" aria-valuemax="{}">'
        '<i style="inline-size:{:.1f}%"></i></span><p>{} of {}: {}</p>',
        style, job.batch.id, over, job.batch.total, 100 * over / job.batch.total, number(over),
        count(job.batch.total, "meter"), parts,
    )  # fmt: skip


def _jobs(unit: Unit) -> tuple[tuple[Job, ...], dict[int, tuple[Order, ...]]]:
    """Give the last jobs, and of each the first orders that went wrong."""
    found = jobs.jobs(unit, limit=ROWS)
    wrong = {
        job.batch.id: jobs.orders_of(unit, job.batch.id, state=state, limit=MOST_WRONG)
        for job in found
        for state in (State.UNKNOWN, State.FAILED)
        if job.counts.get(state)
    }
    return found, wrong


def failures(wrong: Sequence[Order]) -> Html:
    """Say which meters a job could not be carried out in, and why."""
    return joined(
        html('<p class="poor">{}: {}</p>', meter_link(order.serial), order.reason or order.state) for order in wrong
    )


class Groups(Anew):
    """What was declared, and how its meters stand."""

    def __init__(self, live: Live, accounts: Accounts, may: frozenset[Permission]) -> None:
        super().__init__(live)
        self.accounts = accounts
        self.may = may

    async def refresh(self) -> dict[str, str]:
        """Ask again."""
        found = await self.live.desk.ask(desired.declared)
        await self.build([each.desired.id for each in found], partial(self._cards, found))
        return {self.figures[each.desired.id].html_id: self._figures(each) for each in found}

    def _cards(self, found: Sequence[Standing]) -> None:
        if not found:
            advice = "Choose a command that writes and its meters above, and declare it."
            ui.html(empty("Nothing declared", advice), sanitize=False)
        for each in found:
            known = each.desired
            with ui.element("article").classes("proposal").props(f'aria-label="Group {known.id}"'):
                items = ", ".join(f"{item.logical_name} attribute {item.attribute}" for item in known.items)
                ui.html(html("<h3>{}</h3><p>{} in {}</p>", known.title, items, known.area), sanitize=False)
                self.figures[known.id] = ui.html(self._figures(each), sanitize=False)
                with ui.element("div").classes("acts"):
                    if Permission.OPERATE in self.may:
                        button("Compare", partial(self._check, known.id), self.told, "plain")
                    if Permission.COMMANDS in self.may:
                        button("Correct", partial(self._correct, known.id), self.told)

    def _figures(self, each: Standing) -> Html:
        if each.last_checked is None:
            return html("<p>Never compared.</p>")
        when = moment(each.last_checked, self.live.desk.zone, self.live.desk.now)
        drifted = chip(f"{number(each.drifted)} differ", "poor" if each.drifted else "good")
        return html("<p>{} as they ought to be, {}; last compared {}</p>", number(each.as_desired), drifted, when)

    async def _check(self, group: int) -> None:
        now = terms(self.live.desk, self.accounts)
        job = await self.live.desk.change(lambda unit: desired.check(unit, group, now), None)
        self.told.say(f"Compared as job {job}.")
        await self.live.refresh()

    async def _correct(self, group: int) -> None:
        now = terms(self.live.desk, self.accounts)
        found = await self.live.desk.change(lambda unit: desired.correct(unit, group, now), None)
        self.told.say(_given(found))
        await self.live.refresh()


async def meter(live: Live, accounts: Accounts, serial: str) -> None:
    """Commands to one meter, and what became of the last ones."""
    with panel("Commands", "full", note="what it was told, newest first"):
        if Permission.COMMANDS in await live.desk.ask(_rights):
            _acts(live, accounts, serial)
        await live.html(lambda unit: _protection(service.protection(unit, serial)))
        await live.html(lambda unit: _orders(service.orders(unit, serial, limit=ORDERS), live.desk))


def _protection(why: str | None) -> Html:
    return Html() if why is None else html('<p class="notice">Protected from disconnection: {}.</p>', why)


def _acts(live: Live, accounts: Accounts, serial: str) -> None:
    with ui.element("div").classes("fields"):
        why = field("Why")
        text = field("Message to the consumer")
        told = Told()

        def give(name: str, parameters: Callable[[], dict[str, Any]] = dict) -> Callable[[], Awaitable[None]]:
            async def act() -> None:
                ask = Ask(
                    command=name, parameters=parameters(), meters=Choice(serials=(serial,)), reason=why.value
                )  # fmt: skip
                found = await live.desk.change(lambda unit: service.give(unit, ask, terms(live.desk, accounts)), None)
                told.say(_given(found))
                await live.refresh()

            return act

        button("Send message", give("message", lambda: {"text": text.value}), told, "plain")
        button("Set the clock", give("clock"), told, "plain")
        button("End the billing period", give("demand-reset"), told, "plain")

        async def protect() -> None:
            await live.desk.change(lambda unit: service.protect(unit, serial, why.value, accounts.wall()), None)
            told.say("Protected: it takes two people to change that.")
            await live.refresh()

        button("Protect", protect, told, "plain")
        button("Reconnect", give("reconnect"), told, "plain")
        button("Disconnect", give("disconnect"), told, "danger")


def _orders(found: Sequence[Order], desk: Services) -> Html:
    columns = (
        Column("Order", "figure"), Column("State", "end"), Column("What"), Column("Asked", "time"),
        Column("By", "time"), Column("Outcome", "below why"),
    )  # fmt: skip
    rows = [
        (each.id, chip(each.state, STYLES.get(each.state, "")), NAMES.get(each.kind, each.kind),
         moment(each.at, desk.zone, desk.now), each.who, each.reason or _outcome(each))
        for each in found
    ]  # fmt: skip
    return table("Commands", columns, rows) if rows else empty("Nothing was told yet")


def _outcome(found: Order) -> str:
    """Say what an order came to, in words where it is a relay or a clock."""
    result = json.loads(found.result) if found.result else None
    if result is None:
        return ""
    if found.kind == "commands.relay":
        return f"{result['before']} → {result['after']}".replace("_", " ")
    if found.kind == "commands.clock":
        return f"{result['how']}: {result['offset_before_s']:+.0f} s → {result['offset_after_s']:+.0f} s"
    if found.kind == "commands.load":
        return f"relay {result['relay']}, {result['power_w'] or 0:g} W"
    return ", ".join(str(item.get("value")) for item in result.get("items", ()))[:200]
