"""A serial cable that is not there: two ptys, and what goes in at one comes out at the other."""

import asyncio
import contextlib
import os
import tty
from types import TracebackType
from typing import Final, Self

READ_SIZE: Final = 4096


class VirtualCable:
    """Names of its two ends are `near` and `far`, while it is open; what nobody takes is lost."""

    def __init__(self) -> None:
        self._ends = [os.openpty(), os.openpty()]
        for master, slave in self._ends:
            tty.setraw(slave)
            os.set_blocking(master, False)
        self.near, self.far = (os.ttyname(slave) for _, slave in self._ends)

    def _carry(self, end: int) -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._ends[end][0], READ_SIZE)
            os.write(self._ends[1 - end][0], data)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for end, (master, _) in enumerate(self._ends):
            loop.add_reader(master, self._carry, end)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        loop = asyncio.get_running_loop()
        while self._ends:
            master, slave = self._ends.pop()
            loop.remove_reader(master)
            os.close(master)
            os.close(slave)
