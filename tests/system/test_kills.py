"""Either process killed at any moment: nothing stored is lost or doubled, no invocation counter goes back."""

import asyncio
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from openami import Data, Security, connect
from openami.headend.curves import service as curves
from openami.headend.registry import service as registry
from openami.meters.identity import CLIENT_TITLE
from served import Served, served
from upped import ALWAYS, store

METERS = 5
KILLS = 20
SPEED = "600"
COUNTER = "0.0.43.1.0.255"
LOAD_PROFILE = "1.0.99.1.0.255"


@contextmanager
def headend(folder: Path, fleet: Served) -> Iterator[subprocess.Popen[str]]:
    """Run the head-end beside a fleet."""
    command = [sys.executable, "-m", "openami", "headend", "serve", "--data", str(folder / "headend"), "--port", "0"]
    command += ["--clock", str(folder / "fleet" / "clock.json"), "--shipment", fleet.ready["shipment"]]
    with subprocess.Popen([*command, "--progress-json"], stdout=subprocess.DEVNULL, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(30)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def meters(folder: Path, port: int) -> AbstractContextManager[Served]:
    """Run the fleet, always on the same port."""
    return served(folder / "fleet", "--speed", SPEED, "--port", str(port), count=METERS)


def stored(folder: Path) -> dict[str, dict[int, tuple[int, ...]]]:
    """Registers by interval of every meter, as the head-end has them."""
    database = store(folder)
    with database.read() as unit:
        found = {}
        for meter in registry.search(unit, limit=METERS).meters:
            curve = curves.curve(unit, meter.serial, *ALWAYS)
            assert len(set(curve.starts.tolist())) == len(curve), "an interval stands twice"
            rows = zip(*(column.tolist() for column in curve.registers.values()), strict=True)
            found[meter.serial] = dict(zip(curve.starts.tolist(), rows, strict=True))
    database.close()
    return found


async def counter(meter: dict[str, str]) -> int:
    """What a meter says is the last counter it took."""
    async with connect(f"tcp://{meter['address']}:{meter['port']}", client=16) as public:
        return int(str(await public.get(Data.value, COUNTER)))


async def counters(fleet: Served) -> list[int]:
    return [await counter(meter) for meter in fleet.meters]


async def rows(meter: dict[str, str]) -> dict[int, tuple[int, ...]]:
    """The profile of a meter, from the meter itself."""
    security = Security.hls5(
        encryption_key=meter["encryption_key"],
        authentication_key=meter["authentication_key"],
        client_title=CLIENT_TITLE,
    )
    async with connect(f"tcp://{meter['address']}:{meter['port']}", client=1, security=security) as management:
        table = (await management.entries(LOAD_PROFILE)).table
    starts = table.stamps(0) - 900
    return dict(zip(starts.tolist(), zip(*(c.tolist() for c in table.columns[2:]), strict=True), strict=True))


def settle(folder: Path, fleet: Served) -> None:
    """Wait until the head-end has read every meter after its last restart."""
    wanted = {meter["serial"]: max(asyncio.run(rows(meter))) for meter in fleet.meters}
    for _ in range(120):
        has = stored(folder)
        if all(wanted[serial] in has.get(serial, {}) for serial in wanted):
            return
        time.sleep(0.5)
    raise AssertionError("the head-end does not catch up")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_twenty_kills_lose_and_double_nothing(tmp_path):
    dice = random.Random(2026)
    port = free_port()
    had: dict[str, dict[int, tuple[int, ...]]] = {}
    last = [0] * METERS
    with ExitStack() as world:
        fleet = world.enter_context(meters(tmp_path, port))
        master = world.enter_context(headend(tmp_path, fleet))
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.5, 4.0))
            victims = dice.choice([("meters",), ("head-end",), ("meters", "head-end")])
            if "meters" in victims:
                fleet.process.kill()
            if "head-end" in victims:
                master.kill()
                master.wait()
            if "meters" in victims:
                fleet.process.wait()
                fleet = world.enter_context(meters(tmp_path, port))
            if "head-end" in victims:
                master = world.enter_context(headend(tmp_path, fleet))
            now = asyncio.run(counters(fleet))
            assert all(new >= old for new, old in zip(now, last, strict=True)), "an invocation counter went back"
            has = stored(tmp_path)
            for serial, intervals in had.items():
                assert intervals.items() <= has[serial].items(), f"{serial}: a stored interval is gone or changed"
            had, last = has, now
        assert len(had) == METERS
        settle(tmp_path, fleet)
        for meter in fleet.meters:
            compare(asyncio.run(rows(meter)), stored(tmp_path)[meter["serial"]])


def compare(own: dict[int, tuple[int, ...]], ours: dict[int, tuple[int, ...]]) -> None:
    """What the head-end has of a meter is what the meter has, without a gap."""
    starts = sorted(ours)
    assert {later - earlier for earlier, later in pairwise(starts)} == {900}, "a gap, or an interval twice"
    common = own.keys() & ours.keys()
    assert len(common) > 900
    assert {at: own[at] for at in common} == {at: ours[at] for at in common}
