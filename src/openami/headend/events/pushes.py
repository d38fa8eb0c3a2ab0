"""A push becomes what it says: alarms, a last gasp, power that is back. Whose it is, is looked up first.

Its system title tells that where it is authenticated; one in clear may name the meter by its serial number, and then
what it says is kept as not proved: whoever can send us a datagram could have said it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from openami.aio.listener import Push
from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.headend.events import raising
from openami.headend.events.alarm_bits import Bit, Family, family
from openami.headend.kit.database import Unit
from openami.headend.outage import signals
from openami.headend.registry.models import model
from openami.headend.registry.schemas import IN_PLACE, Meter
from openami.headend.registry.service import meters

MOST_SERIAL = 40
MOST_NAMES = 4
EARLIEST_S, LATEST_S = 7 * 86_400, 300
"""How far from our clock the clock of a meter may be to be believed."""

COUNT = """
    INSERT INTO push_counter (title, key, value) VALUES (?, ?, ?)
    ON CONFLICT (title, key) DO UPDATE SET value = greatest(push_counter.value, excluded.value)
"""
BY_SERIAL = "SELECT id FROM meter WHERE serial IN {keys}"
BY_TITLE = "SELECT id FROM meter WHERE system_title IN {keys}"


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a push says, without its connection."""

    title: str
    """System title in hexadecimal, empty where nothing tells it."""
    names: tuple[str, ...]
    """What may be a serial number."""
    values: tuple[tuple[str, int], ...]
    """Whole numbers by logical name; empty name where it tells none."""
    at: int | None
    is_proved: bool
    counter: tuple[str, int] | None = None
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of pushes."""

    pushes: int
    news: int
    unknown: tuple[str, ...]
    """Senders whose meter nobody knows."""


def arrived(push: Push) -> Arrived:
    """Take what matters out of a push."""
    names = tuple(dict.fromkeys(text for value in push.values if (text := _text(value.value))))[:MOST_NAMES]
    values = tuple(
        (str(value.logical_name or ""), value.value)
        for value in push.values
        if isinstance(value.value, int) and not isinstance(value.value, bool) and value.value >= 0
    )
    return Arrived(
        push.title.hex(), names, values, _utc(push.at), push.protection.authenticated or push.protection.signed,
        sender=push.sender,
    )  # fmt: skip


def _text(value: object) -> str:
    if isinstance(value, OBIS) or not isinstance(value, bytes) or not 0 < len(value) <= MOST_SERIAL:
        return ""
    text = value.decode("ascii", "replace")
    return text if text.isprintable() and "\ufffd" not in text else ""


def _utc(at: CosemDateTime | None) -> int | None:
    if at is None:
        return None
    try:
        return int(at.to_utc())
    except DecodeError:
        return None


def take(unit: Unit, pushes: Sequence[Arrived], now: float, *, may_clear: bool = True) -> Taken:
    """Keep what pushes say, all in one unit of work."""
    found, news = _senders(unit, pushes), 0
    unknown: list[str] = []
    for push, meter in zip(pushes, found, strict=True):
        if push.counter is not None:
            unit.run(COUNT, (push.title, *push.counter))
        if meter is None or meter.state not in IN_PLACE:
            unknown.append(push.sender)
            continue
        news += _take(unit, push, meter, now, may_clear=may_clear)
    return Taken(len(pushes), news, tuple(unknown))


def _take(unit: Unit, push: Arrived, meter: Meter, now: float, *, may_clear: bool) -> int:
    known = family(model(meter.product).event_codes)
    if known is None:
        return 0
    bits = raising.registers(known, _named(known, push.values))
    at = int(now) if push.at is None or not now - EARLIEST_S < push.at < now + LATEST_S else push.at
    told = raising.Told(meter, at, bits, raising.PUSH, push.is_proved, is_clearable=may_clear)
    news = raising.raise_all(unit, [told])
    signal(unit, meter, at, [bit for _, bit in news])
    return len(news)


def _named(known: Family, values: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Name values that stand alone: without names they are the registers in order (docs, assumptions)."""
    if any(name for name, _ in values):
        return list(values)
    return list(zip(known.registers, (value for _, value in values), strict=False))


def signal(unit: Unit, meter: Meter, at: int, bits: Sequence[Bit]) -> None:
    """Tell the outages of what is about the supply.

    Where a push is the first to tell of both, one of them is of long ago: it counts as lost until the meter answers,
    which it is asked to, as what it told has to be cleared.
    """
    tags = {bit.tag for bit in bits}
    if raising.GASP in tags:
        signals.down(unit, meter.id, at)
    elif raising.UP in tags:
        signals.up(unit, meter.id, at)


def _senders(unit: Unit, pushes: Sequence[Arrived]) -> list[Meter | None]:
    titles = {push.title for push in pushes if push.title}
    serials = {name for push in pushes if not push.title for name in push.names}
    numbers = unit.rows_in(BY_TITLE, [form for title in titles for form in (title, title.upper())]) if titles else []
    numbers += unit.rows_in(BY_SERIAL, serials) if serials else []
    found = meters(unit, {row[0] for row in numbers}).values()
    by_title = {meter.system_title.lower(): meter for meter in found}
    by_serial = {meter.serial: meter for meter in found}
    return [
        by_title.get(push.title) if push.title
        else next((by_serial[name] for name in push.names if name in by_serial), None)
        for push in pushes
    ]  # fmt: skip
