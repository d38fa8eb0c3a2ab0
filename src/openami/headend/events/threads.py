"""Work on a thread that is waited for to its end, also by whoever is cancelled meanwhile."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def wholly(call: Callable[[], T]) -> T:
    """Run a call on a thread. Cancelled, it ends first: its connection is not to outlive the database."""
    running = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        running.exception()
        raise
