"""REST: alarms, rules about them, tamper cases."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from openami.headend.events import alarms as service
from openami.headend.events import cases, rules
from openami.headend.events.alarm_bits import Severity
from openami.headend.events.rules import Wish
from openami.headend.web.rest import Limit, Page, Problem
from openami.headend.web.services import Desk
from openami.headend.web.words import local

router = APIRouter(prefix="/api", tags=["alarms"])
MISSING: dict[int | str, dict[str, object]] = {404: {"model": Problem, "description": "Nothing of that number."}}
Number = Annotated[int, Path(ge=1, lt=2**31)]
Before = Annotated[int | None, Query(description="`next` of the page before.", ge=1, lt=2**62)]


class AlarmOut(BaseModel):
    """An alarm of a meter."""

    id: int
    serial: str
    name: str = Field(description="Logical name of its register and number of its bit, or log and code.")
    meaning: str
    severity: Literal["info", "minor", "major", "critical"]
    tag: str
    began: datetime
    last: datetime
    times: int
    source: str = Field(description="push: the meter told it; session: a register that was read; log: an event.")
    is_proved: bool = Field(description="Whether it is surely from the meter: authenticated, or read.")
    suppressed: int | None = Field(description="Rule that keeps it from view.")
    acknowledged: datetime | None
    who: str | None
    note: str | None
    clearing: str = Field(description="In the meter: none, waiting, ordered or cleared.")
    cleared: datetime | None
    why: str | None = Field(description="Why it is not cleared yet.")


class Acknowledging(BaseModel):
    """Alarms that somebody has seen."""

    model_config = ConfigDict(extra="forbid")

    alarms: list[Annotated[int, Field(ge=1, lt=2**62)]] = Field(min_length=1, max_length=service.MOST_AT_ONCE)
    note: str = Field(default="", max_length=service.MOST_NOTE)


class Acknowledged(BaseModel):
    """How many were not acknowledged before."""

    acknowledged: int


class RuleOut(BaseModel):
    """A rule in force."""

    id: int
    kind: str
    area: str
    name: str
    tag: str
    least: str
    serial: str | None
    until: datetime | None
    after_s: int
    channel: str
    why: str
    who: str


class EvidenceOut(BaseModel):
    """What a meter told, or a person noted."""

    at: datetime
    what: str
    who: str


class CaseOut(BaseModel):
    """A tamper case."""

    id: int
    serial: str
    state: cases.CaseState
    opened: datetime
    last: datetime
    evidence: list[EvidenceOut] = []


class Moving(BaseModel):
    """What becomes of a case, and why."""

    model_config = ConfigDict(extra="forbid")

    state: cases.CaseState
    note: str = Field(min_length=1, max_length=cases.MOST_TEXT)


@router.get("/alarms")
def alarms(  # noqa: PLR0917 - one for each filter
    desk: Desk,
    serial: Annotated[str, Query(description="Of one meter.", max_length=60)] = "",
    is_open: Annotated[bool, Query(alias="open", description="Only what nobody has acknowledged.")] = True,
    least: Annotated[Literal["info", "minor", "major", "critical"], Query(description="Severity at the least.")] = (
        "info"
    ),
    tag: Annotated[str, Query(description="tamper, gasp or up.", max_length=20)] = "",
    suppressed: Annotated[bool, Query(description="Also what rules keep from view.")] = False,
    before: Before = None,
    limit: Limit = 50,
) -> Page[AlarmOut]:
    """Alarms, newest first."""
    wanted = service.Wanted(serial, is_open, Severity[least.upper()], suppressed, tag)
    page = desk.read(lambda unit: service.listed(unit, wanted, before=before, limit=limit))
    return Page(items=[_alarm(each) for each in page.alarms], next=None if page.before is None else str(page.before))


@router.post("/alarms/acknowledge", responses=MISSING)
def acknowledge(desk: Desk, body: Acknowledging) -> Acknowledged:
    """Say that these alarms were seen, with a note."""
    done = desk.write(lambda unit: service.acknowledge(unit, body.alarms, body.note, desk.now))
    return Acknowledged(acknowledged=done)


@router.get("/alarms/rules")
def all_rules(desk: Desk) -> list[RuleOut]:
    """Rules in force."""
    return [_rule(rule, desk.zone) for rule in desk.read(lambda unit: rules.rules(unit, desk.now))]


@router.post("/alarms/rules")
def make_rule(desk: Desk, body: Wish) -> RuleOut:
    """Suppress alarms, or have them told to a channel when nobody acknowledges them."""
    made = desk.write(lambda unit: rules.make(unit, body, desk.settings.watch, desk.now))
    return _rule(made, desk.zone)


@router.delete("/alarms/rules/{number}", responses=MISSING, status_code=204)
def end_rule(desk: Desk, number: Number) -> None:
    """End a rule."""
    desk.write(lambda unit: rules.end(unit, number, desk.now))


@router.get("/alarms/{number}", responses=MISSING)
def alarm(desk: Desk, number: Number) -> AlarmOut:
    """One alarm."""
    return _alarm(desk.read(lambda unit: service.alarm(unit, number)))


@router.get("/tamper-cases")
def tamper_cases(
    desk: Desk,
    is_open: Annotated[bool, Query(alias="open", description="Only those not closed.")] = True,
    before: Annotated[int | None, Query(ge=1, le=2**31)] = None,
    limit: Limit = 50,
) -> Page[CaseOut]:
    """Tamper cases, newest first, without their evidence."""
    page = desk.read(lambda unit: cases.listed(unit, is_open=is_open, before=before, limit=limit))
    return Page(items=[_case(each) for each in page.cases], next=None if page.before is None else str(page.before))


@router.get("/tamper-cases/{number}", responses=MISSING)
def tamper_case(desk: Desk, number: Number) -> CaseOut:
    """One case, with what the meter told and what people noted."""
    return _case(desk.read(lambda unit: cases.case(unit, number)))


@router.post("/tamper-cases/{number}", responses=MISSING)
def move_case(desk: Desk, number: Number, body: Moving) -> CaseOut:
    """Bring a case on, with a word on why."""
    return _case(desk.write(lambda unit: cases.move(unit, number, body.state, body.note, desk.now)))


def _when(at: int | None, zone: str) -> datetime | None:
    return None if at is None else local(at, zone)


def _alarm(found: service.Alarm) -> AlarmOut:
    zone = found.zone
    return AlarmOut(
        id=found.id, serial=found.serial, name=found.name, meaning=found.meaning, tag=found.tag,
        severity=SEVERITIES[found.severity], began=local(found.began, zone), last=local(found.last, zone),
        times=found.times, source=found.source, is_proved=found.is_proved, suppressed=found.suppressed,
        acknowledged=_when(found.acknowledged, zone), who=found.who, note=found.note, clearing=found.clearing,
        cleared=_when(found.cleared, zone), why=found.why,
    )  # fmt: skip


SEVERITIES: dict[Severity, Literal["info", "minor", "major", "critical"]] = {
    Severity.INFO: "info", Severity.MINOR: "minor", Severity.MAJOR: "major", Severity.CRITICAL: "critical",
}  # fmt: skip


def _rule(found: rules.Rule, zone: str) -> RuleOut:
    return RuleOut(
        id=found.id, kind=found.kind, area=found.area, name=found.name, tag=found.tag, least=SEVERITIES[found.least],
        serial=found.serial, until=_when(found.until, zone), after_s=found.after_s, channel=found.channel,
        why=found.why, who=found.who,
    )  # fmt: skip


def _case(found: cases.Case) -> CaseOut:
    told = [EvidenceOut(at=local(e.at, found.zone), what=e.what, who=e.who) for e in found.evidence]
    return CaseOut(
        id=found.id, serial=found.serial, state=found.state, opened=local(found.opened, found.zone),
        last=local(found.last, found.zone), evidence=told,
    )  # fmt: skip
