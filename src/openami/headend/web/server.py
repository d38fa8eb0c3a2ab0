"""The web server: uvicorn inside our own program, which keeps its signals to itself."""

import contextlib
import errno
import socket
from collections.abc import Callable, Generator

import uvicorn
from fastapi import FastAPI

from openami.core.errors import DefinitionError

CLOSING_S = 3
"""How long open connections may take to end."""


class Server(uvicorn.Server):
    """Serves an app on a socket that is open already; says when it answers."""

    def __init__(self, app: FastAPI, on_ready: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
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


def listen(host: str, port: int, *, is_wanted: bool) -> socket.socket:
    """Open the port; where it is taken, one that is free, unless this very port was asked for."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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


def url(opened: socket.socket) -> str:
    """Address of what is served there."""
    host, port = opened.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
