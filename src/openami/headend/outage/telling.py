"""Who is told of outages and storms; in a storm of the storm alone."""

from openami.headend.events import notices
from openami.headend.kit.database import Unit
from openami.headend.kit.watch_settings import WatchSettings
from openami.headend.outage.engine import Settled, storm_since

OUTAGE = "SELECT o.began, o.ended, o.meters, o.area, n.name FROM outage o JOIN node n ON n.id = o.node WHERE o.id = ?"


def tell(unit: Unit, changed: Settled, now: float, settings: WatchSettings) -> None:
    """Write a notice for each outage and storm that began or ended."""
    channel = settings.storm_channel
    if not channel:
        return
    if changed.storm is not None:
        _storm(unit, changed, now, channel)
    if storm_since(unit) is not None:
        return
    for numbers, verb in ((changed.began, "began"), (changed.ended, "ended")):
        for number in numbers:
            began, ended, meters, area, node = unit.rows(OUTAGE, (number,))[0]
            if meters >= settings.outage_least:
                subject = f"outage of {node} {verb}: {meters} meters"
                notices.put(
                    unit, f"outage {number} {verb} {ended or began}", channel, subject, now, outage=number, node=node,
                    area=area, meters=meters, began=began, ended=ended,
                )  # fmt: skip


def _storm(unit: Unit, changed: Settled, now: float, channel: str) -> None:
    most = unit.value("SELECT most FROM storm WHERE id = ?", (changed.storm,))
    what = "is over" if changed.storm_is_over else "has begun"
    subject = f"storm {what}: {most} meters without supply" + (" at the most" if changed.storm_is_over else "")
    notices.put(unit, f"storm {changed.storm} {what}", channel, subject, now, storm=changed.storm, most=most)
