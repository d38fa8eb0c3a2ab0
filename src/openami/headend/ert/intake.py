"""Taking in what receivers overheard: whatever the order, and however often the same comes, once.

What is said of an endpoint that is nobody's makes a discovery and no more. That of a registered meter becomes a
reading for each slot, five-minute intervals at their true times, the register at midnight, and events.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from openami.headend.ert.counting import Clock, Counted, Following
from openami.headend.ert.overheard import Overheard
from openami.headend.ert.storing import Numbered, store_intervals
from openami.headend.ert.tampers import COUNTED_ANEW, LOG, Counters, Record, moved
from openami.headend.events.service import keep as keep_events
from openami.headend.kit.access import Permission, command
from openami.headend.kit.database import Row, Unit
from openami.headend.registry.discovery import RADIO, Met, noted
from openami.headend.registry.schemas import Contact
from openami.headend.registry.service import contacted

SLOT_S = 900
"""One reading of a register is kept in so long."""

STATES = """
    SELECT e.endpoint, e.meter, e.count_wh, e.count, e.counted_at, e.phase_s, e.shift, e.last_at, e.told_at,
           e.scm_tampers, e.idm_tampers
    FROM ert_endpoint e WHERE e.endpoint IN {keys}
"""
KEEP = """
    INSERT INTO ert_endpoint (endpoint, count_wh, ert_type, first_at, last_at, count, counted_at, level_dbfs, receiver,
                              phase_s, shift, told_at, scm_tampers, idm_tampers)
    VALUES (?, 10, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (endpoint) DO UPDATE SET
        ert_type = CASE WHEN ert_endpoint.last_at IS NULL OR excluded.last_at >= ert_endpoint.last_at
                        THEN excluded.ert_type ELSE ert_endpoint.ert_type END,
        level_dbfs = CASE WHEN ert_endpoint.last_at IS NULL OR excluded.last_at >= ert_endpoint.last_at
                        THEN excluded.level_dbfs ELSE ert_endpoint.level_dbfs END,
        receiver = CASE WHEN ert_endpoint.last_at IS NULL OR excluded.last_at >= ert_endpoint.last_at
                        THEN excluded.receiver ELSE ert_endpoint.receiver END,
        first_at = least(coalesce(ert_endpoint.first_at, excluded.first_at), excluded.first_at),
        last_at = greatest(coalesce(ert_endpoint.last_at, excluded.last_at), excluded.last_at),
        count = excluded.count, counted_at = excluded.counted_at, phase_s = excluded.phase_s,
        shift = excluded.shift, told_at = excluded.told_at, scm_tampers = excluded.scm_tampers,
        idm_tampers = excluded.idm_tampers
"""
KEEP_READING = """
    INSERT INTO ert_reading (endpoint, slot, at, kind, count, level_dbfs, receiver) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (endpoint, slot) DO UPDATE SET
        at = excluded.at, kind = excluded.kind, count = excluded.count, level_dbfs = excluded.level_dbfs,
        receiver = excluded.receiver
    WHERE excluded.at < ert_reading.at
"""


@dataclass(frozen=True, slots=True)
class State:
    """What is known of an endpoint."""

    endpoint: int
    meter: int | None = None
    count_wh: int = 10
    following: Following = field(default_factory=Following)
    counters: Counters = field(default_factory=Counters)

    @classmethod
    def of(cls, row: Row) -> "State":
        """Read a row of `STATES`."""
        endpoint, meter, count_wh, count, counted_at, phase_s, shift, last_at, told_at, scm, idm = row
        following = Following(Counted(count, counted_at), Clock(phase_s, shift), last_at)
        return cls(endpoint, meter, count_wh, following, Counters(told_at, counters_of(scm), counters_of(idm)))

    def row(self, group: Sequence[Overheard], receiver: str) -> tuple[object, ...]:
        """Write it for `KEEP`, as it is after these messages in order of time."""
        first, last = group[0], group[-1]
        counted, clock, counters = self.following.counted, self.following.clock, self.counters
        return (
            self.endpoint, last.ert_type, first.at, last.at, counted.count, counted.at, last.level_dbfs, receiver,
            clock.phase_s, clock.shift, counters.told_at, text_of(counters.scm), text_of(counters.idm),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """What an intake brought."""

    messages: int
    meters: int
    """Registered meters among those heard."""
    discovered: int
    """Endpoints that nobody had heard before and that are nobody's."""
    intervals: int
    """Intervals that were not there before."""
    filled: int
    """Of these, how many were lost on the air and came out of later messages."""
    events: int

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(
            self.messages + other.messages, max(self.meters, other.meters), self.discovered + other.discovered,
            self.intervals + other.intervals, self.filled + other.filled, self.events + other.events,
        )  # fmt: skip


NOTHING = Taken(0, 0, 0, 0, 0, 0)


@command(Permission.IMPORT, is_undivided=True)
def take(unit: Unit, heard: Iterable[Overheard], receiver: str = "") -> Taken:
    """Take in what a receiver overheard."""
    ordered = sorted(heard, key=lambda each: (each.endpoint, each.at))
    groups = {number: list(group) for number, group in groupby(ordered, key=lambda each: each.endpoint)}
    before = {row[0]: State.of(row) for row in unit.rows_in(STATES, groups)}
    after = [followed(before.get(number, State(number)), group) for number, group in groups.items()]
    states = [state for state, _ in after]
    unit.run_many(KEEP, [state.row(groups[state.endpoint], receiver) for state in states])
    ours = [state for state in states if state.meter is not None]
    noted(unit, [met(groups[state.endpoint][-1]) for state in states if state.meter is None])
    unit.run_many(KEEP_READING, [row for state in ours for row in readings(state, groups[state.endpoint], receiver)])
    events = keep_events(unit, [event for _, found in after for event in found])
    stored = store_intervals(unit, [each for state in ours for each in numbered(state)])
    contacted(unit, contacts(ours, groups))
    return Taken(len(ordered), len(ours), len(groups.keys() - before.keys()), stored.new, stored.filled, events)


def met(last: Overheard) -> Met:
    """An endpoint that is nobody's, for the list of all meters that are not registered."""
    return Met(RADIO, str(last.endpoint), int(last.at), detail=f"ERT type {last.ert_type}")


def followed(state: State, group: Sequence[Overheard]) -> tuple[State, list[Record]]:
    """Follow an endpoint through what was heard of it, in order of time; -> events of its meter, if it is one's."""
    following = state.following.through(group)
    if state.meter is None:
        return replace(state, following=following), []
    counters, events = moved(state.meter, state.counters, group)
    jumps: list[Record] = [(state.meter, int(at), LOG, COUNTED_ANEW, 0, "{}") for at in following.jumps]
    return replace(state, following=following, counters=counters), events + jumps


def readings(state: State, group: Sequence[Overheard], receiver: str) -> Iterator[tuple[object, ...]]:
    """The first reading in each slot."""
    seen: set[int] = set()
    told = zip(group, state.following.counts, strict=True)
    for each, count in sorted(told, key=lambda one: one[0].counted_at):
        slot = int(each.counted_at) // SLOT_S * SLOT_S
        if slot not in seen:
            seen.add(slot)
            yield state.endpoint, slot, each.counted_at, each.message.KIND, count, each.level_dbfs, receiver


def numbered(state: State) -> Iterator[Numbered]:
    """Intervals that were told, for each phase they stood in."""
    assert state.meter is not None
    for phase_s, told in state.following.told.items():
        yield Numbered(state.meter, state.count_wh, phase_s, told)


def contacts(states: Sequence[State], groups: Mapping[int, Sequence[Overheard]]) -> list[Contact]:
    """Note that these meters were heard."""
    return [
        Contact(
            meter=state.meter, at=int(groups[state.endpoint][-1].at), is_read=True, clock_offset_s=None, reason=None
        )
        for state in states
        if state.meter is not None
    ]


def counters_of(text: str | None) -> tuple[int, ...] | None:
    """Read counters."""
    return None if text is None else tuple(json.loads(text))


def text_of(counters: tuple[int, ...] | None) -> str | None:
    """Write counters."""
    return None if counters is None else json.dumps(counters)
