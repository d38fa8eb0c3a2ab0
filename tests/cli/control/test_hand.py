"""`openami meter hand`: on meters in service, on a folder, after a kill; what it refuses, and how it ends."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from meters.small_fleet import Turned
from meters.test_store import opened
from openami.cli import app
from openami.meters.hands import HANDS
from served import Served, served

RUNNER = CliRunner()
LISTEN, LOOPBACK = "0A", "0100007F"
"""As /proc/net/tcp writes them."""

OPTIONS = ("--history", "0", "--control", "0")


def hand(*words: str) -> tuple[int, str, str]:
    done = RUNNER.invoke(app, ["meter", "hand", *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def stands(url: str, meter: int) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{url}/meters/{meter}", trust_env=False).json()["hands"]
    return found


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("hands") / "fleet", *OPTIONS, count=4) as found:
        yield found


def test_a_range_of_meters_in_service(street: Served) -> None:
    url = street.ready["control"]
    assert url.startswith("http://127.0.0.1:")
    assert hand(url, "1-3", "magnet_mt", "90") == (0, "magnet_mt: 3 meters\n", "")
    assert [stands(url, meter)["magnet_mt"] for meter in (1, 2, 3, 4)] == [90, 90, 90, 0]
    code, out, _ = hand(url + "/", "4", "clock_offset_s", "-30", "--json")
    assert (code, json.loads(out)) == (0, {"hand": "clock_offset_s", "value": -30, "meters": [4]})
    assert hand(url, "OAMSIM00000000126", "phase_lost", "[2, 3]")[0] == 0
    assert stands(url, 1)["phase_lost"] == [2, 3]
    assert hand(url, "all", "phase_lost")[0] == 0
    assert stands(url, 1)["phase_lost"] == []


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("1-9", "magnet_mt", "90"), 2, "1-9: this fleet has meters 1 to 4"),
        (("1", "magnet_mt", "strong"), 2, "magnet_mt: 'strong': expected a number from 0 to 10000"),
        (("1", "relay_stuck", "true"), 1, "this meter has no relay"),
        (("1", "nosuch"), 2, "no hand is called 'nosuch'; there are"),
        (("1;2", "magnet_mt", "90"), 2, "'1;2': expected numbers and ranges"),
        (("1",), 2, "say where, which meters, and which hand"),
        (("1", "magnet_mt", "--jason"), 2, "there is no option --jason"),
    ],
)
def test_what_a_fleet_in_service_refuses(street: Served, words: tuple[str, ...], code: int, sentence: str) -> None:
    ended, out, err = hand(street.ready["control"], *words)
    assert (ended, out, err.count("\n")) == (code, "", 1)
    assert sentence in err


def test_a_folder_in_use_is_refused(street: Served) -> None:
    folder = str(Path(street.ready["shipment"]).parent)
    code, _, err = hand(folder, "1", "magnet_mt", "90")
    assert code == 1
    assert "in use by another process; meters in service are reached by the address that --control prints" in err


def test_only_this_machine_is_listened_to(street: Served) -> None:
    port = f":{int(street.ready['control'].rpartition(':')[2]):04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()]
    listening = [local for _, local, _, state, *_ in rows if state == LISTEN and local.endswith(port)]
    assert listening == [f"{LOOPBACK}{port}"]


def test_hands_outlive_a_kill_and_go_on_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    with served(folder, *OPTIONS, count=2) as first:
        url = first.ready["control"]
        assert hand(url, "1-2", "terminal_cover", "open")[0] == 0
        assert hand(url, "2", "supply", "off")[0] == 0
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(20)
    with served(folder, *OPTIONS, count=2) as second:
        url = second.ready["control"]
        assert [stands(url, meter)["terminal_cover"] for meter in (1, 2)] == ["open", "open"]
        assert [stands(url, meter)["supply"] for meter in (1, 2)] == ["on", "off"]
    assert second.process.returncode == 0
    assert hand(str(folder), "2", "supply", "on") == (0, "supply: 1 meter\n", "")
    with served(folder, *OPTIONS, count=2) as third:
        assert stands(third.ready["control"], 2)["supply"] == "on"


def test_nobody_there() -> None:
    code, _, err = hand("http://127.0.0.1:1", "1", "magnet_mt", "90")
    assert (code, err.count("\n")) == (1, 1)
    assert "no fleet answers there with --control" in err
    assert hand("http://127.0.0.1:1/elsewhere", "1", "magnet_mt", "90")[0] == 1


def test_folders_that_hold_no_such_fleet(tmp_path: Path) -> None:
    assert hand(str(tmp_path / "none"), "1", "magnet_mt", "1")[2].endswith("neither an address http://… nor a folder\n")
    code, _, err = hand(str(tmp_path), "1", "magnet_mt", "1")
    assert code == 2
    assert "no fleet lives here" in err


def test_a_folder_of_a_measured_load_wants_it(tmp_path: Path) -> None:
    (tmp_path / "house.csv").write_text("time,active\n2026-11-02 00:00,100\n", encoding="utf-8")
    words = ["--data", str(tmp_path / "fleet"), "--loads", str(tmp_path / "house.csv")]
    with served(tmp_path / "fleet", *OPTIONS, *words[2:]):
        pass
    code, _, err = hand(str(tmp_path / "fleet"), "1", "magnet_mt", "1")
    assert code == 2
    assert "is driven by house.csv" in err
    assert hand(str(tmp_path / "fleet"), "1", "magnet_mt", "1", *words[2:])[0] == 0


def test_a_meter_that_the_fleet_of_a_folder_lacks(tmp_path: Path) -> None:
    opened(tmp_path / "a", Turned()).close()
    code, _, err = hand(str(tmp_path / "a"), "7", "magnet_mt", "90")
    assert code == 2
    assert "this fleet has meters 1 to 3" in err


def test_the_list() -> None:
    assert [row["hand"] for row in json.loads(hand("--list", "--json")[1])] == [*HANDS]
    assert "link_noise" in hand("--list")[1]


def test_help_loads_no_web_server() -> None:
    code = "import sys, openami.cli.meter; print([n for n in ('fastapi', 'uvicorn') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
