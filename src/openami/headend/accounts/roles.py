"""Roles, and who has which of them where."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from openami.core.errors import DecodeError, LocalProtocolError
from openami.headend.accounts import audit
from openami.headend.kit.access import ROOT, Permission, command, demand, within
from openami.headend.kit.database import Unit

SCOPE = re.compile(r"/([A-Za-z0-9_-][A-Za-z0-9._-]{0,59}/){0,8}")
NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")

Of = Permission
BUILT_IN: Final[dict[str, tuple[str, frozenset[Permission]]]] = {
    "viewer": ("Sees everything, changes nothing", frozenset({Of.VIEW})),
    "operator": ("Reads on demand, proposes commands", frozenset({Of.VIEW, Of.OPERATE, Of.IMPORT, Of.COMMANDS})),
    "engineer": (
        "Registry, tariffs, firmware, keys, edits of data",
        frozenset({
            Of.VIEW, Of.OPERATE, Of.IMPORT, Of.REGISTRY, Of.COMMANDS, Of.TARIFFS, Of.FIRMWARE, Of.KEYS, Of.DATA,
        }),
    ),
    "vendor": ("Sells prepayment tokens", frozenset({Of.VIEW, Of.VEND})),
    "approver": ("The second pair of eyes", frozenset({Of.VIEW, Of.APPROVE})),
    "supervisor": ("Stops everything, sees health", frozenset({Of.VIEW, Of.OPERATE, Of.APPROVE, Of.SYSTEM})),
    "auditor": ("Reads the audit", frozenset({Of.VIEW, Of.AUDIT, Of.ACCOUNTS})),
    "administrator": (
        "Accounts and roles",
        frozenset({Of.VIEW, Of.ACCOUNTS, Of.ACCOUNTS_CHANGE, Of.ACCOUNTS_APPROVE, Of.AUDIT, Of.SYSTEM}),
    ),
}  # fmt: skip
ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Role:
    """A set of permissions under a name."""

    name: str
    title: str
    permissions: tuple[Permission, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that an account has somewhere."""

    role: str
    scope: str
    since: int


def scope(text: str) -> str:
    """Take a scope as written; `/` is the whole installation, `/north/harbour/` an area of an organisation."""
    path = text.strip()
    if not SCOPE.fullmatch(path):
        raise DecodeError(f"scope {text!r}: expected a path such as / or /north/harbour/")
    return path


def ensure_built_in(unit: Unit, now: float) -> None:
    """Make the roles that every installation begins with, unless there are roles."""
    if unit.value("SELECT count(*) FROM role"):
        return
    for name, (title, permissions) in BUILT_IN.items():
        write(unit, Role(name, title, tuple(permissions)), now)


def write(unit: Unit, role: Role, now: float) -> None:
    """Keep a role; a permission that it has already keeps the day it came."""
    if not NAME.fullmatch(role.name):
        raise DecodeError(f"role {role.name!r}: expected small letters, digits and hyphens")
    unit.run(
        "INSERT INTO role (name, title) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET title = excluded.title",
        (role.name, role.title),
    )
    before = {row[0] for row in unit.rows("SELECT permission FROM role_permission WHERE role = ?", (role.name,))}
    after = {permission.value for permission in role.permissions}
    for permission in sorted(before - after):
        unit.run("DELETE FROM role_permission WHERE role = ? AND permission = ?", (role.name, permission))
    for permission in sorted(after - before):
        unit.run(
            "INSERT INTO role_permission (role, permission, since) VALUES (?, ?, ?)", (role.name, permission, int(now))
        )
    audit.note(unit, "role.write", role.name, at=now, before=sorted(before), after=sorted(after))


@command(Permission.ACCOUNTS)
def roles(unit: Unit) -> tuple[Role, ...]:
    """Every role and what it may do."""
    permissions: dict[str, list[Permission]] = {}
    for role, permission in unit.rows("SELECT role, permission FROM role_permission ORDER BY permission"):
        permissions.setdefault(role, []).append(Permission(permission))
    rows = unit.rows("SELECT name, title FROM role ORDER BY name")
    return tuple(Role(name, title, tuple(permissions.get(name, ()))) for name, title in rows)


def exists(unit: Unit, role: str) -> None:
    """Refuse a role that there is not."""
    if not unit.rows("SELECT 1 FROM role WHERE name = ?", (role,)):
        raise DecodeError(f"there is no role {role!r}")


@command(Permission.ACCOUNTS)
def grants(unit: Unit, account: int) -> tuple[Grant, ...]:
    """Roles that an account has now, as far as the reader's scopes go."""
    where = within(unit, Permission.ACCOUNTS, "scope")
    return _grants(unit, account, where.sql, where.parameters)


def own_grants(unit: Unit, account: int) -> tuple[Grant, ...]:
    """Roles that an account has now."""
    return _grants(unit, account, "1 = 1", ())


def _grants(unit: Unit, account: int, condition: str, parameters: Iterable[str]) -> tuple[Grant, ...]:
    rows = unit.rows(
        "SELECT role, scope, since FROM account_grant"  # noqa: S608 - values go as parameters
        f" WHERE account = ? AND ended IS NULL AND {condition} ORDER BY role, scope",
        (account, *parameters),
    )
    return tuple(Grant(*row) for row in rows)


def grant(unit: Unit, account: int, role: str, where: str, now: float) -> None:
    """Give a role; there is none twice."""
    exists(unit, role)
    if any((g.role, g.scope) == (role, where) for g in own_grants(unit, account)):
        raise LocalProtocolError(f"the account is {role} in {where} already")
    unit.run(
        "INSERT INTO account_grant (account, role, scope, since) VALUES (?, ?, ?, ?)", (account, role, where, int(now))
    )


def end(unit: Unit, account: int, role: str, where: str, now: float) -> None:
    """Take a role away."""
    changed = unit.run(
        "UPDATE account_grant SET ended = ? WHERE account = ? AND role = ? AND scope = ? AND ended IS NULL",
        (int(now), account, role, where),
    )
    if not changed:
        raise LocalProtocolError(f"the account is not {role} in {where}")


def held_since(unit: Unit, account: int, permission: Permission, where: str) -> int | None:
    """Since when somebody has a permission that reaches a scope without a break; None if not at all."""
    rows = unit.rows(
        "SELECT g.scope, g.since, p.since FROM account_grant g JOIN role_permission p ON p.role = g.role"
        " WHERE g.account = ? AND g.ended IS NULL AND p.permission = ?",
        (account, permission.value),
    )
    return min((max(given, allowed) for place, given, allowed in rows if where.startswith(place)), default=None)


def have_two_people(unit: Unit) -> bool:
    """Whether two people could ever approve changes of roles everywhere; from then on nobody changes them alone."""
    return (
        int(
            unit.value(
                "SELECT count(DISTINCT a.person) FROM account_grant g JOIN account a ON a.id = g.account"
                " JOIN role_permission p ON p.role = g.role WHERE p.permission = ? AND g.scope = ?",
                (Permission.ACCOUNTS_APPROVE.value, ROOT),
            )
        )
        >= 2
    )


def demand_over(unit: Unit, account: int) -> None:
    """Refuse unless the account's home, and every place where it has a role, may be administered by who asks."""
    home = unit.value("SELECT home FROM account WHERE id = ?", (account,))
    for place in {home, *(held.scope for held in own_grants(unit, account))}:
        demand(unit, Permission.ACCOUNTS_CHANGE, place)
