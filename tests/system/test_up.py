"""`openami up` in service: it answers, mends what dies, ends cleanly, and goes on where it was."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from openami.headend.curves import service as curves
from openami.headend.registry import service as registry
from upped import ALWAYS, store

METERS = 3
WAIT_S = 60


class Up:
    """A running `openami up`."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def summary(self) -> dict[str, Any]:
        return self.ask("api/summary")

    def child(self, words: str) -> int:
        """Process id of the part whose command line has these words."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                except OSError:
                    continue
                if int(parent) == self.process.pid and words in command:
                    return int(entry.name)
        raise AssertionError(f"no child {words!r}")


def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become true; an answer that fails is no answer yet."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        try:
            if condition():
                return
        except (OSError, AssertionError):
            pass
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")


@contextmanager
def up(folder: Path, *options: str) -> Iterator[Up]:
    command = [sys.executable, "-m", "openami", "up", "--data", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = next((line.split()[-1] for line in process.stdout if "web page" in line), "")
            assert url, process.stderr.read() if process.stderr else ""
            yield Up(process, url)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(WAIT_S)


def starts(folder: Path) -> dict[str, list[int]]:
    """Starts of the stored intervals of each meter."""
    database = store(folder)
    with database.read() as unit:
        meters = registry.search(unit, limit=METERS).meters
        found = {meter.serial: curves.curve(unit, meter.serial, *ALWAYS).starts.tolist() for meter in meters}
    database.close()
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("up")


def test_it_serves_reads_all_meters_and_ends_cleanly_on_ctrl_c(folder):
    with up(folder, "--meters", str(METERS), "--speed", "600") as running:
        until(lambda: running.summary()["read_rate"]["complete"] == METERS)
        assert running.summary()["is_simulated"] is True
        with urllib.request.urlopen(running.url, timeout=10) as page:
            assert b"OpenAMI" in page.read()
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(WAIT_S) == 0
        assert running.process.stderr is not None
        assert "Traceback" not in running.process.stderr.read()
    assert set(map(len, starts(folder).values())) != {0}


def test_started_again_it_goes_on_and_mends_parts_that_are_killed(folder):
    before = starts(folder)
    with up(folder) as running:
        for words in ("meter serve", "headend serve"):
            victim = running.child(words)
            os.kill(victim, signal.SIGKILL)
            until(lambda words=words, victim=victim: running.child(words) != victim)
        grown = {serial: len(rows) for serial, rows in before.items()}
        until(lambda: all(len(rows) > grown[serial] + 1 for serial, rows in starts(folder).items()))
    for serial, rows in starts(folder).items():
        assert rows[: grown[serial]] == before[serial]
        assert {later - earlier for earlier, later in pairwise(rows)} == {900}


def test_a_second_one_in_the_same_folder_is_refused_in_one_sentence(folder):
    with up(folder) as running:
        command = [sys.executable, "-m", "openami", "up", "--data", str(folder)]
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 1
        assert second.stderr.count("\n") == 1
        assert "another openami up" in second.stderr
        assert running.summary()["meters"]


def test_killed_itself_it_leaves_no_part_behind(folder):
    with up(folder) as running:
        parts = [running.child("meter serve"), running.child("headend serve")]
        running.process.kill()
        running.process.wait(WAIT_S)
        until(lambda: not any(Path(f"/proc/{part}").exists() for part in parts))
