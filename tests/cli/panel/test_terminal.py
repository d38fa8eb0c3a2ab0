"""The front in a terminal, driven by its own pilot; and how displays are drawn in characters."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("textual")

from textual.widgets import Button, Input, Static

from openami.cli.panel import lcd
from openami.cli.panel.controls import controls
from openami.cli.panel.stand import Stand, standing
from openami.cli.panel.terminal import Controls, Lcd, PanelApp
from openami.metering import glyphs
from openami.meters.hands import HANDS


@dataclass
class Watch:
    """The clock of whoever looks, turned by the test."""

    seconds: float = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def stand(tmp_path: Path, watch: Watch) -> AsyncIterator[Stand]:
    async with standing("compactiq", tmp_path, speed=1, monotonic=watch) as found:
        yield found


def lines(app: PanelApp) -> list[str]:
    return app.query_one(Lcd).shown.split("\n")


async def test_keys_turn_the_display_over(stand: Stand, watch: Watch) -> None:
    app = PanelApp(stand)
    async with app.run_test() as pilot:
        assert lines(app)[2] == "SW legal"
        watch.seconds += 5
        app.tick()
        assert lines(app)[2] == "Date"
        await pilot.press("s")
        assert lines(app)[2] == "Time"
        await pilot.press("S", "s")
        assert lines(app)[2] == "Import rate 1"
        assert stand.front.place.mode == "manual"
        await pilot.click(Button)
        assert lines(app)[2] == "Import rate 2"
        watch.seconds += 30
        app.tick()
        assert lines(app)[2] == "Date"


async def test_opening_the_cover_leads_to_service_mode(stand: Stand, watch: Watch) -> None:
    app = PanelApp(stand)
    async with app.run_test(size=(110, 60)) as pilot:
        watch.seconds += 5
        names = [control.name for control in controls(stand)]
        await pilot.press(*["down"] * names.index("terminal_cover"), "enter")
        assert app.said == ""
        assert stand.front.place.mode == "service"
        await pilot.press("s", "s")
        assert lines(app)[1].endswith("kWh")
        assert lines(app)[1].strip().split()[0][-4] == "."
        await pilot.press("enter")
        assert stand.front.place.mode == "automatic"


async def test_dials_and_speed(stand: Stand, watch: Watch, tmp_path: Path) -> None:
    app = PanelApp(stand)
    async with app.run_test(size=(110, 60)) as pilot:
        await pilot.press("left")
        assert stand.load.dials.volts_mv == (225_000, 230_000, 230_000)
        await pilot.press("down", "right", "right")
        assert stand.load.dials.amps_ma == (4_000, 2_000, 2_000)
        names = [control.name for control in controls(stand)]
        await pilot.press(*["down"] * (names.index("speed") - 1), "right")
        assert stand.clock.speed == 10
        assert "10 ×" in str(app.query_one(Controls).content)
    assert (tmp_path / "dials.json").exists()


async def test_a_fault_is_typed_in(stand: Stand) -> None:
    app = PanelApp(stand)
    async with app.run_test(size=(110, 30)) as pilot:
        names = [control.name for control in controls(stand)]
        await pilot.press(*["down"] * names.index("temperature_c"), "enter")
        field = app.query_one(Input)
        assert field.placeholder == HANDS["temperature_c"].takes
        assert app.query_one("#side").scroll_offset.y > 0
        await pilot.press(*"qs7", "enter")
        assert app.said.startswith("temperature_c: 'qs7'")
        await pilot.press("enter", *"-12", "enter")
        assert app.said == ""
        assert stand.laid["temperature_c"] == -12
        assert field.disabled


async def test_every_hand_is_on_the_panel(stand: Stand) -> None:
    assert set(HANDS) <= {control.name for control in controls(stand)}


async def test_hands_outlive_the_panel(tmp_path: Path) -> None:
    async with standing("compactiq", tmp_path, speed=1) as stand:
        stand.hand("terminal_cover", "open")
    async with standing("compactiq", tmp_path, speed=1) as stand:
        assert "terminal_cover_open" in stand.look().conditions


async def test_what_is_refused_is_said(stand: Stand) -> None:
    app = PanelApp(stand)
    async with app.run_test():
        app.attempt(lambda: stand.turn("volts_l1", 999))
        assert "expected 3 values of 0 to 300" in str(app.query_one("#said", Static).content)


async def test_a_meter_without_supply_is_dark(stand: Stand) -> None:
    app = PanelApp(stand)
    async with app.run_test() as pilot:
        await pilot.press("s")
        cut(stand)
        app.tick()
        assert "".join(lines(app)).strip() == ""


def cut(stand: Stand) -> None:
    from openami.metering import commands

    laws = stand.fleet.holding.laws
    commands.cut(laws, 0, laws.now)


async def test_a_kept_meter_goes_on(tmp_path: Path) -> None:
    async with standing("compactiq", tmp_path, speed=3600) as stand:
        stand.turn("amps", 50)
        serial, power = stand.fleet.holding.identity.serial(0), stand.load.dials.phases
    async with standing("compactiq", tmp_path, speed=1) as stand:
        assert stand.fleet.holding.identity.serial(0) == serial
        assert stand.load.dials.phases == power
        assert stand.load.dials.amps_ma == (50_000,) * 3


def test_dots_are_braille_patterns() -> None:
    assert lcd.dots(("1",)) == ["⠐⡇⠀", "⠠⠧⠀"]
    assert [len(row) for row in lcd.dots(("a" * 16,) * 3)] == [48] * 6


def test_segments_are_strokes() -> None:
    rows = lcd.strokes(glyphs.segments("7.", 2))
    drawn = ["".join(sign if is_lit else " " for sign, is_lit in row).rstrip() for row in rows]
    assert drawn == ["       ━━", "         ┃", "", "         ┃", "          ▪"]
