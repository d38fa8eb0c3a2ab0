"""Rules: alarms that nobody is to be bothered with for a while, and whom to tell of those that nobody acknowledges."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from openami.core.errors import DecodeError, DefinitionError
from openami.headend.accounts import audit
from openami.headend.accounts.roles import scope as scope_of
from openami.headend.events.alarm_bits import Severity
from openami.headend.events.told import UnknownNumberError
from openami.headend.kit.access import Permission, actor, command, demand, within
from openami.headend.kit.database import Row, Unit
from openami.headend.kit.watch_settings import WatchSettings
from openami.headend.registry.service import meter as find_meter


class Wish(BaseModel):
    """A rule to be made. Empty fields fit everything."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["suppress", "escalate"]
    area: str = Field(default="/", max_length=500, description="Scope that it holds for.")
    name: str = Field(default="", max_length=60, description="Name of the alarm, such as 0.0.97.98.0.255/13.")
    tag: str = Field(default="", max_length=20, description="tamper, gasp or up.")
    least: Literal["info", "minor", "major", "critical"] = Field(
        default="info", description="Severity from which on an alarm is escalated."
    )
    serial: str = Field(default="", max_length=60, description="One meter alone.")
    until: int | None = Field(default=None, description="Suppressed until then, epoch seconds of business time.")
    after_s: int = Field(default=0, ge=0, le=30 * 86_400, description="Told when nobody has acknowledged it by then.")
    channel: str = Field(default="", max_length=60, description="Name of a channel of the settings.")
    why: str = Field(min_length=1, max_length=500)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in force."""

    id: int
    kind: str
    area: str
    name: str
    tag: str
    least: Severity
    serial: str | None
    until: int | None
    after_s: int
    channel: str
    why: str
    who: str
    at: int


COLUMNS = """
    r.id, r.kind, r.area, r.name, r.tag, r.least, m.serial, r.until, r.after_s, r.channel, r.why, r.who, r.at
    FROM alarm_rule r LEFT JOIN meter m ON m.id = r.meter
"""
PUT = """
    INSERT INTO alarm_rule (kind, area, name, tag, least, meter, until, after_s, channel, why, who, at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
"""


@command(Permission.VIEW)
def rules(unit: Unit, now: float) -> tuple[Rule, ...]:
    """Rules in the reader's scopes that hold."""
    seen = within(unit, Permission.VIEW, "r.area")
    rows = unit.rows(
        f"SELECT {COLUMNS} WHERE r.ended IS NULL AND (r.until IS NULL OR r.until > ?) AND {seen.sql} ORDER BY r.id",
        (int(now), *seen.parameters),
    )
    return tuple(_rule(row) for row in rows)


@command(Permission.OPERATE)
def make(unit: Unit, wish: Wish, settings: WatchSettings, now: float) -> Rule:
    """Make a rule; one that suppresses takes open alarms out of view too."""
    area = scope_of(wish.area)
    meter = find_meter(unit, wish.serial) if wish.serial else None
    demand(unit, Permission.OPERATE, meter.area if meter else area)
    if wish.kind == "escalate" and wish.channel not in settings.channels:
        known = ", ".join(sorted(settings.channels)) or "none are set up"
        raise DefinitionError(f"there is no channel {wish.channel!r}: {known}", key="channel")
    if wish.until is not None and wish.until <= now:
        raise DecodeError("until: that is over")
    who = actor(unit).name or "system"
    number = unit.rows(PUT, (
        wish.kind, meter.area if meter else area, wish.name, wish.tag, int(Severity[wish.least.upper()]),
        meter.id if meter else None, wish.until, wish.after_s, wish.channel, wish.why, who, int(now),
    ))[0][0]  # fmt: skip
    if wish.kind == "suppress":
        unit.run(SUPPRESS, {"rule": number})
    audit.note(unit, "alarm.rule", f"rule {number}", scope=area, kind=wish.kind, name=wish.name, tag=wish.tag,
               least=wish.least, serial=wish.serial, channel=wish.channel, why=wish.why)  # fmt: skip
    return rule(unit, number)


SUPPRESS = """
    UPDATE alarm SET suppressed = :rule
    WHERE acknowledged IS NULL AND suppressed IS NULL AND EXISTS (
        SELECT 1 FROM alarm_rule r JOIN meter m ON m.id = alarm.meter
        WHERE r.id = :rule AND (r.meter IS NULL OR r.meter = alarm.meter) AND r.name IN ('', alarm.name)
            AND r.tag IN ('', alarm.tag) AND substr(m.area, 1, length(r.area)) = r.area)
"""


@command(Permission.VIEW)
def rule(unit: Unit, number: int) -> Rule:
    """One rule; an error where there is none in sight."""
    seen = within(unit, Permission.VIEW, "r.area")
    rows = unit.rows(
        f"SELECT {COLUMNS} WHERE r.id = ? AND r.ended IS NULL AND {seen.sql}",
        (number, *seen.parameters),
    )
    if not rows:
        raise UnknownNumberError("rule", number)
    return _rule(rows[0])


@command(Permission.OPERATE)
def end(unit: Unit, number: int, now: float) -> None:
    """End a rule; alarms that it kept from view come into view again."""
    known = rule(unit, number)
    demand(unit, Permission.OPERATE, known.area)
    unit.run("UPDATE alarm_rule SET ended = ? WHERE id = ?", (int(now), number))
    unit.run("UPDATE alarm SET suppressed = NULL WHERE suppressed = ? AND acknowledged IS NULL", (number,))
    audit.note(unit, "alarm.rule_end", f"rule {number}", scope=known.area, kind=known.kind, why=known.why)


def expire(unit: Unit, now: float) -> None:
    """Bring alarms into view again whose rule is over."""
    for (number,) in unit.rows(
        "SELECT id FROM alarm_rule WHERE kind = 'suppress' AND ended IS NULL AND until <= ?", (int(now),)
    ):
        unit.run("UPDATE alarm_rule SET ended = until WHERE id = ?", (number,))
        unit.run("UPDATE alarm SET suppressed = NULL WHERE suppressed = ? AND acknowledged IS NULL", (number,))


def _rule(row: Row) -> Rule:
    values = list(row)
    values[5] = Severity(values[5])
    return Rule(*values)
