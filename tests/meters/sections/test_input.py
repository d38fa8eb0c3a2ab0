"""The section `[input]`: what fits, and mistakes named by file and key."""

from pathlib import Path
from typing import Any

import pytest

from openami.core.errors import DefinitionError
from openami.metering.entry import Module
from openami.meters import product
from openami.meters.definition import products
from openami.meters.sections.input import InputRow


def made(**given: Any) -> InputRow:
    """A section."""
    return InputRow.model_validate({"keypad": {}, **given})


def test_times_are_those_of_a_comparable_meter_unless_said_otherwise() -> None:
    row = made()
    assert row.keypad is not None
    times = (row.keypad.digit_s, row.accepted_s, row.amount_s, row.rejected_s, row.item_s)
    assert [cited.value for cited in times] == [20, 3, 5, 3, 5]
    assert (row.module, row.modules, row.keypad.unpowered, row.keypad.beep) == (Module.KEYPAD, ("keypad",), False, True)
    assert made(nfc={}, fitted="nfc").module is Module.NFC
    assert made(fitted="none").module is Module.NONE


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"fitted": "nfc"}, "no module 'nfc'; there are keypad"),
        ({"fitted": "card"}, "Input should be 'keypad', 'nfc' or 'none'"),
        ({"places": 2}, "2 places for input modules: expected 1"),
        ({"keypad": {"keys": 16}}, "a keypad of 16 keys: expected 12"),
        ({"query": {"1a": []}}, "String should match pattern"),
        ({"query": {"1" * 20: []}}, "at most 19 characters"),
        ({"query": {"1": []}, "test": {"2": "7"}}, "no query has the code 7"),
        ({"query": {"1": []}, "after": "7"}, "no query has the code 7"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        made(**given)


MISTAKES = {
    '"04" = [{ value = "voltage.value" }]': "input.query.04.1.value: no object is called voltage",
    '"04" = [{ value = "clock.tim" }]': "input.query.04.1.value: clock has no attribute tim",
    '"04" = [{ value = "charging_amount.value", scaler_from = "clock.time.x" }]': "clock has no attribute time.x",
    '"04" = [{ value = "charging_amount.value", decimals = 3 }]': "input.query.04.1.decimals: 3, and the display has 2",
}


@pytest.mark.parametrize(("line", "complaint"), MISTAKES.items())
def test_a_query_of_what_there_is_not_is_named_by_file_and_key(line: str, complaint: str, tmp_path: Path) -> None:
    text = (products() / "sed302.toml").read_text(encoding="utf-8")
    whole = text.index('"04" = [')
    wrong = text[:whole] + line + text[text.index("\n]", whole) + 2 :]
    (tmp_path / "wrong.toml").write_text(wrong, encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"wrong\.toml") as caught:
        product.load_from("wrong", tmp_path)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("blink_ms = [1000, 0, 0]", "blink_ms = [1000, 0]", "led.credit.blink_ms: expected 3: one for each colour"),
        ("limits = [0, ", "limits = [0, 5, ", "display.led.credit.colours: expected 4"),
    ],
)  # fmt: skip
def test_a_diode_blinks_in_each_of_its_colours_or_in_none(old: str, new: str, complaint: str, tmp_path: Path) -> None:
    text = (products() / "sed302.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "wrong.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"wrong\.toml") as caught:
        product.load_from("wrong", tmp_path)
    assert complaint in str(caught.value)
