"""What a meter's profile gives: columns with the names of what they were captured from."""

import importlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError, DefinitionError
from openami.core.stamps import STAMP
from openami.core.time import DEVIATION_UNSET
from openami.dlms.profile import Table
from openami.dlms.xdlms import CaptureObject

VALUE = 2
"""The attribute a column holds unless its name says otherwise."""


class ArrowTable(Protocol):
    """What is surely there of `pyarrow.Table`."""

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        ...

    @property
    def column_names(self) -> list[str]:
        """Names of the columns."""
        ...

    def to_pylist(self) -> list[dict[str, object]]:
        """Rows as dictionaries."""
        ...


class Arrow(Protocol):
    """What is used of `pyarrow`."""

    def table(self, data: dict[str, object]) -> ArrowTable:
        """Make a table of columns."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Rows of a profile. `table` holds what the meter sent, the methods what it means."""

    table: Table
    capture_objects: tuple[CaptureObject, ...]
    default_deviation_min: int | None = None
    """For meters whose stamps leave the deviation out: that of their zone, UTC = local + deviation."""
    opposite_deviation: bool = False
    """Whether the meter counts the deviation the other way round (a quirk)."""

    def __post_init__(self) -> None:
        if len(self.table) and len(self.capture_objects) != len(self.table.columns):
            raise DecodeError(
                f"rows of {len(self.table.columns)} values for {len(self.capture_objects)} capture objects"
            )

    def __len__(self) -> int:
        return len(self.table)

    @property
    def names(self) -> list[str]:
        """Logical name of each column; `name:3` for attribute 3, and numbered where two are equal."""
        plain = [column_name(captured) for captured in self.capture_objects]
        seen: Counter[str] = Counter()
        names: list[str] = []
        for name in plain:
            seen[name] += 1
            names.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
        return names

    def stamps(self) -> NDArray[np.int64]:
        """UTC seconds of the rows. -> [rows]."""
        clock = self.table.clock()
        if clock is None:
            raise DecodeError("the profile has no column of date-times")
        return self._utc(clock)

    def _utc(self, number: int) -> NDArray[np.int64]:
        """UTC seconds of one column of date-times. -> [rows]."""
        stamps = self.table.stamps(number, self.default_deviation_min)
        if not self.opposite_deviation:
            return stamps
        deviation = np.ascontiguousarray(self.table.columns[number], np.uint8).view(STAMP).reshape(-1)["deviation"]
        return stamps - np.where(deviation == DEVIATION_UNSET, 0, deviation).astype(np.int64) * 120

    def select(self, rows: "slice | NDArray[np.bool_]", columns: Sequence[int] | None = None) -> "Profile":
        """Give some rows, and some columns in the order given."""
        chosen = range(len(self.capture_objects)) if columns is None else columns
        objects = tuple(self.capture_objects[index] for index in chosen)
        table = self.table.select(rows, columns) if len(self) else self.table
        return replace(self, table=table, capture_objects=objects)

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """Columns by name; date-times as `datetime64[s]` in UTC where they can be told. -> [rows] each."""
        return {
            name: self._meaning(number, column)
            for number, (name, column) in enumerate(zip(self.names, self.table.columns, strict=False))
        }

    def structured(self) -> NDArray[np.void]:
        """Give the rows as one structured array, its fields named like the columns."""
        columns = self.columns()
        fields = [(name, column.dtype, column.shape[1:]) for name, column in columns.items()]
        rows = np.empty(len(self), np.dtype(fields))
        for name, column in columns.items():
            rows[name] = column
        return rows

    def to_arrow(self) -> ArrowTable:
        """Give the rows as a `pyarrow.Table`."""
        try:
            arrow = cast("Arrow", importlib.import_module("pyarrow"))
        except ImportError as error:
            raise DefinitionError("Arrow tables need pyarrow: pip install 'openami[lake]'") from error
        return arrow.table({name: cells(column) for name, column in self.columns().items()})

    def _meaning(self, number: int, column: NDArray[np.generic]) -> NDArray[np.generic]:
        if column.ndim != 2 or column.shape[1] != 12 or self.capture_objects[number].attribute_id != VALUE:
            return column
        try:
            stamps = self._utc(number)
        except DecodeError:
            return column
        return stamps.astype("datetime64[s]")


def column_name(captured: CaptureObject) -> str:
    """Name of what a column was captured from."""
    name = str(captured.logical_name)
    if captured.attribute_id != VALUE:
        name += f":{captured.attribute_id}"
    return f"{name}[{captured.data_index}]" if captured.data_index else name


def cells(column: NDArray[np.generic]) -> "NDArray[np.generic] | Sequence[object]":
    """Give the column as Arrow takes it: octets of one length become `bytes`."""
    return [row.tobytes() for row in column] if column.ndim == 2 else column
