"""Calibration: registers of gain, phase and offset from three reference points, as on a test bench of a factory."""

from dataclasses import replace

import numpy as np

from openami.metering.metrology.chain import Chains, Registers
from openami.metering.metrology.point import Point
from openami.metering.metrology.steady import steady

SECONDS = 5.0


def calibrated(chains: Chains, voltage_v: float, current_a: float, low_current_a: float) -> Chains:
    """The same meters with their registers found: gains at PF 1, phase at 0.5 inductive, offsets at a low current."""
    at_unity = Point(voltage_v, current_a, connection=chains.connection)
    found = replace(chains, registers=Registers(*(np.copy(getattr(chains.registers, n)) for n in Registers.__slots__)))
    for _ in range(2):  # gain and offset look into each other a little
        trim_gain(found, at_unity)
        trim_phase(found, at_unity.at(0.5))
        trim_offset(found, replace(at_unity, current_a=low_current_a))
    return replace(found, registers=found.registers.rounded())


def trim_gain(chains: Chains, point: Point) -> None:
    """Gains of voltage and current from their RMS values."""
    seen = steady(point, chains, seconds=SECONDS)
    registers = chains.registers
    registers.gain_u[:] = (1 + registers.gain_u) * seen.truth.voltage_v / seen.voltage_v - 1
    registers.gain_i[:, :-1] = (1 + registers.gain_i[:, :-1]) * seen.truth.current_a / seen.current_a - 1


def trim_phase(chains: Chains, point: Point) -> None:
    """Delay of the current from the angle between the power found and the power that is."""
    seen = steady(point, chains, seconds=SECONDS)
    found = np.angle(seen.active_elements_w + 1j * seen.reactive_elements_var)
    true = np.angle(seen.truth.active_elements_w + 1j * seen.truth.reactive_elements_var)
    chains.registers.phase_us[:] -= (true - found) / (2 * np.pi * point.frequency_hz) * 1e6


def trim_offset(chains: Chains, point: Point) -> None:
    """Power that is missing at a low current."""
    seen = steady(point, chains, seconds=SECONDS)
    chains.registers.active_w[:] += seen.truth.active_elements_w - seen.active_elements_w
    chains.registers.reactive_var[:] += seen.truth.reactive_elements_var - seen.reactive_elements_var
