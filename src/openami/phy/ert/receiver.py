"""A receiver of all messages on all channels at once: samples in, messages out, no matter how they are cut."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log10
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError
from openami.phy.coding.bch import MOST_CORRECTED
from openami.phy.ert import search
from openami.phy.ert.carrier import carrier
from openami.phy.ert.channeliser import BLOCK, FRAMES, SPACING_HZ, Channeliser, Powers, Wide, default_channels
from openami.phy.ert.decisions import (
    IDM_BITS,
    INTERVALS,
    LEAST_OVER_FLOOR,
    PLUSES,
    SCMS,
    Decided,
    Kind,
    decided,
    folded,
)
from openami.phy.ert.messages import KINDS, NET_TYPES, Message
from openami.phy.ert.transmitter import LOWEST_RATE_HZ

Samples = NDArray[np.complex64]

STEP_SAMPLES = 1 << 19
"""Samples worked on at a time."""
TRAINING_BITS = 16
"""Of interval messages, before the word that is searched."""
MATCHED = 2 * FRAMES - 1
"""Frames that a soft bit needs beyond its own."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is listened to, and how hard."""

    #: Channels at once; 0 for as many as the band needs, 1 for the band as a whole.
    channels: int = 0
    kinds: frozenset[str] = frozenset(KINDS)
    #: Wrong bits of an SCM that are put right: 0, 1 or 2.
    correct: int = 1
    #: Endpoints that are wanted; none for all.
    ids: frozenset[int] = frozenset()
    #: ERT types, low nibble, that are read as NetIDM.
    net_types: frozenset[int] = NET_TYPES
    #: What tells the same again within so many seconds is not told again.
    fold_s: float = 0.0

    def __post_init__(self) -> None:
        if unknown := self.kinds - KINDS.keys():
            raise DefinitionError(f"no message is called {min(unknown)!r}; there are {', '.join(KINDS)}", key="kinds")
        if not 0 <= self.correct <= MOST_CORRECTED:
            raise DefinitionError(f"{self.correct}: 0, 1 or 2", key="correct")
        if self.channels < 0 or self.fold_s < 0:
            raise DefinitionError("a negative number", key="channels" if self.channels < 0 else "fold_s")

    @property
    def wanted(self) -> tuple[int, ...]:
        """Words to look for."""
        scm = (search.SCM_WORD,) if "SCM" in self.kinds else ()
        return scm + ((search.INTERVAL_WORD,) if self.kinds - {"SCM"} else ())


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, and how it came."""

    message: Message
    data: bytes
    #: When its first chip began, from the first sample.
    at_s: float
    #: Of the carrier while it is on, against full scale.
    level_dbfs: float
    #: Of the carrier from the centre of the band.
    offset_hz: float
    channel: int
    corrected: int


class Receiver:
    """Feed it samples; what it keeps of them lasts for the longest message and no more."""

    KINDS: ClassVar[dict[int, tuple[Kind, ...]]] = {
        search.SCM_WORD: (SCMS,),
        search.INTERVAL_WORD: (PLUSES, INTERVALS),
    }

    def __init__(self, rate_hz: float, settings: Settings | None = None) -> None:
        if rate_hz < LOWEST_RATE_HZ:
            raise DefinitionError(f"{rate_hz:g} samples per second: at least {LOWEST_RATE_HZ:g}", key="rate")
        self.rate_hz = rate_hz
        self.settings = settings or Settings()
        channels = self.settings.channels or default_channels(rate_hz)
        self.front = Wide(rate_hz) if channels == 1 else Channeliser(rate_hz, channels)
        self.lead = self.front.taps
        """Silence before the first sample, so that a message may begin with it."""
        self.samples = np.zeros(self.lead, dtype=np.complex64)
        self.origin = 0
        self.powers = np.empty((0, channels), dtype=np.float32)
        self.soft = self.powers
        self.frame = 0
        """The frame that soft bits begin with."""
        self.taken: list[Decided] = []
        self.told: dict[bytes, float] = {}

    def step(self, samples: Samples) -> list[Heard]:
        """Take samples, give the messages that are complete. [samples]."""
        heard: list[Heard] = []
        for first in range(0, len(samples), STEP_SAMPLES):
            self.samples = np.concatenate([self.samples, samples[first : first + STEP_SAMPLES]])
            if len(self.samples) - self._used() >= STEP_SAMPLES:
                heard += self._work()
        return heard

    def finish(self) -> list[Heard]:
        """Give what the last samples hold: silence follows them."""
        self._extend()
        longest = (IDM_BITS + 1) * search.BIT * self.front.frames.step + self.front.taps + FRAMES
        self.samples = np.concatenate([self.samples, np.zeros(int(longest) + 1, dtype=np.complex64)])
        return self._work(search.floor(self.soft) if len(self.soft) else None)

    def _used(self) -> int:
        """Samples at hand whose frames are done already."""
        return self.front.frames.begin(self.frame + len(self.soft) + len(self.powers)) - self.origin

    def _work(self, floor: Powers | None = None) -> list[Heard]:
        """Make soft bits of all frames that are complete, and search all that a whole message follows. [channels]."""
        self._extend()
        ready = len(self.soft) - (IDM_BITS - 1) * search.BIT
        if ready <= 0:
            return []
        fresh = list(self._candidates(ready, search.floor(self.soft) if floor is None else floor))
        kept = folded(fresh, self.taken, self.front.channels)
        heard = [self._heard(each) for each in kept]
        self._forget(ready)
        return [each for each in heard if self._is_told(each)]

    def _extend(self) -> None:
        """Powers and soft bits of the frames that have become complete."""
        first = self.frame + len(self.soft) + len(self.powers)
        last = self.front.frames.complete(self.origin + len(self.samples), self.front.taps)
        parts = [self.soft]
        for begin in range(first, last, BLOCK):
            powers = self.front.powers(self.samples, begin, min(BLOCK, last - begin), self.origin)
            powers = np.concatenate([self.powers, powers])
            if len(powers) > MATCHED:
                parts.append(search.soft_bits(powers))
            self.powers = powers[-MATCHED:]
        self.soft = np.concatenate(parts)

    def _candidates(self, ready: int, floor: Powers) -> Iterator[Decided]:
        """Messages that begin in the first frames, in every channel and phase in which they are found."""
        least = floor * np.float32(LEAST_OVER_FLOOR)
        wanted = self.settings.wanted
        found = search.search(self.soft, ready, wanted, least)
        for frame, channel, word, strength in zip(
            found.frame.tolist(), found.channel.tolist(), found.word.tolist(), found.strength.tolist(), strict=True
        ):
            for kind in self.KINDS[wanted[word - 1]]:
                if kind.kinds & self.settings.kinds:
                    yield from self._decided(kind, frame, channel, strength, float(least[channel]))

    def _decided(self, kind: Kind, frame: int, channel: int, strength: float, least: float) -> Iterator[Decided]:
        """The message at one place, if it is one that is wanted."""
        soft: Powers = self.soft[frame : frame + search.BIT * kind.bits : search.BIT, channel]
        if np.mean(np.abs(soft)) <= least:
            return
        result = decided(soft, kind, self.settings.correct, self.settings.net_types)
        if result is not None and result[0].KIND in self.settings.kinds:
            begin = self.frame + frame - (search.BIT * TRAINING_BITS if kind is INTERVALS else 0)
            until = self.frame + frame + search.BIT * kind.bits
            yield Decided(*result[:2], begin, until, channel, strength, result[2])

    def _heard(self, each: Decided) -> Heard:
        """Say when, how strong and at which frequency a message came."""
        delay = self.front.middle - self.front.frames.step / 2
        begin = self.front.frames.begin(each.frame) + delay
        near = float(self.front.offsets_hz[each.channel])
        width = self.rate_hz if self.front.channels == 1 else 2 * max(SPACING_HZ, self.rate_hz / self.front.channels)
        amplitude, offset = carrier(
            self.samples[max(0, round(begin) - self.origin) :], each.data, self.rate_hz, near, width
        )
        level = 20 * log10(amplitude) if amplitude else float("-inf")
        return Heard(
            each.message, each.data, (begin - self.lead) / self.rate_hz, level, offset, each.channel, each.corrected
        )

    def _is_told(self, heard: Heard) -> bool:
        """Whether it is of an endpoint that is wanted, and was not told a moment ago."""
        if self.settings.ids and heard.message.identity not in self.settings.ids:
            return False
        last = self.told.get(heard.data)
        if last is not None and heard.at_s - last <= self.settings.fold_s:
            return False
        if self.settings.fold_s:
            self.told[heard.data] = heard.at_s
        return True

    def _forget(self, ready: int) -> None:
        """Let go of what was searched, but for the training of a message whose sync is still to come."""
        self.soft = self.soft[ready:].copy()
        self.frame += ready
        keep = self.front.frames.begin(max(0, self.frame - search.BIT * (TRAINING_BITS + 1)))
        self.samples = self.samples[keep - self.origin :].copy()
        self.origin = keep
        self.taken = [each for each in self.taken if each.until > self.frame - search.BIT]
        now = self.origin / self.rate_hz
        self.told = {data: at for data, at in self.told.items() if now - at <= self.settings.fold_s}
