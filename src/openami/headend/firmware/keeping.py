"""How far each meter of a campaign is, as sessions note it."""

import json
from typing import NamedTuple

from openami.headend.firmware.payloads import Standing, State
from openami.headend.kit.database import Unit
from openami.headend.kit.settings import Settings
from openami.headend.orders.kinds import PutOff
from openami.headend.orders.schemas import Ended, Order

PAUSE_S = 60
AT = "WHERE campaign = ? AND meter = ?"


class Tried(NamedTuple):
    """Which try this is, and whether the transfer was initiated in one before."""

    tries: int
    is_initiated: bool


Place = tuple[int, int]
"""Campaign and meter."""


def try_(unit: Unit, *, at: Place, now: int) -> Tried:
    """Note that a session begins with it."""
    unit.run(f"UPDATE firmware_meter SET tries = tries + 1, began = coalesce(began, ?) {AT}", (now, *at))  # noqa: S608
    rows = unit.rows(f"SELECT tries, is_initiated FROM firmware_meter {AT}", at)  # noqa: S608
    return Tried(rows[0][0], bool(rows[0][1]))


def note_before(unit: Unit, *, at: Place, version: str) -> None:
    """Keep the version that ran before, as read first."""
    unit.run(f"UPDATE firmware_meter SET before = ? {AT} AND before IS NULL", (version, *at))  # noqa: S608


def initiated(unit: Unit, *, at: Place) -> None:
    """Note that what the meter has under way is ours."""
    unit.run(f"UPDATE firmware_meter SET is_initiated = ? {AT}", (True, *at))  # noqa: S608


def count(unit: Unit, *, at: Place, sent: int) -> None:
    """Add blocks that were sent."""
    unit.run(f"UPDATE firmware_meter SET sent = sent + ? {AT}", (sent, *at))  # noqa: S608


def content(unit: Unit, *, image: int) -> bytes:
    """Give the octets of an image."""
    return bytes(unit.value("SELECT content FROM firmware_image WHERE id = ?", (image,)))


def stands(unit: Unit, at: Place) -> State:
    """Where a meter of a campaign stands."""
    return State(unit.value(f"SELECT state FROM firmware_meter {AT}", at))  # noqa: S608


def put(unit: Unit, at: Place, state: State, reason: str | None = None, ended: int | None = None) -> None:
    """Note where it stands."""
    unit.run(
        f"UPDATE firmware_meter SET state = ?, reason = ?, ended = ? {AT}",  # noqa: S608
        (state.value, reason, ended, *at),
    )


def place(order: Order) -> Place:
    """Campaign and meter of an order."""
    return int(json.loads(order.payload)["campaign"]), order.meter


def may_begin(unit: Unit, order: Order, now: int, _settings: Settings) -> PutOff | str | None:
    """Nothing goes out of a campaign that is paused or stopped."""
    campaign = place(order)[0]
    state = unit.value("SELECT state FROM firmware_campaign WHERE id = ?", (campaign,))
    if state == Standing.PAUSED:
        return PutOff(now + PAUSE_S, "its campaign is paused")
    return None if state == Standing.RUNNING else "its campaign was stopped"


def transferred(unit: Unit, ended: Ended) -> None:
    """Take over what the session says of the transfer."""
    result = json.loads(ended.result or "{}")
    at = place(ended.order)
    unit.run(
        f"UPDATE firmware_meter SET blocks = ?, sent = sent + ? {AT}",  # noqa: S608
        (result.get("blocks", 0), result.get("sent", 0), *at),
    )


def note_verified(unit: Unit, at: Place, now: int) -> None:
    """Note when the meter had found it good."""
    unit.run(f"UPDATE firmware_meter SET verified = ? {AT}", (now, *at))  # noqa: S608


def note_after(unit: Unit, at: Place, version: str) -> None:
    """Keep the version that was read back."""
    unit.run(f"UPDATE firmware_meter SET after = ? {AT}", (version, *at))  # noqa: S608
