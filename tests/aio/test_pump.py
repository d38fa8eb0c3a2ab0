"""The pump: octets and one lazy timer."""

import asyncio
import time
from collections.abc import Sequence
from typing import cast

from openami.aio.pump import Direction, Pump


class Core:
    """Notes what happens to it."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        self.got: list[bytes] = []
        self.expired: list[float] = []
        self.out: list[bytes] = []

    def receive(self, data: bytes, now: float) -> Sequence[object]:
        self.got.append(data)
        self.out += [data, b"!"]
        return [data] if data == b"event" else ()

    def expire(self, now: float) -> Sequence[object]:
        self.expired.append(now)
        self.deadline = None
        return ["expired"]

    def outgoing(self) -> list[bytes]:
        out, self.out = self.out, []
        return out


class Wire(asyncio.Transport):
    """Notes what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))


class Listening(Pump):
    """Notes events."""

    def __init__(self, core: Core) -> None:
        super().__init__(core, asyncio.get_running_loop())
        self.events: list[object] = []
        self.ends: list[Exception | None] = []

    def deliver(self, events: Sequence[object]) -> None:
        self.events += events

    def lost(self, error: Exception | None) -> None:
        self.ends.append(error)


def joined() -> tuple[Core, Listening, Wire]:
    core, wire = Core(), Wire()
    pump = Listening(core)
    pump.connection_made(wire)
    return core, pump, wire


async def test_octets_in_events_and_octets_out() -> None:
    core, pump, wire = joined()
    pump.data_received(b"event")
    pump.data_received(b"other")
    assert (core.got, pump.events, wire.written) == ([b"event", b"other"], [b"event"], [b"event!", b"other!"])


async def test_items_stay_apart_for_a_transport_that_wants_them_apart() -> None:
    core, pump, wire = joined()
    core.out += [b"one", b"two"]
    kept: list[list[bytes]] = []
    wire.writelines = lambda items: kept.append(list(items))  # type: ignore[method-assign,assignment]
    pump.flush()
    assert (kept, wire.written) == ([[b"one", b"two"]], [])


async def test_a_trace_is_told_of_all_octets_and_when() -> None:
    core, pump, _ = joined()
    told: list[tuple[Direction, bytes]] = []
    began = time.time()

    def trace(way: Direction, at: float, octets: bytes) -> None:
        assert began <= at <= time.time()
        told.append((way, octets))

    pump.trace = trace
    pump.data_received(b"event")
    core.out += [b"one", b"two"]
    pump.flush()
    sent = Direction.SENT
    assert told == [(Direction.RECEIVED, b"event"), (sent, b"event"), (sent, b"!"), (sent, b"one"), (sent, b"two")]


async def test_the_deadline_is_kept_and_not_before() -> None:
    core, pump, _ = joined()
    started = pump.loop.time()
    core.deadline = started + 0.05
    pump.flush()
    await asyncio.sleep(0.12)
    assert pump.events == ["expired"]
    assert core.expired[0] >= started + 0.05


async def test_a_deadline_that_moves_away_costs_no_new_timer_and_still_holds() -> None:
    core, pump, _ = joined()
    core.deadline = pump.loop.time() + 0.02
    pump.flush()
    timer = pump._timer
    for step in range(1, 4):
        core.deadline = pump.loop.time() + 0.02 + step * 0.02
        pump.flush()
    assert pump._timer is timer
    await asyncio.sleep(0.05)
    assert core.expired == []
    await asyncio.sleep(0.15)
    assert len(core.expired) == 1


async def test_a_nearer_deadline_is_noticed() -> None:
    core, pump, _ = joined()
    core.deadline = pump.loop.time() + 60
    pump.flush()
    core.deadline = pump.loop.time() + 0.02
    pump.flush()
    await asyncio.sleep(0.1)
    assert len(core.expired) == 1


async def test_after_the_end_nothing_is_sent_and_nothing_expires() -> None:
    core, pump, wire = joined()
    core.deadline = pump.loop.time() + 0.02
    pump.flush()
    end = ConnectionResetError()
    pump.connection_lost(end)
    core.out.append(b"late")
    pump.flush()
    await asyncio.sleep(0.05)
    assert (wire.written, core.expired, pump.ends) == ([], [], [cast("Exception", end)])
