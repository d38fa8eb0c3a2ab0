"""Our meter on every line a peer can use, told to the peer as orders."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from cable import Cable
from openami.aio.bus import HdlcListener, SerialListener, Station
from openami.aio.connection import Session
from openami.aio.optical_listener import OpticalListener
from openami.aio.route import Device
from openami.aio.server import FleetListener
from openami.aio.udp import DatagramListener
from openami.dlms.gateway import Header, ServerGateway
from openami.dlms.hdlc import Parameters, SecondaryStation, ServerAddress
from openami.dlms.link import ServerLink
from openami.dlms.wrapper import ServerStream
from optical_cable import SmallOptical
from small_meter import SmallMeter

DEVICE = Header(1, bytes.fromhex("a1b2c3"))
Orders = dict[str, Any]


class LongFrames(Station):
    """A station that takes and sends long frames, and takes several at once."""

    def link(self) -> ServerLink:
        return SecondaryStation(self.address, parameters=Parameters(1024, 1024, 1, 7))


class Windowed(Station):
    """A station that sends several frames at once, too."""

    def link(self) -> ServerLink:
        return SecondaryStation(self.address, parameters=Parameters(128, 128, 7, 7))


@dataclass(frozen=True)
class Stand:
    """How a meter is reached; with `own` it speaks HDLC."""

    kind: str = "tcp"
    host: str = "127.0.0.1"
    own: ServerAddress | None = None
    station: type[Station] = Station
    orders: Mapping[str, Any] = field(default_factory=dict[str, Any])


class BehindGateway:
    """A meter that is reached through a gateway."""

    def __init__(self, meter: SmallMeter) -> None:
        self.meter = meter

    def open(self, local_address: str, link: ServerLink | None = None) -> Session | None:
        return self.meter.open(local_address, ServerGateway(link or ServerStream(1), DEVICE))


@asynccontextmanager
async def over_tcp(stand: Stand, meter: Any) -> AsyncIterator[Orders]:
    async with FleetListener(meter, port=0, host=stand.host, stand_ins=["me"], login_delay_s=0.01) as listener:
        host, port = listener.addresses[0][:2]
        yield {"host": host, "port": port}


@asynccontextmanager
async def over_gateway(stand: Stand, meter: SmallMeter) -> AsyncIterator[Orders]:
    async with over_tcp(stand, BehindGateway(meter)) as orders:
        yield {**orders, "gateway": [DEVICE.network, DEVICE.address.hex()]}


@asynccontextmanager
async def over_udp(stand: Stand, meter: SmallMeter) -> AsyncIterator[Orders]:
    async with DatagramListener(meter, port=0, host=stand.host, stand_ins=["me"], login_delay_s=0.01) as listener:
        host, port = listener.addresses[0][:2]
        yield {"host": host, "port": port, "udp": True}


@asynccontextmanager
async def over_hdlc(stand: Stand, meter: SmallMeter) -> AsyncIterator[Orders]:
    assert stand.own is not None
    async with HdlcListener(meter, [stand.station("me", stand.own)], port=0, login_delay_s=0.01) as listener:
        host, port = listener.address[:2]
        yield {"host": host, "port": port}


@asynccontextmanager
async def over_serial(stand: Stand, meter: SmallMeter) -> AsyncIterator[Orders]:
    assert stand.own is not None
    async with Cable() as cable:
        listener = SerialListener(meter, [stand.station("me", stand.own)], Device(cable.server), login_delay_s=0.01)
        await listener.start()
        try:
            yield {"device": cable.client}
        finally:
            await listener.close()


@asynccontextmanager
async def over_optical(stand: Stand, meter: SmallMeter) -> AsyncIterator[Orders]:
    assert stand.own is not None
    async with Cable() as cable, OpticalListener(meter, SmallOptical(), Device(cable.server), login_delay_s=0.01):
        yield {"device": cable.client, "greeted": True}


KINDS: Mapping[str, Callable[[Stand, SmallMeter], Any]] = {
    "tcp": over_tcp,
    "gateway": over_gateway,
    "udp": over_udp,
    "hdlc": over_hdlc,
    "serial": over_serial,
    "optical": over_optical,
}


def hdlc(own: ServerAddress, kind: str = "hdlc", station: type[Station] = Station, **limits: int) -> Stand:
    """A station on a line; limits as gurux-dlms names them."""
    address = {"physical": own.lower, "address_length": own.length, "hdlc": limits}
    return Stand(kind, own=own, station=station, orders=address)


WRAPPER, GATEWAY, HDLC, SERIAL = "wrapper/TCP", "wrapper/TCP gateway", "HDLC/TCP 2 octets", "HDLC/serial"
LONG_FRAMES, WINDOW = "HDLC/TCP long frames", "HDLC/TCP windows of 7"
OPTICAL = "HDLC/serial after mode E"
WINDOWS = {"windowSizeRX": 7, "windowSizeTX": 7}
STANDS: Mapping[str, Stand] = {
    WRAPPER: Stand(),
    "wrapper/TCP IPv6": Stand(host="::1"),
    "wrapper/UDP": Stand("udp"),
    GATEWAY: Stand("gateway"),
    "HDLC/TCP 1 octet": hdlc(ServerAddress(1)),
    HDLC: hdlc(ServerAddress(1, 17, 2)),
    "HDLC/TCP 4 octets": hdlc(ServerAddress(1, 17, 4)),
    LONG_FRAMES: hdlc(ServerAddress(1, 17, 2), station=LongFrames, maxInfoTX=1024, maxInfoRX=1024, **WINDOWS),
    SERIAL: hdlc(ServerAddress(1, 17, 2), "serial"),
    OPTICAL: hdlc(ServerAddress(1, 17, 2), "optical"),
    WINDOW: hdlc(ServerAddress(1, 17, 2), station=Windowed, **WINDOWS),
}

#: Lines that a peer can be expected to work on.
LINES = tuple(line for line in STANDS if line not in {WINDOW, OPTICAL})


@asynccontextmanager
async def standing(line: str, meter: SmallMeter) -> AsyncIterator[Orders]:
    """Serve a meter; where it is, as a peer is told."""
    stand = STANDS[line]
    async with KINDS[stand.kind](stand, meter) as orders:
        yield {"server": 1, **stand.orders, **orders}
