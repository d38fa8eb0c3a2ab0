"""The front of a CompactIQ: what it shows when, by its own numbers; and that what is shown is what is registered."""

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meters.small_fleet import Company, Steady
from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.cosem.registers import Register
from openami.metering import commands
from openami.metering.columns import ALL
from openami.metering.display import Mode
from openami.metering.leds import Glow
from openami.metering.registers import Energy
from openami.metering.screen import Shown
from openami.meters.front import Frame, Front

DATE, TIME, IMPORT, RATE_1, RATE_2, EXPORT = range(6)
FIRMWARE, SIGNAL = 8, 9


@dataclass
class Watched:
    """A meter and somebody before it, both on one clock."""

    company: Company = field(default_factory=Company)

    def __post_init__(self) -> None:
        self.ms = 0
        self.front = Front.of(self.company.fleet)

    def wait(self, seconds: float) -> Frame:
        """Let time pass for meter and onlooker."""
        self.ms += round(seconds * 1000)
        self.company.clock.utc += seconds
        self.company.fleet.advance_to(int(self.company.clock.utc))
        return self.front.look(self.ms)

    def press(self, held_ms: int = 0) -> Frame:
        assert self.front.press("scroll", self.ms, held_ms)
        return self.front.look(self.ms)

    def turned_to(self, index: int) -> Frame:
        """Scroll by hand to an item."""
        for _ in range(20):
            if (frame := self.press()).picture.index == index:
                return frame
        raise AssertionError(f"item {index} is never shown")

    def cover(self, value: str) -> None:
        self.company.fleet.hand(0, "terminal_cover", value)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def seen(frame: Frame) -> tuple[str, int]:
    return str(frame.picture.mode), frame.picture.index


@pytest.mark.feature("IQ0404100K1-R-109")
def test_three_lines_of_sixteen_characters(watched: Watched) -> None:
    for _ in range(12):
        lines = watched.wait(5).picture.lines
        assert [len(line) for line in lines] == [16, 16, 16]


@pytest.mark.feature("IQ0404100K1-R-110")
def test_the_back_light_is_on_with_supply_and_off_without(watched: Watched) -> None:
    assert watched.wait(1).picture.is_lit
    commands.cut(watched.company.fleet.holding.laws, 0, watched.company.fleet.holding.laws.now)
    frame = watched.wait(1)
    assert not frame.picture.is_lit
    assert frame.picture.mode is Mode.OFF
    assert "".join(frame.picture.lines).strip() == ""


@pytest.mark.feature("IQ0404100K1-R-111")
def test_the_four_modes(watched: Watched) -> None:
    modes = [watched.wait(0).picture.mode, watched.wait(5).picture.mode, watched.press().picture.mode]
    watched.cover("open")
    modes.append(watched.wait(2).picture.mode)
    assert modes == [Mode.POWER_ON, Mode.AUTOMATIC, Mode.MANUAL, Mode.SERVICE]


@pytest.mark.feature("IQ0404100K1-R-112")
def test_the_legal_firmware_for_five_seconds_after_power_on(watched: Watched) -> None:
    for ms in (0, 4.9):
        frame = watched.wait(ms)
        assert seen(frame) == ("power-on", 0)
        assert frame.picture.item.value == "01 02 03 04"
    assert seen(watched.wait(0.1)) == ("automatic", 0)
    laws = watched.company.fleet.holding.laws
    commands.cut(laws, 0, laws.now)
    watched.wait(1000)
    commands.restore(laws, 0, laws.now)
    assert seen(watched.wait(0)) == ("power-on", 0)
    assert seen(watched.wait(4.9)) == ("power-on", 0)
    assert seen(watched.wait(0.1)) == ("automatic", 0)


@pytest.mark.feature("IQ0404100K1-R-113")
def test_each_value_for_five_seconds(watched: Watched) -> None:
    watched.wait(5)
    shown = [seen(watched.wait(step))[1] for step in (4.9, 0.1, 4.9, 0.1, 35, 5)]
    assert shown == [0, 1, 1, 2, 9, 0]


@pytest.mark.feature("IQ0404100K1-R-114", "IQ0404100K1-R-118")
@pytest.mark.parametrize("held_ms", [50, 5_000])
def test_any_press_scrolls_by_hand_and_thirty_quiet_seconds_end_it(watched: Watched, held_ms: int) -> None:
    watched.wait(6)
    assert seen(watched.press(held_ms)) == ("manual", 1)
    assert seen(watched.wait(29.9)) == ("manual", 1)
    assert seen(watched.press(held_ms)) == ("manual", 2)
    assert seen(watched.wait(29.9)) == ("manual", 2)
    assert seen(watched.wait(0.1)) == ("automatic", 0)


@pytest.mark.feature("IQ0404100K1-R-115")
def test_service_mode_while_the_terminal_cover_is_open(watched: Watched) -> None:
    watched.wait(7)
    watched.cover("open")
    assert seen(watched.wait(1)) == ("service", 0)
    assert [seen(watched.wait(step)) for step in (4.9, 0.1, 5)] == [("service", 0), ("service", 1), ("service", 2)]
    assert seen(watched.press()) == ("service", 3)
    watched.cover("closed")
    assert seen(watched.wait(1)) == ("automatic", 0)


@pytest.mark.feature("IQ0404100K1-R-116")
def test_service_mode_shows_thousandths() -> None:
    watched = Watched(Company(Steady(active_w=0)))
    watched.wait(5)
    watched.company.fleet.holding.laws.registers.add(ALL, 1, add_wh(12_345_678))
    assert watched.turned_to(IMPORT).picture.item.value == "012345"
    watched.cover("open")
    watched.wait(1)
    item = watched.turned_to(IMPORT).picture.item
    assert (item.value, item.unit) == ("012345.678", "kWh")


def add_wh(wh: int) -> np.ndarray:
    """Energy for three meters, import alone. -> [4, 3]."""
    energy = np.zeros((4, 3), np.int64)
    energy[Energy.ACTIVE_IMPORT] = wh * 3_600_000
    return energy


@pytest.mark.feature("IQ0404100K1-R-117")
def test_the_list_of_items(watched: Watched) -> None:
    watched.wait(5)
    items = [watched.wait(0 if number == 0 else 5).picture.item for number in range(10)]
    codes = [item.code for item in items]
    assert codes == ["0.9.2", "0.9.1", "1.8.0", "1.8.1", "1.8.2", "2.8.0", "2.8.1", "2.8.2", "0.2.0", ""]
    assert items[DATE].value == "02-11-2026"
    assert items[TIME].value == "00:00:10"
    assert items[FIRMWARE].label == "Firmware"
    assert set(items[SIGNAL].value) <= {"|"}


@pytest.mark.feature("IQ0404100K1-R-41")
def test_four_levels_of_the_signal_and_none(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    from openami.cosem.cellular import Cell
    from openami.meters import sources

    texts = []
    for quality in (0, 5, 12, 17, 30):
        law = sources.Law(lambda _view, quality=quality: Cell(1, 1, quality, 0))
        monkeypatch.setitem(sources.SOURCES, "modem.cell_info", law)
        [sign] = [sign for sign in watched.wait(0).picture.signs if sign.name == "signal"]
        texts.append((sign.level, sign.text))
    assert [level for level, _ in texts] == [0, 1, 2, 3, 4]
    assert len({text for _, text in texts}) == 5


@given(st.integers(0, 4 * 10**9))
@settings(max_examples=60)
def test_what_is_shown_is_the_register_at_its_resolution(wh: int) -> None:
    watched = Watched()
    watched.company.fleet.holding.laws.registers.add(ALL, 2, add_wh(wh))
    held = watched.company.read(Register.value, "1.0.1.8.0.255")
    watched.wait(5)
    shown = Decimal(watched.turned_to(IMPORT).picture.item.value)
    assert shown == held // 1000 % 10**6
    watched.cover("open")
    watched.wait(0)
    frame = watched.turned_to(IMPORT)
    assert frame.picture.mode is Mode.SERVICE
    assert Decimal(frame.picture.item.value) == Decimal(held % 10**9) / 1000


def test_signs_of_phases_direction_and_tariff(watched: Watched) -> None:
    watched.company.load.volts = 230
    signs = {sign.name: sign for sign in watched.wait(61).picture.signs}
    assert [signs[f"phase_{phase}"].level for phase in (1, 2, 3)] == [1, 1, 1]
    assert (signs["import"].level, signs["export"].level) == (1, 0)
    assert signs["tariff"].text == "T1"
    watched.company.load.active_w = -600
    signs = {sign.name: sign for sign in watched.wait(60).picture.signs}
    assert (signs["import"].level, signs["export"].level) == (0, 1)


@pytest.mark.feature("IQ0404100K1-R-16")
def test_two_thousand_pulses_for_a_kilowatt_hour() -> None:
    watched = Watched(Company(Steady(active_w=1000, reactive_var=500)))
    before = {led.name: led.pulses for led in watched.wait(0).leds}
    after = {led.name: led.pulses for led in watched.wait(3600).leds}
    assert {name: after[name] - before[name] for name in after} == {"active": 2000, "reactive": 1000}


def test_pulses_come_between_the_steps_of_the_laws() -> None:
    watched = Watched(Company(Steady(active_w=3600)))  # two pulses in a second
    counts = [watched.wait(0.1).leds[0].pulses for _ in range(20)]
    assert counts[-1] - counts[0] == pytest.approx(4, abs=1)
    assert max(after - before for before, after in pairwise(counts)) == 1


@pytest.mark.feature("IQ0404100K1-R-17")
def test_flashing_with_import_or_export_steady_without_load_dark_without_supply() -> None:
    watched = Watched()
    assert watched.wait(0).leds[0].glow is Glow.FLASHING
    watched.company.load.active_w = -50
    assert watched.wait(60).leds[0].glow is Glow.FLASHING
    watched.company.load.active_w, watched.company.load.amps = 0, (0, 0, 0)
    assert watched.wait(60).leds[0].glow is Glow.STEADY
    laws = watched.company.fleet.holding.laws
    commands.cut(laws, 0, laws.now)
    assert watched.wait(0).leds[0].glow is Glow.DARK


def test_an_overlay_takes_the_display_and_the_modes_go_on_below(watched: Watched) -> None:
    class Keys:
        """A keypad with something typed in for ten seconds."""

        def shown(self, now_ms: int) -> Shown | None:
            return Shown("", "1234") if now_ms < 10_000 else None

    watched.front.overlays.append(Keys())
    assert watched.wait(5).picture.item.value == "1234"
    assert seen(watched.wait(4.9)) == ("automatic", 0)
    frame = watched.wait(0.1)
    assert seen(frame) == ("automatic", 1)
    assert frame.picture.item.code == "0.9.1"


def test_a_button_that_there_is_not(watched: Watched) -> None:
    with pytest.raises(DefinitionError, match="no button is called 'reset'; there are scroll"):
        watched.front.press("reset", 0)


def test_lists_are_readable_as_capture_objects(watched: Watched) -> None:
    from openami.meters.laws.display import LAWS

    found = LAWS["display.automatic.list"].read(watched.front.view)
    assert len(found) == 10
    assert found[2][:3] == (3, OBIS.parse("1.0.1.8.0.255"), 2)
    assert LAWS["display.toolbox.list"].read(watched.front.view) == []
