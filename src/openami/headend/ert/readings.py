"""Registers as endpoints told them, one for each slot of time."""

from dataclasses import dataclass

from openami.headend.kit.access import Permission, command
from openami.headend.kit.database import Unit
from openami.headend.registry.service import meter as find_meter


@dataclass(frozen=True, slots=True)
class Reading:
    """A register that was overheard: when it was so, in Wh, by which message, where."""

    at: float
    energy_wh: int
    kind: str
    level_dbfs: float | None
    receiver: str


@command(Permission.VIEW)
def readings(unit: Unit, serial: str, *, before: float | None = None, limit: int = 50) -> tuple[Reading, ...]:
    """Readings of a meter, newest first; `before` is where the page before ended."""
    rows = unit.rows(
        "SELECT r.at, r.count * e.count_wh, r.kind, r.level_dbfs, r.receiver FROM ert_reading r"
        " JOIN ert_endpoint e ON e.endpoint = r.endpoint WHERE e.meter = ? AND r.at < ? ORDER BY r.at DESC LIMIT ?",
        (find_meter(unit, serial).id, 2.0**34 if before is None else before, limit),
    )
    return tuple(Reading(*row) for row in rows)
