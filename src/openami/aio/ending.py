"""Ending in order when told: by Ctrl-C or SIGTERM, once, however often it is said."""

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

TOLD: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def when_told(act: Callable[[], object]) -> Generator[None]:
    """Let the first of the signals call `act` in the running loop; for those after it the program is deaf for good.

    The loop's own handlers would not do: they go with the loop, and a second Ctrl-C while the interpreter goes down
    would still look like a failure.
    """
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in TOLD}

    def hear(_number: int, _frame: object) -> None:
        for number in TOLD:
            signal.signal(number, signal.SIG_IGN)
        loop.call_soon_threadsafe(act)

    for number in TOLD:
        signal.signal(number, hear)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is hear:
                signal.signal(number, handler)
