"""The network as a tree: substation, feeder, transformer, phase; every meter hangs at a node of it.

A node lies in an area as a meter does; who may change nodes there may change the tree there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from openami.core.errors import AmiError, DecodeError, LocalProtocolError
from openami.headend.accounts import audit, roles
from openami.headend.kit.access import Permission, command, demand, within
from openami.headend.kit.database import Row, Unit
from openami.headend.registry import service
from openami.headend.registry.finding import HIGHEST, end_of
from openami.headend.registry.schemas import Level

MOST_NAME: Final = 80
MOST_COUNTED: Final = 1_000
"""A list does not count further than this below one of its nodes."""
COLUMNS = "n.id, n.name, n.level, n.path, n.area, p.name"
FROM = "FROM node n LEFT JOIN node p ON p.id = n.parent"


class UnknownNodeError(AmiError):
    """No node of that name, as far as whoever asks may see."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no node {name}")


@dataclass(frozen=True, slots=True)
class Node:
    """A place of the network."""

    id: int
    name: str
    level: Level
    path: str
    """Numbers from the root down to its own: `/1/7/`."""
    area: str
    parent: str | None

    @property
    def line(self) -> tuple[int, ...]:
        """Numbers of the nodes from the root down to this one."""
        return numbers(self.path)


@dataclass(frozen=True, slots=True)
class NewNode:
    """A node as it is wanted."""

    name: str
    level: Level
    parent: str | None = None
    area: str | None = None
    """By default that of what it hangs under."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A node in a list: how much hangs under it, counted up to `MOST_COUNTED`."""

    node: Node
    nodes: int
    meters: int


def numbers(path: str) -> tuple[int, ...]:
    """Read a path."""
    return tuple(int(part) for part in path.split("/") if part)


@command(Permission.VIEW)
def find(unit: Unit, name: str) -> Node:
    """Find a node in sight."""
    seen = within(unit, Permission.VIEW, "n.area")
    rows = unit.rows(f"SELECT {COLUMNS} {FROM} WHERE n.name = ? AND {seen.sql}", (name, *seen.parameters))
    if not rows:
        raise UnknownNodeError(name)
    return _node(rows[0])


@command(Permission.VIEW)
def is_seen(unit: Unit, name: str) -> bool:
    """Whether a node is in sight."""
    seen = within(unit, Permission.VIEW, "area")
    return bool(unit.rows(f"SELECT 1 FROM node WHERE name = ? AND {seen.sql}", (name, *seen.parameters)))  # noqa: S608


@command(Permission.VIEW)
def under(unit: Unit, parent: str | None = None, after: str = "", limit: int = 50) -> tuple[Branch, ...]:
    """Nodes that hang directly under another, or at the top, in order of their names.

    At the top of what somebody sees who does not see all are the roots and whatever hangs under what is not theirs.
    """
    seen = within(unit, Permission.VIEW, "n.area")
    given: tuple[object, ...] = ()
    where = "n.parent IS NULL"
    if parent is not None:
        where, given = "n.parent = ?", (find(unit, parent).id,)
    elif seen.parameters:
        above = within(unit, Permission.VIEW, "p.area")
        where, given = f"(n.parent IS NULL OR NOT {above.sql})", above.parameters
    rows = unit.rows(
        f"SELECT {COLUMNS} {FROM} WHERE {where} AND {seen.sql} AND n.name > ? ORDER BY n.name LIMIT ?",
        (*given, *seen.parameters, after, limit),
    )
    return tuple(_branch(unit, _node(row)) for row in rows)


@command(Permission.VIEW)
def named(unit: Unit, prefix: str = "", after: str = "", limit: int = 50) -> tuple[Node, ...]:
    """Nodes whose names begin so, in order of their names."""
    seen = within(unit, Permission.VIEW, "n.area")
    rows = unit.rows(
        f"SELECT {COLUMNS} {FROM} WHERE n.name >= ? AND n.name <= ? AND n.name > ? AND {seen.sql}"
        " ORDER BY n.name LIMIT ?",
        (prefix, prefix + HIGHEST, after, *seen.parameters, limit),
    )
    return tuple(_node(row) for row in rows)


@command(Permission.VIEW)
def line(unit: Unit, node: Node) -> tuple[Node, ...]:
    """Nodes in sight from the root down to this one."""
    seen = within(unit, Permission.VIEW, "n.area")
    rows = unit.rows_in(f"SELECT {COLUMNS} {FROM} WHERE n.id IN {{keys}} AND {seen.sql}", node.line, *seen.parameters)
    return tuple(sorted((_node(row) for row in rows), key=lambda each: each.level.rank))


@command(Permission.REGISTRY)
def make(unit: Unit, wanted: NewNode) -> Node:
    """Hang a new node into the tree, or at its top.

    Raises:
        DecodeError: the name or the area is none.
        LocalProtocolError: the name is taken, or the level does not fit under the parent's.
    """
    parent = None if wanted.parent is None else find(unit, wanted.parent)
    area = roles.scope(wanted.area if wanted.area is not None else parent.area if parent else "/")
    demand(unit, Permission.REGISTRY, area)
    _check(wanted, parent)
    if unit.rows("SELECT 1 FROM node WHERE name = ?", (wanted.name,)):
        raise LocalProtocolError(f"there is a node {wanted.name} already")
    number = service.node(unit, wanted.name)
    unit.run(
        "UPDATE node SET level = ?, parent = ?, path = ?, area = ? WHERE id = ?",
        (wanted.level, parent and parent.id, f"{parent.path if parent else '/'}{number}/", area, number),
    )
    audit.note(unit, "node.make", wanted.name, scope=area, level=wanted.level, parent=wanted.parent)
    return find(unit, wanted.name)


def _check(wanted: NewNode, parent: Node | None) -> None:
    if not 1 <= len(wanted.name) <= MOST_NAME or not wanted.name.isprintable() or wanted.name != wanted.name.strip():
        raise DecodeError(f"node {wanted.name!r}: expected 1 to {MOST_NAME} printable characters")
    _fits(wanted.level, parent)


def _fits(level: Level, parent: Node | None) -> None:
    if parent is not None and parent.level.rank >= level.rank:
        raise LocalProtocolError(f"a {level} cannot hang under {parent.name}, which is a {parent.level}")


@command(Permission.REGISTRY)
def hang(unit: Unit, name: str, parent: str | None) -> Node:
    """Hang a node, and all that is below it, under another one, or at the top. What was summed before stays."""
    node, above = find(unit, name), None if parent is None else find(unit, parent)
    demand(unit, Permission.REGISTRY, node.area)
    if above is not None:
        demand(unit, Permission.REGISTRY, above.area)
        if above.path.startswith(node.path):
            raise LocalProtocolError(f"{above.name} hangs under {node.name}")
    _fits(node.level, above)
    path = f"{above.path if above else '/'}{node.id}/"
    unit.run("UPDATE node SET parent = ? WHERE id = ?", (above and above.id, node.id))
    for table, column in (("node", "path"), ("meter", "place")):
        unit.run(
            f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE {column} >= ? AND {column} < ?",  # noqa: S608
            (path, len(node.path) + 1, node.path, end_of(node.path)),
        )
    audit.note(unit, "node.hang", name, scope=node.area, was=node.parent, becomes=parent)
    return find(unit, name)


@command(Permission.REGISTRY)
def classify(unit: Unit, name: str, level: Level) -> Node:
    """Say what level a node is of: those that shipments name begin at the top, as networks."""
    node = find(unit, name)
    demand(unit, Permission.REGISTRY, node.area)
    if node.parent is not None:
        _fits(level, find(unit, node.parent))
    rows = unit.rows("SELECT level, name FROM node WHERE parent = ?", (node.id,))
    for low, below_ in rows:
        if Level(low).rank <= level.rank:
            raise LocalProtocolError(f"{below_} hangs under {name} and is a {low}")
    unit.run("UPDATE node SET level = ? WHERE id = ?", (level, node.id))
    audit.note(unit, "node.level", name, scope=node.area, was=node.level, becomes=level)
    return find(unit, name)


@command(Permission.REGISTRY)
def remove(unit: Unit, name: str) -> None:
    """Take a node away under which nothing hangs."""
    node = find(unit, name)
    demand(unit, Permission.REGISTRY, node.area)
    for what, sql in USES.items():
        if unit.rows(sql, (node.id,)):
            raise LocalProtocolError(f"{what} at node {name}")
    unit.run("DELETE FROM node WHERE id = ?", (node.id,))
    audit.note(unit, "node.remove", name, scope=node.area)


USES: Final[dict[str, str]] = {
    "there are nodes": "SELECT 1 FROM node WHERE parent = ? LIMIT 1",
    "there are meters": "SELECT 1 FROM meter WHERE node = ? LIMIT 1",
    "there are usage points": "SELECT 1 FROM usage_point WHERE node = ? LIMIT 1",
    "energy was summed": "SELECT 1 FROM rollup WHERE node = ? LIMIT 1",
}
"""What keeps a node in the tree, and how it is found."""


@command(Permission.REGISTRY)
def place(unit: Unit, serial: str, name: str) -> None:
    """Hang a meter at a node; from now on its energy is summed there. At a usage point, the point decides."""
    meter, node = service.meter(unit, serial), find(unit, name)
    demand(unit, Permission.REGISTRY, meter.area)
    if point := service.usage_point_of(unit, meter.id):
        raise LocalProtocolError(f"meter {serial} is at usage point {point}: move that")
    put(unit, meter.id, node)
    audit.note(unit, "meter.place", serial, scope=meter.area, was=meter.node, becomes=name)


def put(unit: Unit, meter: int, node: Node) -> None:
    """Hang a meter at a node."""
    unit.run("UPDATE meter SET node = ?, place = ? WHERE id = ?", (node.id, node.path, meter))


def at_level(unit: Unit, nodes: Iterable[int], level: Level) -> Mapping[int, int]:
    """Give the node of a level above each node, or itself; those that have none are left out."""
    paths = {
        number: numbers(path) for number, path in unit.rows_in("SELECT id, path FROM node WHERE id IN {keys}", nodes)
    }
    above = {each for line_ in paths.values() for each in line_}
    fitting = {row[0] for row in unit.rows_in("SELECT id FROM node WHERE id IN {keys} AND level = ?", above, level)}
    found = {number: next((each for each in line_ if each in fitting), None) for number, line_ in paths.items()}
    return {number: each for number, each in found.items() if each is not None}


def below(unit: Unit, name: str) -> tuple[int, ...]:
    """Numbers of a node and of all that hang under it; none where there is no such node."""
    rows = unit.rows("SELECT id, path FROM node WHERE name = ?", (name,))
    if not rows or not rows[0][1]:
        return tuple(row[0] for row in rows)
    path = rows[0][1]
    return tuple(row[0] for row in unit.rows("SELECT id FROM node WHERE path >= ? AND path < ?", (path, end_of(path))))


def _branch(unit: Unit, node: Node) -> Branch:
    counts = [
        unit.value(
            f"SELECT count(*) FROM (SELECT 1 AS one FROM {table} WHERE {column} >= ? AND {column} < ? LIMIT ?) found",  # noqa: S608
            (node.path, end_of(node.path), MOST_COUNTED + 1),
        )
        for table, column in (("node", "path"), ("meter", "place"))
    ]
    return Branch(node, counts[0] - 1, counts[1])


def _node(row: Row) -> Node:
    number, name, level, path, area, parent = row
    return Node(number, name, Level(level), path or f"/{number}/", area, parent)
