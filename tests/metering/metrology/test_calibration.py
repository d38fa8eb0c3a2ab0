"""Calibration: meters from the line are brought into their class by registers alone."""

import numpy as np
import pytest

from openami.metering.metrology import Connection, Point, Spread, drawn, steady
from openami.metering.metrology.calibration import calibrated
from openami.metering.metrology.chain import GAIN_STEP, PHASE_STEP_US


@pytest.mark.parametrize("connection", list(Connection))
def test_calibration_finds_gain_phase_and_offset(connection: Connection) -> None:
    raw = drawn(range(8), 11, Spread.uncalibrated(), 230, 100, connection=connection)
    good = calibrated(raw, 230, 5, 0.25)
    points = [
        Point(230, i, connection=connection).at(*pf) for i in (0.25, 5, 100) for pf in ((1.0,), (0.5,), (0.8, "c"))
    ]
    for point in points:
        before, after = (steady(point, chains, seconds=2) for chains in (raw, good))
        assert np.abs(after.active_w / after.truth.active_w - 1).max() < 0.001
        assert np.abs(before.active_w / before.truth.active_w - 1).max() > 0.003
        assert np.abs(after.voltage_v / after.truth.voltage_v - 1).max() < 0.0005
    assert not raw.registers.gain_u.any()


def test_registers_go_in_steps_and_undo_the_errors() -> None:
    raw = drawn(range(8), 11, Spread.uncalibrated(), 230, 100, connection=Connection.ONE_PHASE)
    registers = calibrated(raw, 230, 5, 0.25).registers
    assert np.allclose(registers.gain_u / GAIN_STEP, np.rint(registers.gain_u / GAIN_STEP))
    assert np.allclose(registers.phase_us / PHASE_STEP_US, np.rint(registers.phase_us / PHASE_STEP_US))
    assert registers.gain_u == pytest.approx(1 / (1 + raw.gain_u) - 1, abs=2e-5)
    # one arc minute at 50 Hz is 0.926 µs
    assert registers.phase_us == pytest.approx(-raw.phase_arcmin[:, :1] / 1.08, abs=0.3)
    assert registers.active_w == pytest.approx(-raw.coupling_s * 230**2, abs=0.06)
