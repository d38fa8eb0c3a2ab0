"""A serial cable between two ptys: what goes in at one end comes out at the other, unless the test spoils it."""

import asyncio
import os
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

Spoil = Callable[[bytes], bytes]


class Cable:
    """Two serial ports, `client` and `server`, joined as by a null modem; `spoil` and `echo` make a bad line."""

    def __init__(self, *, echo: bool = False) -> None:
        self.echo = echo
        #: What becomes of octets on their way: to the server, to the client.
        self.spoil: list[Spoil] = [bytes, bytes]
        #: All that came out at the server, at the client.
        self.heard: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._ends = [os.openpty(), os.openpty()]
        for master, slave in self._ends:
            tty.setraw(slave)
            os.set_blocking(master, False)
        self.client, self.server = (os.ttyname(slave) for _, slave in self._ends)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        for end in (0, 1):
            self._loop.add_reader(self._ends[end][0], self._carry, end)
        return self

    def _carry(self, end: int) -> None:
        try:
            data = os.read(self._ends[end][0], 4096)
        except OSError:
            return
        carried = self.spoil[end](data)
        self.heard[end].extend(carried)
        if carried:
            os.write(self._ends[1 - end][0], carried)
        if self.echo and end == 0:
            os.write(self._ends[0][0], data)

    def unplug(self) -> None:
        """Pull the plug: both ports are gone."""
        while self._ends:
            master, slave = self._ends.pop()
            self._loop.remove_reader(master)
            os.close(master)
            os.close(slave)

    async def __aexit__(self, *_: object) -> None:
        self.unplug()


@contextmanager
def plugged() -> Iterator[Cable]:
    """A cable whose octets are carried by a thread: the test waits for processes meanwhile."""
    cable, loop, over = Cable(), asyncio.new_event_loop(), asyncio.Event()

    async def carry() -> None:
        async with cable:
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(carry(),))
    thread.start()
    try:
        yield cable
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
