"""REST: where the keys of meters stand, and changing them. No key goes in or out here."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from openami.headend.accounts.people_routes import ANSWERS, ProposalOut
from openami.headend.accounts.routes import People
from openami.headend.keys import standing
from openami.headend.keys.guarded import MOST_METERS, Rotation
from openami.headend.keys.kinds import KeyState
from openami.headend.keys.performing import SETUP, RotatedKind
from openami.headend.web.rest import NOT_FOUND, Limit, Page
from openami.headend.web.services import Desk
from openami.headend.web.words import local

router = APIRouter(prefix="/api", tags=["keys"])

DAY_S = 86_400


class KeyOut(BaseModel):
    """Where one key of a meter stands; the key itself is never told."""

    serial: str
    kind: str
    version: int
    state: KeyState
    since: datetime
    kek: str = Field(description="Name of the key-encryption key that it is sealed under.")

    @classmethod
    def of(cls, found: standing.Standing) -> Self:
        """Show a key."""
        return cls(
            serial=found.serial, kind=found.kind, version=found.version, state=found.state,
            since=local(found.since, found.zone), kek=found.kek,
        )  # fmt: skip


class RotationIn(BaseModel):
    """Keys to be drawn anew."""

    serials: tuple[str, ...] = Field(min_length=1, max_length=MOST_METERS)
    kinds: tuple[RotatedKind, ...] = Field(default=("encryption", "authentication"), min_length=1, max_length=4)
    logical_name: str = Field(default=SETUP, max_length=24, description="Security setup of the meters.")
    reason: str = Field(default="", max_length=1_000)


class OrderOut(BaseModel):
    """An order that was given; `/api/orders/{order}` tells what becomes of it."""

    order: int


@router.get("/meters/{serial}/keys", responses=NOT_FOUND)
def keys_of_meter(serial: str, desk: Desk) -> list[KeyOut]:
    """Every key that a meter has, had, or may have: the newest of each kind first."""
    return [KeyOut.of(each) for each in desk.read(lambda unit: standing.of_meter(unit, serial))]


@router.get("/keys/changing")
def changing(
    desk: Desk,
    after: Annotated[str, Query(max_length=120, description="`next` of the page before.")] = "",
    limit: Limit = 50,
) -> Page[KeyOut]:
    """Keys that are on their way to a meter, or were refused, by serial number."""
    found, more = desk.read(lambda unit: standing.changing(unit, after=after, limit=limit))
    return Page(items=[KeyOut.of(each) for each in found], next=more)


@router.get("/keys/old")
def old(
    desk: Desk,
    after: Annotated[int, Query(ge=0, lt=2**62, description="`next` of the page before.")] = 0,
    limit: Limit = 50,
) -> Page[KeyOut]:
    """Keys in force that are, or soon will be, too old: the oldest first."""
    limits = desk.settings.keys
    before = int(desk.now) - (limits.days - limits.warn_days) * DAY_S
    found, more = desk.read(lambda unit: standing.old(unit, before, after=after, limit=limit))
    return Page(items=[KeyOut.of(each) for each in found], next=None if more is None else str(more))


@router.post("/keys/rotations", responses=ANSWERS, status_code=202)
def rotate(wanted: RotationIn, desk: Desk, accounts: People) -> ProposalOut:
    """Propose to draw keys of meters anew; once another person agrees they are changed in the next session of each."""
    asked = Rotation(serials=wanted.serials, kinds=wanted.kinds, asked=int(desk.now), logical_name=wanted.logical_name)
    rules = accounts.rules(is_simulated=desk.is_simulated)
    made = desk.write(lambda unit: standing.propose_rotation(unit, asked, rules, reason=wanted.reason))
    return ProposalOut.of(made, desk.zone)


@router.post("/meters/{serial}/keys/prove", responses=ANSWERS, status_code=202)
def prove(serial: str, desk: Desk) -> OrderOut:
    """See in the next session which keys a meter has."""
    return OrderOut(order=desk.write(lambda unit: standing.ask_proof(unit, serial, desk.now)))
