"""Displays of product files: segments, signs, diodes, buttons of every kind; planted mistakes are refused by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meters.small_fleet import START, Steady, Turned
from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.registers import Data
from openami.dlms.data import UINT8
from openami.metering import commands
from openami.metering.display import Mode, Shows
from openami.metering.glyphs import mask, segments
from openami.metering.leds import Glow
from openami.meters.displays import faceplate
from openami.meters.fleet import Fleet
from openami.meters.front import Front
from openami.meters.product import load, load_from

HEAD = """
extends = "compactiq"

[[object]]
class = "Data"
logical_name = "0.0.96.13.1.255"
name = "message"
value = { type = "octet-string", setting = "" }
write = ["value"]

[[object]]
repeat = [
    { e = 1, name = "decimals", first = 3 },
    { e = 2, name = "light", first = 2 },
    { e = 3, name = "credit", first = 5 },
    { e = 4, name = "low_credit", first = 5 },
    { e = 5, name = "quality", first = 0 },
]
class = "Data"
logical_name = "0.0.94.98.{e}.255"
name = "{name}"
value = { type = "unsigned", setting = 0 }
write = ["value"]
"""
LISTED = """
[[object]]
class = "ProfileGeneric"
logical_name = "0.0.21.0.1.255"
name = "general_display_readout"
buffer = { source = "log.fraud" }
capture_objects = { source = "display.automatic.list" }
capture_period = 0
profile_entries = 1
"""
DISPLAY = """
[display]
kind = "segments"
digits = 8
code_digits = 6
decimals = 3
decimals_from = "decimals.value"
light_from = "light.value"
light_s = 20
date = "YY.MM.DD"

[display.mode.power-on]
list = ""
shows = "all"
lasts_s = 3

[display.mode.automatic]
list = "client"
item_s = 6
idle_s = 0
press = { scroll = "manual", "scroll long" = "service" }

[display.mode.manual]
list = "client"
idle_s = 60
press = { scroll = "next" }

[display.mode.service]
list = "technician"
lasts_s = 60
press = { scroll = "next" }

[display.mode.off]
shows = "nothing"
when = "no_supply"
unpowered = true
press = { scroll = "battery" }

[display.mode.battery]
list = "client"
unpowered = true
lit = true
idle_s = 10
then = "off"
press = { scroll = "next" }

[display.list]
client = [
    { value = "active_energy_import.value", unit = "kWh", decimals = 2 },
    { value = "clock.time", code = "0.9.2", format = "YY.MM.DD" },
    { value = "message.value", code = "", skip_empty = true },
    { value = "instantaneous_voltage_l1.value", decimals = 1, digits = 5 },
    { value = "error_register.value", format = "hex" },
]
technician = [{ value = "instantaneous_power_factor.value", decimals = 3, digits = 5 }]

[display.sign.battery]
label = "BAT"
value = "quality.value"
bits = 4

[display.sign.rate]
value = "currently_active_tariff.value"
equals = 1

[display.button.scroll]
label = "Display"
key = "d"
beep = true

[display.button.reset]
label = "Reset"
key = "r"
under = "seal_broken"
hand = "button_press"
beep = true

[display.led.credit]
label = "credit"
colours = ["red", "green"]
value = "credit.value"
limits = ["low_credit.value"]
exclusive = true

[display.led.signal]
label = "signal"
colours = ["dark", "red", "yellow", "green"]
value = "quality.value"
limits = [1, 10, 20]

[display.led.alarm]
label = "alarm"
when = "terminal_cover_open"
"""


def written(folder: Path, *changes: tuple[str, str]) -> Path:
    """Put CompactIQ with another face into a folder, some words of it changed."""
    text = HEAD + LISTED + DISPLAY
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    (folder / "bare.toml").write_text(bare(), encoding="utf-8")
    (folder / "segment.toml").write_text(text.replace('"compactiq"', '"bare"'), encoding="utf-8")
    return folder


def bare() -> str:
    """CompactIQ's own file without its display."""
    from openami.meters.definition import products

    text = (products() / "compactiq.toml").read_text(encoding="utf-8")
    blocks = text.split("\n[")
    return "\n[".join(block for block in blocks if not block.startswith("display"))


class Watched:
    """A meter with that face, and somebody before it."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.ms = Turned(), 0
        product = load_from("segment", written(folder))
        random: Callable[[int], bytes] = bytes
        self.fleet = Fleet.create(product, 1, start_utc=START, load=Steady(meters=1), now=self.clock, random=random)
        self.front = Front.of(self.fleet)

    def wait(self, seconds: float = 0):
        self.ms += round(seconds * 1000)
        self.clock.utc += seconds
        self.fleet.advance_to(int(self.clock.utc))
        return self.front.look(self.ms)

    def press(self, name: str = "scroll", held_ms: int = 0):
        self.front.press(name, self.ms, held_ms)
        return self.wait()

    def set(self, name: str, value: Any) -> None:
        definition = self.fleet.product.by_name[name]
        number = definition.interface.names["value"]
        self.fleet.holding.settings[0, definition.number, number] = definition.codec("value").encode(value)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_the_self_test_has_every_segment_on(watched: Watched) -> None:
    picture = watched.wait().picture
    assert (picture.mode, picture.shows) == (Mode.POWER_ON, Shows.ALL)
    assert picture.digits == (mask("abcdefg."),) * 8
    assert picture.code_digits == (mask("abcdefg."),) * 6
    assert all(sign.level for sign in picture.signs)


def test_digits_code_and_unit(watched: Watched) -> None:
    watched.set("decimals", 3)
    picture = watched.wait(3).picture
    assert (picture.item.code, picture.item.value, picture.item.unit) == ("1.8.0", "00000.000", "kWh")
    assert picture.digits == segments("00000.000", 8)
    assert picture.code_digits == segments("1.8.0", 6)
    assert watched.wait(6).picture.item.value == "26.11.02"


@pytest.mark.parametrize(("decimals", "shown"), [(0, "00000000"), (2, "000000.00"), (3, "00000.000"), (9, "00000.000")])
def test_a_client_chooses_the_decimals_of_energies(watched: Watched, decimals: int, shown: str) -> None:
    watched.set("decimals", decimals)
    assert watched.wait(3).picture.item.value == shown


def test_other_numbers_keep_theirs(watched: Watched) -> None:
    watched.set("decimals", 0)
    watched.wait(3)
    assert watched.wait(12).picture.item.value == "230.0"
    assert watched.wait(6).picture.item.value == "0"
    assert watched.press(held_ms=2000).picture.item.value == "1.000"


def test_a_message_comes_into_the_list_and_runs_through(watched: Watched) -> None:
    assert watched.wait(3).picture.count == 4
    watched.set("message", b"PLEASE PAY YOUR BILL")
    first = watched.wait(12).picture
    assert first.count == 5
    assert first.item.value == "PLEASE PAY YOUR BILL"
    assert first.digits == segments("PLEASE P", 8)
    assert watched.wait(1).picture.digits == segments("EASE PAY", 8)


@pytest.mark.parametrize(("chosen", "lit"), [(0, [False, False, False]), (1, [True] * 3), (2, [False, True, False])])
def test_a_client_chooses_when_the_light_is_on(watched: Watched, chosen: int, lit: list[bool]) -> None:
    watched.set("light", chosen)
    assert [watched.wait(3).picture.is_lit, watched.press().picture.is_lit, watched.wait(20).picture.is_lit] == lit


def test_reading_without_supply(watched: Watched) -> None:
    laws = watched.fleet.holding.laws
    watched.wait(3)
    commands.cut(laws, 0, laws.now)
    dark = watched.wait(1).picture
    assert (dark.shows, dark.is_lit, set(dark.digits)) == (Shows.NOTHING, False, {0})
    read = watched.press().picture
    assert (read.mode, read.is_lit, read.item.code) == (Mode.BATTERY, True, "1.8.0")
    assert watched.wait(10).picture.mode is Mode.OFF
    commands.restore(laws, 0, laws.now)
    assert watched.wait().picture.mode is Mode.POWER_ON


def test_signs_by_bits_and_by_equality(watched: Watched) -> None:
    watched.set("quality", 3)
    levels = [{sign.name: sign.level for sign in watched.wait(3).picture.signs}]
    watched.set("quality", 5)
    levels.append({sign.name: sign.level for sign in watched.wait(0).picture.signs})
    assert levels == [{"battery": 0, "rate": 1}, {"battery": 1, "rate": 1}]


def colours(watched: Watched) -> dict[str, str]:
    return {led.name: led.colour for led in watched.wait().leds}


@pytest.mark.parametrize(("quality", "colour"), [(0, "dark"), (1, "red"), (9, "red"), (10, "yellow"), (20, "green")])
def test_a_diode_of_levels(watched: Watched, quality: int, colour: str) -> None:
    watched.set("quality", quality)
    assert colours(watched)["signal"] == colour


@pytest.mark.parametrize(("credit", "colour"), [(0, "red"), (5, "red"), (6, "green")])
def test_a_diode_that_must_go_beyond_a_register(watched: Watched, credit: int, colour: str) -> None:
    watched.set("low_credit", 5)
    watched.set("credit", credit)
    assert colours(watched)["credit"] == colour


def test_a_diode_by_condition_and_none_without_supply(watched: Watched) -> None:
    assert colours(watched)["alarm"] == "dark"
    watched.fleet.hand(0, "terminal_cover", "open")
    assert colours(watched)["alarm"] == "red"
    watched.fleet.hand(0, "supply", "off")
    assert {led.glow for led in watched.wait().leds} == {Glow.DARK}


def test_a_button_under_a_seal(watched: Watched) -> None:
    assert not watched.front.press("reset", 0)
    assert watched.wait().beeps == 0
    watched.front.by_hand.add("seal_broken")
    assert watched.front.press("reset", 0)
    assert watched.wait().beeps == 1
    assert watched.press().beeps == 2


def test_a_product_without_a_display(tmp_path: Path) -> None:
    (tmp_path / "bare.toml").write_text(bare(), encoding="utf-8")
    product = load_from("bare", tmp_path)
    assert faceplate(product) is None
    fleet = Fleet.create(product, 1, start_utc=START, load=Steady(meters=1), now=Turned(), random=bytes)
    with pytest.raises(DefinitionError, match=r"bare\.toml: display: has no display"):
        Front.of(fleet)


def test_the_functions_that_its_rows_answer_are_cited() -> None:
    cited = {f"IQ0404100K1-R-{number}" for number in (16, 17, 41, *range(109, 119))}
    assert cited <= load("compactiq").features


def test_the_example_of_the_how_to_is_a_display(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "howto" / "panel.md").read_text(encoding="utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    (tmp_path / "bare.toml").write_text(bare(), encoding="utf-8")
    (tmp_path / "shown.toml").write_text(f'extends = "bare"\n{example}', encoding="utf-8")
    found = faceplate(load_from("shown", tmp_path))
    assert found is not None
    assert found.program.first is Mode.POWER_ON
    assert [item.code for item in found.lists["client"]] == ["1.8.0", "0.9.1", ""]


MISTAKES = [
    ('value = "clock.time", code', 'value = "clok.time", code', "list.client.2.value: no object is called clok"),
    ('"clock.time", code', '"clock.tim", code', "list.client.2.value: clock has no attribute tim"),
    ('unit = "kWh"', 'unit = "kvarh"', "list.client.1.unit: kvarh is no multiple of Wh"),
    ("decimals = 2 }", "decimals = 4 }", "list.client.1.decimals: 4, and the display has 3 at most"),
    ("digits = 8\n", "", "digits: is missing, and the display is of segments"),
    ('list = "technician"', 'list = "nosuch"', "mode.service.list: no list is called nosuch"),
    ('scroll = "manual"', 'turn = "manual"', "mode.automatic.press: no button is called turn"),
    ('scroll = "battery"', 'scroll = "toolbox"', "mode.off: there is no mode toolbox"),
    ('colours = ["red", "green"]', 'colours = ["red"]', "led.credit.colours: expected 2: one for each level from 0"),
    ('limits = ["low_credit.value"]', 'limits = ["low.value"]', "led.credit.limits.value: no object is called low"),
    ('from = "decimals.value"', 'from = "decimals.v"', "decimals_from.value: decimals has no attr"),
    ('label = "alarm"', 'label = "alarm"\nenergy = "active"', "led.alarm.pulses: is missing"),
    ('label = "alarm"', 'label = "alarm"\nenergy = "active"\npulses = 7000', "led.alarm.pulses: 7000"),
    ('kind = "segments"', 'kind = "dots"', "lines: is missing, and the display is of dots"),
    ('kind = "segments"', 'kind = "dots"\nlines = 1\ncharacters = 16', "layout: has 0 lines, expected 1"),
    ('kind = "segments"', 'kind = "dots"\nlines = 1\ncharacters = 16\nlayout = ["{price}"]', "layout: '{price}': "),
    ("[display.mode.manual]", "[display.mode.handy]", "mode.handy"),
    ('key = "d"', 'key = "dd"', "button.scroll.key: String should match pattern"),
    ("item_s = 6", "items_s = 6", "mode.automatic.items_s: Extra inputs are not permitted"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "complaint"), MISTAKES, ids=[row[2][:48] for row in MISTAKES])
def test_planted_mistakes_are_refused_with_file_and_key(
    tmp_path: Path, before: str, after: str, complaint: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        load_from("segment", written(tmp_path, (before, after)))
    assert str(refused.value).startswith(f"segment.toml: display.{complaint}")


def test_a_client_reads_what_is_shown(watched: Watched) -> None:
    found = watched.fleet.product.by_name["general_display_readout"]
    octets = watched.fleet.device(0).get(1, ProfileGeneric.capture_objects.at(found.logical_name))
    shown = ProfileGeneric.capture_objects.codec.decode(octets)[0]
    assert [each[:3] for each in shown[:2]] == [
        (3, OBIS.parse("1.0.1.8.0.255"), 2),
        (8, OBIS.parse("0.0.1.0.0.255"), 2),
    ]


def test_settings_are_what_a_client_writes(watched: Watched) -> None:
    """What decides over decimals is an ordinary attribute of the object list."""
    definition = watched.fleet.product.by_name["decimals"]
    watched.fleet.device(0).set(1, Data.value.at(definition.logical_name), None, UINT8.encode(1))
    assert watched.wait(3).picture.item.value == "0000000.0"
