"""The loop is uvloop where it is installed; a lock is given back however its holder ends."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from openami.aio.lock import FileLock
from openami.aio.loop import loop_factory, run


async def kind_of_loop() -> str:
    return type(asyncio.get_running_loop()).__module__


def test_uvloop_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("uvloop")
    assert run(kind_of_loop()).startswith("uvloop")
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert loop_factory() is None
    assert run(kind_of_loop()).startswith("asyncio")


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert (first.take(), first.take(), second.take(), second.is_held) == (True, True, False, False)
    first.release()
    first.release()
    assert second.take()
    second.release()


def test_a_killed_process_gives_its_lock_back(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from openami.aio.lock import FileLock\n"
        "lock = FileLock(Path(sys.argv[1])); print(lock.take(), flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "lock")], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"True\n"
    lock = FileLock(tmp_path / "lock")
    assert not lock.take()
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert lock.take()
    lock.release()
