"""Looking meters up, and moving them through their life."""

from collections.abc import Iterable

from openami.core.errors import LocalProtocolError
from openami.headend.accounts import audit
from openami.headend.kit.access import Permission, command, demand, within
from openami.headend.kit.database import Row, Unit
from openami.headend.kit.errors import UnknownMeterError
from openami.headend.registry import finding
from openami.headend.registry.finding import Wanted
from openami.headend.registry.schemas import IN_PLACE, TRANSITIONS, Contact, Lifecycle, Meter, Page

METER = """
    SELECT m.id, m.serial, m.product, m.state, m.address, m.port, m.system_title, n.name, m.zone,
           m.last_contact, m.last_read, m.clock_offset_s, m.reason, m.area, m.place
    FROM meter m JOIN node n ON n.id = m.node
"""


@command(Permission.VIEW)
def search(unit: Unit, prefix: str = "", after: str = "", limit: int = 50, state: Lifecycle | None = None) -> Page:
    """Meters whose serial number begins with `prefix`, in order; `after` is where the page before ended."""
    return look(unit, Wanted(prefix.strip(), state), after, limit)


@command(Permission.VIEW)
def look(unit: Unit, wanted: Wanted, after: str = "", limit: int = 50) -> Page:
    """Meters that fit, in the order of the list; `after` is where the page before ended."""
    found = finding.find(unit, wanted, after, limit + 1)
    known = meters(unit, (number for _, number in found[:limit]))
    page = tuple(known[number] for _, number in found[:limit])
    return Page(page, found[limit - 1][0] if len(found) > limit else None)


@command(Permission.VIEW)
def meter(unit: Unit, serial: str) -> Meter:
    """Find the meter of a serial number; one out of sight is as unknown as one that there is not."""
    seen = within(unit, Permission.VIEW, "m.area")
    rows = unit.rows(METER + f"WHERE m.serial = ? AND {seen.sql}", (serial, *seen.parameters))
    if not rows:
        raise UnknownMeterError(serial)
    return _meter(rows[0])


def meters(unit: Unit, numbers: Iterable[int]) -> dict[int, Meter]:
    """Several meters by their number."""
    return {row[0]: _meter(row) for row in unit.rows_in(METER + "WHERE m.id IN {keys}", numbers)}


@command(Permission.VIEW)
def count(unit: Unit) -> dict[Lifecycle, int]:
    """How many meters there are in each state, of those in sight."""
    seen = within(unit, Permission.VIEW, "area")
    rows = unit.rows(f"SELECT state, count(*) FROM meter WHERE {seen.sql} GROUP BY state", seen.parameters)  # noqa: S608
    return {Lifecycle(state): number for state, number in rows}


@command(Permission.VIEW)
def size(unit: Unit, most: int) -> int:
    """Count the meters in sight, not further than one beyond `most`."""
    seen = within(unit, Permission.VIEW, "area")
    sql = f"SELECT count(*) FROM (SELECT 1 AS one FROM meter WHERE {seen.sql} LIMIT ?) found"  # noqa: S608
    return int(unit.value(sql, (*seen.parameters, most + 1)))


@command(Permission.REGISTRY)
def move(unit: Unit, serial: str, state: Lifecycle, reason: str = "") -> None:
    """Bring a meter into another state of its life; the audit keeps it.

    Raises:
        LocalProtocolError: there is no way from its state to that one, or it is at a usage point.
    """
    known = meter(unit, serial)
    demand(unit, Permission.REGISTRY, known.area)
    if state not in TRANSITIONS[known.state]:
        raise LocalProtocolError(f"meter {serial} is {known.state} and cannot become {state}")
    if state not in IN_PLACE and (point := usage_point_of(unit, known.id)):
        raise LocalProtocolError(f"meter {serial} is at usage point {point}: take it out there")
    set_state(unit, known, state, reason)


def set_state(unit: Unit, known: Meter, state: Lifecycle, reason: str) -> None:
    """Write a state of life down, and who brought the meter there."""
    unit.run("UPDATE meter SET state = ? WHERE id = ?", (state, known.id))
    audit.note(unit, "meter.state", known.serial, scope=known.area, was=known.state, becomes=state, reason=reason[:500])


def usage_point_of(unit: Unit, number: int) -> str | None:
    """Code of the usage point that a meter is at."""
    found = unit.value(
        "SELECT p.code FROM installation i JOIN usage_point p ON p.id = i.usage_point"
        " WHERE i.meter = ? AND i.until IS NULL",
        (number,),
    )
    return None if found is None else str(found)


def contacted(unit: Unit, contacts: Iterable[Contact]) -> None:
    """Note how sessions went: when a meter last answered, when it was read in full, and why it was not."""
    unit.run_many(
        """
        UPDATE meter SET
            state = CASE WHEN ? AND state = 'installed' THEN 'in use' ELSE state END,
            last_contact = CASE WHEN ? THEN greatest(?, coalesce(last_contact, 0)) ELSE last_contact END,
            last_read = CASE WHEN ? THEN greatest(?, coalesce(last_read, 0)) ELSE last_read END,
            clock_offset_s = coalesce(?, clock_offset_s), reason = ?
        WHERE id = ?
        """,
        [(c.is_reached, c.is_reached, c.at, c.is_read, c.at, c.clock_offset_s, c.reason, c.meter) for c in contacts],
    )


def node(unit: Unit, name: str) -> int:
    """Look up the number of a node; it is made, at the top, if it is new."""
    return place(unit, name)[0]


def place(unit: Unit, name: str) -> tuple[int, str]:
    """Look up number and path of a node; it is made, at the top, if it is new."""
    rows = unit.rows("SELECT id, path FROM node WHERE name = ?", (name,))
    if not rows:
        unit.run("INSERT INTO node (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
        rows = unit.rows("SELECT id, path FROM node WHERE name = ?", (name,))
    number, path = rows[0]
    if not path:
        path = f"/{number}/"
        unit.run("UPDATE node SET path = ? WHERE id = ?", (path, number))
    return int(number), str(path)


@command(Permission.VIEW, is_undivided=True)
def nodes(unit: Unit) -> tuple[str, ...]:
    """Every node there is."""
    return tuple(row[0] for row in unit.rows("SELECT name FROM node ORDER BY name"))


def _meter(row: Row) -> Meter:
    return Meter(row[0], row[1], row[2], Lifecycle(row[3]), *row[4:])
