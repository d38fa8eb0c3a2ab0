"""Monthly and daily rows of the prepayment meters: the printed objects in the printed order, credit among them."""

import pytest

from openami.cosem.prepayment import Currency, CurrencyUnit
from openami.dlms.xdlms import ActionResult, DataAccessResult
from products.standing import DAY_S, HOUR_S, START, Standing, each, utc_of
from products.test_sensemi_keypad import emptied, typed
from products.till import Till

SUCCESS, DONE = DataAccessResult.SUCCESS, ActionResult.SUCCESS
FIRST_WH = 1_000_000
MONTHLY = [
    "clock.time", "active_energy_import.value", "active_energy_export.value", "reactive_energy_import.value",
    "reactive_energy_export.value", "active_energy_of_period.value", "reactive_energy_of_period.value",
    "token_credit.current_credit_amount", "charging_amount.value", "consumption_amount.value",
    "maximum_demand_active.value", "maximum_demand_reactive.value",
]  # fmt: skip
DAILY = [*MONTHLY[:5], "account.available_credit", "consumption_amount.value"]


def columns(meter: Standing, profile: str) -> list[str]:
    """What a profile captures, by the names of the product file."""
    found = []
    for item in meter.read(f"{profile}.capture_objects"):
        held = meter.product.by_key[item.class_id, item.logical_name]
        found.append(f"{held.name}.{held.interface.attributes[item.attribute_id].name}")
    return found


@each(sed102="", sed302="SED302-38 SED302-36")
def test_the_monthly_row_has_balance_charging_and_consumption_of_its_month(slug: str) -> None:
    meter = Standing(slug, amps=2.0, degrees=60.0, start_utc=START - 2 * DAY_S).live(HOUR_S)
    assert columns(meter, "billing_values") == MONTHLY
    typed(meter, Till(meter).credit(500) + "#").live(HOUR_S)
    typed(meter, Till(meter).credit(250) + "#").live(2 * DAY_S)
    [row] = meter.rows("billing_values")
    used, varh = row[1], row[3]
    assert row[5:7] == (used, varh)
    assert row[7:10] == (FIRST_WH + 75_000 - used, 75_000, used)
    assert min(row[10:12]) > 0
    assert meter.read("charging_amount") == 0, "a new month has begun"
    typed(meter, Till(meter).credit(100) + "#").live(DAY_S).hand("billing_reset")
    later = meter.rows("billing_values")[-1]
    assert utc_of(later[0]) == meter.now
    assert later[5] == later[1] - used
    assert later[7:10] == (FIRST_WH + 85_000 - later[1], 10_000, later[5])
    assert meter.restart().rows("billing_values")[-1] == later


@each(sed102="", sed302="SED302-41 SED302-39")
def test_the_daily_row_has_available_credit_and_consumption_of_the_month(slug: str) -> None:
    meter = Standing(slug, amps=2.0, degrees=60.0).live(HOUR_S)
    assert columns(meter, "daily_values") == DAILY
    typed(meter, Till(meter).credit(500) + "#").live(3 * DAY_S)
    rows = meter.rows("daily_values")
    assert [utc_of(row[0]) - START for row in rows] == [DAY_S, 2 * DAY_S, 3 * DAY_S]
    for row in rows:
        assert row[5] + row[1] == FIRST_WH + 50_000
        assert row[6] == row[1], "since the meter is new"
    assert rows[0][6] < rows[1][6] < rows[2][6]
    assert min(rows[0][1], rows[0][3]) > 0 == rows[0][2] == rows[0][4]


@pytest.mark.feature("SED302-38", "SED302-41")
def test_amounts_are_money_where_the_account_has_a_currency() -> None:
    meter = emptied(Standing("sed302", start_utc=START - 2 * DAY_S).live(HOUR_S))
    assert meter.write("account.currency", Currency("EUR", -2, CurrencyUnit.MONETARY)) is SUCCESS
    assert meter.act("token_credit.set_amount_to_value", 5_000) is DONE
    meter.live(3 * DAY_S)
    assert [row[7:10] for row in meter.rows("billing_values")] == [(5_000, 5_000, 0)]
    assert [row[5] for row in meter.rows("daily_values")] == [5_000] * 3
    assert meter.read("charging_amount.scaler_unit") == (-2, 10)
