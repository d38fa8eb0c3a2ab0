"""Campaigns as they stand, their meters, and their statistics."""

from dataclasses import dataclass

from openami.headend.firmware.images import UnknownFirmwareError
from openami.headend.firmware.payloads import Standing, State
from openami.headend.firmware.steps import counted
from openami.headend.kit.access import Permission, command, within
from openami.headend.kit.database import Row, Unit

COLUMNS = (
    "c.id, c.title, c.image, i.title, i.version, c.area, c.state, c.why, c.wave, c.at_once, c.per_node, c.stop_percent,"
    " c.activates, c.who, c.proposal, c.at, c.ended"
)
FROM = "FROM firmware_campaign c JOIN firmware_image i ON i.id = c.image"


@dataclass(frozen=True, slots=True)
class Campaign:
    """An image on its way to meters; times are business time."""

    id: int
    title: str
    image: int
    image_title: str
    version: str
    area: str
    state: Standing
    why: str
    wave: int
    at_once: int
    per_node: int
    stop_percent: int
    activates: int | None
    who: str
    proposal: int | None
    at: int
    ended: int | None
    counts: dict[State, int]


@dataclass(frozen=True, slots=True)
class Upgrade:
    """How far a meter of a campaign is."""

    serial: str
    wave: int
    state: State
    tries: int
    blocks: int
    sent: int
    before: str | None
    after: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Wave:
    """How far a wave is; 0 is the pilot."""

    number: int
    counts: dict[State, int]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a campaign came to."""

    waves: tuple[Wave, ...]
    sessions: int
    """Sessions in which meters were sent the image, all together."""
    resumed: int
    """Meters whose transfer was taken up again after a link broke."""
    blocks: int
    """Blocks of the image, times meters that have it."""
    sent: int
    """Blocks that were sent to all meters."""
    mean_s: float | None
    """From the first session to the verified image, on the average."""
    reasons: dict[str, int]
    """Why meters are not done, the most frequent first."""


@command(Permission.VIEW)
def campaign(unit: Unit, number: int) -> Campaign:
    """Look at a campaign."""
    seen = within(unit, Permission.VIEW, "c.area")
    rows = unit.rows(f"SELECT {COLUMNS} {FROM} WHERE c.id = ? AND {seen.sql}", (number, *seen.parameters))
    if not rows:
        raise UnknownFirmwareError(f"there is no campaign {number}")
    return _campaign(unit, rows[0])


@command(Permission.VIEW)
def campaigns(unit: Unit, *, before: int | None = None, limit: int = 25) -> tuple[Campaign, ...]:
    """List campaigns, newest first."""
    seen = within(unit, Permission.VIEW, "c.area")
    rows = unit.rows(
        f"SELECT {COLUMNS} {FROM} WHERE c.id < ? AND {seen.sql} ORDER BY c.id DESC LIMIT ?",
        (2**31 - 1 if before is None else before, *seen.parameters, limit),
    )
    return tuple(_campaign(unit, row) for row in rows)


def _campaign(unit: Unit, row: Row) -> Campaign:
    return Campaign(
        row[0], row[1], row[2], row[3], row[4], row[5], Standing(row[6]), row[7], row[8], row[9], row[10], row[11],
        row[12], row[13], row[14], row[15], row[16], counted(unit, row[0]),
    )  # fmt: skip


@command(Permission.VIEW)
def upgrades(
    unit: Unit, number: int, *, after: str = "", state: State | None = None, limit: int = 50
) -> tuple[Upgrade, ...]:
    """List the meters of a campaign in order of their serial numbers; `after` is where the page before ended."""
    rows = unit.rows(
        "SELECT m.serial, f.wave, f.state, f.tries, f.blocks, f.sent, f.before, f.after, f.reason"
        " FROM firmware_meter f JOIN meter m ON m.id = f.meter"
        " WHERE f.campaign = ? AND m.serial > ? AND (? IS NULL OR f.state = ?) ORDER BY m.serial LIMIT ?",
        (campaign(unit, number).id, after, state, state, limit),
    )
    return tuple(Upgrade(r[0], r[1], State(r[2]), r[3], r[4], r[5], r[6], r[7], r[8]) for r in rows)


@command(Permission.VIEW)
def statistics(unit: Unit, number: int) -> Statistics:
    """Sum a campaign up."""
    known = campaign(unit, number)
    numbers = unit.rows("SELECT DISTINCT wave FROM firmware_meter WHERE campaign = ? ORDER BY wave", (known.id,))
    sums = unit.rows(
        "SELECT coalesce(sum(tries), 0), coalesce(sum(CASE WHEN tries > 1 THEN 1 ELSE 0 END), 0),"
        " coalesce(sum(blocks), 0), coalesce(sum(sent), 0), avg(verified - began)"
        " FROM firmware_meter WHERE campaign = ?",
        (known.id,),
    )[0]
    reasons = unit.rows(
        "SELECT reason, count(*) FROM firmware_meter WHERE campaign = ? AND reason IS NOT NULL"
        " GROUP BY reason ORDER BY count(*) DESC, reason LIMIT 20",
        (known.id,),
    )
    waves = tuple(Wave(wave, counted(unit, known.id, wave)) for (wave,) in numbers)
    mean_s = None if sums[4] is None else float(sums[4])
    return Statistics(waves, int(sums[0]), int(sums[1]), int(sums[2]), int(sums[3]), mean_s, dict(map(tuple, reasons)))
