"""Keeping intervals of endpoints among the load curves, and the registers of midnight among the closings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from openami.headend.curves import intake as curves
from openami.headend.curves.repository import Series, ensure_series, rows_between
from openami.headend.ert.counting import INTERVAL_S
from openami.headend.ert.intervals import Boundaries, Ints, Told, boundaries
from openami.headend.kit.database import Unit
from openami.headend.kit.zone import zone
from openami.headend.registers import service as registers
from openami.headend.registry.layout import Layout
from openami.headend.registry.models import Role, model
from openami.phy.ert.idm import CONSUMPTIONS

DARK, FILLED = 0x80, 0x40
"""Bits of the status of a row: supply failed meanwhile; lost on the air and filled from a later message."""
DAILY = "daily"
METERS = "SELECT id, product, zone FROM meter WHERE id IN {keys}"


@dataclass(frozen=True, slots=True)
class Numbered:
    """What the endpoint of a meter told of intervals that begin `phase_s` after the full five minutes."""

    meter: int
    count_wh: int
    phase_s: int
    told: Sequence[Told]


class Stored(NamedTuple):
    """Rows that were not there before, and how many of them were filled."""

    new: int
    filled: int


class Fresh(NamedTuple):
    """Rows to be written: ends, registers, status; and how many of them fill a gap."""

    ends: Ints
    counts: Ints
    status: NDArray[np.uint8]
    filled: int


def store_intervals(unit: Unit, numbered: Sequence[Numbered]) -> Stored:
    """Keep them; what is there already stays as it is."""
    products = {row[0]: (row[1], row[2]) for row in unit.rows_in(METERS, {each.meter for each in numbered})}
    new = filled = 0
    for product, zone_name in sorted(set(products.values())):
        own = [each for each in numbered if products[each.meter] == (product, zone_name)]
        stored = _store(unit, own, product, zone_name)
        new, filled = new + stored.new, filled + stored.filled
    return Stored(new, filled)


def _store(unit: Unit, numbered: Sequence[Numbered], product: str, zone_name: str) -> Stored:
    item = model(product).main_profile
    layout = Layout.of(item, zone_name)
    series = ensure_series(unit, {each.meter for each in numbered}, item.logical_name, layout, is_rolled_up=True)
    arrivals: list[curves.Arrival] = []
    closings: list[registers.Closings] = []
    daily = Layout.of(model(product).find(DAILY), zone_name)
    filled = 0
    for each in numbered:
        fresh = renewed(each, stored_of(unit, series[each.meter], each))
        filled += fresh.filled
        values = records(layout, fresh, each.count_wh)
        arrivals.append(curves.Arrival(series[each.meter].id, fresh.ends - INTERVAL_S, values))
        closings += midnights(daily, each, fresh, zone_name)
    new = sum(curves.store(unit, arrivals).values())
    registers.store(unit, daily, closings)
    return Stored(new, filled)


def stored_of(unit: Unit, series: Series, numbered: Numbered) -> "Kept":
    """What is there of the boundaries that these messages reach."""
    numbers = [each.number for each in numbered.told]
    first = (min(numbers) - CONSUMPTIONS - 1) * INTERVAL_S + numbered.phase_s
    if series.last_at is None or series.last_at < first:
        return Kept({})
    rows = rows_between(unit, series, first, max(numbers) * INTERVAL_S + numbered.phase_s)
    name, status = series.layout.field(Role.IMPORT), series.layout.status
    assert name is not None
    assert status is not None
    ends = rows.at + INTERVAL_S - numbered.phase_s
    on_grid = ends % INTERVAL_S == 0
    counts = rows.values[name].astype(np.int64) // numbered.count_wh
    places = zip((ends // INTERVAL_S).tolist(), counts.tolist(), rows.values[status].tolist(), strict=True)
    return Kept({number: (count, bits) for (number, count, bits), fits in zip(places, on_grid, strict=True) if fits})


@dataclass(frozen=True, slots=True)
class Kept:
    """Count and status of each row that is there, by the number of its interval."""

    rows: Mapping[int, tuple[int, int]]

    @property
    def heard(self) -> Boundaries:
        """Those that were heard themselves."""
        found = [(number, count) for number, (count, status) in sorted(self.rows.items()) if not status & FILLED]
        numbers, counts = (np.array(column, np.int64) for column in (zip(*found, strict=True) if found else ((), ())))
        return Boundaries(numbers, counts, np.ones(len(found), np.bool_), np.zeros(len(found), np.bool_))


def renewed(numbered: Numbered, kept: Kept) -> Fresh:
    """Rows that are new, or better than those that are there: heard instead of filled, or known to be dark."""
    found = boundaries(numbered.told, kept.heard)
    rows = [*_renewed(found, kept)]
    ends, counts, status = (
        np.array(column, np.int64) for column in (zip(*rows, strict=True) if rows else ((), (), ()))
    )
    filled = sum(1 for number, _, bits in rows if bits & FILLED and number not in kept.rows)
    return Fresh(ends * INTERVAL_S + numbered.phase_s, counts, status.astype(np.uint8), filled)


def _renewed(found: Boundaries, kept: Kept) -> Iterator[tuple[int, int, int]]:
    columns = (found.number, found.count, found.is_heard, found.is_dark)
    for number, count, is_heard, is_dark in zip(*(column.tolist() for column in columns), strict=True):
        status = (0 if is_heard else FILLED) | (DARK if is_dark else 0)
        stands = kept.rows.get(number)
        row = count, status
        if stands is not None and not (is_heard and stands[1] & FILLED):
            row = stands[0], stands[1] | status & DARK
        elif stands is not None:
            row = count, status | stands[1] & DARK
        if stands != row:
            yield number, row[0], row[1]


def records(layout: Layout, fresh: Fresh, count_wh: int) -> NDArray[np.void]:
    """Rows as a layout packs them."""
    values = np.zeros(len(fresh.ends), layout.dtype)
    for column in layout.values:
        values[column.logical_name] = fresh.status if column.role is Role.STATUS else fresh.counts * count_wh
    return values


def midnights(daily: Layout, numbered: Numbered, fresh: Fresh, zone_name: str) -> list[registers.Closings]:
    """Registers that stood when a local day ended."""
    local = zone(zone_name)
    chosen = np.array([local.bounds(local.day(end))[0] == end for end in fresh.ends.tolist()], np.bool_)
    if not chosen.any():
        return []
    part = Fresh(fresh.ends[chosen], fresh.counts[chosen], fresh.status[chosen], 0)
    return [registers.Closings(numbered.meter, DAILY, part.ends, records(daily, part, numbered.count_wh))]
