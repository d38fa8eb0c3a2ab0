"""Sealing: hot rows of days that are over become blocks, or a new version of the block that is there."""

from collections.abc import Iterable, Sequence

import numpy as np

from openami.headend.curves import wide
from openami.headend.curves.blocks import Days, rows_of, split_days, write_blocks
from openami.headend.curves.energy import energy
from openami.headend.curves.repository import block_id, block_rows, drop_hot, retire, series_of, versions
from openami.headend.curves.rows import Ints, Quality, Rows, find
from openami.headend.kit.database import Unit
from openami.headend.kit.zone import zone
from openami.headend.registry.layout import Layout

HOT_OF_DAYS = """
    SELECT h.series, h.at, h.quality, h.data FROM {rows} p
    CROSS JOIN hot h WHERE h.day = p.b AND h.series = p.a ORDER BY p.place, h.at
"""
HOT_ROW = """
    SELECT h.series, h.at, h.quality, h.data FROM {rows} p
    CROSS JOIN hot h WHERE h.day = p.b AND h.series = p.a AND h.at = p.c
"""
LAST = "SELECT series, last_at, import_last, export_last FROM block WHERE id IN {keys}"
DUE = """
    SELECT series, day FROM hot WHERE day < ? UNION SELECT series, day FROM edited WHERE day < ?
    ORDER BY day, series LIMIT ?
"""


def seal_due(unit: Unit, today: int, after_days: int, limit: int = 2_000) -> int:
    """Seal days before `today` as far as the intake has not: edited ones, and those over for `after_days`.

    A day that is complete was sealed when its last row came. -> number of days sealed.
    """
    due = [(series, day) for series, day in unit.rows(DUE, (today - after_days, today, limit))]
    states = series_of(unit, {series for series, _ in due})
    groups: dict[int, list[tuple[int, int]]] = {}
    for pair in due:
        groups.setdefault(states[pair[0]].layout_number, []).append(pair)
    sealed = 0
    for number, group in groups.items():
        sealed += seal(unit, states[group[0][0]].layout, number, group)
        unit.run_many("DELETE FROM edited WHERE series = ? AND day = ?", group)
    return sealed


def seal(unit: Unit, layout: Layout, number: int, pairs: Sequence[tuple[int, int]]) -> int:
    """Seal these series and days of one layout. -> number of days sealed."""
    current = versions(unit, pairs)
    hot = _hot(unit, layout, HOT_OF_DAYS, sorted(pairs))
    in_blocks = [rows for _, rows in block_rows(unit, layout, current.keys())]
    rows = Rows.join([*in_blocks, hot]).ordered()
    if not len(rows):
        return 0
    days = split_days(layout, rows, zone(layout.zone).days(rows.at))
    _write(unit, layout, rows, days, number=number, current=current)
    return len(days.first)


def complete(
    unit: Unit, layout: Layout, number: int, pairs: Iterable[tuple[int, int]], arrived: Rows
) -> set[tuple[int, int]]:
    """Write the blocks of those days that are whole with the rows that have arrived, and have no block yet.

    What has arrived is not among the hot rows; of days that are not written it must go there. -> days written.
    """
    wanted = set(pairs)
    wanted -= versions(unit, wanted).keys()
    if not wanted:
        return set()
    rows = Rows.join([_hot(unit, layout, HOT_OF_DAYS, sorted(wanted)), arrived]).ordered()
    local_days = zone(layout.zone).days(rows.at)
    days = split_days(layout, rows, local_days)
    inside = rows_of(days, days.is_complete & np.array([pair in wanted for pair in days.pairs]))
    if not inside.any():
        return set()
    chosen = rows.take(inside)
    days = split_days(layout, chosen, local_days[inside])
    _write(unit, layout, chosen, days, number=number, current={}, beside=rows.take(~inside))
    return set(days.pairs)


def _write(
    unit: Unit,
    layout: Layout,
    rows: Rows,
    days: Days,
    *,
    number: int,
    current: dict[tuple[int, int], int],
    beside: Rows | None = None,
) -> None:
    """Write blocks; `beside` are rows of other days that are not stored yet."""
    before = [_predecessors(unit, layout, rows, days), *([beside] if beside is not None else [])]
    both = Rows.join([*before, rows]).ordered()
    _, is_ours = find(rows.keys, both.keys)
    amounts = energy(layout, both).take(is_ours)
    version = np.array([current.get(pair, 0) + 1 for pair in days.pairs])
    retire(unit, [pair for pair in days.pairs if pair in current])
    write_blocks(unit, layout, rows, days, amounts=amounts, number=number, version=version)
    drop_hot(unit, days.pairs)


def _hot(unit: Unit, layout: Layout, query: str, keys: Sequence[tuple[int, ...]]) -> Rows:
    if unit.is_postgresql:
        return wide.hot(unit, layout, query, keys)
    found = unit.rows_of(query, keys)
    if not found:
        return Rows.empty(layout.dtype)
    series, at, quality, data = zip(*found, strict=True)
    values = np.frombuffer(b"".join(data), layout.dtype)
    return Rows(np.array(series), np.array(at), np.array(quality, np.uint8), values)


def _predecessors(unit: Unit, layout: Layout, rows: Rows, days: Days) -> Rows:
    """Find the row before each of these days: the first interval's energy needs its registers."""
    opens = rows.at[days.first] == days.begins
    series, at = days.series[opens], days.begins[opens] - layout.period_s
    day = days.day[opens] - 1
    in_blocks = _closing_rows(unit, layout, series, day, at)
    hot = _hot(unit, layout, HOT_ROW, list(zip(series.tolist(), day.tolist(), at.tolist(), strict=True)))
    return Rows.join([in_blocks, hot]).ordered()


def _closing_rows(unit: Unit, layout: Layout, series: Ints, day: Ints, at: Ints) -> Rows:
    """Last rows of blocks out of their summary: the registers are right, all else is left zero."""
    pairs = zip(series.tolist(), day.tolist(), strict=True)
    wanted = set(zip(series.tolist(), at.tolist(), strict=True))
    found = [row for row in unit.rows_in(LAST, map(block_id, pairs)) if (row[0], row[1]) in wanted]
    if not found:
        return Rows.empty(layout.dtype)
    numbers, last_at, *registers = (np.array(column) for column in zip(*found, strict=True))
    values = np.zeros(len(found), layout.dtype)
    for name, readings in zip(layout.energy, registers, strict=True):
        if name is not None:
            values[name] = readings
    return Rows(numbers, last_at, np.full(len(found), Quality.RAW, np.uint8), values)
