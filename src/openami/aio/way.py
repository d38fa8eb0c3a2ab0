"""From a route to a meter: the link that carries APDUs, and the transport that carries its octets."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from openami.aio.optical import open_optical
from openami.aio.route import Device, Place, Route, Scheme
from openami.aio.serial import open_serial
from openami.aio.tcp import open_stream
from openami.aio.udp import open_datagrams
from openami.core.errors import AmiError, DefinitionError
from openami.dlms.datagram import ClientDatagrams
from openami.dlms.gateway import ClientGateway
from openami.dlms.hdlc import Parameters, PrimaryStation, ServerAddress
from openami.dlms.hdlc.parameters import DEFAULT_INFO, DEFAULT_WINDOW
from openami.dlms.link import ClientLink
from openami.dlms.wrapper import ClientStream

P = TypeVar("P", bound=asyncio.Protocol)
Server = int | ServerAddress

RESPONSE_TIMEOUT_S = 3.0
"""How long a server may take to answer a frame, if the whole request may take long enough for the retries."""

RETRIES = 3
USUAL_BAUD = 9_600
"""Speed that nearly every optical port has at least."""

GAP_S = 1.0
"""Longest silence inside a frame: networks and adapters are not as even as a line (Green Book: 25 ms)."""


def server_of(server: int | str | ServerAddress, *, is_hdlc: bool) -> Server:
    """Read who is meant: a SAP or, on HDLC, also `1/17` for a logical in a physical device."""
    try:
        found = ServerAddress.parse(server) if isinstance(server, str) else server
        if is_hdlc:
            return ServerAddress.of(found) if isinstance(found, int) else found
    except AmiError as error:
        raise DefinitionError(f"server {server}: {error}") from error
    if isinstance(found, int) or found.length == 1:
        return found if isinstance(found, int) else found.upper
    raise DefinitionError(f"server {server}: only HDLC knows physical devices")


def link_on(place: Place, client: int, server: Server, timeout_s: float) -> ClientLink:
    """Make the link that an association stands on."""
    if not isinstance(place, Route):
        return ClientStream(client, upper_of(server))
    link = carrier(place, client, server, timeout_s)
    return link if place.gateway is None else ClientGateway(link, place.gateway)


def carrier(route: Route, client: int, server: Server, timeout_s: float) -> ClientLink:
    """Make the link itself, without a gateway behind it."""
    if route.scheme.is_hdlc:
        return station(route, client, server, timeout_s)
    if route.scheme is Scheme.TCP:
        return ClientStream(client, upper_of(server))
    retries = route.settings.retries or 0
    interval_s = route.settings.timeout_s or timeout_s / (retries + 1)
    return ClientDatagrams(client, upper_of(server), retries=retries, interval_s=interval_s)


def upper_of(server: Server) -> int:
    """Give the SAP of the logical device."""
    return server if isinstance(server, int) else server.upper


def station(route: Route, client: int, server: Server, timeout_s: float) -> PrimaryStation:
    """Make the client's end of an HDLC connection."""
    settings = route.settings
    retries = RETRIES if settings.retries is None else settings.retries
    info, window = settings.max_info or DEFAULT_INFO, settings.window or DEFAULT_WINDOW
    octet_s = 10 / speed(route) if isinstance(route.place, Device) else 0.0
    return PrimaryStation(
        client,
        server if isinstance(server, ServerAddress) else ServerAddress.of(server),
        parameters=Parameters(info, info, window, window),
        response_timeout_s=settings.timeout_s or min(RESPONSE_TIMEOUT_S, timeout_s / (retries + 2)),
        retries=retries,
        octet_s=octet_s,
        inter_octet_s=settings.gap_s or GAP_S,
        has_echo=settings.echo,
    )


def speed(route: Route) -> int:
    """Give the speed by which patience is reckoned; an optical port and its meter agree on theirs only later."""
    assert isinstance(route.place, Device)
    return route.place.baud if route.greeting is None else min(route.greeting.most_baud, USUAL_BAUD)


def patience(place: Place, timeout_s: float) -> float:
    """Give a request the time that all the retries take that its route asks for."""
    if not isinstance(place, Route) or place.settings.timeout_s is None:
        return timeout_s
    retries = RETRIES if place.settings.retries is None else place.settings.retries
    return max(timeout_s, place.settings.timeout_s * (retries + 2))


async def open_way(make: Callable[[], P], place: Place, timeout_s: float) -> P:
    """Connect a protocol to what a route leads to."""
    if not isinstance(place, Route):
        return await open_stream(make, place, timeout_s)
    if isinstance(place.place, Device):
        return await (open_serial(make, place.place) if place.greeting is None else open_optical(make, place))
    if place.scheme is Scheme.UDP:
        return await open_datagrams(make, place.place, timeout_s)
    return await open_stream(make, place.place, timeout_s)
