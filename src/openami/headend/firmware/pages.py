"""Pages: firmware images, campaigns, and one campaign as it goes on."""

from datetime import datetime
from functools import partial
from urllib.parse import quote
from zoneinfo import ZoneInfo

from nicegui import ui

from openami.core.errors import DecodeError
from openami.headend.accounts.roles import scope
from openami.headend.accounts.service import Accounts
from openami.headend.accounts.told import proposed
from openami.headend.commands.choosing import Choice
from openami.headend.firmware import campaigns, following, images
from openami.headend.firmware.campaigns import Ask
from openami.headend.firmware.following import Campaign, Statistics
from openami.headend.firmware.images import Image, UnknownFirmwareError
from openami.headend.firmware.payloads import Standing, State
from openami.headend.kit.access import Permission, scopes
from openami.headend.kit.database import Unit
from openami.headend.web.forms.pages import Field, Told, button, field
from openami.headend.web.markup import Column, Html, chip, empty, html, joined, link, strip, table, tile
from openami.headend.web.pages import Live, panel
from openami.headend.web.services import Services
from openami.headend.web.words import NOTHING, count, moment, number, share, span

ROWS = 25
PATH = "/firmware"
STYLES = {
    State.DONE: "good", State.VERIFIED: "fair", State.ACTIVATING: "fair", State.FAILED: "poor", State.UNKNOWN: "poor",
}  # fmt: skip
STANDINGS = {Standing.RUNNING: "fair", Standing.PAUSED: "fair", Standing.STOPPED: "poor", Standing.OVER: "good"}
ADVICE = Html("Send the file with its hash and the signature of its maker to <code>POST /api/firmware/images</code>.")


async def firmware(live: Live, accounts: Accounts) -> None:
    """Campaigns, images, and how to begin."""
    with panel("Campaigns", "full", note="a pilot, then waves; newest first"):
        await live.paged(partial(_campaigns, live.desk))
    with panel("Images", "full", note="taken in with their hash and the signature of their maker"):
        await live.paged(partial(_images, live.desk))
    found = await live.desk.ask(lambda unit: [i for i in images.images(unit, limit=100) if not i.is_retired])
    may = await live.desk.ask(lambda unit: bool(scopes(unit, Permission.FIRMWARE)), None)
    if may and found:
        _begin(live, accounts, found)


def _campaigns(desk: Services, unit: Unit, before: int | None) -> tuple[Html, int | None]:
    found = following.campaigns(unit, before=before, limit=ROWS + 1)
    if not found:
        return empty("No campaigns yet"), None
    columns = (
        Column("Number", "code"), Column("State", "end"), Column("Title"), Column("Version", "code"),
        Column("Meters", "below"), Column("Active from", "time"), Column("Why", "below why"),
    )  # fmt: skip
    rows = [
        (
            link(f"{PATH}/{c.id}", c.id), chip(c.state, STANDINGS[c.state]), c.title, c.version, _counts(c.counts),
            "at once" if c.activates is None else moment(c.activates, desk.zone, desk.now), c.why,
        )
        for c in found[:ROWS]
    ]  # fmt: skip
    return table("Campaigns", columns, rows), found[ROWS - 1].id if len(found) > ROWS else None


def _counts(counts: dict[State, int]) -> Html:
    return joined(html("{} ", chip(f"{many} {state}", STYLES.get(state, ""))) for state, many in counts.items())


def _images(desk: Services, unit: Unit, before: int | None) -> tuple[Html, int | None]:
    found = images.images(unit, before=before, limit=ROWS + 1)
    if not found:
        return empty("No images yet", ADVICE), None
    columns = (
        Column("Number", "code"), Column("State", "end"), Column("Title"), Column("Version", "code"),
        Column("For", "below"), Column("Signed by"), Column("Octets", "figure"), Column("SHA-256", "code"),
        Column("When", "time"),
    )  # fmt: skip
    rows = [
        (
            i.id, chip("retired" if i.is_retired else "in use", "" if i.is_retired else "good"), i.title, i.version,
            ", ".join(i.models), i.maker or NOTHING, number(i.size), i.sha256[:12], moment(i.at, desk.zone, desk.now),
        )
        for i in found[:ROWS]
    ]  # fmt: skip
    return table("Images", columns, rows), found[ROWS - 1].id if len(found) > ROWS else None


def _begin(live: Live, accounts: Accounts, found: list[Image]) -> None:
    desk = live.desk
    with panel("Begin a campaign", "full", note="takes a second person"):
        with ui.element("div").classes("fields"):
            names = {image.id: f"{image.title} {image.version}" for image in found}
            image = ui.select(names, label="Image", value=found[0].id).props("outlined dense")
            area, prefix = field("Area", value="/"), field("Serial numbers begin with")
        with ui.element("div").classes("fields"):
            pilot, wave = field("Meters of the pilot", value="10"), field("Meters of a wave", value="1000")
            percent, at = field("Stop above, in %", value="5"), field("Waves active from (empty: at once)")
            why = field("Why")
        told = Told()

        async def propose() -> None:
            wish = Ask(
                image=image.value or 0, meters=Choice(area=scope(area.value), prefix=prefix.value.strip() or None),
                pilot_size=_number(pilot, 1, 1_000), wave_size=_number(wave, 1, campaigns.MOST_METERS),
                stop_percent=_number(percent, 0, 100), activates=_instant(at.value, desk.zone), reason=why.value,
            )  # fmt: skip
            rules, settings = accounts.rules(is_simulated=desk.is_simulated), desk.settings.firmware
            told.say(
                proposed(await desk.change(lambda unit: campaigns.ask(unit, wish, rules, settings, desk.now)))
            )  # fmt: skip
            await live.refresh()

        with ui.element("div").classes("fields"):
            button("Propose", propose, told)


def _number(given: Field, least: int, most: int) -> int:
    text = given.value.strip()
    if not text.isdecimal() or not least <= int(text) <= most:
        raise DecodeError(f"{text!r}: expected a number from {least} to {most}")
    return int(text)


def _instant(text: str, zone: str) -> int | None:
    if not text.strip():
        return None
    try:
        return int(datetime.fromisoformat(text.strip()).replace(tzinfo=ZoneInfo(zone)).timestamp())
    except ValueError:
        raise DecodeError(f"{text!r} is no time: expected 2027-01-01 00:00") from None


async def campaign(live: Live, which: int) -> None:
    """One campaign."""
    desk = live.desk
    try:
        await desk.ask(lambda unit: following.campaign(unit, which))
    except UnknownFirmwareError as error:
        ui.status_code(404)
        ui.html(empty(str(error).capitalize(), html('<a href="{}">All firmware</a>', PATH)), sanitize=False)
        return
    await live.html(lambda unit: _head(desk, following.campaign(unit, which)))
    await live.html(lambda unit: _tiles(following.campaign(unit, which), following.statistics(unit, which)))
    if await desk.ask(lambda unit: bool(scopes(unit, Permission.FIRMWARE)), None):
        _control(live, which)
    with panel("Waves", "full"):
        await live.html(lambda unit: _waves(following.statistics(unit, which)))
    with panel("Meters", "full", note="in order of serial numbers"):
        await live.paged(partial(_upgrades, which))


def _head(desk: Services, found: Campaign) -> Html:
    when = "at once" if found.activates is None else f"from {moment(found.activates, desk.zone, 0)}"
    return html(
        '<p class="crumbs"><a href="{}">Firmware</a></p><h1>{} {}</h1><p class="subtitle">version {} · waves active {} '
        "· {} · {}</p>{}",
        PATH, found.title, chip(found.state, STANDINGS[found.state]), found.version, when, found.area, found.who,
        html('<p class="notice" role="status">{}.</p>', found.why[:1].upper() + found.why[1:]) if found.why else "",
    )  # fmt: skip


def _tiles(found: Campaign, sums: Statistics) -> Html:
    total, done = sum(found.counts.values()), found.counts.get(State.DONE, 0)
    bad = found.counts.get(State.FAILED, 0) + found.counts.get(State.UNKNOWN, 0)
    repeated = f"{number(sums.sent)} of {number(sums.blocks)} blocks" if sums.blocks else ""
    return strip(
        [
            tile("Upgraded", share(done / total), f"{number(done)} of {count(total, 'meter')}", "good" if done else ""),
            tile("Failed", number(bad), f"stopped above {found.stop_percent} % of a wave", "poor" if bad else ""),
            tile("Resumed", number(sums.resumed), f"{count(sums.sessions, 'session')}; sent {repeated}"),
            tile("To the verified image", NOTHING if sums.mean_s is None else span(sums.mean_s), "on the average"),
        ]
    )


def _waves(found: Statistics) -> Html:
    rows = [("pilot" if wave.number == 0 else wave.number, _counts(wave.counts)) for wave in found.waves]
    return table("Waves", (Column("Wave", "code"), Column("Meters", "below")), rows)


def _upgrades(which: int, unit: Unit, after: str | None) -> tuple[Html, str | None]:
    found = following.upgrades(unit, which, after=after or "", limit=ROWS + 1)
    columns = (
        Column("Meter", "code"), Column("State", "end"), Column("Wave", "figure"), Column("Before", "code"),
        Column("After", "code"), Column("Blocks", "figure"), Column("Sessions", "figure"), Column("Why", "below why"),
    )  # fmt: skip
    rows = [
        (
            link(f"/meters/{quote(u.serial, safe='')}", u.serial), chip(u.state, STYLES.get(u.state, "")),
            u.wave or "pilot", u.before or NOTHING, u.after or NOTHING, number(u.sent), number(u.tries), u.reason or "",
        )
        for u in found[:ROWS]
    ]  # fmt: skip
    return table("Meters", columns, rows), found[ROWS - 1].serial if len(found) > ROWS else None


def _control(live: Live, which: int) -> None:
    desk = live.desk
    with panel("Course", "full", note="what was stopped does not go on: it is proposed anew"):
        with ui.element("div").classes("fields"):
            why = field("Why")
        told = Told()

        async def put(state: Standing) -> None:
            found = await desk.change(lambda unit: campaigns.put(unit, which, state, desk.now, why.value.strip()))
            told.say(f"The campaign is {found.state}.")
            await live.refresh()

        with ui.element("div").classes("fields"):
            button("Pause", partial(put, Standing.PAUSED), told, "plain")
            button("Resume", partial(put, Standing.RUNNING), told, "plain")
            button("Stop", partial(put, Standing.STOPPED), told, "danger")
