"""Calendars on their way to meters: proposed, carried out once a second person agrees, followed, taken back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import Field

from openami.core.errors import DecodeError, LocalProtocolError
from openami.headend.accounts import audit
from openami.headend.accounts.proposals import Guarded, Outcome, Proposal, Rules, propose, register
from openami.headend.commands.choosing import Choice, chosen, common_area, whom
from openami.headend.commands.payloads import Strict
from openami.headend.kit.access import Permission, actor, command
from openami.headend.kit.database import Unit
from openami.headend.orders.queue import BULK, Wish, enqueue, enqueue_many
from openami.headend.orders.switch import demand_open
from openami.headend.registry.models import Tariff, model
from openami.headend.registry.schemas import Meter
from openami.headend.registry.service import meters as find_meters
from openami.headend.tariffs.documents import Document
from openami.headend.tariffs.following import rollout
from openami.headend.tariffs.keeping import keep, kept, put
from openami.headend.tariffs.octets import Programme, encode, without_special
from openami.headend.tariffs.payloads import Cancel, State, Verify, When, Write
from openami.headend.tariffs.performing import CANCEL, VERIFY, WRITE
from openami.headend.tariffs.service import calendar
from openami.metering.calendar import Limits

MOST_METERS = 100_000
VERIFY_AFTER_S = 120
"""A meter's clock may be off by as much before its activation counts as failed."""
VALID_S = 7 * 86_400
Instant = Field(default=None, ge=0, lt=2**40)
LATEST = """
    SELECT t.meter, t.state, t.before FROM tariff_meter t WHERE t.rollout = ? AND NOT EXISTS (
        SELECT 1 FROM tariff_meter l WHERE l.meter = t.meter AND l.rollout > t.rollout
        AND l.state IN ('written', 'active'))
    ORDER BY t.meter
"""
"""Meters of a roll-out that no later one has reached: what that one has changed is not undone here."""


class Wanted(Strict):
    """A roll-out, whole: the calendar itself, the meters, and when it becomes active. Times are business time."""

    name: str = Field(max_length=60)
    version: int
    document: Document
    serials: tuple[str, ...] = Field(min_length=1, max_length=MOST_METERS)
    activates: int | None = Instant
    special: When = "activation"
    with_special: bool = True
    """Whether the special days are written too."""
    title: str = Field(default="", max_length=200)
    asked: int = Field(ge=0, lt=2**40)


class Undo(Strict):
    """Take a roll-out back: what waits is cancelled, what is active gives way to what was there before."""

    rollout: int = Field(ge=1, lt=2**31)
    asked: int = Field(ge=0, lt=2**40)


class Ask(Strict):
    """A roll-out as somebody asks for it."""

    calendar: str = Field(max_length=60)
    version: int | None = None
    """None: the latest."""
    meters: Choice
    activates: int | None = None
    special: When = "activation"
    with_special: bool = True
    title: str = Field(default="", max_length=200)
    reason: str = Field(default="", max_length=1_000)


def _meters(unit: Unit, wanted: Wanted) -> list[Meter]:
    return chosen(unit, Choice(serials=wanted.serials), Permission.VIEW, len(wanted.serials))


def first_year(wanted: Wanted, zone: str) -> int:
    """Give the year from which days that move are computed for a meter: that of activation there."""
    at = wanted.asked if wanted.activates is None else wanted.activates
    return datetime.fromtimestamp(at, ZoneInfo(zone)).year


def _tariff(product: str) -> Tariff:
    known = model(product)
    if known.tariff is None:
        raise DecodeError(f"{known.name} has no tariff calendar")
    return known.tariff


def check(wanted: Wanted, meters: Sequence[Meter]) -> None:
    """Refuse a calendar that does not fit a model among the meters."""
    if wanted.activates is not None and wanted.activates <= wanted.asked:
        raise DecodeError("activates: it has to lie ahead")
    for product, zone in {(meter.product, meter.zone) for meter in meters}:
        room = _tariff(product)
        limits = Limits(room.seasons, room.weeks, room.days, room.actions, room.special_days, room.rates)
        document = wanted.document if wanted.with_special else wanted.document.model_copy(update={"special": ()})
        try:
            document.check(limits, first_year(wanted, zone))
        except DecodeError as error:
            raise DecodeError(f"{model(product).name}: {error}") from None


def _scope(unit: Unit, wanted: Wanted) -> str:
    meters = _meters(unit, wanted)
    check(wanted, meters)
    return common_area(meters)


def _sentence(unit: Unit, wanted: Wanted) -> str:
    meters = _meters(unit, wanted)
    zone = meters[0].zone
    when = "at once"
    if wanted.activates is not None:
        when = f"on {datetime.fromtimestamp(wanted.activates, ZoneInfo(zone)):%d %b %Y %H:%M} ({zone})"
    return f"Bring tariff calendar {wanted.name}, version {wanted.version}, to {whom(meters)}; active {when}"


def _execute(unit: Unit, wanted: Wanted, found: Proposal) -> Outcome:
    meters = _meters(unit, wanted)
    check(wanted, meters)
    row = (
        wanted.title or f"{wanted.name} {wanted.version}", wanted.name, wanted.version, common_area(meters),
        wanted.activates, None, found.proposer or actor(unit).name, found.id, wanted.asked,
    )  # fmt: skip
    number = _insert(unit, row)
    expires = wanted.asked + VALID_S if wanted.activates is None else wanted.activates
    wish = Wish(now=wanted.asked, expires=expires, priority=BULK, proposal=found.id, who=row[6])
    groups: dict[tuple[str, str], list[Meter]] = {}
    for meter in meters:
        groups.setdefault((meter.product, meter.zone), []).append(meter)
    for (product, zone), own in groups.items():
        programme = encode(wanted.document, first_year(wanted, zone))
        programme = programme if wanted.with_special else without_special(programme)
        _enter(unit, number, own, programme)
        told = Write(
            rollout=number, programme=programme, order=_tariff(product).order, activates=wanted.activates,
            special=wanted.special,
        )  # fmt: skip
        enqueue_many(unit, own, WRITE, told, wish)
        if wanted.activates is not None:
            _verify_later(unit, own, Verify(rollout=number, programme=programme), wanted.activates, wish)
    audit.note(unit, "tariff.rollout", f"roll-out {number}", scope=row[3], calendar=wanted.name, meters=len(meters))
    return Outcome(f"roll-out {number}")


def _insert(unit: Unit, row: tuple[object, ...]) -> int:
    return int(
        unit.rows(
            "INSERT INTO tariff_rollout (title, calendar, version, area, activates, undoes, who, proposal, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            row,
        )[0][0]
    )


def _enter(unit: Unit, rollout: int, meters: Sequence[Meter], programme: Programme) -> None:
    digest = keep(unit, programme)
    unit.run_many(
        "INSERT INTO tariff_meter (rollout, meter, state, wanted) VALUES (?, ?, ?, ?)",
        [(rollout, meter.id, State.WAITING.value, digest) for meter in meters],
    )


def _verify_later(unit: Unit, meters: Sequence[Meter], told: Verify, activates: int, wish: Wish) -> None:
    due = activates + VERIFY_AFTER_S
    later = Wish(
        now=wish.now, due=due, expires=due + VALID_S, priority=BULK, proposal=wish.proposal, who=wish.who
    )  # fmt: skip
    enqueue_many(unit, meters, VERIFY, told, later)


ROLLOUT: Final = register(
    Guarded(
        "tariff.rollout", "Bring a tariff calendar to meters", Wanted, Permission.TARIFFS, Permission.APPROVE, _scope,
        _sentence, _execute,
    )
)  # fmt: skip


@command(Permission.TARIFFS)
def ask(unit: Unit, wish: Ask, rules: Rules, now: float) -> Proposal:
    """Propose to bring a calendar to meters.

    Raises:
        CommandsStoppedError: nothing may be changed at the moment.
        DecodeError: it does not fit them, or chooses none.
    """
    demand_open(unit)
    known = calendar(unit, wish.calendar, wish.version)
    meters = chosen(unit, wish.meters, Permission.TARIFFS, MOST_METERS)
    wanted = Wanted(
        name=known.name, version=known.version, document=known.document, activates=wish.activates,
        serials=tuple(meter.serial for meter in meters), special=wish.special, with_special=wish.with_special,
        title=wish.title, asked=int(now),
    )  # fmt: skip
    return propose(unit, ROLLOUT.name, wanted, rules, reason=wish.reason)


@command(Permission.TARIFFS)
def ask_back(unit: Unit, number: int, rules: Rules, now: float, reason: str = "") -> Proposal:
    """Propose to take a roll-out back."""
    demand_open(unit)
    return propose(unit, UNDO.name, Undo(rollout=rollout(unit, number).id, asked=int(now)), rules, reason=reason)


def _undo_sentence(unit: Unit, wanted: Undo) -> str:
    found = rollout(unit, wanted.rollout)
    gone = found.counts.get(State.ACTIVE, 0)
    waiting = found.counts.get(State.WRITTEN, 0) + found.counts.get(State.WAITING, 0)
    return (
        f"Take roll-out {found.id} of tariff calendar {found.calendar}, version {found.version}, back:"
        f" {gone} meters get what they had before, in {waiting} it will not become active"
    )


def _undo(unit: Unit, wanted: Undo, found: Proposal) -> Outcome:
    known = rollout(unit, wanted.rollout)
    rows = unit.rows(LATEST, (known.id,))
    meters = find_meters(unit, [row[0] for row in rows])
    wish = Wish(
        now=wanted.asked, expires=wanted.asked + VALID_S, priority=BULK, proposal=found.id,
        who=found.proposer or actor(unit).name,
    )  # fmt: skip
    active = {number: before for number, state, before in rows if state == State.ACTIVE and before}
    for number, state, _before in rows:
        if state == State.WAITING:
            put(unit, known.id, number, State.CANCELLED, "taken back before it was written")
            _cancel_begun(unit, known.id, meters[number], wish)
        elif state == State.WRITTEN:
            enqueue(unit, meters[number], CANCEL, Cancel(rollout=known.id), wish)
    if not active and not any(state in {State.WAITING, State.WRITTEN} for _, state, _ in rows):
        raise LocalProtocolError(f"nothing of roll-out {known.id} can be taken back")
    if not active:
        return Outcome(f"roll-out {known.id} will not become active")
    title = f"Back from {known.title}"[:200]
    place = (known.calendar, known.version, known.area, None, known.id, wish.who, found.id, wanted.asked)
    number = _insert(unit, (title, *place))
    for meter, digest in active.items():
        _bring_back(unit, number, meters[meter], kept(unit, digest), wish)
    audit.note(unit, "tariff.rollback", f"roll-out {known.id}", scope=known.area, meters=len(active))
    return Outcome(f"roll-out {number} brings back what was there before")


def _cancel_begun(unit: Unit, rollout_: int, meter: Meter, wish: Wish) -> None:
    """A write that has begun may have come through: take the time of activation out of that meter too."""
    begun = unit.value(
        "SELECT count(*) FROM device_order WHERE meter = ? AND kind = ? AND ended IS NULL AND begun IS NOT NULL",
        (meter.id, WRITE.name),
    )
    if begun:
        enqueue(unit, meter, CANCEL, Cancel(rollout=rollout_), wish)


def _bring_back(unit: Unit, number: int, meter: Meter, programme: Programme, wish: Wish) -> None:
    _enter(unit, number, [meter], programme)
    told = Write(rollout=number, programme=programme, order=_tariff(meter.product).order, activates=None)
    enqueue(unit, meter, WRITE, told, wish)


UNDO: Final = register(
    Guarded(
        "tariff.rollback", "Take a tariff calendar back", Undo, Permission.TARIFFS, Permission.APPROVE,
        lambda unit, wanted: rollout(unit, wanted.rollout).area, _undo_sentence, _undo,
    )
)  # fmt: skip
