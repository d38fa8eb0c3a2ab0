"""`openami meter test` in a process of its own world: against a fleet that another process serves."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conforming import Meter, Provider
from openami.aio.server import FleetListener
from openami.cli import app
from served import Served, served

RUNNER = CliRunner()
QUICK = ("--silence", "0.1", "--timeout", "2")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory) -> Served:
    with served(tmp_path_factory.mktemp("fleet"), "--history", "1") as fleet:
        yield fleet


def run(*arguments: str) -> tuple[int, str, str]:
    done = RUNNER.invoke(app, ["meter", "test", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_cases_are_listed() -> None:
    code, out, _ = run("--list", "--group", "hdlc")
    assert code == 0
    assert "22 cases" in out
    assert "HDLC_FRAME_N7" in out
    _, out, _ = run("--list", "--json")
    found = {case["name"]: case for case in json.loads(out)}
    assert len(found) == 68
    assert found["SYMSEC_0_Key_Tx_P1"]["writes"]


def test_a_meter_that_keeps_the_rules_ends_with_0(fleet: Served, tmp_path: Path) -> None:
    page = tmp_path / "report.md"
    url, keys = fleet.ready["addresses"][0], fleet.ready["shipment"]
    code, out, err = run(
        "--conformance", url, "--keys", keys, "--group", "application", *QUICK, "--markdown", str(page)
    )
    assert (code, err) == (0, "")
    assert f"{url}: 17 pass, 3 not applicable" in out
    assert "APPL_OPEN_14" in out
    assert "No certificate follows from this." in out
    assert "client 1, HLS 5, ciphered" in page.read_text()


def in_favour(apdu: bytes) -> bytes:
    """What an object that is not there is said to hold: 7."""
    return bytes((*apdu[:3], 0, 17, 7)) if apdu[:1] == b"\xc4" else apdu


async def test_a_meter_that_breaks_a_rule_ends_with_1_and_says_which() -> None:
    meter = Provider(Meter(), answers=in_favour)
    async with FleetListener(meter, port=0, host="127.0.0.1", stand_ins=["me"], login_delay_s=0) as listener:
        url = f"tcp://{listener.addresses[0]}"
        code, out, _ = await asyncio.to_thread(run, "--conformance", url, "--case", "APPL_DATA_LN_N1", *QUICK, "--json")
    assert code == 1
    [case] = json.loads(out)["cases"]
    assert case["verdict"] == "fail"
    assert case["detail"].startswith("GET of an object that is not there")


def test_associations_come_from_a_file_and_are_chosen_by_client(fleet: Served, tmp_path: Path) -> None:
    meter, path = fleet.meters[0], tmp_path / "target.toml"
    path.write_text(
        "[[association]]\nclient = 16\n\n[[association]]\nclient = 1\nmechanism = 'hls5'\n"
        f"encryption_key = '{meter['encryption_key']}'\nclient_title = '4f414d434c490000'\n"
    )
    environment = {"OPENAMI_AK": meter["authentication_key"]}
    arguments = ["meter", "test", "--conformance", fleet.ready["addresses"][0], "--keys", str(path), "--json", *QUICK]
    done = RUNNER.invoke(app, [*arguments, "--case", "APPL_OPEN_1"], env=environment)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["associations"] == ["client 16, lowest level", "client 1, HLS 5, ciphered"]
    done = RUNNER.invoke(app, [*arguments, "--client", "16", "--case", "APPL_OPEN_1"], env=environment)
    assert json.loads(done.stdout)["associations"] == ["client 16, lowest level"]
    done = RUNNER.invoke(app, [*arguments, "--client", "7"], env=environment)
    assert (done.exit_code, "no association of client 7" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "say which meter"),
        (("--conformance", "nowhere"), 2, "an address is written"),
        (("--conformance", "tcp://127.0.0.1", "--group", "all"), 2, "no group 'all'"),
        (("--conformance", "tcp://127.0.0.1", "--case", "NONE"), 2, "no case NONE"),
        (("--conformance", "tcp://127.0.0.1:1", *QUICK), 1, "nothing listens there"),
    ],
)
def test_what_is_asked_wrongly_is_said_in_one_sentence(arguments: tuple[str, ...], code: int, said: str) -> None:
    found, _, err = run(*arguments)
    assert (found, said in " ".join(err.split())) == (code, True), err
