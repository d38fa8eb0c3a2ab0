"""Storing and showing events."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.headend.events.codes import meaning
from openami.headend.events.noticing import Record, notable, noticed
from openami.headend.kit.access import Permission, command
from openami.headend.kit.database import Row, Unit
from openami.headend.registry.layout import Layout
from openami.headend.registry.models import Role, model
from openami.headend.registry.service import meter as find_meter

KEEP = "INSERT INTO event (meter, at, log, code, seq, detail) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
LATEST = """
    WITH p AS (SELECT r.a FROM {rows} r)
    SELECT p.a, (SELECT max(at) FROM event e WHERE e.meter = p.a AND e.log = ?) FROM p
"""
OF = """
    SELECT e.at, e.log, e.code, e.seq, e.detail, m.product FROM event e JOIN meter m ON m.id = e.meter
    WHERE e.meter = ? AND (? IS NULL OR e.log = ?) AND (e.at, e.log, e.code, e.seq) < (?, ?, ?, ?)
    ORDER BY e.at DESC, e.log DESC, e.code DESC, e.seq DESC LIMIT ?
"""
NEWEST = (2**62, "", 0, 0)


@dataclass(frozen=True, slots=True)
class Logged:
    """Rows of one log of one meter, as they came in."""

    meter: int
    log: str
    at: NDArray[np.int64]
    values: NDArray[np.void]
    code: int = 0
    """Code of the events of a log that captures none."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a meter noted."""

    at: int
    log: str
    code: int
    seq: int
    meaning: str
    detail: dict[str, int]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of events, newest first; `before` asks for the next one, None at the end."""

    events: tuple[Event, ...]
    before: tuple[int, str, int, int] | None


def store(unit: Unit, layout: Layout, logs: Sequence[Logged]) -> None:
    """Take rows of logs in; an event that is there already stays one."""
    keep(unit, [record for logged in logs for record in _records(layout, logged)])


def keep(unit: Unit, records: Sequence[Record]) -> int:
    """Keep events; what they say of tampering and of the supply is followed up, once. -> events that are new."""
    known = notable(unit, records)
    new = unit.run_many(KEEP, records)
    noticed(unit, known)
    return new


def _records(layout: Layout, logged: Logged) -> list[Record]:
    code_name = layout.field(Role.CODE)
    count = len(logged.at)
    codes = logged.values[code_name].tolist() if code_name else [logged.code] * count
    names = [column.logical_name for column in layout.values if column.logical_name != code_name]
    details: list[str | None] = [None] * count
    if names:
        columns = [logged.values[name].tolist() for name in names]
        details = [json.dumps(dict(zip(names, cells, strict=True))) for cells in zip(*columns, strict=True)]
    seen: dict[tuple[int, int], int] = {}
    records: list[Record] = []
    for at, code, detail in zip(logged.at.tolist(), codes, details, strict=True):
        seq = seen.get((at, code), 0)
        seen[at, code] = seq + 1
        records.append((logged.meter, at, logged.log, code, seq, detail))
    return records


def latest(unit: Unit, meters: Iterable[int], log: str) -> dict[int, int]:
    """Instant of the newest event of that log, for meters that have one."""
    rows = unit.rows_of(LATEST, ((meter,) for meter in meters), log)
    return {meter: at for meter, at in rows if at is not None}


@command(Permission.VIEW)
def of(
    unit: Unit,
    serial: str,
    log: str | None = None,
    *,
    before: tuple[int, str, int, int] | None = None,
    limit: int = 50,
) -> Page:
    """Events of a meter, newest first, of one log or of all."""
    rows = unit.rows(OF, (find_meter(unit, serial).id, log, log, *(before or NEWEST), limit + 1))
    events = tuple(_event(row) for row in rows[:limit])
    return Page(events, tuple(rows[limit - 1][:4]) if len(rows) > limit else None)


def _event(row: Row) -> Event:
    at, log, code, seq, detail, product = row
    told = meaning(model(product).event_codes, log, code)
    return Event(at, log, code, seq, told, json.loads(detail) if detail else {})
