"""The section [radio] of a product file, and mistakes planted in it."""

from pathlib import Path

import pytest

from openami.core.errors import DefinitionError
from openami.meters.product import load, load_file

HEAD = 'extends = "c3a1h"\n\n'

MISTAKES = {
    "ert_type = 16": "ert_type 16: expected 0 to 15",
    'energy = "active.imports"': "energy 'active.imports': expected one of active.import",
    'energy = "reactive.quadrant_2"': "the product keeps no register of reactive.quadrant_2",
    "count_wh = 0": "count_wh 0: expected at least 1 Wh",
    "band_mhz = [902, 920]": "band_mhz 902 to 920: expected around 909.57 to 921.76",
    "period_s = 0": "expected at least a second",
    "period_s = 35": "interval_s 300 is no whole number of period_s 35",
    "refresh_s = 20": "refresh_s 20",
    "first_endpoint = 67000000": "first_endpoint 67000000: a number of 26 bits",
    'scheme = "DSSS"': "FHSS",
    "hops = 3": "Extra inputs are not permitted",
    "scm.copies = 0": "at least one copy",
    "scm.gap_us = -1": "no negative silence",
    "scm.gap_us = 3000000": "what is sent lasts",
    'scm.tampers = ["part.removal.removals"]': "scm.tampers: expected two",
    'scm.tampers = ["part.removal.removals", "part.removal.upended"]': "no source is called 'part.removal.upended'",
    'idm.tampers = ["", "", ""]': "idm.tampers: expected six",
    'idm.tampers = ["watch.magnet.count", "", "", "", "", ""]': "nothing is watched by the name of magnet",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_refused(mistake: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(f"{HEAD}[radio]\n{mistake}\n")
    with pytest.raises(DefinitionError, match=r"wrong\.toml") as refused:
        load_file(file)
    assert MISTAKES[mistake] in str(refused.value)
    assert "radio" in str(refused.value)


@pytest.mark.parametrize("carried", ['["modem"]', '["radio", "ky2"]'])
def test_a_board_that_carries_nothing_known_is_refused(carried: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(f"{HEAD}[ansi.board.third]\ncarries = {carried}\n")
    with pytest.raises(DefinitionError, match=r"ansi.board.third.carries.*is none of ky, kyz, radio"):
        load_file(file)


def test_a_radio_that_tells_nothing_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    text = 'extends = "ad11a"\n\n[radio]\nscheme = "FHSS"\nert_type = 4\ncount_wh = 10\n'
    file.write_text(text)
    with pytest.raises(DefinitionError, match="an endpoint tells something"):
        load_file(file)
    file.write_text(text + "[radio.scm]\n")
    assert load_file(file).radio is not None, "any product may have one"


def test_both_bases_have_the_same_radio() -> None:
    poly, mono = load("c3a1h").radio, load("c3a1h_mono").radio
    assert poly == mono
    assert poly is not None
    assert (poly.period_s.value, poly.interval_s.value, poly.count_wh.value) == (30, 300, 10)
