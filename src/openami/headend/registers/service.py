"""Storing and showing closings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.core.units import Unit as PhysicalUnit
from openami.headend.kit.access import Permission, command
from openami.headend.kit.database import Unit
from openami.headend.registry import factors
from openami.headend.registry.factors import Factor
from openami.headend.registry.layout import Layout, layout_number
from openami.headend.registry.models import Role
from openami.headend.registry.service import meter as find_meter

KEEP = """
    INSERT INTO closing (meter, kind, at, layout, data) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (meter, kind, at) DO UPDATE SET layout = excluded.layout, data = excluded.data
    WHERE closing.data <> excluded.data OR closing.layout <> excluded.layout
"""
LATEST = """
    WITH p AS (SELECT r.a FROM {rows} r)
    SELECT p.a, (SELECT max(at) FROM closing c WHERE c.meter = p.a AND c.kind = ?) FROM p
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
    ratio: float = 1.0
    """Of the transformers before the meter, as it was at the closing."""

    @property
    def amount(self) -> float:
        """Value in its unit, behind the transformers."""
        return self.value * self.step

    @property
    def step(self) -> float:
        """What one step of the register is in its unit, behind the transformers."""
        return 10.0**self.scaler * self.ratio


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
    rows = unit.rows_of(LATEST, ((meter,) for meter in meters), kind)
    return {meter: at for meter, at in rows if at is not None}


@command(Permission.VIEW)
def billing(
    unit: Unit, serial: str, kind: str | None = None, *, before: int | None = None, limit: int = 60
) -> tuple[Closing, ...]:
    """List closings of a meter, newest first; `before` is where the page before ended."""
    meter = find_meter(unit, serial)
    rows = unit.rows(
        """
        SELECT c.kind, c.at, l.definition, c.data FROM closing c JOIN layout l ON l.id = c.layout
        WHERE c.meter = ? AND (? IS NULL OR c.kind = ?) AND (? IS NULL OR c.at < ?)
        ORDER BY c.at DESC, c.kind LIMIT ?
        """,
        (meter.id, kind, kind, before, before, limit),
    )
    ratios = factors.of_meter(unit, meter.id)
    return tuple(_closing(name, at, Layout.parse(definition), data, ratios) for name, at, definition, data in rows)


def _closing(kind: str, at: int, layout: Layout, data: bytes, ratios: Sequence[Factor]) -> Closing:
    record = np.frombuffer(data, layout.dtype)[0]
    ratio = factors.at(ratios, at - 1)  # the 00:00 row closes the day before, under the transformers of that day
    readings = tuple(
        Reading(
            column.logical_name, int(record[column.logical_name]), column.scaler, column.unit, ratio.of(column.unit)
        )
        for column in layout.values
        if column.role is not Role.STATUS
    )
    return Closing(kind, at, int(record[layout.status]) if layout.status else 0, readings)
