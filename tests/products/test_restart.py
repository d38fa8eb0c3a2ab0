"""A process with a meter of each product is killed (SIGKILL) at drawn moments; from its folder the meter comes back.

It is compared with a twin that nobody kills, in all that a client reads: registers, profiles, logs, counters, relay,
calendar, display. Beside the kills that the system can do, the journal's last record is torn, as a disk may leave it.
"""

import contextlib
import math
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path
from random import Random
from typing import Any

import pytest

from openami.aio.segments import HEAD, records
from openami.cosem.disconnect_control import DisconnectControl
from openami.dlms.xdlms import AttributeDescriptor
from openami.meters import product
from openami.meters.store import JOURNAL
from products.lives import NEW_CALENDAR, STEPS, Life, Readings, hand, live, relay_of, rest, save
from products.standing import START

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["products.ready"])
POWER_DOWN = 0x80
AMR_STATUS = bytes((0, 0, 96, 10))
TERMINAL_COVER_OPEN, TERMINAL_COVER_CLOSED = 40, 41
INTERVAL = {"c3a1h": "load", "c3a1h_mono": "load"}
DARK = (91.3, 134.8)
"""Minutes after the start between which there is no supply."""
WRITES = [number for number, (_, deed) in enumerate(STEPS) if deed not in (rest, save)]
SAVES = [number for number, (_, deed) in enumerate(STEPS) if deed is save]
BY_HAND = [number for number, (_, deed) in enumerate(STEPS) if deed.__qualname__.startswith(hand.__name__)]
WAIT_S = 120


@pytest.fixture(scope="module", autouse=True)
def forks() -> None:
    """A process that has imported all that the others need; it does not learn `sys.path` before Python 3.13."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        forkserver.ensure_running()


class Process:
    """A process that holds the meter of a folder, at the time of a step."""

    def __init__(self, slug: str, folder: Path, step: int) -> None:
        self.line, far = FORKS.Pipe()
        self.running = FORKS.Process(target=live, args=(slug, folder, step, far))
        self.running.start()
        far.close()
        self.step = step
        self.readings: Readings = self.hear()

    def hear(self) -> Any:
        """What it says next."""
        assert self.line.poll(WAIT_S), "it says nothing"
        return self.line.recv()

    def go_to(self, step: int) -> None:
        """Let it take its steps up to this one; each is on disk."""
        for _ in range(self.step, step):
            self.line.send(True)
            self.step = self.hear()
        assert self.step == step

    def kill(self) -> None:
        """Kill it, and learn what it said last."""
        self.running.kill()
        self.ended(-signal.SIGKILL)
        with contextlib.suppress(EOFError):
            while self.line.poll():
                self.step = self.line.recv()

    def end(self) -> None:
        """Let it end as one should."""
        self.line.send(False)
        self.ended(0)

    def ended(self, code: int) -> None:
        """Wait for its end."""
        self.running.join(WAIT_S)
        assert self.running.exitcode == code


@contextlib.contextmanager
def process(slug: str, folder: Path, step: int) -> Iterator[Process]:
    """Open what is in the folder, in a process of its own."""
    made = Process(slug, folder, step)
    try:
        yield made
    finally:
        made.running.kill()
        made.running.join(WAIT_S)
        made.running.close()
        made.line.close()


class Twin:
    """The meter that nobody kills: what would be read of it at each step, before its deed and behind it."""

    def __init__(self, slug: str) -> None:
        life = Life(slug)
        self.held = [life.twin()]
        for number, (at, _) in enumerate(STEPS):
            life.until(at)
            self.held.append(life.twin())
            life.step(number)
            self.held.append(life.twin())

    def before(self, step: int) -> Readings:
        """What is read at the time of a step, without its deed."""
        return self.held[2 * step + 1].read_once

    def behind(self, step: int) -> Readings:
        """What is read once a step is done; -1 is the beginning."""
        return self.held[2 * step + 2].read_once


def differences(one: Readings, other: Readings) -> list[str]:
    """Attributes that are not the same."""
    return [name for name in one.keys() | other.keys() if one.get(name) != other.get(name)]


def tear(folder: Path, dice: Random) -> None:
    """Cut somewhere into the last record of the journal, as a disk that lost its current does."""
    segment = max(path for path in folder.glob(f"{JOURNAL}.*") if path.suffix[1:].isdigit())
    data = segment.read_bytes()
    *_, (start, end) = records(data)
    with segment.open("r+b") as file:
        file.truncate(dice.randrange(start - HEAD.size + 1, end))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("slug", product.slugs())
def test_a_killed_meter_comes_back_as_its_twin_is(slug: str, tmp_path: Path) -> None:
    dice, twin = Random(slug), Twin(slug)
    lasting = Killed(slug, tmp_path, twin, dice)
    quiet, late = sorted(dice.sample(range(len(STEPS) - 3), 2))
    lasting.kill_after(quiet)
    lasting.kill_in_the_midst_of(next(number for number in [*SAVES, *WRITES] if number > lasting.step))
    lasting.kill_after(max(late, lasting.step))
    lasting.tear_the_last_of(dice.choice([n for n in BY_HAND if n > lasting.step]))
    lasting.live_on()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(4))
def test_killed_while_it_writes_it_has_done_all_of_a_step_or_nothing(seed: int, tmp_path: Path) -> None:
    dice = Random(seed)
    slug = dice.choice(product.slugs())
    lasting = Killed(slug, tmp_path, Twin(slug), dice)
    for number in sorted(dice.sample(WRITES, 4)):
        if number > lasting.step:
            lasting.kill_in_the_midst_of(number)
    lasting.live_on()


class Killed:
    """A meter that is killed again and again: `step` is the last that is known to be done."""

    def __init__(self, slug: str, folder: Path, twin: Twin, dice: Random) -> None:
        self.slug, self.folder, self.twin, self.dice = slug, folder / "meter", twin, dice
        self.step = -1

    def came_back(self, running: Process) -> None:
        """Compare what is read at its beginning with the twin."""
        assert differences(running.readings, self.twin.behind(self.step)) == []

    def kill_after(self, step: int) -> None:
        """Kill it once a step is on disk, while it does nothing."""
        with process(self.slug, self.folder, self.step) as running:
            self.came_back(running)
            running.go_to(step)
            running.kill()
        self.step = step

    def kill_in_the_midst_of(self, step: int) -> None:
        """Kill it somewhere in a step: afterwards all of that step is there, or nothing."""
        with process(self.slug, self.folder, self.step) as running:
            self.came_back(running)
            running.go_to(step - 1)
            running.line.send(True)
            time.sleep(self.dice.uniform(0, 0.02))
            running.kill()
            is_acknowledged = running.step == step
        self.find(step, may_be_undone=not is_acknowledged)

    def tear_the_last_of(self, step: int) -> None:
        """Lose the last record of a step with the disk: it is as if the step had not been."""
        with process(self.slug, self.folder, self.step) as running:
            self.came_back(running)
            running.go_to(step)
            running.kill()
        tear(self.folder, self.dice)
        self.find(step, may_be_done=False)

    def find(self, step: int, *, may_be_done: bool = True, may_be_undone: bool = True) -> None:
        """Look at the time of a step whether its deed is done; what is read must be the one or the other, whole."""
        with process(self.slug, self.folder, step) as running:
            readings = running.readings
            running.kill()
        undone, done = (differences(readings, here(step)) for here in (self.twin.before, self.twin.behind))
        assert (may_be_done and not done) or (may_be_undone and not undone), (undone, done)
        self.step = step if may_be_done and not done else step - 1

    def live_on(self) -> None:
        """Live to the end, end as one should, and be what the twin is; and keep what the data sheet promises."""
        with process(self.slug, self.folder, self.step) as running:
            self.came_back(running)
            running.go_to(len(STEPS) - 1)
            running.end()
        life = Life(self.slug, self.folder)
        try:
            life.until(STEPS[-1][0])
            assert differences(life.twin().read_once, self.twin.behind(len(STEPS) - 1)) == []
            promises(life)
        finally:
            life.stored.close()


def promises(life: Life) -> None:
    """What a data sheet says of a meter that lost its supply: nothing is forgotten, and the profile says so."""
    laws = life.fleet.holding.laws
    minutes = [
        ((int(row["stamp"]) - START) // 60, int(row["status"]))
        for row in laws.profile_ring(INTERVAL.get(life.slug, "interval"), 0).ordered(0)
    ]
    assert not [minute for minute, _ in minutes if DARK[0] < minute < DARK[1]], "a row was written without supply"
    marked = [minute for minute, status in minutes if status & POWER_DOWN]
    assert marked == [math.ceil(DARK[1] / 15) * 15]
    if life.product.associations:
        told(life)


def told(life: Life) -> None:
    """The same as a client reads it, with relay, calendar and logs."""
    talk = life.twin().talk().associate()

    def read(name: str, number: int = 2) -> Any:
        return talk.get(AttributeDescriptor(*life.product.by_name[name].key, number))

    interval = next(name for name in ("interval_values", "interval_values_e") if name in life.product.by_name)
    captured = [bytes(column[1]) for column in read(interval, 3)]
    if status := [place for place, name in enumerate(captured) if name[:4] == AMR_STATUS]:
        assert sum(bool(row[status[0]] & POWER_DOWN) for row in read(interval)) == 1
    assert [row[1] for row in read("power_failure_log")] == [round((DARK[1] - DARK[0]) * 60)]
    assert read("number_of_power_failures") == 1
    assert [row[1] for row in read("fraud_detection_event_log")][-2:] == [TERMINAL_COVER_OPEN, TERMINAL_COVER_CLOSED]
    if "activity_calendar" in life.product.by_name:
        assert read("activity_calendar") == NEW_CALENDAR
    relay = relay_of(life)
    if relay is not None:
        assert talk.get(DisconnectControl.output_state.at(relay)) is False
