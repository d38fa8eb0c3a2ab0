"""Every result of a token, by the keypad and by class 115; what each token does; identifiers, keys, guesses."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openami.cosem.prepayment import CreditStatus, Currency, CurrencyUnit
from openami.cosem.token_gateway import TokenDelivery, TokenGateway, TokenStatusCode
from openami.dlms.xdlms import ActionResult, DataAccessResult
from openami.meters import tokens
from openami.sts.keys import KeyType
from openami.sts.rules import Result
from openami.sts.tid import LAST, BaseDate, tid_of
from openami.sts.token import ALL_REGISTERS, InitiateTest, Kind, Transaction, encode, key_change
from products.standing import DAY_S, HOUR_S, Standing
from products.till import Till

GATEWAY = "0.0.19.40.0.255"
BY_WAY = ["keypad", "class 115"]
SED = ["sed102", "sed302"]
NO_NUMBER = "9" * 20
"""More than 66 bits say."""


def entered(meter: Standing, digits: str, way: str = "class 115") -> Result:
    """Enter a token; its result as the meter tells it."""
    if way == "keypad":
        meter.hand("key", f"{digits}#")
    else:
        assert meter.act("token_gateway.enter", digits.encode()) is ActionResult.SUCCESS
    return Result(meter.read("token_result"))


def wrong(token: str) -> str:
    """The token with another last digit."""
    return token[:-1] + str((int(token[-1]) + 1) % 10)


# Every result


def used(till: Till) -> str:
    token = till.credit()
    entered(till.meter, token)
    return token


def default_key(till: Till) -> str:
    for token in till.change(key_type=KeyType.DDTK):
        entered(till.meter, token)
    return till.credit()


def expired(till: Till) -> str:
    for token in till.change(ken=50):
        entered(till.meter, token)
    return till.credit()


def second_section(till: Till) -> str:
    first, second, *_ = till.change(krn=2)
    entered(till.meter, first)
    return second


def locked(till: Till) -> str:
    for _ in range(3):
        entered(till.meter, wrong(till.credit()))
    return till.credit()


def broken(till: Till) -> str:
    till.meter.hand("memory_error", "nv")
    return till.credit()


CASES: dict[Result, Callable[[Till], str]] = {
    Result.ACCEPT: Till.credit,
    Result.FIRST_KCT: lambda till: till.change(krn=2)[0],
    Result.SECOND_KCT: second_section,
    Result.OVERFLOW: lambda till: till.credit(18_201_624),
    Result.KEY_TYPE: lambda till: till.first_section(key_type=KeyType.DITK),
    Result.FORMAT: lambda _till: NO_NUMBER,
    Result.RANGE: lambda till: till.value(Kind.CLEAR_CREDIT, 5),
    Result.FUNCTION: lambda till: till.value(Kind.TARIFF_RATE, 1),
    Result.OLD: lambda till: till.credit(tid=1_000),
    Result.USED: used,
    Result.KEY_EXPIRED: expired,
    Result.DDTK: default_key,
    Result.CRC: lambda till: wrong(till.credit()),
    Result.MANUFACTURER: lambda _till: encode(InitiateTest(2, 77)),
    Result.LOCKOUT: locked,
    Result.NOT_READY: broken,
}
STEPS = {
    TokenStatusCode.EXECUTION_OK: {Result.ACCEPT, Result.FIRST_KCT, Result.SECOND_KCT},
    TokenStatusCode.FORMAT_FAILURE: {Result.FORMAT},
    TokenStatusCode.AUTHENTICATION_FAILURE: {Result.CRC},
    TokenStatusCode.EXECUTION_FAILURE: {Result.OVERFLOW, Result.KEY_TYPE, Result.RANGE, Result.FUNCTION},
    TokenStatusCode.RECEIVED: {Result.NOT_READY},
}


def test_there_is_a_case_for_every_result() -> None:
    assert CASES.keys() == set(Result)


@pytest.mark.feature("SED102-23")
@pytest.mark.parametrize("way", BY_WAY)
@pytest.mark.parametrize("result", Result)
def test_every_result_is_reached_by_both_ways(result: Result, way: str) -> None:
    meter = Standing("sed102").live(60)
    digits = CASES[result](Till(meter))
    before = meter.read("token_credit.current_credit_amount")
    assert entered(meter, digits, way) is result
    gained = 25_600 if result is Result.ACCEPT else 0
    assert meter.read("token_credit.current_credit_amount") - before == gained
    status = meter.read("token_gateway.token_status")
    expected = next((code for code, of in STEPS.items() if result in of), TokenStatusCode.VALIDATION_FAILURE)
    assert (status.status_code, status.data_value.octets[0]) == (expected, result)
    method = TokenDelivery.MANUAL if way == "keypad" else TokenDelivery.REMOTE
    assert meter.read("token_gateway.token_delivery_method") is method
    assert meter.read("token_gateway.token") == digits.encode()
    assert meter.read("token_gateway.token_description")[-1] == result.name.lower().encode()


@pytest.mark.parametrize("slug", SED)
def test_a_client_enters_a_token_and_reads_what_became_of_it(slug: str) -> None:
    meter = Standing(slug).live(60)
    token, talk = Till(meter).credit(), meter.talk()
    assert talk.act(TokenGateway.enter, GATEWAY, token.encode()) is ActionResult.SUCCESS
    assert talk.get(TokenGateway.token_status.at(GATEWAY))[0] == TokenStatusCode.EXECUTION_OK
    assert talk.act(TokenGateway.enter, GATEWAY, token.encode()) is ActionResult.SUCCESS
    assert talk.get(TokenGateway.token_status.at(GATEWAY))[0] == TokenStatusCode.VALIDATION_FAILURE
    assert meter.read("token_credit.current_credit_amount") == 1_025_600
    assert meter.read("charging_amount") == 25_600
    assert meter.events("standard_event_log")[-2:] == [246, 247]


@cache
def shared() -> Standing:
    """One meter for all that is thrown at it."""
    return Standing("sed102").live(60)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60) | st.text("0123456789- ", max_size=30).map(str.encode))
def test_whatever_is_entered_is_answered(octets: bytes) -> None:
    assert shared().act("token_gateway.enter", octets) is ActionResult.SUCCESS
    assert Result(shared().read("token_result")) in {Result.FORMAT, Result.CRC, Result.LOCKOUT, Result.FUNCTION}
    assert shared().read("charging_amount") == 0


def test_a_reader_enters_no_token() -> None:
    meter = Standing("sed302").live(60)
    assert meter.act("token_gateway.enter", Till(meter).credit().encode(), client=2) is not ActionResult.SUCCESS
    assert meter.read("token_result") == 0


def test_without_supply_no_token_is_looked_at() -> None:
    meter = Standing("sed302").live(60)
    token = Till(meter).credit()
    meter.hand("supply", "off").live(1)
    assert entered(meter, token) is Result.NOT_READY
    assert entered(meter.hand("supply", "on").live(5), token) is Result.ACCEPT


# What tokens do


def test_a_limit_of_power_opens_the_relay_above_it_and_tries_again() -> None:
    meter = Standing("sed302", amps=10.0).live(60)  # 6.9 kW
    assert entered(meter, Till(meter).credit(5_000, Kind.MAXIMUM_POWER_LIMIT)) is Result.ACCEPT
    assert meter.read("limiter.threshold_normal") == 5_000
    assert meter.live(59).read("disconnect_control.output_state")
    assert not meter.live(1).read("disconnect_control.output_state")
    assert meter.live(60).read("disconnect_control.output_state"), "tried again"
    assert not meter.live(60).read("disconnect_control.output_state")
    assert entered(meter, Till(meter).credit(69_001, Kind.MAXIMUM_POWER_LIMIT)) is Result.RANGE


def test_a_tamper_stays_latched_until_a_token_clears_it() -> None:
    meter = Standing("sed302", amps=1.0).live(60)
    meter.hand("meter_cover", "open").live(60).hand("meter_cover", "closed").live(60)
    assert meter.read("tamper_relay") == 1
    assert not meter.read("disconnect_control.output_state")
    assert entered(meter, Till(meter).credit()) is Result.ACCEPT
    assert not meter.read("disconnect_control.output_state"), "credit clears no tamper"
    assert entered(meter, Till(meter).value(Kind.CLEAR_TAMPER)) is Result.ACCEPT
    assert meter.read("disconnect_control.output_state")
    assert meter.read("tamper_relay") == 0


@pytest.mark.parametrize("register", [0, ALL_REGISTERS])
def test_credit_is_cleared_and_the_relay_opens(register: int) -> None:
    meter = Standing("sed302", amps=1.0).live(60)
    assert entered(meter, Till(meter).value(Kind.CLEAR_CREDIT, register)) is Result.ACCEPT
    assert meter.read("token_credit.current_credit_amount") == 0
    assert meter.read("token_credit.credit_status") is CreditStatus.EXHAUSTED
    assert not meter.read("disconnect_control.output_state")


def test_the_load_switch_is_tested_by_a_token_that_anybody_knows() -> None:
    meter = Standing("sed302").live(60)
    left = meter.read("relay_operations_left")
    assert entered(meter, "00000000000150997584") is Result.ACCEPT
    assert left - meter.read("relay_operations_left") == 2
    assert meter.read("disconnect_control.output_state")
    assert tokens.tested(meter.front.view) == (1, meter.now)


def test_emergency_credit_is_invoked_by_a_client() -> None:
    meter = Standing("sed302", amps=10.0).live(60)
    assert meter.act("emergency_credit.invoke_credit") is not ActionResult.SUCCESS
    meter.act("token_credit.set_amount_to_value", 1_000)
    meter.live(HOUR_S)
    assert meter.read("emergency_credit.credit_status") is CreditStatus.SELECTABLE
    assert meter.act("emergency_credit.invoke_credit") is ActionResult.SUCCESS
    assert meter.read("disconnect_control.output_state")
    meter.live(HOUR_S)
    left = meter.read("emergency_credit.current_credit_amount")
    assert left + meter.read("account.amount_to_clear") == 10_000
    assert left == pytest.approx(3_100, abs=20)
    assert meter.read("account.available_credit") == left
    assert meter.read("account.current_credit_in_use") == 1


# Identifiers


def test_more_than_fifty_tokens_out_of_order_are_each_taken_once() -> None:
    meter = Standing("sed302").live(DAY_S)
    till = Till(meter)
    newest = till.tid()
    first = [till.credit(1, tid=newest - place) for place in range(50)]
    Random(1).shuffle(first)
    assert {entered(meter, token) for token in first} == {Result.ACCEPT}
    assert {entered(meter, token) for token in first} == {Result.USED}
    older, between = till.credit(1, tid=newest - 50), till.credit(1, tid=newest + 5)
    assert entered(meter, older) is Result.OLD, "older than all that are remembered"
    later = [till.credit(1, tid=newest + 10 + place) for place in range(20)]
    Random(2).shuffle(later)
    assert {entered(meter, token) for token in later} == {Result.ACCEPT}
    assert entered(meter, between) is Result.ACCEPT, "not the newest, but newer than the oldest"
    assert {entered(meter, token) for token in (*later, between)} == {Result.USED}
    assert {entered(meter, token) for token in first} == {Result.OLD, Result.USED}
    assert meter.read("charging_amount") == 71 * 100
    assert meter.read("tokens_accepted") == 71


def test_a_new_meter_takes_no_token_from_before_its_manufacture() -> None:
    meter = Standing("sed302").live(HOUR_S)
    made = tid_of(datetime.fromtimestamp(meter.now - HOUR_S, UTC), BaseDate.YEAR_2014)
    assert entered(meter, Till(meter).credit(tid=made - 1)) is Result.OLD
    assert entered(meter, Till(meter).credit(tid=made)) is Result.USED
    assert entered(meter, Till(meter).credit(tid=made + 1)) is Result.ACCEPT


# Keys


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_a_key_changes_with_all_that_belongs_to_it_in_any_order_of_its_tokens(order: tuple[int, ...]) -> None:
    meter = Standing("sed302").live(60)
    till = Till(meter)
    old, change = till.credit(), till.change(sgc="654321", krn=3, ti=7, ken=200)
    *others, last = [change[place] for place in order]
    for token in others:
        assert entered(meter, token) in {Result.FIRST_KCT, Result.SECOND_KCT}
        assert till.attributes.sgc == "123457", "nothing of it before all are there"
    assert entered(meter, last) is Result.ACCEPT
    names = ("supply_group_code", "key_revision_number", "tariff_index", "key_expiry_number", "key_type")
    assert [meter.read(f"sts_attributes.{name}") for name in names] == [654_321, 3, 7, 200, 2]
    assert meter.read("token_credit.current_credit_amount") == 1_000_000, "credit stays"
    assert entered(meter, old) is Result.CRC, "tokens of the old key are dead"
    assert entered(meter, till.credit()) is Result.ACCEPT
    assert 249 in meter.events("standard_event_log")


def test_sections_are_forgotten_after_ten_minutes() -> None:
    meter = Standing("sed302").live(60)
    first, *others = Till(meter).change(krn=2)
    entered(meter, first)
    assert [entered(meter.live(601), token) for token in others[:1]] == [Result.SECOND_KCT]
    assert [entered(meter, token) for token in others[1:]] == [Result.SECOND_KCT] * 2
    assert meter.read("sts_attributes.key_revision_number") == 1
    assert entered(meter, first) is Result.ACCEPT


def test_a_base_date_that_ends_is_rolled_over_by_a_key_change(tmp_path: Path) -> None:
    """24 November 2024: the last identifiers of base date 1993, the first of 2014; identifiers are cleared."""
    ends = BaseDate.YEAR_1993.end
    assert ends == datetime(2024, 11, 24, 20, 15, tzinfo=UTC)
    file = tmp_path / "old.toml"
    file.write_text('extends = "sed302"\n[prepayment]\nbase_date = 1993\n')
    meter = Standing(str(file), start_utc=int(ends.timestamp()) - 10 * 60).live(8 * 60)
    till = Till(meter)

    def credit(tid: int) -> str:
        return encode(Transaction.of_amount(Kind.ELECTRICITY, tid, 10), tokens.state(till.view).key)

    assert entered(meter, credit(LAST)) is Result.ACCEPT
    assert entered(meter, credit(LAST)) is Result.USED
    late = credit(tid_of(ends + timedelta(minutes=1), BaseDate.YEAR_2014))
    assert entered(meter.live(180), late) is Result.OLD, "small numbers are old to a meter of 1993"
    new = replace(till.attributes, base_date=BaseDate.YEAR_2014, krn=2)
    change = key_change(till.key(new), new, rollover=True)
    assert [entered(meter, till.sealed(token)) for token in change][-1] is Result.ACCEPT
    at = tid_of(ends + timedelta(minutes=1), BaseDate.YEAR_2014)
    assert entered(meter, late) is Result.CRC, "tokens of the old key are dead"
    assert entered(meter, credit(at)) is Result.ACCEPT
    assert entered(meter, credit(at)) is Result.USED
    assert meter.read("charging_amount") == 2_000
    assert meter.read("token_credit.current_credit_amount") == 1_002_000, "credit stays"


@pytest.mark.parametrize(("ken", "tid", "result"), [
    (110, (111 << 16) - 1, Result.ACCEPT), (110, 111 << 16, Result.KEY_EXPIRED),
    (255, (255 << 16) + 1, Result.ACCEPT), (255, LAST, Result.ACCEPT), (254, 255 << 16, Result.KEY_EXPIRED),
])  # fmt: skip
def test_a_key_expires_at_its_number_and_255_never(ken: int, tid: int, result: Result) -> None:
    meter = Standing("sed302").live(60)
    for token in Till(meter).change(ken=ken):
        entered(meter, token)
    assert entered(meter, Till(meter).credit(tid=tid)) is result


# Rest after bad tokens


def test_guessing_is_slowed_down_ever_more_until_a_good_token_or_a_power_cut() -> None:
    meter = Standing("sed302").live(60)
    till, rng = Till(meter), Random(7)
    rests: list[int] = []
    for _ in range(14):
        guess = f"{rng.randrange(10**20):020}"
        assert entered(meter, guess, "keypad") in {Result.CRC, Result.FORMAT}
        rests.append(meter.read("token_rest"))
        if rests[-1]:
            assert entered(meter.live(rests[-1] - 1), till.credit(1), "keypad") is Result.LOCKOUT
            assert entered(meter, "00000000000201328896", "keypad") is Result.ACCEPT, "tests are taken at any time"
            meter.live(1)
    assert rests == [0, 0, 10, 20, 40, 80, 160, 320, 640, 1280, 1280, 1280, 1280, 1280]
    assert meter.events("fraud_detection_event_log")[-1] == 248
    assert entered(meter, till.credit(1)) is Result.ACCEPT
    assert [guessed(meter) for _ in range(3)] == [0, 0, 10], "a good token ends it"
    meter.hand("supply", "off").live(2).hand("supply", "on").live(2)
    assert meter.read("token_rest") == 0
    assert [guessed(meter) for _ in range(3)] == [0, 0, 10], "and so does a power cut"


def guessed(meter: Standing) -> int:
    """Enter a wrong token; how long the meter rests."""
    entered(meter, wrong(Till(meter).credit(1)))
    return int(meter.read("token_rest"))


# Money


def test_an_account_in_money_charges_by_the_price_that_was_set() -> None:
    meter = Standing("sed302", amps=10.0).live(60)
    meter.act("token_credit.set_amount_to_value", 0)
    assert meter.write("account.currency", Currency("EUR", -2, CurrencyUnit.MONETARY)) is DataAccessResult.SUCCESS
    prices = meter.read("consumption_charge.unit_charge_passive")
    table = [element._replace(charge_per_unit=2_500) for element in prices.charge_table]
    scaling = prices.charge_per_unit_scaling._replace(commodity_scale=3, price_scale=-4)
    passive = prices._replace(charge_per_unit_scaling=scaling, charge_table=table)
    assert meter.write("consumption_charge.unit_charge_passive", passive) is DataAccessResult.SUCCESS
    assert meter.act("consumption_charge.activate_passive_unit_charge") is ActionResult.SUCCESS
    assert entered(meter, Till(meter).credit(1_000)) is Result.ACCEPT, "100 kWh"
    assert meter.read("token_credit.current_credit_amount") == 2_500, "25.00 at 0.25 a kWh"
    before = meter.read("active_energy_import")
    meter.live(10 * HOUR_S)
    used = meter.read("active_energy_import") - before
    assert meter.read("token_credit.current_credit_amount") == (100_000 - used) * 25 // 1_000
    assert meter.read("consumption_amount.scaler_unit").unit == 10


def test_the_state_of_tokens_shows_no_key_in_a_snapshot() -> None:
    meter = Standing("sed302").live(60)
    entered(meter, Till(meter).credit())
    key = tokens.state(meter.front.view).key.octets
    snapshot = b"".join(array.tobytes() for array in meter.fleet.holding.snapshot().values())
    assert key not in snapshot
    assert repr(key) not in repr(tokens.state(meter.front.view))
