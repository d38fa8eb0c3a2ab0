"""Pushes of meters: `async with listen("tcp://0.0.0.0:4059", keys=...) as pushes`, then `async for push in pushes`."""

import asyncio
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from logging import getLogger
from types import TracebackType
from typing import Final, Self, TypeAlias

from openami.aio.ears import Answer, DatagramEar, Ear
from openami.aio.presence import Presence, no_more
from openami.aio.route import Device, Place, Route, Scheme, parse
from openami.aio.serial import open_serial
from openami.aio.tcp import Address, listening_socket, raise_file_limit
from openami.core.errors import ConnectionLost, DefinitionError
from openami.core.time import CosemDateTime
from openami.dlms.push import Acceptance, Framing, KeyLookup, Notification, Protection, Pushed, PushedValue, Unreadable
from openami.dlms.push.listener import Confirm, Event
from openami.dlms.security import Keys

log = getLogger(__name__)

LIMIT: Final = 1024
"""Connections, or senders of datagrams, at the same time; each may hold one unfinished APDU."""

BACKLOG: Final = 1000
"""Pushes that wait to be taken before connections are no longer read, and datagrams are lost."""

BACKLOG_OCTETS: Final = 1 << 20
"""The same in octets, for a long push makes many values."""

IDLE_S: Final = 180.0
SWEEP_S: Final = 1.0

KeySource: TypeAlias = Keys | Mapping[bytes, Keys] | KeyLookup
"""Keys of all meters, of each by its system title, or a function that knows them."""

Complaint: TypeAlias = Callable[[str, Unreadable], None]
"""Is told who has sent what could not be read."""


@dataclass(frozen=True, slots=True)
class Push:
    """One push, and who sent it: host and port, or the name of a serial port."""

    sender: str
    pushed: Pushed
    answer: Answer

    @property
    def title(self) -> bytes:
        """System title of the meter, empty where nothing tells it."""
        return self.pushed.title

    @property
    def notification(self) -> Notification:
        """The APDU."""
        return self.pushed.notification

    @property
    def protection(self) -> Protection:
        """How it came; only what is authenticated is surely from the meter it names."""
        return self.pushed.protection

    @property
    def values(self) -> tuple[PushedValue, ...]:
        """What it says, in the order it was sent."""
        return self.pushed.understood.values

    @property
    def at(self) -> CosemDateTime | None:
        """The meter's clock, if it told."""
        return self.pushed.understood.at

    def confirm(self) -> None:
        """Tell the meter that it need not send this again: for `confirm="later"`, once the push is kept."""
        self.answer(self.pushed)


class Listening:
    """What `listen` gives: an async context manager, and an async iterator of the pushes that arrive."""

    def __init__(
        self,
        places: Sequence[Place],
        acceptance: Acceptance,
        *,
        confirm: Confirm | None = None,
        limit: int = LIMIT,
        backlog: int = BACKLOG,
        idle_s: float = IDLE_S,
        unreadable: Complaint | None = None,
    ) -> None:
        self.limit = limit
        self.backlog = backlog
        self.idle_s = idle_s
        self.refused = 0
        self.addresses: list[Address] = []
        self._places = places
        self._acceptance = acceptance
        self._confirm: Confirm | None = confirm
        self._unreadable = unreadable or note
        self._pushes: deque[Push] = deque()
        self._arrived = asyncio.Event()
        self._held = 0
        self._is_full = self._is_closed = False
        self._error: Exception | None = None
        self._servers: list[asyncio.Server] = []
        self._ears: set[Ear] = set()
        self._presence = Presence()
        self._datagrams: list[DatagramEar] = []
        self._sweeper: asyncio.TimerHandle | None = None

    async def start(self) -> Self:
        """Open all of them or, with one clear error, none."""
        raise_file_limit()
        loop = asyncio.get_running_loop()
        try:
            for place in self._places:
                await self._open(loop, place)
        except BaseException:
            await self.close()
            raise
        self._sweeper = loop.call_later(SWEEP_S, self._sweep, loop)
        return self

    async def _open(self, loop: asyncio.AbstractEventLoop, place: Place) -> None:
        acceptance = accepted_at(place, self._acceptance, self._confirm)
        where = place.place if isinstance(place, Route) else place
        if isinstance(where, Device):
            await open_serial(lambda: Ear(self, acceptance, loop, str(where)), where)
            return
        is_udp = isinstance(place, Route) and place.scheme is Scheme.UDP
        sock = listening_socket(*where, kind=socket.SOCK_DGRAM if is_udp else socket.SOCK_STREAM)
        self.addresses.append(Address(*sock.getsockname()[:2]))
        if is_udp:
            _, ear = await loop.create_datagram_endpoint(lambda: DatagramEar(self, acceptance, loop), sock=sock)
            self._datagrams.append(ear)
        else:
            self._servers.append(await loop.create_server(lambda: Ear(self, acceptance, loop), sock=sock))

    @property
    def is_full(self) -> bool:
        """Whether nothing more is read until pushes are taken."""
        return self._is_full

    @property
    def dropped(self) -> int:
        """Datagrams that came while nothing more was read, and were not confirmed."""
        return sum(ear.dropped for ear in self._datagrams)

    def take(self, sender: str, events: Sequence[Event], answer: Answer) -> None:
        """Keep what a sender has pushed; too much waits: read no more."""
        for event in events:
            if isinstance(event, Unreadable):
                self._unreadable(sender, event)
            else:
                self._pushes.append(Push(sender, event, answer))
                self._held += event.octets
        if self._pushes:
            self._arrived.set()
        if not self._is_full and (len(self._pushes) >= self.backlog or self._held >= BACKLOG_OCTETS):
            self._is_full = True
            for ear in self._ears:
                ear.pause()

    def join(self, ear: Ear) -> None:
        """Know an ear; one too many is hung up."""
        self._presence.enter()
        if len(self._ears) >= self.limit or self._is_closed:
            self.refused += 1
            ear.drop()
            return
        self._ears.add(ear)
        if self._is_full:
            ear.pause()

    def leave(self, ear: Ear, error: Exception | None) -> None:
        """Forget an ear; without a serial port that has gone there is nothing to wait for any more."""
        self._presence.leave()
        self._ears.discard(ear)
        if ear.is_line and not self._is_closed:
            self._error = error or ConnectionLost(f"{ear.sender} is gone")
            self._arrived.set()

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for ear in [e for e in self._ears if not e.is_line and e.heard_at < now - self.idle_s and not self._is_full]:
            ear.drop()
        for socket_ear in self._datagrams:
            socket_ear.sweep(now)
        self._sweeper = loop.call_later(min(SWEEP_S, self.idle_s), self._sweep, loop)

    def __aiter__(self) -> AsyncIterator[Push]:
        return self

    async def __anext__(self) -> Push:
        while not self._pushes:
            if self._error is not None:
                raise self._error
            if self._is_closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        push = self._pushes.popleft()
        self._held -= push.pushed.octets
        if self._is_full and len(self._pushes) <= self.backlog // 2 and self._held <= BACKLOG_OCTETS // 2:
            self._is_full = False
            for ear in self._ears:
                ear.resume()
        return push

    async def close(self) -> None:
        """Close the sockets and every connection; pushes that wait can still be taken."""
        self._is_closed = True
        self._arrived.set()
        if self._sweeper is not None:
            self._sweeper.cancel()
        await no_more(self._servers)
        for ear in list(self._ears):
            ear.drop()
        for socket_ear in self._datagrams:
            socket_ear.close()
        await self._presence.gone()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def note(sender: str, unreadable: Unreadable) -> None:
    """Write to the log what could not be read."""
    log.info("%s: no push: %s", sender, unreadable.reason)


def accepted_at(place: Place, acceptance: Acceptance, confirm: Confirm | None) -> Acceptance:
    """Settle what the address decides: HDLC alone on `hdlc://`, and nothing is sent to a serial port unless asked."""
    scheme = place.scheme if isinstance(place, Route) else Scheme.TCP
    if scheme is Scheme.HDLC:
        acceptance = replace(acceptance, framing=Framing.HDLC)
    usual: Confirm = "never" if scheme is Scheme.SERIAL else "at once"
    return replace(acceptance, confirm=confirm or acceptance.confirm or usual)


def place_of(url: str) -> Place:
    """Read where to listen; who sends is not said beforehand."""
    place = parse(url)
    if isinstance(place, Route) and (place.client, place.server, place.gateway) != (None, None, None):
        raise DefinitionError(f"{url}: client, server and gateway have no meaning where pushes are received")
    return place


def lookup(keys: KeySource | None) -> KeyLookup:
    """Make a function of keys, however they are given."""
    if keys is None:
        return lambda _title: None
    if isinstance(keys, Keys):
        return lambda _title: keys
    return partial(known, keys) if isinstance(keys, Mapping) else keys


def known(keys: Mapping[bytes, Keys], title: bytes) -> Keys | None:
    """Look the keys of one meter up."""
    return keys.get(title)


def listen(
    *urls: str,
    keys: KeySource | None = None,
    acceptance: Acceptance | None = None,
    confirm: Confirm | None = None,
    limit: int = LIMIT,
    backlog: int = BACKLOG,
    idle_s: float = IDLE_S,
    unreadable: Complaint | None = None,
) -> Listening:
    """Listen for pushes at `tcp://`, `udp://` or `hdlc://host:port`, or at `serial:///dev/name` (see `aio.route`).

    On TCP, UDP and serial ports the framing is found out: wrapper, HDLC, M-Bus or none. `tcp://[::]:4059` takes
    IPv4 as well. `acceptance` says more about what is taken: least protection, the store of counters, names of
    values. A meter that asks for it is confirmed at once, on serial ports never; with `confirm="later"` it is once
    you call `push.confirm()`.
    """
    accepted = acceptance or Acceptance()
    if keys is not None:
        accepted = replace(accepted, keys=lookup(keys))
    places = [place_of(url) for url in urls]
    return Listening(
        places, accepted, confirm=confirm, limit=limit, backlog=backlog, idle_s=idle_s, unreadable=unreadable
    )
