"""Commands that take two people, and how any command is carried out once it may be."""

from dataclasses import replace
from functools import partial
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from openami.core.errors import DecodeError, LocalProtocolError
from openami.headend.accounts import audit
from openami.headend.accounts.proposals import Guarded, Outcome, Proposal, register
from openami.headend.commands import performing as orders
from openami.headend.commands.choosing import Choice, chosen, whom
from openami.headend.commands.payloads import Act, Place, Reading, Relay, Script, Sync, Write
from openami.headend.commands.recipes import ALARM_FILTER, DATA, LIMITER, PUSH
from openami.headend.kit.access import ROOT, Permission, actor
from openami.headend.kit.database import Unit
from openami.headend.orders import switch as switching
from openami.headend.orders.batches import common_area, make
from openami.headend.orders.kinds import kind_of
from openami.headend.orders.queue import BULK, URGENT, Wish, enqueue_many, wake
from openami.headend.registry.schemas import Meter
from openami.headend.registry.service import meter as find_meter

CLOSED_CLASSES: Final = {15: "associations", 18: "firmware", 64: "keys", 70: "the relay"}
"""Classes with a way of their own: what they keep may not be written, called or, of keys, read past it."""
MOST_TITLE = 200
ORDINARY: Final = {
    (DATA, "0.0.96.13.0.255"), (DATA, "0.0.96.13.1.255"), (DATA, ALARM_FILTER), (DATA, "0.0.97.98.11.255"),
    (DATA, "0.0.21.0.1.255"), (DATA, "0.0.21.0.2.255"), (7, "0.0.21.0.1.255"), (7, "0.0.21.0.2.255"),
}  # fmt: skip
"""Objects that one person may write in one meter: messages, displays, alarm filters; and push setups."""


class Wanted(BaseModel):
    """A command, whole: what, to whom, and until when. Times are business time."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(max_length=60)
    payload: dict[str, Any]
    serials: tuple[str, ...] = Field(min_length=1, max_length=100_000)
    title: str = Field(default="", max_length=200)
    asked: int = Field(ge=0, lt=2**40)
    due: int | None = Field(default=None, ge=0, lt=2**40)
    expires: int = Field(ge=0, lt=2**40)


def category(wanted: Wanted) -> str | None:
    """Which guarded action it is; None: one person may do it.

    Raises:
        DecodeError: nobody may do it this way.
    """
    kind = kind_of(wanted.kind)
    payload, is_bulk = kind.read(wanted.payload), len(wanted.serials) > 1
    _refuse_closed(payload)
    if kind is orders.RELAY:
        is_off = wanted.payload.get("action") == "disconnect"
        return "relay.disconnect" if is_off else "relay.reconnect" if is_bulk else None
    if kind is orders.SYNC:
        return "clock.jump" if payload.may_jump else None
    if kind is orders.ACT:
        return "meter.action"
    if kind is orders.WRITE and any(item.class_id == LIMITER for item in payload.items):
        return "limiter.set"
    if kind is orders.WRITE and not all(map(_is_ordinary, payload.items)):
        return "meter.write"
    if kind is orders.WRITE or kind is orders.SCRIPT:
        return "commands.bulk" if is_bulk else None
    if kind is orders.READ:
        return None
    raise DecodeError(f"{wanted.kind} has a way of its own")


def _refuse_closed(payload: BaseModel) -> None:
    is_reading = isinstance(payload, Reading)
    for place in [payload, *getattr(payload, "items", ())]:
        number = getattr(place, "class_id", None)
        if number in CLOSED_CLASSES and not is_reading:
            raise DecodeError(f"class {number}: {CLOSED_CLASSES[number]} are changed in a way of their own")
        if is_reading and number == 15 and getattr(place, "attribute", 0) == 7:
            raise DecodeError("class 15, attribute 7: a secret is not read")


def _is_ordinary(place: Place) -> bool:
    return place.class_id == PUSH or (place.class_id, place.logical_name) in ORDINARY


def meters_of(unit: Unit, wanted: Wanted) -> list[Meter]:
    """Find its meters, as whoever proposes or approves may see them."""
    return chosen(unit, Choice(serials=wanted.serials), Permission.VIEW, len(wanted.serials))


def _scope(name: str, unit: Unit, wanted: Wanted) -> str:
    """Where it happens; a command that is proposed as another kind of action is none."""
    if category(wanted) != name:
        raise DecodeError(f"this is not {name}")
    return common_area(meters_of(unit, wanted))


def sentence(unit: Unit, wanted: Wanted) -> str:
    """Say what is to be done to which meters."""
    return f"{verb(wanted)} {whom(meters_of(unit, wanted))}"


def verb(wanted: Wanted) -> str:
    """Say what is to be done, up to the meters."""
    payload = kind_of(wanted.kind).read(wanted.payload)
    if isinstance(payload, Relay):
        return payload.action.capitalize()
    if isinstance(payload, Sync):
        return "Set the clock, however far it is off, of" if payload.may_jump else "Set the clock of"
    if isinstance(payload, Write):
        places = ", ".join(f"{p.logical_name} attribute {p.attribute}" for p in payload.items)
        return f"Write {places} in"
    if isinstance(payload, Act):
        return f"Call method {payload.method} of {payload.logical_name} (class {payload.class_id}) in"
    if isinstance(payload, Script):
        return f"Run script {payload.script} of {payload.logical_name} in"
    return f"{kind_of(wanted.kind).title} of"


def carry_out(unit: Unit, wanted: Wanted, proposal: int | None = None, who: str | None = None) -> Outcome:
    """Queue it: an order for one meter, a job for several."""
    kind, meters = kind_of(wanted.kind), meters_of(unit, wanted)
    payload = kind.read(wanted.payload)
    wish = Wish(
        now=wanted.asked, due=wanted.due, expires=wanted.expires, proposal=proposal, who=who,
        priority=URGENT if len(meters) == 1 else BULK,
    )  # fmt: skip
    if len(meters) == 1:
        return Outcome(f"order {enqueue_many(unit, meters, kind, payload, wish)[0]}")
    title = wanted.title or f"{verb(wanted)} {whom(meters)}"
    number = make(unit, title[:MOST_TITLE], kind.name, meters, wish)
    enqueue_many(unit, meters, kind, payload, replace(wish, batch=number))
    return Outcome(f"job {number}")


def _execute(unit: Unit, wanted: Wanted, found: Proposal) -> Outcome:
    return carry_out(unit, wanted, found.id, found.proposer or actor(unit).name)


def _guard(name: str, title: str) -> Guarded[Wanted]:
    return register(
        Guarded(name, title, Wanted, Permission.COMMANDS, Permission.APPROVE, partial(_scope, name), sentence, _execute)
    )


for _name, _title in {
    "relay.disconnect": "Disconnect meters",
    "relay.reconnect": "Reconnect several meters",
    "clock.jump": "Set clocks that are far off",
    "limiter.set": "Set limiters",
    "meter.write": "Write any attribute",
    "meter.action": "Call any method",
    "commands.bulk": "Tell several meters something",
}.items():
    _guard(_name, _title)


class Nothing(BaseModel):
    """There is nothing to choose."""

    model_config = ConfigDict(extra="forbid")


def _switched(unit: Unit, found: Proposal, action: str, words: str) -> Outcome:
    """Let commands go out: those that waited, and whatever is asked for from now on."""
    now, who = found.decided_at or found.at, found.decider or found.proposer or actor(unit).name
    switching.commission(unit, now, who)
    wake(unit)
    audit.note(unit, action, "commands", at=now)
    return Outcome(words)


def _commission(unit: Unit, _wanted: Nothing, found: Proposal) -> Outcome:
    if switching.switch(unit).is_stopped:
        raise LocalProtocolError("all commands are stopped; propose to let them go on instead")
    return _switched(unit, found, "switch.commission", "this installation is commissioned")


def _resume(unit: Unit, _wanted: Nothing, found: Proposal) -> Outcome:
    if not switching.switch(unit).is_stopped:
        raise LocalProtocolError("nothing is stopped")
    return _switched(unit, found, "switch.resume", "commands go out again")


register(
    Guarded(
        "commands.commission", "Let this installation change meters", Nothing, Permission.SYSTEM, Permission.APPROVE,
        lambda _unit, _wanted: ROOT,
        lambda _unit, _wanted: "Commission this installation: it may change meters from now on, not only read them",
        _commission,
    )
)  # fmt: skip
register(
    Guarded(
        "commands.resume", "Let commands go on", Nothing, Permission.SYSTEM, Permission.APPROVE,
        lambda _unit, _wanted: ROOT,
        lambda unit, _wanted: f"Let commands go on that are stopped because: {switching.switch(unit).why}",
        _resume,
    )
)  # fmt: skip


class Whom(BaseModel):
    """A meter."""

    model_config = ConfigDict(extra="forbid")

    serial: str = Field(max_length=60)


def _unprotect(unit: Unit, wanted: Whom, found: Proposal) -> Outcome:
    known = find_meter(unit, wanted.serial)
    if not unit.run("DELETE FROM relay_lock WHERE meter = ?", (known.id,)):
        raise LocalProtocolError(f"meter {wanted.serial} is not protected")
    audit.note(unit, "relay.unprotect", wanted.serial, scope=known.area, at=found.decided_at or found.at)
    return Outcome(f"meter {wanted.serial} may be disconnected")


register(
    Guarded(
        "relay.unprotect", "Let a protected meter be disconnected", Whom, Permission.COMMANDS, Permission.APPROVE,
        lambda unit, wanted: find_meter(unit, wanted.serial).area,
        lambda unit, wanted: f"Take the protection from meter {find_meter(unit, wanted.serial).serial}",
        _unprotect,
    )
)  # fmt: skip
