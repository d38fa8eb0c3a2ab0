"""`meter serve --udp --hdlc --serial`: the addresses it prints are those that `read` and `probe` take."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cable import Cable, plugged
from openami.aio.route import Device
from openami.cli import app
from openami.cli.credentials import credentials
from openami.cli.serve import serial_port, stations
from openami.cli.session import meter_address
from openami.core.errors import DefinitionError
from served import Served, served

RUNNER = CliRunner()
WAYS = ("udp", "hdlc", "serial")


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Cable]]:
    with plugged() as cable:
        folder = tmp_path_factory.mktemp("street")
        options = ("--history", "1", "--udp", "--hdlc", "0", "--serial", f"serial://{cable.server}?baud=115200")
        with served(folder, *options, count=3) as found:
            yield found, cable


def url_of(street: tuple[Served, Cable], way: str, meter: int) -> str:
    found, cable = street
    return str(found.ready[way][meter]).replace(cable.server, cable.client)


def run(*arguments: str) -> tuple[int, Any, str]:
    done = RUNNER.invoke(app, [*arguments, "--json"])
    return done.exit_code, json.loads(done.stdout) if done.stdout.strip() else None, done.stderr


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("meter", range(3))
def test_each_meter_is_read_where_it_says_it_is(street: tuple[Served, Cable], way: str, meter: int) -> None:
    url, row = url_of(street, way, meter), street[0].meters[meter]
    keys = ("--keys", street[0].ready["shipment"], "--meter", row["serial"])
    code, values, _ = run("read", url, "0.0.42.0.0.255")
    assert (code, values[0]["value"]) == (0, f"OAMSIM{meter + 1:010d}")
    code, values, _ = run("read", url, "1-0:1.8.0", *keys)
    assert (code, values[0]["unit"]) == (0, "Wh")
    code, rows, _ = run("read", url, "1-0:99.1.0", "--entries", "1:5", *keys)
    assert (code, len(rows["rows"])) == (0, 5)


@pytest.mark.parametrize("way", WAYS)
def test_probe(street: tuple[Served, Cable], way: str) -> None:
    code, found, _ = run("probe", url_of(street, way, 1))
    assert (code, found["logical_device_name"]) == (0, "OAMSIM0000000002")
    assert "refused the association" in found["client_1"]


def test_the_keys_of_a_shipment_are_found_by_address_on_udp_and_by_serial_number_on_a_line(
    street: tuple[Served, Cable],
) -> None:
    shipment = str(street[0].ready["shipment"])
    code, _, _ = run("read", url_of(street, "udp", 2), "1-0:1.8.0", "--keys", shipment)
    assert code == 0
    code, _, err = run("read", url_of(street, "hdlc", 2), "1-0:1.8.0", "--keys", shipment)
    assert code == 1
    assert "does not tell which of these meters it is: give --meter SERIAL" in err
    code, _, err = run("read", url_of(street, "hdlc", 2), "1-0:1.8.0", "--keys", shipment, "--meter", "X1")
    assert (code, "no meter with serial number X1" in err) == (1, True)


def test_client_and_server_of_the_address_hold_unless_others_are_given(street: tuple[Served, Cable]) -> None:
    url = url_of(street, "hdlc", 0)
    code, _, err = run("read", f"{url}&client=33", "--objects")
    assert (code, "refused the association" in err) == (1, True)
    code, values, _ = run("read", f"{url}&client=33", "0.0.42.0.0.255", "--client", "16", "--server", "1/18")
    assert (code, values[0]["value"]) == (0, "OAMSIM0000000002")


def test_the_only_line_of_a_shipment_is_the_meter_on_the_line(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    key = "00112233445566778899AABBCCDDEEFF"
    path.write_text(f"serial,encryption_key,authentication_key\nA1,{key},{key}\n")
    assert credentials(None, path, meter_address("serial:///dev/ttyUSB0")).keys is not None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("serial:///dev/nosuch", "openami: /dev/nosuch: there is no such serial port\n"),
        ("hdlc://127.0.0.1:1", "openami: 127.0.0.1:1 refused the connection: nothing listens there\n"),
        ("udp://127.0.0.1:1", "openami: 127.0.0.1:1 refused the datagram: nothing listens there\n"),
    ],
)
@pytest.mark.parametrize("command", [["read", "--objects"], ["probe"]])
def test_what_is_not_there_is_one_sentence(url: str, said: str, command: list[str]) -> None:
    done = RUNNER.invoke(app, [*command, url])
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", said)


@pytest.mark.parametrize(
    "url", ["hdlc://127.0.0.1", "serial://", "udp://h?baud=1", "hdlc://h:1?server=x", "ftp://h", ""]
)
@pytest.mark.parametrize("command", [["read", "--objects"], ["probe"]])
def test_a_bad_address_is_an_error_of_usage(url: str, command: list[str]) -> None:
    assert RUNNER.invoke(app, [*command, url]).exit_code == 2


def test_a_serial_port_as_people_write_it() -> None:
    assert serial_port("") is None
    assert serial_port("/dev/ttyUSB0") == Device("/dev/ttyUSB0")
    assert serial_port("serial:///dev/ttyUSB0?baud=300&bits=7&parity=E") == Device("/dev/ttyUSB0", 300, 7, "E")
    with pytest.raises(DefinitionError, match="a serial port is written"):
        serial_port("tcp://127.0.0.1")


def test_places_on_a_line() -> None:
    assert [str(station.address) for station in stations(2)] == ["1/17", "1/18"]
    many = stations(101)
    assert {station.address.length for station in many} == {4}
    assert len({station.address for station in many}) == 101
    with pytest.raises(DefinitionError, match="a line has room for"):
        stations(16_001)


def test_a_port_that_is_not_there_is_said_before_anything_is_lived(tmp_path: Path) -> None:
    data = tmp_path / "fleet"
    command = ["meter", "serve", "compactiq", "--data", str(data), "--port", "0", "--serial", "/dev/nosuch"]
    done = RUNNER.invoke(app, command)
    assert (done.exit_code, done.stderr) == (1, "openami: /dev/nosuch: there is no such serial port\n")
    assert not data.exists()


@pytest.mark.parametrize("command", ["read", "probe"])
def test_help_shows_the_forms(command: str) -> None:
    text = RUNNER.invoke(app, [command, "--help"]).output
    assert "serial:///dev/ttyUSB0?baud=9600&server=1/17" in text
    assert "udp://host" in text
