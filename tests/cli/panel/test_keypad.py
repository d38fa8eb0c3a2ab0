"""The keypad in the terminal: digits, tokens of `openami sts encode`, the card reader in its place, the hint."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("textual")

from textual.events import Paste
from textual.widgets import Input, Static

from cli.panel.till import token
from openami.cli.panel.controls import CARD, controls
from openami.cli.panel.stand import Stand, standing
from openami.cli.panel.terminal import Controls, Lcd, PanelApp, diodes
from openami.core.errors import DefinitionError
from openami.metering.leds import Glow
from openami.meters.front import Led

SIZE = (110, 50)


class Watch:
    """The clock of whoever looks, turned by the test."""

    seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture(params=["sed102", "sed302"])
async def stand(request: pytest.FixtureRequest, tmp_path: Path, watch: Watch) -> AsyncIterator[Stand]:
    async with standing(request.param, tmp_path, speed=1, monotonic=watch) as found:
        found.look()
        watch.seconds += 5
        yield found


def shown(app: PanelApp) -> str:
    return app.query_one(Lcd).shown


async def test_digits_are_keys_and_backspace_takes_one_back(stand: Stand) -> None:
    app = PanelApp(stand)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press(*"12345", "backspace")
        assert shown(app) == "4-20 1234"
        await pilot.click("#key-7")
        assert shown(app) == "5-20 1234.7"
        assert len(app.query("#keypad Button")) == 12
        await pilot.press("enter")
        assert shown(app) == "no CodE"
        await pilot.press(*"09", "number_sign")
        assert shown(app).endswith("CLOSEd")


async def test_enter_turns_what_is_chosen_where_nothing_is_typed(stand: Stand) -> None:
    app = PanelApp(stand)
    async with app.run_test(size=SIZE) as pilot:
        names = [control.name for control in controls(stand)]
        app.query_one(Controls).chosen = names.index("module_cover_2")
        await pilot.press("enter")
        assert "module_cover_2_open" in stand.look().conditions


async def test_a_token_of_the_command_in_the_hint_closes_the_relay(stand: Stand, watch: Watch) -> None:
    app = PanelApp(stand)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("question_mark")
        hint = app.query_one("#hint", Static)
        assert not hint.has_class("gone")
        stand.keys(token(str(hint.content), "clear-credit all"))
        await pilot.press("enter")
        assert shown(app) == "ACCEPt"
        assert "relay_open" in stand.look().conditions
        app.tick()
        good = token(str(hint.content))
        stand.keys(good)
        await pilot.press("enter")
        assert shown(app) == "ACCEPt"
        assert "relay_open" not in stand.look().conditions
        watch.seconds += 3
        app.tick()
        assert shown(app) == "10.0 kWh"
        stand.keys(f"{good}#")
        app.tick()
        assert shown(app) == "E 10 USEd"


async def test_a_token_is_pasted(stand: Stand) -> None:
    app = PanelApp(stand)
    async with app.run_test(size=SIZE) as pilot:
        good = token(stand.hint)
        app.on_paste(Paste(" ".join(good[at : at + 4] for at in range(0, 20, 4))))
        assert stand.typed == good
        app.on_paste(Paste("no number"))
        await pilot.press("enter")
        assert shown(app) == "ACCEPt"


async def test_a_card_is_held_to_the_reader(stand: Stand) -> None:
    app = PanelApp(stand)
    async with app.run_test(size=SIZE) as pilot:
        assert CARD not in {control.group for control in controls(stand)}
        for name, value in (("module_cover_2", "open"), ("input_module", "nfc"), ("module_cover_2", "closed")):
            stand.hand(name, value)
        app.tick()
        assert app.query_one("#keypad").has_class("gone")
        await pilot.press("7")
        assert not stand.typed
        app.query_one(Controls).chosen = [control.name for control in controls(stand)].index("card")
        await pilot.press("enter")
        assert not app.query_one(Input).disabled
        app.query_one(Input).value = token(stand.hint)
        await pilot.press("enter")
        assert shown(app) == "ACCEPt"


async def test_beeps_are_heard(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    app, bells = PanelApp(stand), []
    monkeypatch.setattr(app, "bell", lambda: bells.append(1))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("1")
        await pilot.press("2")
        assert len(bells) == 2


async def test_a_meter_without_keypad_has_none(tmp_path: Path) -> None:
    async with standing("compactiq", tmp_path, speed=1) as stand:
        app = PanelApp(stand)
        async with app.run_test(size=SIZE) as pilot:
            assert app.query_one("#keypad").has_class("gone")
            await pilot.press("1", "question_mark")
            assert str(app.query_one("#hint", Static).content) == "This meter takes no tokens."
            assert not stand.typed
        with pytest.raises(DefinitionError, match="no place for an input module"):
            stand.keys("1")


def test_a_blinking_diode_is_on_half_the_time() -> None:
    led = Led("credit", "credit", "red", Glow.BLINKING, blink_ms=1000)
    colours = [diodes([led], [], now_ms).spans[0].style for now_ms in range(0, 2000, 250)]
    assert colours == [colours[0], colours[0], colours[2], colours[2]] * 2
    assert colours[0] != colours[2]
