"""Work that outlives its connection: profiles and images that go on over as many connections as they take."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from logging import getLogger
from typing import TypeVar

from openami.aio.client import Connecting
from openami.aio.image import IMAGE_TRANSFER, USUAL, ImageReport, ImageSettings, Progress
from openami.aio.meter import Meter
from openami.aio.reading import Profile
from openami.aio.resume import Resume
from openami.aio.rows import Moment, Name
from openami.core.errors import LinkError

log = getLogger(__name__)

T = TypeVar("T")

ATTEMPTS = 5
PAUSE_S = 2.0


async def persist(
    connecting: Connecting,
    work: Callable[[Meter], Awaitable[T]],
    stand: Callable[[], int],
    *,
    attempts: int = ATTEMPTS,
    pause_s: float = PAUSE_S,
) -> T:
    """Do work that remembers how far it has come, on a new connection whenever one breaks.

    It is given up after `attempts` connections in a row that have not moved `stand` on.
    """
    left, before = attempts, stand()
    while True:
        try:
            async with connecting as meter:
                return await work(meter)
        except LinkError as error:
            left, before = (attempts, stand()) if stand() > before else (left - 1, before)
            if left <= 0:
                raise
            log.info("%s: goes on after a break: %s", connecting.place, error)
        await asyncio.sleep(pause_s)


async def read_profile(
    connecting: Connecting,
    at: Name,
    start: Moment,
    end: Moment,
    columns: Sequence[Name] | None = None,
    *,
    attempts: int = ATTEMPTS,
    pause_s: float = PAUSE_S,
) -> Profile:
    """Read rows of a profile whatever breaks.

        rows = await openami.read_profile(openami.connect(...), "1.0.99.1.0.255", start, end)

    After a break reading goes on from the last whole row that has come; what is wrong otherwise is raised at once.
    """
    kept = Resume()
    return await persist(
        connecting,
        lambda meter: meter.profile(at, start, end, columns, resume=kept),
        lambda: len(kept),
        attempts=attempts,
        pause_s=pause_s,
    )


async def send_image(
    connecting: Connecting,
    image: bytes,
    identifier: bytes | str,
    at: Name = IMAGE_TRANSFER,
    *,
    activate: bool = False,
    settings: ImageSettings = USUAL,
    progress: Progress | None = None,
    attempts: int = ATTEMPTS,
    pause_s: float = PAUSE_S,
) -> ImageReport:
    """Transfer an image whatever breaks; after a break it goes on at the first block that is missing."""
    done = 0

    def moved(number: int, blocks: int) -> None:
        nonlocal done
        done = number
        if progress is not None:
            progress(number, blocks)

    def work(meter: Meter) -> Awaitable[ImageReport]:
        return meter.image(image, identifier, at, resume=done > 0, activate=activate, settings=settings, progress=moved)

    return await persist(connecting, work, lambda: done, attempts=attempts, pause_s=pause_s)
