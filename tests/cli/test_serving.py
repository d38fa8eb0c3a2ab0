"""`meter serve`, `read` and `probe` as processes: they talk, they end cleanly, they go on where they were."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openami.cli import app

RUNNER = CliRunner()
OPENAMI = [sys.executable, "-m", "openami"]
ENERGY, PROFILE = "1-0:1.8.0", "1-0:99.1.0"


@dataclass
class Street:
    """Meters in service."""

    process: subprocess.Popen[str]
    addresses: list[str]
    shipment: str

    def ends(self, how: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(how)
        _, err = self.process.communicate(timeout=20)
        return self.process.returncode, err


@contextmanager
def street(data: Path, *options: str) -> Iterator[Street]:
    command = [
        *OPENAMI,
        "meter",
        "serve",
        "compactiq",
        "--data",
        str(data),
        "--history",
        "1",
        "--json",
        *options,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        text = ""
        for line in process.stdout:
            text += line
            if line == "}\n":
                break
        assert text, process.stderr and process.stderr.read()
        found = json.loads(text)
        yield Street(process, found["addresses"], found["shipment"])
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with street(tmp_path_factory.mktemp("street"), "--count", "2", "--host", "127.0.0.1", "--port", "0") as found:
        yield found


def read(*arguments: str) -> tuple[int, str, str]:
    done = RUNNER.invoke(app, ["read", *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def keyed(served: Street, meter: int, *arguments: str) -> tuple[int, str, str]:
    return read(served.addresses[meter], *arguments, "--keys", served.shipment)


def test_a_register_with_its_unit(served: Street) -> None:
    code, out, _ = keyed(served, 0, ENERGY, "--json")
    (value,) = json.loads(out)
    assert (code, value["logical_name"], value["unit"], value["scaler"]) == (0, "1.0.1.8.0.255", "Wh", 0)
    assert value["value"] > 0
    _, out, _ = keyed(served, 0, ENERGY)
    assert f" {value['value']} " in out


def test_a_profile_by_number_as_csv_and_by_time_as_table(served: Street) -> None:
    _, out, _ = keyed(served, 1, PROFILE, "--entries", "1:5", "--csv")
    head, *rows = out.splitlines()
    assert head.startswith("0.0.1.0.0.255,")
    assert len(rows) == 5
    first, last = (row.split(",")[0] for row in (rows[1], rows[3]))
    code, out, _ = keyed(served, 1, PROFILE, "--from", first[:19], "--to", last[:19], "--json")
    assert code == 0
    assert [row[0] for row in json.loads(out)["rows"]] == [row.split(",")[0] for row in rows[1:4]]
    _, out, _ = keyed(served, 1, PROFILE, "--entries", "2:2")
    assert out.startswith("1 row")


def test_the_object_list_public_and_with_keys(served: Street) -> None:
    _, out, _ = read(served.addresses[0], "--objects", "--json")
    public = {row["logical_name"] for row in json.loads(out)}
    assert public == {"0.0.40.0.0.255", "0.0.42.0.0.255", "0.0.43.1.0.255", "0.0.1.0.0.255"}
    _, out, _ = keyed(served, 0, "--objects", "--csv")
    assert len(out.splitlines()) > 80


def test_the_whole_meter(served: Street) -> None:
    code, out, _ = keyed(served, 0, "--all", "--json")
    values = json.loads(out)
    assert code == 0
    assert not [value for value in values if "refused" in value]
    assert {value["logical_name"] for value in values} >= {"1.0.1.8.0.255", "1.0.99.1.0.255", "0.0.1.0.0.255"}
    _, out, _ = keyed(served, 0, "--all")
    assert "rows" in out


def test_keys_from_the_environment(served: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    line = Path(served.shipment).read_text().splitlines()[1].split(",")
    columns = Path(served.shipment).read_text().splitlines()[0].split(",")
    row = dict(zip(columns, line, strict=True))
    monkeypatch.setenv("OPENAMI_EK", row["encryption_key"])
    monkeypatch.setenv("OPENAMI_AK", row["authentication_key"])
    assert read(served.addresses[0], ENERGY)[0] == 0
    code, _, err = read(served.addresses[1], ENERGY)
    assert code == 1
    assert err.count("\n") == 1
    assert row["encryption_key"] not in err


def test_keys_from_a_toml_file(served: Street, tmp_path: Path) -> None:
    text = Path(served.shipment).read_text().splitlines()
    row = dict(zip(text[0].split(","), text[1].split(","), strict=True))
    keys = tmp_path / "keys.toml"
    keys.write_text(f'encryption_key = "{row["encryption_key"]}"\nauthentication_key = "{row["authentication_key"]}"\n')
    assert read(served.addresses[0], ENERGY, "--keys", str(keys))[0] == 0
    keys.write_text('encryption_kee = "00"\n')
    code, _, err = read(served.addresses[0], ENERGY, "--keys", str(keys))
    assert (code, err.count("\n")) == (1, 1)
    assert "encryption_kee" in err


def test_without_keys_the_refusal_says_what_to_do(served: Street) -> None:
    code, _, err = read(served.addresses[0], ENERGY)
    assert code == 1
    assert "sees no object 1.0.1.8.0.255; without keys only what is public is read" in err
    code, _, err = read(served.addresses[0], ENERGY, "--security", "hls5")
    assert code == 2
    assert "no encryption key: set OPENAMI_EK or give --keys FILE" in err


def test_an_address_that_no_line_of_the_shipment_has(served: Street) -> None:
    code, _, err = read("tcp://127.0.0.1:9", ENERGY, "--keys", served.shipment)
    assert code == 1
    assert "no meter with address 127.0.0.1:9" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["tcp://127.0.0.1", "1.0.1.8"],
        ["tcp://127.0.0.1", "1.0.1.8.0.255", "--all"],
        ["tcp://127.0.0.1", "1.0.99.1.0.255", "--entries", "a:b"],
        ["127.0.0.1", "--objects"],
        ["tcp://127.0.0.1", "--objects", "--keys", "nosuch.toml"],
        ["tcp://127.0.0.1", "--objects", "--from", "yesterday"],
    ],
)
def test_wrong_usage(arguments: list[str]) -> None:
    assert RUNNER.invoke(app, ["read", *arguments]).exit_code == 2


def test_probe(served: Street) -> None:
    done = RUNNER.invoke(app, ["probe", served.addresses[0], "--json"])
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert found["simulated"] is True
    assert found["logical_device_name"].startswith("OAMSIM")
    assert found["client_16"].startswith("associated in ")
    assert "refused the association" in found["client_1"]
    assert "refused the association" in RUNNER.invoke(app, ["probe", served.addresses[0]]).stdout


def test_probe_of_something_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        done = RUNNER.invoke(app, ["probe", url, "--timeout", "0.2", "--json"])
    assert done.exit_code == 1
    assert "no answer within 0.2 s" in json.loads(done.stdout)["client_16"]


@pytest.mark.skipif(sys.platform != "linux", reason="127/8 is loopback on Linux only")
def test_each_meter_has_an_address_of_its_own(tmp_path: Path) -> None:
    with street(tmp_path, "--count", "3", "--port", "0") as found:
        assert [address.rpartition(":")[0] for address in found.addresses] == [
            "tcp://127.16.0.1",
            "tcp://127.16.0.2",
            "tcp://127.16.0.3",
        ]
        _, out, _ = read(found.addresses[2], "0.0.42.0.0.255", "--json")
        assert json.loads(out)[0]["value"] == "OAMSIM0000000003"
        code, _, err = read(found.addresses[2].replace("127.16.0.3", "127.16.0.4"), "--objects")
        assert code == 1
        assert "127.16.0.4" in err
        assert found.ends(signal.SIGINT) == (0, "")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_started_again_it_goes_on_where_it_was(tmp_path: Path, how: signal.Signals) -> None:
    options = ["--host", "127.0.0.1", "--port", "0", "--speed", "600"]
    with street(tmp_path, *options) as found:
        _, out, _ = keyed(found, 0, ENERGY, "--json")
        energy = json.loads(out)[0]["value"]
        _, out, _ = read(found.addresses[0], "0.0.43.1.0.255", "--json")
        counter = json.loads(out)[0]["value"]
        assert counter > 0
        code, err = found.ends(how)
        assert (code, err) == ((0, "") if how is signal.SIGTERM else (-9, ""))
    with street(tmp_path, *options) as found:
        _, out, _ = read(found.addresses[0], "0.0.43.1.0.255", "--json")
        assert json.loads(out)[0]["value"] >= counter
        _, out, _ = keyed(found, 0, ENERGY, "--json")
        assert json.loads(out)[0]["value"] >= energy


def test_a_port_in_use_a_folder_in_use_another_fleet(tmp_path: Path, served: Street) -> None:
    port = served.addresses[0].rpartition(":")[2]
    serve = ["meter", "serve", "compactiq", "--host", "127.0.0.1", "--history", "0"]

    def said(*options: str) -> str:
        done = subprocess.run([*OPENAMI, *serve, *options], capture_output=True, text=True, check=False, timeout=30)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1
        return done.stderr

    assert f"port {port} is in use" in said("--data", str(tmp_path / "a"), "--port", port)
    assert not (tmp_path / "a").exists()
    used = str(Path(served.shipment).parent)
    assert "in use by another process" in said("--data", used, "--port", "0", "--count", "2")


def test_another_number_of_meters_is_refused(tmp_path: Path) -> None:
    with street(tmp_path, "--host", "127.0.0.1", "--port", "0") as found:
        found.ends(signal.SIGTERM)
    done = subprocess.run(
        [*OPENAMI, "meter", "serve", "compactiq", "--data", str(tmp_path), "--port", "0", "--count", "2"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "the fleet here has 1, not 2" in done.stderr


def test_ctrl_c_during_the_history(tmp_path: Path) -> None:
    command = [*OPENAMI, "meter", "serve", "compactiq", "--data", str(tmp_path), "--port", "0"]
    process = subprocess.Popen(
        [*command, "--history", "3000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not (tmp_path / "fleet.json").exists():
        assert process.poll() is None
        os.sched_yield()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")
