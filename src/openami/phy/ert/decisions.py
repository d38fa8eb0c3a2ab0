"""From soft bits to messages: known bits are known, checksums decide, one message is told once."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError
from openami.phy.coding import bch
from openami.phy.ert import idm, scm, scm_plus
from openami.phy.ert.channeliser import Powers
from openami.phy.ert.messages import NET_TYPES, Message, decode
from openami.phy.ert.scm import SCM
from openami.phy.modulation.manchester import bits_of

IDM_BITS = 8 * (idm.OCTETS - len(idm.TRAINING))
"""From the sync on."""
LEAST_OVER_FLOOR = 1.6
"""A message whose soft bits are, on average, not so much larger than those of noise, is noise."""
WEAK = 0.7
"""A bit is turned only if it is, against the average, not stronger than this."""
NEAR_CHANNELS = 2
MUCH_STRONGER = 10.0


@dataclass(frozen=True, slots=True)
class Kind:
    """What begins with a known run of bits: the run, how many of them may be wrong, the length of all in bits."""

    kinds: frozenset[str]
    known: bytes
    known_bits: int
    wrong: int
    bits: int

    def fits(self, hard: NDArray[np.bool_]) -> bool:
        """Whether the known bits are there, but for a few. [bits]."""
        known = bits_of(self.known)[: self.known_bits]
        return int(np.count_nonzero(hard[: self.known_bits] != known)) <= self.wrong


SCMS = Kind(frozenset({"SCM"}), (scm.SYNC << 3).to_bytes(3, "big"), scm.SYNC_BITS, 2, 8 * scm.OCTETS)
PLUSES = Kind(frozenset({"SCM+"}), scm_plus.SYNC + bytes([scm_plus.PROTOCOL]), 24, 3, 8 * scm_plus.OCTETS)
INTERVALS = Kind(frozenset({"IDM", "NetIDM"}), idm.SYNC + idm.HEADER, 40, 5, IDM_BITS)


@dataclass(frozen=True, slots=True)
class Decided:
    """A message, where its first searched bit stands, and how well it was heard."""

    message: Message
    data: bytes
    frame: int
    until: int
    channel: int
    strength: float
    #: How many bits were put right.
    corrected: int

    def repeats(self, other: "Decided", channels: int) -> bool:
        """Whether this one is but another view of one that was taken: it tells the same, or needs correction to differ.

        What is heard beside a message, or under one much stronger, is believed only if it needs no correction.
        """
        if self.frame >= other.until or other.frame >= self.until:
            return False
        if self.data == other.data:
            return True
        apart = abs(self.channel - other.channel)
        near = min(apart, channels - apart) <= NEAR_CHANNELS
        return self.corrected > 0 and (near or other.strength > MUCH_STRONGER * self.strength)


def decided(
    soft: Powers, kind: Kind, most: int, net_types: frozenset[int] = NET_TYPES
) -> tuple[Message, bytes, int] | None:
    """Message of soft bits, its octets and the number of bits put right; nothing if it is none. [bits]."""
    hard = soft < 0
    if not kind.fits(hard):
        return None
    hard[: kind.known_bits] = bits_of(kind.known)[: kind.known_bits]
    data = bytes(np.packbits(hard).data)
    try:
        if kind is SCMS:
            return _scm(soft, data, most)
        data = (idm.TRAINING if kind is INTERVALS else b"") + data
        return decode(data, net_types), data, 0
    except DecodeError:
        return None


def _scm(soft: Powers, data: bytes, most: int) -> tuple[Message, bytes, int] | None:
    """SCM whose wrong bits, if any, are weak ones and not of the sync, which is known."""
    word = bch.correct(data[scm.COVERED :], most)
    places = np.array(word.turned, dtype=np.intp) + 8 * scm.COVERED
    if np.any(places < scm.SYNC_BITS) or np.any(np.abs(soft[places]) > WEAK * np.mean(np.abs(soft))):
        return None
    if not any(word.data[1:]):
        return None  # the code's zero word: what stands there when a signal breaks off
    data = data[: scm.COVERED] + word.data
    return SCM.decode(data), data, len(word.turned)


def folded(fresh: Iterable[Decided], taken: list[Decided], channels: int) -> list[Decided]:
    """Each message once: the one with the fewest corrections, then the strongest. What is returned joins `taken`."""
    kept: list[Decided] = []
    for each in sorted(fresh, key=lambda one: (one.corrected, -one.strength)):
        if not any(each.repeats(other, channels) for other in taken):
            kept.append(each)
            taken.append(each)
    return sorted(kept, key=lambda one: one.frame)
