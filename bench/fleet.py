"""The whole road: meters that answer, a head-end that reads and stores them."""

import os
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from harness import Row

from meters import in_service
from openami.aio.clock import ScenarioClock
from openami.aio.loop import run
from openami.cli.headend import bring_in
from openami.headend.collection import worker
from openami.headend.kit.settings import Settings
from openami.meters.fleet import Fleet
from openami.meters.households import Households
from openami.meters.identity import Identity
from openami.meters.product import load

METERS = 5_000
DAYS = 3
DAY_S = 86_400
FIRST_DAY = 1_772_319_600
"""A local midnight in March 2026, far from the change of clocks."""


@dataclass(frozen=True, slots=True)
class Read:
    """One pass over the fleet."""

    meters: int
    intervals: int
    seconds: float
    headend_s: float
    """Processor time of the head-end."""
    meters_s: float
    """Processor time of the meters."""


def fleet_read() -> Iterator[Row]:
    """The daily read of a fleet: HLS 5, four GETs with selectors, counters journalled, all of it stored."""
    with tempfile.TemporaryDirectory() as folder:
        reads = list(daily_reads(Path(folder)))
    headend_us = median(read.headend_s / read.meters for read in reads) * 1e6
    meters_us = median(read.meters_s / read.meters for read in reads) * 1e6
    yield Row(
        "dlms.fleet_read",
        median(read.meters / read.seconds for read in reads),
        "meters/s",
        1_500,
        higher_is_better=True,
        note=f"{METERS} meters; CPU per meter: head-end {headend_us:.0f} µs, meters {meters_us:.0f} µs",
    )


def daily_reads(folder: Path) -> Iterator[Read]:
    """Read all there is, then a day at a time."""
    fleet, clock_file = folder / "fleet", folder / "fleet" / "clock.json"
    settings = Settings(data=folder / "headend", items=("profile", "daily", "standard", "clock"))
    for day in range(DAYS + 1):
        # the scenario stands still, at half past midnight of the next day
        ScenarioClock.create(clock_file, epoch=FIRST_DAY + day * DAY_S + 1800, speed=1.0)
        with in_service(fleet, METERS, "--history", "1") as meters:
            clock = ScenarioClock(clock_file)
            bring_in(settings, meters.shipment, clock)
            headend_s, meters_s = time.process_time(), meters.cpu_s
            summary = run(worker.run(settings, clock, once=True))
            if summary.failures:
                raise RuntimeError(f"{summary.failures} of {METERS} meters could not be read")
            read = Read(
                summary.meters,
                summary.intervals,
                summary.seconds,
                time.process_time() - headend_s,
                meters.cpu_s - meters_s,
            )
        if day:
            assert read.intervals == 96 * METERS, read
            yield read


def fleet_memory() -> Iterator[Row]:
    """What a served meter takes beside its history."""
    meters, start = 2_000, FIRST_DAY
    product = load("compactiq")
    households = Households(Identity().serials(meters))
    tracemalloc.start()
    fleet = Fleet.create(product, meters, start_utc=start, load=households, now=lambda: start, random=os.urandom)
    sessions = [fleet.session(meter) for meter in range(meters)]
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(sessions) == meters
    yield Row(
        "dlms.fleet_memory",
        (taken - history_octets(fleet)) / meters / 1024,
        "KiB",
        5,
        "Gurux Java (published)",
        4.6 * 1024,
        note="a connection open to each; the peer's figure is the published one (not in the package index)",
    )


def history_octets(fleet: Fleet) -> int:
    """Octets of the rows of profiles and logs."""
    return sum(ring.rows.nbytes for ring in fleet.holding.laws.rings().values())
