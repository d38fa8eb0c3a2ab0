"""What is compared: a product stands under no load, at its own nominal voltage, and may live."""

import pytest

from openami.meters import product
from openami.meters.cloning.sides import NEW_YEAR, no_load
from openami.meters.fleet import Fleet


@pytest.mark.parametrize(("slug", "phases", "volts"), [("ad13a", 3, 240.0), ("sm120b2", 1, 230.0), ("im351", 3, 230.0)])
def test_a_meter_without_load_lives_at_nominal_voltage_and_counts_nothing(slug: str, phases: int, volts: float) -> None:
    held = product.load(slug)
    load = no_load(held)
    minutes = load.power(NEW_YEAR, 5)
    assert minutes.voltage_mv.shape == (5, 1, phases)
    assert (minutes.voltage_mv == volts * 1000).all()
    assert not minutes.active_mw.any()
    fleet = Fleet.create(held, 1, start_utc=NEW_YEAR, load=load, now=lambda: float(NEW_YEAR), random=bytes)
    fleet.advance_to(NEW_YEAR + 86_400)
    assert not fleet.holding.laws.registers.mj_total.any()
    assert fleet.holding.laws.supply.powered.all()
