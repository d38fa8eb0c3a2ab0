"""Looking meters up, and moving them through their life."""

from collections.abc import Iterable

from openami.core.errors import LocalProtocolError
from openami.headend.kit.database import Row, Unit
from openami.headend.kit.errors import UnknownMeterError
from openami.headend.registry.schemas import TRANSITIONS, Contact, Lifecycle, Meter, Page

METER = """
    SELECT m.id, m.serial, m.product, m.state, m.address, m.port, m.system_title, n.name, m.zone,
           m.last_contact, m.last_read, m.clock_offset_s, m.reason
    FROM meter m JOIN node n ON n.id = m.node
"""
HIGHEST = "\U0010ffff"


def search(unit: Unit, prefix: str = "", after: str = "", limit: int = 50, state: Lifecycle | None = None) -> Page:
    """Meters whose serial number begins with `prefix`, in order; `after` is where the page before ended."""
    prefix = prefix.strip()
    rows = unit.rows(
        METER + "WHERE m.serial >= ? AND m.serial <= ? AND m.serial > ? AND (? IS NULL OR m.state = ?)"
        " ORDER BY m.serial LIMIT ?",
        (prefix, prefix + HIGHEST, after, state, state, limit + 1),
    )
    meters = tuple(_meter(row) for row in rows[:limit])
    return Page(meters, meters[-1].serial if len(rows) > limit else None)


def meter(unit: Unit, serial: str) -> Meter:
    """Find the meter of a serial number."""
    rows = unit.rows(METER + "WHERE m.serial = ?", (serial,))
    if not rows:
        raise UnknownMeterError(serial)
    return _meter(rows[0])


def meters(unit: Unit, numbers: Iterable[int]) -> dict[int, Meter]:
    """Several meters by their number."""
    return {row[0]: _meter(row) for row in unit.rows_in(METER + "WHERE m.id IN {keys}", numbers)}


def count(unit: Unit) -> dict[Lifecycle, int]:
    """How many meters there are in each state."""
    rows = unit.rows("SELECT state, count(*) FROM meter GROUP BY state")
    return {Lifecycle(state): number for state, number in rows}


def move(unit: Unit, serial: str, state: Lifecycle) -> None:
    """Bring a meter into another state of its life."""
    known = meter(unit, serial)
    if state not in TRANSITIONS[known.state]:
        raise LocalProtocolError(f"meter {serial} is {known.state} and cannot become {state}")
    unit.run("UPDATE meter SET state = ? WHERE id = ?", (state, known.id))


def contacted(unit: Unit, contacts: Iterable[Contact]) -> None:
    """Note how sessions went: when a meter last answered, when it was read in full, and why it was not."""
    unit.run_many(
        """
        UPDATE meter SET
            state = CASE WHEN ? AND state = 'installed' THEN 'in use' ELSE state END,
            last_contact = CASE WHEN ? THEN max(?, coalesce(last_contact, 0)) ELSE last_contact END,
            last_read = CASE WHEN ? THEN max(?, coalesce(last_read, 0)) ELSE last_read END,
            clock_offset_s = coalesce(?, clock_offset_s), reason = ?
        WHERE id = ?
        """,
        [(c.is_reached, c.is_reached, c.at, c.is_read, c.at, c.clock_offset_s, c.reason, c.meter) for c in contacts],
    )


def node(unit: Unit, name: str) -> int:
    """Look up the number of a node; it is made if it is new."""
    unit.run("INSERT INTO node (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
    return int(unit.value("SELECT id FROM node WHERE name = ?", (name,)))


def nodes(unit: Unit) -> tuple[str, ...]:
    """Every node there is."""
    return tuple(row[0] for row in unit.rows("SELECT name FROM node ORDER BY name"))


def _meter(row: Row) -> Meter:
    return Meter(row[0], row[1], row[2], Lifecycle(row[3]), *row[4:])
