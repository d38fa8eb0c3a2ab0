"""The supply switch: interlocks before, state and load side after."""

from openami.core.errors import AccessError, DecodeError, ServiceError
from openami.cosem.disconnect_control import ControlMode, ControlState, DisconnectControl
from openami.cosem.registers import Register
from openami.headend.accounts import audit
from openami.headend.commands.payloads import Load, LoadCheck, Relay, RelayDone
from openami.headend.kit.database import Unit
from openami.headend.kit.settings import Settings
from openami.headend.orders.kinds import OrderFailedError, PutOff, Session, kind_of
from openami.headend.orders.queue import BULK, Wish, enqueue
from openami.headend.orders.schemas import Ended, Order, State
from openami.headend.registry.finding import end_of
from openami.headend.registry.schemas import Level
from openami.headend.registry.service import meters

HOUR_S = 3_600
LOAD_AFTER_S = 120
"""Business time between a disconnect and the look at its load side."""
POWERS = ("1.0.1.7.0.255", "1.0.2.7.0.255")
"""Active power, import and export."""
DISCONNECTED = {ControlState.DISCONNECTED}
RECONNECTED = {ControlState.CONNECTED, ControlState.READY_FOR_RECONNECTION}
WANTED = {"disconnect": DISCONNECTED, "reconnect": RECONNECTED}


async def switch(session: Session, wanted: Relay) -> RelayDone:
    """Open or close the switch as far as interlocks let it, and see that it is so."""
    meter, at = session.meter, wanted.logical_name
    before = await meter.get(DisconnectControl.control_state, at)
    power = await _power_w(session)
    if before in WANTED[wanted.action]:
        return await _done(session, wanted, before, power)
    if await meter.get(DisconnectControl.control_mode, at) == ControlMode.NONE:
        raise OrderFailedError("its control mode (0) lets nobody switch it from afar")
    if wanted.action == "disconnect":
        await meter.action(DisconnectControl.remote_disconnect, at, 0)
    else:
        if power is not None and power > wanted.load_off_w:
            raise OrderFailedError(
                f"{power:g} W flow although the relay is open: its load side is fed from elsewhere, so it stays open"
            )
        await meter.action(DisconnectControl.remote_reconnect, at, 0)
    done = await _done(session, wanted, before, power)
    if ControlState[done.after.upper()] not in WANTED[wanted.action]:
        raise OrderFailedError(f"the meter took the command, but its relay is still {done.after}")
    return done


async def look_back(session: Session, wanted: Relay) -> RelayDone | None:
    """Tell whether the switch stands where it was to go."""
    now = await session.meter.get(DisconnectControl.control_state, wanted.logical_name)
    return await _done(session, wanted, now, None) if now in WANTED[wanted.action] else None


async def _done(session: Session, wanted: Relay, before: ControlState, power: float | None) -> RelayDone:
    after = await session.meter.get(DisconnectControl.control_state, wanted.logical_name)
    try:
        output: bool | None = await session.meter.get(DisconnectControl.output_state, wanted.logical_name)
    except AccessError:
        output = None
    flows = await _power_w(session)
    is_off = None if flows is None or wanted.action == "reconnect" else flows <= wanted.load_off_w
    return RelayDone(
        before=before.name.lower(), after=after.name.lower(), output_is_closed=output, power_before_w=power,
        power_after_w=flows, is_load_off=is_off,
    )  # fmt: skip


async def _power_w(session: Session) -> float | None:
    """Power that flows either way; None where the meter does not tell."""
    total: float | None = None
    for at in POWERS:
        try:
            value = await session.meter.get(Register.value, at)
            scaler = (await session.meter.get(Register.scaler_unit, at)).scaler
        except (ServiceError, DecodeError):
            continue
        if isinstance(value, int | float):
            total = (total or 0.0) + abs(value) * 10.0**scaler
    return total


async def check_load(session: Session, wanted: LoadCheck) -> Load:
    """Look at the load side a while after a disconnect: by then meters that tell averages tell the truth."""
    state = await session.meter.get(DisconnectControl.control_state, wanted.logical_name)
    power = await _power_w(session)
    if state in DISCONNECTED and power is not None and power > wanted.load_off_w:
        raise OrderFailedError(f"{power:g} W flow although the relay is open: it is stuck, or somebody has bridged it")
    return Load(relay=state.name.lower(), power_w=power)


def settle(unit: Unit, ended: Ended) -> None:
    """After a disconnect, have the load side looked at."""
    order = ended.order
    if ended.state is not State.DONE or '"action":"disconnect"' not in order.payload:
        return
    done = Relay.model_validate_json(order.payload)
    check = LoadCheck(logical_name=done.logical_name, load_off_w=done.load_off_w, disconnect=order.id)
    now = order.begun or order.at
    wish = Wish(now=now, due=now + LOAD_AFTER_S, priority=BULK, who=order.who)
    enqueue(unit, meters(unit, [order.meter])[order.meter], kind_of("commands.load"), check, wish)


def settle_load(unit: Unit, ended: Ended) -> None:
    """Leave a trace of a relay that is open while power flows."""
    if ended.state is State.FAILED and ended.reason and ended.order.begun:
        audit.note(
            unit, "relay.bridged", ended.order.serial, scope=ended.order.area, who=ended.order.who,
            reason=ended.reason,
        )  # fmt: skip


def may_begin(unit: Unit, order: Order, now: int, settings: Settings) -> PutOff | str | None:
    """Interlocks that the head-end keeps: protected customers, and so many per feeder and hour, each way."""
    action = "disconnect" if '"action":"disconnect"' in order.payload else "reconnect"
    if action == "disconnect" and (why := lock(unit, order.meter)) is not None:
        return f"meter {order.serial} is protected from disconnection: {why}"
    limit = settings.commands.relay_per_hour
    path = feeder(unit, order.meter)
    rows = unit.rows(
        "SELECT o.begun FROM device_order o JOIN meter m ON m.id = o.meter WHERE o.kind = ? AND o.begun > ?"
        " AND o.payload LIKE ? AND m.place >= ? AND m.place < ? ORDER BY o.begun DESC LIMIT ?",
        (order.kind, now - HOUR_S, f'%"action":"{action}"%', path, end_of(path), limit),
    )
    if len(rows) < limit:
        return None
    return PutOff(int(rows[-1][0]) + HOUR_S + 1, f"{limit} relays of its feeder were switched within the hour")


def feeder(unit: Unit, meter: int) -> str:
    """Path of the feeder that a meter hangs at; where the tree knows none, of its node."""
    place = str(unit.value("SELECT place FROM meter WHERE id = ?", (meter,)))
    line = [int(part) for part in place.split("/") if part]
    rows = unit.rows_in("SELECT path FROM node WHERE id IN {keys} AND level = ?", line, Level.FEEDER.value)
    return str(rows[0][0]) if rows else place


def lock(unit: Unit, meter: int) -> str | None:
    """Why a meter is protected from disconnection; None when it is not."""
    found = unit.value("SELECT why FROM relay_lock WHERE meter = ?", (meter,))
    return None if found is None else str(found)
