"""Parameters of groups: what they ought to be, what they were found to be, and the difference."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openami.core.errors import DecodeError, LocalProtocolError
from openami.headend.accounts import audit
from openami.headend.commands import performing
from openami.headend.commands.choosing import Choice, chosen
from openami.headend.commands.payloads import Check, Setting, Write
from openami.headend.commands.recipes import recipe
from openami.headend.commands.service import Ask, Given, Terms, UnknownOrderError, give
from openami.headend.kit.access import Permission, actor, command, demand, within
from openami.headend.kit.database import Row, Unit
from openami.headend.orders.batches import common_area, make
from openami.headend.orders.queue import BULK, Wish, enqueue_many
from openami.headend.registry.schemas import Meter

COLUMNS = "id, title, area, choice, items, who, at, ended"
WRITE = "commands.write"


@dataclass(frozen=True, slots=True)
class Desired:
    """What attributes of a group of meters ought to be. Times are business time."""

    id: int
    title: str
    area: str
    choice: Choice
    items: tuple[Setting, ...]
    who: str
    at: int
    ended: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a group stands."""

    desired: Desired
    as_desired: int
    drifted: int
    last_checked: int | None


@dataclass(frozen=True, slots=True)
class Actual:
    """What a meter was found to be."""

    serial: str
    at: int
    is_as_desired: bool
    drift: list[dict[str, Any]]


def _desired(row: Row) -> Desired:
    number, title, area, choice, items, who, at, ended = row
    settings = tuple(Setting.model_validate(item) for item in json.loads(items))
    return Desired(number, title, area, Choice.model_validate_json(choice), settings, who, at, ended)


@command(Permission.COMMANDS)
def declare(unit: Unit, ask: Ask, terms: Terms) -> Desired:
    """Say what a group of meters ought to be, by any command that writes attributes. Nothing is written yet."""
    meters = chosen(unit, ask.meters, Permission.COMMANDS, terms.settings.most_meters)
    area = common_area(meters) if ask.meters.area is None else ask.meters.area
    demand(unit, Permission.COMMANDS, area)
    made = recipe(ask.command).order(ask.parameters, terms.settings)
    if made.kind != WRITE:
        raise DecodeError(f"{ask.command} writes nothing that could be compared")
    items = Write.model_validate(made.payload).model_dump(mode="json")["items"]
    number = unit.rows(
        "INSERT INTO desired (title, area, choice, items, who, at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        (
            ask.title or recipe(ask.command).title, area, ask.meters.model_dump_json(),
            json.dumps(items, ensure_ascii=False), actor(unit).name, int(terms.now),
        ),
    )[0][0]  # fmt: skip
    audit.note(unit, "desired.declare", f"desired {number}", scope=area, title=ask.title)
    return find(unit, number)


@command(Permission.VIEW)
def find(unit: Unit, number: int) -> Desired:
    """Find what was declared."""
    seen = within(unit, Permission.VIEW, "area")
    rows = unit.rows(
        f"SELECT {COLUMNS} FROM desired WHERE id = ? AND ended IS NULL AND {seen.sql}",  # noqa: S608
        (number, *seen.parameters),
    )
    if not rows:
        raise UnknownOrderError(f"there is no such declaration {number}")
    return _desired(rows[0])


@command(Permission.VIEW)
def declared(unit: Unit) -> tuple[Standing, ...]:
    """Everything that was declared, and how its meters stand."""
    seen = within(unit, Permission.VIEW, "area")
    rows = unit.rows(
        f"SELECT {COLUMNS} FROM desired WHERE ended IS NULL AND {seen.sql} ORDER BY id DESC LIMIT 200",  # noqa: S608
        seen.parameters,
    )
    return tuple(standing(unit, row[0]) for row in rows)


@command(Permission.VIEW)
def standing(unit: Unit, number: int) -> Standing:
    """Count the meters that are as they ought to be, and those that are not."""
    known = find(unit, number)
    rows = unit.rows(
        "SELECT is_as_desired, count(*), max(at) FROM desired_actual WHERE desired = ? GROUP BY is_as_desired",
        (number,),
    )
    counts = {bool(is_same): count for is_same, count, _ in rows}
    return Standing(known, counts.get(True, 0), counts.get(False, 0), max((row[2] for row in rows), default=None))


@command(Permission.VIEW)
def drift(unit: Unit, number: int, *, after: str = "", limit: int = 50) -> tuple[Actual, ...]:
    """List meters that are not as they ought to be, in order of serial numbers."""
    find(unit, number)
    seen = within(unit, Permission.VIEW, "m.area")
    rows = unit.rows(
        "SELECT m.serial, a.at, a.is_as_desired, a.drift FROM desired_actual a JOIN meter m ON m.id = a.meter"  # noqa: S608
        f" WHERE a.desired = ? AND NOT a.is_as_desired AND m.serial > ? AND {seen.sql} ORDER BY m.serial LIMIT ?",
        (number, after, *seen.parameters, limit),
    )
    return tuple(Actual(serial, at, bool(is_same), json.loads(text)) for serial, at, is_same, text in rows)


@command(Permission.OPERATE)
def check(unit: Unit, number: int, terms: Terms) -> int:
    """Read what the meters of a group are, and compare: a job that changes nothing. -> its number."""
    known = find(unit, number)
    demand(unit, Permission.OPERATE, known.area)
    meters: Sequence[Meter] = chosen(unit, known.choice, Permission.OPERATE, terms.settings.most_meters)
    wish = Wish(now=terms.now, expires=int(terms.now) + terms.settings.valid_s, priority=BULK)
    batch = make(unit, f"Compare: {known.title}", performing.CHECK.name, meters, wish)
    told = Wish(now=wish.now, expires=wish.expires, priority=BULK, batch=batch)
    enqueue_many(unit, meters, performing.CHECK, Check(desired=number, items=known.items), told)
    audit.note(unit, "desired.check", f"desired {number}", scope=known.area, job=batch)
    return batch


@command(Permission.COMMANDS)
def correct(unit: Unit, number: int, terms: Terms, reason: str = "") -> Given:
    """Write what ought to be into the meters that were found to differ; takes two people like any such command."""
    known = find(unit, number)
    rows = unit.rows(
        "SELECT m.serial FROM desired_actual a JOIN meter m ON m.id = a.meter"
        " WHERE a.desired = ? AND NOT a.is_as_desired ORDER BY m.serial LIMIT ?",
        (number, terms.settings.most_meters),
    )
    if not rows:
        raise LocalProtocolError("no meter was found to differ; compare them first")
    ask = Ask(
        command="write", parameters={"items": [item.model_dump(mode="json") for item in known.items]},
        meters=Choice(serials=tuple(row[0] for row in rows)), title=f"Correct: {known.title}", reason=reason,
    )  # fmt: skip
    return give(unit, ask, terms)


@command(Permission.COMMANDS)
def end(unit: Unit, number: int, now: float) -> None:
    """Ask for it no longer."""
    known = find(unit, number)
    demand(unit, Permission.COMMANDS, known.area)
    unit.run("UPDATE desired SET ended = ? WHERE id = ?", (int(now), number))
    audit.note(unit, "desired.end", f"desired {number}", scope=known.area)
