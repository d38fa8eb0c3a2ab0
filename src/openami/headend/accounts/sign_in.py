"""Sign-ins: kept here, known to the browser by a secret that is new at each step, over at once when ended."""

from dataclasses import dataclass

from openami.core.errors import LocalProtocolError
from openami.headend.accounts import audit
from openami.headend.accounts.passwords import fingerprint, token
from openami.headend.accounts.people import Account
from openami.headend.kit.access import Actor, Means
from openami.headend.kit.account_settings import AccountSettings
from openami.headend.kit.database import Unit

WAITING, FULL = 0, 1
"""Levels: the second factor is still to come, or all is done."""
WAITING_S = 300
SEEN_S = 60
KEPT_S = 90 * 86_400


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request came from."""

    address: str = ""
    browser: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at the door: from where, when (real time), and what holds here."""

    client: Client
    settings: AccountSettings
    now: float


@dataclass(frozen=True, slots=True)
class Known:
    """Whose cookie it is."""

    actor: Actor
    level: int
    must_act: bool
    """A password, or a second factor, has to be set before anything else."""
    is_stale: bool = False
    """It is a while since it was noted that somebody is at it."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in as its owner may see it."""

    id: int
    method: str
    began: int
    seen: int
    until: int
    address: str
    browser: str


def begin(unit: Unit, account: Account, method: str, level: int, visit: Visit) -> str:
    """Begin a sign-in. -> secret of the cookie."""
    secret, at, client = token(), int(visit.now), visit.client
    until = at + (int(visit.settings.absolute_s) if level == FULL else WAITING_S)
    unit.run("DELETE FROM sign_in WHERE until < ?", (at - KEPT_S,))
    unit.run(
        "INSERT INTO sign_in (token, account, level, method, began, seen, until, address, browser)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (fingerprint(secret), account.id, level, method, at, at, until, client.address[:60], client.browser[:200]),
    )
    if level == FULL:
        _entered(unit, account, method, visit)
    return secret


def _entered(unit: Unit, account: Account, method: str, visit: Visit) -> None:
    unit.run("UPDATE account SET last_sign_in = ? WHERE id = ?", (int(visit.now), account.id))
    audit.note(
        unit, "sign-in", account.login, scope=account.home, who=account.login, at=visit.now, method=method,
        address=visit.client.address,
    )  # fmt: skip


def promote(unit: Unit, number: int, account: Account, visit: Visit) -> str:
    """Finish a sign-in after its second factor, under a new secret. -> secret of the cookie."""
    secret, at = token(), int(visit.now)
    changed = unit.run(
        "UPDATE sign_in SET token = ?, level = ?, method = method || ' and code', seen = ?, until = ?"
        " WHERE id = ? AND level = ? AND ended IS NULL AND until > ?",
        (fingerprint(secret), FULL, at, at + int(visit.settings.absolute_s), number, WAITING, at),
    )
    if changed != 1:
        raise LocalProtocolError("this sign-in is over; begin again")
    method = str(unit.value("SELECT method FROM sign_in WHERE id = ?", (number,)))
    _entered(unit, account, method, visit)
    return secret


def known(unit: Unit, secret: str, settings: AccountSettings, now: float) -> Known | None:
    """Whose cookie it is; None when it is nobody's, or no longer."""
    rows = unit.rows(
        "SELECT s.id, s.account, s.level, a.login, a.must_change, a.totp IS NOT NULL, s.address, s.seen"
        " FROM sign_in s JOIN account a ON a.id = s.account"
        " WHERE s.token = ? AND s.ended IS NULL AND s.until > ? AND s.seen > ? AND a.is_active",
        (fingerprint(secret), int(now), int(now - settings.idle_s)),
    )
    if not rows:
        return None
    number, account, level, login, must_change, has_totp, address, seen = rows[0]
    actor = Actor(Means.SIGN_IN, number, account, login, address)
    must_act = bool(must_change) or (settings.second_factor and not has_totp)
    return Known(actor, level, must_act, is_stale=seen < int(now) - SEEN_S)


def touch(unit: Unit, number: int, now: float) -> None:
    """Note that somebody is at it, once a minute at the most."""
    unit.run("UPDATE sign_in SET seen = ? WHERE id = ? AND seen < ?", (int(now), number, int(now) - SEEN_S))


def listed(unit: Unit, account: int, settings: AccountSettings, now: float) -> tuple[SignIn, ...]:
    """Sign-ins of an account that are open, newest first."""
    rows = unit.rows(
        "SELECT id, method, began, seen, until, address, browser FROM sign_in WHERE account = ? AND level = ?"
        " AND ended IS NULL AND until > ? AND seen > ? ORDER BY id DESC",
        (account, FULL, int(now), int(now - settings.idle_s)),
    )
    return tuple(SignIn(*row) for row in rows)


def end(unit: Unit, account: Account, number: int, now: float) -> None:
    """End one sign-in; pages that are open under it are refused from now on."""
    changed = unit.run(
        "UPDATE sign_in SET ended = ? WHERE id = ? AND account = ? AND ended IS NULL", (int(now), number, account.id)
    )
    if not changed:
        raise LocalProtocolError("this sign-in is over already")
    audit.note(unit, "sign-out", account.login, scope=account.home, at=now, sign_in=number)
