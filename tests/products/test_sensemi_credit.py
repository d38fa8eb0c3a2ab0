"""Credit of the prepayment meters as clients see it: account, charges, friendly hours, other forms of tokens."""

from pathlib import Path

import pytest

from openami.cosem.prepayment import (
    AccountMode,
    AccountStatus,
    ChargeElement,
    ChargeScaling,
    Currency,
    CurrencyUnit,
    ModeAndStatus,
)
from openami.dlms.xdlms import ActionResult, CaptureObject, DataAccessResult
from openami.meters import tokens
from openami.sts.keys import EA
from openami.sts.rules import Result
from products.standing import DAY_S, HOUR_S, Standing
from products.till import Till

SUCCESS = ActionResult.SUCCESS
SED = ["sed102", "sed302"]
DAILY = (
    "clock.time active_energy_import active_energy_export reactive_energy_import reactive_energy_export "
    "account.available_credit consumption_amount"
)


def entered(meter: Standing, token: str) -> Result:
    """Enter a token by class 115; its result."""
    assert meter.act("token_gateway.enter", token.encode()) is SUCCESS
    return Result(meter.read("token_result"))


def captured(meter: Standing, profile: str, names: str) -> dict[str, int]:
    """Columns of the last row of a profile, by what is captured; the list of objects must be just that."""
    wanted = []
    for name in names.split():
        definition, number = meter.object(name)
        wanted.append(CaptureObject(definition.interface.class_id, definition.logical_name, number, 0))
    assert meter.read(f"{profile}.capture_objects") == wanted
    return dict(zip(names.split(), meter.rows(profile)[-1], strict=True))


# Captures


@pytest.mark.feature("SED302-41")
@pytest.mark.parametrize("slug", SED)
def test_a_day_ends_with_available_credit_and_consumption_of_the_month(slug: str) -> None:
    meter = Standing(slug, amps=2.0).until("2026-11-03 23:00")
    assert entered(meter, Till(meter).credit(100)) is Result.ACCEPT
    meter.until("2026-11-04 23:00")
    row = captured(meter, "daily_values", DAILY)
    used = row["active_energy_import"]
    assert (row["account.available_credit"], row["consumption_amount"]) == (1_010_000 - used, used)
    meter.act("token_credit.set_amount_to_value", 0)
    assert meter.act("emergency_credit.invoke_credit") is SUCCESS
    meter.until("2026-11-05 23:00")
    row = captured(meter, "daily_values", DAILY)
    assert row["account.available_credit"] == max(0, 10_000 - (row["active_energy_import"] - used))


# Account and charges


def test_thresholds_are_written_and_the_alarm_comes_once() -> None:
    meter = Standing("sed302", amps=10.0).live(60)
    assert meter.write("account.low_credit_threshold", 990_000) is DataAccessResult.SUCCESS
    assert not meter.read("account.current_credit_status")[1]
    meter.live(2 * HOUR_S)
    status = meter.read("account.current_credit_status")
    assert [status[bit] for bit in range(7)] == [True, True, True, False, False, False, False]
    assert meter.events("standard_event_log").count(230) == 1
    assert meter.read("token_credit.warning_threshold") == 990_000
    assert meter.write("account.low_credit_threshold", -1) is not DataAccessResult.SUCCESS


def test_an_account_goes_from_active_to_closed_to_new_and_back() -> None:
    meter = Standing("sed302", amps=1.0).live(60)
    assert meter.act("account.activate_account") is not SUCCESS
    for method, status in (("close", "CLOSED"), ("reset", "NEW_INACTIVE"), ("activate", "ACTIVE")):
        assert meter.act(f"account.{method}_account") is SUCCESS
        assert meter.read("account.account_mode_and_status").account_status is AccountStatus[status]
    assert meter.read("token_credit.current_credit_amount") == 0
    assert not meter.read("disconnect_control.output_state")
    later = ModeAndStatus(AccountMode.CREDIT, AccountStatus.ACTIVE)
    assert meter.write("account.account_mode_and_status", later) is DataAccessResult.SUCCESS
    assert meter.read("disconnect_control.output_state"), "who pays later is not disconnected"


def test_arrears_take_their_share_of_tokens_until_they_are_paid() -> None:
    meter = Standing("sed302").live(60)
    assert meter.act("arrears_charge.set_total_amount_remaining", 20_000) is SUCCESS
    assert meter.act("arrears_charge.update_total_amount_remaining", 5_000) is SUCCESS
    assert meter.write("arrears_charge.proportion", 5_000) is DataAccessResult.SUCCESS
    assert meter.write("arrears_charge.proportion", 10_001) is not DataAccessResult.SUCCESS
    assert meter.read("account.aggregated_debt") == 25_000
    assert [entered(meter, Till(meter).credit(400)) for _ in range(2)] == [Result.ACCEPT] * 2
    assert meter.read("arrears_charge.total_amount_remaining") == 0
    assert meter.read("arrears_charge.total_amount_paid") == 25_000
    assert meter.read("arrears_charge.last_collection_amount") == 5_000
    assert meter.read("token_credit.current_credit_amount") == 1_000_000 + 80_000 - 25_000


def test_a_charge_of_the_day_is_written_and_collected_at_midnight() -> None:
    meter = Standing("sed302").live(60)
    charge = meter.read("daily_charge.unit_charge_active")
    made = charge._replace(charge_table=[ChargeElement(b"", 300)])
    assert meter.write("daily_charge.unit_charge_active", made) is DataAccessResult.SUCCESS
    meter.live(2 * DAY_S)
    assert meter.read("daily_charge.total_amount_paid") == 600
    assert meter.read("token_credit.current_credit_amount") == 1_000_000 - 600
    assert meter.read("consumption_amount") == 600
    negative = charge._replace(charge_table=[ChargeElement(b"", -1)])
    assert meter.write("daily_charge.unit_charge_active", negative) is not DataAccessResult.SUCCESS


def test_friendly_hours_are_written_and_keep_the_supply_on() -> None:
    meter = Standing("sed302", amps=10.0).live(60)
    assert meter.write("friendly_hours", (72, 32, 0x7F)) is DataAccessResult.SUCCESS
    assert meter.write("friendly_hours", (97, 0, 1)) is not DataAccessResult.SUCCESS
    meter.act("token_credit.set_amount_to_value", 100)
    meter.until("2026-11-02 06:59")
    assert meter.read("disconnect_control.output_state")
    assert meter.read("account.amount_to_clear") > 0
    meter.until("2026-11-02 07:00")
    assert not meter.read("disconnect_control.output_state")


def test_steps_of_prices_are_bounded_by_what_was_used_in_the_month() -> None:
    meter = Standing("sed302").live(60)
    assert meter.write("charge_steps", [100_000, 300_000]) is DataAccessResult.SUCCESS
    assert meter.read("charge_steps") == [100_000, 300_000]
    assert meter.write("charge_steps", [3, 2]) is not DataAccessResult.SUCCESS
    prices = meter.read("consumption_charge.unit_charge_passive")
    assert len(prices.charge_table) == 16, "four rates of four steps"
    refused = meter.write("consumption_charge.unit_charge_passive", prices)
    assert refused is not DataAccessResult.SUCCESS, "there are no prices where credit is in kWh"


def test_prices_are_set_all_or_none_and_change_at_their_time() -> None:
    meter = Standing("sed302", amps=10.0).live(60)
    meter.act("token_credit.set_amount_to_value", 0)
    assert meter.write("account.currency", Currency("EUR", -2, CurrencyUnit.MONETARY)) is DataAccessResult.SUCCESS
    meter.act("token_credit.set_amount_to_value", 1_000_000)
    passive = meter.read("consumption_charge.unit_charge_passive")
    assert passive.charge_per_unit_scaling == ChargeScaling(3, -5)
    table = [element._replace(charge_per_unit=20_000) for element in passive.charge_table]
    assert meter.act("consumption_charge.update_unit_charge", table) is SUCCESS
    wrong = [*table[:3], ChargeElement(b"\x09\x01", 5)]
    assert meter.act("consumption_charge.update_unit_charge", wrong) is not SUCCESS
    coarse = passive._replace(charge_per_unit_scaling=ChargeScaling(3, -2))
    dear = coarse._replace(charge_table=[element._replace(charge_per_unit=500) for element in table])
    assert meter.write("consumption_charge.unit_charge_passive", dear) is DataAccessResult.SUCCESS
    fine = passive._replace(charge_table=[ChargeElement(b"\x01\x01", 7)])
    refused = meter.write("consumption_charge.unit_charge_passive", fine)
    assert refused is not DataAccessResult.SUCCESS, "5.00 does not go on the scale of 10^-5"
    assert meter.read("consumption_charge.unit_charge_passive") == dear
    at = meter.fleet.holding.laws.rule_of(0).stamp(meter.now + 2 * HOUR_S)
    assert meter.write("consumption_charge.unit_charge_activation_time", at) is DataAccessResult.SUCCESS
    first = meter.read("active_energy_import")
    used = meter.live(2 * HOUR_S).read("active_energy_import") - first
    assert meter.read("consumption_charge.total_amount_paid") == used * 20 // 1_000
    meter.live(HOUR_S)
    later = meter.read("active_energy_import") - first - used
    assert meter.read("consumption_charge.total_amount_paid") == (used * 20_000 + later * 500_000) // 10**6
    assert meter.read("consumption_charge.unit_charge_active") == dear
    assert meter.read("token_credit.current_credit_amount") < 1_000_000


# Other meters of the same kind


def variant(folder: Path, *lines: str) -> Standing:
    """A meter of the same product with other settings."""
    file = folder / "variant.toml"
    file.write_text("\n".join(('extends = "sed302"', "[prepayment]", *lines)))
    return Standing(str(file)).live(60)


def test_a_token_is_ten_octets_where_the_product_says_so(tmp_path: Path) -> None:
    meter = variant(tmp_path, 'form = "bcd"')
    octets = bytes.fromhex(Till(meter).credit())
    assert meter.act("token_gateway.enter", octets) is SUCCESS
    assert meter.read("token_result") == Result.ACCEPT
    assert meter.read("token_gateway.token") == octets
    assert meter.act("token_gateway.enter", octets.hex().encode()) is SUCCESS
    assert meter.read("token_result") == Result.FORMAT


@pytest.mark.parametrize("ea", [7, 11])
def test_a_meter_with_the_default_key_takes_credit_after_its_first_key_change(ea: int, tmp_path: Path) -> None:
    meter = variant(tmp_path, "key_type = 1", f"ea = {ea}", 'manufacturer = "0100"')
    till = Till(meter)
    facts = tokens.identity(till.view)
    assert (len(facts.drn.digits), facts.attributes.ea) == (13, EA(ea))
    assert entered(meter, till.credit()) is Result.DDTK
    change = till.change(key_type=2)
    assert len(change) == meter.read("sts_attributes.no_of_kct_supported") == (2 if ea == 7 else 4)
    assert [entered(meter, token) for token in change][-1] is Result.ACCEPT
    assert entered(meter, till.credit()) is Result.ACCEPT


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['period = "hourly"'], "prepayment.period.*no profile is called 'hourly'"),
        (["identifiers = 49"], "prepayment.identifiers.*expected at least 50"),
        (['kinds = ["water"]'], "prepayment.kinds.*'water' is no kind that a meter takes"),
        (['sgc = "12"'], "prepayment.sgc"),
    ],
)
def test_a_section_that_does_not_fit_is_refused(lines: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=message):
        variant(tmp_path, *lines)
