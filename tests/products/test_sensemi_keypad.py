"""The keypad of the prepayment meters: keys, sound, digits, queries, tokens; without supply; and modules beside it."""

import numpy as np
import pytest

from openami.core.errors import DefinitionError
from openami.cosem.prepayment import Currency, CurrencyUnit
from openami.cosem.registers import Register
from openami.dlms.xdlms import ActionResult, DataAccessResult
from openami.metering.disconnect import Cause
from openami.metering.display import Shows
from openami.metering.entry import KEYS
from openami.metering.leds import Glow
from openami.meters import product, tokens
from openami.meters.front import Frame
from openami.sts import ndef
from products.standing import DAY_S, HOUR_S, READER, Standing, each
from products.till import Till

SUCCESS, DONE = DataAccessResult.SUCCESS, ActionResult.SUCCESS
ENERGY = "1.0.1.8.0.255"
SED = ("sed102", "sed302")


def look(meter: Standing) -> Frame:
    """The front now."""
    return meter.front.look(meter.ms)


def says(meter: Standing) -> str:
    """What is shown, without its code."""
    item = look(meter).picture.item
    return f"{item.value} {item.unit}".strip()


def typed(meter: Standing, keys: str) -> Standing:
    """Press keys, half a second for each."""
    for key in keys:
        meter.ms += 500
        meter.front.key(key, meter.ms)
    return meter


def remaining_wh(meter: Standing) -> int:
    """Credit left."""
    return tokens.credit(meter.front.view).remaining


def ready(slug: str, **load: float) -> Standing:
    """A meter past the test of its segments, an hour after it was made."""
    meter = Standing(slug, **load).live(HOUR_S)
    look(meter)
    meter.ms += 10_000
    return meter


def emptied(meter: Standing) -> Standing:
    """Take all credit away by a token."""
    till = Till(meter)
    typed(meter, till.value(tokens.Kind.CLEAR_CREDIT, 0xFFFF) + "#")
    return meter.live(2)


# Keys and what is heard


@each(sed102="SED102-11", sed302="SED302-09")
def test_there_are_twelve_keys_and_each_does_something(slug: str) -> None:
    meter = ready(slug)
    assert len(KEYS) == 12
    for number, key in enumerate("1234567890", 1):
        typed(meter, key)
        assert look(meter).picture.item.code == f"{number}-20"
    typed(meter, "*")
    assert look(meter).picture.item.code == "9-20"
    typed(meter, "#")
    assert says(meter) == "no CodE"
    for wrong in ("A", "", "12a", "1;2"):
        with pytest.raises(DefinitionError, match=r"expected keys of 0123456789\*#"):
            meter.front.key(wrong, meter.ms)
    for hand in ([], ["1"], ["1", -1], ["1", 1e9], True, -5, None, {"1": 1}):
        with pytest.raises(DefinitionError, match="expected keys of"):
            meter.hand("key", hand)
    assert look(meter.hand("key", 4711)).picture.item.value == "4711", "a number is its digits"
    with pytest.raises(DefinitionError, match="no place for an input module"):
        Standing("sm306").hand("key", "1")


@each(sed102="SED102-12", sed302="SED302-10")
def test_each_key_is_heard_and_so_is_what_becomes_of_a_token(slug: str) -> None:
    meter = ready(slug)
    good = Till(meter).credit()
    heard = []
    for keys in ("1", "*", f"{good}#", f"{good}#", "02#", "77#"):
        typed(meter, keys)
        heard.append((look(meter).beeps, look(meter).accepted, look(meter).rejected))
    assert heard == [(1, 0, 0), (2, 0, 0), (24, 1, 0), (46, 1, 1), (49, 1, 1), (53, 1, 2)]
    full = typed(meter, "1" * 21)
    assert look(full).rejected == 3, "no room for a digit more"


# Digits


@pytest.mark.parametrize("slug", SED)
def test_digits_are_shown_in_groups_of_four(slug: str) -> None:
    meter = ready(slug)
    seen = [
        (look(typed(meter, key)).picture.item.value, look(meter).picture.item.code) for key in "51043465443420856213"
    ]
    assert [value for value, _ in seen] == [
        "5", "51", "510", "5104", "5104.3", "5104.34", "5104.346", "5104.3465", "3465.4", "3465.44", "3465.443",
        "3465.4434", "4434.2", "4434.20", "4434.208", "4434.2085", "2085.6", "2085.62", "2085.621", "2085.6213",
    ]  # fmt: skip
    assert [code for _, code in seen] == [f"{number}-20" for number in range(1, 21)]
    assert sum(bool(mask) for mask in look(meter).picture.digits) == 8


@pytest.mark.parametrize("slug", SED)
def test_a_wrong_digit_is_taken_back(slug: str) -> None:
    meter = ready(slug)
    good = Till(meter).credit()
    typed(meter, f"{good[:7]}99**{good[7:]}#")
    assert says(meter) == "ACCEPt"
    page = says(typed(meter, "1*"))
    assert page not in ("ACCEPt", "1"), "the pages go on"


@pytest.mark.parametrize("slug", SED)
def test_digits_are_gone_twenty_seconds_after_the_last(slug: str) -> None:
    meter = typed(ready(slug), "0")
    assert says(meter.live(19)) == "0"
    typed(meter, "2")
    assert says(meter.live(19)) == "02"
    assert look(meter.live(2)).picture.item.code not in ("2-20", "1-20")
    typed(meter, "#")
    assert look(meter).rejected == 0, "nothing was entered"
    by_hand = ready(slug).hand("key", "0").live(20).hand("key", "2").live(21).hand("key", "#")
    assert look(by_hand).rejected == 0, "by the meter's own time"
    assert says(typed(ready(slug), "0").hand("key", ["2#", 20_000])) == "000000.00 kWh", "just in time"


@pytest.mark.parametrize("slug", SED)
def test_the_finger_is_not_hurried_by_a_fast_clock(slug: str) -> None:
    meter = ready(slug)
    good = Till(meter).credit()
    for key in f"{good}#":
        meter.clock.utc += 600
        meter.ms += 500
        meter.front.key(key, meter.ms)
    assert says(meter) == "ACCEPt"


# Queries


@each(sed102="", sed302="SED302-09")
def test_queries_are_answered(slug: str) -> None:
    meter = ready(slug, amps=5.0, volts=231.0)
    row, phases = meter.product.input, meter.product.head.phases
    assert row is not None
    typed(meter, Till(meter).credit(500) + "#").live(20)
    kwh, kw = 1.155 * phases * (1 + 20 / HOUR_S), f"{1.155 * phases - 0.004:.2f}"
    good = Till(meter).attributes
    wanted = {
        "01": [f"{1050 - kwh:.2f} kWh"], "02": [f"00000{kwh - 0.004:.2f} kWh"], "03": [f"{kw} kW"],
        "04": ["231.0 V"] * phases, "05": ["5.00 A"] * phases, "06": ["02.11.26", "01:00:25"],
        "07": [f"{kwh - 0.004:.2f} kWh"], "08": ["50.00 kWh"], "09": ["CLOSEd"], "10": ["-"], "12": ["22000 W"],
        "13": ["10.00 kWh"], "14": ["0.00 kWh"], "15": ["-"], "20": [good.sgc], "21": ["1", "2"], "22": ["1"],
        "23": ["255"], "24": ["11"], "25": ["4"],
    }  # fmt: skip
    for code, answers in wanted.items():
        now = meter.clock.utc
        typed(meter, f"{code}#")
        found = [says(meter)] + [says(meter.live(5)) for _ in answers[1:]]
        if code in ("01", "02", "07"):
            assert float(found[0].split()[0]) == pytest.approx(float(answers[0].split()[0]), abs=0.02)
        else:
            assert found == answers
        meter.clock.utc = now
        meter.ms += 60_000
    assert set(row.query) == {*wanted, "00", "11", "16"}
    typed(meter, "77#")
    assert (says(meter), look(meter).rejected) == ("no CodE", 1)


@pytest.mark.parametrize("slug", SED)
def test_numbers_longer_than_the_display_run_through_it(slug: str) -> None:
    meter = ready(slug)
    token = Till(meter).credit()
    typed(meter, f"{token}#")
    for code, whole in (("00", tokens.identity(meter.front.view).drn.digits), ("11", token)):
        typed(meter, f"{code}#")
        began, seen = meter.ms, set()
        while says(meter) == whole:
            seen.add(look(meter).picture.digits)
            meter.ms += 250
        assert meter.ms - began == 5_000
        assert len(seen) > 8


@pytest.mark.parametrize("slug", SED)
def test_amounts_of_money_are_shown_in_their_currency(slug: str) -> None:
    meter = emptied(ready(slug))
    assert meter.write("account.currency", Currency("EUR", -2, CurrencyUnit.MONETARY)) is SUCCESS
    assert meter.act("token_credit.set_amount_to_value", 1234) is DONE
    assert says(typed(meter, "01#")) == "12.34 EUR"


@each(sed102="", sed302="SED302-70")
def test_the_keypad_tells_whether_the_relay_is_open_and_why(slug: str) -> None:
    meter = emptied(ready(slug)).hand("magnet_mt", 100).live(5)
    assert says(typed(meter, "09#")) == "rEAdY"
    assert says(typed(meter, "10#")) == "CrEdIt FrAUd"


# Tokens


@each(sed102="SED102-23 SED102-24", sed302="SED302-09 SED302-53")
def test_a_token_typed_in_credits_the_meter_and_closes_its_relay(slug: str) -> None:
    meter = emptied(ready(slug, amps=10.0))
    assert meter.read("disconnect_reasons") == Cause.NO_CREDIT
    assert not meter.read("disconnect_control.output_state")
    counted = meter.read("active_energy_import")
    assert meter.live(HOUR_S).read("active_energy_import") == counted
    typed(meter, Till(meter).credit(256) + "#")
    assert [says(meter), says(meter.live(3)), says(meter.live(4))] == ["ACCEPt", "25.6 kWh", "25.6 kWh"]
    assert remaining_wh(meter) == pytest.approx(25_600, abs=20)
    assert meter.read("disconnect_control.output_state")
    assert meter.live(HOUR_S).read("active_energy_import") > counted
    assert meter.live(DAY_S).read("disconnect_reasons") == Cause.NO_CREDIT


@each(sed102="SED102-24", sed302="SED302-09")
def test_what_was_typed_outlives_a_kill(slug: str) -> None:
    meter = emptied(ready(slug))
    good = Till(meter).credit()
    typed(meter, good[:13])
    typed(meter.restart(), f"{good[13:]}#")
    assert tokens.good(meter.front.view) == 1, "another finger begins anew"
    meter.hand("key", good[:13]).restart().hand("key", f"{good[13:]}#")
    assert remaining_wh(meter) == 25_600
    assert remaining_wh(meter.restart()) == 25_600
    assert says(typed(meter, f"{good}#")) == "USEd"


# Credit diode


@pytest.mark.feature("SED302-14")
def test_the_credit_diode_is_green_above_the_threshold_red_at_it_and_blinks_without_credit() -> None:
    meter = ready("sed302")
    assert meter.read("account.low_credit_threshold") == 10_000
    for amount, colour, glow in (
        (10_001, "green", Glow.STEADY), (10_000, "red", Glow.STEADY), (1, "red", Glow.STEADY),
        (0, "red", Glow.BLINKING), (-5, "red", Glow.BLINKING), (10_001, "green", Glow.STEADY),
    ):  # fmt: skip
        assert meter.act("token_credit.set_amount_to_value", amount) is DONE
        led = next(led for led in look(meter).leds if led.name == "credit")
        assert (led.colour, led.glow, led.blink_ms) == (colour, glow, 1000 * (glow is Glow.BLINKING))
    assert meter.write("account.low_credit_threshold", 20_000) is SUCCESS
    assert next(led for led in look(meter).leds if led.name == "credit").colour == "red"
    meter.hand("supply", "off").live(2)
    assert next(led for led in look(meter).leds if led.name == "credit").glow is Glow.DARK


@pytest.mark.parametrize("slug", SED)
def test_emergency_credit_is_asked_for_by_a_code(slug: str) -> None:
    meter = ready(slug)
    typed(meter, "99#")
    assert (says(meter), look(meter).rejected) == ("rEFUSEd", 1), "there is credit still"
    emptied(meter)
    assert meter.read("disconnect_reasons") == Cause.NO_CREDIT
    typed(meter, "99#")
    assert says(meter) == "0.00 kWh"
    assert meter.read("disconnect_control.output_state")


@pytest.mark.parametrize("slug", SED)
def test_keys_are_in_the_journal_to_the_last_bit(slug: str) -> None:
    meter = ready(slug, amps=1.0)
    typed(meter, Till(meter).credit() + "#").live(700)
    typed(meter, "1234567890" * 2 + "#" + "02#" + "77#" + "4711*").live(1)
    meter.hand("module_cover_2", "open").hand("input_module", "nfc").live(30)
    meter.front.card(ndef.text(Till(meter).credit()), meter.ms)
    before = meter.live(1000).fleet.holding.snapshot()
    after = meter.restart().fleet.holding.snapshot()
    assert before.keys() == after.keys()
    differing = [name for name in before if not np.array_equal(before[name], after[name])]
    assert differing == []


# Without supply


@pytest.mark.parametrize("slug", SED)
def test_without_supply_the_battery_answers_queries_and_takes_no_token(slug: str) -> None:
    meter = ready(slug)
    good = Till(meter).credit()
    meter.hand("supply", "off").live(HOUR_S)
    assert says(typed(meter, "09#")) == "CLOSEd"
    before = remaining_wh(meter)
    assert says(typed(meter, f"{good}#")) == "no LinE"
    assert (remaining_wh(meter), look(meter).rejected) == (before, 1)
    typed(meter, good[:19]).live(1)
    assert look(meter.hand("supply", "on").live(2)).picture.shows is Shows.ALL
    meter.live(3)
    assert says(typed(meter, f"{good[19:]}#")) == "no CodE", "digits typed before are gone"
    assert says(typed(meter, f"{good}#")) == "ACCEPt"


# Modules


@each(sed102="SED102-01", sed302="SED302-01")
def test_two_communication_modules_and_one_input_module_work_at_the_same_time(slug: str) -> None:
    meter = ready(slug, amps=1.0)
    row = meter.product.input
    assert row is not None
    assert (meter.product.links.places.value, row.places.value) == (2, 1)
    for end in ("", "_2"):
        assert meter.write(f"gprs_modem_setup{end}.apn", b"module" + end.encode()) is SUCCESS
    assert meter.read("gprs_modem_setup.apn") != meter.read("gprs_modem_setup_2.apn")
    good = Till(meter).credit()
    first, second = meter.talk(), meter.talk(READER)
    for at in range(0, 20, 4):
        typed(meter, good[at : at + 4])
        for association in (first, second):
            assert association.get(Register.value.at(ENERGY)) == meter.read("active_energy_import")
    assert says(typed(meter, "#")) == "ACCEPt"


@pytest.mark.parametrize("slug", SED)
def test_a_keypad_of_eleven_keys_is_refused(slug: str) -> None:
    row = product.load(slug).input
    assert row is not None
    assert row.keypad is not None
    assert row.keypad.keys.value == 12
    with pytest.raises(ValueError, match="a keypad of 11 keys: expected 12"):
        type(row).model_validate({"keypad": {"keys": 11}})
    with pytest.raises(ValueError, match="2 places for input modules: expected 1"):
        type(row).model_validate({"keypad": {}, "places": 2})
    with pytest.raises(ValueError, match="no module 'nfc'; there are keypad"):
        type(row).model_validate({"keypad": {}, "fitted": "nfc"})
    with pytest.raises(ValueError, match="no query has the code 7"):
        type(row).model_validate({"keypad": {}, "test": {"3": "7"}})
