"""REST: usage points, exchange of meters, and what belongs to one meter: state of life, place, ratios."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from openami.core.errors import DecodeError
from openami.headend.kit.access import Permission
from openami.headend.kit.database import Unit
from openami.headend.registry import factors, groups, network, points, service
from openami.headend.registry.factors import Factor
from openami.headend.registry.points import Leaving, NewPoint, Point, Stand, Stay
from openami.headend.registry.schemas import Lifecycle, Meter
from openami.headend.web.rest import NOT_FOUND, Limit, Moment, Page, Serial
from openami.headend.web.services import Desk, Services
from openami.headend.web.words import local

router = APIRouter(prefix="/api", tags=["registry"])

Code = Annotated[str, Path(max_length=60, description="Code of a usage point.")]
Text = Annotated[str, Field(max_length=500)]
Registers = Annotated[
    dict[str, Decimal],
    Field(
        default_factory=dict[str, Decimal], max_length=50,
        description="By logical name, in the unit of the register (Wh, not kWh).",
        examples=[{"1.0.1.8.0.255": 1234567}],
    ),
]  # fmt: skip
When = Annotated[
    datetime | None, Field(description="ISO 8601; without an offset, in the zone of the installation; now if left out.")
]
UNKNOWN: dict[int | str, dict[str, object]] = {404: {"description": "No such thing, as far as you may see."}}


class PointOut(BaseModel):
    """A usage point."""

    code: str
    title: str
    node: str
    area: str

    @classmethod
    def of(cls, point: Point) -> Self:
        """Show a usage point."""
        return cls(code=point.code, title=point.title, node=point.node, area=point.area)


class OccupiedOut(PointOut):
    """A usage point in a list, with the meter that is there."""

    serial: str | None

    @classmethod
    def by(cls, point: Point, serial: str | None) -> Self:
        """Show a usage point and its meter."""
        return cls(code=point.code, title=point.title, node=point.node, area=point.area, serial=serial)


class StandOut(BaseModel):
    """A register when a meter came or left."""

    logical_name: str
    raw: int = Field(description="The meter's integer.")
    scaler: int
    value: float = Field(description="In the unit; no ratio of transformers is applied.")
    unit: str

    @classmethod
    def of(cls, stand: Stand) -> Self:
        """Show a register."""
        return cls(
            logical_name=stand.logical_name, raw=stand.value, scaler=stand.scaler, value=float(stand.amount),
            unit=stand.unit.symbol,
        )  # fmt: skip


class StayOut(Serial):
    """A meter at a usage point."""

    product: str
    since: datetime
    until: datetime | None
    opening: list[StandOut]
    closing: list[StandOut]

    @classmethod
    def of(cls, stay: Stay, zone: str) -> Self:
        """Show a stay."""
        return cls(
            serial=stay.serial, product=stay.product, since=local(stay.since, zone),
            until=None if stay.until is None else local(stay.until, zone),
            opening=[StandOut.of(stand) for stand in stay.opening],
            closing=[StandOut.of(stand) for stand in stay.closing],
        )  # fmt: skip


class HistoryOut(PointOut):
    """A usage point with the meters that were there, the latest first."""

    stays: list[StayOut]


class PointIn(BaseModel):
    """A usage point to make."""

    code: str = Field(max_length=60)
    title: str = Field(default="", max_length=200)
    node: str = Field(max_length=80)
    area: str | None = Field(default=None, max_length=500)


class NodeIn(BaseModel):
    """Where in the network."""

    node: str = Field(max_length=80)


class InstallIn(BaseModel):
    """A meter that comes to a usage point."""

    serial: str = Field(max_length=40)
    at: When = None
    opening: Registers


class TakeOutIn(BaseModel):
    """A meter that leaves."""

    at: When = None
    closing: Registers
    state: Literal[Lifecycle.REMOVED, Lifecycle.STOCK, Lifecycle.RETIRED] = Lifecycle.REMOVED
    reason: Text = ""


class ExchangeIn(TakeOutIn):
    """A meter that leaves, and the one that comes."""

    serial: str = Field(max_length=40, description="The meter that comes.")
    opening: Registers


class StateIn(BaseModel):
    """A state of life to come."""

    state: Lifecycle
    reason: Text = ""


class AreaIn(BaseModel):
    """The area that a meter is to lie in."""

    area: str = Field(max_length=500)


class FactorIn(BaseModel):
    """Ratios of instrument transformers: amperes and volts, primary and secondary."""

    since: datetime | None = Field(default=None, description="From when on; always, when left out.")
    ct_primary: float = 1.0
    ct_secondary: float = 1.0
    vt_primary: float = 1.0
    vt_secondary: float = 1.0


class FactorOut(BaseModel):
    """Ratios that hold from an instant on."""

    since: datetime
    ct_primary: float
    ct_secondary: float
    vt_primary: float
    vt_secondary: float
    power: float = Field(description="What energy and power are multiplied with.")

    @classmethod
    def of(cls, factor: Factor, zone: str) -> Self:
        """Show ratios."""
        return cls(
            since=local(factor.since, zone), ct_primary=factor.ct_primary, ct_secondary=factor.ct_secondary,
            vt_primary=factor.vt_primary, vt_secondary=factor.vt_secondary, power=factor.power,
        )  # fmt: skip


class PlaceOut(Serial):
    """Where a meter is, and what it belongs to."""

    state: Lifecycle
    area: str
    node: str
    usage_point: str | None
    since: datetime | None
    groups: list[str]
    factors: list[FactorOut]


def instant(desk: Services, at: datetime | None) -> int:
    """Take an instant as it was told."""
    if at is None:
        return int(desk.now)
    try:
        told = at if at.tzinfo else at.replace(tzinfo=local(0, desk.zone).tzinfo)
        return int(told.timestamp())
    except (OverflowError, ValueError):
        raise DecodeError(f"{at} is out of range") from None


@router.get("/points")
def listed(
    desk: Desk,
    prefix: Annotated[str, Query(description="How the code begins.", max_length=60)] = "",
    after: Annotated[str, Query(description="`next` of the page before.", max_length=60)] = "",
    limit: Limit = 50,
) -> Page[OccupiedOut]:
    """Usage points in order of their codes."""
    found = desk.read(lambda unit: points.listed(unit, prefix, after, limit + 1))
    more = found[limit - 1][0].code if len(found) > limit else None
    return Page(items=[OccupiedOut.by(*each) for each in found[:limit]], next=more)


@router.post("/points", status_code=201, responses=UNKNOWN)
def make(desk: Desk, wanted: PointIn) -> PointOut:
    """Make a usage point."""
    new = NewPoint(**wanted.model_dump())
    return PointOut.of(desk.write(lambda unit: points.make(unit, new, int(desk.now)), Permission.REGISTRY))


@router.get("/points/{code}", responses=UNKNOWN)
def point(desk: Desk, code: Code) -> HistoryOut:
    """Show a usage point, and the meters that were there."""
    return desk.read(lambda unit: _history(unit, code, desk.zone))


def _history(unit: Unit, code: str, zone: str) -> HistoryOut:
    found = points.find(unit, code)
    stays = [StayOut.of(stay, zone) for stay in points.stays(unit, code)]
    return HistoryOut(code=found.code, title=found.title, node=found.node, area=found.area, stays=stays)


@router.put("/points/{code}", responses=UNKNOWN)
def move_point(desk: Desk, code: Code, wanted: NodeIn) -> PointOut:
    """Hang a usage point, and its meter, at another node."""
    return PointOut.of(desk.write(lambda unit: points.place(unit, code, wanted.node), Permission.REGISTRY))


@router.post("/points/{code}/install", responses=UNKNOWN)
def install(desk: Desk, code: Code, wanted: InstallIn) -> HistoryOut:
    """Put a meter at a usage point where there is none."""

    def change(unit: Unit) -> HistoryOut:
        points.install(unit, code, wanted.serial, instant(desk, wanted.at), wanted.opening)
        return _history(unit, code, desk.zone)

    return desk.write(change, Permission.REGISTRY)


@router.post("/points/{code}/take-out", responses=UNKNOWN)
def take_out(desk: Desk, code: Code, wanted: TakeOutIn) -> HistoryOut:
    """Take the meter of a usage point out."""

    def change(unit: Unit) -> HistoryOut:
        points.take_out(unit, code, instant(desk, wanted.at), _leaving(wanted))
        return _history(unit, code, desk.zone)

    return desk.write(change, Permission.REGISTRY)


@router.post("/points/{code}/exchange", responses=UNKNOWN)
def exchange(desk: Desk, code: Code, wanted: ExchangeIn) -> HistoryOut:
    """Put another meter where one is; the registers of both are kept."""

    def change(unit: Unit) -> HistoryOut:
        at = instant(desk, wanted.at)
        points.exchange(unit, code, wanted.serial, at, leaving=_leaving(wanted), opening=wanted.opening)
        return _history(unit, code, desk.zone)

    return desk.write(change, Permission.REGISTRY)


def _leaving(wanted: TakeOutIn) -> Leaving:
    return Leaving(wanted.closing, wanted.state, wanted.reason)


@router.get("/meters/{serial}/place", responses=NOT_FOUND)
def place(desk: Desk, serial: str) -> PlaceOut:
    """Show where a meter is: area, node, usage point, groups, ratios."""
    return desk.read(lambda unit: _place(unit, serial))


def _place(unit: Unit, serial: str) -> PlaceOut:
    meter: Meter = service.meter(unit, serial)
    where = points.of_meter(unit, serial)
    return PlaceOut(
        serial=serial, state=meter.state, area=meter.area, node=meter.node,
        usage_point=where[0].code if where else None,
        since=local(where[1].since, meter.zone) if where else None,
        groups=[group.name for group in groups.of_meter(unit, serial)],
        factors=[FactorOut.of(factor, meter.zone) for factor in factors.history(unit, serial)],
    )  # fmt: skip


@router.put("/meters/{serial}/node", responses=NOT_FOUND)
def hang(desk: Desk, serial: str, wanted: NodeIn) -> PlaceOut:
    """Hang a meter at another node of the network."""

    def change(unit: Unit) -> PlaceOut:
        network.place(unit, serial, wanted.node)
        return _place(unit, serial)

    return desk.write(change, Permission.REGISTRY)


@router.put("/meters/{serial}/area", status_code=204, responses=NOT_FOUND)
def assign(desk: Desk, serial: str, wanted: AreaIn) -> None:
    """Put a meter into another organisation or area."""
    desk.write(lambda unit: groups.assign(unit, serial, wanted.area), Permission.REGISTRY)


@router.post("/meters/{serial}/state", responses=NOT_FOUND)
def change_state(desk: Desk, serial: str, wanted: StateIn) -> PlaceOut:
    """Bring a meter into another state of its life."""

    def change(unit: Unit) -> PlaceOut:
        service.move(unit, serial, wanted.state, wanted.reason)
        return _place(unit, serial)

    return desk.write(change, Permission.REGISTRY)


@router.put("/meters/{serial}/factors", responses=NOT_FOUND)
def write_factor(desk: Desk, serial: str, wanted: FactorIn) -> list[FactorOut]:
    """Say which ratios of instrument transformers hold from an instant on; stored integers stay as they are."""
    since = 0 if wanted.since is None else instant(desk, wanted.since)
    factor = Factor(since, wanted.ct_primary, wanted.ct_secondary, wanted.vt_primary, wanted.vt_secondary)

    def change(unit: Unit) -> list[FactorOut]:
        factors.write(unit, serial, factor)
        return [FactorOut.of(each, desk.zone) for each in factors.history(unit, serial)]

    return desk.write(change, Permission.REGISTRY)


@router.delete("/meters/{serial}/factors", status_code=204, responses=NOT_FOUND)
def drop_factor(desk: Desk, serial: str, since: Moment = None) -> None:
    """Take back ratios that were written down for an instant, or those of always."""
    start = 0 if since is None else instant(desk, since)
    desk.write(lambda unit: factors.drop(unit, serial, start), Permission.REGISTRY)
