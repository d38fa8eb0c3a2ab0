"""Noise on the link of a meter: octets of its connections arrive wrong or not at all, both ways (hand `link_noise`)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from openami.dlms.server import Server
from openami.dlms.server.events import Event
from openami.metering.tamper import Tamper
from openami.meters.view import View

MILLION = 1_000_000
SEED_OCTETS = 8


class Noise:
    """Noise of one connection: the meter's inputs say how much, now and later. `random` seeds it when there is any."""

    __slots__ = ("_lost", "_meter", "_random", "_rng", "_wrong")

    def __init__(self, view: View, random: Callable[[int], bytes]) -> None:
        inputs = view.laws.part("tamper", Tamper)
        self._wrong, self._lost = inputs.row("link_wrong_ppm"), inputs.row("link_lost_ppm")
        self._meter = view.meter
        self._random = random
        self._rng: np.random.Generator | None = None

    def spoil(self, data: bytes) -> bytes:
        """Give octets as they come out of the link."""
        wrong, lost = self._wrong[self._meter], self._lost[self._meter]
        if not (wrong or lost):
            return data
        if self._rng is None:
            self._rng = np.random.default_rng(int.from_bytes(self._random(SEED_OCTETS), "big"))
        octets, chances = np.frombuffer(data, np.uint8), self._rng.random((2, len(data))) * MILLION
        others = octets ^ self._rng.integers(1, 256, len(data), np.uint8)
        kept: bytes = np.where(chances[0] < wrong, others, octets)[chances[1] >= lost].tobytes()
        return kept


class NoisyServer(Server):
    """The server core of a meter, behind the noise of its link."""

    __slots__ = ("_noise",)

    def __init__(self, noise: Noise, **settings: Any) -> None:
        super().__init__(**settings)
        self._noise = noise

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take what has arrived."""
        return super().receive(self._noise.spoil(data), now)

    def outgoing(self) -> list[bytes]:
        """Hand over what leaves; of a datagram or frame that is lost whole, nothing."""
        return [data for chunk in super().outgoing() if (data := self._noise.spoil(chunk))]
