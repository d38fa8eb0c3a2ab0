"""REST: what receivers overhear comes in; endpoints that are nobody's, and making one of them a meter's."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from openami.headend.ert.endpoints import COUNT_WH, Endpoint, Wanted, counts, discoveries, of_meter, promote, registered
from openami.headend.ert.intake import NOTHING, Taken, take
from openami.headend.ert.overheard import Fault, Overheard, instant, read_lines
from openami.headend.ert.readings import Reading, readings
from openami.headend.kit.database import Unit
from openami.headend.registry.service import meter as find_meter
from openami.headend.registry.shipment import NEIGHBOURHOOD
from openami.headend.web.rest import NOT_FOUND, Limit, Page, Problem
from openami.headend.web.services import Desk, Services
from openami.headend.web.words import local

router = APIRouter(prefix="/api", tags=["ert"])

MOST_OCTETS = 64 * 1024 * 1024
MOST_FAULTS = 100
AT_A_TIME = 20_000
"""Messages in one unit of work."""


class FaultOut(BaseModel):
    """A line that holds no message; the others went in."""

    line: int
    message: str


class TakenOut(BaseModel):
    """What became of messages that were sent in."""

    messages: int
    meters: int = Field(description="Registered meters among those heard.")
    discovered: int = Field(description="Endpoints that nobody had heard before and that are nobody's.")
    intervals: int = Field(description="Intervals that were not there before.")
    filled: int = Field(description="Of these, how many were lost on the air and came out of later messages.")
    events: int = Field(description="Changes of tamper counters that were not there before.")
    faults: list[FaultOut] = Field(description="Lines that hold no message, the first hundred of them.")


class EndpointOut(BaseModel):
    """An endpoint, and what it last told."""

    endpoint: int
    serial: str | None = Field(description="The meter that it is of; null for a discovery.")
    ert_type: int | None
    commodity: str = Field(description="electricity, gas, water, or empty where the type is not known.")
    count: int | None = Field(description="Its register in counts, without roll-over.")
    count_wh: int = Field(description="What a count is, where it counts energy.")
    energy_wh: int | None
    first_heard: datetime | None
    last_heard: datetime | None
    level_dbfs: float | None = Field(description="How strong it was the last time, against full scale.")
    receiver: str | None

    @classmethod
    def of(cls, found: Endpoint, zone: str) -> Self:
        """Show an endpoint."""
        first, last = (None if at is None else local(at, zone) for at in (found.first_at, found.last_at))
        return cls(
            endpoint=found.endpoint, serial=found.serial, ert_type=found.ert_type, commodity=found.commodity,
            count=found.count, count_wh=found.count_wh, energy_wh=found.energy_wh, first_heard=first,
            last_heard=last, level_dbfs=found.level_dbfs, receiver=found.receiver,
        )  # fmt: skip


class PromotionIn(BaseModel):
    """The meter that an endpoint is of; one that is not registered yet is."""

    serial: str = Field(min_length=1, max_length=40)
    product: str = Field(default="c3a1h", max_length=40)
    node: str = Field(default=NEIGHBOURHOOD, max_length=200)
    zone: str = Field(default="", max_length=60, description="Time zone; by default that of the installation.")
    count_wh: int = Field(default=COUNT_WH, ge=1, le=1_000_000)


class HeardOut(BaseModel):
    """A register that was overheard."""

    at: datetime
    energy_wh: int
    kind: str
    level_dbfs: float | None
    receiver: str

    @classmethod
    def of(cls, found: Reading, zone: str) -> Self:
        """Show a reading."""
        return cls(
            at=local(found.at, zone), energy_wh=found.energy_wh, kind=found.kind, level_dbfs=found.level_dbfs,
            receiver=found.receiver,
        )  # fmt: skip


@router.post(
    "/ert/messages",
    responses={413: {"model": Problem, "description": "Too much at a time."}},
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/x-ndjson": {"schema": {"type": "string"}}}}
    },
)
async def overhear(
    desk: Desk,
    request: Request,
    receiver: Annotated[str, Query(description="Which receiver heard it.", max_length=60)] = "",
    start: Annotated[
        str, Query(description="When the capture began (ISO 8601 with offset), if its lines have no `at`.")
    ] = "",
) -> TakenOut:
    """Take in lines of `openami radio listen` or `decode`; the same twice changes nothing, a bad one stops no other."""
    if int(request.headers.get("content-length", 0)) > MOST_OCTETS:
        raise HTTPException(413, f"at most {MOST_OCTETS >> 20} MiB of messages at a time")
    data = await request.body()
    began = instant(start.replace(" ", "+")) if start else None
    return await asyncio.to_thread(taken, desk, data, began, receiver)


def taken(desk: Services, data: bytes, began: float | None, receiver: str) -> TakenOut:
    """Take lines in, so many in a unit of work."""
    heard: list[Overheard] = []
    faults: list[Fault] = []
    for each in read_lines(data.decode(errors="replace").splitlines(), began):
        if isinstance(each, Overheard):
            heard.append(each)
        elif len(faults) < MOST_FAULTS:
            faults.append(each)
    heard.sort(key=lambda each: each.at)
    total = sum((desk.write(change) for change in changes(heard, receiver)), NOTHING)
    return TakenOut(
        messages=total.messages, meters=total.meters, discovered=total.discovered, intervals=total.intervals,
        filled=total.filled, events=total.events,
        faults=[FaultOut(line=fault.line, message=fault.message) for fault in faults],
    )  # fmt: skip


def changes(heard: list[Overheard], receiver: str) -> "Iterator[Change]":
    """Units of work that take messages in, oldest first; one at least, so that rights are asked."""
    for first in range(0, max(len(heard), 1), AT_A_TIME):
        yield Change(heard[first : first + AT_A_TIME], receiver)


class Change:
    """One unit of work of an intake."""

    def __init__(self, heard: list[Overheard], receiver: str) -> None:
        self.heard = heard
        self.receiver = receiver

    def __call__(self, unit: Unit) -> Taken:
        """Take them in."""
        return take(unit, self.heard, self.receiver)


class CountsOut(BaseModel):
    """How many endpoints there are."""

    registered: int = Field(description="Of registered meters.")
    discovered: int = Field(description="Heard, and nobody's.")


@router.get("/ert")
def count_endpoints(desk: Desk) -> CountsOut:
    """Count endpoints."""
    registered, discovered = desk.read(counts)
    return CountsOut(registered=registered, discovered=discovered)


@router.get("/ert/endpoints")
def endpoints(
    desk: Desk,
    after: Annotated[str, Query(description="`next` of the page before.", max_length=40)] = "",
    limit: Limit = 50,
) -> Page[EndpointOut]:
    """List endpoints of registered meters, by serial number."""
    found = desk.read(lambda unit: registered(unit, after=after, limit=limit + 1))
    more = found[limit - 1].serial if len(found) > limit else None
    return Page(items=[EndpointOut.of(each, desk.zone) for each in found[:limit]], next=more)


@router.get("/ert/discoveries")
def heard_of(
    desk: Desk,
    after: Annotated[
        str, Query(description="`next` of the page before.", pattern=r"^([0-9.]{1,24}_[0-9]{1,10})?$")
    ] = "",
    limit: Limit = 50,
) -> Page[EndpointOut]:
    """List endpoints that were heard and are no registered meter's, last heard first."""
    last, _, number = after.partition("_")
    key = (float(last), int(number)) if after else None
    found = desk.read(lambda unit: discoveries(unit, after=key, limit=limit + 1))
    ending = found[limit - 1] if len(found) > limit else None
    more = f"{ending.last_at}_{ending.endpoint}" if ending else None
    return Page(items=[EndpointOut.of(each, desk.zone) for each in found[:limit]], next=more)


@router.put("/ert/endpoints/{endpoint}", responses={409: {"model": Problem, "description": "It is another meter's."}})
def assign(desk: Desk, endpoint: int, meter: PromotionIn) -> EndpointOut:
    """Make an endpoint that of a meter, which is registered if it is not yet; from then on what it tells is kept."""

    def change(unit: Unit) -> Endpoint | None:
        wanted = Wanted(endpoint, meter.serial, meter.product, meter.node, meter.zone, meter.count_wh)
        promote(unit, wanted, default_zone=desk.zone, at=int(desk.now))
        return of_meter(unit, meter.serial)

    found = desk.write(change)
    assert found is not None
    return EndpointOut.of(found, desk.zone)


@router.get("/meters/{serial}/ert", responses=NOT_FOUND)
def readings_heard(
    desk: Desk,
    serial: str,
    before: Annotated[float | None, Query(description="`next` of the page before.", ge=0, lt=2**34)] = None,
    limit: Limit = 50,
) -> Page[HeardOut]:
    """Registers of a meter as its endpoint told them, one for each quarter of an hour, newest first."""

    def question(unit: Unit) -> tuple[tuple[Reading, ...], str]:
        return readings(unit, serial, before=before, limit=limit + 1), find_meter(unit, serial).zone

    found, zone = desk.read(question)
    more = str(found[limit - 1].at) if len(found) > limit else None
    return Page(items=[HeardOut.of(each, zone) for each in found[:limit]], next=more)
