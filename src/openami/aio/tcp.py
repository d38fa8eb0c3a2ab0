"""TCP streams: addresses as people write them, connecting, and what can go wrong, said in one sentence."""

import asyncio
import contextlib
import errno
import resource
import socket
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from openami.core.errors import DefinitionError, LinkError, LinkTimeout

DLMS_PORT = 4059
"""Registered for DLMS/COSEM (Green Book, TCP-UDP/IP profile)."""

BACKLOG = 4096
MOST_UNFIT = 1000
"""Ports tried in search of a row that is free, before giving up."""
SO_BINDTODEVICE: int | None = getattr(socket, "SO_BINDTODEVICE", None)

P = TypeVar("P", bound=asyncio.Protocol)


class ConnectionRefused(LinkError):
    """Nothing listens there, or it wants none of us."""


class Unreachable(LinkError):
    """No way leads there."""


class AddressInUse(LinkError):
    """Another program listens there already."""


class Address(NamedTuple):
    """Where a meter listens."""

    host: str
    port: int

    @staticmethod
    @lru_cache(maxsize=4096)
    def parse(url: str) -> "Address":
        """Read `tcp://127.0.0.7:4059` or `tcp://[::1]:4059`; without a port, 4059."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise DefinitionError(f"{url}: {error}") from error
        if parts.scheme != "tcp" or not host or parts.path.strip("/"):
            raise DefinitionError(f"{url}: an address is written tcp://host:port, IPv6 in brackets")
        return Address(host, DLMS_PORT if port is None else port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Patience:
    """Cancels the task that waits here after a time; `asyncio.timeout` does the same at twice the cost."""

    __slots__ = ("_handle", "_task", "is_over")

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout_s: float) -> None:
        self.is_over = False
        self._task = asyncio.current_task(loop)
        self._handle = loop.call_later(timeout_s, self._end)

    def _end(self) -> None:
        self.is_over = True
        if self._task is not None:
            self._task.cancel()

    def forgives(self) -> bool:
        """Whether it was time and nobody else that cancelled the task."""
        return self.is_over and self._task is not None and not self._task.uncancel()

    def stop(self) -> None:
        """Wait no longer."""
        self._handle.cancel()


async def open_stream(factory: Callable[[], P], address: Address, timeout_s: float) -> P:
    """Connect a protocol to an address."""
    loop = asyncio.get_running_loop()
    patience = Patience(loop, timeout_s)
    try:
        _, protocol = await loop.create_connection(factory, address.host, address.port)
    except OSError as error:
        raise named(error, address, timeout_s) from error
    except asyncio.CancelledError:
        if patience.forgives():
            raise named(TimeoutError(), address, timeout_s) from None
        raise
    finally:
        patience.stop()
    return protocol


def named(error: OSError, address: Address, timeout_s: float) -> LinkError:
    """Say in one sentence why an address cannot be reached."""
    if isinstance(error, TimeoutError):
        return LinkTimeout(f"{address} did not take the connection within {timeout_s:g} s")
    if isinstance(error, ConnectionRefusedError):
        return ConnectionRefused(f"{address} refused the connection: nothing listens there")
    if isinstance(error, socket.gaierror):
        return Unreachable(f"{address} is not a known host")
    if error.errno in {errno.EMFILE, errno.ENFILE}:
        return LinkError(f"{address}: too many open files here")
    return Unreachable(f"{address} cannot be reached: {(error.strerror or str(error)).lower()}")


def listening_socket(
    host: str, port: int, *, device: str = "", kind: socket.SocketKind = socket.SOCK_STREAM
) -> socket.socket:
    """Open a listening socket, or one for datagrams; with a device, hold it to that where the system can.

    Being held to `lo` is a second wall: packets for 127/8 from outside are dropped by Linux as it is.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, kind)
    try:
        if kind is socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if device and SO_BINDTODEVICE is not None:
            with contextlib.suppress(PermissionError):
                sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, device.encode())
        sock.bind((host, port))
        if kind is socket.SOCK_STREAM:
            sock.listen(BACKLOG)
        sock.settimeout(0)
    except (OSError, OverflowError) as error:
        sock.close()
        raise _not_listening(error, Address(host, port)) from error
    return sock


def listening_row(
    host: str, port: int, count: int, *, kind: socket.SocketKind = socket.SOCK_STREAM
) -> list[socket.socket]:
    """Open sockets on ports that follow one another; from port 0, wherever there is room."""
    unfit: list[socket.socket] = []
    try:
        while True:
            row = [listening_socket(host, port, kind=kind)]
            try:
                for _ in range(count - 1):
                    row.append(listening_socket(host, row[-1].getsockname()[1] + 1, kind=kind))
            except LinkError:
                unfit += row  # held meanwhile, or the system would offer the same port again
                if port or len(unfit) > MOST_UNFIT:
                    raise
            else:
                return row
    finally:
        for sock in unfit:
            sock.close()


def _not_listening(error: OSError | OverflowError, address: Address) -> LinkError:
    if isinstance(error, OverflowError):
        return LinkError(f"cannot listen on {address}: ports end at 65535")
    if error.errno == errno.EADDRINUSE:
        return AddressInUse(f"port {address.port} is in use: another program listens on {address}")
    return LinkError(f"cannot listen on {address}: {(error.strerror or str(error)).lower()}")


def has_loopback_net() -> bool:
    """Tell whether all of 127.0.0.0/8 is this machine (Linux), so that each meter has its own address."""
    return sys.platform == "linux"


def raise_file_limit() -> int:
    """Allow this process as many open files as the system grants it; give that number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
