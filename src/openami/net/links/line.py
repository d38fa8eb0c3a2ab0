"""A line: octets or datagrams go in at one end, and come out at the other when the figures of the link let them.

A *stream* loses nothing and keeps its order, as TCP sees to it: what was lost comes later, and all behind it waits.
Datagrams are lost, come twice or out of order, as they are. What is taken in is given out, lost, or still on its way:
`taken + again == given + lost + in_flight`, counted in octets without headers.
"""

from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

import numpy as np

from openami.net.links.model import MILLI, LinkModel, Way


@dataclass(slots=True)
class Traffic:
    """What a line has carried, in octets; `on_line` counts headers and repetitions as well."""

    taken: int = 0
    given: int = 0
    lost: int = 0
    again: int = 0
    on_line: int = 0
    packets: int = 0
    packets_lost: int = 0


class Medium:
    """What lines send on, one packet after the other; lines of both directions may share it."""

    __slots__ = ("busy_until", "last", "turn_around_s")

    def __init__(self, turn_around_s: float = 0.0) -> None:
        self.turn_around_s = turn_around_s
        self.busy_until = 0.0
        self.last: object = None

    def use(self, who: object, now: float, lasts_s: float) -> float:
        """Send for some seconds as soon as it is free; when that has ended."""
        starts = max(now, self.busy_until)
        if self.last is not None and who is not self.last:
            starts = max(starts, self.busy_until + self.turn_around_s)
        self.last = who
        self.busy_until = starts + lasts_s
        return self.busy_until


class Line:
    """One direction of a link. `rng` decides what is lost; nothing else is random.

    What is taken in before `opens_at` is sent then: a connection has to be made first.
    """

    def __init__(
        self, model: LinkModel, way: Way, rng: np.random.Generator, medium: Medium, *, is_stream: bool = True
    ) -> None:
        self.model = model
        self.way = way
        self.is_stream = is_stream
        self.traffic = Traffic()
        self.in_flight = 0
        self.opens_at = 0.0
        self._rng = rng
        self._medium = medium
        self._coming: list[tuple[float, int, bytes]] = []
        self._order = count()
        self._latest = 0.0
        self._out: list[bytes] = []

    @property
    def deadline(self) -> float | None:
        """When the next octets come out."""
        return self._coming[0][0] if self._coming else None

    @property
    def is_full(self) -> bool:
        """Whether no more should be sent now; datagrams are lost then."""
        return self.in_flight >= self.way.backlog

    def is_busy(self, now: float) -> bool:
        """Whether it is sending."""
        return self._medium.last is self and now < self._medium.busy_until

    def receive(self, data: bytes, now: float) -> None:
        """Take octets in, or one datagram."""
        if not data:
            return
        now = max(now, self.opens_at)
        self.traffic.taken += len(data)
        if not self.is_stream:
            self._datagram(data, now)
            return
        for start in range(0, len(data), self.way.packet):
            self._packet(data[start : start + self.way.packet], now)

    def expire(self, now: float) -> None:
        """Let out what has arrived by now."""
        while self._coming and self._coming[0][0] <= now:
            _, _, data = heappop(self._coming)
            self.in_flight -= len(data)
            self.traffic.given += len(data)
            self._out.append(data)

    def outgoing(self) -> list[bytes]:
        """Hand over what has come out."""
        out, self._out = self._out, []
        return out

    def cut(self) -> int:
        """Lose all that is on its way: the link is gone. How many octets that were."""
        lost, self.in_flight = self.in_flight, 0
        self.traffic.lost += lost
        self._coming.clear()
        return lost

    def _packet(self, data: bytes, now: float) -> None:
        """Send one packet of a stream until it has arrived; what follows is not given out before it."""
        ends, wait_s = self._send(len(data), now), self.model.retry_ms / MILLI
        while self._rng.random() < self.way.loss:
            self.traffic.packets_lost += 1
            ends = self._send(len(data), ends + wait_s)
            wait_s *= 2
        self._latest = max(self._latest, ends + self._delay())
        self._come(self._latest, data)

    def _datagram(self, data: bytes, now: float) -> None:
        """Send one datagram, in fragments where it is too long: without one of them it is lost."""
        if self.in_flight + len(data) > self.way.backlog:
            self.traffic.packets += 1
            self._lose(len(data))
            return
        fragments = -(-len(data) // self.way.packet)
        ends = self._send(len(data), now)
        if self._rng.random() >= (1 - self.way.loss) ** fragments:
            self._lose(len(data))
            return
        arrives = ends + self._delay()
        if self._rng.random() < self.way.reorder:
            self._come(arrives + self.way.reorder_ms / MILLI, data)
            return
        self._latest = max(self._latest, arrives)
        self._come(self._latest, data)
        if self._rng.random() < self.way.duplicate:
            self.traffic.again += len(data)
            self._come(self._latest + self._delay(), data)

    def _send(self, octets: int, now: float) -> float:
        on_line = self.way.on_line(octets)
        self.traffic.packets += 1
        self.traffic.on_line += on_line
        return self._medium.use(self, now, on_line * self.model.octet_bits / self.way.rate_bps)

    def _delay(self) -> float:
        jitter_s = self.way.jitter_ms / MILLI
        return self.way.delay_ms / MILLI + (float(self._rng.exponential(jitter_s)) if jitter_s else 0.0)

    def _lose(self, octets: int) -> None:
        self.traffic.lost += octets
        self.traffic.packets_lost += 1

    def _come(self, at: float, data: bytes) -> None:
        self.in_flight += len(data)
        heappush(self._coming, (at, next(self._order), data))


class Link:
    """Both directions: `up` from the meter, `down` to it. Links that share a medium are given one."""

    def __init__(
        self,
        model: LinkModel,
        *,
        seed: int | tuple[int, ...] = 0,
        is_stream: bool = True,
        media: tuple[Medium, Medium] | None = None,
    ) -> None:
        self.model = model
        up, down = media or media_of(model)
        chances = np.random.default_rng(seed).spawn(2)
        self.up = Line(model, model.up, chances[0], up, is_stream=is_stream)
        self.down = Line(model, model.down, chances[1], down, is_stream=is_stream)

    def cut(self) -> int:
        """Lose all that is on its way."""
        return self.up.cut() + self.down.cut()


def media_of(model: LinkModel) -> tuple[Medium, Medium]:
    """Make what both directions send on: one medium if only one side sends at a time."""
    up = Medium(model.turn_around_ms / MILLI)
    return up, up if model.half_duplex else Medium()
