"""Changes of tamper counters, as events of the log `radio`: each counter by itself, in the order of time."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from openami.headend.ert.overheard import Overheard
from openami.phy.ert import IDM, SCM

LOG = "radio"
FIRST_IDM, FIRST_SCM = 1, 11
COUNTED_ANEW = 20

Record = tuple[int, int, str, int, int, str]
"""Meter, instant, log, code, number among those of one second, detail: as the events' table has it."""


@dataclass(frozen=True, slots=True)
class Counters:
    """Counters as last told, none before that: two of the SCM, six of the IDM."""

    told_at: float | None = None
    scm: tuple[int, ...] | None = None
    idm: tuple[int, ...] | None = None


def moved(meter: int, known: Counters, heard: Sequence[Overheard]) -> tuple[Counters, list[Record]]:
    """Follow the counters through messages in order of time; those not newer than what is known tell nothing new."""
    found: list[Record] = []
    for each in heard:
        if known.told_at is not None and each.at <= known.told_at:
            continue
        message = each.message
        now: tuple[int, ...]
        if isinstance(message, SCM):
            now = (message.physical_tamper, message.encoder_tamper)
            found += events(meter, each.at, FIRST_SCM, known.scm, now)
            known = replace(known, told_at=each.at, scm=now)
        elif isinstance(message, IDM):
            now = tuple(message.tamper_counters)
            found += events(meter, each.at, FIRST_IDM, known.idm, now)
            known = replace(known, told_at=each.at, idm=now)
    return known, found


def events(meter: int, at: float, first: int, before: tuple[int, ...] | None, now: tuple[int, ...]) -> Iterator[Record]:
    """One event for each counter that is another than before."""
    for place, value in enumerate(now):
        if before is not None and before[place] != value:
            detail = json.dumps({"count": value})
            yield meter, int(at), LOG, first + place, 0, detail
