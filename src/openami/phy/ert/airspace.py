"""The air between endpoints and one receiver, message by message: what is strong enough and not spoiled is heard.

A model of days, where samples would be too many. Its figures are those that `Receiver` shows on samples, on the safe
side: least carrier over noise of the whole 2.36 MHz for a message that is found every time; how much stronger than
all others on its carrier a message must be to be found; how much weaker than those on a neighbouring one it may be.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

import numpy as np

from openami.phy.ert.hopping import SEPARATION_HZ, Transmission
from openami.phy.ert.messages import decode
from openami.phy.ert.receiver import Heard
from openami.phy.ert.transmitter import LONGEST_S, Band

LEAST_SNR_DB = {12: -7.0, 16: -3.5, 92: -3.5}
"""By octets. On samples half of the SCM are found at -9.5 dB, half of the IDM at -6.3 dB, all of them 2.5 dB above."""
CAPTURE_DB = 6.0
"""On one carrier: at 3 dB about half are found, at 6 dB all."""
NEIGHBOUR_DB = -25.0
"""On the next carrier, 196.6 kHz away: at 25 dB below the other all are found, at 30 dB half."""
ALIKE = 0.75
"""Nearer than so many separations is the same carrier; nearer than twice that is a neighbour."""
MOST_TOLD = 100_000


@dataclass(frozen=True, slots=True)
class Arriving:
    """A message as it comes to the receiver: level of its carrier against full scale."""

    transmission: Transmission
    level_dbfs: float


@dataclass(slots=True)
class Airspace:
    """One receiver; feed it what is sent, step by step."""

    band: Band = field(default_factory=Band)
    #: Power of the noise in the whole band.
    noise_dbfs: float = -50.0
    #: What tells the same again within so many seconds is not told again.
    fold_s: float = 0.0
    #: How many messages were strong enough alone, and how many of these the others spoiled.
    strong: int = 0
    spoiled: int = 0
    waiting: list[Arriving] = field(default_factory=list[Arriving])
    told: dict[bytes, float] = field(default_factory=dict[bytes, float])
    done_s: float = -inf

    def step(self, arriving: Iterable[Arriving], until_s: float) -> list[Heard]:
        """Take all that begins before `until_s` and after the step before; -> what is over by then and was heard."""
        self.waiting += [each for each in arriving if self.band.holds(each.transmission.carrier_hz)]
        heard: list[Heard] = []
        if self.waiting:
            least, alone = self._judged()
            for each, is_heard, is_strong in zip(self.waiting, least, alone, strict=True):
                if self.done_s < each.transmission.until_s <= until_s:
                    self.strong += is_strong
                    self.spoiled += is_strong and not is_heard
                    if is_heard and self._is_new(each.transmission):
                        heard.append(self._told(each))
        self.waiting = [each for each in self.waiting if each.transmission.until_s > until_s - LONGEST_S]
        self.done_s = until_s
        return sorted(heard, key=lambda each: each.at_s)

    def _judged(self) -> tuple[list[bool], list[bool]]:
        """Whether each that waits is heard among the others, and would be alone."""
        at, until, carrier, level, least = (
            np.array(column, np.float64) for column in zip(*(self._facts(each) for each in self.waiting), strict=True)
        )
        power = 10 ** (level / 10)
        meets = (at[:, None] < until) & (at < until[:, None])
        np.fill_diagonal(meets, val=False)
        apart = np.abs(carrier[:, None] - carrier) / SEPARATION_HZ
        same, beside = apart < ALIKE, (apart >= ALIKE) & (apart < 2 * ALIKE)
        is_strong = level - self.noise_dbfs >= least
        is_clear = power >= (meets & same) @ power * 10 ** (CAPTURE_DB / 10)
        is_clear &= power >= (meets & beside) @ power * 10 ** (NEIGHBOUR_DB / 10)
        heard: list[bool] = (is_strong & is_clear).tolist()
        alone: list[bool] = is_strong.tolist()
        return heard, alone

    @staticmethod
    def _facts(each: Arriving) -> tuple[float, float, float, float, float]:
        """Begin, end, carrier, level, and the least carrier over noise."""
        sent = each.transmission
        return sent.at_s, sent.until_s, sent.carrier_hz, each.level_dbfs, LEAST_SNR_DB[len(sent.data)]

    def _is_new(self, sent: Transmission) -> bool:
        """Whether it was not told a moment ago."""
        if not self.fold_s:
            return True
        last = self.told.get(sent.data)
        if last is not None and sent.at_s - last <= self.fold_s:
            return False
        if len(self.told) > MOST_TOLD:
            self.told = {data: at for data, at in self.told.items() if sent.at_s - at <= self.fold_s}
        self.told[sent.data] = sent.at_s
        return True

    def _told(self, each: Arriving) -> Heard:
        """Tell it as a receiver does."""
        sent = each.transmission
        offset = sent.carrier_hz - self.band.centre_hz
        return Heard(decode(sent.data), sent.data, sent.at_s, each.level_dbfs, offset, 0, 0)
