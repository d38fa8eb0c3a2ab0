"""Four eyes: a guarded action is a proposal, and only another person makes it happen.

A feature describes each of its guarded actions once (`Guarded`, `register`) and asks for them with `propose`.
Approval, the action itself and its audit are one transaction: of two approvals at a time one is refused, and an
action that fails leaves the proposal open.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from openami.core.errors import AmiError, DecodeError
from openami.headend.accounts import audit, people, roles
from openami.headend.kit.access import (
    Actor,
    Means,
    Permission,
    actor,
    command,
    covers,
    demand,
    executing,
    scopes,
)
from openami.headend.kit.account_settings import AccountSettings
from openami.headend.kit.database import Row, Unit
from openami.headend.kit.errors import ForbiddenError

B = TypeVar("B", bound=BaseModel)

MOST_OCTETS = 4_000_000
MOST_REASON = 1_000
COLUMNS = (
    "p.id, p.kind, p.payload, p.digest, p.scope, p.sentence, p.reason, p.account, p.means, p.at, p.expires, p.state,"
    " p.decided_by, p.decided_at, p.said, p.outcome, a.login, d.login"
)
FROM = "FROM proposal p LEFT JOIN account a ON a.id = p.account LEFT JOIN account d ON d.id = p.decided_by"


class State(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class NotApprovedError(AmiError):
    """An approval that does not count; the proposal stays as it is."""


class UnknownProposalError(AmiError):
    """No proposal of that number, as far as whoever asks may see."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A guarded action that waits, or was decided."""

    id: int
    kind: str
    payload: str
    digest: str
    scope: str
    sentence: str
    reason: str
    account: int | None
    means: str
    at: int
    expires: int
    state: State
    decided_by: int | None
    decided_at: int | None
    said: str
    outcome: str
    proposer: str | None
    decider: str | None
    shown_once: str = ""
    """What only whoever approved gets to see, and the database does not keep."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action came to: `text` is kept, `shown_once` is not."""

    text: str = ""
    shown_once: str = ""


@dataclass(frozen=True, slots=True)
class Guarded(Generic[B]):
    """A kind of action that takes two people."""

    name: str
    """For example `relay.disconnect`."""
    title: str
    payload: type[B]
    """What is to be done, whole: nothing that matters may be looked up elsewhere."""
    proposes: Permission
    approves: Permission
    scope: Callable[[Unit, B], str]
    """Where it happens; asked again at approval: both people need their right there."""
    sentence: Callable[[Unit, B], str]
    """What people are asked to agree to."""
    execute: Callable[[Unit, B, Proposal], Outcome]
    """Make it happen, in the transaction of the approval."""
    may_be_alone: Callable[[Unit], bool] = lambda _unit: False
    """Whether there cannot be a second person yet."""

    def read(self, payload: object) -> B:
        """Check what is proposed."""
        try:
            return self.payload.model_validate(payload)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise DecodeError(f"{'.'.join(map(str, first['loc'])) or self.name}: {first['msg']}") from None


KINDS: Final[dict[str, Guarded[Any]]] = {}
"""Every kind of guarded action, by its name."""


def register(kind: Guarded[B]) -> Guarded[B]:
    """Make a kind of guarded action known."""
    assert kind.name not in KINDS, kind.name
    KINDS[kind.name] = kind
    return kind


def kind_of(name: str) -> Guarded[Any]:
    """Find a kind of guarded action."""
    try:
        return KINDS[name]
    except KeyError:
        raise DecodeError(f"there is no guarded action {name!r}") from None


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds at the moment something is proposed."""

    settings: AccountSettings
    now: float
    """Real time: a proposal waits for people."""
    is_simulated: bool = False
    """Nothing real is touched: as long as there are no accounts, whoever is here decides alone."""


@command(None)
def propose(
    unit: Unit, name: str, payload: BaseModel | Mapping[str, object], rules: Rules, *, reason: str = ""
) -> Proposal:
    """Propose a guarded action; it is done at once where the installation lets one person do it.

    Raises:
        DecodeError: what is proposed makes no sense.
        ForbiddenError: it may not be proposed, or not there.
    """
    kind = kind_of(name)
    wanted = kind.read(payload.model_dump(mode="json") if isinstance(payload, BaseModel) else payload)
    place = kind.scope(unit, wanted)
    demand(unit, kind.proposes, place)
    text = canonical(wanted)
    if len(text) > MOST_OCTETS or len(reason) > MOST_REASON:
        raise DecodeError("this is too long to be proposed at once")
    who = actor(unit)
    number = unit.rows(
        "INSERT INTO proposal (kind, payload, digest, scope, sentence, reason, account, means, at, expires, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            name, text, digest(name, text, place, who), place, kind.sentence(unit, wanted), reason,
            who.account or None, who.means.value, int(rules.now), int(rules.now + rules.settings.proposal_s),
            State.OPEN.value,
        ),
    )[0][0]  # fmt: skip
    made = load(unit, number)
    _note(unit, "propose", made, rules.now)
    return _done_alone(unit, kind, made, rules) if _is_alone(unit, kind, who, rules) else made


def canonical(payload: BaseModel) -> str:
    """Write what is proposed in one spelling."""
    return json.dumps(payload.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def digest(name: str, text: str, place: str, who: Actor) -> str:
    """Hash what is proposed, where, and by whom: what somebody approves is what they were shown."""
    return audit.digest(name, text, place, who.account or 0)


def _is_alone(unit: Unit, kind: Guarded[Any], who: Actor, rules: Rules) -> bool:
    if who.means is Means.SYSTEM:
        return True
    if who.means is Means.LOCAL:
        if not rules.is_simulated and kind.name not in rules.settings.unguarded:
            raise ForbiddenError("this takes two people: make accounts first (openami headend user add)")
        return True
    return kind.name in rules.settings.unguarded or kind.may_be_alone(unit)


def _done_alone(unit: Unit, kind: Guarded[Any], made: Proposal, rules: Rules) -> Proposal:
    return _execute(unit, kind, made, rules.now, by=None, said="alone")


def load(unit: Unit, number: int) -> Proposal:
    """Find a proposal by its number."""
    rows = unit.rows(f"SELECT {COLUMNS} {FROM} WHERE p.id = ?", (number,))
    if not rows:
        raise UnknownProposalError(f"there is no proposal {number}")
    return _proposal(rows[0])


def _proposal(row: Row) -> Proposal:
    return replace(Proposal(*row), state=State(row[11]))


def _may_see(unit: Unit, found: Proposal) -> bool:
    """Whoever may propose or approve it there may see it, and its own proposer."""
    kind = KINDS.get(found.kind)
    rights = () if kind is None else (kind.proposes, kind.approves)
    is_own = found.account is not None and found.account == actor(unit).account
    return is_own or any(covers(scopes(unit, right), found.scope) for right in (*rights, Permission.AUDIT))


@command(None)
def show(unit: Unit, number: int) -> Proposal:
    """Show a proposal to those whom it concerns."""
    found = load(unit, number)
    if not _may_see(unit, found):
        raise UnknownProposalError(f"there is no proposal {number}")
    return found


@command(None)
def listed(
    unit: Unit, *, state: State | None = None, before: int | None = None, limit: int = 50
) -> tuple[tuple[Proposal, ...], int | None]:
    """Proposals that concern whoever asks, newest first, and where the next page begins."""
    found: list[Proposal] = []
    at = 2**62 if before is None else before
    while len(found) <= limit:
        rows = unit.rows(
            f"SELECT {COLUMNS} {FROM} WHERE p.id < ? AND (? = '' OR p.state = ?) ORDER BY p.id DESC LIMIT ?",
            (at, *[state.value if state else ""] * 2, limit + 1),
        )
        found += [proposal for row in rows if _may_see(unit, proposal := _proposal(row))]
        if len(rows) <= limit:
            break
        at = rows[-1][0]
    return tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None


@command(None)
def approve(unit: Unit, number: int, shown: str, now: float) -> Proposal:
    """Agree, as another person; what was proposed is done in this very unit of work.

    `shown` is the digest of what the approver has seen.

    Raises:
        NotApprovedError: this approval does not count, and why.
        UnknownProposalError: there is none that concerns whoever asks.
    """
    found = show(unit, number)
    kind = kind_of(found.kind)
    wanted = kind.read(json.loads(found.payload))
    _check_state(found, now)
    _check_same(unit, kind, wanted, found, shown)
    _check_people(unit, kind, found)
    return _execute(unit, kind, found, now, by=actor(unit).account, said="")


def _check_state(found: Proposal, now: float) -> None:
    if found.state is not State.OPEN:
        raise NotApprovedError(f"proposal {found.id} is {found.state} already")
    if found.expires <= now:
        raise NotApprovedError(f"proposal {found.id} has expired; propose it again")


def _check_same(unit: Unit, kind: Guarded[Any], wanted: BaseModel, found: Proposal, shown: str) -> None:
    place = kind.scope(unit, wanted)
    if place != found.scope:
        raise NotApprovedError(f"it would happen in {place} by now, not in {found.scope}; propose it again")
    expected = audit.digest(found.kind, found.payload, found.scope, found.account or 0)
    if found.digest != expected or shown != expected:
        raise NotApprovedError("this is not what was proposed; look at it again")


def _check_people(unit: Unit, kind: Guarded[Any], found: Proposal) -> None:
    """Two people, both with rights that are older than the proposal: nobody gets one in order to approve it."""
    who = actor(unit)
    if who.means is not Means.SIGN_IN:
        raise NotApprovedError("only a person who signed in can approve, no program")
    demand(unit, kind.approves, found.scope)
    if found.account is None:
        raise NotApprovedError("nobody knows who proposed this; propose it again")
    first, second = people.by_id(unit, found.account), people.by_id(unit, who.account)
    if first.id == second.id or first.person == second.person:
        raise NotApprovedError("another person has to approve this, not another account or key of the same one")
    if not first.is_active or not _is_older(unit, first.id, kind.proposes, found):
        raise NotApprovedError(f"{first.login} could no longer propose this; let somebody propose it again")
    if not _is_older(unit, second.id, kind.approves, found):
        raise NotApprovedError("your right to approve is younger than this proposal")


def _is_older(unit: Unit, account: int, permission: Permission, found: Proposal) -> bool:
    since = roles.held_since(unit, account, permission, found.scope)
    return since is not None and since <= found.at


def _execute(unit: Unit, kind: Guarded[Any], found: Proposal, now: float, *, by: int | None, said: str) -> Proposal:
    """Decide and do: the first who takes it off the list does it, and nobody after."""
    _take(unit, found, State.DONE, now, by=by, said=said)
    with executing(unit):
        outcome = kind.execute(unit, kind.read(json.loads(found.payload)), found)
    unit.run("UPDATE proposal SET outcome = ? WHERE id = ?", (outcome.text, found.id))
    done = load(unit, found.id)
    _note(unit, "approve" if by is not None else "alone", done, now)
    return replace(done, shown_once=outcome.shown_once)


def _take(unit: Unit, found: Proposal, state: State, now: float, *, by: int | None, said: str) -> None:
    changed = unit.run(
        "UPDATE proposal SET state = ?, decided_by = ?, decided_at = ?, said = ?"
        " WHERE id = ? AND state = 'open' AND digest = ? AND expires > ?",
        (state.value, by, int(now), said, found.id, found.digest, int(now)),
    )
    if changed != 1:
        raise NotApprovedError(f"somebody else has decided on proposal {found.id} meanwhile")


@command(None)
def refuse(unit: Unit, number: int, why: str, now: float) -> Proposal:
    """Say no; it takes the right to approve, and a reason."""
    found = show(unit, number)
    _check_state(found, now)
    if actor(unit).means is not Means.SIGN_IN:
        raise NotApprovedError("only a person who signed in can refuse, no program")
    demand(unit, kind_of(found.kind).approves, found.scope)
    if not why.strip():
        raise DecodeError("say why it is refused")
    return _decided(unit, found, State.REFUSED, why.strip()[:MOST_REASON], now)


@command(None)
def withdraw(unit: Unit, number: int, now: float) -> Proposal:
    """Take back what one has proposed."""
    found = show(unit, number)
    _check_state(found, now)
    if found.account is None or found.account != actor(unit).account:
        raise ForbiddenError("only whoever proposed it can withdraw it")
    return _decided(unit, found, State.WITHDRAWN, "", now)


def _decided(unit: Unit, found: Proposal, state: State, why: str, now: float) -> Proposal:
    _take(unit, found, state, now, by=actor(unit).account, said=why)
    done = load(unit, found.id)
    _note(unit, state.value, done, now)
    return done


def expire(unit: Unit, now: float) -> int:
    """Close what nobody decided in time. -> how many."""
    rows = unit.rows("SELECT id FROM proposal WHERE state = 'open' AND expires <= ?", (int(now),))
    for (number,) in rows:
        unit.run("UPDATE proposal SET state = ? WHERE id = ?", (State.EXPIRED.value, number))
        _note(unit, "expired", load(unit, number), now)
    return len(rows)


def _note(unit: Unit, action: str, found: Proposal, now: float) -> None:
    audit.note(
        unit, f"proposal.{action}", f"proposal {found.id}", scope=found.scope, at=now, kind=found.kind,
        sentence=found.sentence, digest=found.digest, proposer=found.proposer, reason=found.reason, said=found.said,
    )  # fmt: skip
