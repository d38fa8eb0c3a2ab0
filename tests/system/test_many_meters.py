"""Many meters in one process, a hundred read at once: each answers for itself, and none takes much memory."""

import asyncio
from pathlib import Path

import pytest

from openami import Clock, Data, Register, Security, connect
from openami.dlms.security import SendCounter
from openami.meters.identity import CLIENT_TITLE
from served import served

METERS, AT_ONCE = 2_000, 100
HISTORY = ("--history", "1")
CLOCK, SERIAL, ENERGY, INTERVALS = "0.0.1.0.0.255", "0.0.96.1.0.255", "1.0.1.8.0.255", "1.0.99.1.0.255"
KIB = 1024
MOST_KIB = 20
"""Of resident memory for a meter with a day's history: `openami bench meters.serve` has the figure, this is a fence."""


def resident(process: int) -> int:
    """Octets of memory that belong to a process alone and are resident."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return KIB * int(next(line for line in status.splitlines() if line.startswith("RssAnon")).split()[1])


async def crowd(meters: list[dict[str, str]]) -> list[tuple[str, int, int]]:
    """Serial number, energy and rows of profile of each; none is read before an association with each is open."""
    all_open = asyncio.Barrier(len(meters))

    async def read(meter: dict[str, str]) -> tuple[str, int, int]:
        security = Security.hls5(
            encryption_key=meter["encryption_key"],
            authentication_key=meter["authentication_key"],
            client_title=CLIENT_TITLE,
        )
        url = f"tcp://{meter['address']}:{meter['port']}"
        async with connect(url, client=1, security=security, send_counter=SendCounter(1_000)) as management:
            await all_open.wait()
            await management.get(Clock.time, CLOCK)
            serial = await management.get(Data.value, SERIAL)
            energy = await management.get(Register.value, ENERGY)
            return bytes(serial).decode(), int(energy), len(await management.entries(INTERVALS))

    async with asyncio.timeout(120):
        return await asyncio.gather(*(read(meter) for meter in meters))


@pytest.mark.slow
def test_a_hundred_of_two_thousand_are_read_at_once_from_one_process(tmp_path):
    with served(tmp_path / "one", *HISTORY, product="ad13a") as one:
        alone = resident(one.process.pid)
    with served(tmp_path / "many", *HISTORY, product="ad13a", count=METERS) as many:
        spread = many.meters[:: METERS // AT_ONCE]
        found = asyncio.run(crowd(spread))
        taken = resident(many.process.pid)
        assert many.process.poll() is None
    assert [serial for serial, _, _ in found] == [meter["serial"] for meter in spread]
    assert all(energy > 0 and rows >= 94 for _, energy, rows in found)
    assert len({energy for _, energy, _ in found}) > AT_ONCE // 2, "one load for all"
    assert (taken - alone) / METERS / KIB < MOST_KIB
