"""What carries a module's octets while it is registered: a stream and datagrams on one medium, and what was counted."""

from dataclasses import fields
from typing import Final, NamedTuple

import numpy as np

from openami.net.links.line import Line, Link, Traffic, media_of
from openami.net.links.model import LinkModel

WAYS: Final = ("up", "down")


class Arrival(NamedTuple):
    """Octets that have come out: `up` at the head-end, `down` at the module."""

    way: str
    data: bytes
    is_datagram: bool


class Bearer:
    """Links of one module, one after the other; counts go on from one to the next."""

    def __init__(self) -> None:
        self.model: LinkModel | None = None
        self._links: tuple[Link, ...] = ()
        self._past = {way: Traffic() for way in WAYS}
        self._arrived: list[Arrival] = []

    @property
    def deadline(self) -> float | None:
        """When something arrives next."""
        return min((due for _, line in self._lines() if (due := line.deadline) is not None), default=None)

    def open(self, model: LinkModel, rng: np.random.Generator) -> None:
        """Begin with a link."""
        self.close()
        media, seeds = media_of(model), rng.integers(1 << 32, size=2).tolist()
        self.model = model
        self._links = tuple(
            Link(model, seed=seed, is_stream=is_stream, media=media)
            for seed, is_stream in zip(seeds, (True, False), strict=True)
        )

    def cut(self) -> None:
        """Lose what is on its way."""
        for _, line in self._lines():
            line.cut()

    def close(self) -> None:
        """End the link; what it has counted stays."""
        self.cut()
        self._past = {way: self.traffic(way) for way in WAYS}
        self._links, self.model = (), None

    def carry(self, way: str, data: bytes, now: float, *, datagram: bool) -> None:
        """Take octets of the stream, or a datagram."""
        link = self._links[datagram]
        (link.up if way == "up" else link.down).receive(data, now)

    def expire(self, now: float) -> bool:
        """Let out what has arrived; whether anything has."""
        before = len(self._arrived)
        for way, line in self._lines():
            line.expire(now)
            self._arrived += [Arrival(way, data, not line.is_stream) for data in line.outgoing()]
        return len(self._arrived) > before

    def arrived(self) -> list[Arrival]:
        """Hand over what has arrived."""
        out, self._arrived = self._arrived, []
        return out

    def is_sending(self, now: float) -> bool:
        """Whether the module sends."""
        return any(link.up.is_busy(now) for link in self._links)

    def in_flight(self, way: str) -> int:
        """Octets on their way."""
        return sum(line.in_flight for each, line in self._lines() if each == way)

    def traffic(self, way: str) -> Traffic:
        """Count what has gone one way since the beginning."""
        total = Traffic()
        for part in (self._past[way], *(line.traffic for each, line in self._lines() if each == way)):
            for field in fields(Traffic):
                setattr(total, field.name, getattr(total, field.name) + getattr(part, field.name))
        return total

    def _lines(self) -> list[tuple[str, Line]]:
        return [pair for link in self._links for pair in (("up", link.up), ("down", link.down))]
