"""A campaign goes on whenever something of it has ended: the pilot, then waves, until all is done or the rule stops it.

Nothing watches it in between: every order ends, if only because its time is up, and its end is told here in the same
transaction. So it goes on whichever collector was at work, and after any of them was killed.
"""

import json
from dataclasses import dataclass
from typing import Final

from openami.headend.accounts import audit
from openami.headend.firmware import keeping
from openami.headend.firmware.payloads import BAD, OPEN, Activate, Standing, State, Transfer
from openami.headend.kit.database import Row, Unit
from openami.headend.orders.kinds import kind_of
from openami.headend.orders.queue import BULK, Wish, enqueue_many
from openami.headend.orders.schemas import Ended
from openami.headend.orders.schemas import State as Ends
from openami.headend.orders.switch import switch
from openami.headend.registry.service import meters as find_meters

PILOT: Final = 0
TRANSFER, ACTIVATE = "firmware.transfer", "firmware.activate"
VALID_S: Final = 7 * 86_400
NEXT = """
    SELECT meter FROM (
        SELECT f.meter AS meter, m.node AS node,
            row_number() OVER (PARTITION BY m.node ORDER BY f.meter) AS place
        FROM firmware_meter f JOIN meter m ON m.id = f.meter
        WHERE f.campaign = :campaign AND f.wave = :wave AND f.state = 'waiting'
    ) w WHERE place <= :per_node - (
        SELECT count(*) FROM firmware_meter s JOIN meter n ON n.id = s.meter
        WHERE s.campaign = :campaign AND s.state = 'sending' AND n.node = w.node)
    ORDER BY place, meter LIMIT :free
"""


@dataclass(frozen=True, slots=True)
class Course:
    """What a campaign goes by."""

    id: int
    image: int
    area: str
    state: Standing
    wave: int
    at_once: int
    per_node: int
    stop_percent: int
    waits_after_pilot: bool
    valid_s: int
    most_tries: int
    activates: int | None
    who: str
    proposal: int | None


COURSE = (
    "id, image, area, state, wave, at_once, per_node, stop_percent, waits_after_pilot, valid_s, most_tries, activates,"
    " who, proposal"
)


def course(unit: Unit, number: int) -> Course:
    """Find what a campaign goes by; nobody else moves it until the unit ends."""
    row: Row = unit.rows(f"SELECT {COURSE} FROM firmware_campaign WHERE id = ? FOR UPDATE", (number,))[0]  # noqa: S608
    return Course(
        row[0], row[1], row[2], Standing(row[3]), row[4], row[5], row[6], row[7], bool(row[8]), row[9], row[10],
        row[11], row[12], row[13],
    )  # fmt: skip


def advance(unit: Unit, number: int, now: float) -> None:
    """Tell meters what they are to be told next."""
    known = course(unit, number)
    if known.state is not Standing.RUNNING:
        return
    if refusal := switch(unit).refusal:
        put(unit, known, Standing.PAUSED, refusal, now)
        return
    if why := broken(unit, known):
        stop(unit, known, why, now)
        return
    _activate(unit, known, now)
    counts = counted(unit, known.id, known.wave)
    if counts.get(State.WAITING):
        _send(unit, known, counts.get(State.SENDING, 0), now)
    elif _is_over(known, counts):
        _go_on(unit, known, now)


def _is_over(known: Course, counts: dict[State, int]) -> bool:
    """Whether the next wave may begin: what is activated on a date is not waited for, but for the pilot."""
    is_dated = known.wave != PILOT and known.activates is not None
    awaited = (State.SENDING,) if is_dated else (State.SENDING, State.VERIFIED, State.ACTIVATING)
    return not any(counts.get(state) for state in awaited)


def _go_on(unit: Unit, known: Course, now: float) -> None:
    last = int(unit.value("SELECT max(wave) FROM firmware_meter WHERE campaign = ?", (known.id,)))
    if known.wave < last:
        unit.run("UPDATE firmware_campaign SET wave = wave + 1 WHERE id = ?", (known.id,))
        if known.wave == PILOT and known.waits_after_pilot:
            put(unit, known, Standing.PAUSED, "the pilot has passed; resume it for the waves", now)
        advance(unit, known.id, now)
        return
    if not any(counted(unit, known.id).get(state) for state in OPEN):
        put(unit, known, Standing.OVER, "", now)


def broken(unit: Unit, known: Course) -> str | None:
    """Why a campaign has to stop: too many failures in a wave, or a pilot that proves nothing."""
    for wave in range(known.wave + 1):
        counts = counted(unit, known.id, wave)
        total, bad = sum(counts.values()), sum(counts.get(state, 0) for state in BAD)
        if bad * 100 > known.stop_percent * total:
            where = "the pilot" if wave == PILOT else f"wave {wave}"
            return f"{bad} of {total} meters of {where} failed; at most {known.stop_percent} % may"
        is_ended = not any(counts.get(state) for state in OPEN)
        if wave == PILOT and is_ended and not counts.get(State.DONE):
            return "no meter of the pilot was upgraded"
    return None


def counted(unit: Unit, number: int, wave: int | None = None) -> dict[State, int]:
    """How many meters of a campaign, or of a wave of it, stand where."""
    rows = unit.rows(
        "SELECT state, count(*) FROM firmware_meter WHERE campaign = ? AND (? IS NULL OR wave = ?) GROUP BY state",
        (number, wave, wave),
    )
    return {State(state): count for state, count in rows}


def put(unit: Unit, known: Course, state: Standing, why: str, now: float) -> None:
    """Bring a campaign into another state."""
    ended = int(now) if state in {Standing.STOPPED, Standing.OVER} else None
    unit.run(
        "UPDATE firmware_campaign SET state = ?, why = ?, ended = ? WHERE id = ?",
        (state.value, why[:500], ended, known.id),
    )
    audit.note(unit, f"firmware.{state.value}", f"campaign {known.id}", scope=known.area, why=why)


def stop(unit: Unit, known: Course, why: str, now: float) -> None:
    """End a campaign: nothing more is begun; what is being sent ends by itself, and is not activated."""
    put(unit, known, Standing.STOPPED, why, now)
    unit.run(
        "UPDATE firmware_meter SET state = 'cancelled', reason = 'the campaign was stopped', ended = ?"
        " WHERE campaign = ? AND (state IN ('waiting', 'verified') OR (state IN ('sending', 'activating')"
        " AND NOT EXISTS (SELECT 1 FROM device_order o WHERE o.meter = firmware_meter.meter AND o.kind IN (?, ?)"
        " AND o.ended IS NULL AND o.begun IS NOT NULL)))",
        (int(now), known.id, TRANSFER, ACTIVATE),
    )


def _send(unit: Unit, known: Course, sending_: int, now: float) -> None:
    free = known.at_once - sending_
    if free < 1:
        return
    chosen = unit.rows(
        NEXT, {"campaign": known.id, "wave": known.wave, "per_node": known.per_node, "free": free}
    )  # fmt: skip
    meters = [row[0] for row in chosen]
    _tell(unit, known, meters, State.SENDING, Wish(now, expires=int(now) + known.valid_s))


def _activate(unit: Unit, known: Course, now: float) -> None:
    """Give those their order that are verified: the pilot at once, waves on the date."""
    rows = unit.rows("SELECT meter, wave FROM firmware_meter WHERE campaign = ? AND state = 'verified'", (known.id,))
    pilot = [meter for meter, wave in rows if wave == PILOT]
    others = [meter for meter, wave in rows if wave != PILOT]
    due = max(known.activates or 0, int(now))
    for meters, at in ((pilot, int(now)), (others, due)):
        _tell(unit, known, meters, State.ACTIVATING, Wish(now, due=at, expires=at + VALID_S))


def _tell(unit: Unit, known: Course, meters: list[int], state: State, wish: Wish) -> None:
    if not meters:
        return
    found = find_meters(unit, meters)
    told = Wish(
        wish.now, due=wish.due, expires=wish.expires, priority=BULK, proposal=known.proposal, who=known.who
    )  # fmt: skip
    if state is State.SENDING:
        enqueue_many(unit, [found[meter] for meter in meters], kind_of(TRANSFER), _transfer(unit, known), told)
    else:
        wanted = Activate.model_validate(_facts(unit, known))
        enqueue_many(unit, [found[meter] for meter in meters], kind_of(ACTIVATE), wanted, told)
    for meter in meters:
        keeping.put(unit, (known.id, meter), state)


def _facts(unit: Unit, known: Course) -> dict[str, object]:
    row = unit.rows(
        "SELECT id, sha256, identifier, version, transfer_at, version_at FROM firmware_image WHERE id = ?",
        (known.image,),
    )[0]
    names = ("image", "sha256", "identifier", "version", "transfer_at", "version_at")
    return {"campaign": known.id, **dict(zip(names, row, strict=True))}


def _transfer(unit: Unit, known: Course) -> Transfer:
    versions = unit.value("SELECT from_versions FROM firmware_image WHERE id = ?", (known.image,))
    facts = {**_facts(unit, known), "from_versions": json.loads(versions), "most_tries": known.most_tries}
    return Transfer.model_validate(facts)


def sent(unit: Unit, ended: Ended) -> None:
    """Take over how a transfer went, and go on."""
    at = keeping.place(ended.order)
    if ended.state is Ends.DONE:
        keeping.transferred(unit, ended)
    if keeping.stands(unit, at) is State.SENDING:
        is_stopped = course(unit, at[0]).state is Standing.STOPPED
        _note(unit, ended, State.CANCELLED if is_stopped else State.VERIFIED)
    advance(unit, at[0], _now(unit, ended))


def activated(unit: Unit, ended: Ended) -> None:
    """Take over how an activation went, and go on."""
    at = keeping.place(ended.order)
    if keeping.stands(unit, at) is State.ACTIVATING:
        _note(unit, ended, State.DONE)
    advance(unit, at[0], _now(unit, ended))


def _note(unit: Unit, ended: Ended, good: State) -> None:
    at, now, result = keeping.place(ended.order), _now(unit, ended), json.loads(ended.result or "{}")
    if ended.state is not Ends.DONE:
        bad = State.UNKNOWN if ended.state is Ends.UNKNOWN else State.FAILED
        keeping.put(unit, at, bad if ended.order.begun is not None else State.MISSED, ended.reason, now)
        return
    if good is State.CANCELLED:
        keeping.put(unit, at, good, "the campaign was stopped; it holds the image", now)
        return
    if result.get("is_running"):
        good, result = State.DONE, {"after": result["before"]}
    if good is State.DONE:
        keeping.put(unit, at, good, ended=now)
        keeping.note_after(unit, at, result.get("after", ""))
    else:
        keeping.put(unit, at, good)
        keeping.note_verified(unit, at, now)


def _now(unit: Unit, ended: Ended) -> int:
    """Business time at which it ended, as the queue has noted it."""
    return int(unit.value("SELECT ended FROM device_order WHERE id = ?", (ended.order.id,)))
