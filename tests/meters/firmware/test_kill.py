"""A fleet killed at any block of a transfer goes on with it: what was acknowledged is there, bit for bit."""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from meters.small_fleet import START, Company, Steady, Turned
from meters.upgrading import (
    ACTIVATION_S,
    BLOCK,
    METER,
    NEW,
    OLD,
    SCHEDULE,
    STATUS,
    Upgrade,
    codes,
    content,
    made,
    versions,
)
from openami.core.time import ANY, CosemDate, CosemTime
from openami.cosem.image_transfer import ImageTransfer
from openami.cosem.scripts import ExecutionTime, SingleActionSchedule
from openami.dlms.xdlms import ActionResult
from openami.meters.store import Plan, Stored

PLAN = Plan("compactiq", 3, START)


class Driven:
    def load(self, serials: Sequence[str], _start_utc: int) -> Steady:
        return Steady(meters=len(serials))


class Kept(Company):
    """A company whose fleet lives in a folder."""

    def __init__(self, folder: Path, clock: Turned) -> None:
        self.clock = clock
        self.stored = Stored.open(folder, PLAN, Driven(), now=clock, random=Random(5).randbytes)
        self.fleet = self.stored.fleet
        self.folder = folder

    def killed(self, to: Path) -> "Kept":
        """What comes back after a kill now: of the files as they are, nothing closed."""
        self.stored.journal.commit_now()
        copy = Path(shutil.copytree(self.folder, to))
        again = Kept(copy, self.clock)
        again.fleet.advance_to(self.fleet.holding.laws.now)
        return again

    def close(self) -> None:
        self.stored.close()


def same(first: Kept, second: Kept) -> None:
    one, other = first.fleet.holding.snapshot(), second.fleet.holding.snapshot()
    assert one.keys() == other.keys()
    for name in one.keys() - {"counters.reserved"}:
        assert (one[name] == other[name]).all(), name


@pytest.mark.parametrize("saved", [False, True])
def test_killed_after_each_block_it_resumes_with_the_next(saved: bool, tmp_path: Path) -> None:
    data, clock = made(content=content(2_000)), Turned()
    company = Kept(tmp_path / "begin", clock)
    upgrade = Upgrade(company, data)
    upgrade.initiate()
    for number in range(upgrade.blocks):
        assert upgrade.send(number) == [ActionResult.SUCCESS]
        if saved and number == 2:
            company.stored.save()
        again = company.killed(tmp_path / f"kill{number}")
        same(company, again)
        company.close()
        company, upgrade = again, Upgrade(again, data)
        assert upgrade.status is STATUS.INITIATED
        assert upgrade.get(ImageTransfer.image_first_not_transferred_block_number) == number + 1
    assert upgrade.verify() is ActionResult.SUCCESS
    upgrade.activate()
    again = company.killed(tmp_path / "activating")
    for each in (company, again):
        each.fleet.advance_to(START + ACTIVATION_S)
        assert versions(each)[1] == NEW
    same(company, again)
    company.close()
    again.close()


def test_what_was_not_on_disk_was_not_acknowledged(tmp_path: Path) -> None:
    clock = Turned()
    company = Kept(tmp_path / "a", clock)
    upgrade = Upgrade(company, made())
    upgrade.initiate()
    upgrade.send(0, 1)
    company.stored.journal.commit_now()
    upgrade.send(2, 3)
    again = Kept(Path(shutil.copytree(tmp_path / "a", tmp_path / "b")), clock)
    assert Upgrade(again, made()).get(ImageTransfer.image_first_not_transferred_block_number) == 2
    company.close()
    again.close()


async def test_the_answer_to_a_block_waits_for_the_disk(tmp_path: Path) -> None:
    company = Kept(tmp_path / "a", Turned())
    upgrade = Upgrade(company, made())
    upgrade.initiate()
    before = company.stored.journal.size
    upgrade.send(0)
    waiting = upgrade.talk.session.durable()
    assert waiting is not None
    await waiting
    assert company.stored.journal.size > before + BLOCK
    company.close()


@pytest.mark.parametrize("seed", range(8))
def test_killed_at_any_moment_of_any_upgrade(seed: int, tmp_path: Path) -> None:
    """Good and bad images, orders, breaks, snapshots, cuts in time: the fleet that was killed is the one that lived."""
    dice, clock = Random(seed), Turned(START + 0.25)
    lived = Kept(tmp_path / "a", clock)
    images = [made(), made()[:-30], made(is_defective=True), made(content=content(900))]
    upgrades = {meter: Upgrade(lived, dice.choice(images), meter=meter) for meter in range(3)}
    for number in range(120):
        act(lived, upgrades, images, dice)
        if dice.random() < 0.05:
            lived.stored.save()
        if number % 30 == 29:
            again = lived.killed(tmp_path / f"kill{number}")
            same(lived, again)
            again.close()
    lived.close()


def act(company: Kept, upgrades: dict[int, Upgrade], images: list[bytes], dice: Random) -> None:
    """One thing that a client, or time, does."""
    upgrade = upgrades[dice.randrange(3)]
    choice = dice.randrange(10)
    if choice < 5:
        upgrade.send(*(dice.randrange(upgrade.blocks) for _ in range(6)))
    elif choice == 5:
        company.clock.utc += dice.randrange(1, 60)
        company.fleet.advance_to(int(company.clock.utc))
    elif choice == 6:
        upgrade.initiate()
    elif choice == 7:
        upgrade.send(*range(upgrade.blocks))
        upgrade.verify()
    elif choice == 8:
        upgrade.activate()
    else:
        upgrades[upgrade.meter] = Upgrade(company, dice.choice(images), meter=upgrade.meter)
        times = [ExecutionTime(CosemTime(0, dice.randrange(60), 0, ANY), CosemDate())]
        upgrade.talk.set(SingleActionSchedule.execution_time, SCHEDULE, times)


def test_a_refused_image_and_its_event_outlive_a_kill(tmp_path: Path) -> None:
    company = Kept(tmp_path / "a", Turned())
    bad = Upgrade(company, made()[:-1]).transfer()
    assert bad.verify() is ActionResult.OTHER_REASON
    again = company.killed(tmp_path / "b")
    assert Upgrade(again, b"").status is STATUS.VERIFICATION_FAILED
    assert versions(again)[1] == OLD
    assert codes(again) == codes(company)
    company.close()
    again.close()


def test_a_megabyte_costs_one_journal_entry_for_many_meters_and_comes_back_fast(tmp_path: Path) -> None:
    data, clock = made(content=content(1_000_000)), Turned()
    company = Kept(tmp_path / "a", clock)
    for meter in range(3):
        Upgrade(company, data, meter=meter).initiate()
    images = company.fleet.holding.images
    count = -(-len(data) // BLOCK)
    for meter in range(3):
        for number in range(count):
            images.take(meter, 0, number, data[number * BLOCK : (number + 1) * BLOCK])
    company.stored.journal.commit_now()
    assert company.stored.journal.size < len(data) + 4 * count * 24 + 2_000
    start = time.process_time()
    again = company.killed(tmp_path / "b")
    assert time.process_time() - start < 5
    assert Upgrade(again, data, meter=2).verify() is ActionResult.SUCCESS
    company.close()
    again.close()


def test_the_journal_holds_what_is_new_alone(tmp_path: Path) -> None:
    company = Kept(tmp_path / "a", Turned())
    upgrade = Upgrade(company, made())
    upgrade.initiate()
    seen: list[Any] = []
    company.fleet.holding.images.record = seen.append
    upgrade.send(0, 0, 0, 1)
    assert [type(record).__name__ for record in seen] == ["Content", "Placed", "Content", "Placed"]
    assert company.read(ImageTransfer.image_block_size, METER) == BLOCK
    company.close()
