"""The scenario clock: one time for all processes, standing still while nothing runs, never going back."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from openami.aio.clock import LEASE_S, RealClock, ScenarioClock
from openami.core.errors import DefinitionError

EPOCH = 1_795_000_000.0


class Machine:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    ScenarioClock.create(tmp_path / "clock.json", epoch=EPOCH, speed=60.0)
    return tmp_path / "clock.json"


def test_it_stands_until_it_is_started(path: Path, machine: Machine) -> None:
    clock = ScenarioClock(path, monotonic=machine)
    machine.at += 100
    assert (clock.now(), clock.epoch, clock.speed, clock.is_running) == (EPOCH, EPOCH, 60.0, False)


def test_it_runs_at_its_speed_while_renewed(path: Path, machine: Machine) -> None:
    keeper, reader = ScenarioClock(path, monotonic=machine), ScenarioClock(path, monotonic=machine)
    assert keeper.start()
    for _ in range(40):
        machine.at += 0.5
        assert reader.now() == pytest.approx(keeper.now())
        keeper.renew()
    assert reader.now() == pytest.approx(EPOCH + 20 * 60)
    assert reader.until(EPOCH + 30 * 60) == pytest.approx(10.0)
    assert reader.until(EPOCH) == 0.0
    assert reader.is_running
    keeper.stop()


def test_it_stands_while_nothing_runs_and_goes_on_there(path: Path, machine: Machine) -> None:
    clock = ScenarioClock(path, monotonic=machine)
    clock.start()
    machine.at += 1.0
    clock.stop()
    machine.at += 3600.0
    again = ScenarioClock(path, monotonic=machine)
    assert again.now() == pytest.approx(EPOCH + 60)
    again.start()
    machine.at += 1.0
    assert again.now() == pytest.approx(EPOCH + 120)
    again.stop()


def test_after_a_kill_it_never_goes_back(path: Path, machine: Machine) -> None:
    killed, reader = ScenarioClock(path, monotonic=machine), ScenarioClock(path, monotonic=machine)
    killed.start()
    machine.at += 0.4
    seen = reader.now()
    killed._lock.release()  # what the kernel does at a kill
    machine.at += 3600.0
    stood = reader.now()
    assert seen <= stood == pytest.approx(EPOCH + LEASE_S * 60)
    again = ScenarioClock(path, monotonic=machine)
    again.start()
    assert again.now() == pytest.approx(stood)
    again.stop()


def test_after_a_restart_of_the_machine_the_monotonic_clock_means_nothing(path: Path, machine: Machine) -> None:
    clock = ScenarioClock(path, monotonic=machine)
    clock.start()
    clock._lock.release()
    fields = json.loads(path.read_text())
    path.write_text(json.dumps(fields | {"boot": "another", "monotonic": 9e9}))
    again = ScenarioClock(path, monotonic=machine)
    assert again.now() == pytest.approx(EPOCH + LEASE_S * 60)
    assert not again.is_running


def test_another_keeper_takes_over(path: Path, machine: Machine) -> None:
    first, second = ScenarioClock(path, monotonic=machine), ScenarioClock(path, monotonic=machine)
    assert first.start()
    assert not second.start()
    second.renew()
    first._lock.release()
    machine.at += 0.5
    second.renew()
    machine.at += 1.9
    assert second.now() == pytest.approx(EPOCH + 2.4 * 60)
    second.stop()


def test_a_new_speed_keeps_the_time(path: Path, machine: Machine) -> None:
    clock = ScenarioClock(path, monotonic=machine)
    clock.start()
    machine.at += 1.0
    clock.stop()
    clock.start(speed=600.0)
    machine.at += 1.0
    assert clock.now() == pytest.approx(EPOCH + 660)
    assert ScenarioClock(path, monotonic=machine).speed == 600.0
    clock.stop()


def test_other_processes_read_the_same_time(path: Path) -> None:
    clock = ScenarioClock(path)
    clock.start()
    program = (
        "import sys,time; from pathlib import Path; from openami.aio.clock import ScenarioClock\n"
        "print(ScenarioClock(Path(sys.argv[1])).now(), time.monotonic())"
    )
    here, moment = clock.now(), time.monotonic()
    out = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True).stdout
    there, later = map(float, out.split())
    assert there - here == pytest.approx(min(later - moment, LEASE_S) * 60, abs=1.0)
    clock.stop()


async def test_it_is_kept_for_the_length_of_a_block(path: Path) -> None:
    clock = ScenarioClock(path)
    async with clock.running():
        await asyncio.sleep(1.1)
        renewed = json.loads(path.read_text())["monotonic"]
        assert time.monotonic() - renewed < 1.0
    stood = clock.now()
    await asyncio.sleep(0.02)
    assert clock.now() == stood >= EPOCH + 60


@pytest.mark.parametrize("text", ["{", "[]", '{"a":1}', '{"boot": ""}', '{"boot": "", "epoch": "soon"}'])
def test_a_bad_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "clock.json").write_text(text)
    with pytest.raises(DefinitionError, match=r"clock\.json: not a scenario clock"):
        ScenarioClock(tmp_path / "clock.json")


async def test_a_full_disk_makes_it_stand_not_die(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_path: Path, _anchor: object) -> None:
        raise OSError(28, "No space left on device")

    clock = ScenarioClock(path)
    async with clock.running():
        with monkeypatch.context() as patch:
            patch.setattr("openami.aio.clock._store", full)
            await asyncio.sleep(0.7)
        assert "not renewed" in caplog.text
        await asyncio.sleep(0.6)
        assert time.monotonic() - json.loads(path.read_text())["monotonic"] < 0.7


def test_no_file_and_no_speed_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="no scenario clock"):
        ScenarioClock(tmp_path / "none.json")
    with pytest.raises(DefinitionError, match="speed 0"):
        ScenarioClock.create(tmp_path / "c.json", epoch=0, speed=0)


def test_the_real_clock_is_the_machines() -> None:
    clock = RealClock()
    assert abs(clock.now() - time.time()) < 1.0
    assert clock.until(time.time() + 100) == pytest.approx(100, abs=1.0)
    assert clock.until(0) == 0.0
