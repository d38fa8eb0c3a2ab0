"""Taking rows in, whatever way they came: read, pushed, late, repeated or edited.

Everything of one layout goes through the same arrays at once. What is stored already and equal changes
nothing; what is new goes to hot rows or, where a day is whole, straight into its block; sums per node follow
the difference between the energy known before and after, so that they hold whatever the order of arrival.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.headend.curves.blocks import Days, rows_of, split_days, write_blocks
from openami.headend.curves.energy import Energy, energy
from openami.headend.curves.repository import (
    Series,
    add_rollup,
    advance,
    keep_hot,
    last_rows,
    note_edits,
    rows_between,
    series_of,
)
from openami.headend.curves.rows import RANK, Ints, Mask, Quality, Rows, find, join_records
from openami.headend.curves.seal import complete
from openami.headend.kit.database import Unit
from openami.headend.kit.zone import zone
from openami.headend.registry import factors
from openami.headend.registry.layout import Layout


@dataclass(frozen=True, slots=True)
class Arrival:
    """Rows of one series as they came in."""

    series: int
    starts: Ints
    values: NDArray[np.void]
    quality: Quality = Quality.RAW
    is_settled: bool = False
    """The meter was asked for all up to the last of these rows, so what is not here it does not have."""


@dataclass(frozen=True, slots=True)
class Merge:
    """What is known of some series before and after an intake, over the rows that matter."""

    rows: Rows
    is_new: Mask
    """Row was not there before."""
    is_changed: Mask
    """Row is new or differs."""
    before: Energy
    after: Energy


def store(unit: Unit, arrivals: Sequence[Arrival]) -> dict[int, int]:
    """Take rows in. -> number of rows that were not there before, by series."""
    filled = [arrival for arrival in arrivals if len(arrival.starts)]
    states = series_of(unit, {arrival.series for arrival in filled}, to_change=True)
    layouts: dict[int, list[Arrival]] = {}
    for arrival in filled:
        layouts.setdefault(states[arrival.series].layout_number, []).append(arrival)
    stored: dict[int, int] = {}
    for _, group in sorted(layouts.items()):  # in one order, so that two intakes do not wait for each other
        stored |= _store_layout(unit, states, group)
    return stored


def _store_layout(unit: Unit, states: Mapping[int, Series], arrivals: Sequence[Arrival]) -> dict[int, int]:
    layout = states[arrivals[0].series].layout
    rows = _without_repeats(layout, states, _rows(arrivals))
    if not len(rows):
        return {}
    first = np.flatnonzero(np.diff(rows.series, prepend=-1))
    ends = np.append(first[1:], len(rows)) - 1
    late: list[Rows] = []
    fresh: list[Series] = []
    spans = zip(rows.series[first].tolist(), rows.at[first].tolist(), rows.at[ends].tolist(), strict=True)
    for number, start, end in spans:
        state = states[number]
        if state.last_at is None or start > state.last_at:
            fresh.append(state)
        else:
            late.append(rows_between(unit, state, start - layout.period_s, end + layout.period_s + 1))
    known = Rows.join([last_rows(layout, fresh, Quality.RAW), *late]).ordered()
    merge = _merge(layout, known, rows)
    _roll_up(unit, states, layout, merge)
    _keep(unit, states, layout, merge, {state.id for state in fresh})
    progress = list(_progress(states, arrivals, merge))
    advance(unit, progress)
    return {number: new for *_, new, number in progress if new}


def _rows(arrivals: Sequence[Arrival]) -> Rows:
    lengths = [len(arrival.starts) for arrival in arrivals]
    return Rows(
        np.repeat(np.array([arrival.series for arrival in arrivals]), lengths),
        np.concatenate([arrival.starts for arrival in arrivals]),
        np.repeat(np.array([arrival.quality for arrival in arrivals], np.uint8), lengths),
        join_records([arrival.values for arrival in arrivals]),
    ).ordered()


def _without_repeats(layout: Layout, states: Mapping[int, Series], rows: Rows) -> Rows:
    """Leave out what equals the latest row that is stored: readers and pushes often overlap by one row."""
    numbers = rows.series[np.flatnonzero(np.diff(rows.series, prepend=-1))].tolist()
    latest = last_rows(layout, [states[number] for number in numbers], Quality.RAW)
    place, is_stored = find(rows.keys, latest.keys)
    is_repeat = np.zeros(len(rows), np.bool_)
    is_repeat[place[is_stored]] = rows.values[place[is_stored]] == latest.values[is_stored]
    is_repeat &= rows.quality == Quality.RAW
    return rows.take(~is_repeat) if is_repeat.any() else rows


def _merge(layout: Layout, old: Rows, arrived: Rows) -> Merge:
    """Lay what arrived over what is known; a value of lower rank changes nothing."""
    place, is_known = find(old.keys, arrived.keys)
    is_changed = ~is_known
    if is_known.any():
        stands = old.take(place[is_known])
        came = arrived.take(is_known)
        differs = (stands.values != came.values) | (stands.quality != came.quality)
        is_changed[is_known] = differs & (RANK[came.quality] >= RANK[stands.quality])
    rows = Rows.join([old, arrived.take(is_changed)]).ordered()
    was, stood = find(old.keys, rows.keys)
    came_at, changed = find(arrived.keys, rows.keys)
    changed &= is_changed[came_at]
    known_before = energy(layout, old)
    before = Energy(
        np.where(stood, known_before.amount[:, was], 0) if len(old) else np.zeros((2, len(rows)), np.int64),
        known_before.is_known[:, was] & stood if len(old) else np.zeros((2, len(rows)), np.bool_),
    )
    return Merge(rows, ~stood, changed, before, energy(layout, rows))


def _roll_up(unit: Unit, states: Mapping[int, Series], layout: Layout, merge: Merge) -> None:
    """Add what this intake changes to the sums of the nodes."""
    counted = merge.after.is_any.astype(np.int64) - merge.before.is_any.astype(np.int64)
    after, before = _behind_transformers(unit, states, merge)
    amount = after - before
    moved = np.flatnonzero((counted != 0) | amount.any(axis=0))
    if not len(moved):
        return
    series, index = np.unique(merge.rows.series[moved], return_inverse=True)
    nodes = np.array([states[number].node if states[number].is_rolled_up else -1 for number in series.tolist()])
    node = nodes[index]
    moved, node = moved[node >= 0], node[node >= 0]
    order = np.lexsort((merge.rows.at[moved], node))
    moved, node = moved[order], node[order]
    at = merge.rows.at[moved]
    first = np.flatnonzero((np.diff(at, prepend=-1) != 0) | (np.diff(node, prepend=-1) != 0))
    if not len(first):
        return
    columns: list[Ints] = [counted, amount[0], amount[1]]
    sums = [np.add.reduceat(column[moved], first).tolist() for column in columns]
    lengths = [layout.period_s] * len(first)
    add_rollup(unit, zip(node[first].tolist(), lengths, at[first].tolist(), *sums, strict=True))


def _behind_transformers(unit: Unit, states: Mapping[int, Series], merge: Merge) -> tuple[Ints, Ints]:
    """Energy after and before, as it went through the node: times the ratios of the transformers before the meters."""
    after, before = merge.after.masked(), merge.before.masked()
    series = merge.rows.series
    ratios = factors.of_meters(unit, {states[number].meter for number in np.unique(series).tolist()})
    if not ratios:
        return after, before
    scale = np.ones(len(series))
    for number in np.unique(series).tolist():
        if own := ratios.get(states[number].meter):
            scale[series == number] = factors.powers(own, merge.rows.at[series == number])
    # Rounded by themselves, so that what is taken back later is what was added.
    return np.rint(after * scale).astype(np.int64), np.rint(before * scale).astype(np.int64)


def _keep(unit: Unit, states: Mapping[int, Series], layout: Layout, merge: Merge, fresh: set[int]) -> None:
    """Write changed rows: whole new days into blocks, all others to the hot ones.

    A row whose energy alone changed (its predecessor came late) goes to the hot rows too: if its day is
    sealed, the next seal then makes the summary anew.
    """
    energy_moved = (merge.after.amount != merge.before.amount) & merge.after.is_known
    touched = merge.is_changed | energy_moved.any(axis=0) | (merge.after.is_known != merge.before.is_known).any(axis=0)
    if not touched.any():
        return
    rows = merge.rows.take(touched)
    amounts = merge.after.take(touched)
    local_days = zone(layout.zone).days(rows.at)
    days = split_days(layout, rows, local_days)
    is_fresh = np.array([number in fresh for number in days.series.tolist()])
    whole = is_fresh & days.is_complete
    number = states[int(rows.series[0])].layout_number
    if whole.any():
        inside = rows_of(days, whole)
        chosen = rows.take(inside)
        write_blocks(
            unit,
            layout,
            chosen,
            split_days(layout, chosen, local_days[inside]),
            amounts=amounts.take(inside),
            number=number,
            version=np.ones(int(whole.sum()), np.int64),
        )
    if not whole.all():
        nearly = _over(states, layout, merge, days, whole)
        _keep_rest(unit, layout, number, rows.take(~rows_of(days, whole)), nearly)


def _keep_rest(unit: Unit, layout: Layout, number: int, rows: Rows, nearly: Sequence[tuple[int, int]]) -> None:
    """Complete the days that hot rows have begun; what belongs to others goes to the hot rows."""
    local_days = zone(layout.zone).days(rows.at)
    days = split_days(layout, rows, local_days)
    note_edits(unit, days.pairs)
    is_nearly = _rows_in(days, nearly)
    keep_hot(unit, rows.take(~is_nearly), local_days[~is_nearly])
    if is_nearly.any():
        is_left = is_nearly & ~_rows_in(days, complete(unit, layout, number, nearly, rows.take(is_nearly)))
        keep_hot(unit, rows.take(is_left), local_days[is_left])


def _rows_in(days: Days, pairs: Iterable[tuple[int, int]]) -> Mask:
    """Which rows belong to these series and days. -> [n]."""
    wanted = set(pairs)
    return rows_of(days, np.array([pair in wanted for pair in days.pairs], np.bool_))


def _over(states: Mapping[int, Series], layout: Layout, merge: Merge, days: Days, whole: Mask) -> list[tuple[int, int]]:
    """Days that may have become complete: their last row is there, and rows of them were there before."""
    series, last = np.unique(merge.rows.series[::-1], return_index=True)
    latest = dict(zip(series.tolist(), merge.rows.at[::-1][last].tolist(), strict=True))
    candidates: list[tuple[int, int]] = []
    for index in np.flatnonzero(~whole).tolist():
        number = int(days.series[index])
        before = states[number].last_at
        begins = int(days.begins[index])
        ends = begins + int(days.expected[index]) * layout.period_s
        reaches = max(latest[number], before or 0) + layout.period_s >= ends
        if reaches and before is not None and before >= begins:
            candidates.append((number, int(days.day[index])))
    return candidates


def _progress(
    states: Mapping[int, Series], arrivals: Sequence[Arrival], merge: Merge
) -> Iterator[tuple[int | None, int, bytes, int, int]]:
    """How far each series is stored now, as `advance` takes it."""
    rows = merge.rows
    first = np.flatnonzero(np.diff(rows.series, prepend=-1))
    ends = np.append(first[1:], len(rows)) - 1
    asked = {arrival.series for arrival in arrivals if arrival.is_settled}
    values = rows.values[ends].view(f"V{rows.values.dtype.itemsize}").tolist()
    new = np.add.reduceat(merge.is_new, first, dtype=np.int64).tolist()
    columns = (rows.series[first].tolist(), rows.at[ends].tolist(), values, new, first.tolist(), ends.tolist())
    for number, latest, record, count, begin, end in zip(*columns, strict=True):
        state = states[number]
        last_at, last_values = latest, record
        if state.last_at is not None and latest < state.last_at:
            last_at, last_values = state.last_at, state.last_values or b""
        complete_to = state.complete_to
        if number in asked:
            complete_to = max(complete_to or 0, last_at + state.layout.period_s)
        elif complete_to is not None:
            complete_to = _contiguous(complete_to, rows.at[begin : end + 1], state.layout.period_s)
        yield complete_to, last_at, last_values, count, number


def _contiguous(complete_to: int, at: Ints, period_s: int) -> int:
    """Where the rows stop that follow without a gap on what is complete."""
    at = at[np.searchsorted(at, complete_to) :]
    breaks = np.flatnonzero(at != complete_to + np.arange(len(at)) * period_s)
    run = int(breaks[0]) if len(breaks) else len(at)
    return complete_to + run * period_s
