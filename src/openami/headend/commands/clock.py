"""The clock of a meter, set to ours."""

from datetime import datetime

from openami.aio.meter import CLOCK
from openami.core.errors import ServiceError
from openami.core.time import CosemDateTime
from openami.cosem.clock import MAX_SHIFT_S, Clock
from openami.headend.commands.payloads import Sync, Synced
from openami.headend.kit.zone import zone
from openami.headend.orders.kinds import OrderFailedError, Session

DST = 0x80
SPARE_S = 2.0
"""What a clock that tells whole seconds may be off after it was set."""


async def synchronise(session: Session, wanted: Sync) -> Synced:
    """Shift the clock by what it is off, or set it where that is too much for a shift; then read it again."""
    before, _ = await _offset_s(session)
    if abs(before) <= wanted.in_step_s:
        return Synced(offset_before_s=before, offset_after_s=before, how="in step")
    if abs(before) > wanted.jump_s and not wanted.may_jump:
        raise OrderFailedError(f"its clock is off by {before:+.0f} s: to set it is a jump, which takes two people")
    is_shifted = abs(before) <= MAX_SHIFT_S and await _shifted(session, before)
    if not is_shifted:
        await _set(session)
    after, took_s = await _offset_s(session)
    if abs(after) > wanted.in_step_s + SPARE_S + took_s:
        raise OrderFailedError(f"the meter took the time, but its clock is still off by {after:+.0f} s")
    return Synced(offset_before_s=before, offset_after_s=after, how="shifted" if is_shifted else "set")


async def _offset_s(session: Session) -> tuple[float, float]:
    """How far the clock is ahead of ours, and how long it took to ask (business time)."""
    asked = session.now()
    at = (await session.meter.clock()).timestamp()
    told = session.now()
    return round(at - (asked + told) / 2, 3), told - asked


async def _shifted(session: Session, offset_s: float) -> bool:
    """Shift; False where the meter knows no such method, or refuses it."""
    try:
        await session.meter.action(Clock.shift_time, CLOCK.logical_name, -round(offset_s))
    except ServiceError:
        return False
    return True


async def _set(session: Session) -> None:
    """Write local time of the meter's zone, with deviation and whether it is summer."""
    now = session.now()
    local = datetime.fromtimestamp(now, zone(session.zone).info)
    offset, dst = local.utcoffset(), local.dst()
    assert offset is not None
    time = CosemDateTime.from_utc(round(now), -round(offset.total_seconds() / 60), DST if dst else 0)
    await session.meter.set(Clock.time, CLOCK.logical_name, time)
