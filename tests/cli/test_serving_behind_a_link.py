"""`openami meter serve --link`: the meters as they are, behind a link."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

import openami
from served import served


async def read(url: str) -> tuple[object, float]:
    """Device name, and how long one request takes."""
    async with openami.connect(url, client=16) as meter:
        start = time.perf_counter()
        return await meter.get(openami.Data.value, "0.0.42.0.0.255"), time.perf_counter() - start


@pytest.mark.parametrize("options", [(), ("--host", "127.0.0.1")], ids=["addresses", "ports"])
def test_meters_answer_behind_a_link_each_at_its_own_address(tmp_path: Path, options: tuple[str, ...]) -> None:
    with served(tmp_path, "--history", "0", "--udp", "--link", "gprs", *options, count=2) as meters:
        for number, urls in enumerate(zip(meters.ready["addresses"], meters.ready["udp"], strict=True), start=1):
            for url in urls:
                name, took_s = asyncio.run(read(url))
                assert name == b"OAMSIM" + f"{number:010}".encode()
                assert took_s > 0.55, "there and back over GPRS"


def test_a_way_of_the_product_is_a_link_too(tmp_path: Path) -> None:
    with served(tmp_path, "--history", "0", "--link", "lte_m") as meters:
        _, took_s = asyncio.run(read(meters.ready["addresses"][0]))
        assert took_s > 0.14


def test_a_link_that_there_is_not_is_named(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "openami",
        "meter",
        "serve",
        "compactiq",
        "--link",
        "pigeon",
        "--data",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "no link 'pigeon'" in done.stderr
    assert "Traceback" not in done.stderr
