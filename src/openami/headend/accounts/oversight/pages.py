"""Pages: proposals that wait for a second person, and the audit."""

import asyncio
import json
from functools import partial

from nicegui import ui

from openami.headend.accounts import audit as chain
from openami.headend.accounts import proposals as four_eyes
from openami.headend.accounts.proposals import KINDS, Proposal, State
from openami.headend.accounts.service import Accounts
from openami.headend.accounts.told import proposed
from openami.headend.kit.access import covers, scopes
from openami.headend.kit.database import Unit
from openami.headend.web.forms.pages import Told, button, field
from openami.headend.web.markup import Column, Html, chip, empty, html, joined, table
from openami.headend.web.pages import Live, panel
from openami.headend.web.services import Services
from openami.headend.web.words import local

ROWS = 25
STATES = {State.OPEN: "fair", State.DONE: "good", State.REFUSED: "poor"}


class Waiting:
    """Proposals that wait, each with its buttons; built anew when the list changes."""

    def __init__(self, live: Live, accounts: Accounts) -> None:
        self.live = live
        self.accounts = accounts
        self.shown: tuple[int, ...] | None = None
        self.told = Told()
        self.place = ui.element("div")

    async def refresh(self) -> dict[str, str]:
        """Ask again."""
        found, _ = await self.live.desk.ask(lambda unit: four_eyes.listed(unit, state=State.OPEN, limit=100), None)
        numbers = tuple(proposal.id for proposal in found)
        if numbers != self.shown:
            self.shown = numbers
            may = await self.live.desk.ask(lambda unit: [self._may_approve(unit, p) for p in found], None)
            self.place.clear()
            with self.place:
                for proposal, is_mine_to_approve in zip(found, may, strict=True):
                    self._card(proposal, may_approve=is_mine_to_approve)
                if not found:
                    advice = "What takes two people stands here until another person agrees."
                    ui.html(empty("Nothing waits", advice), sanitize=False)
        return {}

    def _may_approve(self, unit: Unit, found: Proposal) -> bool:
        kind = KINDS.get(found.kind)
        return kind is not None and covers(scopes(unit, kind.approves), found.scope)

    def _card(self, found: Proposal, *, may_approve: bool) -> None:
        desk = self.live.desk
        with ui.element("article").classes("proposal").props(f'aria-label="Proposal {found.id}"'):
            ui.html(html(
                "<h3>{}</h3><p>Number {}, {} in {}; proposed by {} {}, open until {}.</p>{}<details>"
                "<summary>All that is proposed</summary><pre>{}</pre></details>",
                found.sentence, found.id, found.kind, found.scope, found.proposer,
                self.accounts.when(found.at, desk.zone), self.accounts.when(found.expires, desk.zone),
                html("<p>“{}”</p>", found.reason) if found.reason else "",
                json.dumps(json.loads(found.payload), indent=2, ensure_ascii=False),
            ), sanitize=False)  # fmt: skip
            with ui.element("div").classes("acts"):
                if found.account == desk.actor.account and found.account is not None:
                    ui.html(html("<span>Another person has to approve this.</span>"), sanitize=False)
                    button("Withdraw", partial(self._withdraw, found), self.told, "plain")
                elif may_approve:
                    button("Approve", partial(self._approve, found), self.told)
                    why = field("Why not")
                    button("Refuse", lambda: self._refuse(found, why.value), self.told, "danger")

    async def _approve(self, found: Proposal) -> None:
        now = self.accounts.wall()
        done = await self.live.desk.change(lambda unit: four_eyes.approve(unit, found.id, found.digest, now), None)
        self.told.say(proposed(done))
        with self.place:  # the button, whose place this was, goes with its card
            await self.live.refresh()

    async def _refuse(self, found: Proposal, why: str) -> None:
        now = self.accounts.wall()
        await self.live.desk.change(lambda unit: four_eyes.refuse(unit, found.id, why, now), None)
        self.told.say(f"Number {found.id} is refused.")
        with self.place:  # the button, whose place this was, goes with its card
            await self.live.refresh()

    async def _withdraw(self, found: Proposal) -> None:
        now = self.accounts.wall()
        await self.live.desk.change(lambda unit: four_eyes.withdraw(unit, found.id, now), None)
        self.told.say(f"Number {found.id} is withdrawn.")
        with self.place:  # the button, whose place this was, goes with its card
            await self.live.refresh()


async def proposals(live: Live, accounts: Accounts) -> None:
    """What waits for a second person, and what was decided."""
    with panel("Waiting for a second person", "full"):
        waiting = Waiting(live, accounts)
    await waiting.refresh()
    live.parts.append(waiting)
    with panel("Decided", "full", note="newest first"):
        await live.paged(partial(_decided, live.desk, accounts), needs=None)


def _decided(desk: Services, accounts: Accounts, unit: Unit, before: int | None) -> tuple[Html, int | None]:
    found, more = four_eyes.listed(unit, before=before, limit=ROWS)
    columns = (
        Column("Number"), Column("State", "end"), Column("What", "below"), Column("Proposed by"),
        Column("Decided by"), Column("When", "time"), Column("Outcome", "below why"),
    )  # fmt: skip
    rows = [
        (p.id, chip(p.state, STATES.get(p.state, "")), p.sentence, p.proposer or p.means,
         p.decider or p.said or "", accounts.when(p.decided_at, desk.zone), p.outcome or p.said)
        for p in found if p.state is not State.OPEN
    ]  # fmt: skip
    return table("Decided proposals", columns, rows) if rows else empty("Nothing decided yet"), more


async def audit(live: Live, accounts: Accounts) -> None:
    """What was done, by whom, and whether the chains are whole."""
    await live.desk.ask(lambda unit: chain.read(unit, limit=1), None)

    async def verify() -> None:
        anchored = await asyncio.to_thread(accounts.gate.anchors.load)
        faults = await live.desk.ask(lambda unit: chain.verify(unit, anchored), None)
        if faults:
            told.say(joined(html("{}<br>", fault) for fault in faults), "poor")
        else:
            told.say("Every chain is whole: nothing was changed, removed, swapped or cut off.")

    with panel("Audit", "full", note="rows are only ever added; each holds the hash of the one before") as beside:
        told = Told()
        await live.paged(partial(_entries, live.desk), needs=None)
    with beside:
        button("Verify", verify, told, "plain")


def _entries(desk: Services, unit: Unit, before: int | None) -> tuple[Html, int | None]:
    page = chain.read(unit, before=before, limit=ROWS)
    columns = (
        Column("When", "time"), Column("Who", "time end"), Column("Action", "code"), Column("Of", "time"),
        Column("Where", "code"), Column("Detail", "below why"), Column("Row", "code minor"),
    )  # fmt: skip
    rows = [
        (f"{local(e.at, desk.zone):%d %b %Y %H:%M:%S}", e.who, e.action, e.subject, e.scope, _detail(e.detail),
         f"{e.tenant}/{e.number} {e.hash[:8]}") for e in page.entries
    ]  # fmt: skip
    return table("Audit", columns, rows) if rows else empty("Nothing was done yet"), page.before


def _detail(text: str) -> Html:
    found = json.loads(text)
    shown = {name: value for name, value in found.items() if name != "digest" and value not in (None, "", [])}
    return joined(html("{}: {}; ", name, value) for name, value in shown.items())
