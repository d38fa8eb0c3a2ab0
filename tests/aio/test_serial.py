"""HDLC on serial ports, joined by ptys: one meter, echo, bad lines, and everything that goes wrong with a port."""

import asyncio
import contextlib
import errno
import os
import tty
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

import openami.aio.serial as module
from cable import Cable
from openami import Data, Register
from openami.aio.bus import SerialListener, Station
from openami.aio.client import connect
from openami.aio.pump import Direction
from openami.aio.route import Device
from openami.aio.serial import DeviceBusy, NoSuchDevice, NotPermitted, open_port
from openami.core.errors import (
    AssociationError,
    ConnectionLost,
    DefinitionError,
    LinkError,
    LinkTimeout,
    SecurityError,
    ServiceError,
)
from openami.dlms.hdlc import ServerAddress
from openami.dlms.security import Security
from small_meter import ENERGY, HLS5, NAME, PROFILE, ROWS, SmallMeter

OWN = ServerAddress.of(1, 17)
DISC, UA = 0x53, 0x73


def on(cable: Cable, meter: SmallMeter) -> SerialListener:
    return SerialListener(meter, [Station("me", OWN)], Device(cable.server), login_delay_s=0.01)


def url(cable: Cable, *options: str) -> str:
    return f"serial://{cable.client}?" + "&".join(("server=1/17", *options))


def controls(octets: bytes) -> list[int]:
    """Control octets of the frames that begin with a two-octet server address, going there."""
    frames = [frame for frame in octets.split(b"\x7e") if len(frame) > 6]
    return [frame[5] for frame in frames]


async def test_a_meter_on_a_serial_port() -> None:
    small = SmallMeter()
    async with Cable() as cable, on(cable, small):
        async with connect(url(cable), security=HLS5) as meter:
            assert await meter.get(Register.value, ENERGY) == 12_345
            assert len(await meter.entries(PROFILE)) == ROWS
            await meter.action(Register.reset, ENERGY, 0)
            assert await meter.get(Register.value, ENERGY) == 0
        async with connect(url(cable), client=16) as meter:
            assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"
        assert str(meter.address) == f"{cable.client} server 1/17"


@pytest.mark.parametrize("options", [["window=7", "max_info=1024"], ["window=2", "max_info=64"], ["baud=115200"]])
async def test_settings_of_the_link(options: list[str]) -> None:
    async with (
        Cable() as cable,
        on(cable, SmallMeter()),
        connect(url(cable, *options), security=HLS5) as meter,
    ):
        assert len(await meter.entries(PROFILE)) == ROWS


async def test_each_client_that_leaves_ends_a_session() -> None:
    small = SmallMeter()
    async with Cable() as cable, on(cable, small):
        for _ in range(3):
            async with connect(url(cable), client=16) as meter:
                await meter.get(Data.value, NAME)
        assert len(small.sessions) == 4


async def test_an_adapter_that_echoes() -> None:
    async with (
        Cable(echo=True) as cable,
        on(cable, SmallMeter()),
        connect(url(cable, "echo=yes"), security=HLS5) as meter,
    ):
        assert len(await meter.entries(PROFILE)) == ROWS


class Storm:
    """Loses or changes octets now and then."""

    def __init__(self, seed: int, odds: float) -> None:
        self.dice, self.odds = Random(seed), odds

    def __call__(self, data: bytes) -> bytes:
        spoilt = bytearray(data)
        if self.dice.random() < self.odds:
            place = self.dice.randrange(len(spoilt))
            if self.dice.random() < 0.5:
                del spoilt[place]
            else:
                spoilt[place] ^= 1 << self.dice.randrange(8)
        return bytes(spoilt)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_line_that_loses_and_garbles_octets(seed: int) -> None:
    async with Cable() as cable, on(cable, SmallMeter()):
        cable.spoil = [Storm(seed, 0.1), Storm(seed + 10, 0.1)]
        bad = url(cable, "timeout=0.1", "retries=10", "gap=0.05", "window=3")
        async with connect(bad, security=HLS5) as meter:
            for _ in range(5):
                assert await meter.get(Register.value, ENERGY) == 12_345
            assert len(await meter.entries(PROFILE)) == ROWS


async def test_nobody_answers() -> None:
    async with Cable() as cable:
        with pytest.raises(LinkTimeout, match=r"no answer to SNRM .* server 1/17.*asked 4 times"):
            await connect(url(cable), client=16, timeout_s=0.4)
        with pytest.raises(LinkTimeout, match=r"asked 2 times and waited 0\.1 s each"):
            await connect(url(cable, "timeout=0.1", "retries=1"), client=16)


async def test_a_meter_that_is_left_after_a_refusal() -> None:
    async with Cable() as cable, on(cable, SmallMeter()):
        with pytest.raises(AssociationError):
            await connect(url(cable), client=33)
        assert controls(cable.heard[0])[-1] == DISC
        async with connect(url(cable), client=16) as meter:
            assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"


async def test_a_meter_that_is_left_in_the_middle_of_a_long_answer() -> None:
    async with Cable() as cable, on(cable, SmallMeter()):
        async with connect(url(cable, "max_info=64"), security=HLS5) as meter:
            reading = asyncio.create_task(meter.entries(PROFILE))
            while len(cable.heard[1]) < 1_000:
                await asyncio.sleep(0)
            reading.cancel()
            heard = len(cable.heard[1])
        assert len(cable.heard[1]) < heard + 1_000, "the rest of the answer is not waited for"
        assert controls(cable.heard[0])[-1] == DISC
        async with connect(url(cable), client=16) as meter:
            assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"


async def test_cancelled_while_it_connects() -> None:
    async with Cable() as cable:
        connecting = asyncio.create_task(connect(url(cable), client=16).open())
        while not cable.heard[0]:
            await asyncio.sleep(0.001)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        async with on(cable, SmallMeter()), connect(url(cable), client=16) as meter:
            assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"


async def test_unplugged_in_the_middle() -> None:
    async with Cable() as cable, on(cable, SmallMeter()):
        meter = await connect(url(cable, "max_info=64"), client=16)
        reading = asyncio.create_task(meter.object_list())
        while len(cable.heard[1]) < 200:
            await asyncio.sleep(0)
        path = cable.client
        cable.unplug()
        with pytest.raises(ConnectionLost, match=rf"{path} is gone: the port was unplugged"):
            await reading
        with pytest.raises(ConnectionLost, match="is gone"):
            await meter.get(Data.value, NAME)
        await meter.disconnect()


async def test_a_meter_whose_port_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openami.aio.bus.REOPEN_S", 0.01)
    port = tmp_path / "port"
    cable = Cable()
    port.symlink_to(cable.server)
    async with cable, SerialListener(SmallMeter(), [Station("me", OWN)], Device(str(port))) as listener:
        cable.unplug()
        while listener.connections:
            await asyncio.sleep(0.001)
        port.unlink()
        async with Cable() as other:
            port.symlink_to(other.server)
            async with connect(url(other, "timeout=0.1", "retries=20"), client=16) as meter:
                assert await meter.get(Data.value, NAME) == b"OAMSIM0000000001"


async def test_all_octets_are_told_to_a_trace() -> None:
    seen: list[tuple[Direction, float, bytes]] = []
    async with Cable() as cable, on(cable, SmallMeter()):
        async with connect(url(cable), client=16, trace=lambda *what: seen.append(what)) as meter:
            await meter.get(Data.value, NAME)
        sent, received = (b"".join(o for d, _, o in seen if d is way) for way in Direction)
        assert (sent, received) == (bytes(cable.heard[0]), bytes(cable.heard[1]))
    assert [at for _, at, _ in seen] == sorted(at for _, at, _ in seen)
    assert seen[0][1] > 1_700_000_000


async def test_one_program_at_a_time() -> None:
    async with Cable() as cable:
        port = open_port(Device(cable.client))
        with pytest.raises(DeviceBusy, match=f"{cable.client} is in use by another program"):
            await connect(url(cable))
        port.close()


def test_no_such_port() -> None:
    with pytest.raises(NoSuchDevice, match="/dev/nosuch: there is no such serial port"):
        open_port(Device("/dev/nosuch"))


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), NotPermitted, "members of the group dialout"),
        (OSError(errno.ENXIO, "No such device or address"), NoSuchDevice, "no such serial port"),
        (OSError(errno.EBUSY, "Device or resource busy"), DeviceBusy, "in use"),
        (ValueError("Not a valid baudrate"), LinkError, "cannot be set to 9600 baud 8N1"),
    ],
)
def test_what_the_system_says(error: Exception, kind: type[LinkError], said: str, monkeypatch) -> None:
    import serial

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(kind, match=said):
        open_port(Device("/dev/ttyUSB0"))


def test_a_file_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no port")
    with pytest.raises(LinkError, match="is no serial port"):
        open_port(Device(str(tmp_path / "file")))


def test_without_pyserial(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(module.importlib, "import_module", absent)
    with pytest.raises(DefinitionError, match=r"pip install 'openami\[serial\]'"):
        open_port(Device("/dev/ttyUSB0"))


class Sink(asyncio.Protocol):
    """Notes what its transport asks of it."""

    def __init__(self) -> None:
        self.paused = self.resumed = 0
        self.ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def pause_writing(self) -> None:
        self.paused += 1

    def resume_writing(self) -> None:
        self.resumed += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(exc)


@pytest.fixture
def bare_port() -> Iterator[tuple[int, Device]]:
    """A port whose other end the test reads itself."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    yield master, Device(os.ttyname(slave))
    os.close(master)
    os.close(slave)


async def test_what_the_port_does_not_take_at_once_is_sent_later(bare_port: tuple[int, Device]) -> None:
    (master, device), sink, sent = bare_port, Sink(), bytes(range(256)) * 400
    transport = module.SerialTransport(asyncio.get_running_loop(), open_port(device), device, sink)
    transport.writelines([sent[:1000], sent[1000:]])
    assert transport.get_write_buffer_size() > 0
    transport.close()
    transport.write(b"too late")
    received = b""
    while len(received) < len(sent):
        with contextlib.suppress(BlockingIOError):
            received += os.read(master, 65_536)
        await asyncio.sleep(0)
    assert (await sink.ended, received) == (None, sent)
    assert sink.paused == sink.resumed == 1
    assert transport.is_closing()


async def test_what_was_not_sent_is_lost_when_it_is_cut(bare_port: tuple[int, Device]) -> None:
    (_, device), sink = bare_port, Sink()
    transport = module.SerialTransport(asyncio.get_running_loop(), open_port(device), device, sink)
    transport.write(bytes(100_000))
    transport.abort()
    assert await sink.ended is None
    open_port(device).close()


async def test_wrong_keys() -> None:
    wrong = Security.hls5(
        encryption_key=bytes(16), authentication_key=bytes(16), client_title=b"OAM\0\0\0\0\1", invocation_counter=9
    )
    async with Cable() as cable, on(cable, SmallMeter()):
        with pytest.raises((SecurityError, ServiceError)):
            await connect(url(cable), security=wrong)
        async with connect(url(cable), security=HLS5) as meter:
            assert await meter.get(Register.value, ENERGY) == 12_345
