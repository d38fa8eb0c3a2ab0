"""Notices: what is told to channels. Each is written down first, with a key that makes it one, and then sent."""

import json
from dataclasses import dataclass

from openami.headend.kit.database import NOW, Unit

LEASE_S = 60.0
"""A sender that gives no sign by then has its notice sent by another: told twice rather than never."""
LONGEST_S = 3_600.0
MOST = 500

ESCALATE = """
    INSERT INTO notice (key, alarm, channel, subject, body, at)
    SELECT 'alarm ' || a.id || ' ' || a.times || ' rule ' || r.id, a.id, r.channel, '', '', CAST(:now AS BIGINT)
    FROM alarm a JOIN meter m ON m.id = a.meter
        JOIN alarm_rule r ON r.kind = 'escalate' AND r.ended IS NULL AND a.severity >= r.least
            AND r.name IN ('', a.name) AND r.tag IN ('', a.tag) AND (r.meter IS NULL OR r.meter = a.meter)
            AND substr(m.area, 1, length(r.area)) = r.area AND a.last + r.after_s <= :now AND a.last >= r.at
    WHERE a.acknowledged IS NULL AND a.suppressed IS NULL AND NOT (:storm = 1 AND a.tag IN ('gasp', 'up'))
        AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.key = 'alarm ' || a.id || ' ' || a.times || ' rule ' || r.id)
    ORDER BY a.id LIMIT :most
    ON CONFLICT (key) DO NOTHING
"""
CLAIM = (
    "SELECT n.id, n.channel, n.subject, n.body, n.at, n.attempts, n.alarm FROM notice n"  # noqa: S608 - our own word
    f" WHERE n.sent IS NULL AND n.attempts < ? AND n.not_before <= {NOW} ORDER BY n.id LIMIT ?"
)
ABOUT = """
    SELECT m.serial, m.area, n.name, a.name, a.meaning, a.severity, a.began, a.last, a.times, a.is_proved
    FROM alarm a JOIN meter m ON m.id = a.meter JOIN node n ON n.id = m.node WHERE a.id = ?
"""
SEVERITIES = ("", "info", "minor", "major", "critical")


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell. `body` is JSON."""

    id: int
    channel: str
    subject: str
    body: str
    at: int
    attempts: int


def put(unit: Unit, key: str, channel: str, subject: str, at: float, **body: object) -> None:
    """Tell a channel something, once for a key."""
    unit.run(
        "INSERT INTO notice (key, channel, subject, body, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
        (key, channel, subject, json.dumps({"subject": subject, **body}, ensure_ascii=False), int(at)),
    )


def escalate(unit: Unit, now: float, *, is_storm: bool) -> int:
    """Write a notice for each alarm that nobody has acknowledged in time. In a storm none of single power losses."""
    return unit.run(ESCALATE, {"now": int(now), "storm": int(is_storm), "most": MOST})


def claim(unit: Unit, attempts: int, most: int) -> list[Notice]:
    """Take notices to be sent; they are this sender's for a while."""
    found: list[Notice] = []
    for number, channel, subject, body, at, tried, alarm in unit.rows(CLAIM, (attempts, most)):
        if alarm is not None:
            subject, body = _about(unit, alarm)  # noqa: PLW2901 - written when it is known to be sent
        found.append(Notice(number, channel, subject, body, at, tried + 1))
    unit.run_many(
        f"UPDATE notice SET attempts = attempts + 1, not_before = {NOW} + ?, subject = ?, body = ? WHERE id = ?",  # noqa: S608
        [(LEASE_S, one.subject, one.body, one.id) for one in found],
    )
    return found


def _about(unit: Unit, alarm: int) -> tuple[str, str]:
    serial, area, node, name, meaning, severity, began, last, times, is_proved = unit.rows(ABOUT, (alarm,))[0]
    subject = f"{SEVERITIES[severity]}: {meaning}, meter {serial}"
    body: dict[str, object] = {
        "subject": subject, "alarm": alarm, "serial": serial, "area": area, "node": node, "name": name,
        "meaning": meaning, "severity": SEVERITIES[severity], "began": began, "last": last, "times": times,
        "is_proved": bool(is_proved),
    }  # fmt: skip
    return subject, json.dumps(body, ensure_ascii=False)


def sent(unit: Unit, number: int, now: float) -> None:
    """Note that a channel has taken it."""
    unit.run("UPDATE notice SET sent = ?, reason = NULL WHERE id = ?", (int(now), number))


def failed(unit: Unit, notice: Notice, reason: str) -> None:
    """Note why a channel has not; it is tried again, later each time."""
    wait_s = min(5.0 * 2 ** min(notice.attempts, 20), LONGEST_S)
    unit.run(
        f"UPDATE notice SET not_before = {NOW} + ?, reason = ? WHERE id = ?",  # noqa: S608
        (wait_s, reason[:300], notice.id),
    )
