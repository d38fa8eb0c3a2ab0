"""Accounts of people: making, finding, suspending; what each may change of its own."""

import re
from dataclasses import dataclass

from openami.core.errors import AmiError, DecodeError, LocalProtocolError
from openami.headend.accounts import audit, roles
from openami.headend.accounts.one_time import LINK, issue
from openami.headend.kit.access import Permission, command, demand, within
from openami.headend.kit.database import Row, Unit

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{1,59}")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
COLUMNS = (
    "id, login, name, email, person, home, is_active, must_change, totp IS NOT NULL, password IS NOT NULL,"
    " created, last_sign_in"
)


class UnknownAccountError(AmiError):
    """No account of that log-in, as far as whoever asks may see."""

    def __init__(self, login: str) -> None:
        super().__init__(f"there is no account {login}")


@dataclass(frozen=True, slots=True)
class Account:
    """One account."""

    id: int
    login: str
    name: str
    email: str
    person: str
    home: str
    is_active: bool
    must_change: bool
    has_second_factor: bool
    has_password: bool
    created: int
    last_sign_in: int | None


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an account begins with."""

    login: str
    name: str
    email: str
    home: str = "/"
    person: str = ""
    """Who it is, for example a staff number; by default taken from the mail address."""


@dataclass(frozen=True, slots=True)
class Made:
    """An account that was made, and the link with which its owner sets a password."""

    account: Account
    link: str


def one_person(email: str) -> str:
    """Name the person behind a mail address: what stands behind a plus only sorts the post."""
    name, _, domain = email.strip().lower().rpartition("@")
    return f"{name.partition('+')[0]}@{domain}"


def checked(new: NewAccount) -> NewAccount:
    """Take a new account as it was written, in one spelling."""
    login, email, name = new.login.strip().lower(), new.email.strip(), new.name.strip()
    if not LOGIN.fullmatch(login):
        raise DecodeError(f"log-in {new.login!r}: expected 2 to 60 of a-z, 0-9, dot, underscore, hyphen and @")
    if not EMAIL.fullmatch(email):
        raise DecodeError(f"{new.email!r} is not a mail address")
    if not 1 <= len(name) <= 120 or not name.isprintable():
        raise DecodeError("a name has 1 to 120 printable characters")
    person = new.person.strip().lower() or one_person(email)
    return NewAccount(login, name, email, roles.scope(new.home), person)


def insert(unit: Unit, new: NewAccount, now: float) -> Account:
    """Make an account that may do nothing yet."""
    roles.ensure_built_in(unit, now)
    new = checked(new)
    if unit.rows("SELECT 1 FROM account WHERE login = ?", (new.login,)):
        raise LocalProtocolError(f"there is an account {new.login} already")
    unit.run(
        "INSERT INTO account (login, name, email, person, home, created) VALUES (?, ?, ?, ?, ?, ?)",
        (new.login, new.name, new.email, new.person, new.home, int(now)),
    )
    audit.note(unit, "account.make", new.login, scope=new.home, at=now, name=new.name, person=new.person)
    return by_login(unit, new.login)


@command(Permission.ACCOUNTS_CHANGE)
def make(unit: Unit, new: NewAccount, now: float, invite_s: float) -> Made:
    """Make an account that may do nothing yet, and a link for its owner, good once."""
    demand(unit, Permission.ACCOUNTS_CHANGE, roles.scope(new.home))
    account = insert(unit, new, now)
    return Made(account, issue(unit, LINK, now + invite_s, account=account.id))


def by_login(unit: Unit, login: str) -> Account:
    """Find an account by its log-in."""
    rows = unit.rows(f"SELECT {COLUMNS} FROM account WHERE login = ?", (login.strip().lower(),))  # noqa: S608
    if not rows:
        raise UnknownAccountError(login)
    return _account(rows[0])


def by_id(unit: Unit, number: int) -> Account:
    """Find an account by its number."""
    return _account(unit.rows(f"SELECT {COLUMNS} FROM account WHERE id = ?", (number,))[0])  # noqa: S608


def _account(row: Row) -> Account:
    return Account(*row[:6], *map(bool, row[6:10]), *row[10:])


@command(Permission.ACCOUNTS)
def find(unit: Unit, login: str) -> Account:
    """Show an account whose home lies in the reader's scopes."""
    where = within(unit, Permission.ACCOUNTS, "home")
    rows = unit.rows(
        f"SELECT {COLUMNS} FROM account WHERE login = ? AND {where.sql}",  # noqa: S608 - values go as parameters
        (login.strip().lower(), *where.parameters),
    )
    if not rows:
        raise UnknownAccountError(login)
    return _account(rows[0])


@command(Permission.ACCOUNTS)
def listed(unit: Unit, prefix: str = "", after: str = "", limit: int = 50) -> tuple[Account, ...]:
    """Accounts in order of their log-ins whose home lies in the reader's scopes."""
    where = within(unit, Permission.ACCOUNTS, "home")
    small = prefix.strip().lower()
    rows = unit.rows(
        f"SELECT {COLUMNS} FROM account WHERE login >= ? AND login <= ? AND login > ?"  # noqa: S608 - as above
        f" AND {where.sql} ORDER BY login LIMIT ?",
        (small, small + "\U0010ffff", after, *where.parameters, limit),
    )
    return tuple(map(_account, rows))


@command(Permission.ACCOUNTS_CHANGE)
def suspend(unit: Unit, login: str, reason: str, now: float) -> Account:
    """Shut an account out at once: its sign-ins end, its keys are refused. Back again takes a second person."""
    account = find(unit, login)
    roles.demand_over(unit, account.id)
    if not account.is_active:
        raise LocalProtocolError(f"{account.login} is suspended already")
    unit.run("UPDATE account SET is_active = ? WHERE id = ?", (False, account.id))
    end_sign_ins(unit, account.id, now)
    audit.note(unit, "account.suspend", account.login, scope=account.home, at=now, reason=reason)
    return by_id(unit, account.id)


def set_password(unit: Unit, account: Account, hash_: str, now: float, *, keep_sign_in: int | None = None) -> None:
    """Set a password, already hashed; all other sign-ins of the account end."""
    unit.run("UPDATE account SET password = ?, must_change = ? WHERE id = ?", (hash_, False, account.id))
    unit.run("DELETE FROM one_time WHERE account = ? AND purpose = ?", (account.id, LINK))
    end_sign_ins(unit, account.id, now, but=keep_sign_in)
    audit.note(unit, "password.set", account.login, scope=account.home, at=now)


def end_sign_ins(unit: Unit, account: int, now: float, *, but: int | None = None) -> int:
    """End the sign-ins of an account. -> how many."""
    return unit.run(
        "UPDATE sign_in SET ended = ? WHERE account = ? AND ended IS NULL AND id <> ?",
        (int(now), account, -1 if but is None else but),
    )
