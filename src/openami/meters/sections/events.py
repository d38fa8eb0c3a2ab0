"""The `[events]` section of a product file: codes of its own, logs that differ from those of its face."""

from typing import Annotated, Literal

from numpy.typing import DTypeLike
from pydantic import Field

from openami.metering.events import ERRORS, Bit, Entry, Face, Log
from openami.meters.sections.row import Row

COLUMNS = {"code": "u1", "reason": "<u2", "magnitude": "<u2", "duration": "<u2", "counter": "<u2"}
LogName = Literal[
    "standard",
    "fraud",
    "disconnector",
    "power_quality",
    "power_quality_extended",
    "communication",
    "session",
    "event",
    "m_bus",
]


class EventRow(Row):
    """An event of the maker's: its name, log and code, and the bits of alarm registers that it raises."""

    event: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    log: LogName
    code: Annotated[int, Field(ge=0, le=0xFFFF)]
    alarms: tuple[tuple[Annotated[int, Field(ge=0, le=2)], Annotated[int, Field(ge=0, le=63)]], ...] = ()


class LogRow(Row):
    """A log that differs from that of the face: entries where no object says so, and what stands in an entry."""

    entries: Annotated[int, Field(ge=1)] | None = None
    columns: tuple[Literal["code", "reason", "magnitude", "duration", "counter"], ...] = ()


class Events(Row):
    """What a product changes of its face. `failed_logins` make an event; with `parameters`, so does each setting."""

    failed_logins: Annotated[int, Field(ge=1)] = 1
    parameters: bool = False
    vendor: tuple[EventRow, ...] = ()
    log: dict[LogName, LogRow] = Field(default_factory=dict[LogName, LogRow])
    error: dict[str, Annotated[int, Field(ge=0, le=31)]] = Field(default_factory=dict[str, int])

    def over(self, face: Face) -> Face:
        """Lay the product's own over a face."""
        events = {**face.events, **{row.event: Entry(row.log, row.code) for row in self.vendor}}
        alarms = {
            **face.alarms,
            **{row.event: tuple(Bit(*bit) for bit in row.alarms) for row in self.vendor if row.alarms},
        }
        logs = dict(face.logs)
        for name, row in self.log.items():
            logs[name] = changed(face.logs.get(name), row)
        errors = {**(face.errors or ERRORS), **self.error}
        return Face(face.name, events, logs, face.cleared, alarms, errors, face.clearing)


def changed(log: Log | None, row: LogRow) -> Log:
    """Change a log as a row has it."""
    held = log or Log(1, {"code": "u1"})
    columns: dict[str, DTypeLike] = {name: held.columns.get(name, COLUMNS[name]) for name in row.columns}
    return Log(row.entries or held.entries, columns or held.columns)
