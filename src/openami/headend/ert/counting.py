"""Following an endpoint through its messages: counts without roll-over, numbers of its intervals by true time."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from openami.headend.ert.intervals import Told
from openami.headend.ert.overheard import Overheard
from openami.phy.ert import IDM

INTERVAL_S = 300
COUNTS = 256
"""Where the count of intervals in a message begins again."""
NEAR_S = 2
"""An endpoint whose intervals begin so near to the full five minutes is taken to stand on them."""
ASTRAY_S = 30
"""Beyond this the intervals of an endpoint begin elsewhere than before."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Latest count without roll-over, and when it was so."""

    count: int | None = None
    at: float | None = None

    def whole(self, heard: Overheard) -> int:
        """Count of a message without roll-over: the one nearest to what is known."""
        if self.count is None:
            return heard.count
        half = heard.modulus // 2
        near = self.count + (heard.count - self.count + half) % heard.modulus - half
        return near if near >= 0 else heard.count

    def after(self, heard: Overheard) -> "Counted":
        """What is known after a message; an older one tells nothing new."""
        if self.at is not None and heard.counted_at < self.at:
            return self
        return Counted(self.whole(heard), heard.counted_at)


@dataclass(frozen=True, slots=True)
class Clock:
    """When intervals begin after the full five minutes, and their number by time less their count, modulo 256."""

    phase_s: int | None = None
    shift: int | None = None

    def number(self, message: IDM, ended_at: float, *, is_newer: bool) -> tuple["Clock", int | None]:
        """Number of the interval that ended then; none for an old message that contradicts newer ones."""
        phase = phase_of(ended_at) if self.phase_s is None else self.phase_s
        astray = abs((ended_at - phase + INTERVAL_S / 2) % INTERVAL_S - INTERVAL_S / 2) > ASTRAY_S
        if astray and not is_newer:
            return self, None
        phase = phase_of(ended_at) if astray else phase
        number = round((ended_at - phase) / INTERVAL_S)
        shift = (number - message.consumption_interval_count) % COUNTS
        if self.shift not in (None, shift) and not is_newer:
            return self, None
        return Clock(phase, shift), number

    def is_other(self, before: "Clock") -> bool:
        """Whether intervals are counted anew since."""
        return before.shift is not None and self != before


def phase_of(ended_at: float) -> int:
    """When intervals begin, of which one ended then."""
    phase = round(ended_at) % INTERVAL_S
    return 0 if min(phase, INTERVAL_S - phase) <= NEAR_S else phase


@dataclass(frozen=True, slots=True)
class Following:
    """An endpoint as it is known, and what messages added: intervals by the phase they stand in, counts, jumps."""

    counted: Counted = Counted()
    clock: Clock = Clock()
    last_at: float | None = None
    told: dict[int, list[Told]] = field(default_factory=dict[int, list[Told]])
    counts: list[int] = field(default_factory=list[int])
    jumps: list[float] = field(default_factory=list[float])

    def through(self, heard: Sequence[Overheard]) -> "Following":
        """Go through messages in order of time."""
        known = replace(self, told={}, counts=[], jumps=[])
        for each in heard:
            known = known.past(each)
        return known

    def past(self, heard: Overheard) -> "Following":
        """Go past one message."""
        is_newer = self.last_at is None or heard.at > self.last_at
        whole = self.counted.whole(heard)
        self.counts.append(whole)
        clock = self.clock
        if isinstance(heard.message, IDM):
            clock, number = clock.number(heard.message, heard.counted_at, is_newer=is_newer)
            if clock.is_other(self.clock):
                self.jumps.append(heard.at)
            if number is not None:
                self.told.setdefault(clock.phase_s or 0, []).append(Told(number, whole, heard.message))
        return replace(
            self,
            counted=self.counted.after(heard),
            clock=clock,
            last_at=heard.at if is_newer else self.last_at,
        )
