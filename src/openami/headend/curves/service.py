"""Reading interval data: one meter's curve, a node's sum, what is missing, how much is there."""

from dataclasses import replace

import numpy as np

from openami.headend.curves.energy import energy
from openami.headend.curves.repository import BLOCK_SHIFT, Series, rows_between, series_of_meters
from openami.headend.curves.rows import Rows
from openami.headend.curves.schemas import Coverage, Curve, Neighbourhood
from openami.headend.kit.access import Permission, command
from openami.headend.kit.database import Unit
from openami.headend.kit.zone import zone
from openami.headend.registry import factors, network
from openami.headend.registry.layout import Layout
from openami.headend.registry.models import Role, model
from openami.headend.registry.schemas import Meter
from openami.headend.registry.service import meter as find_meter

MOST_GAPS = 8
"""More holes than this are asked for as one range."""

ROLLUP = """
    SELECT r.length_s, r.at, sum(r.n), sum(r.imported), sum(r.exported)
    FROM rollup r WHERE r.node IN {keys} AND r.at >= ? AND r.at < ? AND r.n > 0
    GROUP BY r.length_s, r.at ORDER BY r.length_s, r.at
"""
PERIODS = """
    SELECT s.id, l.definition FROM series s JOIN layout l ON l.id = s.layout WHERE s.id IN (
        SELECT max(o.id) FROM series o JOIN meter m ON m.id = o.meter
        WHERE o.is_rolled_up AND m.state IN ('installed', 'in use') GROUP BY o.meter)
"""
ENERGIES = """
    SELECT series, CAST(sum(import_sum) AS BIGINT), CAST(sum(export_sum) AS BIGINT)
    FROM block WHERE id >= ? AND id < ? GROUP BY series
"""
SEALED_OF_DAY = "SELECT series, n FROM block WHERE id >= ? AND id < ?"
HOT_OF_DAY = "SELECT series, count(*) FROM hot WHERE day = ? AND at < ? GROUP BY series"


@command(Permission.VIEW)
def curve(unit: Unit, serial: str, start: int, end: int, profile: str | None = None) -> Curve:
    """Intervals of a meter that start in [start, end); the load profile unless another is named."""
    meter = find_meter(unit, serial)
    name = profile or model(meter.product).main_profile.logical_name
    parts = [_part(unit, meter, series, start, end) for series in series_of_meters(unit, [meter.id], name)]
    parts = [part for part in parts if len(part)] or parts[:1]
    if not parts:
        return _nothing(meter, name)
    found = parts[0] if len(parts) == 1 else _joined(parts)
    ratios = factors.of_meter(unit, meter.id)
    return replace(found, ratio=factors.powers(ratios, found.starts)) if ratios else found


def _part(unit: Unit, meter: Meter, series: Series, start: int, end: int) -> Curve:
    layout = series.layout
    rows = rows_between(unit, series, start - layout.period_s, end) if end > start else Rows.empty(layout.dtype)
    amounts = energy(layout, rows)
    shown = rows.at >= start
    rows, amounts = rows.take(shown), amounts.take(shown)
    status = rows.values[layout.status] if layout.status else np.zeros(len(rows), np.uint8)
    masked = amounts.masked()
    scalers = [column.scaler for column in layout.values if column.role is Role.IMPORT]
    return Curve(
        serial=meter.serial,
        profile=series.profile,
        length_s=layout.period_s,
        zone=layout.zone,
        starts=rows.at,
        imported=masked[0],
        exported=masked[1],
        is_known=amounts.is_any,
        status=np.ascontiguousarray(status).astype(np.uint8),
        quality=rows.quality,
        registers={
            column.logical_name: rows.values[column.logical_name].astype(np.int64)
            for column in layout.values
            if column.role is not Role.STATUS
        },
        scaler=scalers[0] if scalers else 0,
    )


def _joined(parts: list[Curve]) -> Curve:
    """Join stretches under different capture lists; registers that not all of them have are left out."""
    starts = np.concatenate([part.starts for part in parts])
    order = np.argsort(starts, kind="stable")
    common = set(parts[0].registers).intersection(*(part.registers for part in parts))
    latest = parts[-1]
    return Curve(
        serial=latest.serial,
        profile=latest.profile,
        length_s=latest.length_s,
        zone=latest.zone,
        starts=starts[order],
        imported=np.concatenate([part.imported for part in parts])[order],
        exported=np.concatenate([part.exported for part in parts])[order],
        is_known=np.concatenate([part.is_known for part in parts])[order],
        status=np.concatenate([part.status for part in parts])[order],
        quality=np.concatenate([part.quality for part in parts])[order],
        registers={name: np.concatenate([part.registers[name] for part in parts])[order] for name in sorted(common)},
        scaler=latest.scaler,
    )


def _nothing(meter: Meter, profile: str) -> Curve:
    none = np.empty(0, np.int64)
    octets = np.empty(0, np.uint8)
    item = model(meter.product).main_profile
    return Curve(
        serial=meter.serial,
        profile=profile,
        length_s=item.period_s,
        zone=meter.zone,
        starts=none,
        imported=none,
        exported=none,
        is_known=np.empty(0, np.bool_),
        status=octets,
        quality=octets,
        registers={},
        scaler=0,
    )


@command(Permission.VIEW, is_undivided=True)
def neighbourhood(unit: Unit, start: int, end: int, node: str | None = None) -> Neighbourhood:
    """Energy per interval of a node and all below it, or of all there are, from the sums kept at intake."""
    if node is None:
        rows = unit.rows(ROLLUP.replace("r.node IN {keys} AND", ""), (start, end))
    else:
        rows = unit.rows_in(ROLLUP, network.below(unit, node), start, end)
    lengths = {row[0] for row in rows}
    length = max(lengths, default=900)
    columns = np.array([row[1:] for row in rows if row[0] == length], np.int64).reshape(-1, 4).T
    return Neighbourhood(node or "", length, *columns)


def energies(unit: Unit, first: int, last: int) -> dict[int, tuple[int, int]]:
    """Energy in the sealed days [first, last] of every series: series -> import, export in units of its registers."""
    rows = unit.rows(ENERGIES, (first << BLOCK_SHIFT, (last + 1) << BLOCK_SHIFT))
    return {series: (imported, exported) for series, imported, exported in rows}


def gaps(unit: Unit, state: Series, start: int, now: int) -> list[tuple[int, int]]:
    """Find what is missing of a series in [start, now): ranges of interval starts to ask the meter for."""
    period = state.layout.period_s
    start = max(start - start % period, state.complete_to or 0)
    end = now - now % period
    if start >= end:
        return []
    if state.last_at is None or state.last_at < start:
        return [(start, end)]
    present = rows_between(unit, state, start, end).at
    expected = np.arange(start, end, period)
    missing = expected[~np.isin(expected, present)]
    if not len(missing):
        return []
    breaks = np.flatnonzero(np.diff(missing) != period)
    firsts = missing[np.append(0, breaks + 1)].tolist()
    lasts = missing[np.append(breaks, len(missing) - 1)].tolist()
    if len(firsts) > MOST_GAPS:
        return [(firsts[0], lasts[-1] + period)]
    return [(first, last + period) for first, last in zip(firsts, lasts, strict=True)]


@command(Permission.VIEW, is_undivided=True)
def coverage(unit: Unit, day: int, until: int, zone_name: str) -> Coverage:
    """How much is stored of a local day of the rolled-up profiles, as far as `until` if that comes first."""
    begins, ends = zone(zone_name).bounds(day)
    passed = max(0, min(ends, until) - begins)
    periods = {series: Layout.parse(definition).period_s for series, definition in unit.rows(PERIODS)}
    sealed: dict[int, int] = dict(unit.rows(SEALED_OF_DAY, (day << 32, (day + 1) << 32)))
    hot = {series: n for series, n in unit.rows(HOT_OF_DAY, (day, begins + passed)) if series not in sealed}
    stored = np.array([sealed.get(series, hot.get(series, 0)) for series in periods], np.int64)
    expected = passed // np.array(list(periods.values()), np.int64)
    return Coverage(
        day=day,
        meters=len(periods),
        complete=int((stored >= expected).sum()),
        intervals=int(np.minimum(stored, expected).sum()),
        expected=int(expected.sum()),
    )
