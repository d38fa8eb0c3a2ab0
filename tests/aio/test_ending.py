"""Signals end a program in order, once, on either loop."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, signal, os, sys
from openami.aio.ending import when_told
from openami.aio.loop import run

async def main():
    stop = asyncio.Event()
    with when_told(stop.set):
        print("ready", flush=True)
        await asyncio.wait_for(stop.wait(), 20)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0)
    print("in order", flush=True)

LOOP
os.kill(os.getpid(), signal.SIGTERM)
os.kill(os.getpid(), signal.SIGINT)
print("deaf", flush=True)
"""


@pytest.mark.parametrize("loop", ["run(main())", "asyncio.run(main())"], ids=["uvloop", "asyncio"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_in_order_and_then_hears_nothing(tmp_path: Path, loop: str, number: signal.Signals) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.replace("LOOP", loop))
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.read() == "in order\ndeaf\n"
    assert process.returncode == 0


NEVER_TOLD = """
import asyncio, signal
from openami.aio.ending import when_told

async def main():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with when_told(print):
        assert signal.getsignal(signal.SIGTERM) is not before[1]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before

asyncio.run(main())
"""


def test_what_was_there_before_comes_back(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(NEVER_TOLD)
    subprocess.run([sys.executable, str(program)], check=True)
