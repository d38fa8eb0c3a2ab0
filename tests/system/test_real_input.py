"""Measured load in, the same energy out of the head-end, interval by interval (UCI household, six days)."""

import csv
import gzip

import numpy as np
import pytest

from openami.headend.curves import service as curves
from openami.headend.registry import service as registry
from upped import ALWAYS, store, up_once

FILE = "loads/uci/household_1min_6days.txt.gz"
DAYS = 6


def file_wh(path) -> np.ndarray:
    """Energy of the file in mWh, summed up to the end of each quarter of an hour. -> [quarters]."""
    with gzip.open(path, "rt", encoding="ascii") as text:
        watts = [
            0 if row["Global_active_power"] == "?" else round(float(row["Global_active_power"]) * 1000)
            for row in csv.DictReader(text, delimiter=";")
        ]
    assert len(watts) == DAYS * 1440
    return np.cumsum(np.array(watts, np.int64).reshape(-1, 15).sum(axis=1)) * 1000 // 60


@pytest.mark.feature("IQ0404100K1-R-92")
def test_the_energy_stored_is_the_energy_of_the_file_to_one_register_step(tmp_path, shared):
    path = shared / FILE
    summary = up_once(tmp_path, "--meters", "2", "--loads", str(path))
    assert summary["failures"] == 0
    database = store(tmp_path)
    with database.read() as unit:
        driven, other = (
            curves.curve(unit, meter.serial, *ALWAYS) for meter in registry.search(unit, "", limit=2).meters
        )
    database.close()
    total = file_wh(path) // 1000
    expected = np.concatenate([total, np.full(960 - total.size, total[-1])])
    register = driven.registers["1.0.1.8.0.255"].astype(np.int64)
    assert len(driven) == summary["intervals"] // 2 >= 958, "ten days, less the quarters that the start has taken"
    assert np.array_equal(register, expected[: register.size]), "the register at every quarter, exactly"
    assert np.array_equal(driven.imported[1:], np.diff(register)), "and so the energy of every interval"
    assert driven.exported.sum() == 0
    assert not np.array_equal(other.imported, driven.imported), "the other meter is a household of its own"
