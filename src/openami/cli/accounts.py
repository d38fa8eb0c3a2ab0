"""`openami headend user` and `openami headend audit`: for whoever owns the machine that the head-end runs on."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from openami.cli.show import Json, count, fail, show_json

if TYPE_CHECKING:
    from openami.headend.accounts.people import NewAccount
    from openami.headend.kit.database import Unit
    from openami.headend.kit.settings import Settings

T = TypeVar("T")

users = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Accounts: the first administrator, and the way back in."
)
audit = typer.Typer(add_completion=False, no_args_is_help=True, help="What was done, by whom.")

Data = Annotated[Path | None, typer.Option("--data", help="Folder of the database.", file_okay=False)]
Configuration = Annotated[
    Path | None, typer.Option("--settings", help="Settings of the installation (TOML).", dir_okay=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Login = Annotated[str, typer.Argument(help="Log-in of the account.")]


def change(settings: "Settings", act: Callable[["Unit"], T]) -> T:
    """Do something in the database, and anchor what was audited."""
    from openami.headend.accounts.anchors import Anchors
    from openami.headend.collection.tables import open_database

    with contextlib.closing(open_database(settings)) as database:
        with database.write() as unit:
            answer = act(unit)
        Anchors(settings.anchors).keep(database)
        return answer


def installation(data: Path | None, settings: Path | None) -> "Settings":
    """Give the settings of an installation."""
    from openami.cli.headend import installation as chosen

    return chosen(data, settings)


@users.command(epilog="Example:  openami headend user add ada --name 'Ada Byron' --email ada@grid.example --data DIR")
def add(
    login: Login,
    *,
    name: Annotated[str, typer.Option(help="Name of the person.")],
    email: Annotated[str, typer.Option(help="Mail address.")],
    role: Annotated[str, typer.Option(help="What they are.")] = "administrator",
    scope: Annotated[str, typer.Option(help="Where: / is everywhere.")] = "/",
    person: Annotated[str, typer.Option(help="Who it is, such as a staff number; else by the mail address.")] = "",
    password: Annotated[bool, typer.Option("--password", help="Ask for a password; else print a link.")] = False,
    data: Data = None,
    settings: Configuration = None,
) -> None:
    """Make an account with a role. From the first one on, everybody has to sign in."""
    from openami.headend.accounts import first, one_time, people
    from openami.headend.accounts.people import NewAccount

    chosen = installation(data, settings)
    new, now = NewAccount(login, name, email, scope, person), time.time()
    hash_ = asked_password(chosen, new) if password else None

    def act(unit: "Unit") -> str:
        account = first.add(unit, new, role, scope, now)
        if hash_ is not None:
            people.set_password(unit, account, hash_, now)
            return ""
        return one_time.issue(unit, one_time.LINK, now + chosen.accounts.invite_s, account=account.id)

    show_link(login, change(chosen, act), f"{login} is {role} in {scope}")


def asked_password(settings: "Settings", new: "NewAccount") -> str:
    """Ask for a password, twice, and hash it."""
    from openami.headend.accounts import passwords

    given = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    passwords.check_policy(given, settings.accounts.password_min, new.login, *new.name.split())
    return passwords.hashed(given)


def show_link(login: str, link: str, said: str) -> None:
    """Say what was done, and where to go."""
    typer.echo(said)
    if link:
        typer.echo(f"{login} signs in once, at the address of the head-end: /sign-in/link?code={link}")


@users.command(epilog="Example:  openami headend user link ada --data DIR")
def link(login: Login, data: Data = None, settings: Configuration = None) -> None:
    """Print a link with which somebody signs in once; a second factor is still asked for."""
    from openami.headend.accounts import audit as chain
    from openami.headend.accounts import one_time, people

    chosen, now = installation(data, settings), time.time()

    def act(unit: "Unit") -> str:
        account = people.by_login(unit, login)
        chain.note(unit, "link.make", account.login, scope=account.home, at=now)
        return one_time.issue(unit, one_time.LINK, now + chosen.accounts.invite_s, account=account.id)

    show_link(login, change(chosen, act), "good once:")


@users.command(epilog="Example:  openami headend user suspend ada --reason left --data DIR")
def suspend(
    login: Login,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    data: Data = None,
    settings: Configuration = None,
) -> None:
    """Shut an account out at once."""
    from openami.headend.accounts import people

    change(installation(data, settings), lambda unit: people.suspend(unit, login, reason, time.time()))
    typer.echo(f"{login} is suspended")


@users.command("list", epilog="Example:  openami headend user list --data DIR --json")
def list_(data: Data = None, settings: Configuration = None, as_json: AsJson = False) -> None:
    """List the accounts."""
    from openami.headend.accounts import people, roles

    def act(unit: "Unit") -> list[tuple[str, str, bool, str]]:
        return [
            (a.login, a.name, a.is_active, ", ".join(f"{g.role} in {g.scope}" for g in roles.own_grants(unit, a.id)))
            for a in people.listed(unit, limit=100_000)
        ]

    found = change(installation(data, settings), act)
    if as_json:
        show_json([{"login": one, "name": name, "is_active": on, "roles": may} for one, name, on, may in found])
        return
    for login, name, is_active, may in found:
        typer.echo(f"{login:<20} {'active' if is_active else 'suspended':<10} {name}; {may or 'no role'}")


@audit.command(epilog="Example:  openami headend audit verify --data DIR")
def verify(data: Data = None, settings: Configuration = None, as_json: AsJson = False) -> None:
    """Walk the chains of the audit: tells what was changed, removed, swapped or cut off. Exit code 1 if anything."""
    from openami.headend.accounts.anchors import Anchors
    from openami.headend.accounts.audit import heads
    from openami.headend.accounts.audit import verify as walk
    from openami.headend.collection.tables import open_database

    chosen = installation(data, settings)
    anchors = Anchors(chosen.anchors).load()
    with contextlib.closing(open_database(chosen)) as database, database.read() as unit:
        faults, ends = walk(unit, anchors), heads(unit)
    rows, anchored = sum(end.number for end in ends), sum(map(len, anchors.values()))
    if as_json:
        told: list[Json] = [{"tenant": f.tenant, "number": f.number, "message": f.message} for f in faults]
        show_json({"is_whole": not faults, "rows": rows, "anchors": anchored, "faults": told})
    else:
        for fault in faults:
            typer.echo(f"openami: {fault}", err=True)
    if faults:
        if as_json:
            raise typer.Exit(1)
        fail(f"the audit is not whole: {count(len(faults), 'fault')}")
    if not as_json:
        typer.echo(f"the audit is whole: {count(rows, 'row')}, {count(anchored, 'anchor')}")
