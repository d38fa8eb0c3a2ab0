"""Bits of the alarm registers of each family of meters, and how its alarms are cleared."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from importlib import resources
from typing import Final

FOLDER = resources.files("openami.headend.events") / "alarm_bits"
WIDEST = 64


class Severity(IntEnum):
    """How bad an alarm is."""

    INFO = 1
    MINOR = 2
    MAJOR = 3
    CRITICAL = 4


@dataclass(frozen=True, slots=True)
class Bit:
    """An alarm of a register."""

    name: str
    """Logical name of the register, a slash, the number of the bit."""
    meaning: str
    severity: Severity
    tag: str
    """What else we do about it: `tamper`, `gasp` (last gasp, no power), `up` (power is back)."""


@dataclass(frozen=True, slots=True)
class Family:
    """Registers of a family of meters. `monitors` name a register where a push tells its monitor instead."""

    bits: dict[tuple[str, int], Bit]
    registers: tuple[str, ...]
    monitors: dict[str, str]
    cleared_at: dict[str, str]
    """Where the bits of a register are cleared: the register itself, or its descriptor."""
    with_ones: bool
    """Whether bits that are written as ones are cleared; else those written as zeros."""

    def split(self, register: str, value: int) -> Iterator[Bit]:
        """Name the bits that are set; what nobody has written down is told as that."""
        for bit in range(WIDEST):
            if value >> bit & 1:
                yield self.bits.get((register, bit)) or Bit(
                    f"{register}/{bit}", f"bit {bit} of {register}, meaning not known", Severity.MINOR, ""
                )

    def register_of(self, logical_name: str) -> str | None:
        """Register that an object tells of: register, descriptor or monitor."""
        if logical_name in self.registers:
            return logical_name
        described = {descriptor: register for register, descriptor in self.cleared_at.items()}
        return self.monitors.get(logical_name) or described.get(logical_name)


REGISTERS: Final = tuple(f"0.0.97.98.{e}.255" for e in range(3))
MONITORS: Final = {f"0.0.16.1.{e}.255": f"0.0.97.98.{e}.255" for e in range(3)}
DESCRIPTORS: Final = {f"0.0.97.98.{e}.255": f"0.0.97.98.{20 + e}.255" for e in range(3)}


@lru_cache(maxsize=16)
def family(name: str) -> Family | None:
    """Alarms of a family (`Model.event_codes`); None where it has no alarm registers."""
    if name == "esmr":  # one register of 64 bits, cleared by writing ones (CompactIQ manual, table 4)
        first = REGISTERS[0]
        return Family(_bits(name), (first,), {MONITORS_FIRST: first}, {first: first}, with_ones=True)
    if name == "idis":  # the register shows what is; what the descriptor remembers is cleared by writing zeros
        return Family(_bits(name), REGISTERS, MONITORS, DESCRIPTORS, with_ones=False)
    return None


MONITORS_FIRST: Final = "0.0.16.1.0.255"


def _bits(name: str) -> dict[tuple[str, int], Bit]:
    lines = (FOLDER / f"{name}.csv").read_text(encoding="utf-8").splitlines()[1:]
    return {
        (row["register"], int(row["bit"])): Bit(
            f"{row['register']}/{row['bit']}", row["meaning"], Severity[row["severity"].upper()], row["tag"]
        )
        for row in csv.DictReader(lines)
    }
