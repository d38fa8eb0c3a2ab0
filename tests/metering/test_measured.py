"""Real input: six days of a French house, energy interval by interval (UCI data set, CC BY 4.0)."""

import csv
import gzip
from datetime import datetime

import numpy as np
import pytest

from metering.loads import Table
from openami.core.time import CET
from openami.metering.advance import advance
from openami.metering.registers import Energy
from openami.metering.state import State

START = int(datetime.fromisoformat("2026-05-01T00:00+02:00").timestamp())
WH_MJ = 3_600_000


def measured(shared):
    path = shared / "loads/uci/household_1min_6days.txt.gz"
    if not path.exists():
        pytest.skip("the UCI minutes are not here")
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file, delimiter=";"))

    def milli(name, factor):
        return np.array([0 if row[name] == "?" else round(float(row[name]) * factor) for row in rows])[:, None]

    volts, amps = milli("Voltage", 1000), milli("Global_intensity", 1000)
    load = Table(START, milli("Global_active_power", 10**6), milli("Global_reactive_power", 10**6))
    load.voltage_mv, load.current_ma = int(volts.mean()), int(amps.min())
    return load


@pytest.mark.feature("IQ0404100K1-R-01", "IQ0404100K1-R-92", "IQ0404100K1-R-93")
def test_energy_of_the_file_is_that_of_the_registers_interval_by_interval(shared):
    load, state = measured(shared), State.create(1, START)
    assert load.active.shape == (8640, 1)
    advance(state, START + 6 * 86_400, load)
    quarters = load.active.reshape(-1, 15).sum(axis=1) * 60  # mJ
    rows = state.profiles["interval"].ring.entries(0, 1)
    assert rows.stamp.tolist() == [START + 900 * n for n in range(1, 577)]
    taken = np.diff(rows.values["import_total"].astype(np.int64), prepend=0)
    assert (np.abs(taken * WH_MJ - quarters) < WH_MJ).all()
    assert (rows.values["import_total"] == np.cumsum(quarters) // WH_MJ).all()
    assert state.registers.mj(Energy.ACTIVE_IMPORT).tolist() == [int(quarters.sum())]
    assert state.registers.mj(Energy.REACTIVE_IMPORT).tolist() == [int(load.reactive.sum() * 60)]
    assert not rows.values["export_total"].any()
    daily = state.profiles["daily"].ring.entries(0, 1)
    assert daily.stamp.tolist() == CET.local_midnights(START + 1, state.now).tolist()
    days = np.cumsum(quarters.reshape(6, 96).sum(axis=1)) // WH_MJ
    assert (daily.values["import_rate_1"] + daily.values["import_rate_2"] == days).all()
