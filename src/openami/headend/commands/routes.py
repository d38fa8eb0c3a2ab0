"""REST: giving commands, orders and jobs, the kill switch."""

import asyncio
import json
import time
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from openami.core.errors import AmiError
from openami.headend.accounts.people_routes import ProposalOut
from openami.headend.accounts.routes import People
from openami.headend.accounts.service import Accounts
from openami.headend.commands import jobs, service
from openami.headend.commands.jobs import Job
from openami.headend.commands.payloads import Reading
from openami.headend.commands.recipes import RECIPES
from openami.headend.commands.service import Ask, Given, Terms, UnknownOrderError
from openami.headend.orders.schemas import BatchState, Order, State
from openami.headend.orders.switch import CommandsStoppedError, Switch
from openami.headend.web.rest import Limit, Page, Problem
from openami.headend.web.services import Desk, Services
from openami.headend.web.words import local

router = APIRouter(prefix="/api", tags=["commands"])

STATUS: dict[type[AmiError], int] = {UnknownOrderError: 404, CommandsStoppedError: 409}
"""Answers to errors of commands."""
ANSWERS: dict[int | str, dict[str, object]] = {
    401: {"model": Problem, "description": "Not signed in."},
    403: {"model": Problem, "description": "Not allowed, or not there."},
    404: {"model": Problem, "description": "No such thing, as far as you may see."},
    409: {"model": Problem, "description": "As things stand this cannot be done; all commands may be stopped."},
}
POLL_S = 0.1
MOST_WAIT_S = 120.0

Number = Annotated[int, Path(ge=1, lt=2**31)]
Before = Annotated[int | None, Query(description="`next` of the page before.", ge=0, lt=2**31)]
Wait = Annotated[float, Query(description="How long to wait for the outcome.", ge=0, le=MOST_WAIT_S)]


class OrderOut(BaseModel):
    """One thing that one meter was told. Times are business time."""

    id: int
    serial: str
    kind: str
    state: State = Field(description="`unknown`: it may have been carried out or not.")
    payload: dict[str, Any]
    result: Any = Field(description="What it came to, read back from the meter.")
    reason: str | None = Field(description="Why it was not done, or not yet.")
    job: int | None
    proposal: int | None
    who: str
    at: datetime
    due: datetime
    expires: datetime
    begun: datetime | None
    ended: datetime | None
    attempts: int

    @classmethod
    def of(cls, found: Order, zone: str) -> Self:
        """Show an order."""

        def when(at: int | None) -> datetime | None:
            return None if at is None else local(at, zone)

        return cls(
            id=found.id, serial=found.serial, kind=found.kind, state=found.state, payload=json.loads(found.payload),
            result=None if found.result is None else json.loads(found.result), reason=found.reason, job=found.batch,
            proposal=found.proposal, who=found.who, at=local(found.at, zone), due=local(found.due, zone),
            expires=local(found.expires, zone), begun=when(found.begun), ended=when(found.ended),
            attempts=found.attempts,
        )  # fmt: skip


class JobOut(BaseModel):
    """A bulk job and how far it is."""

    id: int
    title: str
    kind: str
    state: str = Field(description="running, paused, stopped or over.")
    area: str
    total: int
    counts: dict[State, int] = Field(description="Orders in each state.")
    waiting: int = Field(description="Orders whose outcome is still open.")
    who: str
    at: datetime
    changed: datetime
    changed_by: str
    proposal: int | None

    @classmethod
    def of(cls, found: Job, zone: str) -> Self:
        """Show a job."""
        batch = found.batch
        return cls(
            id=batch.id, title=batch.title, kind=batch.kind, state=found.state, area=batch.area, total=batch.total,
            counts=found.counts, waiting=found.waiting, who=batch.who, at=local(batch.at, zone),
            changed=local(batch.changed, zone), changed_by=batch.changed_by, proposal=batch.proposal,
        )  # fmt: skip


class GivenOut(BaseModel):
    """What became of asking: a proposal that waits for a second person, an order, or a job."""

    proposal: ProposalOut | None
    order: OrderOut | None
    job: JobOut | None


class SwitchOut(BaseModel):
    """Whether commands may go out. `at` is real time."""

    is_commissioned: bool
    is_stopped: bool
    refusal: str | None = Field(description="Why nothing may be changed in meters; null when it may.")
    who: str
    at: datetime | None

    @classmethod
    def of(cls, found: Switch, zone: str) -> Self:
        """Show how it stands."""
        return cls(
            is_commissioned=found.is_commissioned, is_stopped=found.is_stopped, refusal=found.refusal, who=found.who,
            at=local(found.at, zone) if found.at else None,
        )  # fmt: skip


class WhyIn(BaseModel):
    """Why."""

    reason: str = Field(default="", max_length=1_000)


class RecipeOut(BaseModel):
    """A command that can be given."""

    name: str
    title: str
    parameters: dict[str, Any] = Field(description="JSON schema.")


class ProtectionOut(BaseModel):
    """Whether a meter is protected from disconnection."""

    serial: str
    why: str | None


def terms(desk: Services, accounts: Accounts) -> Terms:
    """Tell what holds now."""
    return Terms(accounts.rules(is_simulated=desk.is_simulated), desk.settings.commands, desk.now)


async def given(desk: Services, found: Given, wait_s: float) -> GivenOut:
    """Show what became of asking; an order is waited for."""
    order = None if found.order is None else await _outcome(desk, found.order, wait_s)
    job = None if found.job is None else JobOut.of(await _job(desk, found.job), desk.zone)
    proposal = None if found.proposal is None else ProposalOut.of(found.proposal, desk.zone)
    return GivenOut(proposal=proposal, order=order, job=job)


async def _job(desk: Services, number: int) -> Job:
    return await desk.ask(lambda unit: jobs.job(unit, number))


async def _outcome(desk: Services, number: int, wait_s: float) -> OrderOut:
    deadline = time.monotonic() + wait_s
    while True:
        found = await desk.ask(lambda unit: service.order(unit, number))
        if found.ended is not None or time.monotonic() >= deadline:
            return OrderOut.of(found, desk.zone)
        await asyncio.sleep(POLL_S)


@router.get("/commands", responses=ANSWERS)
def recipes(desk: Desk) -> list[RecipeOut]:
    """Commands that can be given, and what each takes."""
    desk.read(lambda _unit: None)
    return [
        RecipeOut(name=each.name, title=each.title, parameters=each.parameters.model_json_schema())
        for each in RECIPES.values()
    ]


@router.post("/commands", responses=ANSWERS, status_code=202)
async def give(desk: Desk, accounts: People, response: Response, ask: Ask, wait_s: Wait = 0.0) -> GivenOut:
    """Give a command to one meter or many; what takes two people becomes a proposal. 200 once an order is over."""
    found = await desk.change(lambda unit: service.give(unit, ask, terms(desk, accounts)), None)
    shown = await given(desk, found, wait_s)
    response.status_code = 200 if shown.order and shown.order.ended else 202
    return shown


@router.post("/meters/{serial}/attributes", responses=ANSWERS, status_code=202)
async def read_attributes(
    desk: Desk, response: Response, serial: str, wanted: Reading, wait_s: Wait = 30.0
) -> OrderOut:
    """Read any attributes of a meter now, before all else."""
    valid_s = desk.settings.commands.valid_s
    number = await desk.change(lambda unit: service.read_attributes(unit, serial, wanted, desk.now, valid_s), None)
    shown = await _outcome(desk, number, wait_s)
    response.status_code = 200 if shown.ended else 202
    return shown


@router.get("/meters/{serial}/orders", responses=ANSWERS)
def orders(desk: Desk, serial: str, before: Before = None, limit: Limit = 50) -> Page[OrderOut]:
    """What a meter was told, newest first."""
    found = desk.read(lambda unit: service.orders(unit, serial, before=before, limit=limit + 1))
    more = str(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[OrderOut.of(each, desk.zone) for each in found[:limit]], next=more)


@router.get("/orders/{number}", responses=ANSWERS)
async def order(desk: Desk, number: Number, wait_s: Wait = 0.0) -> OrderOut:
    """Show an order; waits for its outcome if told."""
    return await _outcome(desk, number, wait_s)


@router.post("/orders/{number}/cancel", responses=ANSWERS)
def cancel(desk: Desk, number: Number) -> OrderOut:
    """Take back an order that was not begun."""
    return OrderOut.of(desk.write(lambda unit: service.cancel(unit, number, desk.now), None), desk.zone)


@router.get("/jobs", responses=ANSWERS)
def all_jobs(desk: Desk, before: Before = None, limit: Limit = 20) -> Page[JobOut]:
    """Bulk jobs, newest first."""
    found = desk.read(lambda unit: jobs.jobs(unit, before=before, limit=limit + 1))
    more = str(found[limit - 1].batch.id) if len(found) > limit else None
    return Page(items=[JobOut.of(each, desk.zone) for each in found[:limit]], next=more)


@router.get("/jobs/{number}", responses=ANSWERS)
async def job(desk: Desk, number: Number) -> JobOut:
    """How far a job is."""
    return JobOut.of(await _job(desk, number), desk.zone)


@router.get("/jobs/{number}/orders", responses=ANSWERS)
def orders_of(
    desk: Desk,
    number: Number,
    state: State | None = None,
    after: Annotated[int, Query(description="`next` of the page before.", ge=0, lt=2**62)] = 0,
    limit: Limit = 50,
) -> Page[OrderOut]:
    """Orders of a job, in the order they were given."""
    found = desk.read(lambda unit: jobs.orders_of(unit, number, state=state, after=after, limit=limit + 1))
    more = str(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[OrderOut.of(each, desk.zone) for each in found[:limit]], next=more)


@router.post("/jobs/{number}/pause", responses=ANSWERS)
def pause(desk: Desk, number: Number) -> JobOut:
    """Begin nothing more of a job for now."""
    return _put(desk, number, BatchState.PAUSED)


@router.post("/jobs/{number}/resume", responses=ANSWERS)
def resume(desk: Desk, number: Number) -> JobOut:
    """Go on with a job that was paused."""
    return _put(desk, number, BatchState.RUNNING)


@router.post("/jobs/{number}/stop", responses=ANSWERS)
def stop(desk: Desk, number: Number) -> JobOut:
    """End a job: what was not begun is not done."""
    return _put(desk, number, BatchState.STOPPED)


def _put(desk: Services, number: int, state: BatchState) -> JobOut:
    return JobOut.of(desk.write(lambda unit: jobs.put(unit, number, state, desk.now), None), desk.zone)


@router.get("/switch", responses=ANSWERS)
def switch(desk: Desk) -> SwitchOut:
    """Whether commands may go out."""
    return SwitchOut.of(desk.read(service.switched), desk.zone)


@router.post("/switch/stop", responses=ANSWERS)
def stop_all(desk: Desk, accounts: People, wanted: WhyIn) -> SwitchOut:
    """Stop every command at once. To let them go on takes two people."""
    return SwitchOut.of(
        desk.write(lambda unit: service.stop_all(unit, wanted.reason, accounts.wall()), None), desk.zone
    )


@router.post("/switch/release", responses=ANSWERS, status_code=202)
def release(desk: Desk, accounts: People, wanted: WhyIn) -> ProposalOut:
    """Propose that commands may go out: to commission this installation, or after they were stopped."""
    rules = accounts.rules(is_simulated=desk.is_simulated)
    return ProposalOut.of(desk.write(lambda unit: service.let_go(unit, rules, wanted.reason), None), desk.zone)


@router.get("/meters/{serial}/protection", responses=ANSWERS)
def protection(desk: Desk, serial: str) -> ProtectionOut:
    """Whether a meter is protected from disconnection, and why."""
    return ProtectionOut(serial=serial, why=desk.read(lambda unit: service.protection(unit, serial)))


@router.put("/meters/{serial}/protection", responses=ANSWERS)
def protect(desk: Desk, accounts: People, serial: str, wanted: WhyIn) -> ProtectionOut:
    """Protect a meter from disconnection."""
    desk.write(lambda unit: service.protect(unit, serial, wanted.reason, accounts.wall()), None)
    return protection(desk, serial)


@router.post("/meters/{serial}/protection/remove", responses=ANSWERS, status_code=202)
def unprotect(desk: Desk, accounts: People, serial: str, wanted: WhyIn) -> ProposalOut:
    """Propose that a meter loses its protection."""
    rules = accounts.rules(is_simulated=desk.is_simulated)
    found = desk.write(lambda unit: service.unprotect(unit, serial, rules, wanted.reason), None)
    return ProposalOut.of(found, desk.zone)
