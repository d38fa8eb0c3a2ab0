"""REST: outages, and the indices of reliability."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from openami.headend.outage import service
from openami.headend.web.rest import Limit, Moment, Page, Problem
from openami.headend.web.services import Desk
from openami.headend.web.words import local

router = APIRouter(prefix="/api", tags=["outages"])
NO_OUTAGE: dict[int | str, dict[str, object]] = {404: {"model": Problem, "description": "No such outage."}}
YEAR_S = 365 * 86_400


class MemberOut(BaseModel):
    """A meter of an outage."""

    serial: str
    began: datetime
    ended: datetime | None
    source: str = Field(description="gasp: its last gasp told it; log: its log did.")


class OutageOut(BaseModel):
    """Meters of a node without supply."""

    id: int
    node: str
    began: datetime
    ended: datetime | None
    meters: int
    is_storm: bool
    area: str


class OutageWhole(OutageOut):
    """With its meters."""

    members: list[MemberOut]


class StandingOut(BaseModel):
    """How things stand now."""

    out: int = Field(description="Meters without supply.")
    waiting: int = Field(description="Meters whose loss may still be a momentary one.")
    outages: int
    storm_since: datetime | None


class IndicesOut(BaseModel):
    """Indices by IEEE 1366; null where there is nothing to divide by."""

    served: int
    saidi_min: float | None
    saifi: float | None
    caidi_min: float | None
    asai: float | None
    maifi: float | None
    maifi_e: float | None


class ReportOut(BaseModel):
    """Indices of a span."""

    start: datetime
    end: datetime
    indices: IndicesOut
    major_day_min: float | None = Field(description="SAIDI above which a day is a major event day.")
    major_days: int
    without_major: IndicesOut | None


@router.get("/outages")
def outages(
    desk: Desk,
    before: Annotated[int | None, Query(description="`next` of the page before.", ge=1, le=2**31)] = None,
    limit: Limit = 50,
    is_open: Annotated[bool, Query(alias="open", description="Only those that last.")] = False,
) -> Page[OutageOut]:
    """Outages, newest first."""
    page = desk.read(lambda unit: service.listed(unit, is_open=is_open, before=before, limit=limit))
    return Page(
        items=[OutageOut.model_validate(_of(outage, desk.zone)) for outage in page.outages],
        next=None if page.before is None else str(page.before),
    )


@router.get("/outages/standing")
def standing(desk: Desk) -> StandingOut:
    """How many meters are without supply now."""
    now = desk.read(service.standing)
    since = None if now.storm_since is None else local(now.storm_since, desk.zone)
    return StandingOut(out=now.out, waiting=now.waiting, outages=now.outages, storm_since=since)


@router.get("/outages/indices")
def reliability(desk: Desk, start: Moment = None, end: Moment = None) -> ReportOut:
    """SAIDI, SAIFI, CAIDI, ASAI and MAIFI of a span; by default the year up to now."""
    last = desk.now if end is None else _epoch(end, desk.zone)
    first = last - YEAR_S if start is None else _epoch(start, desk.zone)
    found = desk.read(lambda unit: service.report(unit, int(first), int(last), desk.now, desk.zone))
    usual = found.without_major
    return ReportOut(
        start=local(found.start, desk.zone), end=local(found.end, desk.zone),
        indices=IndicesOut(**asdict(found.indices)), major_day_min=found.major_day_min, major_days=found.major_days,
        without_major=None if usual is None else IndicesOut(**asdict(usual)),
    )  # fmt: skip


@router.get("/outages/{number}", responses=NO_OUTAGE)
def outage(desk: Desk, number: Annotated[int, Path(ge=1, lt=2**31)]) -> OutageWhole:
    """One outage with its meters, a thousand of them at the most."""
    found = desk.read(lambda unit: service.outage(unit, number))
    members = [
        MemberOut(
            serial=m.serial, began=local(m.began, m.zone), source=m.source,
            ended=None if m.ended is None else local(m.ended, m.zone),
        )
        for m in found.members
    ]  # fmt: skip
    return OutageWhole.model_validate({**_of(found, desk.zone), "members": members})


def _epoch(moment: datetime, zone: str) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).timestamp()


def _of(found: service.Outage, zone: str) -> dict[str, object]:
    return {
        "id": found.id, "node": found.node, "began": local(found.began, zone), "meters": found.meters,
        "ended": None if found.ended is None else local(found.ended, zone), "is_storm": found.is_storm,
        "area": found.area,
    }  # fmt: skip
