"""API keys: for programs, on behalf of the account that made them, never with more than it has."""

from collections.abc import Sequence
from dataclasses import dataclass

from openami.core.errors import DecodeError, LocalProtocolError
from openami.headend.accounts import audit
from openami.headend.accounts.passwords import fingerprint, is_same, token
from openami.headend.accounts.people import Account
from openami.headend.accounts.roles import scope as checked_scope
from openami.headend.accounts.sign_in import FULL, Known
from openami.headend.kit.access import Actor, Means, Permission
from openami.headend.kit.database import Row, Unit

MARK = "oami"
PREFIX_CHARACTERS = 10
MOST_KEYS = 50
USED_S = 60
COLUMNS = "id, prefix, title, permissions, scope, created, expires, last_used"
NEVER = frozenset({Permission.APPROVE, Permission.ACCOUNTS_APPROVE, Permission.ACCOUNTS_CHANGE})
"""What no program does: a key has no eyes, and makes no accounts."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it may be shown: the prefix alone tells which it is."""

    id: int
    prefix: str
    title: str
    permissions: tuple[Permission, ...]
    scope: str
    created: int
    expires: int
    last_used: int | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a new key shall do."""

    title: str
    permissions: Sequence[Permission]
    scope: str
    days: int


def make(unit: Unit, account: Account, wish: Wish, now: float, most_days: int) -> tuple[ApiKey, str]:
    """Make a key for an account. -> as shown from now on, and the key itself, shown this once."""
    title = wish.title.strip()
    if not 1 <= len(title) <= 80 or not title.isprintable():
        raise DecodeError("a key needs a title of 1 to 80 printable characters")
    if not 1 <= wish.days <= most_days:
        raise DecodeError(f"a key lives 1 to {most_days} days")
    if refused := sorted(set(wish.permissions) & NEVER):
        raise DecodeError(f"a key cannot have {', '.join(refused)}: that takes a person")
    if not wish.permissions:
        raise DecodeError("a key without a permission is of no use")
    if len(listed(unit, account.id)) >= MOST_KEYS:
        raise LocalProtocolError(f"an account has {MOST_KEYS} keys at the most; revoke one first")
    secret = token()
    # the prefix may hold what separates the parts, so it has a fixed length
    prefix = token()[:PREFIX_CHARACTERS]
    unit.run(
        "INSERT INTO api_key (prefix, hash, account, title, permissions, scope, created, expires)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            prefix, fingerprint(secret), account.id, title, ",".join(sorted(set(wish.permissions))),
            checked_scope(wish.scope), int(now), int(now) + wish.days * 86_400,
        ),
    )  # fmt: skip
    made = next(key for key in listed(unit, account.id) if key.prefix == prefix)
    audit.note(
        unit, "key.make", account.login, scope=account.home, at=now, prefix=prefix, title=title,
        permissions=[*made.permissions], within=made.scope, expires=made.expires,
    )  # fmt: skip
    return made, f"{MARK}_{prefix}{secret}"


def listed(unit: Unit, account: int) -> tuple[ApiKey, ...]:
    """Keys of an account that were not revoked, newest first."""
    rows = unit.rows(
        f"SELECT {COLUMNS} FROM api_key WHERE account = ? AND ended IS NULL ORDER BY id DESC",  # noqa: S608
        (account,),
    )
    return tuple(map(_key, rows))


def _key(row: Row) -> ApiKey:
    number, prefix, title, permissions, *rest = row
    return ApiKey(number, prefix, title, tuple(map(Permission, permissions.split(","))), *rest)


def revoke(unit: Unit, account: Account, number: int, now: float) -> None:
    """Make a key void at once."""
    changed = unit.run(
        "UPDATE api_key SET ended = ? WHERE id = ? AND account = ? AND ended IS NULL", (int(now), number, account.id)
    )
    if not changed:
        raise LocalProtocolError("there is no such key, or it was revoked already")
    audit.note(unit, "key.revoke", account.login, scope=account.home, at=now, key=number)


def known(unit: Unit, text: str, now: float) -> Known | None:
    """Whose key it is; None when it is nobody's. Whether it may do anything, the gate says."""
    mark, _, rest = text.partition("_")
    prefix, secret = rest[:PREFIX_CHARACTERS], rest[PREFIX_CHARACTERS:]
    rows = unit.rows(
        "SELECT k.id, k.hash, k.account, a.login, k.last_used FROM api_key k JOIN account a ON a.id = k.account"
        " WHERE k.prefix = ? AND k.ended IS NULL AND k.expires > ? AND a.is_active",
        (prefix, int(now)),
    )
    if mark != MARK or not rows or not is_same(rows[0][1], fingerprint(secret)):
        return None
    number, _, account, login, last = rows[0]
    actor = Actor(Means.API_KEY, number, account, f"{login} (key {prefix})")
    return Known(actor, FULL, must_act=False, is_stale=(last or 0) < int(now) - USED_S)


def used(unit: Unit, number: int, now: float) -> None:
    """Note that a key was used, once a minute at the most."""
    unit.run(
        "UPDATE api_key SET last_used = ? WHERE id = ? AND coalesce(last_used, 0) < ?",
        (int(now), number, int(now) - USED_S),
    )
