"""Instrument transformers before a meter: their ratios, each from an instant on, and what they do to a reading.

A meter that stands behind current (CT) and voltage transformers (VT) and was not told their ratios counts secondary
values. Its integers are kept as they are; the ratio is applied where somebody looks. A meter that was told its
ratios and shows primary values has none here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError, LocalProtocolError
from openami.core.units import Unit as PhysicalUnit
from openami.headend.accounts import audit
from openami.headend.kit.access import Permission, command, demand
from openami.headend.kit.database import Unit
from openami.headend.registry import service

MOST: Final = 1e6
POWERS: Final = frozenset({
    PhysicalUnit.WATT, PhysicalUnit.VAR, PhysicalUnit.VOLT_AMPERE,
    PhysicalUnit.WATT_HOUR, PhysicalUnit.VAR_HOUR, PhysicalUnit.VOLT_AMPERE_HOUR,
})  # fmt: skip
CURRENTS: Final = frozenset({PhysicalUnit.AMPERE, PhysicalUnit.AMPERE_HOUR})


@dataclass(frozen=True, slots=True)
class Factor:
    """Ratios of the transformers before a meter from `since` (epoch seconds) on; amperes and volts."""

    since: int = 0
    ct_primary: float = 1.0
    ct_secondary: float = 1.0
    vt_primary: float = 1.0
    vt_secondary: float = 1.0

    @property
    def current(self) -> float:
        """Primary amperes of one secondary ampere."""
        return self.ct_primary / self.ct_secondary

    @property
    def voltage(self) -> float:
        """Primary volts of one secondary volt."""
        return self.vt_primary / self.vt_secondary

    @property
    def power(self) -> float:
        """Primary watts of one secondary watt, and watt-hours of a watt-hour."""
        return self.ct_primary * self.vt_primary / (self.ct_secondary * self.vt_secondary)

    def of(self, unit: PhysicalUnit) -> float:
        """What a reading in that unit is to be multiplied with."""
        if unit in POWERS:
            return self.power
        if unit in CURRENTS:
            return self.current
        return self.voltage if unit is PhysicalUnit.VOLT else 1.0


NONE: Final = Factor()


@command(Permission.VIEW)
def history(unit: Unit, serial: str) -> tuple[Factor, ...]:
    """Ratios of a meter, in order of time; before the first of them there is none."""
    return of_meter(unit, service.meter(unit, serial).id)


def of_meter(unit: Unit, number: int) -> tuple[Factor, ...]:
    """Ratios of a meter by its number."""
    rows = unit.rows(
        "SELECT since, ct_primary, ct_secondary, vt_primary, vt_secondary FROM factor WHERE meter = ? ORDER BY since",
        (number,),
    )
    return tuple(Factor(*row) for row in rows)


def of_meters(unit: Unit, numbers: Iterable[int]) -> dict[int, list[Factor]]:
    """Ratios of those meters that have any, in order of time."""
    if not unit.rows("SELECT 1 FROM factor LIMIT 1"):
        return {}
    found: dict[int, list[Factor]] = {}
    for number, *factor in unit.rows_in(
        "SELECT meter, since, ct_primary, ct_secondary, vt_primary, vt_secondary FROM factor"
        " WHERE meter IN {keys} ORDER BY meter, since",
        numbers,
    ):
        found.setdefault(number, []).append(Factor(*factor))
    return found


def at(factors: Sequence[Factor], instant: int) -> Factor:
    """Ratios in force at an instant."""
    return next((each for each in reversed(factors) if each.since <= instant), NONE)


def powers(factors: Sequence[Factor], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """What energy of intervals is to be multiplied with, by their starts. [n] -> [n]."""
    ratios = np.array([1.0, *(each.power for each in factors)])
    found: NDArray[np.float64] = ratios[np.searchsorted([each.since for each in factors], starts, "right")]
    return found


@command(Permission.REGISTRY)
def write(unit: Unit, serial: str, factor: Factor) -> None:
    """Say which ratios hold from an instant on; the same instant again corrects them.

    Raises:
        DecodeError: a figure is not above 0.
    """
    meter = service.meter(unit, serial)
    demand(unit, Permission.REGISTRY, meter.area)
    for name in ("ct_primary", "ct_secondary", "vt_primary", "vt_secondary"):
        value = getattr(factor, name)
        if not isfinite(value) or not 0 < value <= MOST:
            raise DecodeError(f"{name} {value:g}: expected more than 0, at most {MOST:g}")
    was = at(of_meter(unit, meter.id), factor.since)
    keep(unit, meter.id, factor)
    audit.note(
        unit, "meter.factor", serial, scope=meter.area, since=factor.since, was=was.power, becomes=factor.power,
        ct=f"{factor.ct_primary:g}/{factor.ct_secondary:g}", vt=f"{factor.vt_primary:g}/{factor.vt_secondary:g}",
    )  # fmt: skip


def keep(unit: Unit, number: int, factor: Factor) -> None:
    """Write ratios down."""
    unit.run(
        "INSERT INTO factor (meter, since, ct_primary, ct_secondary, vt_primary, vt_secondary)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (meter, since) DO UPDATE SET ct_primary = excluded.ct_primary,"
        " ct_secondary = excluded.ct_secondary, vt_primary = excluded.vt_primary, vt_secondary = excluded.vt_secondary",
        (number, factor.since, factor.ct_primary, factor.ct_secondary, factor.vt_primary, factor.vt_secondary),
    )


@command(Permission.REGISTRY)
def drop(unit: Unit, serial: str, since: int) -> None:
    """Take back ratios that were written down for an instant."""
    meter = service.meter(unit, serial)
    demand(unit, Permission.REGISTRY, meter.area)
    if not unit.run("DELETE FROM factor WHERE meter = ? AND since = ?", (meter.id, since)):
        raise LocalProtocolError(f"meter {serial} has no factor from that instant on")
    audit.note(unit, "meter.factor.drop", serial, scope=meter.area, since=since)
