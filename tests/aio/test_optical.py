"""Optical heads on serial ports, joined by ptys whose speeds count: readout, programming, mode E, what goes wrong."""

import asyncio
from dataclasses import replace

import pytest

from openami import Data, Register
from openami.aio.client import connect
from openami.aio.optical import optical
from openami.aio.optical_listener import OpticalListener
from openami.aio.pump import Direction
from openami.aio.route import Device, Greeting, Route, parse
from openami.aio.serial import NoSuchDevice
from openami.aio.virtual_cable import VirtualCable
from openami.core.errors import ConnectionLost, DefinitionError, LinkTimeout, ServiceError
from openami.iec62056 import DataSet, Parity, Start
from openami.iec62056.told import Speaking
from optical_cable import SERVER, OpticalCable, SmallOptical
from small_meter import ENERGY, HLS5, NAME, PROFILE, ROWS, SmallMeter

HDLC = "server=1/17"


def on(cable: OpticalCable, meter: SmallOptical) -> OpticalListener:
    return OpticalListener(SmallMeter(), meter, Device(cable.server), login_delay_s=0.01)


def quick(**changes: object) -> SmallOptical:
    """A meter that reacts sooner than others."""
    meter = SmallOptical()
    return replace(meter, given=replace(meter.given, reaction_s=0.05, select_s=0.2, **changes))


async def until(condition: object) -> None:
    """Wait for what is about to be."""
    async with asyncio.timeout(20):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.01)


async def test_a_meter_is_read_out_at_the_speed_it_proposes() -> None:
    meter = SmallOptical()
    async with OpticalCable() as cable, on(cable, meter), optical(f"optical://{cable.client}?address=0012") as port:
        found = await port.read_out()
    assert found.identification.name == "SIM-SMALL"
    assert list(found.sets) == list(meter.values.values())
    assert cable.speeds == [300, 9_600]


async def test_values_are_read_and_written_in_the_programming_mode() -> None:
    meter = quick()
    async with OpticalCable() as cable, on(cable, meter), optical(f"optical://{cable.client}") as port:
        async with port.programming("12345678") as session:
            assert await session.read("1.8.0") == (DataSet("1.8.0", "000123.450", "kWh"),)
            await session.write("0.9.1", "12:00:00")
            with pytest.raises(ServiceError, match="ERROR"):
                await session.read("9.9.9")
        await until(lambda: cable.baud(SERVER) == 300)
        with pytest.raises(ServiceError):
            async with port.programming("wrong"):
                pass
    assert meter.values["0.9.1"].value == "12:00:00"


@pytest.mark.parametrize(("code", "options", "agreed"), [(9, "", 115_200), (9, "&baud=4800", 4_800)])
async def test_mode_e_and_then_dlms(code: int, options: str, agreed: int) -> None:
    async with OpticalCable() as cable, on(cable, quick(proposed=code)):
        async with connect(f"optical://{cable.client}?{HDLC}{options}", security=HLS5) as meter:
            assert await meter.get(Register.value, ENERGY) == 12_345
            assert len(await meter.entries(PROFILE)) == ROWS
            assert cable.baud(SERVER) == agreed
        await until(lambda: cable.baud(SERVER) == 300)
        async with connect(f"optical://{cable.client}?{HDLC}{options}", client=16) as meter:
            assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"
    assert cable.speeds == [300, agreed] * 3, "the first of them asks for the counter"


async def test_the_port_takes_its_settings_at_each_sign_on() -> None:
    meter = quick()
    async with OpticalCable() as cable, on(cable, meter), optical(f"optical://{cable.client}") as port:
        await port.read_out()
        await until(lambda: cable.baud(SERVER) == 300)
        meter.given = replace(meter.given, proposed=7, has_hdlc=False)
        found = await port.read_out()
        assert found.identification.rate == 38_400
        await until(lambda: cable.baud(SERVER) == 300)
    assert 38_400 in cable.speeds


async def test_a_port_that_begins_with_hdlc() -> None:
    async with OpticalCable() as cable, on(cable, quick(start=Start.HDLC, direct=9)):
        for _ in range(2):
            async with connect(f"serial://{cable.client}?{HDLC}&baud=115200", client=16) as meter:
                assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"
    assert cable.speeds == [115_200]


async def test_hdlc_that_nobody_uses_gives_the_port_back() -> None:
    async with OpticalCable() as cable, on(cable, quick(idle_s=0.2)):
        async with optical(f"optical://{cable.client}") as port:
            await port.head.ask(port.head.client.hand_over, Speaking)
            await until(lambda: cable.baud(SERVER) == 9_600)
        await until(lambda: cable.baud(SERVER) == 300)
        async with optical(f"optical://{cable.client}") as port:
            assert (await port.read_out()).sets


async def test_an_answer_waits_for_the_disk() -> None:
    meter, kept = quick(), asyncio.get_running_loop().create_future()
    async with OpticalCable() as cable, on(cable, meter), optical(f"optical://{cable.client}") as port:
        meter.kept = lambda: kept
        reading = asyncio.create_task(port.read_out())
        await until(lambda: cable.baud(SERVER) == 9_600)
        await asyncio.sleep(0.1)
        assert not reading.done()
        meter.kept = lambda: None
        kept.set_result(None)
        assert (await reading).sets


async def test_nobody_answers_to_another_address() -> None:
    async with OpticalCable() as cable, on(cable, quick()):
        with pytest.raises(LinkTimeout, match="greeted"):
            await connect(f"optical://{cable.client}?address=13&retries=0", client=16)
    assert not cable.heard[SERVER]


async def test_a_port_that_goes_and_one_that_is_not_there() -> None:
    async with OpticalCable() as cable, optical(f"optical://{cable.client}") as port:
        reading = asyncio.create_task(port.read_out())
        await asyncio.sleep(0.05)
        cable.unplug()
        with pytest.raises(ConnectionLost):
            await reading
    with pytest.raises(NoSuchDevice):
        await connect("optical:///dev/no-such-head")


async def test_a_cable_that_is_not_there() -> None:
    async with VirtualCable() as cable, OpticalListener(SmallMeter(), quick(), Device(cable.far)):
        port = optical(f"optical://{cable.near}")
        async with port:
            assert (await port.read_out()).identification.name == "SIM-SMALL"
        with pytest.raises(DefinitionError, match="is not open"):
            await port.read_out()


async def test_octets_are_traced() -> None:
    seen: list[tuple[Direction, bytes]] = []
    async with OpticalCable() as cable, on(cable, quick()):
        url = f"optical://{cable.client}?{HDLC}"
        meter = await connect(url, client=16, trace=lambda way, _at, data: seen.append((way, data)))
        await meter.disconnect()
    assert seen[0] == (Direction.SENT, b"\xaf?!\x8d\n")
    assert seen[-1][1].startswith(b"\x7e")


def test_routes_to_optical_heads() -> None:
    assert parse("optical:///dev/ttyUSB0") == Route("optical", Device("/dev/ttyUSB0", 300), greeting=Greeting())
    route = parse("optical:///dev/ttyUSB0?address=12&start=9600&baud=38400&wake=yes&parity=none&server=1/16")
    assert isinstance(route, Route)
    assert route.greeting == Greeting("12", 9_600, 38_400, wakes=True, parity=Parity.NONE)
    assert route.scheme.is_hdlc


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("optical://", "name the port, as in optical:"),
        ("optical:///dev/a?start=310", "start=310, expected one of 300"),
        ("optical:///dev/a?baud=28800", "baud=28800, expected one of 300"),
        ("optical:///dev/a?parity=odd", "even or none"),
        ("optical:///dev/a?address=a!", "device address"),
        ("optical:///dev/a?bits=7", "no option 'bits'"),
    ],
)
def test_wrong_routes_are_refused(url: str, told: str) -> None:
    with pytest.raises(DefinitionError, match=told):
        parse(url)
    with pytest.raises(DefinitionError, match="optical:///dev/name"):
        optical("serial:///dev/a")
