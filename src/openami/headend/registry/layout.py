"""Capture lists: how the rows of a profile are laid out, as captured and as stored.

Values are kept as the meter's raw integers; a scaler is applied only where somebody looks.
"""

import json
from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError
from openami.dlms.profile import Table
from openami.headend.kit.database import Unit
from openami.headend.registry.models import WIDTHS, Column, Item, Role

STAMP_OCTETS = 12


class Layout:
    """A capture list with the period of its rows and the zone of their days."""

    def __init__(self, columns: tuple[Column, ...], period_s: int, zone: str) -> None:
        self.columns = columns
        self.period_s = period_s
        self.zone = zone
        self.stamp = next(index for index, column in enumerate(columns) if column.role is Role.STAMP)
        self.values = tuple(column for column in columns if column.role is not Role.STAMP)
        self.dtype = np.dtype([(column.logical_name, "<" + WIDTHS[column.type]) for column in self.values])

    @classmethod
    def of(cls, item: Item, zone: str) -> "Layout":
        """Give the layout of an item of a model."""
        return _layout_of(item, zone)

    @cached_property
    def definition(self) -> str:
        """The layout as text, the same for equal layouts."""
        columns = [column.model_dump(mode="json") for column in self.columns]
        return json.dumps({"columns": columns, "period_s": self.period_s, "zone": self.zone}, sort_keys=True)

    @classmethod
    def parse(cls, definition: str) -> "Layout":
        """Read `definition` back."""
        return _parsed(definition)

    def field(self, role: Role) -> str | None:
        """Name of the first value with that role."""
        return next((column.logical_name for column in self.values if column.role is role), None)

    @cached_property
    def status(self) -> str | None:
        """The status byte of each row."""
        return self.field(Role.STATUS)

    @cached_property
    def energy(self) -> tuple[str | None, str | None]:
        """The import and the export register."""
        return self.field(Role.IMPORT), self.field(Role.EXPORT)

    def check(self, table: Table) -> None:
        """Refuse a table that was not captured by this list."""
        if not len(table):
            return
        if len(table.columns) != len(self.columns):
            raise DecodeError(f"rows of {len(table.columns)} columns, the capture list has {len(self.columns)}")
        for column, values in zip(self.columns, table.columns, strict=True):
            if column.role is Role.STAMP:
                if values.ndim != 2 or values.shape[1] != STAMP_OCTETS:
                    raise DecodeError(f"column {column.logical_name} holds no date-time")
            elif values.dtype.kind not in "iu" or not _fits(values, np.dtype(WIDTHS[column.type])):
                raise DecodeError(f"column {column.logical_name} holds no {column.type}")

    def join(self, tables: Sequence[Table]) -> tuple[NDArray[np.uint8], NDArray[np.void]]:
        """Stamps and values of checked tables, one below the other. -> [n, 12], [n]."""
        stamps = np.concatenate([table.columns[self.stamp].astype(np.uint8, copy=False) for table in tables])
        records = np.empty(len(stamps), self.dtype)
        for index, column in enumerate(self.columns):
            if index != self.stamp:
                parts = [table.columns[index] for table in tables]
                records[column.logical_name] = np.concatenate(parts) if len(parts) > 1 else parts[0]
        return stamps, records


@lru_cache(maxsize=256)
def _layout_of(item: Item, zone: str) -> Layout:
    return Layout(item.columns, item.period_s, zone)


@lru_cache(maxsize=256)
def _parsed(definition: str) -> Layout:
    fields = json.loads(definition)
    columns = tuple(Column.model_validate(column) for column in fields["columns"])
    return Layout(columns, fields["period_s"], fields["zone"])


def _fits(values: NDArray[np.generic], dtype: np.dtype[np.generic]) -> bool:
    if values.dtype.kind == dtype.kind and values.dtype.itemsize <= dtype.itemsize:
        return True
    limits = np.iinfo(dtype.str)
    return int(values.min()) >= limits.min and int(values.max()) <= limits.max


def layout_number(unit: Unit, layout: Layout) -> int:
    """Look up the number of a layout in the database, giving it one if it has none yet."""
    unit.run("INSERT INTO layout (definition) VALUES (?) ON CONFLICT DO NOTHING", (layout.definition,))
    return int(unit.value("SELECT id FROM layout WHERE definition = ?", (layout.definition,)))
