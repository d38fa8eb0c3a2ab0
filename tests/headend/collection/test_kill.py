"""kill -9 at any moment: no stored interval lost or doubled, no invocation counter used twice."""

import random
import subprocess
import sys
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from headend.collection.killable import SINCE
from headend.fake_meters import QUARTER, energy_wh, installation, serial_of
from openami.headend.collection.tables import open_database
from openami.headend.curves import service as curves
from openami.headend.kit.settings import Settings

SCRIPT = Path(__file__).with_name("killable.py")
COUNT = 24
DAYS = 86_400


def start(settings: Settings, folder: Path, now: int, how: str) -> "subprocess.Popen[str]":
    arguments = [settings.data, settings.kek, settings.url, now, COUNT, folder / "counters", 0.003, how]
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def check(settings: Settings, now: int) -> None:
    expected = np.arange(SINCE, now - now % QUARTER, QUARTER)
    database = open_database(settings)
    with database.read() as unit:
        if database.path:
            assert unit.value("PRAGMA integrity_check") == "ok"
        total = np.zeros(len(expected) - 1, np.int64)
        for index in range(COUNT):
            curve = curves.curve(unit, serial_of(index), SINCE - DAYS, now)
            assert curve.starts.tolist() == expected.tolist()
            truth = energy_wh(serial_of(index), expected[1:] // QUARTER)
            assert curve.imported[1:].tolist() == truth.tolist()
            total += truth
        node = curves.neighbourhood(unit, SINCE, now)
        assert set(node.meters.tolist()) == {COUNT}
        assert node.imported.tolist() == total.tolist()
        assert unit.value("SELECT count(*) - count(DISTINCT day || '-' || series || '-' || at) FROM hot") == 0
    database.close()


def wait_for_a_session(log: Path) -> None:
    """Until the process that was just started talks to a meter."""
    size = log.stat().st_size if log.exists() else 0
    until = time.monotonic() + 20
    while time.monotonic() < until and (log.stat().st_size if log.exists() else 0) == size:
        time.sleep(0.002)


def leased(settings: Settings) -> int:
    """Items that a killed process had in hand."""
    database = open_database(settings)
    with database.read() as unit:
        found = unit.value("SELECT count(*) FROM work WHERE lease_until > 0")
    database.close()
    return int(found)


def still_due(settings: Settings) -> int:
    """Items of the first pass that have not come in."""
    database = open_database(settings)
    with database.read() as unit:
        found = unit.value("SELECT count(*) - coalesce(sum(CASE WHEN due > 0 THEN 1 END), 0) FROM work")
        planned = unit.value("SELECT count(*) FROM work")
    database.close()
    return int(found) if planned else 1


def check_counters(log: Path) -> None:
    used: dict[str, list[int]] = defaultdict(list)
    for line in log.read_text().splitlines():
        serial, value = line.split()
        used[serial].append(int(value))
    for values in used.values():
        assert all(later > earlier for earlier, later in pairwise(values))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_twenty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    settings = installation(tmp_path, COUNT)
    dice = random.Random(2)
    now = SINCE + DAYS
    interrupted = 0
    for _ in range(20):
        now += dice.choice([4 * QUARTER, 28 * QUARTER, DAYS // 2])
        process = start(settings, tmp_path, now, "loop")
        wait_for_a_session(tmp_path / "counters")
        time.sleep(dice.random() * 0.08)
        process.kill()
        process.communicate()
        assert process.returncode == -9
        interrupted += leased(settings) > 0
    assert interrupted >= 5
    process = start(settings, tmp_path, now, "once")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert f"meters={COUNT}" in out
    assert "failures=0" in out
    check(settings, now)
    check_counters(tmp_path / "counters")


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 4])
def test_a_killed_worker_is_replaced_by_the_others(tmp_path: Path, workers: int) -> None:
    settings = installation(tmp_path, COUNT)
    now = SINCE + 2 * DAYS
    first, *others = [start(settings, tmp_path, now, "loop") for _ in range(workers)]
    wait_for_a_session(tmp_path / "counters")
    first.kill()
    first.communicate()
    until = time.monotonic() + 60  # the lease of 5 s runs out
    while time.monotonic() < until and still_due(settings):
        time.sleep(0.2)
    for other in others:
        other.terminate()
        other.communicate()
    check(settings, now)
    check_counters(tmp_path / "counters")
