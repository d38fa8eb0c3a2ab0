"""Two hundred meters behind links of which five in a hundred drop: what a campaign makes of them."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from headend.accounts.office import START
from headend.firmware.bringing import NEW, OLD, begin, living, look, opened, running, take, until
from meters.upgrading import made
from openami.aio.meter import Meter
from openami.core.errors import ConnectionLost
from openami.meters.firmware.version import Version

METERS, DROPPING = 200, 0.05
DAY_S = 86_400


class Drops:
    """Breaks five associations in a hundred, before or behind one of their first requests."""

    def __init__(self) -> None:
        self.rng = Random(11)
        self.left: dict[int, int] = {}
        self.held: list[Meter] = []
        self.count = 0

    def breaks(self, meter: Meter) -> bool:
        if id(meter) not in self.left:
            self.held.append(meter)  # so that no other is ever taken for it
            self.left[id(meter)] = self.rng.randrange(1, 12) if self.rng.random() < DROPPING else -1
        self.left[id(meter)] -= 1
        self.count += self.left[id(meter)] == 0
        return self.left[id(meter)] == 0


@pytest.mark.slow
@pytest.mark.feature("SIMS-06")
async def test_two_hundred_meters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drops, action, get_raw = Drops(), Meter.action, Meter.get_raw

    async def acting(meter: Meter, *arguments: Any) -> Any:
        is_breaking = drops.breaks(meter)
        if is_breaking and drops.count % 2:
            raise ConnectionLost("dropped before")
        answer = await action(meter, *arguments)
        if is_breaking:
            raise ConnectionLost("dropped behind")
        return answer

    async def getting(meter: Meter, *arguments: Any) -> Any:
        if drops.breaks(meter):
            raise ConnectionLost("dropped")
        return await get_raw(meter, *arguments)

    monkeypatch.setattr(Meter, "action", acting)
    monkeypatch.setattr(Meter, "get_raw", getting)
    async with opened(tmp_path, METERS, concurrency=32) as field:
        bad = await take(field, made(is_defective=True, version=Version("01 02 03 06")), version="01 02 03 06")
        good = await take(field)
        async with living(field):
            number = await begin(field, bad, pilot_size=10, wave_size=100)
            found = await until(field, number, lambda c: c["state"] == "stopped" and not c["counts"].get("activating"))
            assert "of the pilot failed" in found["why"]
            assert found["counts"]["cancelled"] >= METERS - 10
            assert {running(field, meter) for meter in range(METERS)} == {OLD}
            begins = START + 3 * DAY_S
            number = await begin(field, good, pilot_size=10, wave_size=100, at_once=50, activates=f"{begins}")
            await until(field, number, lambda c: c["counts"] == {"done": 10, "activating": METERS - 10})
            assert [running(field, meter) for meter in range(METERS)].count(NEW) == 10
            field.live(begins - int(field.clock.at))
            found = await until(field, number, lambda c: c["state"] == "over")
        assert found["counts"] == {"done": METERS}
        assert [running(field, meter) for meter in range(METERS)] == [NEW] * METERS
        told = await look(field, number, "statistics")
    assert drops.count > 0.02 * METERS
    assert told["resumed"] > 0
    assert 0.95 < told["sent"] / told["blocks"] < 1.1, "a transfer that broke off is not begun anew"
    print(f"{drops.count} links dropped; {told['sessions']} sessions, {told['sent']} of {told['blocks']} blocks sent")
