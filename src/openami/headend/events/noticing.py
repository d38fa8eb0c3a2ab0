"""What events of the logs bring about beside being kept: tamper cases and interruptions, each once."""

import json
from collections.abc import Sequence
from typing import TypeAlias

from openami.headend.events import cases, raising
from openami.headend.events.alarm_bits import Bit, Severity, family
from openami.headend.events.codes import codes
from openami.headend.kit.database import Unit
from openami.headend.outage import signals
from openami.headend.registry.models import model
from openami.headend.registry.schemas import Meter
from openami.headend.registry.service import meters

Record: TypeAlias = tuple[int, int, str, int, int, str | None]
"""Meter, at, log, code, seq, detail: a row of `event`."""
FAMILIES = ("esmr", "idis", "ert")
TAGGED = frozenset(key for name in FAMILIES for key, code in codes(name).items() if code.tag)
KNOWN = """
    WITH p AS (SELECT r.a, r.b, r.c, r.d, r.e FROM {rows} r)
    SELECT p.a, p.b, p.c, p.d, p.e FROM p
    JOIN event e ON e.meter = p.a AND e.log = p.c AND e.at = p.b AND e.code = p.d AND e.seq = p.e
"""


def notable(unit: Unit, records: Sequence[Record]) -> list[Record]:
    """Events that bring something about and are not kept yet, in order of time."""
    some = [record for record in records if (record[2], record[3]) in TAGGED]
    if not some:
        return []
    known = {tuple(row) for row in unit.rows_of(KNOWN, [record[:5] for record in some])}
    return sorted({r[:5]: r for r in some if r[:5] not in known}.values(), key=lambda r: (r[1], r[3], r[0]))


def noticed(unit: Unit, records: Sequence[Record]) -> None:
    """Follow them up."""
    known = meters(unit, {record[0] for record in records}) if records else {}
    for record in records:
        if (meter := known.get(record[0])) is not None:
            _notice(unit, meter, record)


def _notice(unit: Unit, meter: Meter, record: Record) -> None:
    _, at, log, code, _, detail = record
    name = model(meter.product).event_codes
    found = codes(name).get((log, code))
    match found.tag if found else "":
        case "down":
            signals.down(unit, meter.id, at, signals.LOG)
        case "up":
            signals.up(unit, meter.id, at)
        case "outage":
            lasted = max(json.loads(detail).values(), default=0) if detail else 0
            signals.failure(unit, meter.id, at - lasted, at)
        case "tamper":
            assert found is not None
            if family(name) is not None:  # its alarm register tells the alarm; the log tells the case what it was
                cases.add(unit, meter.id, at, found.meaning)
                return
            bit = Bit(f"{log}/{code}", found.meaning, Severity.MAJOR, raising.TAMPER)
            raising.raise_all(unit, [raising.Told(meter, at, (bit,), raising.LOG, is_proved=True, is_clearable=False)])
        case _:
            pass
