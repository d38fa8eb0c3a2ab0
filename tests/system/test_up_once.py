"""One command, from volts to the store: `openami up --once`."""

import json

from openami.headend.curves import service as curves
from openami.headend.registers import service as registers
from openami.headend.registry import service as registry
from upped import ALWAYS, openami, store, up_once

METERS = 20
ROWS = 960
"""The 15-minute profile holds ten days."""


def test_every_meter_is_read_once_without_failure(tmp_path):
    summary = up_once(tmp_path, "--meters", str(METERS))
    assert set(summary) == {"meters", "intervals", "seconds", "failures"}
    assert summary["meters"] == METERS
    assert summary["failures"] == 0
    assert METERS * (ROWS - 2) <= summary["intervals"] <= METERS * ROWS
    assert summary["intervals"] % METERS == 0


def test_started_again_it_goes_on_without_gap_or_duplicate(tmp_path):
    first = up_once(tmp_path, "--meters", "2", "--speed", "900")
    second = up_once(tmp_path)
    assert (first["failures"], second["failures"]) == (0, 0)
    database = store(tmp_path)
    with database.read() as unit:
        for meter in registry.search(unit, "", limit=10).meters:
            curve = curves.curve(unit, meter.serial, *ALWAYS)
            spacing = set((curve.starts[1:] - curve.starts[:-1]).tolist())
            known = curve.is_known
            assert spacing == {900}
            assert known[1:].all(), "only the first interval has no reading before it"
            assert known.size == (first["intervals"] + second["intervals"]) // 2
    database.close()


def test_billing_closings_equal_the_registers_of_the_profile(tmp_path):
    up_once(tmp_path, "--meters", "1")
    database = store(tmp_path)
    with database.read() as unit:
        (meter,) = registry.search(unit, "", limit=10).meters
        closings = registers.billing(unit, meter.serial, "daily")
        assert len(closings) == 10
        curve = curves.curve(unit, meter.serial, closings[-1].at, closings[0].at)
        imported = int(curve.imported.sum())
        rates = [imported_at(closing) for closing in (closings[0], closings[-1])]
        assert abs((rates[0] - rates[1]) - imported) <= 2, "two registers, each rounded down to 1 Wh"
    database.close()


def imported_at(closing: registers.Closing) -> int:
    return sum(reading.value for reading in closing.readings if reading.logical_name.startswith("1.0.1.8."))


def test_another_number_of_meters_is_refused_in_one_sentence(tmp_path):
    up_once(tmp_path, "--meters", "1")
    done = openami("up", "--once", "--meters", "2", "--data", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "has 1 meters, not 2" in done.stderr
    assert up_once(tmp_path, "--meters", "2", "--fresh")["meters"] == 2


def test_the_features_command_lists_the_product(tmp_path):
    products = json.loads(openami("features", "--json").stdout)["products"]
    assert products["compactiq"]["total"] == 143
