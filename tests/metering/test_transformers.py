"""Ratios of measuring transformers: what is shown on the primary side, what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DefinitionError
from openami.metering.cells import PrimaryCell, cell
from openami.metering.state import Rules, State
from openami.metering.transformers import MOST, NAME, Transformers

ALL = slice(None)
PLAIN = ("power.factor", "angle.l1", "frequency", "demand.p.at.billing", "closing.billing.count")
RATIO = st.integers(1, MOST)


@given(st.integers(-400_000_000, 400_000_000), RATIO, RATIO, RATIO, RATIO)
def test_a_value_is_made_larger_by_both_ratios_and_cut_toward_zero(
    value: int, amps: int, one: int, volts: int, hundred: int
) -> None:
    held = Transformers.of(1, primary=True)
    ratios = {"ct_numerator": amps, "ct_denominator": one, "vt_numerator": volts, "vt_denominator": hundred}
    for name, part in ratios.items():
        held.set(name, 0, part)
    exact = abs(value) * amps * volts // (one * hundred)
    shown = held.shown(np.array([value]), ALL, current=True, voltage=True)[0]
    assert shown == (exact if value >= 0 else -exact)


def test_the_secondary_side_is_as_it_is() -> None:
    held = Transformers.of(2)
    held.set("ct_numerator", 0, 100)
    assert held.shown(np.array([7, 7]), ALL, current=True, voltage=True).tolist() == [7, 7]
    held.primary[:] = True
    assert held.shown(np.array([7, 7]), ALL, current=True, voltage=True).tolist() == [700, 7]
    assert held.shown(np.array([7, 7]), ALL, current=False, voltage=True).tolist() == [7, 7]
    for wrong in (0, -1, MOST + 1):
        with pytest.raises(DefinitionError, match="ratio"):
            held.set("vt_denominator", 0, wrong)


@pytest.mark.parametrize(
    ("name", "current", "voltage"),
    [
        ("primary.energy.active.import", True, True),
        ("primary.power.reactive.export.l2", True, True),
        ("primary.current.l1", True, False),
        ("primary.current.neutral", True, False),
        ("primary.voltage.l3", False, True),
        ("primary.window.q.average.voltage.l1", False, True),
        ("primary.window.q.energy.active.import", True, True),
        ("primary.demand.p.maximum.billing", True, True),
    ],
)
def test_each_quantity_is_concerned_by_its_ratios(name: str, current: bool, voltage: bool) -> None:
    found = cell(name)
    assert isinstance(found, PrimaryCell)
    assert (found.current, found.voltage) == (current, voltage)


@pytest.mark.parametrize("name", PLAIN)
def test_what_no_ratio_concerns_has_no_primary_side(name: str) -> None:
    with pytest.raises(DefinitionError):
        cell(f"primary.{name}")


def test_a_meter_without_transformers_refuses() -> None:
    with pytest.raises(DefinitionError, match="no measuring transformers"):
        cell("primary.voltage.l1").check(Rules())


def test_ratios_are_part_of_a_snapshot() -> None:
    rules = Rules(parts={NAME: lambda meters, _now: Transformers.of(meters)})
    state = State.create(2, 0, rules=rules)
    state.part(NAME, Transformers).set("vt_numerator", 1, 300)
    state.part(NAME, Transformers).primary[1] = True
    again = State.restore(state.snapshot(), rules).part(NAME, Transformers)
    assert again.vt_numerator.tolist() == [1, 300]
    assert again.primary.tolist() == [False, True]
