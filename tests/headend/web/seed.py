"""A head-end as it looks after ten days: a hundred households, some with a roof of panels, some with trouble.

Filled by our own collector over fake meters, so that every table is as it would be.

    python tests/headend/web/seed.py FOLDER [METERS]
"""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from headend.fake_meters import (
    QUARTER,
    ZONE,
    FakeMeter,
    FakeReader,
    ManualClock,
    installation,
    serial_of,
)
from openami.aio.clock import ScenarioClock
from openami.headend.collection.worker import run
from openami.headend.kit.settings import Settings
from openami.headend.kit.zone import zone
from openami.headend.registry.models import Item, Kind

NOW = int(datetime(2026, 11, 20, 13, 47, 20, tzinfo=UTC).timestamp())
DAYS = 10
HOURS = np.arange(24)
MORNING, EVENING = (np.exp(-((HOURS - peak) ** 2) / width) for peak, width in ((7.4, 3.0), (19.2, 7.0)))
CODES = {
    "standard": (1, 2, 4, 5, 9, 18),
    "fraud": (40, 41, 42, 43, 46),
    "quality": (77, 80, 83, 87, 91),
    "failures": (0,),
}


class Household(FakeMeter):
    """Load with a morning and an evening, and in one house of three a roof."""

    def __init__(self, number: int, since: int, now: ManualClock, lost: frozenset[int] = frozenset()) -> None:
        super().__init__(serial_of(number), since, now, lost)
        rng = np.random.default_rng(number)
        self.stamps = np.arange(self.since, NOW + 3 * 86_400, QUARTER)
        hour = (self.stamps + 3600) // 3600 % 24
        shape = 60 + 260 * MORNING * rng.uniform(0.5, 1.5) + 420 * EVENING * rng.uniform(0.5, 1.5)
        watts = shape[hour] * rng.gamma(3.0, 1 / 3, len(hour)) + rng.choice([0, 1900], len(hour), p=[0.975, 0.025])
        height = np.clip(np.sin((self.stamps / 3600 - 6.6) % 24 / 9.2 * np.pi), 0, None) * (
            (self.stamps / 3600 - 6.6) % 24 < 9.2
        )
        clouds = np.repeat(rng.uniform(0.25, 1.0, len(hour) // 96 + 1), 96)[: len(hour)]
        roof = height * clouds * rng.uniform(0.8, 1.0, len(hour)) * (rng.uniform(1500, 3200) if number % 3 == 0 else 0)
        net = ((watts - roof) / 4).astype(np.int64)
        is_high = (hour >= 7) & (hour < 23)
        parts = [np.where(is_high, 0, net), np.where(is_high, net, 0)]
        self.registers = np.stack(
            [
                np.concatenate([[first], first + np.cumsum(np.clip(sign * part, 0, None))])
                for sign, first in ((1, 4_211_000 + 977 * number), (-1, 812_000 if number % 3 == 0 else 0))
                for part in parts
            ]
        )
        self.logs = {
            log: sorted((int(at), int(rng.choice(codes))) for at in rng.integers(self.since, NOW, count))
            for (log, codes), count in zip(CODES.items(), rng.poisson([5, 0.4, 3, 1.2]), strict=True)
        }
        self.logs["standard"] += [(NOW - 7200, 4), (NOW - 7198, 5)] if number == 2 else []

    def at(self, ends: np.ndarray) -> np.ndarray:
        """Import T1, T2, export T1, T2 at each stamp. [n] -> [n, 4]."""
        return self.registers[:, (ends - self.since) // QUARTER].T

    def rows(self, item: Item, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        if item.kind is Kind.LOG:
            chosen = [event for event in self.logs.get(item.name, []) if first <= event[0] <= last]
            cells = [[37 + at % 900] if item.name == "failures" else [code] for at, code in chosen]
            return np.array([at for at, _ in chosen], np.int64), np.array(cells).reshape(-1, 1)
        ends, cells = super().rows(item, first, last)
        values = self.at(ends)
        if item.kind is Kind.CLOSING:
            return ends, np.concatenate([cells[:, :1], values], axis=1)
        return ends, np.stack([cells[:, 0], values[:, 0] + values[:, 1], values[:, 2] + values[:, 3]], axis=1)


def households(clock: ManualClock, meters: int) -> FakeReader:
    """Meters with a history of ten days; the fourth lost three hours of it."""
    local = zone(ZONE)
    since = local.bounds(local.day(NOW) - DAYS - 30)[0]
    reader = FakeReader(clock, since, 0)
    gap = frozenset(range(NOW - NOW % QUARTER - 30 * 3600, NOW - 27 * 3600, QUARTER))
    for number in range(meters):
        reader.meters[serial_of(number)] = Household(number, since, clock, gap if number == 3 else frozenset())
    return reader


def seed(folder: Path, meters: int = 100, *, url: str | None = None) -> Settings:
    """Make the installation, read everything twice; the second time some meters do not answer."""
    settings = installation(folder, meters, backoff_s=0.01, timeout_s=1.0, **({"database_url": url} if url else {}))
    clock = ManualClock(NOW - 5 * 3600)
    reader = households(clock, meters)
    reader.unreachable |= {serial_of(meters - 1)}
    asyncio.run(run(settings, clock, True, reader=reader))
    clock.at = NOW
    reader.unreachable |= {serial_of(7), serial_of(8)}
    reader.wrong_keys |= {serial_of(12)}
    reader.refused_items |= {(serial_of(20), "fraud")}
    asyncio.run(run(settings, clock, True, reader=reader))
    return settings


def scenario(folder: Path, speed: float = 60.0) -> Path:
    """Put the scenario clock beside it."""
    path = folder / "clock.json"
    ScenarioClock.create(path, epoch=NOW, speed=speed)
    return path


if __name__ == "__main__":
    place = Path(sys.argv[1])
    print(seed(place, int(sys.argv[2]) if len(sys.argv) > 2 else 100).data, scenario(place))
