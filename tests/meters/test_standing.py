"""How a meter stands: as hands have left it, also after a kill; and no value of any kind does more than be refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meters.small_fleet import Company, Turned
from meters.test_store import killed, opened
from openami.core.errors import AmiError, DefinitionError
from openami.meters import hands
from openami.meters.hands import HANDS
from openami.meters.standing import STANDS, standing
from openami.meters.view import View

MOMENTARY = {"billing_reset", "button_press", "relay_button", "sag", "sms", "removal", "inversion", "key", "nfc"}
LAID = {
    "terminal_cover": "open", "meter_cover": "open", "module_cover": "open", "module_cover_2": "open",
    "magnet_mt": 80, "supply": "off", "phase_lost": [2], "reverse_phases": [1, 3], "neutral_lost": True,
    "phase_sequence": True, "bypass_share": 40, "differential_ma": 500, "frequency_hz": 49.2, "thd_percent": 9.5,
    "thd_current_percent": 12.0, "clock_offset_s": -77, "clock_drift_ppb": 4000, "battery_mv": 3100,
    "temperature_c": -12, "link_noise": [300, 20], "factory_mode": True,
    "dc_ma": 700, "signal_dbm": -95, "network": "off", "network_secret": ["a", "b"], "sim_imei": "490154203237518",
}  # fmt: skip
"""A value of each that a hand takes and a meter shows again."""


def stands(company: Company, meter: int = 0) -> dict[str, Any]:
    return standing(View(company.fleet.holding, meter))


def test_every_hand_that_lasts_is_shown() -> None:
    assert HANDS.keys() - STANDS.keys() <= MOMENTARY
    assert STANDS.keys() - HANDS.keys() == set()


@pytest.mark.parametrize("name", LAID)
def test_a_meter_stands_as_it_was_left_and_can_be_put_back(name: str) -> None:
    company = Company()
    before = stands(company)
    company.fleet.hand(0, name, LAID[name])
    assert stands(company)[name] == LAID[name] != before[name]
    assert {**stands(company), name: before[name]} == before
    assert stands(company, 1) == before
    company.live(1).fleet.hand(0, name, before[name])
    assert stands(company)[name] == before[name]


def test_faults_of_memory_are_named_until_they_are_repaired() -> None:
    company = Company()
    company.fleet.hand(0, "memory_error", "ram")
    company.fleet.hand(0, "memory_error", "measurement")
    assert stands(company)["memory_error"] == ["ram_error", "measurement_error"]
    company.fleet.hand(0, "memory_error", ["ram", False])
    assert stands(company)["memory_error"] == ["measurement_error"]


def test_it_stands_so_after_a_kill(tmp_path: Path) -> None:
    clock = Turned()
    stored = opened(tmp_path / "a", clock)
    for name, value in LAID.items():
        stored.fleet.hand(1, name, value)
    stored.journal.commit_now()
    before = standing(View(stored.fleet.holding, 1))
    revived = opened(killed(tmp_path / "a", tmp_path, "b"), clock)
    assert standing(View(revived.fleet.holding, 1)) == before
    assert {name: before[name] for name in LAID} == LAID
    revived.save()  # and from the snapshot alone
    again = opened(killed(tmp_path / "b", tmp_path, "c"), clock)
    assert standing(View(again.fleet.holding, 1)) == before
    for one in (stored, revived, again):
        one.close()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
COMPANY = Company()


@settings(max_examples=400)
@given(st.sampled_from(sorted(HANDS)), JSON)
def test_any_value_is_taken_or_refused_in_one_sentence_that_names_the_hand(name: str, value: Any) -> None:
    view = View(COMPANY.fleet.holding, 0)
    before = json.dumps(standing(view))
    refusal: AmiError | None = None
    try:
        hands.lay(view, name, value)
    except AmiError as error:
        refusal = error
    if refusal is not None:
        assert "\n" not in str(refusal)
        assert not isinstance(refusal, DefinitionError) or str(refusal).startswith(name)
        assert json.dumps(standing(view)) == before
