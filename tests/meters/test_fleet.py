"""A fleet over its protocol: sessions, who may come in, what is logged of them, addresses, keys, memory."""

import asyncio
import contextlib
import tracemalloc
from pathlib import Path
from random import Random

import pytest

from meters.small_fleet import (
    DAY_S,
    HOUR_S,
    START,
    Company,
    Steady,
    compactiq,
)
from openami.aio.journal import Journal
from openami.core.errors import DefinitionError
from openami.cosem.registers import Data, Register
from openami.meters.fleet import Fleet

COUNTER, NAME, CLOCK_NAME = "0.0.43.1.0.255", "0.0.42.0.0.255", "0.0.1.0.0.255"


@pytest.mark.parametrize("meters", [0, 1_000_001])
def test_a_fleet_has_room_for_a_million(meters: int) -> None:
    with pytest.raises(DefinitionError, match="expected 1 to 1000000"):
        Fleet.create(compactiq(), meters, start_utc=START, load=Steady(), now=lambda: START, random=Random(1).randbytes)


def test_time_in_one_go_or_in_many_is_the_same() -> None:
    once, often = Company().live(2 * DAY_S), Company()
    for _ in range(2 * DAY_S // 1_740 + 1):
        often.live(min(1_740, START + 2 * DAY_S - int(often.clock.utc)))
    first, second = (company.fleet.holding.snapshot() for company in (once, often))
    assert first.keys() == second.keys()
    assert all((first[name] == second[name]).all() for name in first)


def test_progress_is_told() -> None:
    reached: list[int] = []
    Company().fleet.advance_to(START + HOUR_S, reached.append)
    assert reached == [START + 900 * n for n in range(1, 5)]


async def test_a_running_fleet_keeps_up_with_its_clock() -> None:
    company = Company()
    task = asyncio.create_task(company.fleet.run())
    company.clock.utc += HOUR_S + 59
    await asyncio.sleep(0.3)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert company.fleet.holding.laws.now == START + HOUR_S
    assert company.read(Register.value, "1.0.1.8.0.255") == 600


def test_a_served_meter_takes_little_memory() -> None:
    meters = 1_000
    load = Steady(meters=meters)
    tracemalloc.start()
    fleet = Company(load, meters).fleet
    sessions = [fleet.session(meter) for meter in range(meters)]
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    history = sum(ring.rows.nbytes for ring in fleet.holding.laws.rings().values())
    assert len(sessions) == meters
    assert (taken - history) / meters < 5 * 1024


def test_a_failure_inside_a_meter_spoils_one_item_and_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    company = Company()
    talk = company.talk()
    company.fleet.holding.laws.more["self_test"].errors = None
    assert talk.get(Data.value.at("0.0.97.97.0.255")).name == "OTHER_REASON"
    assert talk.get(Data.value.at(NAME)) == b"OAMSIM0000000001"
    assert "a virtual meter failed" in caplog.text


def test_a_journal_of_the_aio_floor_fits(tmp_path: Path) -> None:
    company = Company()
    journal = Journal(tmp_path / "journal")
    company.fleet.journal = journal
    company.talk()
    journal.commit_now()
    assert len(list(journal.replay())) > 2
    journal.close()
