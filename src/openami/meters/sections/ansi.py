"""Sections of a product file for registers of the ANSI kind: power failure, battery, pulse outputs, option boards."""

from typing import Literal

from pydantic import Field

from openami.meters.sections.row import Number, Row


class OutputRow(Row):
    """A pulse output: kind of energy, Ke in thousandths of a Wh (varh) for each transfer, and how it is wired."""

    energy: Literal["active", "reactive"] = "active"
    ke_mwh: Number
    wires: Literal[2, 3] = 3


class BoardRow(Row):
    """An option board: what works only while it is in, the `radio` or outputs by their names."""

    carries: tuple[str, ...]


class AnsiRow(Row):
    """A register of the ANSI kind: at which voltage it stops, and whether tariffs and load profile need its battery."""

    power_fail_mv: Number
    battery_mv: Number | None = None
    output: dict[str, OutputRow] = Field(default_factory=dict[str, OutputRow])
    board: dict[str, BoardRow] = Field(default_factory=dict[str, BoardRow])
