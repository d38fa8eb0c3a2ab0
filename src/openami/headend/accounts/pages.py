"""Pages: people and their roles."""

from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import quote

from nicegui import ui

from openami.headend.accounts import first, people, roles
from openami.headend.accounts import proposals as four_eyes
from openami.headend.accounts.gate import has_accounts
from openami.headend.accounts.people import Account, NewAccount
from openami.headend.accounts.proposals import Proposal
from openami.headend.accounts.service import Accounts
from openami.headend.accounts.told import proposed
from openami.headend.kit.access import Means, Permission, scopes
from openami.headend.kit.database import Unit
from openami.headend.web.forms.pages import Field, Told, button, field
from openami.headend.web.markup import Column, Html, chip, empty, html, link, table
from openami.headend.web.pages import Live, panel
from openami.headend.web.services import Services

ROWS = 25
NO_ACCOUNTS = "There are no accounts yet: whoever sits at this machine may do everything"


async def users(live: Live, accounts: Accounts, code: str) -> None:
    """Everybody with an account, and roles there are."""
    if live.desk.actor.means is Means.LOCAL and not await live.desk.ask(has_accounts, None):
        _first(live, accounts, code)
        return
    await live.desk.ask(lambda unit: people.listed(unit, limit=1), None)
    with panel("People", "full", note="who has an account, and what they are"):
        await live.paged(partial(_people, live.desk, accounts), needs=None)
    if await live.desk.ask(lambda unit: bool(scopes(unit, Permission.ACCOUNTS_CHANGE)), None):
        _new(live, accounts)
    with panel("Roles", "full", note="sets of permissions; a change takes two people"):
        await live.html(lambda unit: _roles(roles.roles(unit)), needs=None)


def _first(live: Live, accounts: Accounts, code: str) -> None:
    ui.html(html('<p class="notice" role="alert">{}.</p>', NO_ACCOUNTS), sanitize=False)
    with panel("First administrator", "full", note="makes accounts; the code was printed where this was started"):
        with ui.element("div").classes("fields"):
            given = field("Code", value=code)
            login, name, email = _who()
        told = Told()

        async def make() -> None:
            new = NewAccount(login.value, name.value, email.value)
            invite_s = accounts.settings.invite_s
            made = await live.desk.change(
                lambda unit: first.claim(unit, new, given.value.strip(), accounts.wall(), invite_s), None
            )
            ui.navigate.to(f"/sign-in/link?code={made.link}")

        with ui.element("div").classes("fields"):
            button("Make the account", make, told)


def _who() -> tuple[Field, Field, Field]:
    return field("Log-in"), field("Name"), field("Mail address")


def _people(desk: Services, accounts: Accounts, unit: Unit, after: str | None) -> tuple[Html, str | None]:
    found = people.listed(unit, after=after or "", limit=ROWS + 1)
    columns = (
        Column("Log-in", "code"), Column("State", "end"), Column("Name"), Column("Roles", "below"),
        Column("Second factor"), Column("Last sign-in", "time"),
    )  # fmt: skip
    rows = [
        (link(f"/users/{quote(a.login, safe='')}", a.login), _state(a), a.name,
         ", ".join(f"{g.role} in {g.scope}" for g in roles.own_grants(unit, a.id)) or "none",
         "on" if a.has_second_factor else "off", accounts.when(a.last_sign_in, desk.zone)) for a in found[:ROWS]
    ]  # fmt: skip
    return table("People", columns, rows), found[ROWS - 1].login if len(found) > ROWS else None


def _state(found: Account) -> Html:
    if not found.is_active:
        return chip("suspended", "poor")
    return chip("active", "good") if found.has_password else chip("invited", "fair")


def _roles(found: tuple[roles.Role, ...]) -> Html:
    columns = (Column("Role", "code"), Column("What for"), Column("May", "below why"))
    return table("Roles", columns, [(r.name, r.title, ", ".join(r.permissions)) for r in found])


def _new(live: Live, accounts: Accounts) -> None:
    with panel("New account", "full", note="it may do nothing until it is given a role"):
        with ui.element("div").classes("fields"):
            login, name, email = _who()
            home = field("Belongs to", value="/")
        told = Told()

        async def make() -> None:
            new = NewAccount(login.value, name.value, email.value, home.value)
            invite_s = accounts.settings.invite_s
            made = await live.desk.change(lambda unit: people.make(unit, new, accounts.wall(), invite_s), None)
            told.say(html(
                '<span class="once">{} was made. Give them this address, shown this once:'
                " <code>/sign-in/link?code={}</code></span>", made.account.login, made.link,
            ))  # fmt: skip
            await live.refresh()

        with ui.element("div").classes("fields"):
            button("Make the account", make, told)


async def user(live: Live, accounts: Accounts, login: str) -> None:
    """One person: roles, and what can be proposed of them."""
    desk = live.desk
    try:
        await desk.ask(lambda unit: people.find(unit, login), None)
    except people.UnknownAccountError:
        ui.status_code(404)
        ui.html(empty(f"There is no account {login}", html('<a href="/users">All people</a>')), sanitize=False)
        return
    await live.html(lambda unit: _title(unit, people.find(unit, login)), needs=None)
    known = [role.name for role in await desk.ask(roles.roles, None)]
    with panel("Change", "full", note="takes a second person, but for suspending"):
        with ui.element("div").classes("fields"):
            least = "viewer" if "viewer" in known else known[0]
            role = ui.select(known, label="Role", value=least).props("outlined dense")
            where, why = field("Where", value="/"), field("Why")
        told = Told()

        async def ask(kind: str, payload: dict[str, object]) -> None:
            def change(unit: Unit) -> Proposal:
                return four_eyes.propose(
                    unit, kind, payload, accounts.rules(is_simulated=desk.is_simulated), reason=why.value
                )

            made = await desk.change(change, None)
            told.say(proposed(made))
            await live.refresh()

        async def suspend() -> None:
            await desk.change(lambda unit: people.suspend(unit, login, why.value, accounts.wall()), None)
            told.say("Suspended; all sign-ins are over.")
            await live.refresh()

        def change_role(kind: str) -> Callable[[], Awaitable[None]]:
            return lambda: ask(kind, {"login": login, "role": role.value, "scope": where.value})

        with ui.element("div").classes("fields"):
            button("Give the role", change_role("role.grant"), told)
            button("Take the role", change_role("role.take"), told, "plain")
            button("Start anew", lambda: ask("account.reset", {"login": login}), told, "plain")
            button("Let in again", lambda: ask("account.restore", {"login": login}), told, "plain")
            button("Suspend", suspend, told, "danger")


def _title(unit: Unit, found: Account) -> Html:
    held = ", ".join(f"{g.role} in {g.scope}" for g in roles.grants(unit, found.id)) or "no role"
    return html(
        '<p class="crumbs"><a href="/users">People</a></p><h1 class="code">{} {}</h1><p class="subtitle">{} · {} · '
        "belongs to {} · {}</p>", found.login, _state(found), found.name, found.person, found.home, held,
    )  # fmt: skip
