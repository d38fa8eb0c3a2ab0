"""Giving commands, looking at what became of them, and stopping them all."""

import json
import re
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from openami.core.errors import AmiError, DecodeError, LocalProtocolError
from openami.headend.accounts import audit
from openami.headend.accounts.proposals import Proposal, Rules, State, propose
from openami.headend.commands import guarded
from openami.headend.commands.choosing import Choice, chosen, whom
from openami.headend.commands.guarded import Wanted, carry_out, category
from openami.headend.commands.payloads import Reading, Strict
from openami.headend.commands.recipes import recipe
from openami.headend.kit.access import ROOT, Permission, actor, command, demand, within
from openami.headend.kit.command_settings import CommandSettings
from openami.headend.kit.database import Unit
from openami.headend.orders import switch
from openami.headend.orders.batches import common_area
from openami.headend.orders.kinds import kind_of
from openami.headend.orders.queue import COLUMNS, FROM, order_of
from openami.headend.orders.schemas import Order
from openami.headend.orders.switch import Switch, demand_open
from openami.headend.registry.service import meter as find_meter

READ = "commands.read"


class UnknownOrderError(AmiError):
    """No order, job or template of that name, as far as whoever asks may see."""


class Ask(Strict):
    """A command as somebody asks for it."""

    command: str = Field(max_length=40, examples=["disconnect"])
    parameters: dict[str, Any] = Field(default_factory=dict)
    meters: Choice
    title: str = Field(default="", max_length=200)
    due: int | None = None
    """Business time before which it does not go out; None: at once."""
    valid_s: int | None = Field(default=None, ge=1, le=10**8)
    """How long it may wait for its meter, once it is due."""
    reason: str = Field(default="", max_length=1_000)


@dataclass(frozen=True, slots=True)
class Given:
    """What became of asking: a proposal that waits for a second person, or an order, or a job."""

    proposal: Proposal | None = None
    order: int | None = None
    job: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds at the moment a command is asked for."""

    rules: Rules
    settings: CommandSettings
    now: float
    """Business time."""


def wanted(unit: Unit, ask: Ask, terms: Terms, right: Permission) -> Wanted:
    """Make a command whole: resolve which meters, and everything that settings decide."""
    settings = terms.settings
    meters = chosen(unit, ask.meters, right, settings.most_meters)
    made = recipe(ask.command).order(ask.parameters, settings)
    now = int(terms.now)
    due = None if ask.due is None else max(ask.due, now)
    valid_s = settings.valid_s if ask.valid_s is None else ask.valid_s
    return Wanted(
        kind=made.kind, payload=made.payload, serials=tuple(meter.serial for meter in meters),
        title=ask.title or (recipe(ask.command).title if len(meters) > 1 else ""),
        asked=now, due=due, expires=(now if due is None else due) + valid_s,
    )  # fmt: skip


@command(Permission.COMMANDS)
def give(unit: Unit, ask: Ask, terms: Terms) -> Given:
    """Give a command: carried out as soon as its meters can be reached, or proposed where it takes two people.

    Raises:
        CommandsStoppedError: nothing may be changed at the moment.
        DecodeError: it makes no sense, or nobody may do it this way.
        ForbiddenError: not there.
    """
    whole = wanted(unit, ask, terms, Permission.COMMANDS)
    if not kind_of(whole.kind).is_reading:
        demand_open(unit)
    _refuse_protected(unit, whole)
    name = category(whole)
    if name is None:
        return _given(_now(unit, whole, ask.reason))
    made = propose(unit, name, whole, terms.rules, reason=ask.reason)
    return _given(made.outcome, made) if made.state is State.DONE else Given(proposal=made)


@command(Permission.OPERATE)
def read_attributes(unit: Unit, serial: str, reading: Reading, now: float, valid_s: int) -> int:
    """Read any attributes of a meter, before all else. -> number of the order."""
    known = find_meter(unit, serial)
    demand(unit, Permission.OPERATE, known.area)
    whole = Wanted(
        kind=READ, payload=reading.model_dump(mode="json"), serials=(serial,), asked=int(now),
        expires=int(now) + valid_s,
    )  # fmt: skip
    category(whole)
    return _given(_now(unit, whole, "")).order or 0


def _now(unit: Unit, whole: Wanted, reason: str) -> str:
    outcome = carry_out(unit, whole).text
    meters = guarded.meters_of(unit, whole)
    audit.note(
        unit, "command.give", whom(meters), scope=common_area(meters), kind=whole.kind, given=outcome, reason=reason,
        payload=json.dumps(whole.payload, ensure_ascii=False)[:500],
    )  # fmt: skip
    return outcome


def _given(outcome: str, made: Proposal | None = None) -> Given:
    found = re.fullmatch(r"(order|job) (\d+)", outcome)
    if found is None:
        return Given(proposal=made)
    number = int(found[2])
    return Given(made, order=number) if found[1] == "order" else Given(made, job=number)


def _refuse_protected(unit: Unit, whole: Wanted) -> None:
    if whole.kind != "commands.relay" or whole.payload["action"] != "disconnect":
        return
    rows = unit.rows_in(
        "SELECT m.serial, l.why FROM relay_lock l JOIN meter m ON m.id = l.meter WHERE m.serial IN {keys}",
        whole.serials,
    )
    if rows:
        more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        raise LocalProtocolError(f"meter {rows[0][0]} is protected from disconnection: {rows[0][1]}{more}")


@command(Permission.VIEW)
def order(unit: Unit, number: int) -> Order:
    """Look at an order."""
    seen = within(unit, Permission.VIEW, "m.area")
    rows = unit.rows(f"SELECT {COLUMNS} {FROM} WHERE o.id = ? AND {seen.sql}", (number, *seen.parameters))
    if not rows:
        raise UnknownOrderError(f"there is no order {number}")
    return order_of(rows[0])


@command(Permission.VIEW)
def orders(unit: Unit, serial: str, *, before: int | None = None, limit: int = 50) -> tuple[Order, ...]:
    """List what a meter was told, newest first."""
    rows = unit.rows(
        f"SELECT {COLUMNS} {FROM} WHERE o.meter = ? AND o.id < ? ORDER BY o.id DESC LIMIT ?",
        (find_meter(unit, serial).id, 2**62 if before is None else before, limit),
    )
    return tuple(order_of(row) for row in rows)


@command(Permission.COMMANDS)
def cancel(unit: Unit, number: int, now: float) -> Order:
    """Take back an order that was not begun."""
    known = order(unit, number)
    demand(unit, Permission.COMMANDS, known.area)
    changed = unit.run(
        "UPDATE device_order SET state = 'cancelled', ended = ?, reason = ?"
        " WHERE id = ? AND begun IS NULL AND ended IS NULL",
        (int(now), f"taken back by {actor(unit).name}", number),
    )
    if not changed:
        raise LocalProtocolError(f"order {number} was begun already, or is over")
    audit.note(unit, "order.cancel", known.serial, scope=known.area, order=number, kind=known.kind)
    return order(unit, number)


@dataclass(frozen=True, slots=True)
class Open:
    """Orders whose outcome is not final."""

    waiting: int
    begun: int


@command(Permission.VIEW)
def still_open(unit: Unit) -> Open:
    """Count orders that wait, and those that were begun."""
    seen = within(unit, Permission.VIEW, "m.area")
    rows = unit.rows(
        "SELECT o.begun IS NOT NULL, count(*) FROM device_order o JOIN meter m ON m.id = o.meter"  # noqa: S608
        f" WHERE o.ended IS NULL AND {seen.sql} GROUP BY o.begun IS NOT NULL",
        seen.parameters,
    )
    counts = {bool(is_begun): number for is_begun, number in rows}
    return Open(counts.get(False, 0), counts.get(True, 0))


@command(Permission.VIEW)
def switched(unit: Unit) -> Switch:
    """Look whether commands may go out."""
    return switch.switch(unit)


@command(Permission.SYSTEM, is_undivided=True)
def stop_all(unit: Unit, why: str, wall: float) -> Switch:
    """Stop every command at once: none begins from now on. To let them go on takes two people. `wall`: real time."""
    if not why.strip():
        raise DecodeError("say why everything is stopped")
    before = switch.switch(unit)
    switch.put(
        unit,
        Switch(before.is_commissioned, is_stopped=True, why=why.strip()[:200], who=actor(unit).name, at=int(wall)),
    )
    audit.note(unit, "switch.stop", "commands", scope=ROOT, at=wall, why=why.strip()[:200])
    return switch.switch(unit)


@command(Permission.SYSTEM, is_undivided=True)
def let_go(unit: Unit, rules: Rules, reason: str = "") -> Proposal:
    """Propose that commands may go out: for the first time, or after they were stopped."""
    name = "commands.resume" if switch.switch(unit).is_stopped else "commands.commission"
    return propose(unit, name, {}, rules, reason=reason)


@command(Permission.COMMANDS)
def protect(unit: Unit, serial: str, why: str, wall: float) -> None:
    """Protect a meter from disconnection; orders that wait are refused as well."""
    known = find_meter(unit, serial)
    demand(unit, Permission.COMMANDS, known.area)
    if not why.strip():
        raise DecodeError("say why it is protected")
    unit.run(
        "INSERT INTO relay_lock (meter, why, who, at) VALUES (?, ?, ?, ?) ON CONFLICT (meter) DO UPDATE SET"
        " why = excluded.why, who = excluded.who, at = excluded.at",
        (known.id, why.strip()[:200], actor(unit).name, int(wall)),
    )
    audit.note(unit, "relay.protect", serial, scope=known.area, at=wall, why=why.strip()[:200])


@command(Permission.COMMANDS)
def unprotect(unit: Unit, serial: str, rules: Rules, reason: str = "") -> Proposal:
    """Propose that a meter loses its protection: whoever could take it alone could cut a hospital off in two steps."""
    return propose(unit, "relay.unprotect", {"serial": serial}, rules, reason=reason)


@command(Permission.VIEW)
def protection(unit: Unit, serial: str) -> str | None:
    """Tell why a meter is protected from disconnection; None where it is not."""
    found = unit.value("SELECT why FROM relay_lock WHERE meter = ?", (find_meter(unit, serial).id,))
    return None if found is None else str(found)
