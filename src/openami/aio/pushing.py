"""Sending a push, as a meter does: connect, send, wait for the confirmation if it is asked for, try again."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from openami.aio.pump import Pump
from openami.aio.route import Place, Route, Scheme, parse
from openami.aio.way import open_way, server_of, upper_of
from openami.core.errors import ConnectionLost, LinkError
from openami.dlms.hdlc.address import ServerAddress, encode_client
from openami.dlms.push import Attempt, Delivered, Failed, Framing, Notification, Opener, Origin, Pusher, Sealer
from openami.dlms.push.deframer import MAX_APDU
from openami.dlms.push.pusher import CONFIRM_S, once

CONNECT_S: Final = 10.0
CLOSING_S: Final = 1.0
RECEIVER: Final = 1
"""SAP of the client that pushes go to, unless the address says otherwise."""

#: What becomes of a push; None says that its line has gone, and has been told already.
Step: TypeAlias = Attempt | Delivered | Failed | None


class Line(Pump):
    """The connection of one attempt."""

    def __init__(self, pusher: Pusher, loop: asyncio.AbstractEventLoop, steps: "asyncio.Queue[Step]") -> None:
        super().__init__(pusher, loop)
        self._pusher = pusher
        self._steps = steps
        self._is_left = False
        self._ended = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether it is there."""
        return self.transport is not None

    def deliver(self, events: Sequence[object]) -> None:
        """Pass on what has become of the push."""
        for event in events:
            if isinstance(event, Attempt | Delivered | Failed):
                self._steps.put_nowait(event)

    def lost(self, error: Exception | None) -> None:
        """Say that the line has gone, unless nobody uses it any more."""
        self._ended.set()
        if not self._is_left:
            reason = error if isinstance(error, LinkError) else ConnectionLost("the receiver closed the connection")
            self.deliver(self._pusher.broken(reason, self.loop.time()))
            self._steps.put_nowait(None)

    async def leave(self) -> None:
        """Close it once all is sent, and hear no more of it."""
        self._is_left = True
        if self.transport is None:
            return
        self.transport.close()
        try:
            async with asyncio.timeout(CLOSING_S):
                await self._ended.wait()
        except TimeoutError:
            self.transport.abort()


class Delivery:
    """One push on its way."""

    def __init__(self, place: Place, pusher: Pusher) -> None:
        self._place = place
        self._pusher = pusher
        self._loop = asyncio.get_running_loop()
        self._steps: asyncio.Queue[Step] = asyncio.Queue()
        self._line: Line | None = None

    async def run(self, notification: Notification, delay_s: float) -> bool:
        """Try until it is delivered, or no attempt is left; whether it was confirmed."""
        self._pusher.push(notification, self._loop.time(), delay_s)
        try:
            while True:
                step = await self._step()
                if isinstance(step, Delivered):
                    return step.is_confirmed
                if isinstance(step, Failed):
                    raise step.error
                if step is not None:
                    await self._attempt()
        finally:
            await self._hang_up()

    async def _step(self) -> Step:
        """What happens next; the line keeps the time while there is one."""
        while self._steps.empty() and (self._line is None or not self._line.is_open):
            due = self._pusher.deadline or self._loop.time()
            await asyncio.sleep(due - self._loop.time())
            for step in self._pusher.expire(max(due, self._loop.time())):
                self._steps.put_nowait(step)
        return await self._steps.get()

    async def _attempt(self) -> None:
        await self._hang_up()
        try:
            line = await open_way(self._new_line, self._place, CONNECT_S)
        except LinkError as error:
            for step in self._pusher.broken(error, self._loop.time()):
                self._steps.put_nowait(step)
            return
        self._line = line
        line.deliver(self._pusher.connected(self._loop.time()))
        line.flush()

    def _new_line(self) -> Line:
        return Line(self._pusher, self._loop, self._steps)

    async def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.leave()


def origin_at(place: Place) -> Origin:
    """Who sends, and to whom, as the address says: `server` is the meter, `client` the receiver, 1 unless given."""
    route = place if isinstance(place, Route) else Route(Scheme.TCP, place)
    client = RECEIVER if route.client is None else route.client
    server = server_of(1 if route.server is None else route.server, is_hdlc=route.scheme.is_hdlc)
    if isinstance(server, ServerAddress):
        return Origin(Framing.HDLC, server.encode(), encode_client(client), route.gateway)
    return Origin(Framing.WRAPPER, upper_of(server), client, route.gateway)


async def push(
    url: str | Place,
    notification: Notification,
    *,
    sealer: Sealer | None = None,
    opener: Opener | None = None,
    origin: Origin | None = None,
    repeat: Callable[[int], float | None] = once,
    delay_s: float = 0.0,
    confirm_s: float = CONFIRM_S,
    max_pdu: int = MAX_APDU,
) -> bool:
    """Send a notification to `tcp://`, `udp://` or `hdlc://host:port`, or `serial:///dev/name`, as a meter does.

    Gives whether it was confirmed, which only a notification that asks for it is; raises the last error when no
    attempt is left. `sealer` protects it, `opener` the confirmation; `origin` says more about framing and
    addresses, `repeat` the seconds before each retry, counted from 1.
    """
    place = parse(url) if isinstance(url, str) else url
    pusher = Pusher(
        origin or origin_at(place),
        sealer=sealer,
        opener=opener,
        repeat=repeat,
        confirm_s=confirm_s,
        max_pdu=max_pdu,
        datagrams=isinstance(place, Route) and place.scheme is Scheme.UDP,
    )
    return await Delivery(place, pusher).run(notification, delay_s)
