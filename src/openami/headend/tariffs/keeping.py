"""Calendars of meters as they are kept, and what orders leave behind."""

import json

from openami.headend.kit.database import Unit
from openami.headend.kit.settings import Settings
from openami.headend.orders.kinds import PutOff
from openami.headend.orders.queue import canonical
from openami.headend.orders.schemas import Ended, Order
from openami.headend.orders.schemas import State as Stands
from openami.headend.tariffs.octets import Programme
from openami.headend.tariffs.payloads import Found, State


def keep(unit: Unit, programme: Programme) -> str:
    """Keep a calendar. -> its digest."""
    unit.run(
        "INSERT INTO tariff_programme (digest, content) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING",
        (programme.digest, canonical(programme)),
    )
    return programme.digest


def kept(unit: Unit, digest: str) -> Programme:
    """Give a calendar that is kept."""
    return Programme.model_validate_json(unit.value("SELECT content FROM tariff_programme WHERE digest = ?", (digest,)))


def keep_before(unit: Unit, rollout: int, meter: int, before: Programme) -> None:
    """Keep what a meter had before a roll-out; what was kept at the first try stays."""
    unit.run(
        "UPDATE tariff_meter SET before = ? WHERE rollout = ? AND meter = ? AND before IS NULL",
        (keep(unit, before), rollout, meter),
    )


def stands(unit: Unit, rollout: int, meter: int) -> State | None:
    """Where a meter of a roll-out stands."""
    found = unit.value("SELECT state FROM tariff_meter WHERE rollout = ? AND meter = ?", (rollout, meter))
    return None if found is None else State(found)


def put(unit: Unit, rollout: int, meter: int, state: State, reason: str | None = None) -> None:
    """Note where a meter of a roll-out stands."""
    unit.run(
        "UPDATE tariff_meter SET state = ?, reason = ? WHERE rollout = ? AND meter = ?",
        (state.value, reason, rollout, meter),
    )


def _rollout(order: Order) -> int:
    return int(json.loads(order.payload)["rollout"])


def may_write(unit: Unit, order: Order, _now: int, _settings: Settings) -> PutOff | str | None:
    """Nothing is written once the roll-out was taken back."""
    state = stands(unit, _rollout(order), order.meter)
    return None if state is State.WAITING else f"the roll-out is {state or 'gone'} for this meter"


def may_verify(unit: Unit, order: Order, _now: int, _settings: Settings) -> PutOff | str | None:
    """Only what was written can be verified."""
    state = stands(unit, _rollout(order), order.meter)
    return None if state is State.WRITTEN else f"the roll-out is {state or 'gone'} for this meter"


def wrote(unit: Unit, ended: Ended) -> None:
    """Note how writing went."""
    rollout, order = _rollout(ended.order), ended.order
    if stands(unit, rollout, order.meter) is not State.WAITING:
        return
    if ended.state is Stands.DONE:
        is_active = json.loads(ended.result or "{}").get("is_active", False)
        put(unit, rollout, order.meter, State.ACTIVE if is_active else State.WRITTEN)
    else:
        put(unit, rollout, order.meter, State.FAILED, ended.reason)


def verified(unit: Unit, ended: Ended) -> None:
    """Note whether it is active."""
    rollout, order = _rollout(ended.order), ended.order
    if stands(unit, rollout, order.meter) is State.WRITTEN:
        is_active = ended.state is Stands.DONE
        put(unit, rollout, order.meter, State.ACTIVE if is_active else State.FAILED, ended.reason)


def cancelled(unit: Unit, ended: Ended) -> None:
    """Note that it was taken out of the meter, or why it could not be."""
    rollout, order = _rollout(ended.order), ended.order
    if ended.state is Stands.DONE:
        put(unit, rollout, order.meter, State.CANCELLED, "taken back before it became active")
    elif stands(unit, rollout, order.meter) is State.WRITTEN:
        put(unit, rollout, order.meter, State.WRITTEN, f"it could not be taken back: {ended.reason}")


def read(unit: Unit, ended: Ended) -> None:
    """Keep what was found in a meter."""
    if ended.state is not Stands.DONE or ended.result is None:
        return
    found = Found.model_validate_json(ended.result)
    unit.run(
        "INSERT INTO tariff_actual (meter, at, active, passive, activates) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (meter) DO UPDATE SET at = excluded.at, active = excluded.active,"
        " passive = excluded.passive, activates = excluded.activates",
        (ended.order.meter, found.at, keep(unit, found.active), keep(unit, found.passive), found.activates),
    )
