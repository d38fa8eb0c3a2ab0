"""Loads for tests: minutes from a table, and drawn ones."""

from dataclasses import fields, replace

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
        parts = {item.name: getattr(whole, item.name) for item in fields(whole) if item.name != "step_s"}
        return replace(whole, **{name: None if part is None else part[:, self.meter] for name, part in parts.items()})


class Phases:
    """Drawn power of three phases, each with its own sign, voltage and current; a neutral that is measured."""

    def __init__(self, start, meters, seed, minutes=1440, step_s=60):
        rng = np.random.default_rng(seed)
        shape = (minutes, meters, 3)
        self.start, self.step_s = start, step_s
        self.active = rng.integers(-2_000_000, 4_000_000, shape) * (rng.random(shape) > 0.1)
        self.reactive = rng.integers(-1_500_000, 1_500_000, shape)
        self.volts = rng.integers(210_000, 250_000, shape).astype(np.int32)
        self.amps = rng.integers(0, 20_000, shape).astype(np.int32)
        self.neutral = rng.integers(0, 5_000, shape[:2]).astype(np.int32)

    def power(self, start_utc, minutes):
        first = (start_utc - self.start) // self.step_s
        rows = np.arange(first, first + minutes) % len(self.active)
        parts = (self.active[rows], self.reactive[rows], self.volts[rows], self.amps[rows])
        return Minutes.of_phases(*parts, neutral_ma=self.neutral[rows], step_s=self.step_s)
