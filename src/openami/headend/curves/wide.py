"""What goes to PostgreSQL by the thousand rows: by COPY, where rows may be there already by way of a table aside.

A table aside belongs to one connection and is empty again at the end of each unit of work.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from openami.headend.curves.rows import Ints, Rows
from openami.headend.kit.copying import Cells, copy, fetch
from openami.headend.kit.database import Unit
from openami.headend.registry.layout import Layout

HOT_ASIDE = "CREATE TEMP TABLE IF NOT EXISTS hot_aside (LIKE hot) ON COMMIT DELETE ROWS"
HOT_IN = """
    INSERT INTO hot (day, series, at, quality, data) SELECT day, series, at, quality, data FROM hot_aside
    ON CONFLICT (day, series, at) DO UPDATE SET quality = excluded.quality, data = excluded.data
"""
ADVANCE_ASIDE = """
    CREATE TEMP TABLE IF NOT EXISTS advance_aside (
        series INTEGER, complete_to BIGINT, last_at BIGINT, stored INTEGER, last_values BYTEA) ON COMMIT DELETE ROWS
"""
ADVANCE_IN = """
    UPDATE series s SET complete_to = nullif(a.complete_to, -1), last_at = a.last_at, last_values = a.last_values,
        stored = s.stored + a.stored
    FROM advance_aside a WHERE s.id = a.series
"""
WIDE = {"id", "first_at", "last_at"}
REGISTERS = ("import_", "export_")
"""Columns of 64 bits, and how the names of others of them begin."""


def keep_hot(unit: Unit, rows: Rows, days: Ints) -> None:
    """Put rows among the hot ones, in place of what stands there."""
    unit.run(HOT_ASIDE)
    records = rows.values.view(f"V{rows.values.dtype.itemsize}")
    columns: dict[str, Cells] = {
        "day": days.astype(np.int32),
        "series": rows.series.astype(np.int32),
        "at": rows.at.astype(np.int64),
        "quality": rows.quality.astype(np.int32),
        "data": np.ascontiguousarray(records),
    }
    copy(unit, "hot_aside", columns)
    unit.run(HOT_IN)
    unit.run("TRUNCATE hot_aside")


def hot(unit: Unit, layout: Layout, query: str, keys: Sequence[tuple[int, ...]]) -> Rows:
    """Hot rows of a query with `{rows}` that gives series, at, quality and data."""
    if not keys:
        return Rows.empty(layout.dtype)
    octets = f"V{layout.dtype.itemsize}"
    found = fetch(unit, query, keys, {"series": ">i4", "at": ">i8", "quality": ">i4", "data": octets})
    values = np.ascontiguousarray(found["data"]).view(layout.dtype)
    return Rows(
        found["series"].astype(np.int64), found["at"].astype(np.int64), found["quality"].astype(np.uint8), values
    )


def advance(unit: Unit, progress: Sequence[tuple[int | None, int, bytes, int, int]]) -> None:
    """Write down how far series are stored: (complete_to, last_at, last_values, new rows, series)."""
    if not progress:
        return
    complete_to, last_at, last_values, stored, series = zip(*progress, strict=True)
    unit.run(ADVANCE_ASIDE)
    columns: dict[str, Cells] = {
        "series": np.array(series, np.int32),
        "complete_to": np.array([-1 if at is None else at for at in complete_to], np.int64),
        "last_at": np.array(last_at, np.int64),
        "stored": np.array(stored, np.int32),
        "last_values": last_values,
    }
    copy(unit, "advance_aside", columns)
    unit.run(ADVANCE_IN)
    unit.run("TRUNCATE advance_aside")


def put_blocks(unit: Unit, names: Sequence[str], columns: Sequence[NDArray[np.generic]], data: Sequence[bytes]) -> None:
    """Write blocks where there are none; the last name is that of the blocks themselves."""
    sized = {
        name: column.astype(np.int64 if name in WIDE or name.startswith(REGISTERS) else np.int32)
        for name, column in zip(names[:-1], columns, strict=True)
    }
    copy(unit, "block", {**sized, names[-1]: data})
