"""Optical heads on serial ports, the reader's end (IEC 62056-21).

    async with optical("optical:///dev/ttyUSB0") as port:
        found = await port.read_out()
        async with port.programming("password") as session:
            await session.read("1.8.0")

A port stays at 8N1, with parity reckoned in `iec62056.characters`; only its speed changes, once what was sent has left.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self, TypeVar

from openami.aio.pump import Endpoint, Pump, Trace
from openami.aio.route import Device, Greeting, Route, Scheme, parse
from openami.aio.serial import SerialTransport, open_port
from openami.core.errors import AmiError, ConnectionLost, DefinitionError, LinkTimeout
from openami.iec62056 import Client, DataSet, Identification
from openami.iec62056.setup import QUICK_S, SLOW_S
from openami.iec62056.told import Answered, Failed, Identified, Left, Opened, ReadOut, Speaking

E = TypeVar("E", Answered, Opened, ReadOut, Speaking)
P = TypeVar("P", bound=asyncio.Protocol)


class Head(Pump):
    """An endpoint on a serial port that says how fast the port is to be; what it sends waits for the port's turn."""

    def __init__(self, endpoint: Endpoint, loop: asyncio.AbstractEventLoop, speed: Callable[[], int]) -> None:
        super().__init__(endpoint, loop)
        self._speed = speed
        self._baud = speed()
        self._waiting: list[bytes] = []
        self._turning: asyncio.Task[None] | None = None

    def flush(self) -> None:
        """Send; then turn to another speed, if there is to be one."""
        super().flush()
        if self._turning is None and isinstance(self.transport, SerialTransport) and self._speed() != self._baud:
            self._turning = self.loop.create_task(self._turn(self.transport))

    def send(self, chunks: list[bytes]) -> None:
        """Send, or wait until the port has its new speed."""
        if self._turning is None:
            super().send(chunks)
        else:
            self._waiting += chunks

    async def _turn(self, transport: SerialTransport) -> None:
        """Give the port its new speed once all has left."""
        while self._speed() != self._baud:
            await transport.drained()
            self._baud = self._speed()
            transport.set_baud(self._baud)
        self._turning = None
        waiting, self._waiting = self._waiting, []
        if waiting:
            self.send(waiting)
        self.flush()

    async def settled(self) -> None:
        """Wait until the port has the speed that it is to have."""
        while self._turning is not None:
            await asyncio.wait([self._turning])

    def lost(self, error: Exception | None) -> None:
        """Stop."""
        del error
        if self._turning is not None:
            self._turning.cancel()


class OpticalHead(Head):
    """A reader on its port: verbs of the client core, awaited."""

    def __init__(self, client: Client, loop: asyncio.AbstractEventLoop, name: object) -> None:
        super().__init__(client, loop, lambda: client.baud)
        self.client = client
        self.name = name
        self.identification: Identification | None = None
        self._events: asyncio.Queue[object] = asyncio.Queue()

    def deliver(self, events: Sequence[object]) -> None:
        """Hand events to whoever waits for them."""
        for event in events:
            if isinstance(event, Identified):
                self.identification = event.identification
            elif not isinstance(event, Left):
                self._events.put_nowait(event)

    def lost(self, error: Exception | None) -> None:
        """Tell whoever waits."""
        super().lost(error)
        gone = error if isinstance(error, AmiError) else ConnectionLost(f"{self.name} is gone")
        self._events.put_nowait(Failed(gone))

    def let_go(self) -> None:
        """Leave the port to somebody else."""
        self.transport = None

    async def ask(self, verb: Callable[[float], object], kind: type[E]) -> E:
        """Do something, and wait for how it goes."""
        verb(self.loop.time())
        self.flush()
        event = await self._events.get()
        if isinstance(event, Failed):
            error = event.error
            raise LinkTimeout(f"{self.name}: {error}") if isinstance(error, LinkTimeout) else error
        assert isinstance(event, kind), event
        return event


def head_on(route: Route, trace: Trace | None = None) -> tuple[OpticalHead, SerialTransport]:
    """Open the port of a route and put a reader on it."""
    device, greeting, loop = route.place, route.greeting or Greeting(), asyncio.get_running_loop()
    if not isinstance(device, Device):
        raise DefinitionError(f"{route}: an optical head is at a serial port, optical:///dev/ttyUSB0")
    client = Client(
        address=greeting.address,
        start_baud=greeting.start_baud,
        most_baud=greeting.most_baud,
        wakes=greeting.wakes,
        parity=greeting.parity,
        **({} if route.settings.retries is None else {"retries": route.settings.retries}),
    )
    device = replace(device, baud=greeting.start_baud, bits=8, parity="N", stop=1)
    head = OpticalHead(client, loop, device)
    head.trace = trace
    return head, SerialTransport(loop, open_port(device), device, head)


async def open_optical(make: Callable[[], P], route: Route) -> P:
    """Greet the meter at an optical port, have it speak HDLC (mode E), and connect a protocol to the port then."""
    user = make()
    trace = user.trace if isinstance(user, Pump) and getattr(user, "following", None) is None else None
    head, transport = head_on(route, trace)  # who follows a link follows frames only
    try:
        await asyncio.sleep(SLOW_S)  # a meter that was left a moment ago is ready for a greeting then
        await head.ask(head.client.hand_over, Speaking)
        await head.settled()
        is_quick = head.identification is not None and head.identification.is_quick
        await asyncio.sleep(QUICK_S if is_quick else SLOW_S)  # the meter's port turns to the new speed too
    except BaseException:
        transport.abort()
        raise
    head.let_go()
    transport.hand_to(user)
    return user


@dataclass(frozen=True, slots=True)
class Readout:
    """What a meter reads out, and who it is."""

    identification: Identification
    sets: tuple[DataSet, ...]


class Programming:
    """The programming mode of a meter."""

    def __init__(self, head: OpticalHead, operand: str) -> None:
        self.operand = operand
        self._head = head

    async def login(self, password: str, *, level: int = 1) -> None:
        """Give a password; a wrong one raises `ServiceError`, as all that the meter refuses."""
        await self._head.ask(lambda now: self._head.client.login(password, now, level=level), Answered)

    async def read(self, address: str, *, argument: str = "") -> tuple[DataSet, ...]:
        """Read a value, mostly one data set."""
        head = self._head
        return (await head.ask(lambda now: head.client.read(address, now, argument=argument), Answered)).sets

    async def write(self, address: str, value: str) -> None:
        """Write a value."""
        await self._head.ask(lambda now: self._head.client.write(address, value, now), Answered)


class OpticalPort:
    """A reader of meters in mode C. Made by `optical`; raises `LinkError` where nobody answers."""

    def __init__(self, route: Route, trace: Trace | None = None) -> None:
        self.route = route
        self._trace = trace
        self._head: OpticalHead | None = None
        self._transport: SerialTransport | None = None

    async def __aenter__(self) -> Self:
        self._head, self._transport = head_on(self.route, self._trace)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._head is not None and self._transport is not None:
            await self._head.settled()
            self._transport.close()
            await asyncio.sleep(0)
        self._head = self._transport = None

    @property
    def head(self) -> OpticalHead:
        """The head, while the port is open."""
        if self._head is None:
            raise DefinitionError(f"{self.route} is not open: use it by `async with`")
        return self._head

    async def read_out(self) -> Readout:
        """Greet the meter, and take all that it reads out."""
        found = await self.head.ask(self.head.client.read_out, ReadOut)
        await self.head.settled()
        assert self.head.identification is not None
        return Readout(self.head.identification, found.sets)

    @contextlib.asynccontextmanager
    async def programming(self, password: str = "") -> AsyncGenerator[Programming]:
        """Greet the meter and enter its programming mode, with a password if one is given; leave it by a break."""
        head = self.head
        session = Programming(head, (await head.ask(head.client.program, Opened)).operand)
        try:
            if password:
                await session.login(password)
            yield session
        finally:
            head.client.leave(head.loop.time())
            head.flush()
            await head.settled()


def optical(url: str | Route, *, trace: Trace | None = None) -> OpticalPort:
    """Make a port of `optical:///dev/name`, not yet open: use it by `async with`. `trace` is told of all octets."""
    route = parse(url) if isinstance(url, str) else url
    if not isinstance(route, Route) or route.scheme is not Scheme.OPTICAL:
        raise DefinitionError(f"{url}: an optical head is at optical:///dev/name")
    return OpticalPort(route, trace)
