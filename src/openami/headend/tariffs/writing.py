"""What is done in a session: passive tables in the order that the meter demands, activation, and reading back."""

from openami.core.errors import AccessError
from openami.core.time import ANY_YEAR, CosemDateTime
from openami.cosem.calendars import NOT_SPECIFIED, ActivityCalendar
from openami.cosem.objects import Attribute
from openami.headend.orders.kinds import OrderFailedError, Session
from openami.headend.tariffs.keeping import keep_before
from openami.headend.tariffs.octets import (
    ACTIVE,
    CALENDAR,
    PASSIVE,
    SPECIAL,
    SPECIAL_DAYS,
    Programme,
    compare,
    stamp,
    without_special,
)
from openami.headend.tariffs.payloads import Cancel, Cancelled, Found, Read, Verified, Verify, Write, Written

MOST_TOLD = 3


async def write(session: Session, wanted: Write) -> Written:
    """Write and read back; what was there before is kept first, so that it can be brought back."""
    before = await _held(session, ACTIVE)
    await session.store(lambda unit: keep_before(unit, wanted.rollout, session.order.meter, before))
    if wanted.activates is not None and session.now() >= wanted.activates:
        raise OrderFailedError("the time of activation is over, so nothing was written")
    await _unset(session)
    for part in wanted.order:
        await session.meter.set_raw(PASSIVE[part].at(CALENDAR), bytes.fromhex(getattr(wanted.programme, part)))
    _demand_same(without_special(wanted.programme), await _held(session, PASSIVE), "its passive calendar")
    if wanted.activates is None:
        await session.meter.action(ActivityCalendar.activate_passive_calendar, CALENDAR, 0)
        await _write_special(session, wanted.programme)
        return await _activated(session, wanted)
    if wanted.special == "at once":
        await _write_special(session, wanted.programme)
    await session.meter.set(
        ActivityCalendar.activate_passive_calendar_time, CALENDAR, stamp(wanted.activates, session.zone)
    )
    return await _scheduled(session, wanted)


async def look_back(session: Session, wanted: Write) -> Written | None:
    """Tell whether it is there already."""
    try:
        return await (_activated if wanted.activates is None else _scheduled)(session, wanted)
    except OrderFailedError:
        return None


async def _activated(session: Session, wanted: Write) -> Written:
    active = await _held(session, ACTIVE)
    _demand_same(wanted.programme, active, "its active calendar")
    return Written(is_active=True, active=active, activates=None)


async def _scheduled(session: Session, wanted: Write) -> Written:
    assert wanted.activates is not None
    _demand_same(without_special(wanted.programme), await _held(session, PASSIVE), "its passive calendar")
    time = await session.meter.get(ActivityCalendar.activate_passive_calendar_time, CALENDAR)
    if not _is_instant(time, wanted.activates, session.zone):
        raise OrderFailedError(f"its time of activation is {_moment(time)}")
    return Written(is_active=False, active=await _held(session, ACTIVE), activates=_moment(time))


async def verify(session: Session, wanted: Verify) -> Verified:
    """Read the active calendar back, and see to the special days."""
    active = await _held(session, ACTIVE)
    _demand_same(without_special(wanted.programme), active, "its active calendar")
    is_late = bool(compare(wanted.programme, active))
    if is_late:
        await _write_special(session, wanted.programme)
        active = await _held(session, ACTIVE)
        _demand_same(wanted.programme, active, "its active calendar")
    return Verified(active=active, special_written=is_late)


async def is_verified(session: Session, wanted: Verify) -> Verified | None:
    """Tell whether the calendar and the special days are there already."""
    active = await _held(session, ACTIVE)
    return None if compare(wanted.programme, active) else Verified(active=active, special_written=False)


async def cancel(session: Session, wanted: Cancel) -> Cancelled:
    """Take the time of activation back."""
    del wanted
    await _unset(session)
    time = await session.meter.get(ActivityCalendar.activate_passive_calendar_time, CALENDAR)
    if time.year != ANY_YEAR:
        raise OrderFailedError(f"its time of activation is still {_moment(time)}")
    return Cancelled(active=(await _held(session, ACTIVE)).called)


async def read(session: Session, wanted: Read) -> Found:
    """Read both calendars and the special days."""
    del wanted
    active, passive = await _held(session, ACTIVE), await _held(session, PASSIVE)
    time = await session.meter.get(ActivityCalendar.activate_passive_calendar_time, CALENDAR)
    return Found(
        at=int(session.now()), active=active, passive=without_special(passive),
        activates=None if time.year == ANY_YEAR else _moment(time),
    )  # fmt: skip


async def _unset(session: Session) -> None:
    """Leave nothing that could become active half-written."""
    await session.meter.set(ActivityCalendar.activate_passive_calendar_time, CALENDAR, NOT_SPECIFIED)


async def _held(session: Session, parts: dict[str, Attribute[object]]) -> Programme:
    """Read the tables of one side, and the special days, which have but one; None where there are none."""
    found = {part: (await session.meter.get_raw(key.at(CALENDAR))).hex() for part, key in parts.items()}
    try:
        special: str | None = (await session.meter.get_raw(SPECIAL.at(SPECIAL_DAYS))).hex()
    except AccessError:
        special = None
    return Programme(**found, special=special)


async def _write_special(session: Session, programme: Programme) -> None:
    if programme.special is not None:
        await session.meter.set_raw(SPECIAL.at(SPECIAL_DAYS), bytes.fromhex(programme.special))


def _demand_same(wanted: Programme, found: Programme, what: str) -> None:
    """Refuse what is not as it ought to be, and say where."""
    if wanted.special and found.special is None:
        raise OrderFailedError("it has no special days table that can be read")
    if different := compare(wanted, found):
        told = "; ".join(f"{d.what}: {d.after}, not {d.before}" for d in different[:MOST_TOLD])
        raise OrderFailedError(f"{what} is not as it ought to be: {told}")


def _is_instant(time: CosemDateTime, at: int, zone: str) -> bool:
    wanted = stamp(at, zone)
    return time.year != ANY_YEAR and time.local_seconds() == wanted.local_seconds()


def _moment(time: CosemDateTime) -> str:
    if time.year == ANY_YEAR:
        return "not set"
    return f"{time.year:04}-{time.month:02}-{time.day:02} {time.hour:02}:{time.minute:02}"
