"""The front of the Sensemi meters: digits and decimals, pages, buttons and their sound, the display without supply."""

import numpy as np
import pytest

from openami.dlms.xdlms import DataAccessResult
from openami.metering.display import Light, Mode, Shows
from openami.metering.screen import Picture
from openami.meters import product
from products.standing import DAY_S, MINUTE_S, Standing, each

SUCCESS = DataAccessResult.SUCCESS
IMPORT, VOLTAGE, CURRENT = "1.8.0", "32.7.0", "31.7.0"
POWER, MAXIMUM = "1.7.0", "1.6.0"


def shown(meter: Standing) -> Picture:
    """What is to be seen."""
    return meter.front.look(meter.ms).picture


def awake(slug: str, amps: float = 0.0) -> Standing:
    """A meter past its test of the segments, with 12,345.678 kWh."""
    meter = Standing(slug, amps=amps)
    assert shown(meter).shows is Shows.ALL
    registers = meter.fleet.holding.laws.registers
    amounts = [12_345_678 * 3_600_000 if (c.energy, c.phase) == (0, 0) else 0 for c in registers.book.channels]
    registers.add(np.array([0]), 1, np.array(amounts, np.int64)[:, None])
    return meter.live(MINUTE_S)


def turned_to(meter: Standing, code: str) -> Picture:
    """Turn pages by hand until a code is there."""
    for _ in range(60):
        if (seen := shown(meter)).item.code == code:
            return seen
        meter.press("display")
    raise AssertionError(f"{code} is in no list")


def codes(meter: Standing, pages: int) -> list[str]:
    """Codes of the pages that turn by themselves."""
    return [shown(meter.live(5)).item.code for _ in range(pages)]


@each(sed102="SED102-03", sed302="SED302-02")
def test_the_display_has_eight_digits(slug: str) -> None:
    seen = turned_to(awake(slug), IMPORT)
    assert len(seen.digits) == 8
    assert (seen.item.value, seen.item.unit) == ("012345.67", "kWh")


@pytest.mark.feature("SED302-03")
def test_sed302_shows_two_decimals_at_most() -> None:
    meter = awake("sed302")
    assert meter.write("display_decimals", 3) is SUCCESS
    assert turned_to(meter, IMPORT).item.value == "012345.67"
    assert meter.write("display_decimals", 1) is SUCCESS
    assert turned_to(meter, IMPORT).item.value == "0012345.6"
    display = product.load("sed302").display
    assert display is not None
    assert max(item.decimals for items in display.list.values() for item in items) == 2


@each(sm306="SM306-22 SM306-23", sm307="SM307-21 SM307-22")
def test_ten_digits_two_decimals_of_energy_three_of_power_and_demand(slug: str) -> None:
    meter = awake(slug, amps=1.0).live(1800)
    seen = turned_to(meter, IMPORT)
    assert len(seen.digits) == 10
    assert len(seen.item.value.replace(".", "")) == 10
    places = {code: len(turned_to(meter, code).item.value.partition(".")[2]) for code in (IMPORT, POWER, MAXIMUM)}
    assert places == {IMPORT: 2, POWER: 3, MAXIMUM: 3}
    for decimals in (0, 1, 3):
        assert meter.write("display_decimals", decimals) is SUCCESS
        assert len(turned_to(meter, IMPORT).item.value.partition(".")[2]) == decimals


@each(sed102="SED102-04", sed302="SED302-05")
def test_energy_voltage_and_current_are_shown(slug: str) -> None:
    meter = awake(slug, amps=3.5)
    assert turned_to(meter, IMPORT).item.value.startswith("0123")
    assert float(turned_to(meter, VOLTAGE).item.value) == 230.0
    assert float(turned_to(meter, CURRENT).item.value) == 3.5


@each(sed102="SED102-05", sm306="SM306-26", sm307="SM307-25")
def test_pages_turn_by_themselves_every_five_seconds(slug: str) -> None:
    meter = awake(slug)
    first = shown(meter)
    assert (first.mode, first.count > 4) == (Mode.AUTOMATIC, True)
    assert shown(meter.live(4)).index in (first.index, (first.index + 1) % first.count)
    seen = codes(meter, first.count)
    assert len(set(seen)) == first.count, "each of them once"


@each(
    sed102="SED102-06 SED102-09", sed302="SED302-06", sm306="SM306-26", sm307="SM307-25",
)  # fmt: skip
def test_the_display_button_turns_pages_by_hand_until_it_is_left_alone(slug: str) -> None:
    meter = awake(slug)
    meter.press("display")
    before = shown(meter)
    assert before.mode is Mode.MANUAL
    assert shown(meter.live(20)).index == before.index
    meter.press("display")
    assert shown(meter).index == (before.index + 1) % before.count
    assert shown(meter.live(31)).mode is Mode.AUTOMATIC


@each(sed302="SED302-08 SED302-10", sed102="")
def test_both_buttons_are_answered_by_a_beep(slug: str) -> None:
    meter = awake(slug)
    meter.front.by_hand.add("seal_broken")
    for number, button in enumerate(("display", "reset"), 1):
        meter.press(button)
        assert meter.front.look(meter.ms).beeps == number
    assert Standing("sm306").press("display").front.beeps == 0


@each(sed102="SED102-07 SED102-08 SED102-43")
def test_without_supply_the_display_goes_on_from_the_battery_with_its_light(slug: str) -> None:
    meter = awake(slug).hand("supply", "off").live(DAY_S)
    seen = shown(meter)
    assert (seen.mode, seen.shows, seen.is_lit) == (Mode.BATTERY, Shows.ITEMS, True)
    assert turned_to(meter, IMPORT).item.value == "012345.67"
    assert len({shown(meter.live(5)).item.code for _ in range(8)}) > 4
    assert shown(Standing("sm306").hand("supply", "off").live(MINUTE_S)).shows is Shows.NOTHING
    assert shown(meter.hand("supply", "on")).shows is Shows.ALL
    assert shown(meter.live(4)).mode is Mode.AUTOMATIC


@pytest.mark.parametrize("slug", ["sm306", "sm307", "sm120b2", "sed102", "sed302"])
def test_a_lit_display_is_what_the_document_speaks_of(slug: str) -> None:
    display = product.load(slug).display
    assert display is not None
    assert display.light is Light.ON
