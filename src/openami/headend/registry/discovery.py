"""Meters that made themselves known and are not registered: by radio, by a push, by a connection that they opened.

Whatever meets one (`noted`) says by what it is known there; the list is bounded, for anybody can send anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from openami.core.errors import AmiError, LocalProtocolError
from openami.headend.accounts import audit
from openami.headend.kit.access import Permission, command
from openami.headend.kit.database import Unit
from openami.headend.registry.schemas import Lifecycle
from openami.headend.registry.shipment import Shipped, register

RADIO, PUSH, INBOUND = "radio", "push", "inbound"
"""Kinds: an ERT endpoint; a system title or logical device name that pushed; one that opened a connection."""
MOST: Final = 10_000
"""So many are kept: beyond that, those that were not met for longest are forgotten."""
MOST_TEXT: Final = 200
SPARE: Final = 500
COLUMNS = "SELECT id, kind, identity, first_at, last_at, times, address, port, detail FROM discovery"


class UnknownDiscoveryError(AmiError):
    """No discovery of that number."""


@dataclass(frozen=True, slots=True)
class Met:
    """A meter that is not registered, as it was met: instant, epoch seconds; where it came from, if by IP."""

    kind: str
    identity: str
    """What it is known by: an endpoint, a system title in hexadecimal, a logical device name."""
    at: int
    address: str = ""
    port: int = 0
    detail: str = ""
    """What else it said, for people. No key, no reading."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """A meter that is not registered."""

    id: int
    kind: str
    identity: str
    first_at: int
    last_at: int
    times: int
    address: str
    port: int
    detail: str


def noted(unit: Unit, met: Iterable[Met]) -> int:
    """Write down whom somebody met; the same once more counts. -> how many there were."""
    rows = [
        (each.kind, _clean(each.identity), each.at, each.at, _clean(each.address), each.port, _clean(each.detail))
        for each in met
    ]
    unit.run_many(
        "INSERT INTO discovery (kind, identity, first_at, last_at, times, address, port, detail)"
        " VALUES (?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT (kind, identity) DO UPDATE SET times = discovery.times + 1,"
        " first_at = least(discovery.first_at, excluded.first_at),"
        " last_at = greatest(discovery.last_at, excluded.last_at),"
        " address = excluded.address, port = excluded.port, detail = excluded.detail",
        rows,
    )
    if rows:
        _bound(unit)
    return len(rows)


def _clean(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:MOST_TEXT])


def _bound(unit: Unit) -> None:
    if int(unit.value("SELECT count(*) FROM discovery")) > MOST + SPARE:
        oldest = unit.rows("SELECT last_at FROM discovery ORDER BY last_at DESC LIMIT 1 OFFSET ?", (MOST,))
        unit.run("DELETE FROM discovery WHERE last_at <= ?", oldest[0])


def settled(unit: Unit, kind: str, identity: str) -> None:
    """Take a meter that was registered off the list."""
    unit.run("DELETE FROM discovery WHERE kind = ? AND identity = ?", (kind, identity))


@command(Permission.VIEW, is_undivided=True)
def listed(
    unit: Unit, kind: str | None = None, *, before: tuple[int, int] | None = None, limit: int = 50
) -> tuple[Discovery, ...]:
    """Discoveries, the last met first; `before` is instant and number of where the page before ended."""
    rows = unit.rows(
        f"{COLUMNS} WHERE (last_at, id) < (?, ?) AND (? IS NULL OR kind = ?) ORDER BY last_at DESC, id DESC LIMIT ?",
        (*(before or (2**40, 0)), kind, kind, limit),
    )
    return tuple(Discovery(*row) for row in rows)


@command(Permission.VIEW, is_undivided=True)
def find(unit: Unit, number: int) -> Discovery:
    """Find a discovery."""
    rows = unit.rows(f"{COLUMNS} WHERE id = ?", (number,))
    if not rows:
        raise UnknownDiscoveryError(f"there is no discovery {number}")
    return Discovery(*rows[0])


@command(Permission.REGISTRY, is_undivided=True)
def adopt(unit: Unit, number: int, shipped: Shipped, at: int) -> str:
    """Register a discovered meter, or tell one that is registered where it was met; says what that changed.

    Its keys come with a shipment file, before or after.

    Raises:
        LocalProtocolError: it is a radio endpoint, or the meter of that serial number is another one.
    """
    found = find(unit, number)
    if found.kind == RADIO:
        raise LocalProtocolError(f"endpoint {found.identity} is made a meter's among the radio endpoints")
    rows = unit.rows("SELECT product, state, system_title FROM meter WHERE serial = ?", (shipped.serial,))
    if rows:
        product, state, title = rows[0]
        if product != shipped.product:
            raise LocalProtocolError(f"meter {shipped.serial} is registered as a {product}")
        if title and shipped.system_title and title != shipped.system_title:
            raise LocalProtocolError(f"meter {shipped.serial} is registered with system title {title}")
        if state in {Lifecycle.RETIRED, Lifecycle.REMOVED}:
            raise LocalProtocolError(f"meter {shipped.serial} is {state}")
    change = register(unit, shipped, at)
    settled(unit, found.kind, found.identity)
    audit.note(
        unit, "discovery.adopt", shipped.serial, scope=shipped.area or "/", kind=found.kind, identity=found.identity
    )
    return change


@command(Permission.REGISTRY, is_undivided=True)
def forget(unit: Unit, number: int) -> None:
    """Take a discovery off the list; it comes back when it is met again."""
    found = find(unit, number)
    settled(unit, found.kind, found.identity)
    audit.note(unit, "discovery.forget", found.identity, kind=found.kind)
