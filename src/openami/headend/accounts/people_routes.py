"""REST: accounts of others, roles, proposals, and the audit."""

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from openami.headend.accounts import audit, people, proposals, roles
from openami.headend.accounts.audit import Entry
from openami.headend.accounts.guarded import RoleChange
from openami.headend.accounts.people import NewAccount
from openami.headend.accounts.proposals import KINDS, Proposal, State
from openami.headend.accounts.routes import DENIED, AccountOut, People
from openami.headend.accounts.service import Accounts
from openami.headend.kit.access import Permission
from openami.headend.kit.database import Unit
from openami.headend.web.rest import Limit, Page, Problem
from openami.headend.web.services import Desk, Services
from openami.headend.web.words import local

router = APIRouter(prefix="/api", tags=["accounts"])

Number = Annotated[int, Path(ge=1, lt=2**62)]
Login = Annotated[str, Path(max_length=60)]
ANSWERS: dict[int | str, dict[str, object]] = {
    **DENIED,
    404: {"model": Problem, "description": "No such thing, as far as you may see."},
}


class AccountIn(BaseModel):
    """A new account: it may do nothing until somebody gives it a role."""

    login: str = Field(max_length=60)
    name: str = Field(max_length=120)
    email: str = Field(max_length=255)
    home: str = Field(default="/", max_length=500, description="Scope that administers it.")
    person: str = Field(default="", max_length=255, description="Who it is; by default from the mail address.")


class MadeOut(BaseModel):
    """An account that was made."""

    account: AccountOut
    link: str = Field(description="Address that its owner sets a password at; good once, shown this once.")


class ReasonIn(BaseModel):
    """Why."""

    reason: str = Field(default="", max_length=1_000)


class RoleIn(BaseModel):
    """A role to give or take."""

    role: str = Field(max_length=40)
    scope: str = Field(default="/", max_length=500)
    reason: str = Field(default="", max_length=1_000)


class RoleOut(BaseModel):
    """A role, and what it may do."""

    name: str
    title: str
    permissions: list[Permission]


class KindOut(BaseModel):
    """A kind of action that takes two people."""

    name: str
    title: str
    proposes: Permission
    approves: Permission
    payload: dict[str, Any] = Field(description="JSON schema of what is proposed.")
    is_guarded: bool = Field(description="Whether it takes two people in this installation.")


class ProposalIn(BaseModel):
    """Something to propose."""

    kind: str = Field(max_length=60, examples=["role.grant"])
    payload: dict[str, Any]
    reason: str = Field(default="", max_length=1_000)


class ApprovalIn(BaseModel):
    """An approval."""

    digest: str = Field(max_length=64, description="`digest` of the proposal as it was shown.")


class ProposalOut(BaseModel):
    """A guarded action that waits for a second person, or was decided."""

    id: int
    kind: str
    sentence: str
    payload: str = Field(description="JSON.")
    digest: str
    scope: str
    reason: str
    proposer: str | None
    means: str
    at: datetime
    expires: datetime
    state: State
    decider: str | None
    decided_at: datetime | None
    said: str
    outcome: str
    shown_once: str | None = Field(default=None, description="For whoever approved, this once.")

    @classmethod
    def of(cls, found: Proposal, zone: str) -> Self:
        """Show a proposal."""
        decided = None if found.decided_at is None else local(found.decided_at, zone)
        return cls(
            id=found.id, kind=found.kind, sentence=found.sentence, payload=found.payload, digest=found.digest,
            scope=found.scope, reason=found.reason, proposer=found.proposer, means=found.means,
            at=local(found.at, zone), expires=local(found.expires, zone), state=found.state, decider=found.decider,
            decided_at=decided, said=found.said, outcome=found.outcome, shown_once=found.shown_once or None,
        )  # fmt: skip


class EntryOut(BaseModel):
    """A row of the audit."""

    tenant: str
    number: int
    at: datetime
    who: str
    means: str
    action: str
    subject: str
    scope: str
    detail: str = Field(description="JSON.")
    previous: str
    hash: str

    @classmethod
    def of(cls, entry: Entry, zone: str) -> Self:
        """Show a row."""
        return cls(
            tenant=entry.tenant, number=entry.number, at=local(entry.at, zone), who=entry.who, means=entry.means,
            action=entry.action, subject=entry.subject, scope=entry.scope, detail=entry.detail,
            previous=entry.previous, hash=entry.hash,
        )  # fmt: skip


class FaultOut(BaseModel):
    """Something that is wrong with the audit."""

    tenant: str
    number: int
    message: str


class VerifiedOut(BaseModel):
    """What verifying the audit came to."""

    is_whole: bool
    faults: list[FaultOut]


@router.get("/users", responses=DENIED)
def users(
    desk: Desk,
    prefix: Annotated[str, Query(max_length=60)] = "",
    after: Annotated[str, Query(max_length=60)] = "",
    limit: Limit = 50,
) -> Page[AccountOut]:
    """Accounts whose home one administers, in order of their log-ins."""

    def question(unit: Unit) -> list[AccountOut]:
        return [AccountOut.of(unit, each, desk.zone) for each in people.listed(unit, prefix, after, limit + 1)]

    found = desk.read(question, None)
    return Page(items=found[:limit], next=found[limit - 1].login if len(found) > limit else None)


@router.post("/users", responses=DENIED, status_code=201)
def make_user(desk: Desk, accounts: People, wanted: AccountIn) -> MadeOut:
    """Make an account; it may do nothing yet."""
    new = NewAccount(**wanted.model_dump())

    def change(unit: Unit) -> MadeOut:
        made = people.make(unit, new, accounts.wall(), accounts.settings.invite_s)
        return MadeOut(account=AccountOut.of(unit, made.account, desk.zone), link=f"/sign-in/link?code={made.link}")

    return desk.write(change, None)


@router.get("/users/{login}", responses=ANSWERS)
def user(desk: Desk, login: Login) -> AccountOut:
    """Show an account."""
    return desk.read(lambda unit: AccountOut.of(unit, people.find(unit, login), desk.zone), None)


@router.post("/users/{login}/suspend", responses=ANSWERS)
def suspend(desk: Desk, accounts: People, login: Login, wanted: ReasonIn) -> AccountOut:
    """Shut an account out at once. To let it in again takes a proposal."""

    def change(unit: Unit) -> AccountOut:
        return AccountOut.of(unit, people.suspend(unit, login, wanted.reason, accounts.wall()), desk.zone)

    return desk.write(change, None)


@router.post("/users/{login}/roles", responses=ANSWERS, status_code=202)
def give_role(desk: Desk, accounts: People, login: Login, wanted: RoleIn) -> ProposalOut:
    """Propose that somebody gets a role."""
    return _change_role(desk, accounts, "role.grant", login, wanted)


@router.post("/users/{login}/roles/take", responses=ANSWERS, status_code=202)
def take_role(desk: Desk, accounts: People, login: Login, wanted: RoleIn) -> ProposalOut:
    """Propose that somebody loses a role."""
    return _change_role(desk, accounts, "role.take", login, wanted)


def _change_role(desk: Services, accounts: Accounts, kind: str, login: str, wanted: RoleIn) -> ProposalOut:
    payload = RoleChange(login=login, role=wanted.role, scope=wanted.scope)

    def change(unit: Unit) -> Proposal:
        return proposals.propose(
            unit, kind, payload, accounts.rules(is_simulated=desk.is_simulated), reason=wanted.reason
        )

    return ProposalOut.of(desk.write(change, None), desk.zone)


@router.get("/roles", responses=DENIED)
def all_roles(desk: Desk) -> list[RoleOut]:
    """Roles, and what they may do."""
    found = desk.read(roles.roles, None)
    return [RoleOut(name=role.name, title=role.title, permissions=list(role.permissions)) for role in found]


@router.get("/proposals/kinds", responses=DENIED)
def kinds(desk: Desk, accounts: People) -> list[KindOut]:
    """Kinds of actions that take two people."""
    desk.read(lambda _unit: None, None)
    return [
        KindOut(
            name=kind.name, title=kind.title, proposes=kind.proposes, approves=kind.approves,
            payload=kind.payload.model_json_schema(), is_guarded=kind.name not in accounts.settings.unguarded,
        )
        for kind in KINDS.values()
    ]  # fmt: skip


@router.get("/proposals", responses=DENIED)
def proposed(
    desk: Desk,
    state: State | None = None,
    before: Annotated[int | None, Query(description="`next` of the page before.", ge=0, lt=2**62)] = None,
    limit: Limit = 50,
) -> Page[ProposalOut]:
    """Proposals that concern one, newest first."""
    found, more = desk.read(lambda unit: proposals.listed(unit, state=state, before=before, limit=limit), None)
    return Page(items=[ProposalOut.of(p, desk.zone) for p in found], next=None if more is None else str(more))


@router.post("/proposals", responses=DENIED, status_code=202)
def propose(desk: Desk, accounts: People, wanted: ProposalIn) -> ProposalOut:
    """Propose a guarded action."""

    def change(unit: Unit) -> Proposal:
        return proposals.propose(
            unit, wanted.kind, wanted.payload, accounts.rules(is_simulated=desk.is_simulated), reason=wanted.reason
        )

    return ProposalOut.of(desk.write(change, None), desk.zone)


@router.get("/proposals/{number}", responses=ANSWERS)
def proposal(desk: Desk, number: Number) -> ProposalOut:
    """Show a proposal."""
    return ProposalOut.of(desk.read(lambda unit: proposals.show(unit, number), None), desk.zone)


@router.post("/proposals/{number}/approve", responses=ANSWERS)
def approve(desk: Desk, accounts: People, number: Number, wanted: ApprovalIn) -> ProposalOut:
    """Agree to what another person proposed; it is done now."""
    done = desk.write(lambda unit: proposals.approve(unit, number, wanted.digest, accounts.wall()), None)
    return ProposalOut.of(done, desk.zone)


@router.post("/proposals/{number}/refuse", responses=ANSWERS)
def refuse(desk: Desk, accounts: People, number: Number, wanted: ReasonIn) -> ProposalOut:
    """Say no, and why."""
    done = desk.write(lambda unit: proposals.refuse(unit, number, wanted.reason, accounts.wall()), None)
    return ProposalOut.of(done, desk.zone)


@router.post("/proposals/{number}/withdraw", responses=ANSWERS)
def withdraw(desk: Desk, accounts: People, number: Number) -> ProposalOut:
    """Take back what one has proposed."""
    return ProposalOut.of(desk.write(lambda unit: proposals.withdraw(unit, number, accounts.wall()), None), desk.zone)


@router.get("/audit", responses=DENIED)
def read_audit(
    desk: Desk,
    action: Annotated[str, Query(description="Only this action.", max_length=60)] = "",
    who: Annotated[str, Query(description="Only this log-in.", max_length=120)] = "",
    before: Annotated[int | None, Query(description="`next` of the page before.", ge=0, lt=2**62)] = None,
    limit: Limit = 50,
) -> Page[EntryOut]:
    """What was done, by whom; newest first."""
    found = desk.read(lambda unit: audit.read(unit, before=before, limit=limit, action=action, who=who), None)
    more = None if found.before is None else str(found.before)
    return Page(items=[EntryOut.of(entry, desk.zone) for entry in found.entries], next=more)


@router.get("/audit/verify", responses=DENIED)
def verify(desk: Desk, accounts: People, response: Response) -> VerifiedOut:
    """Walk the chains of the audit; tell what was changed, removed, swapped or cut off."""
    anchored = accounts.gate.anchors.load()
    faults = desk.read(lambda unit: audit.verify(unit, anchored), None)
    response.status_code = 409 if faults else 200
    return VerifiedOut(
        is_whole=not faults,
        faults=[FaultOut(tenant=f.tenant, number=f.number, message=f.message) for f in faults],
    )
