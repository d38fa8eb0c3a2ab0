"""A module as relay between its link and an RS-485 bus: transparent, whoever is meant is in the HDLC address.

Frames from the head-end wait until the bus is free: one that polls must be answered, or given up, before the next goes
out. So two clients may talk to two meters at once, and nobody speaks into the answer of another.
"""

from collections import Counter, deque
from typing import Final

from openami.dlms.hdlc import Frame, FrameStream
from openami.net.links.bus import Bus, Heard

REPLY_S: Final = 2.0


class Relay:
    """The module's place on the bus; `carried` counts frames by the server address they were for."""

    def __init__(self, bus: Bus, name: str = "module", *, draws_w: float = 2.0, reply_s: float = REPLY_S) -> None:
        self.bus = bus
        self.name = name
        self.reply_s = reply_s
        self.carried: Counter[bytes] = Counter()
        self.given_up = 0
        bus.plug(name, draws_w)
        self._from_link = FrameStream()
        self._from_bus = FrameStream(has_echo=bus.settings.has_echo)
        self._waiting: deque[Frame] = deque()
        self._asked: bytes = b""
        self._until = 0.0
        self._out: list[bytes] = []

    @property
    def deadline(self) -> float | None:
        """When an answer is given up."""
        return self._until if self._asked else None

    def receive(self, data: bytes, now: float) -> None:
        """Take octets from the link: frames for meters on the bus."""
        self._waiting.extend(self._from_link.feed(data, now))
        self._next(now)

    def hear(self, heard: Heard, now: float) -> None:
        """Take octets from the bus: frames of meters go to the link, and the last of an answer frees the bus."""
        if heard.station != self.name:
            return
        for frame in self._from_bus.feed(heard.data, now):
            self._out.append(frame.encode())
            if frame.source == self._asked and frame.control.is_poll:
                self._asked = b""
        self._next(now)

    def expire(self, now: float) -> None:
        """Give up an answer that does not come."""
        if self._asked and now >= self._until:
            self._asked = b""
            self.given_up += 1
            self._next(now)

    def outgoing(self) -> list[bytes]:
        """Hand over what goes out by the link."""
        out, self._out = self._out, []
        return out

    def _next(self, now: float) -> None:
        while self._waiting and not self._asked:
            frame = self._waiting.popleft()
            octets = frame.encode()
            self.carried[frame.destination] += 1
            self._from_bus.sent([octets])
            self.bus.say(self.name, octets, now)
            if frame.control.is_poll:
                self._asked = frame.destination
                self._until = now + self.bus.time_s(len(octets)) + self.reply_s
