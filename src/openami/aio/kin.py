"""Processes that belong together: a child that does not outlive its parent, a parent that ends its children."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Mapping, Sequence

PARENT = "OPENAMI_PARENT"
"""Environment variable: process id of the parent that a child must not outlive."""

PR_SET_PDEATHSIG = 1
STOP_S = 20.0


def end_with_parent() -> None:
    """Have the kernel send SIGTERM when the parent ends, however it ends; nothing where nobody asked for it."""
    parent = os.environ.pop(PARENT, "")
    if not parent or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it has ended before we asked
        os.kill(os.getpid(), signal.SIGTERM)


async def start(command: Sequence[str], env: Mapping[str, str] | None = None) -> asyncio.subprocess.Process:
    """Start a child in a session of its own, so that Ctrl-C reaches it through us; its output is ours to read."""
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **(env or {}), PARENT: str(os.getpid())},
        start_new_session=True,
    )


async def stop(process: asyncio.subprocess.Process) -> None:
    """End a child as Ctrl-C would; one that does not listen is killed."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
