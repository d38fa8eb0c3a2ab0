"""Connecting to a meter: `async with connect("tcp://127.0.0.7:4059", security=...) as meter`."""

import asyncio
import os
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, TypedDict

from openami.aio.counters import INVOCATION_COUNTER, counter_objects, last_counter
from openami.aio.link import Link, StationLink, obey
from openami.aio.meter import Meter
from openami.aio.pump import Trace, Tracer
from openami.aio.route import Place, Route, Scheme, parse
from openami.aio.short_names import learn_names
from openami.aio.tap import Shared
from openami.aio.tcp import Address, open_stream
from openami.aio.udp import MAX_PDU
from openami.aio.way import Server, link_on, open_way, patience, server_of, upper_of
from openami.core.errors import AmiError, DecodeError, DefinitionError, LinkError, SecurityError, ServiceError
from openami.cosem.short_names import ShortNames
from openami.dlms.client import Client
from openami.dlms.client.short.verbs import Referencing
from openami.dlms.gateway import Header
from openami.dlms.hdlc import ServerAddress
from openami.dlms.quirks import STANDARD, Quirks
from openami.dlms.security.counters import CounterError, SendCounter
from openami.dlms.security.settings import Security

PUBLIC_CLIENT = 16
NO_SECURITY: Final = Security.none()

__all__ = ["INVOCATION_COUNTER", "Connecting", "Meter", "connect"]


class Options(TypedDict, total=False):
    """What `connect` may be told of a client; `Terms` has what holds where nothing is said."""

    client: int | None
    server: int | str | ServerAddress | None
    security: Security
    timeout_s: float
    send_counter: SendCounter | None
    default_deviation_min: int | None
    trace: Trace | Tracer | None
    notified: Callable[[bytes], None] | None
    referencing: Referencing
    names: ShortNames | None
    quirks: Quirks
    max_pdu: int | None


@dataclass(slots=True, kw_only=True)  # frozen, it would take twice as long to make, for every session
class Terms:
    """How a client speaks to a meter, whichever way leads there."""

    client: int | None = None
    server: int | str | ServerAddress | None = None
    security: Security = NO_SECURITY
    timeout_s: float = 10.0
    send_counter: SendCounter | None = None
    default_deviation_min: int | None = None
    trace: Trace | Tracer | None = None
    notified: Callable[[bytes], None] | None = None
    referencing: Referencing = "LN"
    names: ShortNames | None = None
    quirks: Quirks = STANDARD
    max_pdu: int | None = None


class Connecting:
    """What `connect` gives: await it, or use it as an async context manager, for a `Meter`."""

    def __init__(self, place: Place, terms: Terms, shared: Shared | None = None) -> None:
        self.place = place
        self.terms = terms
        self._shared = shared
        self._meter: Meter | None = None
        self._counter: SendCounter | None = None
        self.client, self.server = who(place, terms)

    def __await__(self) -> Generator[object, None, Meter]:
        return self.open().__await__()

    async def __aenter__(self) -> Meter:
        try:
            self._meter = await self.open()
        except BaseException:
            if self._shared is not None:
                await self._shared.left()
            raise
        return self._meter

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._meter is not None:
            await self._meter.disconnect()
        if self._shared is not None:
            await self._shared.left()

    async def open(self) -> Meter:
        """Connect and associate; a meter that expects another counter is obeyed once.

        It may be opened again after its meter has gone: the counter goes on where it was.
        """
        security = self.terms.security
        counter = self._counter = self._counter or self.terms.send_counter or await self._new_counter(security)
        try:
            return await self._associate(self.client, security, counter)
        except CounterError as refused:
            obey(refused, counter)
        except LinkError as lost:
            if not (self.terms.quirks.hangs_up_on_old_counter and security.is_ciphered):
                raise
            await self._catch_up(counter, lost)
        return await self._associate(self.client, security, counter)

    async def _catch_up(self, counter: SendCounter, lost: LinkError) -> None:
        """Ask a meter that has hung up for the counter it expects; that was not it if ours is above."""
        expected = await self._discover() + 1
        if expected <= counter.next:
            raise lost
        obey(CounterError(str(lost), expected=expected), counter)

    async def _new_counter(self, security: Security) -> SendCounter:
        if not security.is_ciphered:
            return SendCounter()
        if security.invocation_counter is not None:
            return SendCounter(security.invocation_counter)
        return SendCounter(await self._discover() + 1)

    async def _discover(self) -> int:
        """Ask the meter, as the public client, for the last counter it has taken."""
        try:
            meter = await self._associate(PUBLIC_CLIENT, NO_SECURITY, SendCounter())
            async with meter:
                return await last_counter(meter, counter_objects(self.client, self.terms.quirks))
        except LinkError:
            raise
        except (ServiceError, DecodeError) as error:
            raise SecurityError(
                f"{self.place} does not tell client {PUBLIC_CLIENT} its invocation counter: {error}"
            ) from error

    async def _associate(self, client_sap: int, security: Security, counter: SendCounter) -> Meter:
        link = await self._connect(client_sap, security, counter)
        names = self.terms.names
        try:
            associated = await link.associate()
            if self.terms.referencing == "SN" and names is None:
                names = await learn_names(link)
        except AmiError:
            await link.leave()
            raise
        except BaseException:
            link.abort()
            raise
        return Meter(link, associated, self.terms.default_deviation_min, names, self.terms.quirks)

    async def _connect(self, client_sap: int, security: Security, counter: SendCounter) -> Link:
        """Give the link a transport: a connection of its own, or its turn on one that is shared."""
        place, loop = self.place, asyncio.get_running_loop()
        link = self._link(loop, client_sap, security, counter)
        if self._shared is not None:
            (await self._shared.take()).give_to(link)
            return link
        if isinstance(place, Address):
            return await open_stream(lambda: link, place, self.terms.timeout_s)
        return await open_way(lambda: link, place, self.terms.timeout_s)

    def _link(self, loop: asyncio.AbstractEventLoop, client_sap: int, security: Security, counter: SendCounter) -> Link:
        place, terms = self.place, self.terms
        is_plain = isinstance(place, Address)
        below = None if is_plain else link_on(place, client_sap, self.server, terms.timeout_s)
        longest = MAX_PDU if isinstance(place, Route) and place.scheme is Scheme.UDP else 0xFFFF
        following = None if terms.trace is None or callable(terms.trace) else terms.trace.follow(place)
        client = Client(
            client_sap=client_sap,
            server_sap=upper_of(self.server),
            link=below,
            security=security,
            referencing=terms.referencing,
            names=terms.names,
            random=os.urandom,
            send_counter=counter,
            max_pdu=longest if terms.max_pdu is None else terms.max_pdu,
            timeout_s=patience(place, terms.timeout_s),
            quirks=terms.quirks,
            watch=None if following is None else following.plain,
        )
        if below is not None and isinstance(place, Route) and place.scheme.is_hdlc:
            link: Link = StationLink(client, counter, loop, place, below)
        else:
            link = Link(client, counter, loop, place)
        link.knows_release = terms.quirks.knows_release
        if following is not None:
            link.following, link.trace = following, following.octets
        elif callable(terms.trace):
            link.trace = terms.trace
        if terms.notified is not None:
            link.notified = terms.notified
        return link


def who(place: Place, terms: Terms) -> tuple[int, Server]:
    """Give client and server: as asked for, as the address says, or 1."""
    client, server = terms.client, terms.server
    is_hdlc = False
    if isinstance(place, Route):
        client = place.client if client is None else client
        server = place.server if server is None else server
        is_hdlc = place.scheme.is_hdlc
    if server is None or isinstance(server, int):
        server = 1 if server is None else server
        return 1 if client is None else client, server
    return 1 if client is None else client, server_of(server, is_hdlc=is_hdlc)


def connect(
    url: str | Place,
    *,
    client: int | None = None,
    server: int | str | ServerAddress | None = None,
    security: Security | None = None,
    timeout_s: float = 10.0,
    send_counter: SendCounter | None = None,
    default_deviation_min: int | None = None,
    gateway: Header | None = None,
    trace: Trace | Tracer | None = None,
    notified: Callable[[bytes], None] | None = None,
    referencing: Referencing = "LN",
    names: ShortNames | None = None,
    quirks: Quirks = STANDARD,
    max_pdu: int | None = None,
) -> Connecting:
    """Connect to a meter at `tcp://`, `udp://`, `hdlc://` or `serial://` (see `aio.route`), or at a `Place`.

    Client and server are 1 unless given here or in the address. Without an invocation counter of its own, a
    ciphered client first asks the meter for the last one it has taken, as the public client 16: at 0.0.43.1.0.255,
    then at 0.0.43.1.c.255 for client c; `send_counter` spares that, and lasts where its `reserve` is durable.
    `gateway` is the header of a device behind one, `trace` is told of all octets (see `aio.trace` for those who write
    them down), `notified` gets the APDUs the meter sends of its own accord. A meter that knows short names only
    (`referencing="SN"`) is asked once where its objects stand, unless `names` tells it. `quirks` are its habits;
    `discover` finds much of all this out. `max_pdu` is the longest APDU we take: longer values come in blocks.
    """
    place = parse(url) if isinstance(url, str) else url
    if gateway is not None:
        place = (
            replace(place, gateway=gateway) if isinstance(place, Route) else Route(Scheme.TCP, place, gateway=gateway)
        )
    if referencing == "SN" and isinstance(place, Route) and place.scheme is Scheme.UDP:
        raise DefinitionError(f"{place}: answers by short names bear no number, datagrams cannot carry them")
    return Connecting(
        place,
        Terms(
            client=client,
            server=server,
            security=NO_SECURITY if security is None else security,
            timeout_s=timeout_s,
            send_counter=send_counter,
            default_deviation_min=default_deviation_min,
            trace=trace,
            notified=notified,
            referencing=referencing,
            names=names,
            quirks=quirks,
            max_pdu=max_pdu,
        ),
    )
