"""REST: tariff calendars, and bringing them to meters."""

from datetime import date, datetime
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from openami.headend.accounts.people_routes import ANSWERS, Number, ProposalOut
from openami.headend.accounts.routes import People
from openami.headend.commands.choosing import Choice
from openami.headend.kit.database import Unit
from openami.headend.tariffs import following, rollouts, service
from openami.headend.tariffs.documents import Document
from openami.headend.tariffs.octets import Described, Difference, described
from openami.headend.tariffs.payloads import State, When
from openami.headend.web.rest import Limit, Page
from openami.headend.web.services import Desk
from openami.headend.web.words import local

router = APIRouter(prefix="/api", tags=["tariffs"])

Name = Annotated[str, Path(max_length=60)]
AnyVersion = Annotated[int | None, Query(ge=1, lt=2**31, description="By default the latest.")]
Year = Annotated[int | None, Query(ge=2000, le=2100, description="From which year days that move are computed.")]


class CalendarIn(BaseModel):
    """A calendar as people write it."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$")
    area: str = Field(default="/", max_length=500, description="Scope that edits it.")
    document: Document
    note: str = Field(default="", max_length=500)


class ChangeIn(BaseModel):
    """The next version of a calendar."""

    document: Document
    based_on: int = Field(description="Version that this was made from; refused if there is a later one.")
    note: str = Field(default="", max_length=500)


class VersionOut(BaseModel):
    """One version of a calendar."""

    name: str
    version: int
    area: str
    document: Document
    note: str
    who: str
    at: datetime

    @classmethod
    def of(cls, found: service.Version, zone: str) -> Self:
        """Show a version."""
        return cls(
            name=found.name, version=found.version, area=found.area, document=found.document, note=found.note,
            who=found.who, at=local(found.at, zone),
        )  # fmt: skip


class DifferenceOut(BaseModel):
    """Something that is not the same; null where it is not there."""

    part: str
    what: str
    before: str | None
    after: str | None

    @classmethod
    def of(cls, found: Difference) -> Self:
        """Show a difference."""
        return cls(part=found.part, what=found.what, before=found.before, after=found.after)


class SwitchOut(BaseModel):
    """From this local time on a rate is in force."""

    at: str
    rate: int


class DayOut(BaseModel):
    """How a meter switches on a day."""

    date: date
    switches: list[SwitchOut]


class RolloutIn(BaseModel):
    """A calendar to be brought to meters."""

    calendar: str = Field(max_length=60)
    version: int | None = Field(default=None, description="By default the latest.")
    meters: Choice
    activates: datetime | None = Field(default=None, description="When it becomes active; by default at once.")
    special: When = Field(default="activation", description="When the special days are written.")
    with_special: bool = True
    title: str = Field(default="", max_length=200)
    reason: str = Field(default="", max_length=1_000)


class ReasonIn(BaseModel):
    """Why."""

    reason: str = Field(default="", max_length=1_000)


class RolloutOut(BaseModel):
    """A calendar on its way to meters; `counts` says how many meters stand where."""

    id: int
    title: str
    calendar: str
    version: int
    area: str
    activates: datetime | None
    undoes: int | None
    who: str
    proposal: int | None
    at: datetime
    counts: dict[State, int]

    @classmethod
    def of(cls, found: following.Rollout, zone: str) -> Self:
        """Show a roll-out."""
        activates = None if found.activates is None else local(found.activates, zone)
        return cls(
            id=found.id, title=found.title, calendar=found.calendar, version=found.version, area=found.area,
            activates=activates, undoes=found.undoes, who=found.who, proposal=found.proposal,
            at=local(found.at, zone), counts=found.counts,
        )  # fmt: skip


class StandingOut(BaseModel):
    """Where a meter of a roll-out stands."""

    serial: str
    state: State
    reason: str | None
    before: str | None = Field(description="Name of the calendar that it had.")


class OrderOut(BaseModel):
    """Number of an order: see /api/orders."""

    order: int


class ActualOut(BaseModel):
    """What was last found in a meter, in words, part by part."""

    at: datetime
    active: Described
    passive: Described
    activates: str | None


@router.get("/tariffs/calendars", responses=ANSWERS)
def calendars(desk: Desk, after: str = "", limit: Limit = 50) -> Page[VersionOut]:
    """List the latest version of each calendar."""
    found = desk.read(lambda unit: service.calendars(unit, after=after, limit=limit + 1))
    more = found[limit - 1].name if len(found) > limit else None
    return Page(items=[VersionOut.of(each, desk.zone) for each in found[:limit]], next=more)


@router.post("/tariffs/calendars", responses=ANSWERS, status_code=201)
def make(desk: Desk, wanted: CalendarIn) -> VersionOut:
    """Begin a calendar."""
    edit = service.Edit(wanted.document, 0, desk.now, wanted.note)
    return VersionOut.of(desk.write(lambda unit: service.make(unit, wanted.name, wanted.area, edit)), desk.zone)


@router.get("/tariffs/calendars/{name}", responses=ANSWERS)
def calendar(desk: Desk, name: Name, version: AnyVersion = None) -> VersionOut:
    """Show a calendar."""
    return VersionOut.of(desk.read(lambda unit: service.calendar(unit, name, version)), desk.zone)


@router.put("/tariffs/calendars/{name}", responses=ANSWERS)
def change(desk: Desk, name: Name, wanted: ChangeIn) -> VersionOut:
    """Make the next version of a calendar."""
    edit = service.Edit(wanted.document, wanted.based_on, desk.now, wanted.note)
    return VersionOut.of(desk.write(lambda unit: service.change(unit, name, edit)), desk.zone)


@router.get("/tariffs/calendars/{name}/versions", responses=ANSWERS)
def versions(desk: Desk, name: Name) -> list[VersionOut]:
    """List all versions of a calendar, newest first."""
    return [VersionOut.of(each, desk.zone) for each in desk.read(lambda unit: service.versions(unit, name))]


@router.get("/tariffs/calendars/{name}/differences", responses=ANSWERS)
def differences(
    desk: Desk,
    name: Name,
    before: Annotated[int | None, Query(ge=1, lt=2**31, description="By default the one before `after`.")] = None,
    after: AnyVersion = None,
    year: Year = None,
) -> list[DifferenceOut]:
    """Compare two versions of a calendar."""
    at = year or local(desk.now, desk.zone).year

    def question(unit: Unit) -> list[Difference]:
        last = service.calendar(unit, name, after).version
        return service.differences(unit, name, before or last - 1, last, at)

    return [DifferenceOut.of(each) for each in desk.read(question)]


@router.get("/tariffs/calendars/{name}/day", responses=ANSWERS)
def day(
    desk: Desk,
    name: Name,
    when: Annotated[date | None, Query(alias="date", description="By default today.")] = None,
    version: AnyVersion = None,
) -> DayOut:
    """Show how a meter with this calendar switches on a day."""
    document = desk.read(lambda unit: service.calendar(unit, name, version)).document
    at = when or local(desk.now, desk.zone).date()
    switches = [
        SwitchOut(at=f"{second // 3600:02}:{second // 60 % 60:02}", rate=rate)
        for second, rate in service.rates(document, at)
    ]
    return DayOut(date=at, switches=switches)


@router.get("/tariffs/rollouts", responses=ANSWERS)
def all_rollouts(
    desk: Desk, before: Annotated[int | None, Query(ge=0, lt=2**31)] = None, limit: Limit = 25
) -> Page[RolloutOut]:
    """List roll-outs, newest first."""
    found = desk.read(lambda unit: following.rollouts(unit, before=before, limit=limit + 1))
    more = str(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[RolloutOut.of(each, desk.zone) for each in found[:limit]], next=more)


@router.post("/tariffs/rollouts", responses=ANSWERS, status_code=202)
def propose(desk: Desk, accounts: People, wanted: RolloutIn) -> ProposalOut:
    """Propose to bring a calendar to meters; without an offset, `activates` is local time of the installation."""
    at = wanted.activates
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(desk.zone))
    wish = rollouts.Ask.model_validate({**dict(wanted), "activates": None if at is None else int(at.timestamp())})
    rules = accounts.rules(is_simulated=desk.is_simulated)
    return ProposalOut.of(desk.write(lambda unit: rollouts.ask(unit, wish, rules, desk.now)), desk.zone)


@router.get("/tariffs/rollouts/{number}", responses=ANSWERS)
def rollout(desk: Desk, number: Number) -> RolloutOut:
    """Show a roll-out."""
    return RolloutOut.of(desk.read(lambda unit: following.rollout(unit, number)), desk.zone)


@router.get("/tariffs/rollouts/{number}/meters", responses=ANSWERS)
def standings(
    desk: Desk, number: Number, after: str = "", state: State | None = None, limit: Limit = 50
) -> Page[StandingOut]:
    """List the meters of a roll-out."""
    found = desk.read(lambda unit: following.standings(unit, number, after=after, state=state, limit=limit + 1))
    items = [StandingOut(serial=s.serial, state=s.state, reason=s.reason, before=s.before) for s in found[:limit]]
    return Page(items=items, next=found[limit - 1].serial if len(found) > limit else None)


@router.post("/tariffs/rollouts/{number}/back", responses=ANSWERS, status_code=202)
def take_back(desk: Desk, accounts: People, number: Number, why: ReasonIn) -> ProposalOut:
    """Propose to take a roll-out back."""
    rules = accounts.rules(is_simulated=desk.is_simulated)
    made = desk.write(lambda unit: rollouts.ask_back(unit, number, rules, desk.now, why.reason))
    return ProposalOut.of(made, desk.zone)


@router.get("/meters/{serial}/tariff", responses=ANSWERS)
def actual(desk: Desk, serial: str) -> ActualOut | None:
    """Show what was last found in a meter; null where that was never asked."""
    found = desk.read(lambda unit: service.actual(unit, serial))
    if found is None:
        return None
    return ActualOut(
        at=local(found.at, desk.zone), active=described(found.active), passive=described(found.passive),
        activates=found.activates,
    )  # fmt: skip


@router.post("/meters/{serial}/tariff/read", responses=ANSWERS, status_code=202)
def read(desk: Desk, serial: str) -> OrderOut:
    """Have the calendars of a meter read."""
    return OrderOut(order=desk.write(lambda unit: service.read(unit, serial, desk.now)))


@router.get("/meters/{serial}/tariff/differences", responses=ANSWERS)
def drift(
    desk: Desk,
    serial: str,
    calendar: Annotated[str, Query(max_length=60, description="By default, what the last roll-out has brought.")] = "",
    version: AnyVersion = None,
    year: Year = None,
) -> list[DifferenceOut]:
    """Compare a calendar with what was last found active in a meter."""
    at = year or local(desk.now, desk.zone).year
    found = desk.read(lambda unit: service.drift(unit, serial, calendar, version, at))
    return [DifferenceOut.of(each) for each in found]
