"""Who may do what, where: asked inside the unit of work that does it, with the sign-in as it stands at that moment.

A unit of work that comes through a page or a route is bound to an actor; one that the program opens for itself
(collector, command line) is not, and may do everything. Every command of a service names the permission it needs
with `@command`; what it may touch is narrowed by the scopes of that permission.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import wraps
from typing import Concatenate, Final, NamedTuple, ParamSpec, Protocol, TypeVar

from openami.headend.kit.database import Database, Unit
from openami.headend.kit.errors import ForbiddenError

P = ParamSpec("P")
T = TypeVar("T")

ROOT: Final = "/"
"""Scope of the whole installation; `/north/` is an organisation, `/north/harbour/` an area of it."""
OPTION: Final = "openami_acting"


class Permission(StrEnum):
    """What can be allowed; roles are sets of these."""

    VIEW = "view"
    OPERATE = "operate"
    IMPORT = "import"
    REGISTRY = "registry"
    COMMANDS = "commands"
    TARIFFS = "tariffs"
    FIRMWARE = "firmware"
    KEYS = "keys"
    DATA = "data"
    SYSTEM = "system"
    VEND = "vend"
    APPROVE = "approve"
    ACCOUNTS = "accounts"
    ACCOUNTS_CHANGE = "accounts.change"
    ACCOUNTS_APPROVE = "accounts.approve"
    AUDIT = "audit"


MEANINGS: Final[dict[Permission, str]] = {
    Permission.VIEW: "see meters, readings, events and sessions",
    Permission.OPERATE: "read meters on demand, change schedules, acknowledge alarms",
    Permission.IMPORT: "bring in shipment files",
    Permission.REGISTRY: "change meters, groups, areas and topology",
    Permission.COMMANDS: "propose commands to meters",
    Permission.TARIFFS: "propose tariffs",
    Permission.FIRMWARE: "propose firmware",
    Permission.KEYS: "propose changes of keys",
    Permission.DATA: "propose edits of stored readings",
    Permission.SYSTEM: "stop all commands, see health and metrics, change settings",
    Permission.VEND: "sell prepayment tokens and keep a till",
    Permission.APPROVE: "approve or refuse what others propose",
    Permission.ACCOUNTS: "see accounts, roles and sign-ins",
    Permission.ACCOUNTS_CHANGE: "make and suspend accounts, propose changes of roles",
    Permission.ACCOUNTS_APPROVE: "approve changes of roles that others propose",
    Permission.AUDIT: "read the audit",
}
"""What each of them lets somebody do, to be read behind `may`."""


class Means(StrEnum):
    """By what somebody is known."""

    NOBODY = "nobody"
    SYSTEM = "system"
    LOCAL = "local"
    SIGN_IN = "sign-in"
    API_KEY = "API key"


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks. It carries no rights: they are looked up when something is done."""

    means: Means
    credential: int = 0
    """Number of the sign-in or of the API key."""
    account: int = 0
    name: str = ""
    address: str = ""
    """Where the request came from."""


NOBODY: Final = Actor(Means.NOBODY)
SYSTEM: Final = Actor(Means.SYSTEM, name="system")
LOCAL: Final = Actor(Means.LOCAL, name="local")
"""Whoever sits at this machine, as long as there are no accounts."""


class Gate(Protocol):
    """What knows the rights: `headend.accounts.gate`."""

    def scopes(self, unit: Unit, actor: Actor, permission: Permission | None) -> tuple[str, ...]:
        """Where the actor may do it now; without a permission, where it may do anything.

        Raises:
            NotSignedInError: the sign-in or key is over, was revoked, or never was.
        """
        ...

    def kept(self, database: Database) -> None:
        """Told after a unit of work that was audited has been committed."""
        ...


@dataclass(slots=True)
class Acting:
    """For whom a unit of work is done; answers of the gate hold for as long as the unit does."""

    actor: Actor
    gate: Gate
    is_audited: bool = False
    is_executing: bool = False
    """What two people have agreed to is being done: their rights were asked already."""
    known: dict[Permission | None, tuple[str, ...]] = field(default_factory=dict)

    @property
    def asked(self) -> set[Permission]:
        """Rights that were asked for until now."""
        return {permission for permission in self.known if permission is not None}

    def scopes(self, unit: Unit, permission: Permission | None) -> tuple[str, ...]:
        """Ask the gate, once."""
        if self.is_executing:
            return (ROOT,)
        if permission not in self.known:
            self.known[permission] = self.gate.scopes(unit, self.actor, permission)
        return self.known[permission]


def bind(unit: Unit, actor: Actor, gate: Gate) -> Acting:
    """Let a unit of work be done for somebody."""
    acting = Acting(actor, gate)
    unit.connection.execution_options(**{OPTION: acting})
    return acting


def acting(unit: Unit) -> Acting | None:
    """Tell for whom a unit of work is done; None when the program does it for itself."""
    found = unit.connection.get_execution_options().get(OPTION)
    assert found is None or isinstance(found, Acting)
    return found


@contextmanager
def executing(unit: Unit) -> Generator[None]:
    """Do what was agreed to: its commands are not asked for rights again."""
    found = acting(unit)
    if found is None or found.is_executing:
        yield
        return
    found.is_executing = True
    try:
        yield
    finally:
        found.is_executing = False


def actor(unit: Unit) -> Actor:
    """Whoever a unit of work is done for."""
    found = acting(unit)
    return SYSTEM if found is None else found.actor


def scopes(unit: Unit, permission: Permission) -> tuple[str, ...]:
    """Where this may be done by whoever the unit is for; nowhere is `()`."""
    found = acting(unit)
    return (ROOT,) if found is None else reduced(found.scopes(unit, permission))


def demand(unit: Unit, permission: Permission | None, scope: str | None = None) -> None:
    """Refuse unless this may be done in that scope, or in any at all when none is given.

    Raises:
        NotSignedInError: nobody is signed in, or no longer.
        ForbiddenError: it is not allowed, or not there.
    """
    found = acting(unit)
    if found is None:
        return
    places = found.scopes(unit, permission)
    if permission is None:
        return
    if not places:
        raise ForbiddenError(f"you may not {MEANINGS[permission]}")
    if scope is not None and not covers(places, scope):
        where = "everywhere" if scope == ROOT else f"in {scope}"
        raise ForbiddenError(f"you may not {MEANINGS[permission]} {where}")


def covers(places: tuple[str, ...], scope: str) -> bool:
    """Whether one of the places is the scope or one above it."""
    return any(scope.startswith(place) for place in places)


def reduced(places: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out places inside of others, put the rest in order."""
    kept: list[str] = []
    for place in sorted(set(places)):
        if not covers(tuple(kept), place):
            kept.append(place)
    return tuple(kept)


class Within(NamedTuple):
    """A condition that keeps a query to some scopes, and its parameters."""

    sql: str
    parameters: tuple[str, ...]


def within(unit: Unit, permission: Permission, column: str) -> Within:
    """Keep a query to rows whose scope, in that column, is open to whoever asks. An index on it is used."""
    places = scopes(unit, permission)
    if ROOT in places:
        return Within("1 = 1", ())
    if not places:
        return Within("1 = 0", ())
    # A scope ends in a slash; what lies in it sorts before the same path with the next character, a zero.
    each = f"({column} >= ? AND {column} < ?)"
    bounds = tuple(bound for place in places for bound in (place, place[:-1] + "0"))
    return Within(f"({' OR '.join([each] * len(places))})", bounds)


@dataclass(frozen=True, slots=True)
class Command:
    """Something a service does for others, and what it takes."""

    name: str
    permission: Permission | None
    """None: whoever is signed in, on what is their own."""
    is_undivided: bool
    """Whether it speaks of the whole installation and so needs the root scope."""
    call: Callable[..., object]

    def demand(self, unit: Unit) -> None:
        """Refuse unless whoever the unit is for may do this."""
        demand(unit, self.permission, ROOT if self.is_undivided else None)


COMMANDS: Final[dict[str, Command]] = {}
"""Every command of every service, by module and name; the authorisation matrix of the tests walks it."""


def command(
    permission: Permission | None, *, is_undivided: bool = False
) -> Callable[[Callable[Concatenate[Unit, P], T]], Callable[Concatenate[Unit, P], T]]:
    """Say what a command of a service takes; it is refused before its first line to whoever has not got it."""

    def guarded(call: Callable[Concatenate[Unit, P], T]) -> Callable[Concatenate[Unit, P], T]:
        @wraps(call)
        def checked(unit: Unit, /, *arguments: P.args, **named: P.kwargs) -> T:
            known.demand(unit)
            return call(unit, *arguments, **named)

        name = f"{call.__module__.removeprefix('openami.headend.')}.{call.__name__}"
        known = Command(name, permission, is_undivided, checked)
        COMMANDS[name] = known
        return checked

    return guarded
