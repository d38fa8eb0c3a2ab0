"""What meters tell of their supply becomes interruptions: by last gasp, by power-up, by their logs.

The same loss is told in several ways, by clocks that differ a little: what lies within `SLACK_S` is one.
"""

from collections.abc import Iterable
from typing import Final

from openami.headend.kit.database import Unit

SLACK_S: Final = 120
"""By how much the clocks of a meter and ours may differ."""
GASP, LOG = "gasp", "log"

AROUND = """
    SELECT id, began, ended FROM interruption
    WHERE meter = ? AND began <= ? AND (ended IS NULL OR ended >= ?) ORDER BY began DESC LIMIT 1
"""
PUT = """
    INSERT INTO interruption (meter, node, began, ended, source, is_confirmed)
    SELECT m.id, CASE WHEN n.level = 'phase' AND n.parent IS NOT NULL THEN n.parent ELSE n.id END, ?, ?, ?, ?
    FROM meter m JOIN node n ON n.id = m.node WHERE m.id = ?
"""


def down(unit: Unit, meter: int, at: int, source: str = GASP) -> None:
    """Supply was lost; told again before it is back, it is no news."""
    if not _around(unit, meter, at + SLACK_S, at):
        unit.run(PUT, (at, None, source, False, meter))


def up(unit: Unit, meter: int, at: int) -> None:
    """Supply is back; when it was lost may be told later, by a log."""
    unit.run(
        "UPDATE interruption SET ended = greatest(began, ?) WHERE meter = ? AND ended IS NULL AND began <= ?",
        (at, meter, at + SLACK_S),
    )


def reached(unit: Unit, answers: Iterable[tuple[int, int]]) -> None:
    """Meters have answered, each at a time: they have supply. Their logs tell since when."""
    unit.run_many(
        "UPDATE interruption SET ended = ? WHERE meter = ? AND ended IS NULL AND began < ?",
        [(at, meter, at) for meter, at in answers],
    )


def failure(unit: Unit, meter: int, began: int, ended: int) -> None:
    """A log tells a loss from its beginning to its end: what was known of it is put right."""
    known = _around(unit, meter, ended + SLACK_S, began - SLACK_S)
    if known:
        unit.run(
            "UPDATE interruption SET began = ?, ended = ?, source = ?, is_confirmed = ? WHERE id = ?",
            (began, ended, LOG, True, known[0]),
        )
    else:
        unit.run(PUT, (began, ended, LOG, True, meter))


def _around(unit: Unit, meter: int, latest: int, earliest: int) -> tuple[int, int, int | None] | None:
    """Last interruption that began by `latest` and was not over at `earliest`. -> number, began, ended."""
    rows = unit.rows(AROUND, (meter, latest, earliest))
    return (rows[0][0], rows[0][1], rows[0][2]) if rows else None
