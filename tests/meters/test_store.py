"""A fleet in a folder: what it comes back with after an end, a kill at any moment, another command line."""

import asyncio
import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest

from meters.small_fleet import DAY_S, HOUR_S, INTERVALS, SESSIONS, START, Steady, Talk, Turned
from openami.aio.segments import JournalError
from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.core.time import CET
from openami.cosem.calendars import ActivityCalendar
from openami.cosem.clock import Clock
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.registers import Data, Register
from openami.dlms.data import BitString
from openami.dlms.xdlms import AttributeDescriptor
from openami.meters.store import KEYS, PLAN, Plan, Stored

ASKED = Plan("compactiq", 3, START)


SAG, CLOCK_NAME, CALENDAR = "1.0.12.31.0.255", "0.0.1.0.0.255", "0.0.13.0.0.255"


class Driven:
    """Three meters under a steady load."""

    def load(self, serials: Sequence[str], start_utc: int) -> Steady:
        assert serials[0] == "OAMSIM00000000126"
        assert start_utc == START
        return Steady(meters=len(serials))


def opened(folder: Path, clock: Turned, asked: Plan = ASKED) -> Stored:
    return Stored.open(folder, asked, Driven(), now=clock, random=Random(5).randbytes)


def turn(stored: Stored, clock: Turned, seconds: int) -> None:
    clock.utc += seconds
    stored.fleet.advance_to(int(clock.utc))


def killed(folder: Path, tmp_path: Path, name: str) -> Path:
    """What a kill leaves: the files as they are now, nothing closed."""
    return Path(shutil.copytree(folder, tmp_path / name))


def same(first: Stored, second: Stored) -> None:
    one, other = first.fleet.holding.snapshot(), second.fleet.holding.snapshot()
    assert one.keys() == other.keys()
    for name in one.keys() - {"counters.reserved"}:
        assert (one[name] == other[name]).all(), name


def test_a_fleet_goes_on_where_it_was_closed(tmp_path: Path) -> None:
    clock = Turned()
    first = opened(tmp_path / "a", clock)
    turn(first, clock, DAY_S + 100)
    Talk(first.fleet, 1).associate().set(Register.value, SAG, 200)
    first.close()
    second = opened(tmp_path / "a", clock)
    same(first, second)
    turn(second, clock, DAY_S)
    assert second.fleet.keys.of(2) == first.fleet.keys.of(2)
    talk = Talk(second.fleet, 1).associate()
    assert talk.get(Register.value.at(SAG)) == 200
    assert len(talk.rows(INTERVALS, START + 1, START + 3 * DAY_S)) == 2 * 96
    second.close()


def test_a_fleet_killed_before_its_first_snapshot_begins_again(tmp_path: Path) -> None:
    clock = Turned()
    first = opened(tmp_path / "a", clock)
    turn(first, clock, HOUR_S)
    second = opened(killed(tmp_path / "a", tmp_path, "b"), clock)
    assert second.fleet.holding.laws.now == START
    second.fleet.advance_to(int(clock.utc))
    same(first, second)
    first.close()
    second.close()


def act(stored: Stored, clock: Turned, dice: Random) -> None:
    """One thing a client, or time, does to one of the meters."""
    meter = dice.randrange(3)
    choice = dice.randrange(8)
    if choice == 0:
        turn(stored, clock, dice.randrange(1, 7_000))
        return
    if choice == 1:
        Talk(stored.fleet, meter, encryption_key=bytes(16)).refusal()
        return
    talk = Talk(stored.fleet, meter).associate()
    if choice == 2:
        talk.set(Register.value, SAG, dice.randrange(190, 220))
    elif choice == 3:
        talk.set(Clock.time, CLOCK_NAME, CET.stamp(int(clock.utc) + dice.randrange(-5_000, 5_000)))
    elif choice == 4:
        talk.act(Clock.shift_time, CLOCK_NAME, dice.randrange(-900, 900))
    elif choice == 5:
        talk.set(ActivityCalendar.calendar_name_passive, CALENDAR, dice.randbytes(3))
        talk.act(ActivityCalendar.activate_passive_calendar, CALENDAR)
    elif choice == 6:
        talk.rows(INTERVALS, START, int(clock.utc))
        talk.get(Data.value.at("0.0.96.15.4.255"))
    else:
        talk.set(Data.value, "0.1.94.31.3.255", BitString(16, dice.randbytes(2)))
        talk.act(ProfileGeneric.reset, SESSIONS)


@pytest.mark.parametrize("seed", range(20))
def test_a_fleet_killed_at_any_moment_goes_on_bit_for_bit(seed: int, tmp_path: Path) -> None:
    """Twenty lives of a fleet, each cut three times; nothing differs from the one that lived on."""
    dice, clock = Random(seed), Turned(START + 0.5)
    lived = opened(tmp_path / "a", clock)
    for number in range(30):
        clock.utc += dice.random() * 300
        act(lived, clock, dice)
        lived.journal.commit_now()
        if dice.random() < 0.1:
            lived.save()
        if number % 10 == 9:
            revived = opened(killed(tmp_path / "a", tmp_path, f"kill{number}"), clock)
            revived.fleet.advance_to(lived.fleet.holding.laws.now)
            same(lived, revived)
            after, before = revived.fleet.holding.counters, lived.fleet.holding.counters
            assert (after.received == before.received).all()
            assert (after.next_send >= before.next_send).all()
            revived.close()
    lived.close()


def test_what_was_not_committed_is_lost_as_a_whole(tmp_path: Path) -> None:
    clock = Turned()
    first = opened(tmp_path / "a", clock)
    first.journal.commit_now()
    talk = Talk(first.fleet, 0).associate()
    first.journal.commit_now()
    received = int(first.fleet.holding.counters.received[0])
    talk.set(Register.value, SAG, 200)
    second = opened(killed(tmp_path / "a", tmp_path, "b"), clock)
    assert second.fleet.holding.counters.received[0] == received
    assert not second.fleet.holding.settings
    first.close()
    second.close()


def test_values_sent_are_never_sent_again(tmp_path: Path) -> None:
    clock = Turned()
    first = opened(tmp_path / "a", clock)
    Talk(first.fleet, 0).associate()
    first.journal.commit_now()
    spent = int(first.fleet.holding.counters.next_send[0])
    second = opened(killed(tmp_path / "a", tmp_path, "b"), clock)
    assert second.fleet.holding.counters.next_send[0] >= spent
    talk = Talk(second.fleet, 0).associate()
    assert talk.get(Data.value.at("0.0.96.1.0.255")) == b"OAMSIM00000000126"
    first.close()
    second.close()


async def test_a_long_journal_is_replaced_by_a_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openami.meters.store.ROTATE_OCTETS", 100)
    monkeypatch.setattr("openami.meters.store.LOOK_S", 0.01)
    clock = Turned()
    stored = opened(tmp_path / "a", clock)
    running = asyncio.create_task(stored.run())
    await asyncio.sleep(0.1)
    assert stored.journal.snapshot is None
    for meter in range(3):
        Talk(stored.fleet, meter).associate()
    clock.utc += HOUR_S
    await stored.journal.commit()
    await asyncio.sleep(0.5)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert stored.journal.snapshot is not None
    assert stored.journal.size == 0
    assert stored.fleet.holding.laws.now == START + HOUR_S
    stored.close()
    again = opened(tmp_path / "a", clock)
    same(stored, again)
    again.close()


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        (Plan("compactiq", 4, START), "meters"),
        (Plan("compactiq", 3, START, load="uci.csv"), "load"),
        (Plan("compactiq", 3, START, format=1), "format"),
    ],
)
def test_a_folder_goes_on_as_the_fleet_it_is(asked: Plan, key: str, tmp_path: Path) -> None:
    opened(tmp_path / "a", Turned()).close()
    with pytest.raises(DefinitionError, match="start another folder") as caught:
        opened(tmp_path / "a", Turned(), asked)
    assert caught.value.key == key
    opened(tmp_path / "a", Turned()).close()


def test_a_fleet_begun_again_later_keeps_the_start_of_its_history(tmp_path: Path) -> None:
    opened(tmp_path / "a", Turned()).close()
    later = opened(tmp_path / "a", Turned(START + DAY_S), Plan("compactiq", 3, START + DAY_S))
    assert later.fleet.holding.laws.now == START
    later.close()


def test_a_folder_serves_one_process(tmp_path: Path) -> None:
    first = opened(tmp_path / "a", Turned())
    with pytest.raises(JournalError, match="in use"):
        opened(tmp_path / "a", Turned())
    first.close()


def test_a_spoiled_plan_is_one_sentence(tmp_path: Path) -> None:
    opened(tmp_path / "a", Turned()).close()
    (tmp_path / "a" / PLAN).write_text("{", encoding="utf-8")
    with pytest.raises(DefinitionError, match="not the plan of a fleet"):
        opened(tmp_path / "a", Turned())


def test_files_with_secrets_are_the_owners_alone(tmp_path: Path) -> None:
    stored = opened(tmp_path / "a", Turned())
    stored.close()
    for file in (tmp_path / "a").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file.name
    keys = (tmp_path / "a" / KEYS).read_bytes()
    assert stored.fleet.keys.of(0).encryption in keys


def test_the_history_of_a_restored_fleet_is_whole(tmp_path: Path) -> None:
    clock = Turned()
    for _ in range(4):
        stored = opened(tmp_path / "a", clock)
        turn(stored, clock, 5 * HOUR_S + 17)
        stored.close()
    stored = opened(tmp_path / "a", clock)
    data = stored.fleet.device(0).get(1, AttributeDescriptor(7, OBIS.parse(INTERVALS), 2))
    table, _ = ProfileGeneric.buffer.codec.decode(data)
    assert (np.diff(table.stamps()) == 900).all()
    assert len(table) == (20 * HOUR_S + 4 * 17) // 900
    stored.close()
