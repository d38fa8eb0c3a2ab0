"""Campaigns: proposed, begun once a second person agrees, paused, stopped."""

from collections.abc import Sequence
from typing import Final

from pydantic import Field

from openami.core.errors import DecodeError, LocalProtocolError
from openami.headend.accounts.proposals import Guarded, Outcome, Proposal, Rules, propose, register
from openami.headend.commands.choosing import Choice, chosen, common_area, whom
from openami.headend.commands.payloads import Strict
from openami.headend.firmware import steps
from openami.headend.firmware.following import Campaign, campaign
from openami.headend.firmware.images import Image, image
from openami.headend.firmware.payloads import Digest, Standing, State
from openami.headend.kit.access import Permission, actor, command, demand
from openami.headend.kit.database import Unit
from openami.headend.kit.firmware_settings import FirmwareSettings
from openami.headend.orders.queue import wake
from openami.headend.orders.switch import demand_open
from openami.headend.registry.models import model
from openami.headend.registry.schemas import Meter

MOST_METERS: Final = 50_000
DAY_S: Final = 86_400


class Plan(Strict):
    """How a campaign goes on."""

    wave_size: int = Field(default=1_000, ge=1, le=MOST_METERS)
    at_once: int = Field(default=100, ge=1, le=10_000, description="Meters that are sent the image at a time.")
    per_node: int = Field(default=5, ge=1, le=10_000, description="Of them, under one node of the network.")
    stop_percent: int = Field(
        default=5, ge=0, le=100, description="If a larger share of the pilot, or of a wave, fails, all is stopped."
    )
    waits_after_pilot: bool = Field(default=False, description="Pause once the pilot has passed.")
    valid_s: int = Field(default=DAY_S, ge=60, le=10**7, description="How long a meter may be out of reach.")
    title: str = Field(default="", max_length=200)


class Wanted(Plan):
    """A campaign, whole. Times are business time."""

    image: int
    sha256: Digest
    version: str
    pilot: tuple[str, ...] = Field(min_length=1, max_length=1_000)
    serials: tuple[str, ...] = Field(default=(), max_length=MOST_METERS)
    """The others, in the order of waves."""
    activates: int | None = Field(default=None, ge=0, lt=2**40)
    asked: int = Field(ge=0, lt=2**40)
    most_tries: int = Field(ge=1)


class Ask(Plan):
    """A campaign as somebody asks for it."""

    image: int
    meters: Choice
    pilot: tuple[str, ...] = Field(default=(), max_length=1_000, description="Serial numbers; else see pilot_size.")
    pilot_size: int | None = Field(default=None, ge=1, le=1_000, description="By default one in a hundred.")
    activates: int | None = None
    reason: str = Field(default="", max_length=1_000)


def _meters(unit: Unit, wanted: Wanted) -> tuple[list[Meter], list[Meter]]:
    """Find the pilot and the others, as whoever proposes or approves may see them."""
    everybody = (*wanted.pilot, *wanted.serials)
    if len(set(everybody)) != len(everybody):
        raise DecodeError("a meter stands twice")
    found = {m.serial: m for m in chosen(unit, Choice(serials=everybody), Permission.VIEW, len(everybody))}
    return [found[serial] for serial in wanted.pilot], [found[serial] for serial in wanted.serials]


def check(known: Image, wanted: Wanted, meters: Sequence[Meter]) -> None:
    """Refuse an image that is another one, out of use, or not for all of the meters."""
    if known.sha256 != wanted.sha256 or known.version != wanted.version:
        raise DecodeError(f"image {known.id} is not the one that is meant")
    if known.is_retired:
        raise LocalProtocolError(f"image {known.title} is retired")
    for meter in meters:
        if meter.product not in known.models:
            raise DecodeError(f"meter {meter.serial} is a {model(meter.product).name}: {known.title} is not for it")
    if wanted.activates is not None and wanted.activates <= wanted.asked:
        raise DecodeError("activates: it has to lie ahead")


def _scope(unit: Unit, wanted: Wanted) -> str:
    pilot, others = _meters(unit, wanted)
    check(image(unit, wanted.image), wanted, [*pilot, *others])
    return common_area([*pilot, *others])


def _sentence(unit: Unit, wanted: Wanted) -> str:
    pilot, others = _meters(unit, wanted)
    known = image(unit, wanted.image)
    waves = -(-len(others) // wanted.wave_size)
    rest = f", then {whom(others)} in {waves} {'wave' if waves == 1 else 'waves'}" if others else ""
    return f"Bring firmware {known.version} ({known.title}) to {whom(pilot)} as a pilot{rest}"


def _execute(unit: Unit, wanted: Wanted, found: Proposal) -> Outcome:
    pilot, others = _meters(unit, wanted)
    known = image(unit, wanted.image)
    check(known, wanted, [*pilot, *others])
    _demand_free(unit, [*pilot, *others])
    number = unit.rows(
        "INSERT INTO firmware_campaign (title, image, area, state, why, wave, at_once, per_node, stop_percent,"
        " waits_after_pilot, valid_s, most_tries, activates, who, proposal, at)"
        " VALUES (?, ?, ?, ?, '', 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            wanted.title or f"{known.title} {known.version}", known.id, common_area([*pilot, *others]),
            Standing.RUNNING.value, wanted.at_once, wanted.per_node, wanted.stop_percent, wanted.waits_after_pilot,
            wanted.valid_s, wanted.most_tries, wanted.activates, found.proposer or actor(unit).name, found.id,
            wanted.asked,
        ),
    )[0][0]  # fmt: skip
    waves = [(meter, steps.PILOT) for meter in pilot]
    waves += [(meter, 1 + place // wanted.wave_size) for place, meter in enumerate(others)]
    unit.run_many(
        "INSERT INTO firmware_meter (campaign, meter, wave, state, is_initiated) VALUES (?, ?, ?, ?, ?)",
        [(number, meter.id, wave, State.WAITING.value, False) for meter, wave in waves],
    )
    demand_open(unit)
    steps.advance(unit, number, wanted.asked)
    return Outcome(f"campaign {number}")


def _demand_free(unit: Unit, meters: Sequence[Meter]) -> None:
    """Refuse a meter that is still in another campaign: it has room for one image."""
    taken = unit.rows_in(
        "SELECT m.serial, f.campaign FROM firmware_meter f JOIN firmware_campaign c ON c.id = f.campaign"
        " JOIN meter m ON m.id = f.meter WHERE f.meter IN {keys} AND c.state IN ('running', 'paused')"
        " AND f.state IN ('waiting', 'sending', 'verified', 'activating') ORDER BY m.serial LIMIT 1",
        [meter.id for meter in meters],
    )
    if taken:
        raise LocalProtocolError(f"meter {taken[0][0]} is still in campaign {taken[0][1]}")


CAMPAIGN: Final = register(
    Guarded(
        "firmware.campaign", "Bring firmware to meters", Wanted, Permission.FIRMWARE, Permission.APPROVE, _scope,
        _sentence, _execute,
    )
)  # fmt: skip


@command(Permission.FIRMWARE)
def ask(unit: Unit, wish: Ask, rules: Rules, settings: FirmwareSettings, now: float) -> Proposal:
    """Propose a campaign.

    Raises:
        CommandsStoppedError: nothing may be changed at the moment.
        DecodeError: the image is not for these meters, or none is chosen.
    """
    demand_open(unit)
    known = image(unit, wish.image)
    serials = [meter.serial for meter in chosen(unit, wish.meters, Permission.FIRMWARE, MOST_METERS)]
    size = max(1, len(serials) // 100) if wish.pilot_size is None else wish.pilot_size
    # Spread over all of them: neighbours have much in common.
    step = max(1, len(serials) // size)
    pilot = wish.pilot or tuple(serials[::step][:size])
    given = {name: getattr(wish, name) for name in Plan.model_fields}
    wanted = Wanted(
        **given, image=known.id, sha256=known.sha256, version=known.version, pilot=pilot, activates=wish.activates,
        serials=tuple(serial for serial in serials if serial not in set(pilot)), asked=int(now),
        most_tries=settings.most_tries,
    )  # fmt: skip
    return propose(unit, CAMPAIGN.name, wanted, rules, reason=wish.reason)


ALLOWED: Final = {
    Standing.PAUSED: {Standing.RUNNING},
    Standing.RUNNING: {Standing.PAUSED},
    Standing.STOPPED: {Standing.RUNNING, Standing.PAUSED},
}
"""From which states a person may bring a campaign into each; one that was stopped is proposed anew."""


@command(Permission.FIRMWARE)
def put(unit: Unit, number: int, state: Standing, now: float, why: str = "") -> Campaign:
    """Pause a campaign, let it go on, or stop it for good."""
    known = campaign(unit, number)
    demand(unit, Permission.FIRMWARE, known.area)
    if known.state not in ALLOWED.get(state, set()):
        raise LocalProtocolError(f"campaign {number} is {known.state} and cannot be {state}")
    reason = why or f"by {actor(unit).name}"
    if state is Standing.STOPPED:
        steps.stop(unit, steps.course(unit, number), reason, now)
        return campaign(unit, number)
    if state is Standing.RUNNING:
        demand_open(unit)
        reason = ""
    steps.put(unit, steps.course(unit, number), state, reason, now)
    if state is Standing.RUNNING:
        unit.run(
            "UPDATE device_order SET due = least(due, ?) WHERE kind = ? AND begun IS NULL AND ended IS NULL"
            " AND meter IN (SELECT meter FROM firmware_meter WHERE campaign = ? AND state = 'sending')",
            (int(now), steps.TRANSFER, number),
        )
        wake(unit)
        steps.advance(unit, number, now)
    return campaign(unit, number)
