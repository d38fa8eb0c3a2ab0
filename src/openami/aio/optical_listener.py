"""A virtual meter behind an optical head: a serial port where readers greet it (IEC 62056-21) and then speak HDLC."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from logging import getLogger
from math import inf
from typing import Protocol

from openami.aio.bus import REOPEN_S
from openami.aio.connection import Connection, Provider
from openami.aio.connection import Listener as Sharing
from openami.aio.optical import Head
from openami.aio.reception import Reception
from openami.aio.route import Device
from openami.aio.serial import SerialTransport, open_port
from openami.aio.tap import Tap
from openami.core.errors import LinkError
from openami.dlms.hdlc import SecondaryStation
from openami.iec62056 import Server, Setup
from openami.iec62056.asking import Answer, Asked, HandedOver, LockedOut

log = getLogger(__name__)


class Meter(Protocol):
    """What is needed of the meter behind the head."""

    @property
    def address(self) -> str:
        """By which address the provider knows it."""
        ...

    def setup(self) -> Setup:
        """How the port is set now."""
        ...

    def station(self) -> SecondaryStation:
        """Its end of an HDLC line."""
        ...

    def answer(self, asked: Asked) -> Answer:
        """Read, write, or judge a password."""
        ...

    def durable(self) -> Awaitable[None] | None:
        """When the answer may leave; None if there is nothing to wait for."""
        ...


class Local(Connection):
    """HDLC at the port, until the last client has disconnected."""

    def __init__(
        self, listener: Sharing, loop: asyncio.AbstractEventLoop, meter: str, station: SecondaryStation
    ) -> None:
        super().__init__(listener, loop, meter, station)
        self.station = station
        self._was_connected = False

    def flush(self) -> None:
        """Send; then see whether anybody is left."""
        super().flush()
        if self.station.is_connected:
            self._was_connected = True
        elif self._was_connected:
            self.end()


class MeterHead(Head):
    """The meter's end of the port: it is greeted, answers in text, hands over to HDLC, and waits anew."""

    def __init__(
        self, listener: Sharing, loop: asyncio.AbstractEventLoop, meter: Meter, ended: Callable[[], object]
    ) -> None:
        self.server = server = Server(meter.setup)
        super().__init__(server, loop, lambda: server.baud)
        self._listener = listener
        self._meter = meter
        self._ended = ended
        self._is_handing_over = False
        self._tap: Tap | None = None
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a reader."""
        super().connection_made(transport)
        self._listener.presence.enter()
        self._begin()

    def _begin(self) -> None:
        self.deliver(self.server.begin())
        self.flush()

    def data_received(self, data: bytes) -> None:
        """Hear a greeting or a command; or let HDLC hear it."""
        if self._tap is not None:
            self._tap.hear(data)
        else:
            super().data_received(data)

    def deliver(self, events: Sequence[object]) -> None:
        """Let the meter answer."""
        for event in events:
            if isinstance(event, HandedOver):
                self._is_handing_over = True
            elif isinstance(event, LockedOut):
                log.warning("%s takes no password for %.0f s: too many were wrong", self._meter.address, event.seconds)
            elif isinstance(event, Asked):
                self._answer(event)

    def _answer(self, asked: Asked) -> None:
        """Answer once what the answer tells of is durable."""
        answer, kept = self._meter.answer(asked), self._meter.durable()
        if kept is None:
            self.server.respond(answer, self.loop.time())
            return
        future = asyncio.ensure_future(kept, loop=self.loop)
        future.add_done_callback(lambda _: self._respond(answer, future))

    def _respond(self, answer: Answer, kept: "asyncio.Future[None]") -> None:
        error = "cancelled" if kept.cancelled() else kept.exception()
        if error is not None:
            log.error("an optical port answers nothing: %s", error)
            self._begin()
            return
        self.server.respond(answer, self.loop.time())
        self.flush()

    def flush(self) -> None:
        """Send; once the port is at the speed of HDLC, put the meter on it."""
        super().flush()
        if self._is_handing_over and self._turning is None and self.transport is not None:
            self._is_handing_over = False
            self._hand_over()

    def _hand_over(self) -> None:
        self._tap = Tap(self.loop, self._say, self._take_back)
        local = Local(self._listener, self.loop, self._meter.address, self._meter.station())
        self._idle = self.loop.call_later(self.server.setup.idle_s, self._look, local)
        self._tap.give_to(local)

    def _look(self, local: Local) -> None:
        """Take the port back from HDLC if nobody has connected."""
        if not local.station.is_connected:
            local.drop()

    def _say(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def _take_back(self, _tap: Tap) -> None:
        """Wait for a reader again."""
        self._tap = None
        if self._idle is not None:
            self._idle.cancel()
        if self.transport is not None:
            self.loop.call_soon(self._begin)

    def lost(self, error: Exception | None) -> None:
        """Tell whoever is on the line, and who waits for the end."""
        super().lost(error)
        if self._tap is not None:
            self._tap.end(error)
        self._listener.presence.leave()
        self._ended()


class OpticalListener(Reception):
    """An optical head on a serial port; one that was unplugged is used again when it comes back."""

    def __init__(self, provider: Provider, meter: Meter, device: Device, *, login_delay_s: float = 0.25) -> None:
        super().__init__(provider, limit=1, idle_s=inf, login_delay_s=login_delay_s)
        self.meter = meter
        self.device = replace(device, bits=8, parity="N", stop=1)
        self._transport: SerialTransport | None = None
        self._again: asyncio.TimerHandle | None = None
        self._is_over = False

    async def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        self._use(loop)

    def _use(self, loop: asyncio.AbstractEventLoop) -> None:
        head = MeterHead(self, loop, self.meter, lambda: self._lost(loop))
        device = replace(self.device, baud=head.server.baud)
        self._transport = SerialTransport(loop, open_port(device), device, head)

    def _lost(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_over:
            log.warning("%s is gone: it is used again when it is back", self.device)
            self._again = loop.call_later(REOPEN_S, self._reuse, loop)

    def _reuse(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._use(loop)
        except LinkError:
            self._again = loop.call_later(REOPEN_S, self._reuse, loop)

    async def _shut(self) -> None:
        self._is_over = True
        if self._again is not None:
            self._again.cancel()
        if self._transport is not None:
            self._transport.abort()
