"""Whole sessions over TCP: connect, associate, read one register, release."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from functools import cache
from pathlib import Path
from statistics import median

from harness import Peer, Row

from meters import Meters, in_service
from openami import Clock, Security, connect
from openami.aio.loop import run
from openami.dlms.security import SendCounter
from openami.meters.identity import CLIENT_TITLE

METERS = 200
IN_FLIGHT = 50
SESSIONS = 2_000
ROUNDS = 5
CLOCK = "0.0.1.0.0.255"

Once = Callable[[int], Coroutine[object, object, object]]


def public(meters: Meters) -> Once:
    """A session of client 16: no security."""

    async def once(number: int) -> None:
        row = meters.rows[number % len(meters.rows)]
        async with connect(f"tcp://{row['address']}:{row['port']}", client=16) as meter:
            await meter.get(Clock.time, CLOCK)

    return once


def hls5(meters: Meters) -> Once:
    """A session of client 1: HLS 5, everything ciphered, counters known as a head-end knows them."""
    secured = [
        Security.hls5(
            encryption_key=row["encryption_key"],
            authentication_key=row["authentication_key"],
            client_title=CLIENT_TITLE,
        )
        for row in meters.rows
    ]
    counters = {row["serial"]: SendCounter(1_000) for row in meters.rows}

    async def once(number: int) -> None:
        at = number % len(meters.rows)
        row = meters.rows[at]
        connecting = connect(
            f"tcp://{row['address']}:{row['port']}",
            client=1,
            security=secured[at],
            send_counter=counters[row["serial"]],
        )
        async with connecting as meter:
            await meter.get(Clock.time, CLOCK)

    return once


async def burst(once: Once) -> tuple[float, float]:
    """Hold sessions, 50 in flight; client CPU and wall time per session in seconds."""
    numbers = iter(range(SESSIONS))

    async def work() -> None:
        for number in numbers:
            await once(number)

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return (time.process_time() - cpu) / SESSIONS, (time.perf_counter() - wall) / SESSIONS


def measure(once: Once, peer: Peer) -> tuple[float, float]:
    """Medians of rounds, in turn with the peer, which holds its sessions one after the other."""
    found: list[tuple[float, float]] = []
    run(burst(once))
    for _ in range(ROUNDS):
        found.append(run(burst(once)))
        figures = peer.run()
        peer.orders["invocation_counter"] = int(figures["invocation_counter"])
    return median(cpu for cpu, _ in found), median(wall for _, wall in found)


@cache
def figures() -> dict[str, tuple[float, float, float, float]]:
    """CPU and wall time per session, ours and the peer's, by kind of session."""
    with tempfile.TemporaryDirectory() as folder, in_service(Path(folder), METERS, "--history", "1") as meters:
        row = meters.rows[0]
        orders = {"what": "session", "host": row["address"], "port": int(row["port"]), "server": 1}
        orders |= {"rounds": 1, "count": 300}
        keys = {name: row[name] for name in ("encryption_key", "authentication_key")}
        # a title of its own would share the meter's receive counter with ours: it begins far above
        secured = {"client": 1, "client_title": CLIENT_TITLE.hex(), "invocation_counter": 1_000_000, **keys}
        peers = {
            "public": Peer("peer_dlms_cosem.py", "dlms-cosem", orders | {"client": 16}),
            "hls5": Peer("peer_dlms_cosem.py", "dlms-cosem", orders | secured),
        }
        del meters.rows[0]  # it belongs to the peer
        found = {}
        for name, kind in (("public", public), ("hls5", hls5)):
            cpu, wall = measure(kind(meters), peers[name])
            found[name] = (cpu, wall, peers[name].median("cpu"), peers[name].median("wall"))
        return found


def session_public() -> Iterator[Row]:
    """Without security: client CPU and wall time per session, 50 in flight."""
    yield from session_rows("public", 120.0)


def session_hls5() -> Iterator[Row]:
    """With HLS 5 and ciphering."""
    yield from session_rows("hls5", 180.0)


def session_rows(kind: str, goal: float) -> Iterator[Row]:
    """The figure of one kind of session, in microseconds."""
    cpu, wall, peer_cpu, peer_wall = figures()[kind]
    yield Row(
        f"dlms.session_{kind}",
        cpu * 1e6,
        "µs",
        goal,
        "dlms-cosem",
        peer_cpu * 1e6,
        note=f"client CPU; wall {wall * 1e6:.0f} µs with 50 in flight, the peer's {peer_wall * 1e6:.0f} one by one",
    )
