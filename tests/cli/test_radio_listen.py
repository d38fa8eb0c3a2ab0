"""`openami radio listen`: lines as they come, over connections that are lost, until there is enough."""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aio.dongle import Dongle
from openami.cli import app
from openami.phy.ert import Band, Endpoint, Steady, Timing, Transmitter, noise
from openami.phy.samples import CU8

RATE = 1_048_576.0
BAND = Band(912.6e6, RATE)


def air(serial: int, seconds: float = 0.5) -> bytes:
    import numpy as np

    meter = Endpoint(serial, Steady(serial, 4711), Timing(hop_s=0.4, copies=2), (912.75e6,), 0.02)
    rng = np.random.default_rng(serial)
    parts = Transmitter(BAND).chunks([meter], seconds)
    return b"".join(CU8.encode(part + noise(rng, len(part), 1e-3)) for part in parts)


async def listening(*options: str) -> tuple[int, list[dict[str, object]], str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "openami", "radio", "listen", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(100):
        out, err = await process.communicate()
    return process.returncode or 0, [json.loads(line) for line in out.splitlines()], err.decode()


@pytest.mark.slow
async def test_lines_over_a_connection_that_is_lost(tmp_path: Path) -> None:
    picture = tmp_path / "air.png"
    async with Dongle(air(77, 1.0), air(78, 1.0)) as dongle:
        code, found, err = await listening(
            *(f"127.0.0.1:{dongle.port}", "--rate", str(RATE), "--centre", "912.6e6", "--gain", "20"),
            *("--seconds", "1.3", "--waterfall", str(picture)),
        )
    assert code == 0
    assert {each.get("endpoint_id", each.get("serial_number")) for each in found} == {77, 78}
    assert [each["kind"] for each in found[:3]] == ["SCM", "SCM", "IDM"]
    assert all(abs(float(str(each["carrier_hz"])) - 912.75e6) < 100 for each in found)
    at = [datetime.fromisoformat(str(each["at"])) for each in found]
    assert all(abs(each - datetime.now(UTC)) < timedelta(minutes=5) for each in at)
    assert "the connection is lost; again in 0.5 s" in err
    assert dongle.orders[0][0] == (2, round(RATE))
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
async def test_no_more_than_wanted() -> None:
    async with Dongle(air(77)) as dongle:
        code, found, err = await listening(
            *(f"127.0.0.1:{dongle.port}", "--rate", str(RATE), "--count", "1", "--kind", "SCM")
        )
    assert (code, [each["endpoint_id"] for each in found]) == (0, [77])
    assert "tuner R820T" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ftp://there"], "host:port"),
        (["127.0.0.1:99999"], "range"),
        (["--rate", "5e5"], "1000000"),
        (["--centre", "5e9"], "32 bits"),
        (["127.0.0.1:9", "--attempts", "1"], "127.0.0.1:9"),
    ],
)
def test_what_cannot_be(arguments: list[str], words: str) -> None:
    done = CliRunner().invoke(app, ["radio", "listen", *arguments])
    assert done.exit_code in {1, 2}
    assert words in " ".join(done.stderr.replace("│", " ").split())
