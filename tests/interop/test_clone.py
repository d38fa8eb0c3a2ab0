"""Meters cloned, and the outsider reads both: a CompactIQ in service, and a meter that gurux-dlms serves itself."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from openami.cli import app
from outsider import SCRIPTS, Outsider, orders_for
from served import Served, served

RUNNER = CliRunner()
MOVING = {
    "1/0.0.43.1.0.255/2",  # invocation counter
    "1/0.0.96.11.4.255/2", "1/0.0.96.15.4.255/2", "7/0.0.99.98.4.255/2", "7/0.0.99.98.4.255/7",  # sessions so far
    "8/0.0.1.0.0.255/2", "47/0.2.25.6.0.255/8",  # the clock
    "44/0.0.25.3.0.255/5",  # the secret of PPP, which no twin is told
}  # fmt: skip
"""What is another each time it is read, or not told."""


def clone(url: str, out: Path, *options: str) -> str:
    done = RUNNER.invoke(app, ["meter", "clone", url, "--out", str(out), *options])
    assert done.exit_code == 0, done.output
    return out.read_text(encoding="utf-8")


def url_of(meter: Mapping[str, str]) -> str:
    return f"tcp://{meter['address']}:{meter['port']}"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A meter whose clock all but stands."""
    with served(tmp_path_factory.mktemp("original"), "--history", "2", "--speed", "0.01") as fleet:
        yield fleet


@pytest.mark.parametrize("client", [1, 16])
def test_of_a_compactiq_and_its_twin_the_peer_has_one_view(
    client: int, original: Served, peers: Mapping[str, Outsider], tmp_path: Path
) -> None:
    meter, path = original.meters[0], tmp_path / "twin.toml"
    clone(url_of(meter), path, "--keys", str(original.ready["shipment"]))
    peer = peers["gurux-dlms"]
    here = peer.do("view", orders_for(meter, client=client, invocation_counter=100 + 10_000 * client))
    with served(tmp_path / "twin", "--history", "0", product=str(path)) as fleet:
        there = peer.do("view", orders_for(fleet.meters[0], client=client, invocation_counter=100))
    assert there["objects"] == here["objects"]
    assert len(here["objects"]) > (90 if client == 1 else 3)
    assert there["errors"] == here["errors"]
    assert there["values"].keys() == here["values"].keys()
    assert {key for key, value in here["values"].items() if there["values"][key] != value} <= MOVING


@pytest.fixture(scope="module")
def foreign() -> Iterator[str]:
    """Where a meter is that gurux-dlms serves."""
    command = [sys.executable, str(SCRIPTS / "gurux_server.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"tcp://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def test_a_meter_of_the_peer_has_a_twin(foreign: str, peers: Mapping[str, Outsider], tmp_path: Path) -> None:
    path = tmp_path / "twin.toml"
    text = clone(foreign, path, "--client", "1", "--timeout", "1", "--keep-identity")
    assert "gurux secret" not in text
    assert "# pass_p1: " in text
    peer = peers["gurux-dlms"]
    place: dict[str, Any] = {"server": 1, "client": 1, "host": "127.0.0.1", "without": ["GENERAL_PROTECTION"]}
    here = peer.do("view", place | {"port": int(foreign.rpartition(":")[2])})
    with served(tmp_path / "twin", "--history", "0", product=str(path)) as fleet:
        meter = fleet.meters[0]
        there = peer.do("view", place | {"host": meter["address"], "port": int(meter["port"])})
        done = RUNNER.invoke(
            app, ["meter", "diff", foreign, url_of(meter), "--client", "1", "--identity", "--timeout", "1"]
        )
    assert there["objects"] == here["objects"]
    assert len(here["objects"]) == 9
    same = here["values"].keys() & there["values"].keys()
    assert len(same) > 35
    differing = {key for key in same if here["values"][key] != there["values"][key]}
    assert differing <= {"15/0.0.40.0.0.255/5", "15/0.0.40.0.0.255/2", "19/0.0.20.0.0.255/7"}, "negotiated; a secret"
    assert done.stdout.count("\n") <= 12, done.stdout


def test_the_twin_is_told_who_it_is_by_the_simulation(foreign: str, tmp_path: Path) -> None:
    text = clone(foreign, tmp_path / "twin.toml", "--client", "1", "--timeout", "1")
    assert "GRX00012345" not in text
    assert "GRX0000000000001" not in text
    assert 'value = { type = "visible-string", source = "identity.serial.text" }' in text
