"""Pages: one's own account."""

import asyncio

from nicegui import ui

from openami.headend.accounts import second_factor, service
from openami.headend.accounts.api_keys import NEVER, ApiKey, Wish
from openami.headend.accounts.people import Account
from openami.headend.accounts.service import Accounts
from openami.headend.accounts.sign_in import SignIn
from openami.headend.kit.access import MEANINGS, Means, Permission, scopes
from openami.headend.web.forms.pages import Told, button, field
from openami.headend.web.markup import Column, Html, chip, empty, html, joined, table
from openami.headend.web.pages import Live, panel
from openami.headend.web.services import Services
from openami.headend.web.words import count

NO_ACCOUNTS = "There are no accounts yet: whoever sits at this machine may do everything"


async def account(live: Live, accounts: Accounts) -> None:
    """One's password, second factor, keys and sign-ins."""
    if live.desk.actor.means is not Means.SIGN_IN:
        advice = html('The first administrator is made <a href="/users">here</a>.')
        ui.html(empty(NO_ACCOUNTS, advice), sanitize=False)
        return
    mine = await live.desk.ask(service.myself, None)
    if mine.must_change or (accounts.settings.second_factor and not mine.has_second_factor):
        told = "Set a password of your own" if mine.must_change else "Set up a second factor"
        ui.html(html('<p class="notice" role="alert">{} before anything else.</p>', told), sanitize=False)
    _password(live, accounts, mine)
    _second_factor(live, accounts, mine)
    if not mine.must_change:
        await _keys(live, accounts)
        await _sign_ins(live, accounts)


def _password(live: Live, accounts: Accounts, mine: Account) -> None:
    least = accounts.settings.password_min
    with panel("Password", "half", note=f"{mine.name} · {mine.login} · {mine.email}"), ui.element("div"):
        with ui.element("div").classes("fields"):
            is_new = mine.must_change or not mine.has_password
            old = None if is_new else field("Password until now", secret=True, complete="current-password")
            new = field(f"New password, {least} characters or more", secret=True, complete="new-password")
            again = field("New password again", secret=True, complete="new-password")
        told = Told()

        async def change() -> None:
            if new.value != again.value:
                told.say("The two new passwords differ.", "poor")
                return
            if old is not None:
                await asyncio.to_thread(accounts.check_password, mine, old.value)
            hash_ = await asyncio.to_thread(accounts.hashed, mine, new.value)
            await live.desk.change(lambda unit: service.change_password(unit, hash_, accounts.wall()), None)
            for each in (old, new, again):
                if each is not None:
                    each.clear()
            told.say("Your password is set; your other sign-ins are over.")
            if is_new:
                ui.navigate.to("/")

        with ui.element("div").classes("fields"):
            button("Set password", change, told)


def _second_factor(live: Live, accounts: Accounts, mine: Account) -> None:
    note = "on" if mine.has_second_factor else "off: a password alone lets you in"
    with panel("Second factor", "half", note=note), ui.element("div"):
        place = ui.element("div").classes("fields")
        told = Told()
        with place:
            asked = "Code of your device" if mine.has_second_factor else "Your password"
            given = field(asked, secret=not mine.has_second_factor, complete="off")

        async def remove() -> None:
            await asyncio.to_thread(accounts.count_code, mine)
            code, now = given.value, accounts.wall()
            await live.desk.change(lambda unit: service.remove_second_factor(unit, accounts.vault, code, now), None)
            ui.navigate.reload()

        async def begin() -> None:
            await asyncio.to_thread(accounts.check_password, mine, given.value)
            secret = await live.desk.change(lambda unit: service.begin_second_factor(unit, accounts.vault), None)
            place.clear()
            with place:
                _confirm(live, accounts, told, secret, mine)

        with place:
            if mine.has_second_factor:
                button("Remove", remove, told, "danger")
            else:
                button("Set up", begin, told)


def _confirm(live: Live, accounts: Accounts, told: Told, secret: str, mine: Account) -> None:
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    address = second_factor.uri(secret, mine.login)
    text = html(
        '<p>Give this secret to your authenticator app, or <a href="{}">open it</a> on this device:</p>'
        "<p><code>{}</code></p>", address, groups,
    )  # fmt: skip
    ui.html(text, sanitize=False).classes("once")
    code = field("Code that it shows", complete="one-time-code")

    async def confirm() -> None:
        shown, now = code.value, accounts.wall()
        codes = await live.desk.change(
            lambda unit: service.confirm_second_factor(unit, accounts.vault, shown, now), None
        )
        items = joined(html("<li><code>{}</code></li>", each) for each in codes)
        told.say(html(
            '<span class="once">The second factor is on. Keep these codes where you find them without your device;'
            " each lets you in once:<ul>{}</ul></span>", items,
        ))  # fmt: skip

    button("Turn on", confirm, told)


async def _keys(live: Live, accounts: Accounts) -> None:
    desk = live.desk
    may = await desk.ask(lambda unit: [p for p in Permission if p not in NEVER and scopes(unit, p)], None)
    with panel("API keys", "full", note="for programs: Authorization: Bearer KEY. Never more than you may yourself"):
        await live.html(lambda unit: _key_table(service.my_keys(unit), desk, accounts), needs=None)
        with ui.element("div").classes("fields"):
            title = field("What it is for")
            permissions = ui.select({p.value: f"{p}: {MEANINGS[p]}" for p in may}, label="May", multiple=True)
            permissions.props("outlined dense")
            where = field("Where", value="/")
            days = ui.number("Days", value=90, min=1, max=accounts.settings.key_days, precision=0)
            days.props("outlined dense")
        told = Told()

        async def make() -> None:
            chosen = [Permission(p) for p in permissions.value or ()]
            wish = Wish(title.value, chosen, where.value, int(days.value or 0))
            most = accounts.settings.key_days
            made, secret = await desk.change(lambda unit: service.make_key(unit, wish, accounts.wall(), most), None)
            told.say(html('<span class="once">{}, shown this once: <code>{}</code></span>', made.title, secret))
            await live.refresh()

        number = ui.number("Number", precision=0, min=1)

        async def revoke() -> None:
            chosen = int(number.value or 0)
            await desk.change(lambda unit: service.revoke_key(unit, chosen, accounts.wall()), None)
            told.say("Revoked.")
            await live.refresh()

        with ui.element("div").classes("fields"):
            button("Make a key", make, told)
            number.props("outlined dense").move(ui.context.slot.parent)
            button("Revoke", revoke, told, "danger")


def _key_table(keys: tuple[ApiKey, ...], desk: Services, accounts: Accounts) -> Html:
    if not keys:
        return empty("No keys", "A key lets a program do what you may, or less.")
    columns = (
        Column("Number"), Column("For", "end"), Column("Begins", "code"), Column("May"), Column("Where", "code"),
        Column("Last used", "time"), Column("Until", "time"),
    )  # fmt: skip
    rows = [
        (k.id, k.title, f"oami_{k.prefix}…", ", ".join(k.permissions), k.scope,
         accounts.when(k.last_used, desk.zone), accounts.when(k.expires, desk.zone)) for k in keys
    ]  # fmt: skip
    return table("API keys", columns, rows)


async def _sign_ins(live: Live, accounts: Accounts) -> None:
    desk = live.desk

    async def end_others() -> None:
        many = await desk.change(lambda unit: service.end_other_sign_ins(unit, accounts.wall()), None)
        told.say(f"{count(many, 'sign-in')} ended.")
        await live.refresh()

    with panel("Sign-ins", "full", note="where you are signed in"):
        await live.html(lambda unit: _sign_in_table(service.my_sign_ins(unit, accounts), desk, accounts), needs=None)
        told = Told()
        with ui.element("div").classes("fields"):
            button("End all others", end_others, told, "danger")


def _sign_in_table(found: tuple[SignIn, ...], desk: Services, accounts: Accounts) -> Html:
    columns = (
        Column("Began", "time"), Column("Seen", "time end"), Column("By"), Column("From", "code"),
        Column("Browser", "below why"),
    )  # fmt: skip
    rows = [
        (accounts.when(s.began, desk.zone),
         chip("this one", "good") if s.id == desk.actor.credential else accounts.when(s.seen, desk.zone),
         s.method, s.address, s.browser) for s in found
    ]  # fmt: skip
    return table("Sign-ins", columns, rows)
