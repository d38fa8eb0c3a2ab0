"""Monitors of N meters: a signal beyond its limit for long enough begins a state, back for long enough ends it.

Times are true UTC in tenths of a second. A moment belongs to the slice that ends with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError
from openami.metering.columns import NEVER, Index, Int64
from openami.metering.events import TENTHS
from openami.metering.load import Minutes
from openami.metering.power_quality import PHASED, SIGNALS, Disturbances, Signals, Values
from openami.metering.supply import Change, Changes
from openami.metering.tamper import Tamper

if TYPE_CHECKING:
    from openami.metering.state import State

LEAST_DS = 1
PHASE = "{phase}"


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched, and the events of it; `{phase}` in their names is filled in where there is one for each phase.

    A signal `above` (or below) `limit` for `after_ds` begins the state, at `release` or better for `back_ds` ends
    it. A value under `floor` neither begins nor ends it. `record` is an event at the end, with magnitude (the
    extreme, in units of `unit`) and duration in tenths. `cause` opens the relay while the state lasts, `latch` until
    it is written off. `awake` keeps watching without supply as long as the reserve lasts.
    """

    name: str
    signal: str
    begins: str
    ends: str = ""
    limit: int = 0
    release: int | None = None
    floor: int | None = None
    above: bool = True
    after_ds: int = TENTHS
    back_ds: int = TENTHS
    record: str = ""
    unit: int = 1
    cause: int = 0
    latch: int = 0
    awake: bool = False

    def __post_init__(self) -> None:
        if self.signal not in SIGNALS:
            raise DefinitionError(f"no signal is called {self.signal!r}; there are {', '.join(sorted(SIGNALS))}")
        if min(self.after_ds, self.back_ds) < LEAST_DS:
            raise DefinitionError("a time threshold is 0.1 s at least", key=self.name)

    @property
    def letting_go(self) -> int:
        """Value at which the state may end."""
        return self.limit if self.release is None else self.release

    def beyond(self, value: Values, limit: Values | int) -> NDArray[np.bool_]:
        """Whether values are beyond a limit."""
        beyond: NDArray[np.bool_] = value > limit if self.above else value < limit
        return beyond if self.floor is None else beyond & (value >= self.floor)

    def back(self, value: Values, release: Values) -> NDArray[np.bool_]:
        """Whether values are good again."""
        return value <= release if self.above else value >= release


@dataclass(frozen=True, slots=True)
class Firing:
    """A state that begins or ends at a phase of some meters. [n]."""

    watch: Watch
    begins: bool
    row: int
    columns: Index
    at: Int64
    magnitude: Int64
    duration: Int64


@dataclass(frozen=True, slots=True)
class Mains:
    """Which meters have supply at the start of a slice, until when their reserve lasts, and what changes in it."""

    powered: NDArray[np.bool_]
    dark_at: Int64
    changes: Changes

    def of(self, columns: Index) -> "Live":
        """Supply of some meters."""
        place = {int(meter): number for number, meter in enumerate(columns)}
        rows = zip(self.changes.at.tolist(), self.changes.meter.tolist(), self.changes.change.tolist(),
                   self.changes.empty_at.tolist(), strict=True)  # fmt: skip
        moves = [(at * TENTHS, place[meter], change, dark) for at, meter, change, dark in rows if meter in place]
        return Live(self.powered[columns], self.dark_at[columns], moves)


@dataclass(slots=True)
class Live:
    """Supply of the meters looked at, moment by moment. [n]."""

    powered: NDArray[np.bool_]
    dark_at: Int64
    moves: list[tuple[int, int, int, int]]

    def boundaries(self, start: int, end: int) -> set[int]:
        """Moments at which supply or reserve come or go."""
        dark: list[int] = self.dark_at[~self.powered].tolist()
        dark += [empty_at for _, _, change, empty_at in self.moves if change == Change.OFF]
        moments = {at for at, *_ in self.moves} | {at * TENTHS for at in dark}
        return {moment for moment in moments if start < moment < end}

    def at(self, moment: int, *, awake: bool) -> NDArray[np.bool_]:
        """Who watches from a moment on."""
        powered, dark_at = self.powered.copy(), self.dark_at.copy()
        for at, place, change, dark in self.moves:
            if at <= moment:
                powered[place] = change != Change.OFF
                dark_at[place] = dark if change == Change.OFF else dark_at[place]
        return powered | (moment // TENTHS < dark_at) if awake else powered


@dataclass(slots=True)
class Course:
    """One watch at some meters. [n] and [rows, n]."""

    watch: Watch
    columns: Index
    limit: Int64
    release: Int64
    after: Int64
    back: Int64
    since: Int64
    began: Int64
    active: NDArray[np.bool_]
    extreme: Int64

    def pass_by(self, start: int, end: int, value: Values, live: NDArray[np.bool_]) -> list[Firing]:
        """Let a span of one value pass; what began or ended in (start, end]."""
        watch = self.watch
        beyond, good = watch.beyond(value, self.limit) & live, watch.back(value, self.release) & live
        if watch.record:
            self.began[self.active & ~live] = NEVER
        self.note(value, beyond, start)
        toward = np.where(self.active, good, beyond)
        self.since = np.where(toward, np.minimum(self.since, start), NEVER)
        due = np.maximum(self.since + np.where(self.active, self.back, self.after), start + LEAST_DS)
        fired = toward & (due <= end)
        if not fired.any():
            return []
        firings = [self.fire(row, due, fired & (self.active == active), begins=not active)
                   for row in range(len(fired)) for active in (True, False)]  # fmt: skip
        self.active ^= fired
        self.since[fired] = NEVER
        return [firing for firing in firings if firing.columns.size]

    def note(self, value: Values, beyond: NDArray[np.bool_], start: int) -> None:
        """Remember when a deviation began, and its extreme."""
        new = beyond & ~self.active & (self.since == NEVER)
        self.began[new] = start
        further = np.maximum(self.extreme, value) if self.watch.above else np.minimum(self.extreme, value)
        self.extreme = np.where(new, value, np.where(beyond, further, self.extreme)).astype(np.int64)

    def fire(self, row: int, due: Int64, fired: NDArray[np.bool_], *, begins: bool) -> Firing:
        """What of it fires at a phase."""
        which = np.flatnonzero(fired[row])
        lasted = np.where(self.began[row] == NEVER, 0, self.since[row] - self.began[row])[which]
        magnitude = self.extreme[row, which] // self.watch.unit
        return Firing(self.watch, begins, row, self.columns[which], due[row, which], magnitude, lasted)


COURSE = ("limit", "release", "after", "back", "since", "began", "active", "extreme")
SHARED = 4


@dataclass(slots=True)
class Monitors:
    """All watches of N meters: thresholds [watches, meters], and how far each is [rows, meters].

    A watch has a row for each phase where its signal has one. `count` are the states begun; `magnitude` and
    `duration` those of the last one that was recorded.
    """

    limit: Int64
    release: Int64
    after: Int64
    back: Int64
    since: Int64
    began: Int64
    active: NDArray[np.bool_]
    extreme: Int64
    count: NDArray[np.int32]
    magnitude: NDArray[np.int32]
    duration: NDArray[np.int32]
    watches: tuple[Watch, ...]
    first_row: tuple[int, ...]
    phases: int
    no_load_ma: int
    mains: Mains | None = None

    @classmethod
    def of(cls, meters: int, watches: Sequence[Watch], *, phases: int, no_load_ma: int = 0) -> Self:
        """Nothing amiss yet."""
        ends = np.cumsum([0, *(phases if watch.signal in PHASED else 1 for watch in watches)]).tolist()

        def spread(values: list[int]) -> Int64:
            return np.repeat(np.array(values, np.int64)[:, None], meters, axis=1)

        shape = (ends[-1], meters)
        count, magnitude, duration = np.zeros((3, *shape), np.int32)
        return cls(
            spread([watch.limit for watch in watches]),
            spread([watch.letting_go for watch in watches]),
            spread([watch.after_ds for watch in watches]),
            spread([watch.back_ds for watch in watches]),
            np.full(shape, NEVER, np.int64),
            np.full(shape, NEVER, np.int64),
            np.zeros(shape, np.bool_),
            np.zeros(shape, np.int64),
            count, magnitude, duration, tuple(watches), tuple(ends), phases, no_load_ma,
        )  # fmt: skip

    def number(self, name: str) -> int:
        """Number of a watch."""
        for number, watch in enumerate(self.watches):
            if watch.name == name:
                return number
        raise DefinitionError(f"nothing is watched by the name of {name}")

    def rows(self, number: int) -> slice:
        """Rows of a watch."""
        return slice(self.first_row[number], self.first_row[number + 1])

    def set_limit(self, name: str, columns: Index, limit: int) -> None:
        """Another limit; the distance to where it lets go stays."""
        number = self.number(name)
        apart = self.release[number, columns] - self.limit[number, columns]
        self.limit[number, columns] = limit
        self.release[number, columns] = limit + apart

    def set_times(self, name: str, columns: Index, *, after_ds: int | None = None, back_ds: int | None = None) -> None:
        """Other times until a state begins or ends."""
        for held, value in ((self.after, after_ds), (self.back, back_ds)):
            if value is not None and value < LEAST_DS:
                raise DefinitionError("a time threshold is 0.1 s at least", key=name)
            if value is not None:
                held[self.number(name), columns] = value

    # Once per slice

    def shape(self, state: "State", minutes: Minutes, _start: int, end: int) -> Minutes:
        """Look at the supply before the slice is worked off."""
        self.mains = Mains(state.supply.powered.copy(), state.supply.dark_at.copy(), state.supply.look(end))
        return minutes

    def foresee(self, state: "State", minutes: Minutes, start: int, end: int) -> int:
        """When something would move the relay first: there the slice ends."""
        signals = self.signals(state, minutes, start)
        moments = [end * TENTHS]
        for number, watch in enumerate(self.watches):
            columns = self.busy(number, signals, start, end) if watch.cause else np.zeros(0, np.intp)
            if columns.size:
                moments += [int(firing.at.min()) for firing in self.follow(number, columns, signals, start, end)[1]]
        return min(-(-min(moments) // TENTHS), end)

    def step(self, state: "State", minutes: Minutes, start: int, end: int) -> None:
        """Let a slice pass: events, counts, and what they do to the relay."""
        signals = self.signals(state, minutes, start)
        for number in range(len(self.watches)):
            columns = self.busy(number, signals, start, end)
            if columns.size:
                depth = self.active[self.rows(number), columns].sum(axis=0)
                course, firings = self.follow(number, columns, signals, start, end)
                self.keep(number, course)
                self.tell(state, number, firings, joined(columns, depth, firings))

    def signals(self, state: "State", minutes: Minutes, start: int) -> Signals:
        """What there is to watch in a slice."""
        tamper, disturbances = state.part("tamper", Tamper), state.part("disturbances", Disturbances)
        return Signals(start - start % minutes.step_s, minutes, tamper, disturbances, self.phases, self.no_load_ma)

    def busy(self, number: int, signals: Signals, start: int, end: int) -> Index:
        """Meters at which something of a watch may happen."""
        watch, rows = self.watches[number], self.rows(number)
        stirred = (self.active[rows] | (self.since[rows] != NEVER)).any(axis=0)
        if signals.is_held(watch.signal):
            beyond = watch.beyond(signals.held(watch.signal), self.limit[number]).any(axis=0)
            settled = (beyond == self.active[rows][0]) & (self.since[rows][0] == NEVER)
            return np.flatnonzero(~settled | self.active[rows][0] if watch.record else ~settled)
        if watch.signal == "voltage":
            touched = signals.disturbances.within(start * TENTHS, end * TENTHS)
            stirred[signals.disturbances.meter[touched]] = True
        least, most = signals.extremes(watch.signal)
        limits = self.limit[number]
        if most > limits.min(initial=NEVER) if watch.above else least < limits.max(initial=-NEVER):
            least_of, most_of = signals.reach(watch.signal)
            stirred |= most_of > limits if watch.above else least_of < limits
        return np.flatnonzero(stirred)

    def follow(
        self, number: int, columns: Index, signals: Signals, start: int, end: int
    ) -> tuple[Course, list[Firing]]:
        """Go through the slice with one watch of some meters; nothing is kept yet."""
        watch, rows = self.watches[number], self.rows(number)
        parts: list[Any] = [getattr(self, name)[number, columns] for name in COURSE[:SHARED]]
        parts += [getattr(self, name)[rows, columns] for name in COURSE[SHARED:]]
        course = Course(watch, columns, *parts)
        assert self.mains is not None
        live, first, last = self.mains.of(columns), start * TENTHS, end * TENTHS
        moments = {first, last, *signals.boundaries(watch.signal, columns, first, last), *live.boundaries(first, last)}
        firings: list[Firing] = []
        for since, until in pairwise(sorted(moments)):
            value = signals.at(watch.signal, since, columns)
            firings += course.pass_by(since, until, value, live.at(since, awake=watch.awake))
        return course, firings

    def keep(self, number: int, course: Course) -> None:
        """Take over where a watch has come to."""
        rows = self.rows(number)
        for name in COURSE[SHARED:]:
            getattr(self, name)[rows, course.columns] = getattr(course, name)

    def tell(self, state: "State", number: int, firings: list[Firing], joint: list[Firing]) -> None:
        """Let it be known: counts and records phase by phase, events of phases or of all together, the relay."""
        watch = self.watches[number]
        for firing in firings:
            row = self.first_row[number] + firing.row
            if firing.begins:
                self.count[row, firing.columns] += 1
            else:
                self.close(state, row, firing)
        for firing in firings if PHASE in watch.begins else joint:
            if name := watch.begins if firing.begins else watch.ends:
                name = name.format(phase=firing.row + 1)
                state.event(name, firing.columns, firing.at // TENTHS, tenths=firing.at)
        if watch.cause and state.relay is not None:
            for firing in joint:
                state.relay.obey(state, watch, firing.columns, begins=firing.begins)

    def close(self, state: "State", row: int, firing: Firing) -> None:
        """Record a state that has ended with magnitude and duration, unless an outage cut it short."""
        watch, whole = firing.watch, firing.duration > 0
        if not watch.record or not whole.any():
            return
        columns, magnitude, duration = firing.columns[whole], firing.magnitude[whole], firing.duration[whole]
        self.magnitude[row, columns] = magnitude
        self.duration[row, columns] = np.minimum(duration, np.iinfo(np.int32).max)
        state.event(
            watch.record.format(phase=firing.row + 1), columns, firing.at[whole] // TENTHS, tenths=firing.at[whole],
            magnitude=np.minimum(magnitude, 0xFFFF), duration=np.minimum(duration, 0xFFFF),
        )  # fmt: skip


def joined(columns: Index, depth: Int64, firings: list[Firing]) -> list[Firing]:
    """Firings of all phases taken together: it begins with the first phase and ends with the last, in order of time.

    `depth` is at how many phases each of the meters is beyond its limit before. [n].
    """
    if not firings:
        return []
    meter = np.searchsorted(columns, np.concatenate([firing.columns for firing in firings]))
    at = np.concatenate([firing.at for firing in firings])
    step = np.repeat([1 if firing.begins else -1 for firing in firings], [len(firing.columns) for firing in firings])
    order = np.lexsort((-step, at, meter))
    meter, at, step = meter[order], at[order], step[order]
    total = np.cumsum(step)
    first = np.searchsorted(meter, meter, side="left")
    reached = depth[meter] + total - np.where(first, total[first - 1], 0)
    turns = ((step > 0) & (reached == 1)) | ((step < 0) & (reached == 0))
    joint: list[Firing] = []
    for moment in np.unique(at[turns]):
        for begins in (True, False):
            which = turns & (at == moment) & ((step > 0) == begins)
            if which.any():
                none = np.zeros(int(which.sum()), np.int64)
                joint.append(Firing(firings[0].watch, begins, 0, columns[meter[which]], at[which], none, none))
    return joint


assert set(COURSE) < {item.name for item in fields(Monitors)}
