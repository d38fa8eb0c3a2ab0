"""Signing in and out, and what people do with their own account. Slow hashes are made outside of units of work."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from openami.core.errors import LocalProtocolError
from openami.headend.accounts import api_keys, audit, lockout, one_time, passwords, people, second_factor, sign_in
from openami.headend.accounts.anchors import Anchors
from openami.headend.accounts.api_keys import ApiKey, Wish
from openami.headend.accounts.gate import LiveGate, has_accounts
from openami.headend.accounts.people import Account
from openami.headend.accounts.proposals import Rules
from openami.headend.accounts.second_factor import Vault
from openami.headend.accounts.sign_in import FULL, WAITING, Client, Known, SignIn, Visit
from openami.headend.kit.access import Actor, Means, actor, command
from openami.headend.kit.database import Database, Unit
from openami.headend.kit.errors import ForbiddenError, NotSignedInError
from openami.headend.kit.settings import Settings
from openami.headend.web.words import moment

WRONG = "log-in, password or code is wrong"
"""One sentence for everything that can be wrong, so that nobody learns which it was."""
OPENID_FIRST = "no account here goes with that sign-in; ask an administrator"


class WrongError(NotSignedInError):
    """Not the password, not the code, or no such account."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A sign-in that was begun: what the cookie holds, and whether the second factor is still to come."""

    secret: str
    needs_code: bool


class Accounts:
    """The accounts of an installation."""

    def __init__(self, settings: Settings, database: Database, wall: Callable[[], float] = time.time) -> None:
        self.settings = settings.accounts
        self.database = database
        self.wall = wall
        self.vault = Vault(settings.accounts_key)
        self.gate = LiveGate(settings.accounts, Anchors(settings.anchors), wall)

    def when(self, at: int | None, zone: str) -> str:
        """Write an instant of real time, as short as it is clear."""
        return moment(at, zone, self.wall())

    def rules(self, *, is_simulated: bool) -> Rules:
        """What holds for a proposal that is made now."""
        return Rules(self.settings, self.wall(), is_simulated)

    @property
    def is_open(self) -> bool:
        """Whether there are no accounts yet, so that nobody has to sign in."""
        with self.database.read() as unit:
            return not has_accounts(unit)

    def sign_in(self, login: str, password: str, client: Client) -> Opened:
        """Sign in with a password.

        Raises:
            WrongError: it is not the password, or there is no such account, or it is suspended.
            LockedOutError: too many tries.
        """
        login = login.strip().lower()[:200]
        self._count(login)
        with self.database.read() as unit:
            rows = unit.rows("SELECT id, password FROM account WHERE login = ? AND is_active", (login,))
        number, stored = rows[0] if rows else (0, None)
        if not passwords.is_right(stored, password) or stored is None:
            raise self._failed(login, "password", client)
        renewed = passwords.hashed(password) if passwords.needs_renewal(stored) else None
        with self.database.write() as unit:
            account = people.by_id(unit, number)
            if renewed is not None:
                unit.run("UPDATE account SET password = ? WHERE id = ?", (renewed, number))
            opened = self._open(unit, account, "password", client)
        return self._done(opened)

    def _count(self, login: str) -> None:
        with self.database.write() as unit:
            lockout.count_try(unit, login, self.settings, self.wall())

    def _failed(self, login: str, method: str, client: Client) -> WrongError:
        with self.database.write() as unit:
            audit.note(
                unit, "sign-in.refused", login if _is_login(unit, login) else "(unknown)", who="nobody",
                at=self.wall(), method=method, address=client.address,
            )  # fmt: skip
        self.gate.kept(self.database)
        return WrongError(WRONG)

    def _open(self, unit: Unit, account: Account, method: str, client: Client) -> Opened:
        """Begin a sign-in; failures are only forgotten once it is whole."""
        level = WAITING if account.has_second_factor else FULL
        if level == FULL:
            lockout.forget(unit, account.login)
        secret = sign_in.begin(unit, account, method, level, self._visit(client))
        return Opened(secret, level == WAITING)

    def _visit(self, client: Client) -> Visit:
        return Visit(client, self.settings, self.wall())

    def _done(self, opened: Opened) -> Opened:
        self.gate.kept(self.database)
        return opened

    def second(self, secret: str, code: str, client: Client) -> Opened:
        """Finish a sign-in with a code, or with a recovery code."""
        waiting = self.known(secret)
        if waiting is None or waiting.level != WAITING:
            raise NotSignedInError("this sign-in is over; begin again")
        number, login = waiting.actor.account, waiting.actor.name
        self._count(login)
        new: str | None = None
        with self.database.write() as unit:
            if second_factor.use(unit, self.vault, number, code, self.wall()):
                lockout.forget(unit, login)
                account = people.by_id(unit, number)
                new = sign_in.promote(unit, waiting.actor.credential, account, self._visit(client))
        if new is None:
            raise self._failed(login, "code", client)
        return self._done(Opened(new, needs_code=False))

    def by_link(self, secret: str, client: Client) -> Opened:
        """Sign in with a one-time link. A second factor is still asked for."""
        with self.database.write() as unit:
            spent = one_time.spend(unit, one_time.LINK, secret, self.wall())
            account = people.by_id(unit, spent.account or 0)
            if not account.is_active:
                raise WrongError(WRONG)
            if not account.has_password:
                unit.run("UPDATE account SET must_change = ? WHERE id = ?", (True, account.id))
            opened = self._open(unit, account, "link", client)
        return self._done(opened)

    def by_openid(self, issuer: str, subject: str, email: str | None, client: Client) -> Opened:
        """Sign in as a provider says; the first time, by a mail address that it has verified."""
        with self.database.write() as unit:
            account = _federated(unit, issuer, subject, email, self.wall())
            opened = self._open(unit, account, "OpenID", client)
        return self._done(opened)

    def known(self, secret: str) -> Known | None:
        """Whose cookie it is."""
        with self.database.read() as unit:
            return sign_in.known(unit, secret, self.settings, self.wall())

    def key_holder(self, text: str) -> Known | None:
        """Whose API key it is."""
        with self.database.read() as unit:
            return api_keys.known(unit, text, self.wall())

    def seen(self, who: Actor) -> None:
        """Note that somebody is at it."""
        with self.database.write() as unit:
            if who.means is Means.SIGN_IN:
                sign_in.touch(unit, who.credential, self.wall())
            else:
                api_keys.used(unit, who.credential, self.wall())

    def check_password(self, account: Account, password: str) -> None:
        """Refuse unless it is the password: asked again before what matters."""
        self._count(account.login)
        with self.database.read() as unit:
            stored = unit.value("SELECT password FROM account WHERE id = ?", (account.id,))
        if not passwords.is_right(stored, password):
            raise WrongError("that is not your password")
        with self.database.write() as unit:
            lockout.forget(unit, account.login)

    def count_code(self, account: Account) -> None:
        """Count a try of a code that comes from within a sign-in."""
        self._count(account.login)

    def hashed(self, account: Account, password: str) -> str:
        """Hash a new password if it is good enough."""
        known = (account.login, *account.name.split(), account.email.partition("@")[0])
        passwords.check_policy(password, self.settings.password_min, *known)
        return passwords.hashed(password)


def _is_login(unit: Unit, login: str) -> bool:
    """Whether there is such an account: what somebody typed into the wrong field may be a password."""
    return bool(unit.rows("SELECT 1 FROM account WHERE login = ?", (login,)))


def _federated(unit: Unit, issuer: str, subject: str, email: str | None, now: float) -> Account:
    known = unit.value("SELECT account FROM federated WHERE issuer = ? AND subject = ?", (issuer, subject))
    if known is not None:
        account = people.by_id(unit, known)
    else:
        rows = unit.rows(
            "SELECT a.id FROM account a WHERE lower(a.email) = ? AND a.is_active AND NOT EXISTS"
            " (SELECT 1 FROM federated f WHERE f.account = a.id AND f.issuer = ?)",
            ((email or "").lower(), issuer),
        )
        if email is None or len(rows) != 1:
            raise WrongError(OPENID_FIRST)
        account = people.by_id(unit, rows[0][0])
        unit.run(
            "INSERT INTO federated (issuer, subject, account, since) VALUES (?, ?, ?, ?)",
            (issuer, subject, account.id, int(now)),
        )
        audit.note(unit, "openid.link", account.login, scope=account.home, who=account.login, at=now, issuer=issuer)
    if not account.is_active:
        raise WrongError(OPENID_FIRST)
    return account


@command(None)
def me(unit: Unit) -> Account:
    """Show the account of whoever asks."""
    who = actor(unit)
    if who.means not in {Means.SIGN_IN, Means.API_KEY}:
        raise ForbiddenError("there are no accounts here yet")
    return people.by_id(unit, who.account)


@command(None)
def myself(unit: Unit) -> Account:
    """Show the account of whoever signed in: keys do not look after accounts."""
    if actor(unit).means is Means.API_KEY:
        raise ForbiddenError("an API key cannot change its account; sign in")
    return me(unit)


@command(None)
def change_password(unit: Unit, hash_: str, now: float) -> None:
    """Set one's own password, already hashed; one's other sign-ins end."""
    people.set_password(unit, myself(unit), hash_, now, keep_sign_in=actor(unit).credential)


@command(None)
def begin_second_factor(unit: Unit, vault: Vault) -> str:
    """Begin with a second factor. -> its secret."""
    return second_factor.begin(unit, vault, myself(unit).id)


@command(None)
def confirm_second_factor(unit: Unit, vault: Vault, code: str, now: float) -> tuple[str, ...]:
    """Take the second factor into use; one's other sign-ins end. -> recovery codes."""
    account = myself(unit)
    codes = second_factor.confirm(unit, vault, account.id, code, now)
    if codes is None:
        raise WrongError("that is not the code of now; look at the clock of your device")
    people.end_sign_ins(unit, account.id, now, but=actor(unit).credential)
    audit.note(unit, "second-factor.set", account.login, scope=account.home, at=now)
    return codes


@command(None)
def remove_second_factor(unit: Unit, vault: Vault, code: str, now: float) -> None:
    """Do without a second factor; takes a code of it."""
    account = myself(unit)
    if not account.has_second_factor:
        raise LocalProtocolError("there is no second factor")
    if not second_factor.use(unit, vault, account.id, code, now):
        raise WrongError("that is not the code of now")
    second_factor.remove(unit, account.id)
    audit.note(unit, "second-factor.remove", account.login, scope=account.home, at=now)


@command(None)
def make_key(unit: Unit, wish: Wish, now: float, most_days: int) -> tuple[ApiKey, str]:
    """Make an API key of one's own. -> as shown from now on, and the key, shown this once."""
    return api_keys.make(unit, myself(unit), wish, now, most_days)


@command(None)
def my_keys(unit: Unit) -> tuple[ApiKey, ...]:
    """List one's API keys."""
    return api_keys.listed(unit, myself(unit).id)


@command(None)
def revoke_key(unit: Unit, number: int, now: float) -> None:
    """Revoke an API key of one's own."""
    api_keys.revoke(unit, myself(unit), number, now)


@command(None)
def my_sign_ins(unit: Unit, accounts: Accounts) -> tuple[SignIn, ...]:
    """List one's sign-ins."""
    return sign_in.listed(unit, myself(unit).id, accounts.settings, accounts.wall())


@command(None)
def end_other_sign_ins(unit: Unit, now: float) -> int:
    """End one's sign-ins but this one. -> how many."""
    account = myself(unit)
    many = people.end_sign_ins(unit, account.id, now, but=actor(unit).credential)
    audit.note(unit, "sign-out.others", account.login, scope=account.home, at=now, many=many)
    return many


@command(None)
def end_sign_in(unit: Unit, number: int, now: float) -> None:
    """End one of one's own sign-ins."""
    sign_in.end(unit, myself(unit), number, now)
