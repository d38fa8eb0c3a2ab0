"""Firmware of N meters: verification and activation take their time; a cut of power leaves the old version running.

An image is a number here; what it holds and whether it may run is judged where it is read, before it comes here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import LocalProtocolError
from openami.core.time import ANY, ANY_YEAR, DAY_S, CosemDate, CosemDateTime, CosemTime, DstRule
from openami.metering.columns import NEVER, Index, Int64
from openami.metering.state import State

NAME = "firmware"
FACTORY = -1
"""Number of the firmware that a meter left the factory with; also of no image at all."""

SEARCHED_DAYS = 4 * 366
OCTETS = 9


class Stage(IntEnum):
    """How far an image has come: the image transfer status (Blue Book, class 18, attribute 6)."""

    NOT_INITIATED = 0
    INITIATED = 1
    VERIFICATION_INITIATED = 2
    VERIFICATION_SUCCESSFUL = 3
    VERIFICATION_FAILED = 4
    ACTIVATION_INITIATED = 5
    ACTIVATION_SUCCESSFUL = 6
    ACTIVATION_FAILED = 7


INTERRUPTED = {Stage.VERIFICATION_INITIATED: Stage.INITIATED, Stage.ACTIVATION_INITIATED: Stage.ACTIVATION_FAILED}
"""Where a cut of power leaves what was under way: the blocks stay, the old version boots."""


class Verdict(IntEnum):
    """What will become of an image: it runs, is refused by verification, or fails its self-check and is taken back."""

    SOUND = 0
    REFUSED = 1
    DEFECTIVE = 2


@dataclass(frozen=True, slots=True)
class Slot:
    """A transfer of the product: seconds it takes to verify and activate, and by which event it tells of the change.

    The schedule activates an image that `is_scheduled`; one that `is_fetched` the meter may get itself at a set time.
    """

    verification_s: int = 0
    activation_s: int = 30
    activated: str = "firmware_activated"
    is_scheduled: bool = False
    is_fetched: bool = False


@dataclass(slots=True)
class Firmware:
    """Images under way [slots, meters], what runs [parts, meters], and when the schedule falls next [meters].

    `since` and `until` are true UTC of the stage that runs, `next_at` and `fetch_at` readings of the meter's clock;
    `moment` holds time and date of the schedule as COSEM encodes them [meters, 9]; a meter `wants` an image that it
    is to fetch by now.
    """

    slots: tuple[Slot, ...]
    stage: NDArray[np.uint8]
    verdict: NDArray[np.uint8]
    part: NDArray[np.uint8]
    image: NDArray[np.int32]
    since: Int64
    until: Int64
    active: NDArray[np.int32]
    moment: NDArray[np.uint8]
    next_at: Int64
    fetch_at: Int64
    wants: NDArray[np.bool_]
    in_factory: NDArray[np.bool_]

    @classmethod
    def of(cls, slots: tuple[Slot, ...], parts: int, meters: int) -> Self:
        """Give all meters the firmware of the factory, and nothing under way."""
        shape = (len(slots), meters)
        return cls(
            slots,
            stage=np.zeros(shape, np.uint8),
            verdict=np.zeros(shape, np.uint8),
            part=np.zeros(shape, np.uint8),
            image=np.full(shape, FACTORY, np.int32),
            since=np.zeros(shape, np.int64),
            until=np.full(shape, NEVER, np.int64),
            active=np.full((parts, meters), FACTORY, np.int32),
            moment=np.full((meters, OCTETS), ANY, np.uint8),
            next_at=np.full(meters, NEVER, np.int64),
            fetch_at=np.full(meters, NEVER, np.int64),
            wants=np.zeros(meters, np.bool_),
            in_factory=np.zeros(meters, np.bool_),
        )

    @classmethod
    def made(cls, slots: tuple[Slot, ...], parts: int) -> Callable[[int, int], "Firmware"]:
        """Give the maker of this part of the state (`Rules.parts`)."""
        return lambda meters, _now: cls.of(slots, parts, meters)

    # Time

    def horizon(self, state: State, until: int) -> int:
        """True UTC at which a stage ends, the schedule falls due, or a meter that waits for power may get it."""
        ends = int(self.until.min(initial=until))
        for clock in (self.next_at, self.fetch_at):
            scheduled = np.flatnonzero(clock != NEVER)
            if scheduled.size:
                ends = min(ends, self.begins(state, clock, scheduled, until))
        return max(ends, state.now + 1)

    def begins(self, state: State, clock: Int64, scheduled: Index, until: int) -> int:
        """Find the first of the meters on schedule to begin: at its time, or when its power comes back after that."""
        due = clock[scheduled] - state.clock.offset_s[scheduled]
        powered = state.supply.powered[scheduled]
        changes = state.supply.at[np.isin(state.supply.meter, scheduled)]
        return min(int(due[powered].min(initial=until)), int(changes.min(initial=until)))

    def step(self, state: State, _minutes: Any, _start: int, _end: int) -> None:
        """End what has run its time, then begin what the schedule says."""
        self.settle(state)
        clock = np.where(state.supply.powered, state.clock.reads(state.now), -NEVER)
        due = np.flatnonzero(self.next_at <= clock)
        if due.size:
            self.run_schedule(state, due)
        fetching = self.fetch_at <= clock
        self.wants |= fetching
        self.fetch_at[fetching] = NEVER

    def run_schedule(self, state: State, meters: Index) -> None:
        """Carry out the script of the schedule: activate the images that are verified."""
        kept: dict[tuple[bytes, int, int], int] = {}
        for meter in map(int, meters):
            key = self.moment[meter].tobytes(), int(state.clock.rule[meter]), state.clock_of(meter)
            if key not in kept:
                kept[key] = self.next_moment(state, meter)
            self.next_at[meter] = kept[key]
        for number, slot in enumerate(self.slots):
            ready = meters[self.stage[number, meters] == Stage.VERIFICATION_SUCCESSFUL]
            if slot.is_scheduled and ready.size:
                self.run(state, number, ready, Stage.ACTIVATION_INITIATED, slot.activation_s)

    def settle(self, state: State) -> None:
        """Give up what a cut of power has met, and end the stages whose time is over."""
        for slot in range(len(self.slots)):
            running = np.flatnonzero(self.until[slot] != NEVER)
            if not running.size:
                continue
            was_cut = ~state.supply.powered[running] | (state.supply.off_since[running] >= self.since[slot, running])
            for stage, left in INTERRUPTED.items():
                cut = running[was_cut & (self.stage[slot, running] == stage)]
                self.stage[slot, cut], self.until[slot, cut] = left, NEVER
            done = running[~was_cut & (self.until[slot, running] <= state.now)]
            self.until[slot, done] = NEVER
            is_new = self.stage[slot, done] == Stage.VERIFICATION_INITIATED
            self.end_verification(state, slot, done[is_new])
            self.end_activation(state, slot, done[~is_new])

    def end_verification(self, state: State, slot: int, meters: Index) -> None:
        """Say what verification has found."""
        is_refused = self.verdict[slot, meters] == Verdict.REFUSED
        self.stage[slot, meters] = np.where(is_refused, Stage.VERIFICATION_FAILED, Stage.VERIFICATION_SUCCESSFUL)
        state.event("firmware_verify_failed", meters[is_refused], state.now)
        state.event("firmware_ready", meters[~is_refused], state.now)

    def end_activation(self, state: State, slot: int, meters: Index) -> None:
        """Run the new version where its self-check is passed, the old one elsewhere: versions change nowhere else."""
        is_sound = self.verdict[slot, meters] == Verdict.SOUND
        self.stage[slot, meters] = np.where(is_sound, Stage.ACTIVATION_SUCCESSFUL, Stage.ACTIVATION_FAILED)
        changed = meters[is_sound]
        self.active[self.part[slot, changed], changed] = self.image[slot, changed]
        state.event(self.slots[slot].activated, changed, state.now)
        state.event("self_check_ok", changed, state.now)

    # What a client causes

    def begin(self, slot: int, meter: int) -> None:
        """Begin a transfer, or go on with one: blocks are taken."""
        if self.is_running(slot, meter):
            raise LocalProtocolError("the image is being verified or activated")
        self.stage[slot, meter], self.image[slot, meter] = Stage.INITIATED, FACTORY
        self.wants[meter] &= not self.slots[slot].is_fetched

    def verify(self, state: State, slot: int, meter: int, verdict: Verdict, *, part: int, image: int = FACTORY) -> None:
        """Begin to verify an image, whose verdict is known to who has read it."""
        self.verdict[slot, meter], self.part[slot, meter], self.image[slot, meter] = verdict, part, image
        self.run(state, slot, np.array([meter]), Stage.VERIFICATION_INITIATED, self.slots[slot].verification_s)

    def activate(self, state: State, slot: int, meter: int) -> None:
        """Begin to activate the image of a slot, which has been verified; what runs already goes on."""
        if self.is_running(slot, meter):
            return
        if self.verdict[slot, meter] == Verdict.REFUSED or self.image[slot, meter] == FACTORY:
            raise LocalProtocolError("there is no verified image")
        self.run(state, slot, np.array([meter]), Stage.ACTIVATION_INITIATED, self.slots[slot].activation_s)

    def run(self, state: State, slot: int, meters: Index, stage: Stage, seconds: int) -> None:
        """Let a stage run for so many seconds; one of none ends at once."""
        self.stage[slot, meters] = stage
        self.since[slot, meters], self.until[slot, meters] = state.now, state.now + seconds
        if not seconds:
            self.settle(state)

    def is_running(self, slot: int, meter: int) -> bool:
        """Whether verification or activation is under way."""
        return bool(self.until[slot, meter] != NEVER)

    def set_moment(self, state: State, meter: int, time: CosemTime, date: CosemDate) -> None:
        """Set time and date of the schedule (class 22, type 1); an hour not specified: never.

        Raises DecodeError where a full date is none of the calendar.
        """
        next_at = next_match(time, date, state.rule_of(meter), state.clock_of(meter))
        self.moment[meter], self.next_at[meter] = np.frombuffer(time.encode() + date.encode(), np.uint8), next_at

    def moment_of(self, meter: int) -> tuple[CosemTime, CosemDate]:
        """Time and date of the schedule."""
        octets = self.moment[meter].tobytes()
        return CosemTime.decode(octets[:4]), CosemDate.decode(octets[4:])

    def next_moment(self, state: State, meter: int) -> int:
        """Reading of the meter's clock at which the schedule falls next, after now."""
        return next_match(*self.moment_of(meter), state.rule_of(meter), state.clock_of(meter))


def next_match(time: CosemTime, date: CosemDate, rule: DstRule, after: int) -> int:
    """UTC second after `after` at which the local clock shows that time, on a day of that pattern; or NEVER.

    Only the date may hold wildcards (Blue Book, class 22, type 1); seconds not given are 0.
    """
    second = 0 if time.second == ANY else time.second
    if time.hour > 23 or time.minute > 59 or second > 59:
        return NEVER
    of_day = time.hour * 3_600 + time.minute * 60 + second
    day = rule.stamp(after).local_seconds() // DAY_S
    days = range(day, day + SEARCHED_DAYS)
    if date.year != ANY_YEAR and date.month <= 12 and date.day <= 31:
        day = CosemDateTime(date.year, date.month, date.day, ANY, 0, 0).local_seconds() // DAY_S
        days = range(day, day + 1)
    for day in days:
        at = rule.local_to_utc(day * DAY_S + of_day)
        if at > after and date.matches(rule.stamp(at).date, rule):
            return at
    return NEVER
