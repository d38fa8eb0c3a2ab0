"""REST: templates, and parameters of groups."""

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from openami.headend.accounts.routes import People
from openami.headend.commands import desired, jobs, templates
from openami.headend.commands.desired import Standing
from openami.headend.commands.routes import ANSWERS, GivenOut, JobOut, Number, WhyIn, given, terms
from openami.headend.commands.service import Ask
from openami.headend.commands.templates import Template
from openami.headend.web.rest import Limit, Page
from openami.headend.web.services import Desk
from openami.headend.web.words import local

router = APIRouter(prefix="/api", tags=["commands"])

Name = Annotated[str, Path(max_length=60, pattern="^[A-Za-z0-9][A-Za-z0-9 ._-]*$")]


class TemplateIn(BaseModel):
    """A command with its parameters."""

    title: str = Field(default="", max_length=200)
    command: str = Field(max_length=40, examples=["message"])
    parameters: dict[str, Any] = Field(default_factory=dict)


class TemplateOut(TemplateIn):
    """A command that is kept under a name."""

    name: str
    who: str
    at: datetime

    @classmethod
    def of(cls, found: Template, zone: str) -> Self:
        """Show a template."""
        return cls(
            name=found.name, title=found.title, command=found.command, parameters=found.parameters, who=found.who,
            at=local(found.at, zone),
        )  # fmt: skip


class DesiredOut(BaseModel):
    """What attributes of a group of meters ought to be, and how the meters stand."""

    id: int
    title: str
    area: str
    meters: dict[str, Any] = Field(description="Which meters.")
    items: list[dict[str, Any]]
    who: str
    at: datetime
    as_desired: int
    drifted: int
    last_checked: datetime | None

    @classmethod
    def of(cls, found: Standing, zone: str) -> Self:
        """Show how a group stands."""
        known, last = found.desired, found.last_checked
        return cls(
            id=known.id, title=known.title, area=known.area, meters=known.choice.model_dump(mode="json"),
            items=[item.model_dump(mode="json") for item in known.items], who=known.who, at=local(known.at, zone),
            as_desired=found.as_desired, drifted=found.drifted,
            last_checked=None if last is None else local(last, zone),
        )  # fmt: skip


class DriftOut(BaseModel):
    """A meter that is not as it ought to be."""

    serial: str
    at: datetime
    drift: list[dict[str, Any]]


@router.get("/command-templates", responses=ANSWERS)
def all_templates(desk: Desk) -> list[TemplateOut]:
    """Templates, by name."""
    return [TemplateOut.of(each, desk.zone) for each in desk.read(templates.templates)]


@router.put("/command-templates/{name}", responses=ANSWERS)
def keep_template(desk: Desk, accounts: People, name: Name, wanted: TemplateIn) -> TemplateOut:
    """Keep a command with its parameters under a name."""
    new = Template(name, wanted.title, wanted.command, wanted.parameters, "", 0)
    return TemplateOut.of(desk.write(lambda unit: templates.keep(unit, new, terms(desk, accounts)), None), desk.zone)


@router.delete("/command-templates/{name}", responses=ANSWERS, status_code=204)
def drop_template(desk: Desk, name: Name) -> None:
    """Forget a template."""
    desk.write(lambda unit: templates.drop(unit, name), None)


@router.get("/desired", responses=ANSWERS)
def all_desired(desk: Desk) -> list[DesiredOut]:
    """What groups of meters ought to be, and how they stand."""
    return [DesiredOut.of(each, desk.zone) for each in desk.read(desired.declared)]


@router.post("/desired", responses=ANSWERS, status_code=201)
def declare(desk: Desk, accounts: People, ask: Ask) -> DesiredOut:
    """Say what a group of meters ought to be, by any command that writes; nothing is written yet."""

    def change(unit: Any) -> Standing:
        return desired.standing(unit, desired.declare(unit, ask, terms(desk, accounts)).id)

    return DesiredOut.of(desk.write(change, None), desk.zone)


@router.get("/desired/{number}", responses=ANSWERS)
def one(desk: Desk, number: Number) -> DesiredOut:
    """How a group stands."""
    return DesiredOut.of(desk.read(lambda unit: desired.standing(unit, number)), desk.zone)


@router.delete("/desired/{number}", responses=ANSWERS, status_code=204)
def end(desk: Desk, number: Number) -> None:
    """Ask for it no longer."""
    desk.write(lambda unit: desired.end(unit, number, desk.now), None)


@router.post("/desired/{number}/check", responses=ANSWERS, status_code=202)
async def check(desk: Desk, accounts: People, number: Number) -> JobOut:
    """Read what the meters of a group are, and compare: a job that changes nothing."""
    made = await desk.change(lambda unit: desired.check(unit, number, terms(desk, accounts)), None)
    return JobOut.of(await desk.ask(lambda unit: jobs.job(unit, made)), desk.zone)


@router.get("/desired/{number}/drift", responses=ANSWERS)
def drift(
    desk: Desk,
    number: Number,
    after: Annotated[str, Query(description="`next` of the page before.", max_length=60)] = "",
    limit: Limit = 50,
) -> Page[DriftOut]:
    """Meters that were found to differ."""
    found = desk.read(lambda unit: desired.drift(unit, number, after=after, limit=limit + 1))
    items = [DriftOut(serial=each.serial, at=local(each.at, desk.zone), drift=each.drift) for each in found[:limit]]
    return Page(items=items, next=found[limit - 1].serial if len(found) > limit else None)


@router.post("/desired/{number}/correct", responses=ANSWERS, status_code=202)
async def correct(desk: Desk, accounts: People, number: Number, wanted: WhyIn) -> GivenOut:
    """Write what ought to be into the meters that differ; takes two people like any such command."""
    found = await desk.change(lambda unit: desired.correct(unit, number, terms(desk, accounts), wanted.reason), None)
    return await given(desk, found, 0.0)
