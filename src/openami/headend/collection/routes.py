"""REST: the collection at a glance, sessions with a meter, and reading one now."""

from datetime import date, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, Field

from openami.headend.collection.on_demand import WAIT_S, read_on_demand
from openami.headend.collection.service import Overview, Session, read_rate, sessions, summary
from openami.headend.curves.schemas import Coverage, Neighbourhood
from openami.headend.curves.service import neighbourhood
from openami.headend.kit.database import Unit
from openami.headend.kit.zone import day_date, zone
from openami.headend.registry.schemas import Lifecycle
from openami.headend.registry.service import meter as find_meter
from openami.headend.web.rest import NOT_FOUND, Limit, Page, Serial
from openami.headend.web.services import Desk
from openami.headend.web.words import local

router = APIRouter(prefix="/api", tags=["collection"])


class ReadRateOut(BaseModel):
    """How much of a local day is stored, of what was due to be read."""

    day: date
    rate: float = Field(description="Share of the expected intervals, 0 to 1.")
    meters: int
    complete: int = Field(description="Meters with every interval that was due.")
    intervals: int
    expected: int

    @classmethod
    def of(cls, coverage: Coverage) -> Self:
        """Show how much there is of a day."""
        return cls(
            day=day_date(coverage.day), rate=coverage.rate, meters=coverage.meters,
            complete=coverage.complete, intervals=coverage.intervals, expected=coverage.expected,
        )  # fmt: skip


class SummaryOut(BaseModel):
    """The head-end at a glance."""

    now: datetime = Field(description="Business time.")
    speed: float = Field(description="Seconds of business time in one real second.")
    is_simulated: bool
    meters: dict[Lifecycle, int]
    read_rate: ReadRateOut = Field(description="Of today.")
    import_wh: int = Field(description="Energy of the neighbourhood today.")
    export_wh: int
    intervals: int = Field(description="Intervals of the main profiles that are stored.")
    due: int = Field(description="Meters with something due.")
    failing: int = Field(description="Meters with something due that failed the last time.")
    in_session: int
    last_session: datetime | None


class SessionOut(BaseModel):
    """A session that was held."""

    at: datetime
    seconds: float
    items: list[str]
    rows: int = Field(description="Intervals that were not there before.")
    reason: str | None = Field(description="Why something did not come in.")

    @classmethod
    def of(cls, session: Session, zone_name: str) -> Self:
        """Show a session."""
        return cls(
            at=local(session.at, zone_name), seconds=session.seconds, items=list(session.items),
            rows=session.rows, reason=session.reason,
        )  # fmt: skip


class DemandIn(BaseModel):
    """What to read; all of it when left out."""

    items: tuple[str, ...] = Field(default=(), max_length=50, examples=[["profile"]])


class DemandOut(Serial):
    """How reading on demand went."""

    is_read: bool
    reason: str | None = Field(description="Why not, or not yet.")
    session: SessionOut | None


@router.get("/summary")
def summarise(desk: Desk) -> SummaryOut:
    """Read rate, meters and energy of the neighbourhood today."""
    now = desk.now

    def question(unit: Unit) -> tuple[Overview, Coverage, Neighbourhood]:
        local_days = zone(desk.zone)
        today = local_days.day(now)
        energy = neighbourhood(unit, *local_days.bounds(today))
        return summary(unit, now), read_rate(unit, today, now, desk.zone), energy

    overview, coverage, energy = desk.read(question)
    last = overview.last_session
    return SummaryOut(
        now=local(now, desk.zone), speed=desk.clock.speed, is_simulated=desk.is_simulated,
        meters=overview.meters, read_rate=ReadRateOut.of(coverage), import_wh=int(energy.imported.sum()),
        export_wh=int(energy.exported.sum()), intervals=overview.intervals, due=overview.due,
        failing=overview.failing, in_session=overview.in_session,
        last_session=None if last is None else local(last, desk.zone),
    )  # fmt: skip


@router.get("/meters/{serial}/sessions", responses=NOT_FOUND)
def held(
    desk: Desk,
    serial: str,
    before: Annotated[int | None, Query(description="`next` of the page before.", ge=0, lt=2**62)] = None,
    limit: Limit = 20,
) -> Page[SessionOut]:
    """Sessions with a meter, newest first."""

    def question(unit: Unit) -> tuple[tuple[Session, ...], str]:
        return sessions(unit, serial, limit + 1, before=before), find_meter(unit, serial).zone

    found, zone_name = desk.read(question)
    more = str(found[limit - 1].at) if len(found) > limit else None
    return Page(items=[SessionOut.of(session, zone_name) for session in found[:limit]], next=more)


@router.post(
    "/meters/{serial}/read",
    responses={**NOT_FOUND, 202: {"model": DemandOut, "description": "Not over yet; it goes on coming first."}},
)
async def read(
    desk: Desk,
    response: Response,
    serial: str,
    wanted: Annotated[DemandIn | None, Body()] = None,
    wait_s: Annotated[float, Query(description="How long to wait for the outcome.", ge=0, le=120)] = WAIT_S,
) -> DemandOut:
    """Read a meter now, before all others; answers with the result, or with the reason why there is none."""
    meter = await desk.ask(lambda unit: find_meter(unit, serial))
    answer = await read_on_demand(desk, serial, wanted.items if wanted else (), wait_s=wait_s)
    if not answer.is_over:
        response.status_code = 202
    session = None if answer.session is None else SessionOut.of(answer.session, meter.zone)
    return DemandOut(serial=serial, is_read=answer.is_read, reason=answer.reason, session=session)
