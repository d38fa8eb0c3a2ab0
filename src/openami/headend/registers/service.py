"""Storing and showing closings."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.core.units import Unit as PhysicalUnit
from openami.headend.kit.database import Unit
from openami.headend.registry.layout import Layout, layout_number
from openami.headend.registry.models import Role
from openami.headend.registry.service import meter as find_meter

KEEP = """
    INSERT INTO closing (meter, kind, at, layout, data) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (meter, kind, at) DO UPDATE SET layout = excluded.layout, data = excluded.data
    WHERE data <> excluded.data OR layout <> excluded.layout
"""
LATEST = """
    SELECT p.value, (SELECT max(at) FROM closing c WHERE c.meter = p.value AND c.kind = ?) FROM json_each(?) p
"""


@dataclass(frozen=True, slots=True)
class Closings:
    """Rows of one kind of closing of one meter, as they came in."""

    meter: int
    kind: str
    at: NDArray[np.int64]
    values: NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Reading:
    """One register at a closing, as the meter sent it."""

    logical_name: str
    value: int
    scaler: int
    unit: PhysicalUnit

    @property
    def amount(self) -> float:
        """Value in its unit."""
        return self.value * 10.0**self.scaler


@dataclass(frozen=True, slots=True)
class Closing:
    """Registers of a meter at one closing."""

    kind: str
    at: int
    """Instant of closing, epoch seconds."""
    status: int
    readings: tuple[Reading, ...]


def store(unit: Unit, layout: Layout, closings: Sequence[Closings]) -> None:
    """Take closings in; the same one twice is one."""
    if not closings:
        return
    number = layout_number(unit, layout)
    for batch in closings:
        data = batch.values.view(f"V{layout.dtype.itemsize}").tolist()
        rows = zip(batch.at.tolist(), data, strict=True)
        unit.run_many(KEEP, [(batch.meter, batch.kind, at, number, octets) for at, octets in rows])


def latest(unit: Unit, meters: Iterable[int], kind: str) -> dict[int, int]:
    """Instant of the newest closing of that kind, for meters that have one."""
    rows = unit.rows(LATEST, (kind, json.dumps(list(meters))))
    return {meter: at for meter, at in rows if at is not None}


def billing(
    unit: Unit, serial: str, kind: str | None = None, *, before: int | None = None, limit: int = 60
) -> tuple[Closing, ...]:
    """List closings of a meter, newest first; `before` is where the page before ended."""
    rows = unit.rows(
        """
        SELECT c.kind, c.at, l.definition, c.data FROM closing c JOIN layout l ON l.id = c.layout
        WHERE c.meter = ? AND (? IS NULL OR c.kind = ?) AND (? IS NULL OR c.at < ?)
        ORDER BY c.at DESC, c.kind LIMIT ?
        """,
        (find_meter(unit, serial).id, kind, kind, before, before, limit),
    )
    return tuple(_closing(name, at, Layout.parse(definition), data) for name, at, definition, data in rows)


def _closing(kind: str, at: int, layout: Layout, data: bytes) -> Closing:
    record = np.frombuffer(data, layout.dtype)[0]
    readings = tuple(
        Reading(column.logical_name, int(record[column.logical_name]), column.scaler, column.unit)
        for column in layout.values
        if column.role is not Role.STATUS
    )
    return Closing(kind, at, int(record[layout.status]) if layout.status else 0, readings)
