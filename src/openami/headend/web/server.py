"""The web server: uvicorn inside our own program, which keeps its signals to itself."""

import contextlib
import errno
import socket
import ssl
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from openami.core.errors import DefinitionError

ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what the settings may say
CLOSING_S = 3
"""How long open connections may take to end."""


@dataclass(frozen=True, slots=True)
class Tls:
    """What a server proves itself with."""

    certificate: Path
    key: Path | None = None
    password: str | None = field(default=None, repr=False)

    def check(self) -> None:
        """Look whether it can be used, before anything is opened."""
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, self.key, self.password or "")
        except OSError as error:
            reason = (
                (error.strerror or "").lower() if not isinstance(error, ssl.SSLError) else "it and the key do not fit"
            )
            raise DefinitionError(f"{self.certificate} cannot be used: {reason}", key="tls_certificate") from None


class Server(uvicorn.Server):
    """Serves an app on a socket that is open already; says when it answers."""

    def __init__(self, app: FastAPI, on_ready: Callable[[], None], tls: Tls | None = None) -> None:
        config = uvicorn.Config(
            app,
            ssl_certfile=tls.certificate if tls else None,
            ssl_keyfile=tls.key if tls else None,
            ssl_keyfile_password=tls.password if tls else None,
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="on",
            ws="websockets-sansio",
            timeout_graceful_shutdown=CLOSING_S,
        )
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the doors, and say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to the program."""
        yield


def listen_at(hosts: Sequence[str], port: int, *, is_wanted: bool) -> list[socket.socket]:
    """Open one port at several addresses, IPv4 or IPv6; where the first had to take another, all take that."""
    opened: list[socket.socket] = []
    try:
        for host in hosts:
            chosen = opened[0].getsockname()[1] if opened else port
            opened.append(listen(host, chosen, is_wanted=is_wanted or bool(opened)))
    except BaseException:
        for one in opened:
            one.close()
        raise
    return opened


def listen(host: str, port: int, *, is_wanted: bool) -> socket.socket:
    """Open the port; where it is taken, one that is free, unless this very port was asked for."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # 0.0.0.0 may stand beside ::
        try:
            opened.bind((host, port))
        except OSError as error:
            if is_wanted or error.errno != errno.EADDRINUSE:
                raise DefinitionError(f"port {port} of {host} cannot be had: {reason(error)}", key="port") from None
            opened.bind((host, 0))
        opened.listen(128)
    except BaseException:
        opened.close()
        raise
    return opened


def reason(error: OSError) -> str:
    """Say why, in words."""
    if error.errno == errno.EADDRINUSE:
        return "another program has it; leave --port away to take a free one"
    return (error.strerror or str(error)).lower()


def url(opened: socket.socket, *, is_secure: bool = False) -> str:
    """Address of what is served there, as this machine reaches it."""
    name: str
    name, port = opened.getsockname()[:2]
    host = ANY.get(name, name)
    return f"http{'s' * is_secure}://{f'[{host}]' if ':' in host else host}:{port}/"
