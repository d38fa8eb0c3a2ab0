"""`read --all`, `--trace`, `--pcap` and `probe` against meters in service."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openami.cli import app
from served import Served, served

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def meters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("fleet"), "--hdlc", "0") as found:
        yield found


def url(meters: Served) -> str:
    meter = meters.meters[0]
    return f"tcp://{meter['address']}:{meter['port']}"


def keys(meters: Served) -> list[str]:
    return ["--keys", str(meters.ready["shipment"])]


def test_everything_with_the_newest_rows_of_profiles(meters: Served) -> None:
    done = RUNNER.invoke(app, ["read", url(meters), "--all", "--rows", "5", "--json", *keys(meters)])
    assert done.exit_code == 0, done.output
    values = json.loads(done.stdout)
    assert len({value["logical_name"] for value in values}) > 80
    assert not [value for value in values if "refused" in value]
    buffers = [value["value"] for value in values if (value["class"], value["attribute"]) == (7, 2)]
    assert max(map(len, buffers)) == 5
    table = RUNNER.invoke(app, ["read", url(meters), "--all", "--rows", "0", *keys(meters)])
    assert "1.0.1.8.0.255" in table.stdout


def test_everything_as_the_public_client(meters: Served) -> None:
    values = json.loads(RUNNER.invoke(app, ["read", url(meters), "--all", "--json"]).stdout)
    assert {"0.0.1.0.0.255", "0.0.42.0.0.255", "0.0.43.1.0.255"} <= {value["logical_name"] for value in values}


def test_a_trace_is_on_stderr_and_holds_no_key(meters: Served) -> None:
    done = RUNNER.invoke(app, ["read", url(meters), "1-0:1.8.0", "--json", "--trace", *keys(meters)])
    assert json.loads(done.stdout)[0]["name"] == "value"
    assert "in clear: get-request-with-list" in done.stderr
    assert "Register 1.0.1.8.0.255 value" in done.stderr
    assert "reply_to_hls_authentication <" in done.stderr
    for name in ("encryption_key", "authentication_key"):
        assert meters.meters[0][name].lower() not in done.stderr.lower().replace(" ", "")


@pytest.mark.parametrize("command", [["read", "0.0.1.0.0.255", "--client", "16"], ["probe", "--client", "16"]])
def test_a_file_for_wireshark(meters: Served, command: list[str], tmp_path: Path) -> None:
    path = tmp_path / "talk.pcap"
    done = RUNNER.invoke(app, [command[0], url(meters), *command[1:], "--pcap", str(path)])
    assert done.exit_code == 0, done.output
    assert path.read_bytes()[:4] == b"\xd4\xc3\xb2\xa1"
    if shutil.which("tshark"):
        words = ["tshark", "-r", str(path), "-T", "fields", "-e", "tcp.payload"]
        seen = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
        assert "000100100001001f601d" in seen, "the AARQ behind its wrapper header"


def test_a_file_that_cannot_be_written(meters: Served, tmp_path: Path) -> None:
    done = RUNNER.invoke(app, ["read", url(meters), "--objects", "--pcap", str(tmp_path / "no" / "talk.pcap")])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no such file or directory" in done.stderr


def test_probe_says_how_each_client_has_to_come(meters: Served) -> None:
    done = RUNNER.invoke(app, ["probe", url(meters), "--json"])
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert found["link"] == "wrapper on TCP"
    assert found["invocation_counter"] is not None
    assert found["clock"]
    wants = {one["client"]: (one["open"], one["wants"]) for one in found["clients"]}
    assert wants[16] == (True, "no password and no key")
    assert wants[1] == (False, "ciphering: keys")
    assert wants[102][0] is False
    text = RUNNER.invoke(app, ["probe", url(meters), "--client", "16", "--client", "1", "--trace"])
    assert "wants ciphering: keys; counter 0.0.43.1.0.255" in text.stdout
    assert "client 2" not in text.stdout
    assert "AARE rejected-permanent application-context-name-not-supported" in text.stderr


def test_probe_finds_hdlc_behind_a_port(meters: Served) -> None:
    line = meters.ready["hdlc"] if isinstance(meters.ready.get("hdlc"), str) else None
    address = line or next(text for text in json.dumps(meters.ready).split('"') if text.startswith("hdlc://"))
    port = address.removeprefix("hdlc://").partition("?")[0]
    done = RUNNER.invoke(app, ["probe", f"tcp://{port}", "--client", "16", "--timeout", "0.5", "--json"])
    found = json.loads(done.stdout)
    assert found["link"] == "HDLC on TCP, server 1/17 (address of 2 octets)"
    assert found["silent"]


def test_probe_of_nothing_says_what_was_tried() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        done = RUNNER.invoke(app, ["probe", where, "--server", "1/99", "--timeout", "0.1"])
        told = RUNNER.invoke(app, ["probe", where, "--server", "1/99", "--timeout", "0.1", "--json"])
    assert done.exit_code == told.exit_code == 1
    assert "HDLC on TCP, server 1/99" in done.stdout
    assert list(json.loads(told.stdout)["tried"]) == [
        "wrapper on TCP",
        "HDLC on TCP, server 1/99 (address of 2 octets)",
    ]


@pytest.mark.parametrize("wrong", [["--server", "x/y"], ["--client", "-1"]])
def test_wrong_usage_of_probe(wrong: list[str]) -> None:
    assert RUNNER.invoke(app, ["probe", "tcp://127.0.0.1:1", *wrong]).exit_code == 2
