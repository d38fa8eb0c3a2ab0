"""A fleet of virtual meters in service: a folder, a clock, a listener, until somebody says stop."""

import asyncio
import contextlib
import math
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from socket import socket

from openami.aio.bus import HdlcListener, SerialListener, Station
from openami.aio.clock import Clock, RealClock, ScenarioClock
from openami.aio.ending import when_told
from openami.aio.memory import give_back
from openami.aio.route import Device, Route, parse
from openami.aio.serial import open_port
from openami.aio.server import ANY_LOCAL, FleetListener, Session
from openami.aio.shaped import Air, ShapedDatagrams, ShapedListener
from openami.aio.tcp import Address, AddressInUse, has_loopback_net, listening_socket
from openami.aio.udp import DatagramListener
from openami.cli.optical import held_head
from openami.core.errors import DefinitionError
from openami.dlms.hdlc import ServerAddress
from openami.dlms.link import ServerLink
from openami.meters.identity import address
from openami.meters.loads import Drive
from openami.meters.store import Plan, Stored
from openami.net.links.model import LinkModel

DAY_S, QUARTER_S = 86_400, 900
CLOCK_FILE, SHIPMENT_FILE = "clock.json", "shipment.csv"
LOOPBACK = "127.0.0.1"
FIRST_STATION = 17
MOST_IN_TWO_OCTETS, MOST_ON_A_LINE = 100, 16_000
"""How many meters a line has room for, with server addresses of two and of four octets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is to be served, and how."""

    product: str
    meters: int
    folder: Path
    port: int
    may_move: bool = False
    """Where the port is in use, take a free one."""
    host: str = ""
    """Where each meter has a port of its own; empty for an address each, where the system can."""
    udp: bool = False
    """Whether the wrapper is served on UDP too."""
    hdlc: int | None = None
    """TCP port behind which all of them share one HDLC line."""
    serial: Device | None = None
    """Serial port on which they share another."""
    history_days: int = 10
    speed: float | None = None
    loads: Path | None = None
    loads_all: bool = False
    drawn: bool = False
    """Whether the clocks of new meters run as a factory leaves them."""
    control: int | None = None
    """Port of the door by which hands are laid on the meters, on this machine only."""
    optical: str = ""
    """Serial port of an optical head on the first meter; `pty` makes one."""
    link: LinkModel | None = None
    """The link that the meters are behind, on TCP and UDP."""


@dataclass(frozen=True, slots=True)
class Served:
    """What has come into service."""

    stored: Stored
    clock: Clock
    addresses: list[Address]
    shipment: Path
    more: Mapping[str, list[str]]
    """Ways beside TCP: for each, the address of each meter as `openami read` takes it."""
    control: str = ""
    """Address of the door, where there is one."""


class Gate:
    """Keeps clients out until the fleet stands; the port is ours from the beginning."""

    def __init__(self) -> None:
        self.stored: Stored | None = None

    def open(self, local_address: str, link: ServerLink | None = None) -> Session | None:
        """Begin a session, if the fleet stands."""
        return None if self.stored is None else self.stored.fleet.open(local_address, link)


def serial_port(text: str) -> Device | None:
    """Read `/dev/name` or `serial:///dev/name?baud=9600`; nothing is none."""
    if not text:
        return None
    place = parse(text if "://" in text else f"serial://{text}")
    if not isinstance(place, Route) or not isinstance(place.place, Device):
        raise DefinitionError(f"{text}: a serial port is written /dev/name or serial:///dev/name?baud=9600")
    return place.place


def default_folder(name: str) -> Path:
    """Where data goes if nobody says otherwise; a product file has a folder by its own name."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "openami" / Path(name).name.removesuffix(".toml")


async def serve(
    service: Service,
    ready: Callable[[Served], None],
    progress: Callable[[int, int, int], None],
) -> None:
    """Serve until SIGINT or SIGTERM; `progress` gets first, reached and last second of history."""
    stop, gate = asyncio.Event(), Gate()
    air = None if service.link is None else Air(service.link)
    async with (
        told(stop),
        shaped(service, gate, air) as (host, listener),
        more_ways(service, gate, host, listener.port, air) as (more, on_serial),
        ticking(service) as clock,
        held_door(service) as at,
        held_head(service.optical) as head,
    ):
        stored = open_fleet(service, clock)
        try:
            await catch_up(stored, clock, stop, progress)
            stored.save()
            give_back()
            if not stop.is_set():
                gate.stored = stored
                async with on_serial, head.on(stored.fleet, gate), door(stored, at) as control:
                    ways = {**more, **head.ways(stored.fleet)}
                    served = written(stored, service, clock, host, listener.port, more=ways)
                    ready(replace(served, control=control))
                    await in_service(stored, stop)
        finally:
            gate.stored = None
            stored.close()


@contextlib.asynccontextmanager
async def held_door(service: Service) -> AsyncGenerator[socket | None]:
    """Hold the socket of the door, so that the port is ours from the beginning."""
    if service.control is None:
        yield None
        return
    with listening_socket(LOOPBACK, service.control) as at:
        yield at


@contextlib.asynccontextmanager
async def door(stored: Stored, at: socket | None) -> AsyncGenerator[str]:
    """Open the door, if there is to be one; its address."""
    if at is None:
        yield ""
        return
    from openami.cli.control.door import opened  # FastAPI takes its time

    async with opened(stored.fleet, at):
        yield f"http://{LOOPBACK}:{at.getsockname()[1]}"


@contextlib.asynccontextmanager
async def told(stop: asyncio.Event) -> AsyncGenerator[None]:
    """Let Ctrl-C and SIGTERM set an event."""
    with when_told(stop.set):
        yield


@contextlib.asynccontextmanager
async def listening(service: Service, gate: Gate) -> AsyncGenerator[tuple[str, FleetListener]]:
    """Hold the sockets: one for all addresses, or one port for each meter."""
    host = service.host or ("" if has_loopback_net() else LOOPBACK)
    listener = listener_of(service, gate, host, service.port)
    async with contextlib.AsyncExitStack() as opened:
        try:
            await opened.enter_async_context(listener)
        except AddressInUse:
            if not service.may_move:
                raise
            listener = await opened.enter_async_context(listener_of(service, gate, host, 0))
        yield host, listener


def listener_of(service: Service, gate: Gate, host: str, port: int) -> FleetListener:
    """Make the listener, not yet open."""
    if not host:
        return FleetListener(gate, port=port)
    return FleetListener(gate, port=port, host=host, stand_ins=[address(meter) for meter in range(service.meters)])


@contextlib.asynccontextmanager
async def shaped(
    service: Service, gate: Gate, air: Air | None
) -> AsyncGenerator[tuple[str, FleetListener | ShapedListener]]:
    """Hold the sockets; where there is a link, a relay at the addresses of the meters, and they elsewhere."""
    if air is None:
        async with listening(service, gate) as (host, listener):
            yield host, listener
        return
    async with listening(replace(service, port=0), gate) as (host, meters), contextlib.AsyncExitStack() as opened:
        try:
            relay = await opened.enter_async_context(relay_of(service, air, meters, host, service.port))
        except AddressInUse:
            if not service.may_move:
                raise
            relay = await opened.enter_async_context(relay_of(service, air, meters, host, 0))
        yield host, relay


def relay_of(service: Service, air: Air, meters: FleetListener, host: str, port: int) -> ShapedListener:
    """Make the relay, not yet open."""
    if not host:
        return ShapedListener(air, meters, port=port)
    return ShapedListener(air, meters, port=port, host=host, stand_ins=stand_ins(service))


def stand_ins(service: Service) -> list[str]:
    """Name the meters in whose place ports of one host stand."""
    return [address(meter) for meter in range(service.meters)]


@contextlib.asynccontextmanager
async def shaped_datagrams(service: Service, gate: Gate, host: str, port: int, air: Air | None) -> AsyncGenerator[None]:
    """Hold the sockets for datagrams, behind the link where there is one."""
    if air is None:
        async with datagrams_of(service, gate, host, port):
            yield
        return
    names = stand_ins(service) if host else ()
    async with (
        datagrams_of(service, gate, host, 0) as meters,
        ShapedDatagrams(air, meters, port=port, host=host or ANY_LOCAL, stand_ins=names),
    ):
        yield


@contextlib.asynccontextmanager
async def more_ways(
    service: Service, gate: Gate, host: str, port: int, air: Air | None
) -> AsyncGenerator[tuple[dict[str, list[str]], AbstractAsyncContextManager[object]]]:
    """Hold the other sockets; a serial port is only looked at, and opened once there are meters to use it."""
    more: dict[str, list[str]] = {}
    on_serial: AbstractAsyncContextManager[object] = contextlib.nullcontext()
    if service.serial is not None:
        open_port(service.serial).close()
        found = stations(service.meters)
        on_serial = SerialListener(gate, found, service.serial)
        more["serial"] = [f"serial://{in_full(service.serial, station)}" for station in found]
    async with contextlib.AsyncExitStack() as opened:
        if service.udp:
            await opened.enter_async_context(shaped_datagrams(service, gate, host, port, air))
            more["udp"] = [f"udp://{place}" for place in places(service.meters, host, port)]
        if service.hdlc is not None:
            on_hdlc = HdlcListener(gate, stations(service.meters), host=host or LOOPBACK, port=service.hdlc)
            await opened.enter_async_context(on_hdlc)
            more["hdlc"] = [f"hdlc://{on_hdlc.address}?server={station.address}" for station in on_hdlc.stations]
        yield more, on_serial


def datagrams_of(service: Service, gate: Gate, host: str, port: int) -> DatagramListener:
    """Make the listener for datagrams, not yet open, on the ports of the other one."""
    if not host:
        return DatagramListener(gate, port=port)
    return DatagramListener(gate, port=port, host=host, stand_ins=[address(meter) for meter in range(service.meters)])


def stations(meters: int) -> list[Station]:
    """Give each meter its place on a line: logical device 1 of physical device 17 and on."""
    if meters > MOST_ON_A_LINE:
        raise DefinitionError(f"{meters} meters: a line has room for {MOST_ON_A_LINE}", key="count")
    length = 2 if meters <= MOST_IN_TWO_OCTETS else 4
    return [Station(address(meter), ServerAddress(1, FIRST_STATION + meter, length)) for meter in range(meters)]


def in_full(device: Device, station: Station) -> str:
    """Write a place on a serial port with all that must be known to use it."""
    mode = f"baud={device.baud}&bits={device.bits}&parity={device.parity}&stop={device.stop}"
    return f"{device.path}?server={station.address}&{mode}"


def places(meters: int, host: str, port: int) -> list[Address]:
    """Say where each meter is."""
    if host:
        return [Address(host, port + meter) for meter in range(meters)]
    return [Address(address(meter), port) for meter in range(meters)]


@contextlib.asynccontextmanager
async def ticking(service: Service) -> AsyncGenerator[Clock]:
    """Keep the scenario clock of the folder running; without one, and without a speed, time is real."""
    path = service.folder / CLOCK_FILE
    if service.speed is None and not path.exists():
        yield RealClock()
        return
    if not path.exists():
        ScenarioClock.create(path, epoch=RealClock().now(), speed=service.speed or 1.0)
    async with ScenarioClock(path).running(speed=service.speed) as clock:
        yield clock


def open_fleet(service: Service, clock: Clock) -> Stored:
    """Open the fleet of the folder, or begin one with its history still to live."""
    drive = Drive(service.loads, every=service.loads_all)
    start = beginning(clock.now(), service.history_days)
    plan = Plan(service.product, service.meters, start, drive.name, drawn=service.drawn)
    return Stored.open(service.folder, plan, drive, now=clock.now)


def beginning(now: float, days: int) -> int:
    """Give the quarter of an hour so many days ago: the profile of a CompactIQ holds ten days and no more."""
    quarter = math.ceil((now - days * DAY_S) / QUARTER_S)
    return min(quarter, int(now) // QUARTER_S) * QUARTER_S  # a meter without history does not begin in the future


async def catch_up(
    stored: Stored, clock: Clock, stop: asyncio.Event, progress: Callable[[int, int, int], None]
) -> None:
    """Let the meters live up to now; a signal ends it between two slices."""
    first = stored.fleet.holding.laws.now
    last = int(clock.now())
    for reached in stored.fleet.steps(last - last % 60):
        progress(first, reached, last)
        await asyncio.sleep(0)
        if stop.is_set():
            return


def written(
    stored: Stored, service: Service, clock: Clock, host: str, port: int, *, more: Mapping[str, list[str]]
) -> Served:
    """Write the shipment file, by which a head-end learns addresses and keys."""
    path = service.folder / SHIPMENT_FILE
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(stored.fleet.shipment(port, host=host))
    return Served(stored, clock, places(service.meters, host, port), path, more)


async def in_service(stored: Stored, stop: asyncio.Event) -> None:
    """Keep up with the clock until told to stop."""
    works = [asyncio.create_task(work) for work in (stored.run(), stop.wait())]
    try:
        done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
        for work in done:
            work.result()
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
