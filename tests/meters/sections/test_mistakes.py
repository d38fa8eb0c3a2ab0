"""What pydantic cannot know: a mistake planted for each rule that a section has of its own, in a file on disk."""

from pathlib import Path

import pytest

from openami.core.errors import DefinitionError
from openami.meters.product import load_from

MISTAKES = [
    ("sm306", "[accuracy]\nactive = []\nreactive = []", "accuracy", "expected at least one class"),
    ("sm306", '[accuracy]\nactive = [{ standard = "IEC 62053-22", class = "9" }]', "accuracy", "there is no table of"),
    ("sm306", '[accuracy]\nreactive = [{ standard = "X", class = "2" }]', "accuracy", "reactive: there is no table"),
    ("sm306", "[accuracy]\nactive_imp_per_kwh = 0", "accuracy", "constants of at least 1 pulse"),
    ("sm306", "[accuracy]\nreactive_imp_per_kvarh = 0", "accuracy", "constants of at least 1 pulse"),
    ("sm306", "[accuracy]\ntemperature_c = [55, -25]", "accuracy", "expected [lowest, highest]"),
    ("sm306", "[accuracy]\nnominal_voltage_mv = [0]", "accuracy.nominal_voltage_mv 1", "greater than 0"),
    ("sm306", "[accuracy]\nnominal_voltage_mv = []", "accuracy.nominal_voltage_mv", "at least 1 item"),
    ("sm306", '[[association]]\nname = "reader"\npassword = ""', "association reader", "a password is what mechanism"),
    ("sm306", '[[association]]\nname = "public"\npassword = "x"', "association public", "a password is what mechanism"),
    (
        "sm306",
        '[[association]]\nname = "public"\nclient = 128',
        "association public.client",
        "less than or equal to 127",
    ),
    ("ad13a", "[relay]\ncontrol_mode = 7", "relay.control_mode", "less than or equal to 6"),
    ("ad13a", '[relay]\ntamper = ["module_cover"]', "relay.tamper 1", "'magnet'"),
    ("ad13a", '[clock]\nsync_s = "1"', "clock.sync_s", "valid"),
    ("ad13a", '[display.button.relay]\nkey = "RR"', "display.button.relay.key", "match pattern"),
    ("ad13a", '[display.mode.sleeping]\nlist = "x"', "display.mode.sleeping", "'automatic'"),
    ("ad13a", '[[events.vendor]]\nevent = "Odd Name"\nlog = "fraud"\ncode = 1', "events.vendor 1.event", "pattern"),
    ("ad13a", '[[events.vendor]]\nevent = "odd"\nlog = "frauds"\ncode = 1', "events.vendor 1.log", "'fraud'"),
    ("ad13a", '[[events.vendor]]\nevent = "odd"\nlog = "fraud"\ncode = 70000', "events.vendor 1.code", "65535"),
    ("ad13a", "[events.log.fraud]\nentries = 0", "events.log.fraud.entries", "greater than or equal to 1"),
    ("ad13a", "[events.error]\nodd = 32", "events.error.odd", "less than or equal to 31"),
    ("compactiq", '[firmware]\nkey = "00"', "firmware.key", "pattern"),
    ("compactiq", '[firmware.part.modem]\nversion = "1"', "firmware.part.modem.version", "pattern"),
    (
        "compactiq",
        "[firmware.transfer.image_transfer]\nblock_size = 0",
        "firmware",
        "block_size and octets of at least 1",
    ),
    ("compactiq", "[firmware.transfer.image_transfer]\noctets = 0", "firmware", "block_size and octets of at least 1"),
    ("compactiq", "[firmware.transfer.image_transfer]\nactivation_s = -1", "firmware", "activation_s of at least 0"),
    ("compactiq", "[firmware.transfer.image_transfer]\nverification_s = -1", "firmware", "verification_s and"),
    (
        "compactiq",
        '[firmware.transfer.image_transfer]\nparts = ["whole"]',
        "firmware",
        "is for part whole, which is not",
    ),
    ("compactiq", "[firmware.transfer.image_transfer]\nparts = []", "firmware.transfer.image_transfer.parts", "1 item"),
    ("sed102", '[input.query]\n"1x" = []', "input.query.1x", "pattern"),
    ("sed102", "[input]\nplaces = 2", "input", "expected 1"),
    ("sed102", "[input.keypad]\nkeys = 16", "input", "a keypad of 16 keys: expected 12"),
    ("sed102", '[input.test]\n"0" = "987654"', "input", "no query has the code 987654"),
    ("sed102", '[input]\nfitted = "scanner"', "input.fitted", "'keypad'"),
    ("sm306", '[links.way.odd]\nmodule = "x"\nmodel = "y"', "links.way.odd", "expected either module or model"),
    ("sm306", '[links.way.odd]\nlabel = "y"', "links.way.odd.label", "expected one of feature, model, module"),
    ("sm306", "[links.way.odd]", "links.way.odd", "expected either module or model"),
    ("sm306", '[links.way.odd]\nmodule = "x"', "links.way.odd", "no module 'x'; expected one of"),
    ("sm306", '[links.way.odd]\nmodel = "y"', "links.way.odd", "no link 'y'; expected one of"),
    ("ad13a", "[measurement]\nwindow_ms = 10", "measurement", "expected whole windows"),
    ("ad13a", "[measurement]\nrefresh_ms = 1100", "measurement", "expected whole windows"),
    ("ad13a", "[measurement]\nrms_ms = 300", "measurement", "expected whole windows"),
    ("ad13a", '[measurement]\nauxiliary = { open = "3P4W", shorted = "3P3W" }', "measurement", "not among wirings"),
    ("ad13a", '[measurement.wirings]\nvalue = ["3P5W"]', "measurement.wirings.value 1", "'3P4W'"),
    ("sed102", '[prepayment]\nsgc = "12345"', "prepayment.sgc", "pattern"),
    ("sed102", '[prepayment]\nmanufacturer = "123"', "prepayment.manufacturer", "pattern"),
    ("sed102", "[prepayment]\nea = 9", "prepayment.ea", "7 or 11"),
    ("sed102", "[prepayment]\ntests = [28]", "prepayment.tests 1", "less than or equal to 27"),
    ("sed102", "[prepayment.lockout]\nafters = 3", "prepayment.lockout.afters", "expected one of after, feature"),
    ("sed102", '[prepayment.friendly]\nbegin = "18:10"\nend = "07:00"', "prepayment.friendly.begin", "pattern"),
    ("sed102", '[prepayment.friendly]\nbegin = "18:00"', "prepayment.friendly.end", "required"),
    ("ad13a", '[profile.interval]\nat = [{ time = "24:00" }]', "profile.interval.at 1.time", "expected hh:mm"),
    ("ad13a", "[profile.interval]\nat = [{ day = 32 }]", "profile.interval.at 1.day", "less than or equal to 31"),
    ("ad13a", "[profile.interval]\nat = [{ weekday = 8 }]", "profile.interval.at 1.weekday", "less than or equal to 7"),
    ("ad13a", '[profile.interval]\nat = ["week"]', "profile.interval.at 1", "valid"),
    ("ad13a", "[demand.active_import]\npickup_min = 256", "demand.active_import.pickup_min", "255"),
    ("ad13a", '[registers]\nsummation = "odd"', "registers.summation", "'net'"),
    ("ad13a", '[[watch]]\nname = "odd"\nsignal = "magnet_mt"\nbegins = "x"', "watch odd", "one of above and below"),
    (
        "ad13a",
        '[[watch]]\nname = "odd"\nsignal = "magnet_mt"\nabove = 1\nbelow = 0\nbegins = "x"',
        "watch odd",
        "one of above and below",
    ),
    (
        "ad13a",
        '[[watch]]\nname = "odd"\nsignal = "odd"\nabove = 1\nbegins = "x"',
        "watch odd",
        "no signal is called 'odd'",
    ),
    ("ad13a", '[[watch]]\nname = "magnet"\nlatch = "magnet"', "watch magnet", "opens the relay for tamper"),
    ("ad13a", '[[watch]]\nname = "magnet"\nfor_ds = 0', "watch magnet", "a time threshold is 0.1 s at least"),
    # repeated rows, files that extend
    ("ad13a", '[[object]]\nname = "odd"\nrepeat = 3', "object odd.repeat", "expected a list of tables"),
    ("ad13a", '[[object]]\nname = "odd{n}"\nrepeat = [{ m = 1 }]', "", "repeat does not give"),
    ("ad13a", '[[watch]]\nname = "odd"\n[[watch]]\nname = "odd"', "watch odd.name", "stands twice"),
]


@pytest.mark.parametrize(("base", "text", "key", "said"), MISTAKES, ids=[f"{m[2]}: {m[3]}" for m in MISTAKES])
def test_a_mistake_is_refused_by_file_and_key(base: str, text: str, key: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "planted.toml").write_text(f'extends = "{base}"\n\n{text}\n', encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        load_from("planted", tmp_path)
    assert str(caught.value.file) == "planted.toml"
    assert (caught.value.key or "") == key
    assert said in caught.value.args[0]
