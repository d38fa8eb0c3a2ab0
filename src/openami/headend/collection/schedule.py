"""When an item of a meter is due: steps of the meter's local calendar, in business time."""

from openami.headend.kit.zone import zone
from openami.headend.registry.models import Item

HOUR_S = 3_600


def next_due(item: Item, zone_name: str, now: float) -> int:
    """First due instant of the item after `now`."""
    since = int(now) - item.delay_s
    if item.every == "month":
        return zone(zone_name).month(since, 1) + item.delay_s
    if item.every == "day":
        local = zone(zone_name)
        return local.bounds(local.day(since))[1] + item.delay_s
    step = HOUR_S if item.every == "hour" else item.every
    return (since // step + 1) * step + item.delay_s


def last_due(item: Item, zone_name: str, now: float) -> int:
    """Last step of the item that was due by `now`: what was measured before it has been asked for."""
    since = int(now) - item.delay_s
    if item.every == "month":
        return zone(zone_name).month(since)
    if item.every == "day":
        local = zone(zone_name)
        return local.bounds(local.day(since))[0]
    step = HOUR_S if item.every == "hour" else item.every
    return since // step * step


def second_of_day(zone_name: str, now: float) -> int:
    """Seconds since local midnight, as windows count them."""
    local = zone(zone_name)
    return int(now) - local.bounds(local.day(now))[0]
