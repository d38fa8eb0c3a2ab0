"""The event loop: uvloop where it is installed, asyncio's own elsewhere."""

import asyncio
import importlib
from collections.abc import Callable, Coroutine
from typing import TypeVar, cast

T = TypeVar("T")

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def loop_factory() -> LoopFactory | None:
    """Give uvloop's factory, or None where uvloop is not installed."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ImportError:
        return None
    return cast("LoopFactory", uvloop.new_event_loop)


def run(main: Coroutine[object, object, T]) -> T:
    """Run a program to its end."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(main)
