"""The front of an Advanced Series meter: digits, codes, lists, modes, light, signs, diodes."""

import numpy as np
import pytest

from openami.dlms.xdlms import DataAccessResult
from openami.metering.display import Mode, Shows
from openami.metering.screen import Picture
from openami.meters import product
from products.standing import HOUR_S, MINUTE_S, Standing, both

SUCCESS = DataAccessResult.SUCCESS
IMPORT = "1.8.0"
DECIMALS = {0: "00012345", 1: "0012345.6", 2: "012345.67", 3: "12345.678", 5: "12345.678"}


def shown(meter: Standing) -> Picture:
    """What is to be seen."""
    return meter.front.look(meter.ms).picture


def awake(slug: str, **load: float) -> Standing:
    """A meter past its self-test."""
    meter = Standing(slug, **load)
    shown(meter)
    return meter.live(5)


def turned_to(meter: Standing, code: str) -> Picture:
    """Scroll by hand until a code is there."""
    for _ in range(40):
        if (seen := shown(meter)).item.code == code:
            return seen
        meter.press()
    raise AssertionError(f"{code} is in no list")


def energised(slug: str) -> Standing:
    """A meter that has counted 12,345.678 kWh."""
    meter = awake(slug)
    registers = meter.fleet.holding.laws.registers
    channels = registers.book.channels
    amounts = [12_345_678 * 3_600_000 if (c.energy, c.phase) == (0, 0) else 0 for c in channels]
    registers.add(np.array([0]), 1, np.array(amounts, np.int64)[:, None])
    return meter


@both("48 49", "47 48")
@pytest.mark.parametrize("decimals", sorted(DECIMALS))
def test_eight_digits_with_up_to_three_decimals_as_they_are_set(slug: str, decimals: int) -> None:
    meter = energised(slug)
    assert meter.write("display_decimals", decimals) is SUCCESS
    seen = turned_to(meter, IMPORT)
    assert (seen.item.value, seen.item.unit) == (DECIMALS[decimals], "kWh")
    assert len(seen.digits) == 8


@both("50", "49")
def test_what_is_shown_has_its_obis_code(slug: str) -> None:
    meter = awake(slug)
    codes = set()
    for _ in range(16):
        codes.add(shown(meter).item.code)
        meter.press()
    assert {"0.9.1", "0.9.2", "1.8.0", *(f"1.8.{n}" for n in range(1, 7)), "2.8.0", "3.8.0", "9.8.0", "1.6.0"} <= codes


@both("51", "50")
def test_a_message_to_the_consumer_is_shown(slug: str) -> None:
    meter = awake(slug)
    assert meter.write("consumer_message_text", b"PAY BILL") is SUCCESS
    seen = [shown(meter.live(6)).item.value for _ in range(16)]
    assert "PAY BILL" in seen
    assert 99 in meter.events("standard_event_log")
    assert meter.read("consumer_message_text") == b"PAY BILL"


@both("52", "51")
def test_a_long_press_brings_the_service_list(slug: str) -> None:
    meter = awake(slug, amps=10.0).live(MINUTE_S)
    shown(meter)
    meter.press(held_ms=3_000)
    seen = shown(meter)
    assert (seen.mode, seen.item.code) == (Mode.SERVICE, "F.F")
    meter.press().press()
    assert (shown(meter).item.code, shown(meter).item.value) == ("32.7.0", "240.0")
    assert "F.F" not in {item.code or "" for item in product.load(slug).display.list["client"]}  # type: ignore[union-attr]


@both("53 54", "52 53")
def test_a_press_scrolls_the_clients_list_by_hand(slug: str) -> None:
    meter = awake(slug)
    first = shown(meter)
    meter.press()
    second = shown(meter)
    assert second.mode is Mode.MANUAL
    meter.press()
    third = shown(meter)
    assert (first.item.code, second.item.code, third.item.code) == ("0.9.2", "0.9.1", "1.8.0")
    assert shown(meter.live(20)).item.code == "1.8.0", "it stays"
    assert shown(meter.live(41)).mode is Mode.AUTOMATIC


@both("55 53", "54 52")
def test_the_clients_list_turns_by_itself(slug: str) -> None:
    meter = awake(slug)
    codes = [shown(meter.live(6)).item.code for _ in range(13)]
    assert codes[:3] == ["0.9.1", "1.8.0", "1.8.1"]
    assert codes[-1] == "0.9.2", "from the beginning"


@both("56", "55")
def test_it_begins_with_every_segment_and_does_so_when_asked(slug: str) -> None:
    meter = Standing(slug)
    first = shown(meter)
    assert (first.mode, first.shows) == (Mode.SELF_TEST, Shows.ALL)
    assert all(sign.level for sign in first.signs)
    assert shown(meter.live(3)).mode is Mode.AUTOMATIC
    meter.press()
    shown(meter)
    meter.press(held_ms=3_000)
    assert shown(meter).shows is Shows.ALL


@both("57", "56")
def test_the_back_light_is_off_on_or_lit_by_a_press_as_it_is_set(slug: str) -> None:
    meter = awake(slug)
    lit = {}
    for mode in (0, 1, 2):
        assert meter.write("display_light", mode) is SUCCESS
        meter.live(5 * MINUTE_S)
        before = shown(meter).is_lit
        meter.press()
        lit[mode] = (before, shown(meter).is_lit)
    assert lit == {0: (False, False), 1: (True, True), 2: (False, True)}
    assert not shown(meter.live(31)).is_lit


@both("59", "57")
@pytest.mark.parametrize(
    ("sign", "hand", "begin", "end"),
    [
        ("meter_cover", "meter_cover", "open", "closed"),
        ("terminal_cover", "terminal_cover", "open", "closed"),
        ("magnet", "magnet_mt", 100, 0),
        ("differential", "differential_ma", 600, 0),
        ("thd", "thd_percent", 9, 0),
        ("relay", "relay_button", None, None),
        ("reserve", "supply", "off", "on"),
    ],
)
def test_a_symbol_is_lit_as_long_as_its_state_lasts(
    slug: str, sign: str, hand: str, begin: object, end: object
) -> None:
    meter = awake(slug, amps=5.0)
    levels = [lit(meter, sign)]
    for value in (begin, end):
        meter.hand(hand, value).live(MINUTE_S)  # type: ignore[arg-type]
        levels.append(lit(meter, sign))
    assert levels == [0, 1, 0]


def lit(meter: Standing, sign: str) -> int:
    """Level of a sign; a meter asleep shows none but that of its reserve, which is read under the modes."""
    shown(meter)
    return {s.name: s.level for s in meter.front.writing.signs()}[sign]


@both("59", "57")
def test_every_symbol_stated_is_there(slug: str) -> None:
    display = product.load(slug).display
    assert display is not None
    stated = {
        "I1<>I2", "IP54", "THD", "clock", "event log", "load profile", "reserve supply", "open protocols",
        "optical port", "relay", "meter cover", "terminal cover", "magnet", "PLC", "security",
    } | ({"RS-485"} if slug == "ad13a" else set())  # fmt: skip
    assert stated <= {sign.label for sign in display.sign.values()}
    units = {item.unit for items in display.list.values() for item in items}
    assert {"kWh", "kvarh", "kVAh", "V", "A"} <= units
    meter = awake(slug).live(HOUR_S)
    lit = {sign.name for sign in shown(meter).signs if sign.level}
    assert {"ip54", "open_protocols", "clock", "event_log", "load_profile", "security", "optical_port"} <= lit
    assert not {"plc", "relay", "magnet", "alarm", "differential", "thd"} & lit


@both("42", "41")
def test_an_error_of_the_meter_is_shown(slug: str) -> None:
    meter = awake(slug)
    assert {s.name: s.level for s in shown(meter).signs}["alarm"] == 0
    meter.hand("memory_error", "ram")
    assert {s.name: s.level for s in shown(meter).signs}["alarm"] == 1
    meter.press(held_ms=3_000)
    assert (shown(meter).item.code, shown(meter).item.value) == ("F.F", "200")


# Test outputs


@both("45 46", "44 45")
def test_two_diodes_flash_a_thousand_times_for_each_kwh_and_kvarh(slug: str) -> None:
    meter = awake(slug, amps=10.0, degrees=30.0)
    before = {led.name: led.pulses for led in meter.front.look(meter.ms).leds}
    meter.live(HOUR_S)
    after = {led.name: led.pulses for led in meter.front.look(meter.ms).leds}
    phases = product.load(slug).head.phases
    assert after["active"] - before["active"] == pytest.approx(2078.46 * phases, abs=2)
    assert after["reactive"] - before["reactive"] == pytest.approx(1200 * phases, abs=2)
    assert [row.label for row in product.load(slug).display.led.values() if row.colours == ("red",)] == ["kWh", "kvarh"]  # type: ignore[union-attr]


@both("47", "46")
def test_the_optical_port_gives_pulses_too(slug: str) -> None:
    meter = awake(slug, amps=10.0).live(HOUR_S)
    [port] = [led for led in meter.front.look(meter.ms).leds if led.name == "optical_port"]
    assert (port.colour, port.pulses) == ("infrared", meter.read("active_energy_import"))


@pytest.mark.feature("AD13A-94")
def test_two_diodes_tell_of_the_module() -> None:
    meter = awake("ad13a")
    leds = {led.name: led.colour for led in meter.front.look(meter.ms).leds}
    level = meter.read("gsm_diagnostic.cell_info").signal_quality
    assert leds["module_signal"] == ("amber" if level < 20 else "green")
    assert leds["module_state"] == "green"
    meter.hand("supply", "off").live(1)
    dark = {led.name: led.colour for led in meter.front.look(meter.ms).leds}
    assert (dark["module_signal"], dark["module_state"]) == ("dark", "dark")
