"""A large fleet in one process: what it takes of memory, and how fast a hundred of its meters are read at once."""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from harness import Row

from meters import Meters, in_service, rss_octets
from openami import Clock, Register, Security, connect
from openami.aio.loop import run
from openami.dlms.security import SendCounter
from openami.meters.identity import CLIENT_TITLE

PRODUCT = "ad13a"
METERS, AT_ONCE, ROUNDS = 20_000, 100, 20
HISTORY_DAYS = 1
CLOCK, ENERGY, INTERVALS = "0.0.1.0.0.255", "1.0.1.8.0.255", "1.0.99.1.0.255"
MIB, KIB = 1024 * 1024, 1024


@dataclass(frozen=True, slots=True)
class Figures:
    """What was seen: octets of both processes while a hundred associations were open, octets of history, seconds."""

    alone: int
    """A process that serves one meter."""
    at_rest: int
    while_read: int
    reader: int
    history: int
    read_s: float
    rows: int


class Crowd:
    """Sessions with a hundred meters at once: none begins to read before all of them are open."""

    def __init__(self, meters: Meters) -> None:
        self.meters = meters
        self.peak = self.own = self.rows = 0

    async def read(self, rows: list[dict[str, str]]) -> None:
        """Associate with each, and when all are, read clock, energy and the day's profile of each."""
        self.barrier = asyncio.Barrier(len(rows))
        await asyncio.gather(*(self.session(row) for row in rows))

    async def session(self, row: dict[str, str]) -> None:
        """One of them, HLS 5, everything ciphered."""
        security = Security.hls5(
            encryption_key=row["encryption_key"],
            authentication_key=row["authentication_key"],
            client_title=CLIENT_TITLE,
        )
        connecting = connect(
            f"tcp://{row['address']}:{row['port']}", client=1, security=security, send_counter=SendCounter(1_000)
        )
        async with connecting as meter:
            if await self.barrier.wait() == 0:
                self.peak = max(self.peak, self.meters.rss_octets)
                self.own = max(self.own, rss_octets(os.getpid()))
            await meter.get(Clock.time, CLOCK)
            assert await meter.get(Register.value, ENERGY) > 0
            profile = await meter.entries(INTERVALS)
            self.rows += len(profile)


@cache
def figures() -> Figures:
    """Serve, look, read: meters spread over the whole fleet, a hundred at a time."""
    history = ("--history", str(HISTORY_DAYS))
    with tempfile.TemporaryDirectory() as folder:
        with in_service(Path(folder) / "one", 1, *history, product=PRODUCT) as one:
            alone = one.rss_octets
        with in_service(Path(folder) / "many", METERS, *history, product=PRODUCT) as many:
            at_rest, crowd = many.rss_octets, Crowd(many)
            spread = many.rows[:: METERS // (AT_ONCE * ROUNDS)]
            begun = time.perf_counter()
            for first in range(0, AT_ONCE * ROUNDS, AT_ONCE):
                run(crowd.read(spread[first : first + AT_ONCE]))
            read_s = time.perf_counter() - begun
            return Figures(alone, at_rest, crowd.peak, crowd.own, history_octets(many.folder), read_s, crowd.rows)


def history_octets(folder: Path) -> int:
    """Octets of the rows of profiles and logs, in the snapshot that a fleet wrote before it came into service."""
    with np.load(next(folder.glob("*.snapshot")), allow_pickle=False) as held:
        return sum(held[name].nbytes for name in held.files if name.endswith(".rows"))


def serve() -> Iterator[Row]:
    """Meters read in a second, resident memory of the process that serves them, and of one meter beside its rows."""
    seen = figures()
    each = (seen.while_read - seen.alone) / METERS
    rows = seen.history / METERS
    yield Row(
        "meters.serve_read",
        AT_ONCE * ROUNDS / seen.read_s,
        "meters/s",
        500,
        higher_is_better=True,
        note=f"{AT_ONCE} associations open at once, HLS 5, of {METERS:,} {PRODUCT} in one process; clock, energy "
        f"and {seen.rows // (AT_ONCE * ROUNDS)} rows of profile each; the reader takes {seen.reader / MIB:.0f} MiB",
    )
    yield Row(
        "meters.serve_rss",
        seen.while_read / MIB,
        "MiB",
        400,
        note=f"one process with {METERS:,} meters while {AT_ONCE} are read; {seen.at_rest / MIB:.0f} MiB before that, "
        f"{seen.alone / MIB:.0f} MiB with one meter",
    )
    yield Row(
        "meters.serve_memory",
        (each - rows) / KIB,
        "KiB",
        5,
        note=f"a meter beside its rows, by resident memory; {each / KIB:.2f} KiB with the {rows / KIB:.2f} KiB "
        f"of {HISTORY_DAYS} day's rows",
    )
