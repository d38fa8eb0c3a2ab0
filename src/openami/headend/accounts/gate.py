"""The rights of whoever asks, looked up in the unit of work that needs them: roles, sign-ins and keys as they are."""

import time
from collections.abc import Callable

from openami.headend.accounts.anchors import Anchors
from openami.headend.kit.access import ROOT, Actor, Means, Permission, reduced
from openami.headend.kit.account_settings import AccountSettings
from openami.headend.kit.database import Database, Row, Unit
from openami.headend.kit.errors import NotSignedInError

SIGNED_OUT = "your sign-in is over; sign in again"
KEY_OVER = "this API key has expired or was revoked"
ACCOUNTS_EXIST = "there are accounts now: sign in"


def has_accounts(unit: Unit) -> bool:
    """Whether anybody has to sign in."""
    return bool(unit.rows("SELECT 1 FROM account LIMIT 1"))


class LiveGate:
    """Answers from the database, never from what was true at sign-in."""

    def __init__(self, settings: AccountSettings, anchors: Anchors, wall: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.anchors = anchors
        self.wall = wall

    def scopes(self, unit: Unit, actor: Actor, permission: Permission | None) -> tuple[str, ...]:
        """Where the actor may do it now."""
        if actor.means is Means.LOCAL:
            if has_accounts(unit):
                raise NotSignedInError(ACCOUNTS_EXIST)
            return (ROOT,)
        if actor.means is Means.SIGN_IN:
            return self._by_sign_in(unit, actor, permission)
        if actor.means is Means.API_KEY:
            return self._by_key(unit, actor, permission)
        raise NotSignedInError("sign in first")

    def kept(self, database: Database) -> None:
        """Anchor what was audited."""
        self.anchors.keep(database)

    def _by_sign_in(self, unit: Unit, actor: Actor, permission: Permission | None) -> tuple[str, ...]:
        now = self.wall()
        rows = unit.rows(
            "SELECT a.must_change, a.totp IS NOT NULL FROM sign_in s JOIN account a ON a.id = s.account"
            " WHERE s.id = ? AND s.account = ? AND s.level = 1 AND s.ended IS NULL AND s.until > ? AND s.seen > ?"
            " AND a.is_active",
            (actor.credential, actor.account, int(now), int(now - self.settings.idle_s)),
        )
        if not rows:
            raise NotSignedInError(SIGNED_OUT)
        if permission is None:
            return (ROOT,)
        return () if self.is_held_up(rows[0]) else granted(unit, actor.account, permission)

    def is_held_up(self, row: Row) -> bool:
        """Whether a password or a second factor has to be set before anything else. Row: must_change, has_totp."""
        return bool(row[0]) or (self.settings.second_factor and not row[1])

    def _by_key(self, unit: Unit, actor: Actor, permission: Permission | None) -> tuple[str, ...]:
        rows = unit.rows(
            "SELECT k.permissions, k.scope FROM api_key k JOIN account a ON a.id = k.account"
            " WHERE k.id = ? AND k.account = ? AND k.ended IS NULL AND k.expires > ? AND a.is_active",
            (actor.credential, actor.account, int(self.wall())),
        )
        if not rows:
            raise NotSignedInError(KEY_OVER)
        permissions, bound = rows[0]
        if permission is None:
            return (bound,)
        if permission.value not in permissions.split(","):
            return ()
        return narrowed(granted(unit, actor.account, permission), bound)


def granted(unit: Unit, account: int, permission: Permission) -> tuple[str, ...]:
    """Where the roles of an account allow something."""
    rows = unit.rows(
        "SELECT DISTINCT g.scope FROM account_grant g JOIN role_permission p ON p.role = g.role"
        " WHERE g.account = ? AND g.ended IS NULL AND p.permission = ?",
        (account, permission.value),
    )
    return reduced(tuple(row[0] for row in rows))


def narrowed(places: tuple[str, ...], bound: str) -> tuple[str, ...]:
    """Keep what lies in both: one of two scopes that meet contains the other."""
    return tuple(max(place, bound, key=len) for place in places if place.startswith(bound) or bound.startswith(place))
