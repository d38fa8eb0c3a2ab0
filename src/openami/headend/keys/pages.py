"""Pages: where the keys of meters stand, which are too old, and changing them."""

from functools import partial
from urllib.parse import quote

from nicegui import ui

from openami.headend.accounts.service import Accounts
from openami.headend.accounts.told import proposed
from openami.headend.keys.guarded import ROTATION
from openami.headend.keys.kinds import AUTHENTICATION, ENCRYPTION, KEY_IDS, KeyState
from openami.headend.keys.standing import DAY_S, Standing, changing, of_meter, old, propose_rotation
from openami.headend.kit.access import Permission, scopes
from openami.headend.kit.database import Unit
from openami.headend.web.forms.pages import Told, button, field
from openami.headend.web.markup import Column, Html, chip, empty, link, table
from openami.headend.web.pages import Live, panel
from openami.headend.web.services import Services
from openami.headend.web.words import count, moment

ROWS = 25
STYLES = {KeyState.PROMOTED: "good", KeyState.PROVEN: "good", KeyState.REFUSED: "poor", KeyState.RETIRED: ""}
COLUMNS = (Column("Serial", "code"), Column("Key"), Column("Version"), Column("State", "end"),
           Column("Since", "time"), Column("Sealed under", "code minor"))  # fmt: skip


async def keys(live: Live, accounts: Accounts) -> None:
    """Keys that are being changed, keys that are too old, and a form to change some."""
    desk, limits = live.desk, live.desk.settings.keys
    if await desk.ask(_may_propose, None):
        _form(live, accounts)
    with panel("On their way", "full", note="no key is ever shown"):
        await live.paged(partial(_changing, desk))
    note = f"in force for more than {count(limits.days - limits.warn_days, 'day')}; they may serve {limits.days}"
    with panel("Due for a change", "full", note=note):
        await live.paged(partial(_old, desk))


def _may_propose(unit: Unit) -> bool:
    return bool(scopes(unit, Permission.KEYS))


def _form(live: Live, accounts: Accounts) -> None:
    with panel("Change keys", "full", note="takes a second person; a meter takes them in its next session"):
        with ui.element("div").classes("fields"):
            serials, why = field("Serial numbers, apart by blanks"), field("Why")
        with ui.element("div").classes("fields"):
            boxes = {kind: _box(kind) for kind in KEY_IDS}
        told = Told()

        async def ask() -> None:
            wanted = ROTATION.read({
                "serials": serials.value.replace(",", " ").split(),
                "kinds": [kind for kind, box in boxes.items() if box.value],
                "asked": int(live.desk.now),
            })  # fmt: skip
            rules = accounts.rules(is_simulated=live.desk.is_simulated)
            made = await live.desk.change(
                lambda unit: propose_rotation(unit, wanted, rules, reason=why.value), Permission.KEYS
            )
            told.say(proposed(made))
            serials.clear()
            await live.refresh()

        with ui.element("div").classes("fields"):
            button("Propose the change", ask, told)


def _box(kind: str) -> ui.checkbox:
    box = ui.checkbox(kind.capitalize(), value=kind in {ENCRYPTION, AUTHENTICATION})
    return box.props(f'aria-label="{kind.capitalize()}"')


def _changing(desk: Services, unit: Unit, after: str | None) -> tuple[Html, str | None]:
    found, more = changing(unit, after=after or "", limit=ROWS)
    if not found:
        return empty("No key is on its way", "What was drawn and is not proven yet, or was refused, stands here."), None
    return table("Keys on their way", COLUMNS, [_row(each, desk.now) for each in found]), more


def _old(desk: Services, unit: Unit, after: int | None) -> tuple[Html, int | None]:
    limits = desk.settings.keys
    before = int(desk.now) - (limits.days - limits.warn_days) * DAY_S
    found, more = old(unit, before, after=after or 0, limit=ROWS)
    if not found:
        return empty("No key is due for a change"), None
    return table("Keys due for a change", COLUMNS, [_row(each, desk.now) for each in found]), more


def _row(found: Standing, now: float) -> tuple[object, ...]:
    return (
        link(f"/meters/{quote(found.serial, safe='')}", found.serial), found.kind, found.version,
        chip(found.state, STYLES.get(found.state, "fair")), moment(found.since, found.zone, now), found.kek,
    )  # fmt: skip


async def of_one(live: Live, serial: str) -> None:
    """Keys of one meter."""
    with panel("Keys", "full", note="sealed; no key is ever shown"):
        await live.html(lambda unit: _of_one(unit, serial, live.desk.now))


def _of_one(unit: Unit, serial: str, now: float) -> Html:
    found = of_meter(unit, serial)
    if not found:
        return empty("No key is kept for this meter", "They come with a shipment file.")
    rows = [_row(each, now)[1:] for each in found]
    return table("Keys", COLUMNS[1:], rows, is_narrow=False)
