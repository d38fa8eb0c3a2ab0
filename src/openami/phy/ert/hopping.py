"""Where and when an endpoint transmits: fifty carriers, one hop in thirty seconds, copies with silence between.

The FCC report of the C3A1H gives the number of carriers, three of them, the least separation and the times; which
other frequencies there are and in what order is not published. Ours stand in three blocks around those three.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TypeAlias

from openami.core.errors import DefinitionError
from openami.phy.ert.messages import Message, duration_s

SEPARATION_HZ = 6 * 32_768.0
"""Between neighbours of a block; the report measures 196.2 kHz."""
LOW_HZ, MID_HZ, HIGH_HZ = 909.57e6, 916.01e6, 921.76e6
CARRIERS_HZ = (
    *(LOW_HZ + step * SEPARATION_HZ for step in range(17)),
    *(MID_HZ + step * SEPARATION_HZ for step in range(-8, 9)),
    *(HIGH_HZ + step * SEPARATION_HZ for step in range(-15, 1)),
)
HOP_S = 30.0
WINDOW_S = 0.1
"""The window of the duty-cycle correction (FCC 15.35)."""

Source: TypeAlias = Callable[[float], Sequence[Message]]
"""What an endpoint says at a time in seconds: SCM first, each other message after a pause."""


@lru_cache(maxsize=100_000)
def order(serial: int, carriers: int = len(CARRIERS_HZ)) -> tuple[int, ...]:
    """Order of the carriers of an endpoint, drawn from its serial number: each once, then all over again."""
    return tuple(sorted(range(carriers), key=lambda carrier: sha256(f"{serial} {carrier}".encode()).digest()))


@dataclass(frozen=True, slots=True)
class Timing:
    """How a hop is filled: with these figures no 100 ms hold more than 45 ms of carrier."""

    hop_s: float = HOP_S
    #: How often an SCM or SCM+ is sent in a hop; other messages are sent once.
    copies: int = 12
    #: Silence between copies.
    gap_s: float = 0.0093
    #: Silence before and after an IDM.
    pause_s: float = 0.056

    def __post_init__(self) -> None:
        if self.copies < 1 or min(self.gap_s, self.pause_s) < 0 or self.hop_s <= 0:
            raise DefinitionError(f"{self}: at least one copy, no negative silence, a hop that lasts")


@dataclass(frozen=True, slots=True)
class Transmission:
    """One message on the air, from its first chip on."""

    at_s: float
    carrier_hz: float
    data: bytes

    @property
    def until_s(self) -> float:
        """When the last chip has ended."""
        return self.at_s + duration_s(self.data)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint that hops: its messages, its timing, its carriers."""

    serial: int
    source: Source
    timing: Timing = Timing()
    carriers_hz: tuple[float, ...] = CARRIERS_HZ
    #: When its first hop begins.
    start_s: float = 0.0

    def transmissions(self, from_s: float, until_s: float) -> Iterator[Transmission]:
        """All that begin in this span, in order of time."""
        hop = max(int((from_s - self.start_s) // self.timing.hop_s) - 1, 0)
        while (begin := self.start_s + hop * self.timing.hop_s) < until_s:
            yield from (each for each in self.filled(begin, self.carrier_of(hop)) if from_s <= each.at_s < until_s)
            hop += 1

    def carrier_of(self, hop: int) -> float:
        """Carrier of a hop, counted from 0."""
        sequence = order(self.serial, len(self.carriers_hz))
        return self.carriers_hz[sequence[hop % len(sequence)]]

    def carrier_at(self, begin_s: float) -> float:
        """Carrier of the hop that begins at a time."""
        return self.carrier_of(round((begin_s - self.start_s) / self.timing.hop_s))

    def filled(self, begin_s: float, carrier_hz: float) -> Iterator[Transmission]:
        """One hop: copies of the short messages, and the long ones between pauses; what is too much is an error."""
        at_s = begin_s
        for message in self.source(begin_s):
            data = message.encode()
            is_long = message.KIND in {"IDM", "NetIDM"}
            if is_long and at_s > begin_s:
                at_s += self.timing.pause_s - self.timing.gap_s
            for _ in range(1 if is_long else self.timing.copies):
                yield Transmission(at_s, carrier_hz, data)
                at_s += duration_s(data) + (self.timing.pause_s if is_long else self.timing.gap_s)
        if at_s > begin_s + self.timing.hop_s:
            raise DefinitionError(f"what is sent lasts {at_s - begin_s:.3f} s, a hop {self.timing.hop_s} s")


def worst_window_s(transmissions: Sequence[Transmission], window_s: float = WINDOW_S) -> float:
    """Most carrier time in any window of this length: the whole length of messages counts, off chips included."""
    spans = [(each.at_s, each.until_s) for each in transmissions]
    begins = [at for at, _ in spans] + [until - window_s for _, until in spans]
    return max(
        (sum(max(0.0, min(until, begin + window_s) - max(at, begin)) for at, until in spans) for begin in begins),
        default=0.0,
    )
