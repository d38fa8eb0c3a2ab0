"""Measured loads: a CSV (or .gz) of minutes drives meters instead of drawn households.

Columns `time, active W, reactive var, volts, amps` (the last three may be missing), or the header of the UCI
household data set. A minute the file does not hold, or holds without a value, is no load. Days run back to
back from the start of the scenario, in the order of the file, whether they follow each other or not.
"""

import gzip
import hashlib
import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError
from openami.metering.state import Load, Minutes
from openami.meters.households import Households

Ints = NDArray[np.int64]

DAY_MIN = 1_440
NOMINAL_MV = 230_000
GZIP_MAGIC = b"\x1f\x8b"
MISSING = ("", "?")
UCI_HEADER = ("Date", "Time", "Global_active_power", "Global_reactive_power", "Voltage", "Global_intensity")
LIMIT = 1e9  # W, var, V or A: more than this in a house is a fault of the file

NAMES = {
    "time": {"time", "timestamp", "datetime"},
    "active": {
        "activew",
        "active",
        "activepower",
        "activepowerw",
        "power",
        "powerw",
        "w",
        "watts",
        "p",
        "pw",
    },
    "reactive": {"reactivevar", "reactive", "reactivepower", "reactivepowervar", "var", "vars", "q", "qvar"},
    "volts": {"volts", "volt", "voltage", "voltagev", "v", "u", "uv"},
    "amps": {"amps", "amperes", "current", "currenta", "a", "i", "ia"},
}
ORDER = ("time", "active", "reactive", "volts", "amps")
NO_LOAD = (0, 0, NOMINAL_MV, 0)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a file keeps what: how to read the time; column and factor to milli-units of each quantity."""

    delimiter: str
    width: int
    instant: Callable[[Sequence[str]], datetime]
    columns: dict[str, tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Row:
    """One minute of the file: its line, its instant and mW, mvar, mV, mA, or nothing."""

    line: int
    at: datetime
    values: tuple[int, int, int, int] | None


@dataclass(frozen=True)
class Measurement:
    """Days of minutes, back to back. Each array [days · 1440]: mW, mvar, mV, mA."""

    active_mw: NDArray[np.int64]
    reactive_mvar: NDArray[np.int64]
    voltage_mv: NDArray[np.int64]
    current_ma: NDArray[np.int64]

    @property
    def minutes(self) -> int:
        """How long the file lasts."""
        return len(self.active_mw)

    def part(self, first: int, minutes: int) -> tuple[NDArray[np.int64], ...]:
        """Cut out the four quantities from one minute on; outside the file no load. -> 4 × [minutes]."""
        parts = tuple(np.full(minutes, absent, dtype=np.int64) for absent in NO_LOAD)
        begin, end = max(first, 0), min(first + minutes, self.minutes)
        if begin < end:
            columns = (self.active_mw, self.reactive_mvar, self.voltage_mv, self.current_ma)
            for part, column in zip(parts, columns, strict=True):
                part[begin - first : end - first] = column[begin:end]
        return parts

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file whole; a bad line is refused by name."""
        rows = list(_rows(path))
        if not rows:
            raise DefinitionError("the file holds no minute", file=str(path), key="line 2")
        minute = _minutes(rows, path)
        days = {day: number for number, day in enumerate(dict.fromkeys((minute // DAY_MIN).tolist()))}
        day_index = np.array([days[day] for day in (minute // DAY_MIN).tolist()])
        table = np.tile(np.array(NO_LOAD, dtype=np.int64)[:, None], len(days) * DAY_MIN)
        given = np.array([row.values is not None for row in rows])
        place = (day_index * DAY_MIN + minute % DAY_MIN)[given]
        table[:, place] = (
            np.array([row.values for row in rows if row.values is not None], dtype=np.int64).reshape(-1, 4).T
        )
        return cls(*table)


class Measured:
    """A load for a fleet: the file drives the first meter and the others keep theirs, or it drives all."""

    def __init__(self, measurement: Measurement, start_utc: int, meters: int, others: Load | None = None) -> None:
        self.measurement = measurement
        self.start_utc = start_utc
        self.meters = meters
        self.others = others

    def power(self, start_utc: int, minutes: int) -> Minutes:
        """Load of each minute from `start_utc` on. -> [minutes, meters]."""
        quantities = self.measurement.part((start_utc - self.start_utc) // 60, minutes)
        if self.others is None:
            return on_one_phase(*(np.repeat(column[:, None], self.meters, axis=1) for column in quantities))
        load = self.others.power(start_utc, minutes)
        house = on_one_phase(*(column[:, None] for column in quantities))
        load.active_mw[:, :1] = house.active_mw
        load.reactive_mvar[:, :1] = house.reactive_mvar
        load.voltage_mv[:, :1] = house.voltage_mv
        load.current_ma[:, :1] = house.current_ma
        return load


@dataclass(frozen=True, slots=True)
class Drive:
    """What drives a fleet: a file for the first meter or for every one, and drawn households else."""

    file: Path | None = None
    every: bool = False

    @property
    def name(self) -> str:
        """Its name, which tells one file from another."""
        if self.file is None:
            return "households"
        try:
            digest = hashlib.sha256(self.file.read_bytes()).hexdigest()[:16]
        except OSError as error:
            raise DefinitionError(f"cannot be read: {error.strerror}", file=str(self.file)) from error
        return f"{self.file.name} {digest}{' for every meter' if self.every else ''}"

    def load(self, serials: Sequence[str], start_utc: int) -> Load:
        """The load of meters with these serial numbers, from the start of their history on."""
        if self.file is None:
            return Households(serials)
        measurement = Measurement.read(self.file)
        return Measured(measurement, start_utc, len(serials), None if self.every else Households(serials))


def on_one_phase(active: Ints, reactive: Ints, volts: Ints, amps: Ints) -> Minutes:
    """Houses on phase 1 of a three-phase supply. 4 × [minutes, meters] -> load."""
    voltage = np.repeat(volts[:, :, None], 3, axis=2).astype(np.int32)
    current = np.zeros_like(voltage)
    current[:, :, 0] = amps
    return Minutes(active, reactive, voltage, current)


def _minutes(rows: Sequence[Row], path: Path) -> NDArray[np.int64]:
    """Local minute of every row since year 1; each may be given once. -> [rows]."""
    offset = rows[0].at.utcoffset()
    seen: dict[int, None] = {}
    for row in rows:
        if (row.at.tzinfo is None) is not (offset is None):
            raise DefinitionError("a time with a zone among times without", file=str(path), key=f"line {row.line}")
        local = row.at if offset is None else row.at.astimezone(timezone(offset))
        minute = local.toordinal() * DAY_MIN + local.hour * 60 + local.minute
        if minute in seen:
            raise DefinitionError(f"minute {row.at} is given twice", file=str(path), key=f"line {row.line}")
        seen[minute] = None
    return np.fromiter(seen, dtype=np.int64, count=len(rows))


def _rows(path: Path) -> Iterator[Row]:
    """Rows of the file in its order."""
    lines = _lines(path)
    number = 1
    try:
        layout, is_header = _layout(lines[0])
        for number, line in enumerate(lines[is_header:], 1 + is_header):
            if line.strip():
                yield _row(number, line.split(layout.delimiter), layout)
    except ValueError as error:
        raise DefinitionError(str(error), file=str(path), key=f"line {number}") from error


def _lines(path: Path) -> list[str]:
    """Lines of a text file, packed or not."""
    try:
        octets = path.read_bytes()
        if octets.startswith(GZIP_MAGIC):
            octets = gzip.decompress(octets)
        return octets.decode("utf-8-sig").splitlines() or [""]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DefinitionError(f"cannot be read: {error}", file=str(path)) from error


def _layout(first: str) -> tuple[Layout, bool]:
    """Layout from the first line, and whether that line is a header."""
    delimiter = next((sign for sign in ";,\t" if sign in first), ",")
    cells = [cell.strip() for cell in first.split(delimiter)]
    if tuple(cells[:6]) == UCI_HEADER:
        columns = {"active": (2, 1e6), "reactive": (3, 1e6), "volts": (4, 1e3), "amps": (5, 1e3)}
        return Layout(delimiter, len(cells), _uci_instant, columns), True
    if cells[0][:1].isdigit():
        return _plain(delimiter, dict(zip(ORDER, range(len(cells)), strict=False))), False
    return _plain(delimiter, {_quantity(cell): index for index, cell in enumerate(cells)}), True


def _plain(delimiter: str, found: dict[str, int]) -> Layout:
    for name in ("time", "active"):
        if name not in found:
            raise ValueError(f"no column for {name}; expected time, active W, reactive var, volts, amps")
    time = found["time"]
    columns = {name: (index, 1e3) for name, index in found.items() if name != "time"}
    width = max(found.values()) + 1
    return Layout(delimiter, width, lambda cells: datetime.fromisoformat(cells[time].strip()), columns)


def _quantity(cell: str) -> str:
    plain = "".join(sign for sign in cell.lower() if sign.isalnum())
    for name, spellings in NAMES.items():
        if plain in spellings:
            return name
    raise ValueError(f"unknown column {cell!r}; expected time, active W, reactive var, volts, amps")


def _uci_instant(cells: Sequence[str]) -> datetime:
    day, month, year = (int(part) for part in cells[0].split("/"))
    hour, minute, second = (int(part) for part in cells[1].split(":"))
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  local time without a zone


def _row(line: int, cells: Sequence[str], layout: Layout) -> Row:
    if len(cells) < layout.width:
        raise ValueError(f"{len(cells)} columns, expected {layout.width}")
    at = layout.instant(cells)
    if at.second or at.microsecond:
        raise ValueError(f"time {at} is not on a whole minute")
    if cells[layout.columns["active"][0]].strip() in MISSING:
        return Row(line, at, None)
    active, reactive = _milli(cells, layout, "active") or 0, _milli(cells, layout, "reactive") or 0
    volts = _milli(cells, layout, "volts") or NOMINAL_MV
    amps = _milli(cells, layout, "amps")
    if amps is None:
        amps = round(math.hypot(active, reactive) * 1000 / volts)
    return Row(line, at, (active, reactive, volts, amps))


def _milli(cells: Sequence[str], layout: Layout, name: str) -> int | None:
    """Read a quantity in milli-units; None where the file does not give it."""
    if name not in layout.columns:
        return None
    index, factor = layout.columns[name]
    cell = cells[index].strip()
    if cell in MISSING:
        return None
    number = float(cell)
    if not math.isfinite(number) or abs(number) > LIMIT or (name in {"volts", "amps"} and number < 0):
        raise ValueError(f"{name} {cell} is out of range")
    return round(number * factor)
