"""`meter serve --optical` and `read optical://`: a meter behind a head, in plain text and over HDLC; refusals."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openami.aio.route import Device
from openami.cli import app
from openami.cli.optical import check_ports
from openami.meters.product import load
from openami.meters.sections.row import Cited
from served import served

RUNNER = CliRunner()


def told(*arguments: str) -> str:
    """What a command prints, in a process of its own."""
    command = [sys.executable, "-m", "openami", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.mark.slow
@pytest.mark.feature("AD13A-102", "AD13A-103")
def test_a_meter_behind_a_head_is_read_in_plain_text_and_over_hdlc(tmp_path: Path) -> None:
    with served(tmp_path, "--optical", "pty", "--history", "1", product="ad13a") as fleet:
        [url] = fleet.ready["optical"]
        serial = fleet.meters[0]["serial"]
        found = json.loads(told("read", url, "--readout", "--json"))
        name = json.loads(told("read", url, "0.0.42.0.0.255", "--json"))
        energy = json.loads(
            told("read", url, "1-0:1.8.0", "--keys", str(tmp_path / "shipment.csv"), "--meter", serial, "--json")
        )
        csv = told("read", url.partition("?")[0], "--readout", "--csv")
        table = told("read", url.partition("?")[0], "--readout")
    sets = {one["address"]: one for one in found["sets"]}
    assert (found["manufacturer"], found["identification"], found["baud"]) == ("OAM", "SIM-AD13A", 38_400)
    assert sets["0.0.0"]["value"] == serial
    assert name[0]["value"].startswith("OAMSIM")
    assert float(sets["1.8.0"]["value"]) * 1000 == pytest.approx(energy[0]["value"], abs=100)
    assert float(sets["1.8.0"]["value"]) > 0
    assert csv.splitlines()[0] == "address,value,unit"
    assert "OAM SIM-AD13A: 21 data sets" in table


def refused(*arguments: str) -> str:
    """What is said to wrong usage."""
    result = RUNNER.invoke(app, list(arguments))
    assert result.exit_code == 2, result.output
    return " ".join(result.output.split())


def test_ports_that_a_product_does_not_have_are_refused(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    assert "compactiq states no optical port" in refused("meter", "serve", "compactiq", "--optical", "pty", *data)
    assert "optical:///dev/name" in refused("read", "tcp://127.0.0.1", "--readout")
    assert "--readout" in refused("read", "tcp://127.0.0.1")


@pytest.mark.feature("AD13A-95")
def test_the_serial_line_of_the_ad13a_is_served_up_to_19200_baud(tmp_path: Path) -> None:
    fast = "serial:///dev/ttyS0?baud=38400"
    said = refused("meter", "serve", "ad13a", "--serial", fast, "--data", str(tmp_path))
    assert "RS-485 port goes up to 19200 baud" in said
    check_ports(load("ad13a"), Device("/dev/ttyS0", 19_200), "")
    assert load("ad13a").links.way["rs485"].most_baud == Cited(value=19_200, feature="AD13A-95")
