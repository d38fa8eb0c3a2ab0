"""Serial ports on the event loop: pyserial sets the port up, its file descriptor is read and written as a socket is."""

import asyncio
import contextlib
import errno
import importlib
import os
import termios
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar, cast

from openami.aio.route import Device
from openami.core.errors import ConnectionLost, DefinitionError, LinkError

P = TypeVar("P", bound=asyncio.Protocol)

READ_SIZE = 4096
HIGH_WATER = 65_536
VIRTUAL_S = 0.005
"""What a pty is given to carry octets: it has no line, and does not tell when they are read."""


class NoSuchDevice(LinkError):
    """There is no serial port of that name."""


class NotPermitted(LinkError):
    """The serial port belongs to others."""


class DeviceBusy(LinkError):
    """Another program uses the serial port."""


class Port(Protocol):
    """What is used of pyserial's `Serial`."""

    baudrate: int
    """Speed; setting it sets the port."""

    def fileno(self) -> int:
        """File descriptor of the open port."""
        ...

    def close(self) -> None:
        """Give the port back."""
        ...


class Serial(Protocol):
    """pyserial's class."""

    def __call__(
        self,
        port: str,
        *,
        baudrate: int,
        bytesize: int,
        parity: str,
        stopbits: int,
        timeout: float,
        exclusive: bool,
    ) -> Port:
        """Open a port."""
        ...


def open_port(device: Device) -> Port:
    """Open a serial port for ourselves alone."""
    try:
        serial = cast("Serial", importlib.import_module("serial").Serial)
    except ImportError as error:
        raise DefinitionError("serial ports need pyserial: pip install 'openami[serial]'") from error
    try:
        return serial(
            device.path,
            baudrate=device.baud,
            bytesize=device.bits,
            parity=device.parity,
            stopbits=device.stop,
            timeout=0,
            exclusive=True,
        )
    except (OSError, ValueError) as error:
        raise _named(error, device) from error


def _named(error: OSError | ValueError, device: Device) -> LinkError:
    code = error.errno if isinstance(error, OSError) else None
    if code in {errno.ENOENT, errno.ENODEV, errno.ENXIO}:
        return NoSuchDevice(f"{device}: there is no such serial port")
    if code in {errno.EACCES, errno.EPERM}:
        return NotPermitted(f"{device}: permission denied; on Linux its users are members of the group dialout")
    if code in {errno.EAGAIN, errno.EBUSY}:
        return DeviceBusy(f"{device} is in use by another program")
    mode = f"{device.baud} baud {device.bits}{device.parity}{device.stop}"
    return LinkError(f"{device} is no serial port, or cannot be set to {mode}")


class SerialTransport(asyncio.Transport):
    """A serial port as a transport: no thread, no buffer but of what the port does not take yet."""

    def __init__(self, loop: asyncio.AbstractEventLoop, port: Port, device: Device, user: asyncio.Protocol) -> None:
        super().__init__()
        self.device = device
        self._loop = loop
        self._port = port
        self._handle = port.fileno()
        self._user = user
        self._unsent = bytearray()
        self._emptied = asyncio.Event()
        self._is_closing = self._is_finished = self._is_paused = False
        user.connection_made(self)
        loop.add_reader(self._handle, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._handle, READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._gone(error)
            return
        if data:
            self._user.data_received(data)
        else:
            self._gone(None)

    def _gone(self, error: OSError | None) -> None:
        lost = ConnectionLost(f"{self.device} is gone: the port was unplugged, or its other end closed")
        lost.__cause__ = error
        self._finish(lost)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send octets, later those that the port does not take now."""
        if self._is_closing:
            return
        if not self._unsent:
            data = data[self._push(data) :]
        if data and not self._is_finished:
            if not self._unsent:
                self._loop.add_writer(self._handle, self._go_on)
            self._unsent += data
            if len(self._unsent) > HIGH_WATER and not self._is_paused:
                self._is_paused = True
                self._user.pause_writing()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send octets."""
        self.write(b"".join(list_of_data))

    def _push(self, data: bytes | bytearray | memoryview) -> int:
        """Write what the port takes now; how many octets those are."""
        try:
            return os.write(self._handle, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            self._gone(error)
            return len(data)

    def _go_on(self) -> None:
        del self._unsent[: self._push(self._unsent)]
        if self._is_finished:
            return
        if self._is_paused and len(self._unsent) < HIGH_WATER // 4:
            self._is_paused = False
            self._user.resume_writing()
        if not self._unsent:
            self._emptied.set()
            self._loop.remove_writer(self._handle)
            if self._is_closing:
                self._finish(None)

    async def drained(self) -> None:
        """Wait until the last octet has left the port, not only this program."""
        if self._unsent:
            self._emptied.clear()
            await self._emptied.wait()
        if self._is_finished:
            return
        if is_virtual(self._handle):
            for _ in range(2):  # in one of them its other end has had its turn
                await asyncio.sleep(VIRTUAL_S)
            return
        handle = os.dup(self._handle)  # the port may be closed meanwhile
        try:
            with contextlib.suppress(termios.error):
                await asyncio.to_thread(termios.tcdrain, handle)
        finally:
            os.close(handle)

    def set_baud(self, baud: int) -> None:
        """Give the port another speed."""
        if self._is_finished:
            return
        try:
            self._port.baudrate = baud
        except (OSError, ValueError) as error:
            lost = LinkError(f"{self.device} cannot be set to {baud} baud")
            lost.__cause__ = error
            self._finish(lost)

    def hand_to(self, user: asyncio.Protocol) -> None:
        """Let somebody else use the port from here on."""
        self._user = user
        user.connection_made(self)

    def get_write_buffer_size(self) -> int:
        """How many octets wait."""
        return len(self._unsent)

    def is_closing(self) -> bool:
        """Whether it is closed, or will be once all is sent."""
        return self._is_closing

    def pause_reading(self) -> None:
        """Leave what arrives to the system."""
        if not self._is_closing:
            self._loop.remove_reader(self._handle)

    def resume_reading(self) -> None:
        """Read again."""
        if not self._is_closing:
            self._loop.add_reader(self._handle, self._read)

    def close(self) -> None:
        """Close once all is sent."""
        if self._is_closing:
            return
        self._is_closing = True
        self._loop.remove_reader(self._handle)
        if not self._unsent:
            self._finish(None)

    def abort(self) -> None:
        """Close now; what was not sent is lost, or closing would wait for it."""
        if not self._is_finished:
            self._unsent.clear()
            with contextlib.suppress(termios.error):
                termios.tcflush(self._handle, termios.TCOFLUSH)
            self._finish(None)

    def _finish(self, error: LinkError | None) -> None:
        if self._is_finished:
            return
        self._is_closing = self._is_finished = True
        self._emptied.set()
        self._loop.remove_reader(self._handle)
        self._loop.remove_writer(self._handle)
        with contextlib.suppress(OSError):  # a port that has gone may not even close
            self._port.close()
        self._loop.call_soon(self._user.connection_lost, error)


def is_virtual(handle: int) -> bool:
    """Whether a port is the end of a pty, where no line takes its time."""
    return os.ttyname(handle).startswith("/dev/pts/")


async def open_serial(make: Callable[[], P], device: Device) -> P:
    """Connect a protocol to a serial port."""
    port, user = open_port(device), make()
    SerialTransport(asyncio.get_running_loop(), port, device, user)
    return user
