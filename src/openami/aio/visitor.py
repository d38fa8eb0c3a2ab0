"""A meter that has opened the connection itself: what it says of itself, and the way to associate with it."""

import asyncio
from collections import deque
from dataclasses import replace
from functools import partial
from logging import getLogger
from types import TracebackType
from typing import Final, Generic, Protocol, Self, TypeVar, Unpack

from openami.aio.client import PUBLIC_CLIENT, Connecting, Options, Terms
from openami.aio.route import Place, Route
from openami.aio.tap import Shared
from openami.aio.tcp import Address
from openami.core.errors import AmiError, DecodeError
from openami.core.obis import OBIS
from openami.cosem.objects import decode_whole
from openami.cosem.registers import Data
from openami.dlms.data import OCTET_STRING, VISIBLE_STRING, choice
from openami.dlms.push import Acceptance, KeyLookup, Listener, Pushed
from openami.dlms.security import Keys
from openami.dlms.wrapper import Header, Stream

log = getLogger(__name__)

K = TypeVar("K")

LOGICAL_DEVICE_NAME: Final = OBIS.parse("0.0.42.0.0.255")
NAME: Final = choice(OCTET_STRING, VISIBLE_STRING)
PUSHES_KEPT: Final = 16
PUSHED: Final = frozenset((0x0F, 0xC2, 0xDB, 0xDD))
"""Tags of notifications, and of what may hold one ciphered; none of them answers a public client."""


class Host(Protocol[K]):
    """Where visitors come to."""

    @property
    def place(self) -> Place:
        """Where the door is, and how to speak with those who come."""
        ...

    @property
    def acceptance(self) -> Acceptance:
        """How pushes are taken."""
        ...

    def met(self, visitor: "Visitor[K]") -> None:
        """Somebody has come."""
        ...

    def learnt(self, visitor: "Visitor[K]") -> None:
        """More is known of somebody."""
        ...

    def gone(self, visitor: "Visitor[K]") -> None:
        """Somebody has left."""
        ...


class Visitor(Shared, Generic[K]):
    """A meter that has called: what is known of it, what it has pushed, and the way to associate with it.

    Names are what it says; who it is for sure only an association with keys proves. The connection ends with the
    association of `async with visitor.connect(...)`; within `async with visitor` it stays for more than one.
    """

    identity: K

    def __init__(self, host: Host[K]) -> None:
        super().__init__("the visitor")
        self.address = Address("", 0)
        """Where it called from."""
        self.system_title = b""
        self.logical_device_name = ""
        self.pushes: deque[Pushed] = deque(maxlen=PUSHES_KEPT)
        """What it has sent of its own accord, outside of associations."""
        self._host = host
        self._listener = Listener(replace(host.acceptance, keys=partial(self._keys, host.acceptance.keys)))
        self._stream = Stream(0, 0)
        self._is_framed = not (isinstance(host.place, Route) and host.place.scheme.is_hdlc)
        self._is_kept = self._is_asked = False

    def connect(self, **options: Unpack[Options]) -> Connecting:
        """Associate with the meter; the options are those of `aio.client.connect`."""
        place = self._host.place
        known = replace(place, place=self.address) if isinstance(place, Route) else self.address
        return Connecting(known, Terms(**options), self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note where the call comes from."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        if peer is not None:  # it may have gone already
            self.name = self.address = Address(*peer[:2])
        self._host.met(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all who work with it."""
        super().connection_lost(exc)
        self._host.gone(self)

    def data_received(self, data: bytes) -> None:
        """Cut the stream into whole frames, so that its users can change between any two."""
        if not self._is_framed:
            super().data_received(data)
            return
        try:
            frames = self._stream.frames(data)
        except DecodeError as error:
            log.info("%s is no meter: %s", self.address, error)
            self.cut()
            return
        for header, apdu in frames:
            self._take(header, apdu)

    def _take(self, header: Header, apdu: bytes) -> None:
        frame = header.encode() + apdu
        if self._is_asked and apdu[:1] and apdu[0] in PUSHED:
            self.unclaimed(frame)
        else:
            super().data_received(frame)

    def unclaimed(self, data: bytes) -> None:
        """Take a push, and confirm it if the meter wants that."""
        for event in self._listener.receive(data, asyncio.get_running_loop().time()):
            if isinstance(event, Pushed):
                self.pushes.append(event)
                self._learn(event)
            else:
                log.info("%s sent what cannot be read: %s", self.address, event.reason)
        for answer in self._listener.outgoing():
            self._write(answer)
        self._host.learnt(self)

    def _keys(self, lookup: KeyLookup, title: bytes) -> Keys | None:
        """Note who a ciphered push says it is from, whether there are keys to read it or not."""
        self.system_title = title
        return lookup(title)

    def _learn(self, pushed: Pushed) -> None:
        self.system_title = pushed.title or self.system_title
        for value in pushed.understood.values:
            if value.logical_name == LOGICAL_DEVICE_NAME and isinstance(value.value, bytes | str):
                self.logical_device_name = as_text(value.value)

    async def introduce(self, timeout_s: float) -> None:
        """Ask the meter, as the public client, who it is; what it does not tell stays unknown."""
        self._is_asked = True
        try:
            meter = await self.connect(client=PUBLIC_CLIENT, timeout_s=timeout_s)
            async with meter:
                self.system_title = meter.associated.server_title or self.system_title
                name = await meter.get_raw(Data.value.at(LOGICAL_DEVICE_NAME))
                self.logical_device_name = as_text(decode_whole(NAME, name))
        except AmiError as error:
            log.info("%s does not say who it is: %s", self.address, error)
        finally:
            self._is_asked = False
        self._host.learnt(self)

    async def left(self) -> None:
        """End the connection with the association, unless it is kept."""
        if not self._is_kept:
            await self.close()

    def cut(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    async def __aenter__(self) -> Self:
        self._is_kept = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def as_text(name: bytes | str) -> str:
    """Write a logical device name; octets that are no text in hexadecimal."""
    if isinstance(name, str):
        return name
    return name.decode("ascii") if name.isascii() else name.hex()
