"""REST: firmware images and campaigns."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from openami.core.errors import DecodeError
from openami.headend.accounts.people_routes import ANSWERS, Number, ProposalOut
from openami.headend.accounts.routes import People
from openami.headend.commands.choosing import Choice
from openami.headend.firmware import campaigns, following, images
from openami.headend.firmware.campaigns import Plan
from openami.headend.firmware.images import Image, Wish
from openami.headend.firmware.payloads import Standing, State
from openami.headend.web.rest import Limit, Page
from openami.headend.web.services import Desk, Services
from openami.headend.web.words import local

router = APIRouter(prefix="/api/firmware", tags=["firmware"])

Before = Annotated[int | None, Query(ge=0, lt=2**31, description="`next` of the page before.")]


class ImageIn(Wish):
    """An image, and what comes with it."""

    content: str = Field(description="The file, base64.", max_length=64 * 1024 * 1024)


class ImageOut(BaseModel):
    """An image, without its octets."""

    id: int
    title: str
    version: str
    identifier: str
    sha256: str
    size: int
    maker: str = Field(description="Whose signature was found good.")
    models: list[str]
    from_versions: list[str]
    transfer_at: str
    version_at: str
    is_retired: bool
    who: str
    at: datetime

    @classmethod
    def of(cls, found: Image, zone: str) -> Self:
        """Show an image."""
        return cls(
            id=found.id, title=found.title, version=found.version, identifier=found.identifier, sha256=found.sha256,
            size=found.size, maker=found.maker, models=list(found.models), from_versions=list(found.from_versions),
            transfer_at=found.transfer_at, version_at=found.version_at, is_retired=found.is_retired, who=found.who,
            at=local(found.at, zone),
        )  # fmt: skip


class CampaignIn(Plan):
    """A campaign to be proposed."""

    image: int = Field(ge=1, lt=2**31)
    meters: Choice
    pilot: list[str] = Field(default=[], max_length=1_000, description="Serial numbers; else see pilot_size.")
    pilot_size: int | None = Field(default=None, ge=1, le=1_000, description="By default one in a hundred.")
    activates: datetime | None = Field(
        default=None, description="When waves activate it; the pilot does so at once, as all do by default."
    )
    reason: str = Field(default="", max_length=1_000)


class WhyIn(BaseModel):
    """Why."""

    reason: str = Field(default="", max_length=500)


class CampaignOut(BaseModel):
    """An image on its way to meters; `counts` says how many stand where."""

    id: int
    title: str
    image: int
    version: str
    area: str
    state: Standing
    why: str
    wave: int = Field(description="0 is the pilot.")
    at_once: int
    per_node: int
    stop_percent: int
    activates: datetime | None
    who: str
    proposal: int | None
    at: datetime
    ended: datetime | None
    counts: dict[State, int]

    @classmethod
    def of(cls, found: following.Campaign, zone: str) -> Self:
        """Show a campaign."""
        activates, ended = (None if at is None else local(at, zone) for at in (found.activates, found.ended))
        return cls(
            id=found.id, title=found.title, image=found.image, version=found.version, area=found.area,
            state=found.state, why=found.why, wave=found.wave, at_once=found.at_once, per_node=found.per_node,
            stop_percent=found.stop_percent, activates=activates, who=found.who, proposal=found.proposal,
            at=local(found.at, zone), ended=ended, counts=found.counts,
        )  # fmt: skip


class UpgradeOut(BaseModel):
    """How far a meter of a campaign is."""

    serial: str
    wave: int
    state: State
    tries: int
    blocks: int = Field(description="Blocks of the image.")
    sent: int = Field(description="Blocks that were sent; more than it has where a link broke.")
    before: str | None
    after: str | None
    reason: str | None


class WaveOut(BaseModel):
    """How far a wave is."""

    wave: int
    counts: dict[State, int]


class StatisticsOut(BaseModel):
    """What a campaign came to."""

    waves: list[WaveOut]
    sessions: int
    resumed: int = Field(description="Meters whose transfer was taken up again after a link broke.")
    blocks: int
    sent: int
    mean_s: float | None = Field(description="From the first session to the verified image.")
    reasons: dict[str, int]


@router.get("/images", responses=ANSWERS)
def all_images(desk: Desk, before: Before = None, limit: Limit = 25) -> Page[ImageOut]:
    """List images, newest first."""
    found = desk.read(lambda unit: images.images(unit, before=before, limit=limit + 1))
    more = str(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[ImageOut.of(each, desk.zone) for each in found[:limit]], next=more)


@router.post("/images", responses=ANSWERS, status_code=201)
def take(desk: Desk, wanted: ImageIn) -> ImageOut:
    """Take an image in."""
    try:
        content = base64.b64decode(wanted.content, validate=True)
    except binascii.Error:
        raise DecodeError("content: is not base64") from None
    wish = Wish(**wanted.model_dump(exclude={"content"}))
    settings = desk.settings.firmware
    return ImageOut.of(desk.write(lambda unit: images.take(unit, wish, content, settings, desk.now)), desk.zone)


@router.get("/images/{number}", responses=ANSWERS)
def image(desk: Desk, number: Number) -> ImageOut:
    """Show an image."""
    return ImageOut.of(desk.read(lambda unit: images.image(unit, number)), desk.zone)


@router.post("/images/{number}/retire", responses=ANSWERS)
def retire(desk: Desk, number: Number) -> ImageOut:
    """Let no new campaign take an image."""
    return ImageOut.of(desk.write(lambda unit: images.retire(unit, number)), desk.zone)


@router.get("/campaigns", responses=ANSWERS)
def all_campaigns(desk: Desk, before: Before = None, limit: Limit = 25) -> Page[CampaignOut]:
    """List campaigns, newest first."""
    found = desk.read(lambda unit: following.campaigns(unit, before=before, limit=limit + 1))
    more = str(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[CampaignOut.of(each, desk.zone) for each in found[:limit]], next=more)


@router.post("/campaigns", responses=ANSWERS, status_code=202)
def propose(desk: Desk, accounts: People, wanted: CampaignIn) -> ProposalOut:
    """Propose a campaign; without an offset, `activates` is local time of the installation."""
    at = wanted.activates
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(desk.zone))
    wish = campaigns.Ask.model_validate({**dict(wanted), "activates": None if at is None else int(at.timestamp())})
    rules = accounts.rules(is_simulated=desk.is_simulated)
    made = desk.write(lambda unit: campaigns.ask(unit, wish, rules, desk.settings.firmware, desk.now))
    return ProposalOut.of(made, desk.zone)


@router.get("/campaigns/{number}", responses=ANSWERS)
def campaign(desk: Desk, number: Number) -> CampaignOut:
    """Show a campaign."""
    return CampaignOut.of(desk.read(lambda unit: following.campaign(unit, number)), desk.zone)


@router.get("/campaigns/{number}/meters", responses=ANSWERS)
def upgrades(
    desk: Desk, number: Number, after: str = "", state: State | None = None, limit: Limit = 50
) -> Page[UpgradeOut]:
    """List the meters of a campaign."""
    found = desk.read(lambda unit: following.upgrades(unit, number, after=after, state=state, limit=limit + 1))
    items = [
        UpgradeOut(
            serial=u.serial, wave=u.wave, state=u.state, tries=u.tries, blocks=u.blocks, sent=u.sent, before=u.before,
            after=u.after, reason=u.reason,
        ) for u in found[:limit]
    ]  # fmt: skip
    return Page(items=items, next=found[limit - 1].serial if len(found) > limit else None)


@router.get("/campaigns/{number}/statistics", responses=ANSWERS)
def statistics(desk: Desk, number: Number) -> StatisticsOut:
    """Sum a campaign up."""
    found = desk.read(lambda unit: following.statistics(unit, number))
    return StatisticsOut(
        waves=[WaveOut(wave=wave.number, counts=wave.counts) for wave in found.waves], sessions=found.sessions,
        resumed=found.resumed, blocks=found.blocks, sent=found.sent, mean_s=found.mean_s, reasons=found.reasons,
    )  # fmt: skip


@router.post("/campaigns/{number}/pause", responses=ANSWERS)
def pause(desk: Desk, number: Number, why: WhyIn) -> CampaignOut:
    """Begin nothing more until it is resumed."""
    return _put(desk, number, Standing.PAUSED, why.reason)


@router.post("/campaigns/{number}/resume", responses=ANSWERS)
def resume(desk: Desk, number: Number) -> CampaignOut:
    """Let a campaign go on that was paused."""
    return _put(desk, number, Standing.RUNNING, "")


@router.post("/campaigns/{number}/stop", responses=ANSWERS)
def stop(desk: Desk, number: Number, why: WhyIn) -> CampaignOut:
    """Stop a campaign for good: what was not activated will not be."""
    return _put(desk, number, Standing.STOPPED, why.reason)


def _put(desk: Services, number: int, state: Standing, why: str) -> CampaignOut:
    return CampaignOut.of(desk.write(lambda unit: campaigns.put(unit, number, state, desk.now, why)), desk.zone)
