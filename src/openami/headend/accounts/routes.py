"""REST: signing in, and one's own account."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, SecretStr

from openami.core.errors import AmiError
from openami.headend.accounts import second_factor, service
from openami.headend.accounts.api_keys import ApiKey, Wish
from openami.headend.accounts.door import COOKIE, actor_of, cookie, csrf_token
from openami.headend.accounts.entrance import client_of, keep, of_app
from openami.headend.accounts.lockout import LockedOutError
from openami.headend.accounts.one_time import SpentError
from openami.headend.accounts.passwords import WeakPasswordError
from openami.headend.accounts.people import Account, UnknownAccountError
from openami.headend.accounts.proposals import NotApprovedError, UnknownProposalError
from openami.headend.accounts.roles import own_grants
from openami.headend.accounts.service import Accounts
from openami.headend.accounts.sign_in import SignIn
from openami.headend.kit.access import Means, Permission, scopes
from openami.headend.kit.database import Unit
from openami.headend.web.rest import Problem
from openami.headend.web.services import Desk, Services
from openami.headend.web.words import local

router = APIRouter(prefix="/api", tags=["accounts"])

People = Annotated[Accounts, Depends(of_app)]
STATUS: dict[type[AmiError], int] = {
    UnknownAccountError: 404,
    UnknownProposalError: 404,
    NotApprovedError: 409,
    LockedOutError: 429,
    WeakPasswordError: 422,
    SpentError: 401,
}
"""Answers to errors of accounts."""
DENIED: dict[int | str, dict[str, object]] = {
    401: {"model": Problem, "description": "Not signed in, or not the right password or code."},
    403: {"model": Problem, "description": "Not allowed."},
    409: {"model": Problem, "description": "As things stand this cannot be done."},
    429: {"model": Problem, "description": "Too many tries."},
}


class SignInIn(BaseModel):
    """Log-in and password."""

    login: str = Field(max_length=200)
    password: SecretStr = Field(max_length=512)


class CodeIn(BaseModel):
    """A code of the second factor, or a recovery code."""

    code: str = Field(max_length=100)


class SignInOut(BaseModel):
    """A sign-in that was begun; its cookie comes with the answer."""

    needs_code: bool = Field(description="Whether the second factor is still to come: POST /api/sign-in/code.")
    csrf: str = Field(description="Value of the header x-openami-csrf of every change made with the cookie.")


class RightOut(BaseModel):
    """What may be done, and where."""

    permission: Permission
    scopes: list[str]


class GrantOut(BaseModel):
    """A role, and where."""

    role: str
    scope: str
    since: datetime


class AccountOut(BaseModel):
    """An account."""

    login: str
    name: str
    email: str
    person: str = Field(description="Who it is: accounts of one person are one pair of eyes.")
    home: str
    is_active: bool
    has_second_factor: bool
    has_password: bool
    created: datetime
    last_sign_in: datetime | None
    roles: list[GrantOut]

    @classmethod
    def of(cls, unit: Unit, account: Account, zone: str) -> Self:
        """Show an account."""
        held = [GrantOut(role=g.role, scope=g.scope, since=local(g.since, zone)) for g in own_grants(unit, account.id)]
        last = None if account.last_sign_in is None else local(account.last_sign_in, zone)
        return cls(
            login=account.login, name=account.name, email=account.email, person=account.person, home=account.home,
            is_active=account.is_active, has_second_factor=account.has_second_factor,
            has_password=account.has_password, created=local(account.created, zone), last_sign_in=last, roles=held,
        )  # fmt: skip


class MeOut(BaseModel):
    """Whoever asks."""

    means: Means = Field(description="By what they are known.")
    name: str
    rights: list[RightOut]
    csrf: str | None = Field(description="Value of the header x-openami-csrf; of a sign-in by cookie alone.")
    account: AccountOut | None


class PasswordIn(BaseModel):
    """A change of one's password."""

    old: SecretStr | None = Field(default=None, max_length=512)
    new: SecretStr = Field(max_length=512)


class AgainIn(BaseModel):
    """One's password, asked again."""

    password: SecretStr = Field(max_length=512)


class SecretOut(BaseModel):
    """A second factor that was begun: it counts once a code of it was shown."""

    secret: str
    uri: str = Field(description="What an authenticator app takes.")


class CodesOut(BaseModel):
    """Recovery codes, shown this once."""

    recovery_codes: list[str]


class KeyIn(BaseModel):
    """A new API key."""

    title: str = Field(max_length=80, examples=["nightly export"])
    permissions: list[Permission] = Field(min_length=1, max_length=20)
    scope: str = Field(default="/", max_length=500)
    days: int = Field(default=90, ge=1, le=3_660)


class KeyOut(BaseModel):
    """An API key; the prefix tells which."""

    id: int
    prefix: str
    title: str
    permissions: list[Permission]
    scope: str
    created: datetime
    expires: datetime
    last_used: datetime | None

    @classmethod
    def of(cls, key: ApiKey, zone: str) -> Self:
        """Show a key."""
        return cls(
            id=key.id, prefix=key.prefix, title=key.title, permissions=list(key.permissions), scope=key.scope,
            created=local(key.created, zone), expires=local(key.expires, zone),
            last_used=None if key.last_used is None else local(key.last_used, zone),
        )  # fmt: skip


class NewKeyOut(KeyOut):
    """A new API key, shown this once: `Authorization: Bearer <key>`."""

    key: str


class SessionOut(BaseModel):
    """One of one's sign-ins."""

    id: int
    method: str
    began: datetime
    seen: datetime
    until: datetime
    address: str
    browser: str
    is_this: bool

    @classmethod
    def of(cls, found: SignIn, zone: str, this: int) -> Self:
        """Show a sign-in."""
        return cls(
            id=found.id, method=found.method, began=local(found.began, zone), seen=local(found.seen, zone),
            until=local(found.until, zone), address=found.address, browser=found.browser, is_this=found.id == this,
        )  # fmt: skip


@router.post("/sign-in", responses=DENIED)
def sign_in(people: People, request: Request, response: Response, wanted: SignInIn) -> SignInOut:
    """Sign in with a password; the answer sets a cookie. Programs use an API key instead."""
    opened = people.sign_in(wanted.login, wanted.password.get_secret_value(), client_of(request))
    keep(response, request, opened)
    return SignInOut(needs_code=opened.needs_code, csrf=csrf_token(opened.secret))


@router.post("/sign-in/code", responses=DENIED)
def second(people: People, request: Request, response: Response, wanted: CodeIn) -> SignInOut:
    """Finish a sign-in with the second factor; the cookie changes."""
    opened = people.second(cookie(request.headers), wanted.code, client_of(request))
    keep(response, request, opened)
    return SignInOut(needs_code=False, csrf=csrf_token(opened.secret))


@router.post("/sign-out", responses=DENIED, status_code=204)
def sign_out(desk: Desk, people: People, request: Request, response: Response) -> None:
    """End this sign-in."""
    who = actor_of(request.scope)
    desk.write(lambda unit: service.end_sign_in(unit, who.credential, people.wall()), None)
    response.delete_cookie(COOKIE, path="/")


@router.get("/me", responses=DENIED)
def me(desk: Desk, request: Request) -> MeOut:
    """Who one is, and what one may do where."""
    who = actor_of(request.scope)

    def question(unit: Unit) -> MeOut:
        rights = [RightOut(permission=p, scopes=list(found)) for p in Permission if (found := scopes(unit, p))]
        known = who.means in {Means.SIGN_IN, Means.API_KEY}
        account = AccountOut.of(unit, service.me(unit), desk.zone) if known else None
        token = csrf_token(cookie(request.headers)) if who.means is Means.SIGN_IN else None
        return MeOut(means=who.means, name=who.name, rights=rights, csrf=token, account=account)

    return desk.read(question, None)


def own(desk: Services) -> Account:
    """Give the account of whoever signed in."""
    return desk.read(service.myself, None)


@router.put("/me/password", responses=DENIED, status_code=204)
def change_password(desk: Desk, people: People, wanted: PasswordIn) -> None:
    """Set one's password; one's other sign-ins end."""
    account = own(desk)
    if account.has_password and not account.must_change:
        people.check_password(account, wanted.old.get_secret_value() if wanted.old else "")
    hash_ = people.hashed(account, wanted.new.get_secret_value())
    desk.write(lambda unit: service.change_password(unit, hash_, people.wall()), None)


@router.post("/me/second-factor", responses=DENIED)
def begin_second_factor(desk: Desk, people: People, again: AgainIn) -> SecretOut:
    """Begin with a second factor."""
    account = own(desk)
    people.check_password(account, again.password.get_secret_value())
    secret = desk.write(lambda unit: service.begin_second_factor(unit, people.vault), None)
    return SecretOut(secret=secret, uri=second_factor.uri(secret, account.login))


@router.post("/me/second-factor/confirm", responses=DENIED)
def confirm_second_factor(desk: Desk, people: People, wanted: CodeIn) -> CodesOut:
    """Take the second factor into use."""
    codes = desk.write(lambda unit: service.confirm_second_factor(unit, people.vault, wanted.code, people.wall()), None)
    return CodesOut(recovery_codes=list(codes))


@router.post("/me/second-factor/remove", responses=DENIED, status_code=204)
def remove_second_factor(desk: Desk, people: People, wanted: CodeIn) -> None:
    """Do without a second factor; takes a code of it."""
    people.count_code(own(desk))
    desk.write(lambda unit: service.remove_second_factor(unit, people.vault, wanted.code, people.wall()), None)


@router.get("/me/keys", responses=DENIED)
def keys(desk: Desk) -> list[KeyOut]:
    """One's API keys."""
    return [KeyOut.of(key, desk.zone) for key in desk.read(service.my_keys, None)]


@router.post("/me/keys", responses=DENIED, status_code=201)
def make_key(desk: Desk, people: People, wanted: KeyIn) -> NewKeyOut:
    """Make an API key; it is shown this once."""
    wish = Wish(wanted.title, wanted.permissions, wanted.scope, wanted.days)
    most = people.settings.key_days
    made, secret = desk.write(lambda unit: service.make_key(unit, wish, people.wall(), most), None)
    return NewKeyOut(**KeyOut.of(made, desk.zone).model_dump(), key=secret)


@router.delete("/me/keys/{number}", responses=DENIED, status_code=204)
def revoke_key(desk: Desk, people: People, number: int) -> None:
    """Revoke one of one's API keys."""
    desk.write(lambda unit: service.revoke_key(unit, number, people.wall()), None)


@router.get("/me/sign-ins", responses=DENIED)
def sign_ins(desk: Desk, people: People, request: Request) -> list[SessionOut]:
    """Where one is signed in."""
    this = actor_of(request.scope).credential
    found = desk.read(lambda unit: service.my_sign_ins(unit, people), None)
    return [SessionOut.of(each, desk.zone, this) for each in found]


@router.delete("/me/sign-ins/{number}", responses=DENIED, status_code=204)
def end_sign_in(desk: Desk, people: People, number: int) -> None:
    """End one of one's sign-ins, at once."""
    desk.write(lambda unit: service.end_sign_in(unit, number, people.wall()), None)
