"""A small rtl_tcp: greets, notes what it is ordered, and gives each connection the octets meant for it."""

import asyncio
import struct
from contextlib import suppress
from types import TracebackType
from typing import Self

GREETING = struct.pack(">4sII", b"RTL0", 5, 29)


class Dongle:
    """Serves one list of octets after the other, one for each connection, and hangs up at the end of each."""

    def __init__(self, *parts: bytes, greeting: bytes = GREETING, silent: bool = False) -> None:
        self.parts, self.greeting, self.silent = list(parts), greeting, silent
        self.orders: list[list[tuple[int, int]]] = []
        self.finished: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port: int = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None):
        self.server.close()
        for task in self.finished:
            task.cancel()
        await asyncio.gather(*self.finished, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self.server.wait_closed()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.finished.append(task)
        try:
            writer.write(self.greeting)
            data = await reader.readexactly(25)
            self.orders.append(list(struct.iter_unpack(">BI", data)))
            if self.silent:
                await reader.read()
            writer.write(self.parts.pop(0) if self.parts else b"")
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
