"""The first administrator of an installation, and the way back in for whoever owns its machine."""

from openami.core.errors import LocalProtocolError
from openami.headend.accounts import audit, one_time, people, roles
from openami.headend.accounts.gate import has_accounts
from openami.headend.accounts.people import Account, Made, NewAccount
from openami.headend.kit.access import ROOT, Means, Permission, actor, command
from openami.headend.kit.database import Unit
from openami.headend.kit.errors import ForbiddenError

FIRST = "first"
CODE_S = 86_400


def invitation(unit: Unit, now: float) -> str:
    """Make the code with which somebody at this machine becomes the first administrator; earlier ones are void."""
    unit.run("DELETE FROM one_time WHERE purpose = ?", (FIRST,))
    return one_time.issue(unit, FIRST, now + CODE_S)


@command(None)
def claim(unit: Unit, new: NewAccount, code: str, now: float, invite_s: float) -> Made:
    """Become the first administrator, with the code that was printed where this was started."""
    if actor(unit).means is not Means.LOCAL or has_accounts(unit):
        raise ForbiddenError("there is an administrator already")
    one_time.spend(unit, FIRST, code, now)
    account = add(unit, new, roles.ADMINISTRATOR, ROOT, now)
    return Made(account, one_time.issue(unit, one_time.LINK, now + invite_s, account=account.id))


def add(unit: Unit, new: NewAccount, role: str, where: str, now: float) -> Account:
    """Make an account with a role, alone: for whoever holds the database itself."""
    account = people.insert(unit, new, now)
    roles.grant(unit, account.id, role, roles.scope(where), now)
    audit.note(unit, "role.grant", account.login, scope=where, at=now, role=role)
    return account


def owner(unit: Unit) -> Account:
    """Find the account whom the one-time link of `openami up` is for: the first administrator."""
    number = unit.value(
        "SELECT min(a.id) FROM account a JOIN account_grant g ON g.account = a.id JOIN role_permission p"
        " ON p.role = g.role WHERE a.is_active AND g.ended IS NULL AND g.scope = ? AND p.permission = ?",
        (ROOT, Permission.ACCOUNTS_CHANGE.value),
    )
    if number is None:
        raise LocalProtocolError("there is no administrator; make one: openami headend user add")
    return people.by_id(unit, int(number))


def door_path(unit: Unit, now: float, valid_s: float) -> str:
    """Path that lets in whoever started this program: to become the first administrator, or signed in, once."""
    if not has_accounts(unit):
        return f"/users?code={invitation(unit, now)}"
    account = owner(unit)
    audit.note(unit, "link.make", account.login, scope=account.home, at=now)
    return f"/sign-in/link?code={one_time.issue(unit, one_time.LINK, now + valid_s, account=account.id)}"
