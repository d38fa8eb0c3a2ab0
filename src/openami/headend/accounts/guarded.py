"""Guarded actions on accounts themselves: roles given and taken, what a role may do, getting back in."""

from pydantic import BaseModel, ConfigDict, Field

from openami.core.errors import LocalProtocolError
from openami.headend.accounts import audit, one_time, people, roles
from openami.headend.accounts.proposals import Guarded, Outcome, Proposal, register
from openami.headend.accounts.roles import Role
from openami.headend.kit.access import ROOT, Permission
from openami.headend.kit.database import Unit

CHANGE, APPROVE = Permission.ACCOUNTS_CHANGE, Permission.ACCOUNTS_APPROVE
RESET_S = 3_600


class RoleChange(BaseModel):
    """A role given to somebody, or taken away."""

    model_config = ConfigDict(extra="forbid")

    login: str = Field(max_length=60)
    role: str = Field(max_length=40)
    scope: str = Field(max_length=500)


class RoleWish(BaseModel):
    """What a role may do from now on."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=40)
    title: str = Field(max_length=120)
    permissions: list[Permission]


class Whom(BaseModel):
    """An account."""

    model_config = ConfigDict(extra="forbid")

    login: str = Field(max_length=60)


def _is_alone(unit: Unit) -> bool:
    return not roles.have_two_people(unit)


def _place(_unit: Unit, wanted: RoleChange) -> str:
    return roles.scope(wanted.scope)


def _home(unit: Unit, wanted: Whom) -> str:
    """An account is administered by whoever administers all that it reaches."""
    account = people.by_login(unit, wanted.login)
    places = {account.home, *(grant.scope for grant in roles.own_grants(unit, account.id))}
    shared = min(places, key=len)
    return shared if all(place.startswith(shared) for place in places) else ROOT


def _named(unit: Unit, login: str) -> str:
    account = people.by_login(unit, login)
    is_new = "" if account.last_sign_in else ", who has never signed in"
    return f"{account.name} ({account.login}, {account.person}{is_new})"


def _grant_sentence(unit: Unit, wanted: RoleChange) -> str:
    roles.exists(unit, wanted.role)
    return f"Make {_named(unit, wanted.login)} {wanted.role} in {wanted.scope}"


def _grant(unit: Unit, wanted: RoleChange, found: Proposal) -> Outcome:
    account = people.by_login(unit, wanted.login)
    now = float(found.decided_at or found.at)
    roles.grant(unit, account.id, wanted.role, roles.scope(wanted.scope), now)
    audit.note(unit, "role.grant", account.login, scope=wanted.scope, at=now, role=wanted.role)
    return Outcome(f"{account.login} is {wanted.role} in {wanted.scope}")


def _ungrant_sentence(unit: Unit, wanted: RoleChange) -> str:
    return f"Take the role {wanted.role} in {wanted.scope} from {_named(unit, wanted.login)}"


def _ungrant(unit: Unit, wanted: RoleChange, found: Proposal) -> Outcome:
    account = people.by_login(unit, wanted.login)
    now = float(found.decided_at or found.at)
    roles.end(unit, account.id, wanted.role, roles.scope(wanted.scope), now)
    audit.note(unit, "role.take", account.login, scope=wanted.scope, at=now, role=wanted.role)
    return Outcome(f"{account.login} is no longer {wanted.role} in {wanted.scope}")


def _role_sentence(_unit: Unit, wanted: RoleWish) -> str:
    return f"Let everybody who is {wanted.name} do this: {', '.join(sorted(wanted.permissions)) or 'nothing'}"


def _role(unit: Unit, wanted: RoleWish, found: Proposal) -> Outcome:
    role = Role(wanted.name, wanted.title, tuple(wanted.permissions))
    roles.write(unit, role, float(found.decided_at or found.at))
    return Outcome(f"{wanted.name} may {', '.join(sorted(wanted.permissions)) or 'nothing'}")


def _restore(unit: Unit, wanted: Whom, found: Proposal) -> Outcome:
    account = people.by_login(unit, wanted.login)
    if account.is_active:
        raise LocalProtocolError(f"{account.login} is not suspended")
    unit.run("UPDATE account SET is_active = ? WHERE id = ?", (True, account.id))
    audit.note(unit, "account.restore", account.login, scope=account.home, at=found.decided_at)
    return Outcome(f"{account.login} may sign in again")


def _reset(unit: Unit, wanted: Whom, found: Proposal) -> Outcome:
    account, now = people.by_login(unit, wanted.login), float(found.decided_at or found.at)
    unit.run(
        "UPDATE account SET password = NULL, totp = NULL, totp_pending = NULL, must_change = ? WHERE id = ?",
        (True, account.id),
    )
    unit.run("DELETE FROM recovery_code WHERE account = ?", (account.id,))
    unit.run("UPDATE api_key SET ended = ? WHERE account = ? AND ended IS NULL", (int(now), account.id))
    people.end_sign_ins(unit, account.id, now)
    link = one_time.issue(unit, one_time.LINK, now + RESET_S, account=account.id)
    audit.note(unit, "account.reset", account.login, scope=account.home, at=now)
    return Outcome(f"{account.login} starts anew with a one-time link", shown_once=link)


GRANT = register(
    Guarded("role.grant", "Give a role", RoleChange, CHANGE, APPROVE, _place, _grant_sentence, _grant, _is_alone)
)
TAKE = register(
    Guarded(
        "role.take", "Take a role away", RoleChange, CHANGE, APPROVE, _place, _ungrant_sentence, _ungrant, _is_alone
    )
)
ROLE = register(
    Guarded(
        "role.write", "Change what a role may do", RoleWish, CHANGE, APPROVE, lambda _unit, _wanted: ROOT,
        _role_sentence, _role, _is_alone,
    )
)  # fmt: skip
RESTORE = register(
    Guarded(
        "account.restore", "Let a suspended account in again", Whom, CHANGE, APPROVE, _home,
        lambda unit, wanted: f"Let {_named(unit, wanted.login)} sign in again", _restore, _is_alone,
    )
)  # fmt: skip
RESET = register(
    Guarded(
        "account.reset", "Start an account anew", Whom, CHANGE, APPROVE, _home,
        lambda unit, wanted: f"Void password, second factor and keys of {_named(unit, wanted.login)}; give a new link",
        _reset, _is_alone,
    )
)  # fmt: skip
