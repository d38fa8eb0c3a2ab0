"""What overviews ask of the collection: how it stands, the last sessions, and who was not read."""

from dataclasses import dataclass

from openami.headend.collection import work
from openami.headend.kit.access import Permission, command, within
from openami.headend.kit.database import Unit

ACTIVITY = """
    SELECT count(DISTINCT CASE WHEN due <= ? THEN meter END),
           count(DISTINCT CASE WHEN lease_until > 0 THEN meter END) FROM work
"""
RECENT = """
    SELECT m.serial, m.zone, s.at, s.seconds, s.items, s.rows, s.reason
    FROM session s JOIN meter m ON m.id = s.meter WHERE {seen} ORDER BY s.id DESC LIMIT ?
"""
MISSED = """
    SELECT serial, zone, last_read, last_contact, reason FROM meter
    WHERE reason IS NOT NULL AND {seen} ORDER BY last_read NULLS FIRST, serial LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Activity:
    """How the collection stands; numbers of meters."""

    due: int
    in_session: int
    failing: int
    """With something due that failed the last time."""
    last_session: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """A session with any meter: `at` is business time, `reason` why something did not come in."""

    serial: str
    zone: str
    at: int
    seconds: float
    items: tuple[str, ...]
    rows: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Missed:
    """A meter whose last session did not bring everything."""

    serial: str
    zone: str
    last_read: int | None
    last_contact: int | None
    reason: str


@command(Permission.VIEW, is_undivided=True)
def activity(unit: Unit, now: float) -> Activity:
    """Look at the work."""
    due, in_session = unit.rows(ACTIVITY, (int(now),))[0]
    latest = unit.value("SELECT at FROM session ORDER BY id DESC LIMIT 1")
    return Activity(due, in_session, work.failing(unit, now), latest)


@command(Permission.VIEW)
def recent(unit: Unit, limit: int = 12) -> tuple[Held, ...]:
    """List the last sessions with any meter, newest first."""
    seen = within(unit, Permission.VIEW, "m.area")
    return tuple(
        Held(serial, zone, at, seconds, tuple(items.split()), rows, reason)
        for serial, zone, at, seconds, items, rows, reason in unit.rows(
            RECENT.format(seen=seen.sql), (*seen.parameters, limit)
        )
    )


@command(Permission.VIEW)
def missed(unit: Unit, limit: int = 12) -> tuple[Missed, ...]:
    """List meters that were not read in full the last time, those that have waited longest first."""
    seen = within(unit, Permission.VIEW, "area")
    return tuple(Missed(*row) for row in unit.rows(MISSED.format(seen=seen.sql), (*seen.parameters, limit)))
