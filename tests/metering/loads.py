"""Loads for tests: minutes from a table, and drawn ones."""

import numpy as np

from openami.metering.state import Minutes

BIG_MA = 50_000


class Table:
    """Minutes of a table from `start` on, again and again. [minutes, meters]."""

    def __init__(self, start, active_mw, reactive_mvar=None, current_ma=BIG_MA, voltage_mv=230_000):
        self.start = start
        self.active = np.atleast_2d(np.asarray(active_mw, np.int64))
        reactive = np.zeros_like(self.active) if reactive_mvar is None else reactive_mvar
        self.reactive = np.atleast_2d(np.asarray(reactive, np.int64))
        self.current_ma, self.voltage_mv = current_ma, voltage_mv

    def power(self, start_utc, minutes):
        assert start_utc % 60 == 0
        first = (start_utc - self.start) // 60
        rows = np.arange(first, first + minutes) % len(self.active)
        shape = (minutes, self.active.shape[1], 3)
        return Minutes(
            self.active[rows],
            self.reactive[rows],
            np.full(shape, self.voltage_mv, np.int32),
            np.full(shape, self.current_ma, np.int32),
        )


def constant(active_mw, reactive_mvar=0, *, meters=1, current_ma=BIG_MA):
    """The same power in every minute."""
    return Table(0, np.full((1, meters), active_mw), np.full((1, meters), reactive_mvar), current_ma)


def drawn(start, meters, seed, minutes=1440):
    """Import and export by turns, some minutes without load."""
    rng = np.random.default_rng(seed)
    active = rng.integers(-6_000_000, 9_000_000, (minutes, meters)) * (rng.random((minutes, meters)) > 0.1)
    return Table(start, active, rng.integers(-3_000_000, 3_000_000, (minutes, meters)))


class Column:
    """One meter's part of a load."""

    def __init__(self, load, meter):
        self.load, self.meter = load, slice(meter, meter + 1)

    def power(self, start_utc, minutes):
        whole = self.load.power(start_utc, minutes)
        return Minutes(
            whole.active_mw[:, self.meter],
            whole.reactive_mvar[:, self.meter],
            whole.voltage_mv[:, self.meter],
            whole.current_ma[:, self.meter],
        )
