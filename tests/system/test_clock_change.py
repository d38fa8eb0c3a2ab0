"""Both days of a clock change, from the meters to the head-end, against the zone database."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from openami import Register, Security, connect
from openami.aio.clock import ScenarioClock
from openami.headend.curves import service as curves
from openami.headend.registers import service as registers
from openami.headend.registry import service as registry
from openami.meters.identity import CLIENT_TITLE
from served import served
from upped import ALWAYS, openami, store

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LOAD_PROFILE, IMPORT = "1.0.99.1.0.255", "1.0.1.8.0.255"
METERS = 3


def local(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=AMSTERDAM, fold=fold)  # type: ignore[misc,arg-type]


# the day of the change, its rows, when the scenario stands: after the month's close, on a quarter of an hour
CHANGES = [(local(2026, 3, 29), 92, local(2026, 4, 2, 10)), (local(2026, 10, 25), 100, local(2026, 11, 2, 10))]


def rows_of_local_days(starts: np.ndarray) -> Counter:
    """How many intervals begin on each local day, by the zone database."""
    return Counter(datetime.fromtimestamp(start, AMSTERDAM).date() for start in starts.tolist())


@pytest.fixture(scope="module", params=CHANGES, ids=["spring", "autumn"])
def world(request, tmp_path_factory):
    """Meters whose scenario stands a few days after a clock change, and a head-end that has read them."""
    day, rows, now = request.param
    folder = tmp_path_factory.mktemp("world")
    ScenarioClock.create(folder / "fleet" / "clock.json", epoch=now.timestamp() + 1, speed=0.01)
    with served(folder / "fleet", count=METERS) as fleet:
        done = openami(
            *("headend", "import", fleet.ready["shipment"], "--data", str(folder / "headend")),
        )
        assert done.returncode == 0, done.stderr
        done = openami(
            *("headend", "collect", "--once", "--data", str(folder / "headend")),
            *("--clock", str(folder / "fleet" / "clock.json")),
        )
        assert done.returncode == 0, done.stderr
        database = store(folder)
        with database.read() as unit:
            yield fleet, unit, day, rows, now
        database.close()


def management(meter: dict[str, str]):
    security = Security.hls5(
        encryption_key=meter["encryption_key"],
        authentication_key=meter["authentication_key"],
        client_title=CLIENT_TITLE,
    )
    return connect(f"tcp://{meter['address']}:{meter['port']}", client=1, security=security)


def test_the_day_of_the_change_has_92_or_100_rows_and_all_others_96(world):
    _, unit, day, rows, now = world
    for meter in registry.search(unit, limit=METERS).meters:
        curve = curves.curve(unit, meter.serial, *ALWAYS)
        assert set(np.diff(curve.starts).tolist()) == {900}, "no gap and nothing twice"
        counts = rows_of_local_days(curve.starts)
        assert counts[day.date()] == rows
        whole = {date: count for date, count in counts.items() if min(counts) < date < now.date()}
        assert set(whole.values()) == {96, rows}


def test_closings_stand_at_local_midnight_and_equal_the_profile(world):
    _, unit, day, _, now = world
    for meter in registry.search(unit, limit=METERS).meters:
        curve = curves.curve(unit, meter.serial, *ALWAYS)
        ends = dict(zip((curve.starts + 900).tolist(), curve.registers[IMPORT].tolist(), strict=True))
        daily = registers.billing(unit, meter.serial, "daily")
        monthly = registers.billing(unit, meter.serial, "monthly")
        first_of_month = now.replace(day=1, hour=0)
        assert [closing.at for closing in monthly] == [int(first_of_month.timestamp())]
        assert int((day + timedelta(days=1)).timestamp()) in {closing.at for closing in daily}
        for closing in (*daily, *monthly):
            assert datetime.fromtimestamp(closing.at, AMSTERDAM).time().isoformat() == "00:00:00"
            rates = [reading.value for reading in closing.readings if reading.logical_name.startswith("1.0.1.8.")]
            assert sum(rates) == ends[closing.at]


def test_totals_of_the_head_end_are_the_registers_of_the_meters(world):
    fleet, unit, _, _, now = world

    async def register(meter: dict[str, str]) -> int:
        async with management(meter) as client:
            return int(await client.get(Register.value, IMPORT))

    for meter in fleet.meters:
        curve = curves.curve(unit, meter["serial"], *ALWAYS)
        assert curve.starts[-1] + 900 == now.timestamp()
        total = int(curve.registers[IMPORT][0]) + int(curve.imported[1:].sum())
        assert total == asyncio.run(register(meter))


def test_selective_access_tells_the_repeated_hour_apart(world):
    fleet, _, day, rows, _ = world
    if rows != 100:
        first, last = day.replace(hour=1, minute=45), day.replace(hour=3)
        expected = [900 * n + int(first.timestamp()) for n in range(2)]
        assert asked(fleet, first, last) == expected, "02:00 to 02:45 do not exist"
        return
    summer = day.replace(hour=2), day.replace(hour=2, minute=45)
    winter = tuple(moment.replace(fold=1) for moment in summer)
    begin = int(summer[0].timestamp())
    assert asked(fleet, *summer) == [begin + 900 * n for n in range(4)]
    assert asked(fleet, *winter) == [begin + 3600 + 900 * n for n in range(4)]


def asked(fleet, first: datetime, last: datetime) -> list[int]:
    """Stamps, in UTC, of the rows a meter gives for a range."""

    async def ask() -> list[int]:
        async with management(fleet.meters[0]) as client:
            profile = await client.profile(LOAD_PROFILE, first, last)
            return profile.stamps().tolist()

    return asyncio.run(ask())
