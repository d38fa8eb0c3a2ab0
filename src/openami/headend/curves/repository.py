"""The queries of interval data."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from openami.headend.curves import wide
from openami.headend.curves.codec import packed_dtype, unpack
from openami.headend.curves.rows import Ints, Rows
from openami.headend.kit.database import Row as Record
from openami.headend.kit.database import Unit
from openami.headend.kit.zone import zone
from openami.headend.registry.layout import Layout, layout_number

BLOCK_SHIFT = 32

SERIES = """
    SELECT s.id, s.meter, m.node, s.profile, s.layout, s.is_rolled_up, s.complete_to, s.last_at, s.last_values
    FROM series s JOIN meter m ON m.id = s.meter
"""
HOT = "SELECT at, quality, data FROM hot WHERE day IN {keys} AND series = ? AND at >= ? AND at < ?"
KEEP_HOT = """
    INSERT INTO hot (day, series, at, quality, data) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (day, series, at) DO UPDATE SET quality = excluded.quality, data = excluded.data
"""
BLOCK = "SELECT series, day, codec, is_regular, first_at, n, data FROM block WHERE id IN {keys}"
ADVANCE = """
    UPDATE series SET complete_to = ?, last_at = ?, last_values = ?, stored = stored + ? WHERE id = ?
"""
BLOCK_COLUMNS = (
    "series, day, version, layout, codec, is_regular, first_at, last_at, n, missing, flags, doubtful, quality"
    ", import_first, import_last, import_sum, import_max"
    ", export_first, export_last, export_sum, export_max, data"
)


@dataclass(frozen=True, slots=True)
class Series:
    """A profile of a meter under one capture list, and how far it is stored."""

    id: int
    meter: int
    node: int
    profile: str
    layout_number: int
    layout: Layout
    is_rolled_up: bool
    complete_to: int | None
    last_at: int | None
    last_values: bytes | None


class Block(NamedTuple):
    """What it takes to open a block."""

    series: int
    day: int
    codec: int
    is_regular: int
    first_at: int
    n: int
    data: bytes

    def rows(self, layout: Layout) -> Rows:
        """The rows inside."""
        records = unpack(self.data, self.codec, packed_dtype(layout, is_regular=bool(self.is_regular)), self.n)
        at = self.first_at + np.arange(self.n) * layout.period_s
        if not self.is_regular:
            at = self.first_at + np.cumsum(records["step"], dtype=np.int64)
        values = np.empty(self.n, layout.dtype)
        for name in layout.dtype.names or ():
            values[name] = records[name]
        return Rows(np.full(self.n, self.series), at, np.ascontiguousarray(records["quality"]), values)


def series_of(unit: Unit, numbers: Iterable[int], *, to_change: bool = False) -> dict[int, Series]:
    """Several series by their number; those who want to change them take turns."""
    query = SERIES + "WHERE s.id IN {keys}" + (" ORDER BY s.id FOR UPDATE OF s" if to_change else "")
    return {series.id: series for series in _series(unit, unit.rows_in(query, numbers))}


def series_of_meters(unit: Unit, meters: Iterable[int], profile: str) -> list[Series]:
    """Every series of one profile of several meters."""
    rows = unit.rows_in(SERIES + "WHERE s.meter IN {keys} AND s.profile = ? ORDER BY s.id", meters, profile)
    return list(_series(unit, rows))


def ensure_series(
    unit: Unit, meters: Iterable[int], profile: str, layout: Layout, *, is_rolled_up: bool
) -> dict[int, Series]:
    """Find the series of a profile under a capture list, or make them, one per meter. -> meter: series."""
    wanted = list(meters)
    known = _under(series_of_meters(unit, wanted, profile), layout)
    new = [meter for meter in wanted if meter not in known]
    if not new:
        return known
    number = layout_number(unit, layout)
    unit.run_many(
        "INSERT INTO series (meter, profile, layout, is_rolled_up) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(meter, profile, number, is_rolled_up) for meter in new],
    )
    return known | _under(series_of_meters(unit, new, profile), layout)


def _under(found: list[Series], layout: Layout) -> dict[int, Series]:
    return {series.meter: series for series in found if series.layout.definition == layout.definition}


def _series(unit: Unit, rows: list[Record]) -> Iterator[Series]:
    """Make series of their rows; a layout that many share is looked up once."""
    definitions = unit.rows_in("SELECT id, definition FROM layout WHERE id IN {keys}", {row[4] for row in rows})
    layouts = {number: Layout.parse(definition) for number, definition in definitions}
    for number, meter, node, profile, layout, is_rolled_up, complete_to, last_at, last_values in rows:
        yield Series(
            id=number,
            meter=meter,
            node=node,
            profile=profile,
            layout_number=layout,
            layout=layouts[layout],
            is_rolled_up=bool(is_rolled_up),
            complete_to=complete_to,
            last_at=last_at,
            last_values=last_values,
        )


def advance(unit: Unit, progress: Iterable[tuple[int | None, int, bytes, int, int]]) -> None:
    """Write down how far series are stored: (complete_to, last_at, last_values, new rows, series)."""
    if unit.is_postgresql:
        wide.advance(unit, list(progress))
    else:
        unit.run_many(ADVANCE, progress)


def last_rows(layout: Layout, states: Sequence[Series], quality: int) -> Rows:
    """Give the latest row of each series, without a look-up."""
    filled = [state for state in states if state.last_values is not None]
    if not filled:
        return Rows.empty(layout.dtype)
    return Rows(
        np.array([state.id for state in filled]),
        np.array([state.last_at for state in filled]),
        np.full(len(filled), quality, np.uint8),
        np.frombuffer(b"".join([state.last_values or b"" for state in filled]), layout.dtype),
    )


def keep_hot(unit: Unit, rows: Rows, days: Ints) -> None:
    """Put rows among the hot ones, in place of what stands there."""
    if not len(rows):
        return
    if unit.is_postgresql:
        wide.keep_hot(unit, rows, days)
        return
    data = rows.values.view(f"V{rows.values.dtype.itemsize}").tolist()
    unit.run_many(
        KEEP_HOT,
        zip(days.tolist(), rows.series.tolist(), rows.at.tolist(), rows.quality.tolist(), data, strict=True),
    )


def hot_between(unit: Unit, state: Series, start: int, end: int) -> Rows:
    """Hot rows of a series whose start lies in [start, end)."""
    local = zone(state.layout.zone)
    first, last = local.day(start), local.day(end - 1)
    found = unit.rows_in(HOT, range(first, last + 1), state.id, start, end)
    if not found:
        return Rows.empty(state.layout.dtype)
    at, quality, data = zip(*found, strict=True)
    values = np.frombuffer(b"".join(data), state.layout.dtype)
    return Rows(np.full(len(at), state.id), np.array(at), np.array(quality, np.uint8), values)


def rows_between(unit: Unit, state: Series, start: int, end: int) -> Rows:
    """Rows of a series as they now count: hot ones over those of blocks, start in [start, end), in order."""
    local = zone(state.layout.zone)
    days = range(local.day(start), local.day(end - 1) + 1)
    blocks = [rows for _, rows in block_rows(unit, state.layout, [(state.id, day) for day in days])]
    rows = Rows.join([*blocks, hot_between(unit, state, start, end)]).ordered()
    return rows.take((rows.at >= start) & (rows.at < end)) if blocks else rows


def block_rows(unit: Unit, layout: Layout, pairs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, Rows]]:
    """Rows of the blocks of these series and days, as far as there are any: (day, rows)."""
    for row in unit.rows_in(BLOCK, map(block_id, pairs)):
        block = Block(*row)
        yield block.day, block.rows(layout)


def block_id(pair: tuple[int, int]) -> int:
    """Give the block of (series, day) its number."""
    return (pair[1] << BLOCK_SHIFT) | pair[0]


def versions(unit: Unit, pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Look up the current version of each block that is there."""
    rows = unit.rows_in("SELECT series, day, version FROM block WHERE id IN {keys}", map(block_id, pairs))
    return {(series, day): version for series, day, version in rows}


def retire(unit: Unit, pairs: Sequence[tuple[int, int]]) -> None:
    """Move the current versions of blocks among the old ones."""
    numbers = [block_id(pair) for pair in pairs]
    unit.rows_in(
        f"INSERT INTO block_old (id, old_version, {BLOCK_COLUMNS})"  # noqa: S608 - our own column names
        f" SELECT id, version, {BLOCK_COLUMNS} FROM block WHERE id IN {{keys}}",
        numbers,
    )
    unit.rows_in("DELETE FROM block WHERE id IN {keys}", numbers)


def put_blocks(unit: Unit, columns: Sequence[NDArray[np.generic]], data: Sequence[bytes]) -> None:
    """Write blocks where there are none: the identities, `BLOCK_COLUMNS` but the last, and the blocks themselves."""
    if unit.is_postgresql:
        wide.put_blocks(unit, ("id", *BLOCK_COLUMNS.split(", ")), columns, data)
        return
    records = zip(*(column.tolist() for column in columns), data, strict=True)
    marks = ", ".join("?" * (BLOCK_COLUMNS.count(",") + 2))
    unit.run_many(f"INSERT INTO block (id, {BLOCK_COLUMNS}) VALUES ({marks})", records)  # noqa: S608


def drop_hot(unit: Unit, pairs: Iterable[tuple[int, int]]) -> None:
    """Take the hot rows of sealed days away."""
    if unit.is_postgresql:
        unit.rows_of("DELETE FROM hot h USING {rows} p WHERE h.day = p.b AND h.series = p.a", pairs)
        return
    unit.run_many("DELETE FROM hot WHERE series = ? AND day = ?", pairs)


def note_edits(unit: Unit, pairs: Iterable[tuple[int, int]]) -> None:
    """Remember which of these days have a block: hot rows lie over it until the next seal."""
    newest = (unit.value("SELECT max(id) FROM block") or 0) >> BLOCK_SHIFT
    sealed = versions(unit, [pair for pair in pairs if pair[1] <= newest])
    unit.run_many("INSERT INTO edited (series, day) VALUES (?, ?) ON CONFLICT DO NOTHING", sealed)


def add_rollup(unit: Unit, records: Iterable[tuple[int, int, int, int, int, int]]) -> None:
    """Add (node, length, at, n, imported, exported) to the sums."""
    unit.run_many(
        """
        INSERT INTO rollup (node, length_s, at, n, imported, exported) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (node, length_s, at) DO UPDATE SET
            n = rollup.n + excluded.n,
            imported = rollup.imported + excluded.imported,
            exported = rollup.exported + excluded.exported
        """,
        records,
    )
