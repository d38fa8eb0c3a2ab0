"""Meters to collect from, since three days and ten quarters, and what must be stored of them."""

import asyncio
from pathlib import Path

import numpy as np

from headend.fake_meters import QUARTER, ZONE, FakeReader, ManualClock, energy_wh, installation
from openami.headend.collection.tables import open_database
from openami.headend.curves import service as curves
from openami.headend.kit.database import Database
from openami.headend.kit.settings import Settings
from openami.headend.kit.zone import zone

LOCAL = zone(ZONE)
DAY = 20_652
SINCE = LOCAL.bounds(DAY)[0]
NOW = LOCAL.bounds(DAY + 3)[0] + 10 * QUARTER + 30


def meters(folder: Path, count: int, now: float = NOW, **settings: object) -> tuple[Settings, ManualClock, FakeReader]:
    clock = ManualClock(now)
    return installation(folder, count, **settings), clock, FakeReader(clock, SINCE, count)


def opened(settings: Settings) -> Database:
    return open_database(settings.model_copy(update={"max_pages": None}))


def check_intervals(settings: Settings, reader: FakeReader, serial: str) -> None:
    """Every interval of the meter is stored once, and its energy is the meter's."""
    now = int(reader.clock.at)
    database = opened(settings)
    with database.read() as unit:
        curve = curves.curve(unit, serial, SINCE - 86_400, now)
    database.close()
    expected = np.arange(SINCE, now - now % QUARTER, QUARTER)
    assert curve.starts.tolist() == expected.tolist()
    assert curve.is_known.tolist() == [False] + [True] * (len(expected) - 1)
    assert curve.imported[1:].tolist() == energy_wh(serial, expected[1:] // QUARTER).tolist()


async def wait_for(condition: object, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.01)
