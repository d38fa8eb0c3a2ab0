"""How keys stand: of one meter, of all that are being changed, of those that are too old. No key is in any answer."""

from dataclasses import dataclass

import structlog

from openami.headend.accounts import audit
from openami.headend.accounts.proposals import Proposal, Rules, propose
from openami.headend.keys.guarded import Rotation
from openami.headend.keys.kinds import KeyState
from openami.headend.keys.performing import PROVE, Prove
from openami.headend.kit.access import Permission, command, demand, within
from openami.headend.kit.database import Row, Unit
from openami.headend.kit.key_settings import KeySettings
from openami.headend.orders.queue import Wish, enqueue
from openami.headend.registry.service import meter

log = structlog.get_logger(__name__)

DAY_S = 86_400
SHOWN = "k.meter, k.kind, k.version, coalesce(s.state, 'promoted'), coalesce(s.since, m.added), k.kek, m.zone"
JOINED = "LEFT JOIN key_state s ON s.meter = k.meter AND s.kind = k.kind AND s.version = k.version"
CHANGING = (KeyState.NEW, KeyState.TRANSFERRED, KeyState.PROVEN, KeyState.REFUSED)
KNOW = """
    INSERT INTO key_state (meter, kind, version, state, since)
    SELECT k.meter, k.kind, k.version, 'promoted', m.added FROM sealed_key k JOIN meter m ON m.serial = k.meter
    WHERE m.added < ? AND NOT EXISTS (
        SELECT 1 FROM key_state s WHERE s.meter = k.meter AND s.kind = k.kind AND s.version = k.version)
    ON CONFLICT DO NOTHING
"""
DUE = """
    UPDATE key_state SET is_warned = ? WHERE state IN ('promoted', 'proven') AND since < ? AND NOT is_warned
    RETURNING meter
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one key stands. Times are business time."""

    serial: str
    kind: str
    version: int
    state: KeyState
    since: int
    kek: str
    """Name of the key-encryption key it is sealed under."""
    zone: str

    @property
    def place(self) -> str:
        """Where a page of the list goes on."""
        return f"{self.serial} {self.kind} {self.version}"


@command(Permission.VIEW)
def of_meter(unit: Unit, serial: str) -> tuple[Standing, ...]:
    """Every key that a meter has, had, or may have; the newest of each kind first."""
    known = meter(unit, serial)
    rows = unit.rows(
        f"SELECT {SHOWN} FROM sealed_key k JOIN meter m ON m.serial = k.meter {JOINED}"  # noqa: S608 - our own words
        " WHERE k.meter = ? ORDER BY k.kind, k.version DESC",
        (known.serial,),
    )
    return tuple(map(_standing, rows))


@command(Permission.VIEW)
def changing(unit: Unit, *, after: str = "", limit: int = 50) -> tuple[tuple[Standing, ...], str | None]:
    """Keys that are on their way or were refused, by serial number, and where the next page begins."""
    seen = within(unit, Permission.VIEW, "m.area")
    serial, kind, version = after.split(" ") if after.count(" ") == 2 else ("", "", "0")
    rows: list[Row] = []
    for state in CHANGING:  # each by its own index
        rows += unit.rows(
            f"SELECT {SHOWN} FROM key_state s JOIN sealed_key k"  # noqa: S608 - values are parameters
            " ON k.meter = s.meter AND k.kind = s.kind AND k.version = s.version JOIN meter m ON m.serial = s.meter"
            f" WHERE s.state = ? AND (s.meter, s.kind, s.version) > (?, ?, ?) AND {seen.sql}"
            " ORDER BY s.meter, s.kind, s.version LIMIT ?",
            (state.value, serial, kind, _number(version), *seen.parameters, limit + 1),
        )
    found = [_standing(row) for row in sorted(rows, key=lambda row: tuple(row[:3]))]
    return tuple(found[:limit]), found[limit - 1].place if len(found) > limit else None


@command(Permission.VIEW)
def old(unit: Unit, before: int, *, after: int = 0, limit: int = 50) -> tuple[tuple[Standing, ...], int | None]:
    """Keys in force since before a moment, the oldest first, and after which moment the next page begins."""
    seen = within(unit, Permission.VIEW, "m.area")
    rows = unit.rows(
        f"SELECT {SHOWN} FROM key_state s JOIN sealed_key k"  # noqa: S608 - values are parameters
        " ON k.meter = s.meter AND k.kind = s.kind AND k.version = s.version JOIN meter m ON m.serial = s.meter"
        f" WHERE s.state = 'promoted' AND s.since < ? AND s.since > ? AND {seen.sql} ORDER BY s.since, s.meter LIMIT ?",
        (before, after, *seen.parameters, limit),
    )
    found = tuple(map(_standing, rows))
    return found, found[-1].since if len(found) == limit else None


@command(Permission.KEYS)
def propose_rotation(unit: Unit, wanted: Rotation, rules: Rules, *, reason: str = "") -> Proposal:
    """Propose to draw keys of meters anew; another person has to agree."""
    return propose(unit, "keys.rotate", wanted, rules, reason=reason)


@command(Permission.KEYS)
def ask_proof(unit: Unit, serial: str, now: float) -> int:
    """Let the next session see which keys a meter has. -> number of the order."""
    known = meter(unit, serial)
    demand(unit, Permission.KEYS, known.area)
    number = enqueue(unit, known, PROVE, Prove(), Wish(now))
    audit.note(unit, "key.prove", serial, scope=known.area, order=number)
    return number


def alarm(unit: Unit, settings: KeySettings, now: float) -> int:
    """Give an alarm for keys that are soon too old, once for each. -> meters."""
    limit = int(now) - (settings.days - settings.warn_days) * DAY_S
    unit.run(KNOW, (limit,))
    meters = sorted({row[0] for row in unit.rows(DUE, (True, limit))})
    if meters:
        log.warning("keys expire soon", meters=len(meters), first=meters[0], days=settings.warn_days)
        audit.note(unit, "key.expiring", meters[0], meters=len(meters), days=settings.warn_days)
    return len(meters)


def _standing(row: Row) -> Standing:
    return Standing(row[0], row[1], row[2], KeyState(row[3]), *row[4:])


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
