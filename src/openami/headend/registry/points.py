"""Usage points: where energy is delivered. Meters come, are exchanged and go; what they showed then is kept.

Registers of a coming and a leaving meter are the raw integers of its registers, with the scaler and unit of its model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

from openami.core.errors import AmiError, DecodeError, LocalProtocolError
from openami.core.units import Unit as PhysicalUnit
from openami.headend.accounts import audit, roles
from openami.headend.kit.access import Permission, command, demand, within
from openami.headend.kit.database import Row, Unit
from openami.headend.registry import factors, groups, network, service
from openami.headend.registry.finding import HIGHEST
from openami.headend.registry.models import Column, Role, model
from openami.headend.registry.schemas import IN_PLACE, TRANSITIONS, Lifecycle, Meter

MOST_CODE: Final = 60
OPENING, CLOSING = "opening", "closing"
LEFT: Final = (Lifecycle.REMOVED, Lifecycle.STOCK, Lifecycle.RETIRED)
"""States that a meter may be in after it left."""
READ: Final = frozenset({Role.IMPORT, Role.EXPORT, Role.VALUE})
POINT = "SELECT p.id, p.code, p.title, n.name, p.area, p.made FROM usage_point p JOIN node n ON n.id = p.node"
INSTALLED = (
    "SELECT i.id, m.serial, m.product, i.since, i.until FROM installation i JOIN meter m ON m.id = i.meter"
    " WHERE i.usage_point = ? ORDER BY i.since DESC, i.id DESC"
)

Amounts: TypeAlias = Mapping[str, Decimal]
"""Registers by logical name, in the unit of the register: Wh, not kWh."""


class UnknownPointError(AmiError):
    """No usage point of that code, as far as whoever asks may see."""

    def __init__(self, code: str) -> None:
        super().__init__(f"there is no usage point {code}")


@dataclass(frozen=True, slots=True)
class Point:
    """A usage point."""

    id: int
    code: str
    title: str
    node: str
    area: str
    made: int


@dataclass(frozen=True, slots=True)
class NewPoint:
    """A usage point as it is wanted."""

    code: str
    title: str
    node: str
    area: str | None = None
    """By default that of its node."""


@dataclass(frozen=True, slots=True)
class Stand:
    """A register when a meter came, or when it left: the meter's raw integer."""

    logical_name: str
    value: int
    scaler: int
    unit: PhysicalUnit

    @property
    def amount(self) -> Decimal:
        """Value in its unit."""
        return Decimal(self.value).scaleb(self.scaler)


@dataclass(frozen=True, slots=True)
class Stay:
    """A meter at a usage point, [since, until)."""

    serial: str
    product: str
    since: int
    until: int | None
    opening: tuple[Stand, ...]
    closing: tuple[Stand, ...]

    def through(self, logical_name: str) -> Decimal | None:
        """What went through a register meanwhile, as the meter counted it; None where an end is not known."""
        ends = [{stand.logical_name: stand.amount for stand in edge} for edge in (self.opening, self.closing)]
        if not all(logical_name in edge for edge in ends):
            return None
        return ends[1][logical_name] - ends[0][logical_name]


@dataclass(frozen=True, slots=True)
class Leaving:
    """How a meter leaves its place."""

    registers: Amounts
    state: Lifecycle = Lifecycle.REMOVED
    reason: str = ""


@command(Permission.VIEW)
def find(unit: Unit, code: str) -> Point:
    """Find a usage point in sight."""
    seen = within(unit, Permission.VIEW, "p.area")
    rows = unit.rows(f"{POINT} WHERE p.code = ? AND {seen.sql}", (code, *seen.parameters))
    if not rows:
        raise UnknownPointError(code)
    return Point(*rows[0])


@command(Permission.VIEW)
def listed(unit: Unit, prefix: str = "", after: str = "", limit: int = 50) -> tuple[tuple[Point, str | None], ...]:
    """Usage points whose codes begin so, in order, each with the serial number of the meter that is there."""
    seen = within(unit, Permission.VIEW, "p.area")
    rows = unit.rows(
        "SELECT p.id, p.code, p.title, n.name, p.area, p.made, m.serial FROM usage_point p"  # noqa: S608
        " JOIN node n ON n.id = p.node LEFT JOIN installation i ON i.usage_point = p.id AND i.until IS NULL"
        f" LEFT JOIN meter m ON m.id = i.meter WHERE p.code >= ? AND p.code <= ? AND p.code > ? AND {seen.sql}"
        " ORDER BY p.code LIMIT ?",
        (prefix, prefix + HIGHEST, after, *seen.parameters, limit),
    )
    return tuple((Point(*row[:6]), row[6]) for row in rows)


@command(Permission.VIEW)
def stays(unit: Unit, code: str) -> tuple[Stay, ...]:
    """Meters that were at a usage point, the latest first, with the registers they came and left with."""
    return tuple(_stay(unit, row) for row in unit.rows(INSTALLED, (find(unit, code).id,)))


@command(Permission.VIEW)
def of_meter(unit: Unit, serial: str) -> tuple[Point, Stay] | None:
    """Where a meter is, and since when."""
    code = service.usage_point_of(unit, service.meter(unit, serial).id)
    if code is None:
        return None
    point = find(unit, code)
    return point, _stay(unit, unit.rows(INSTALLED, (point.id,))[0])


@command(Permission.REGISTRY)
def make(unit: Unit, wanted: NewPoint, at: int) -> Point:
    """Make a usage point.

    Raises:
        DecodeError: the code or the area is none.
        LocalProtocolError: the code is taken.
    """
    node = network.find(unit, wanted.node)
    area = roles.scope(node.area if wanted.area is None else wanted.area)
    demand(unit, Permission.REGISTRY, area)
    code = wanted.code
    if not 1 <= len(code) <= MOST_CODE or not code.isascii() or not code.isprintable() or " " in code:
        raise DecodeError(f"usage point {code!r}: expected 1 to {MOST_CODE} printable characters without a space")
    if unit.rows("SELECT 1 FROM usage_point WHERE code = ?", (code,)):
        raise LocalProtocolError(f"there is a usage point {code} already")
    unit.run(
        "INSERT INTO usage_point (code, title, node, area, made) VALUES (?, ?, ?, ?, ?)",
        (code, wanted.title.strip()[:200], node.id, area, at),
    )
    audit.note(unit, "point.make", code, scope=area, node=wanted.node)
    return find(unit, code)


@command(Permission.REGISTRY)
def place(unit: Unit, code: str, node: str) -> Point:
    """Hang a usage point, and the meter that is there, at another node."""
    point, to = find(unit, code), network.find(unit, node)
    demand(unit, Permission.REGISTRY, point.area)
    unit.run("UPDATE usage_point SET node = ? WHERE id = ?", (to.id, point.id))
    for (number,) in unit.rows("SELECT meter FROM installation WHERE usage_point = ? AND until IS NULL", (point.id,)):
        network.put(unit, number, to)
    audit.note(unit, "point.place", code, scope=point.area, was=point.node, becomes=node)
    return find(unit, code)


@command(Permission.REGISTRY)
def install(unit: Unit, code: str, serial: str, at: int, opening: Amounts) -> None:
    """Put a meter at a usage point where there is none; it comes into the area and the node of the point.

    Raises:
        DecodeError: a register is not one of its model.
        LocalProtocolError: one of both is not free, or the instant lies before the meter there left.
    """
    point, meter = _both(unit, code, serial)
    if there := unit.rows(INSTALLED, (point.id,)):
        _, known, _, _, until = there[0]
        if until is None:
            raise LocalProtocolError(f"meter {known} is at usage point {code}: exchange it")
        if until > at:
            raise LocalProtocolError(f"meter {known} left usage point {code} after that")
    _settle(unit, point, meter, at, opening)
    audit.note(unit, "meter.install", serial, scope=point.area, point=code, when=at, registers=_said(opening))


@command(Permission.REGISTRY)
def take_out(unit: Unit, code: str, at: int, leaving: Leaving) -> str:
    """Take the meter of a usage point out. -> its serial number."""
    point = find(unit, code)
    demand(unit, Permission.REGISTRY, point.area)
    serial = _end(unit, point, at, leaving).serial
    audit.note(
        unit, "meter.take_out", serial, scope=point.area, point=code, when=at, registers=_said(leaving.registers)
    )
    return serial


@command(Permission.REGISTRY)
def exchange(unit: Unit, code: str, serial: str, at: int, *, leaving: Leaving, opening: Amounts) -> str:
    """Put another meter where one is: what both show is kept. -> the old serial number.

    The instrument transformers stay, and so do the groups.
    """
    point, meter = _both(unit, code, serial)
    old = _end(unit, point, at, leaving)
    _settle(unit, point, meter, at, opening)
    groups.hand_over(unit, old.id, meter.id, serial)
    ratio = factors.at(factors.of_meter(unit, old.id), at)
    if ratio.power != 1 or factors.of_meter(unit, meter.id):
        factors.keep(
            unit, meter.id,
            factors.Factor(at, ratio.ct_primary, ratio.ct_secondary, ratio.vt_primary, ratio.vt_secondary),
        )  # fmt: skip
    audit.note(
        unit, "meter.exchange", serial, scope=point.area, point=code, old=old.serial, when=at, reason=leaving.reason,
        closing=_said(leaving.registers), opening=_said(opening),
    )  # fmt: skip
    return old.serial


def _both(unit: Unit, code: str, serial: str) -> tuple[Point, Meter]:
    """Find a point and the meter that is to come to it, and whether that may be."""
    point, meter = find(unit, code), service.meter(unit, serial)
    demand(unit, Permission.REGISTRY, point.area)
    demand(unit, Permission.REGISTRY, meter.area)
    if elsewhere := service.usage_point_of(unit, meter.id):
        raise LocalProtocolError(f"meter {serial} is at usage point {elsewhere} already")
    return point, meter


def _settle(unit: Unit, point: Point, meter: Meter, at: int, opening: Amounts) -> None:
    last = unit.value("SELECT max(until) FROM installation WHERE meter = ?", (meter.id,))
    if last is not None and last > at:
        raise LocalProtocolError(f"meter {meter.serial} left its last place after that")
    if meter.state not in IN_PLACE:
        if Lifecycle.INSTALLED not in TRANSITIONS[meter.state]:
            raise LocalProtocolError(f"meter {meter.serial} is {meter.state} and cannot be installed")
        service.set_state(unit, meter, Lifecycle.INSTALLED, f"at usage point {point.code}")
    unit.run("UPDATE meter SET area = ? WHERE id = ?", (point.area, meter.id))
    groups.leave_foreign(unit, meter.id, point.area)
    network.put(unit, meter.id, network.find(unit, point.node))
    [(number,)] = unit.rows(
        "INSERT INTO installation (usage_point, meter, since) VALUES (?, ?, ?) RETURNING id", (point.id, meter.id, at)
    )
    _keep(unit, number, OPENING, stands(meter, opening))


def _end(unit: Unit, point: Point, at: int, leaving: Leaving) -> Meter:
    there = unit.rows(INSTALLED, (point.id,))
    if not there or there[0][4] is not None:
        raise LocalProtocolError(f"no meter is at usage point {point.code}")
    stay, number = _stay(unit, there[0]), there[0][0]
    if at < stay.since:
        raise LocalProtocolError(f"meter {stay.serial} came to usage point {point.code} after that")
    if leaving.state not in LEFT:
        raise LocalProtocolError(f"a meter that leaves is {', '.join(LEFT[:-1])} or {LEFT[-1]}, not {leaving.state}")
    meter = service.meter(unit, stay.serial)
    closing = stands(meter, leaving.registers)
    came = {stand.logical_name: stand.value for stand in stay.opening}
    for stand in closing:
        if stand.value < came.get(stand.logical_name, stand.value):
            raise LocalProtocolError(f"register {stand.logical_name} of meter {stay.serial} came with more than that")
    unit.run("UPDATE installation SET until = ? WHERE id = ?", (at, number))
    _keep(unit, number, CLOSING, closing)
    if meter.state in IN_PLACE:
        if leaving.state not in TRANSITIONS[meter.state]:
            raise LocalProtocolError(f"meter {meter.serial} is {meter.state} and cannot become {leaving.state}")
        service.set_state(unit, meter, leaving.state, leaving.reason)
    return meter


def stands(meter: Meter, amounts: Amounts) -> tuple[Stand, ...]:
    """Put registers into the raw integers of a meter; a `DecodeError` names one that its model has not."""
    known = {column.logical_name: column for item in model(meter.product).item for column in item.columns}
    found: list[Stand] = []
    for name, amount in amounts.items():
        column = known.get(name)
        if column is None or column.role not in READ:
            raise DecodeError(f"register {name!r}: a {model(meter.product).name} has none of that name")
        found.append(_stand(column, amount))
    return tuple(found)


def _stand(column: Column, amount: Decimal) -> Stand:
    name, unit = column.logical_name, PhysicalUnit(column.unit)
    raw = amount.scaleb(-column.scaler) if amount.is_finite() and abs(amount) < Decimal(10) ** 18 else Decimal(-1)
    if raw < 0 or raw != raw.to_integral_value() or raw >= 2**62:
        raise DecodeError(f"register {name}: {amount} is no reading in steps of {Decimal(1).scaleb(column.scaler)}")
    return Stand(name, int(raw), column.scaler, unit)


def _keep(unit: Unit, installation: int, edge: str, found: tuple[Stand, ...]) -> None:
    unit.run_many(
        "INSERT INTO stand (installation, edge, logical_name, value, scaler, unit) VALUES (?, ?, ?, ?, ?, ?)",
        [(installation, edge, each.logical_name, each.value, each.scaler, int(each.unit)) for each in found],
    )


def _stay(unit: Unit, row: Row) -> Stay:
    number, serial, product, since, until = row
    edges: dict[str, list[Stand]] = {OPENING: [], CLOSING: []}
    for edge, name, value, scaler, code in unit.rows(
        "SELECT edge, logical_name, value, scaler, unit FROM stand WHERE installation = ? ORDER BY logical_name",
        (number,),
    ):
        edges[edge].append(Stand(name, value, scaler, PhysicalUnit(code)))
    return Stay(serial, product, since, until, tuple(edges[OPENING]), tuple(edges[CLOSING]))


def _said(amounts: Amounts) -> list[str]:
    return [f"{name} {amount}" for name, amount in amounts.items()]
