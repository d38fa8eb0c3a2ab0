"""Alarms that are stored are cleared in the meter, so that it tells of the next one; orders for that, and their end."""

from collections.abc import Iterable

from openami.headend.events.alarm_bits import family
from openami.headend.events.performing import CLEAR, Bits, Clear
from openami.headend.kit.database import Unit
from openami.headend.kit.watch_settings import WatchSettings
from openami.headend.orders.queue import BULK, Wish, enqueue
from openami.headend.orders.switch import switch
from openami.headend.registry.models import model
from openami.headend.registry.schemas import READABLE, Meter
from openami.headend.registry.service import meters

MOST = 200
DUE = """
    SELECT a.meter, a.id, a.name FROM alarm a
    WHERE a.clearing = 'waiting' AND a.meter IN (
        SELECT meter FROM alarm WHERE clearing = 'waiting' AND clear_after <= ? ORDER BY clear_after LIMIT ?)
    ORDER BY a.meter, a.id
"""


def order_due(unit: Unit, now: float, settings: WatchSettings) -> int:
    """Order the clearing of what waits, one order for a meter; while nothing may be changed it goes on waiting."""
    if not settings.clear or switch(unit).refusal is not None:
        return 0
    waiting: dict[int, list[tuple[int, str]]] = {}
    for number, alarm, name in unit.rows(DUE, (int(now), MOST)):
        waiting.setdefault(number, []).append((alarm, name))
    known = meters(unit, waiting)
    for number, alarms in waiting.items():
        _order(unit, known[number], alarms, now)
    return len(waiting)


def _order(unit: Unit, meter: Meter, alarms: Iterable[tuple[int, str]], now: float) -> None:
    numbers, known = [(number,) for number, _ in alarms], family(model(meter.product).event_codes)
    if known is None or meter.state not in READABLE:
        unit.run_many("UPDATE alarm SET clearing = 'none' WHERE id = ?", numbers)
        return
    masks: dict[str, int] = {}
    for _, name in alarms:
        register, _, bit = name.rpartition("/")
        masks[register] = masks.get(register, 0) | 1 << int(bit)
    bits = [
        Bits(of=register, at=known.cleared_at[register], mask=mask, with_ones=known.with_ones)
        for register, mask in sorted(masks.items())
    ]
    enqueue(unit, meter, CLEAR, Clear(bits=bits), Wish(now=now, priority=BULK, who="alarms"))
    unit.run_many("UPDATE alarm SET clearing = 'ordered' WHERE id = ?", numbers)
