"""REST: groups of meters, and meters that were discovered."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from openami.core.errors import DecodeError
from openami.headend.kit.access import ROOT, Permission, demand
from openami.headend.kit.database import Unit
from openami.headend.registry import discovery, groups
from openami.headend.registry.discovery import Discovery
from openami.headend.registry.groups import Group, Told
from openami.headend.registry.schemas import Lifecycle
from openami.headend.registry.shipment import shipped
from openami.headend.web.rest import Limit, Page
from openami.headend.web.services import Desk
from openami.headend.web.words import local

router = APIRouter(prefix="/api", tags=["registry"])

Name = Annotated[str, Path(max_length=60, description="Name of a group.")]
Number = Annotated[int, Path(ge=1, lt=2**31)]
UNKNOWN: dict[int | str, dict[str, object]] = {404: {"description": "No such thing, as far as you may see."}}


class GroupOut(BaseModel):
    """A group of meters."""

    name: str
    title: str
    area: str = Field(description="All its meters lie in it.")
    meters: int = Field(description="Counted up to 10000.")

    @classmethod
    def of(cls, group: Group, meters: int) -> Self:
        """Show a group."""
        return cls(
            name=group.name, title=group.title, area=group.area, meters=min(meters, groups.MOST_COUNTED)
        )  # fmt: skip


class GroupIn(BaseModel):
    """A group to make."""

    name: str = Field(max_length=60)
    title: str = Field(default="", max_length=200)
    area: str = Field(default="/", max_length=500)


class FittingIn(BaseModel):
    """Meters that fit all that is said."""

    prefix: str = Field(default="", max_length=40)
    state: Lifecycle | None = None
    product: str | None = Field(default=None, max_length=60)
    area: str | None = Field(default=None, max_length=500)
    node: str | None = Field(default=None, max_length=80)


class MembersIn(BaseModel):
    """Meters by their serial numbers, or all that fit."""

    serials: list[Annotated[str, Field(max_length=40)]] = Field(default=[], max_length=10_000)
    fitting: FittingIn | None = None


class LeavingIn(BaseModel):
    """Meters that leave a group."""

    serials: list[Annotated[str, Field(max_length=40)]] = Field(max_length=10_000)


class ChangedOut(BaseModel):
    """How many meters came or went."""

    meters: int


class DiscoveryOut(BaseModel):
    """A meter that made itself known and is not registered."""

    id: int
    kind: str = Field(description="radio, push or inbound.")
    identity: str = Field(description="What it is known by: endpoint, system title, logical device name.")
    first_at: datetime
    last_at: datetime
    times: int
    address: str
    port: int
    detail: str

    @classmethod
    def of(cls, found: Discovery, zone: str) -> Self:
        """Show a discovery."""
        return cls(
            id=found.id, kind=found.kind, identity=found.identity, first_at=local(found.first_at, zone),
            last_at=local(found.last_at, zone), times=found.times, address=found.address, port=found.port,
            detail=found.detail,
        )  # fmt: skip


class AdoptIn(BaseModel):
    """What a discovered meter is to be registered as; address and system title are those that it was met with."""

    serial: str = Field(max_length=40)
    product: str = Field(max_length=60)
    address: str | None = Field(default=None, max_length=253)
    port: int | None = Field(default=None, ge=1, le=65_535)
    system_title: str | None = Field(default=None, max_length=16)
    node: str | None = Field(default=None, max_length=80)
    area: str | None = Field(default=None, max_length=500)


class AdoptedOut(BaseModel):
    """What became of it."""

    serial: str
    change: str


@router.get("/groups")
def listed(
    desk: Desk,
    after: Annotated[str, Query(description="`next` of the page before.", max_length=60)] = "",
    limit: Limit = 50,
) -> Page[GroupOut]:
    """Groups in order of their names; their meters: `GET /api/meters?group=`."""
    found = desk.read(lambda unit: groups.listed(unit, after, limit + 1))
    more = found[limit - 1][0].name if len(found) > limit else None
    return Page(items=[GroupOut.of(group, meters) for group, meters in found[:limit]], next=more)


@router.post("/groups", status_code=201)
def make(desk: Desk, wanted: GroupIn) -> GroupOut:
    """Make a group without meters."""
    made = desk.write(lambda unit: groups.make(unit, wanted.name, wanted.title, wanted.area), Permission.REGISTRY)
    return GroupOut.of(made, 0)


@router.delete("/groups/{group}", status_code=204, responses=UNKNOWN)
def remove(desk: Desk, group: Name) -> None:
    """Dissolve a group; its meters stay."""
    desk.write(lambda unit: groups.remove(unit, group), Permission.REGISTRY)


@router.post("/groups/{group}/meters", responses=UNKNOWN)
def add(desk: Desk, group: Name, wanted: MembersIn) -> ChangedOut:
    """Put meters into a group."""

    def change(unit: Unit) -> int:
        added = groups.add(unit, group, wanted.serials)
        if wanted.fitting is not None:
            added += groups.add_all(unit, group, groups.meant(unit, Told(**wanted.fitting.model_dump())))
        return added

    return ChangedOut(meters=desk.write(change, Permission.REGISTRY))


@router.post("/groups/{group}/meters/take", responses=UNKNOWN)
def take(desk: Desk, group: Name, wanted: LeavingIn) -> ChangedOut:
    """Take meters out of a group."""
    return ChangedOut(meters=desk.write(lambda unit: groups.take(unit, group, wanted.serials), Permission.REGISTRY))


@router.get("/discoveries")
def discoveries(
    desk: Desk,
    kind: Annotated[str | None, Query(description="Only radio, push or inbound.", max_length=20)] = None,
    before: Annotated[str, Query(description="`next` of the page before.", max_length=40)] = "",
    limit: Limit = 50,
) -> Page[DiscoveryOut]:
    """Meters that made themselves known and are not registered, the last met first."""
    key = key_of(before)
    found = desk.read(lambda unit: discovery.listed(unit, kind, before=key, limit=limit + 1))
    more = f"{found[limit - 1].last_at}-{found[limit - 1].id}" if len(found) > limit else None
    return Page(items=[DiscoveryOut.of(each, desk.zone) for each in found[:limit]], next=more)


def key_of(text: str) -> tuple[int, int] | None:
    """Read where a page ended."""
    if not text:
        return None
    instant, _, number = text.partition("-")
    if not (instant.isascii() and instant.isdigit() and number.isascii() and number.isdigit()):
        raise DecodeError(f"before {text!r}: expected `next` of the page before")
    return int(instant), int(number)


@router.post("/discoveries/{number}/register", responses=UNKNOWN)
def adopt(desk: Desk, number: Number, wanted: AdoptIn) -> AdoptedOut:
    """Register a discovered meter; its keys come with a shipment file."""

    def change(unit: Unit) -> str:
        demand(unit, Permission.REGISTRY, ROOT)
        met = discovery.find(unit, number)
        told = {
            "serial": wanted.serial, "product": wanted.product, "node": wanted.node or "", "area": wanted.area or "",
            "address": met.address if wanted.address is None else wanted.address,
            "port": str(wanted.port or met.port or ""),
            "system_title": met.identity if wanted.system_title is None and len(met.identity) == 16
            else wanted.system_title or "",
        }  # fmt: skip
        return discovery.adopt(unit, number, shipped(told, desk.zone), int(desk.now))

    return AdoptedOut(serial=wanted.serial, change=desk.write(change, Permission.REGISTRY))


@router.delete("/discoveries/{number}", status_code=204, responses=UNKNOWN)
def forget(desk: Desk, number: Number) -> None:
    """Take a discovery off the list; it comes back when the meter is met again."""
    desk.write(lambda unit: discovery.forget(unit, number), Permission.REGISTRY)
