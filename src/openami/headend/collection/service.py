"""What pages and other programs ask the collection."""

from collections.abc import Sequence
from dataclasses import dataclass

from openami.headend.accounts import audit
from openami.headend.collection import work
from openami.headend.collection.schedule import last_due
from openami.headend.curves.schemas import Coverage
from openami.headend.curves.service import coverage
from openami.headend.kit.access import Permission, command, demand
from openami.headend.kit.database import Unit
from openami.headend.kit.zone import zone
from openami.headend.registry.models import model
from openami.headend.registry.schemas import Lifecycle
from openami.headend.registry.service import count
from openami.headend.registry.service import meter as find_meter

GRACE_S = 300
"""How long reading all meters may take before the read rate counts what is missing."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that was held: `at` is business time, `reason` why something did not come in."""

    at: int
    seconds: float
    worker: str
    items: tuple[str, ...]
    rows: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An item of a meter: when it is due, and what kept it."""

    item: str
    due: int
    attempts: int
    is_leased: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The collection at a glance."""

    meters: dict[Lifecycle, int]
    due: int
    """Meters with something due."""
    failing: int
    """Meters with something due that failed the last time."""
    in_session: int
    last_session: int | None
    intervals: int
    """Intervals of the main profiles that are stored."""


@command(Permission.VIEW, is_undivided=True)
def read_rate(unit: Unit, day: int, now: float, zone_name: str) -> Coverage:
    """How much of a local day is stored, of what has been due to be read by `now`."""
    products = [row[0] for row in unit.rows("SELECT DISTINCT product FROM meter")]
    items = [model(product).main_profile for product in products]
    until = min((last_due(item, zone_name, now - GRACE_S) for item in items), default=int(now))
    return coverage(unit, day, until, zone_name)


@command(Permission.VIEW)
def sessions(unit: Unit, serial: str, limit: int = 20, *, before: int | None = None) -> tuple[Session, ...]:
    """Sessions with a meter, newest first."""
    rows = unit.rows(
        "SELECT at, seconds, worker, items, rows, reason FROM session"
        " WHERE meter = ? AND (? IS NULL OR at < ?) ORDER BY id DESC LIMIT ?",
        (find_meter(unit, serial).id, before, before, limit),
    )
    return tuple(
        Session(at, seconds, name, tuple(items.split()), new, why) for at, seconds, name, items, new, why in rows
    )


@command(Permission.VIEW)
def open_items(unit: Unit, serial: str) -> tuple[OpenItem, ...]:
    """List what a meter has to deliver, soonest first, and why it is late."""
    rows = unit.rows(
        "SELECT item, due, attempts, lease_until > 0, reason FROM work WHERE meter = ? ORDER BY due, item",
        (find_meter(unit, serial).id,),
    )
    return tuple(OpenItem(item, due, attempts, bool(leased), why) for item, due, attempts, leased, why in rows)


@command(Permission.VIEW, is_undivided=True)
def summary(unit: Unit, now: float) -> Overview:
    """Look at the whole collection."""
    due, in_session = unit.rows(
        "SELECT count(DISTINCT CASE WHEN due <= ? THEN meter END), count(DISTINCT CASE WHEN lease_until > 0"
        " THEN meter END) FROM work",
        (int(now),),
    )[0]
    return Overview(
        meters=count(unit),
        due=due,
        failing=work.failing(unit, now),
        in_session=in_session,
        last_session=unit.value("SELECT max(at) FROM session"),
        intervals=unit.value("SELECT coalesce(sum(stored), 0) FROM series WHERE is_rolled_up"),
    )


@command(Permission.OPERATE)
def read_now(unit: Unit, serial: str, items: Sequence[str] = ()) -> int:
    """Ask for a meter to be read before all others, outside its windows too; number of items."""
    known = find_meter(unit, serial)
    demand(unit, Permission.OPERATE, known.area)
    audit.note(unit, "meter.read", serial, scope=known.area, items=[*items])
    return work.hurry(unit, known.id, items)


def local_day(now: float, zone_name: str) -> int:
    """Find the local day of an instant."""
    return zone(zone_name).day(now)
