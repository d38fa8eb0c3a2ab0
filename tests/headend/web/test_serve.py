"""`openami headend`: starting, telling, ending, and what it says when something is wrong."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from headend.fake_meters import HEADER, installation, serial_of, shipment, shipment_line
from headend.web.conftest import serving
from headend.web.seed import scenario, seed
from openami.headend.kit.settings import Settings
from openami.headend.web.server import listen, url

COMMAND = (sys.executable, "-m", "openami", "headend")


def run(*arguments: object, timeout_s: float = 60) -> "subprocess.CompletedProcess[str]":
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)


@contextlib.contextmanager
def started(*arguments: object) -> Iterator["subprocess.Popen[str]"]:
    command = [*COMMAND, "serve", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def events(process: "subprocess.Popen[str]", last: str) -> list[dict[str, object]]:
    """Lines up to the event of that name."""
    assert process.stdout is not None
    told: list[dict[str, object]] = []
    for line in process.stdout:
        told.append(json.loads(line))
        if told[-1]["event"] == last:
            return told
    raise AssertionError(process.stderr and process.stderr.read())


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def local_shipment(path: Path, port: int) -> Path:
    """Two meters on this machine where nobody listens."""
    lines = [shipment_line(n).replace(f"127.16.0.{n},4059", f"127.0.0.1,{port}") for n in range(2)]
    path.write_text(HEADER + "\n".join(lines) + "\nbad,compactiq,127.0.0.1,70000,,00,00,\n")
    return path


def test_it_imports_serves_collects_and_ends(tmp_path: Path, closed_port: int) -> None:
    file = local_shipment(tmp_path / "meters.csv", closed_port)
    with started("--data", tmp_path / "data", "--shipment", file, "--port", 0, "--progress-json") as process:
        imported, ready = events(process, "ready")
        assert (imported["event"], imported["added"]) == ("imported", 2)
        address = str(ready["url"])
        assert address.startswith("http://127.0.0.1:")
        (progress,) = events(process, "progress")[-1:]
        assert progress["total"] == 2
        deadline = time.monotonic() + 20
        while httpx.get(f"{address}api/summary").json()["failing"] < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        reason = httpx.get(f"{address}api/meters/{serial_of(1)}").json()["reason"]
        assert "Errno" not in reason
        assert str(closed_port) in reason
        assert "<title>Overview · OpenAMI</title>" in httpx.get(address).text
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert json.loads(out.splitlines()[-1]) == {"event": "stopped"}
    assert err == f"openami: {file.name}, line 4, column port: port '70000', expected 1 to 65535\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_silence_however_often_it_is_told(tmp_path: Path, number: signal.Signals) -> None:
    settings = seed(tmp_path, 2)
    with serving(settings, scenario(tmp_path), "--no-collect") as service, httpx.Client() as client:
        client.get(service.url)
        for _ in range(3):
            service.process.send_signal(number)
            time.sleep(0.05)
        out, err = service.process.communicate(timeout=20)
        assert service.process.returncode == 0
    assert err == ""
    assert json.loads(out.splitlines()[-1]) == {"event": "stopped"}


def test_a_port_that_is_taken_is_one_sentence_if_it_was_asked_for(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "--data", tmp_path / "data", "--port", port)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"openami: port: port {port} of 127.0.0.1 cannot be had:"
        " another program has it; leave --port away to take a free one\n"
    )


def test_else_a_free_one_is_taken() -> None:
    with listen("127.0.0.1", 0, is_wanted=False) as first:
        port = first.getsockname()[1]
        with listen("127.0.0.1", port, is_wanted=False) as second:
            assert second.getsockname()[1] != port
            assert url(second) == f"http://127.0.0.1:{second.getsockname()[1]}/"


def test_people_get_sentences(tmp_path: Path) -> None:
    with started("--data", tmp_path / "data", "--port", 0, "--no-collect") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("head-end: http://127.0.0.1:")
        assert process.stdout.readline() == "Ctrl-C ends it.\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


@pytest.mark.parametrize("command", [("serve", "--port", 0), ("collect",), ("collect", "--once", "--json")])
def test_a_missing_key_file_ends_it_with_one_sentence(tmp_path: Path, command: tuple[object, ...]) -> None:
    settings = installation(tmp_path, 1)
    settings.kek.unlink()
    done = run(*command, "--data", settings.data)
    assert done.returncode == 1
    assert done.stderr.startswith("openami: key-encryption key file")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("serve",), 2, "say where the database is"),
        (("serve", "--data", "{}/data", "--clock", "{}/none.json"), 1, "no scenario clock"),
        (("serve", "--data", "{}/data", "--shipment", "{}/none.csv"), 1, "none.csv: cannot be read"),
        (("serve", "--settings", "{}/none.toml"), 1, "none.toml: cannot be read"),
        (("import", "{}/none.csv", "--data", "{}/data"), 1, "none.csv: cannot be read"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path: Path, arguments: tuple[str, ...], code: int, sentence: str) -> None:
    done = run(*(argument.format(tmp_path) for argument in arguments))
    assert done.returncode == code
    assert done.stderr.startswith("openami: ")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_import(tmp_path: Path) -> None:
    file = shipment(tmp_path / "meters.csv", 3)
    first = run("import", file, "--data", tmp_path / "data")
    assert (first.returncode, first.stdout, first.stderr) == (0, "3 added, 0 updated, 0 unchanged\n", "")
    file.write_text(file.read_text() + "x,nosuch,127.0.0.1,1,,,,\n")
    second = run("import", file, "--data", tmp_path / "data", "--json")
    assert second.returncode == 1
    outcome = json.loads(second.stdout)
    assert (outcome["added"], outcome["unchanged"]) == (0, 3)
    assert outcome["faults"][0]["line"] == 5


def test_collect_once_tells_what_failed(tmp_path: Path, closed_port: int) -> None:
    settings = Settings(data=tmp_path / "data")
    file = tmp_path / "settings.toml"
    file.write_text('data = "data"\nattempts = 1\n')
    run("import", local_shipment(tmp_path / "meters.csv", closed_port), "--data", settings.data)
    done = run("collect", "--settings", file, "--once", "--json")
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert summary.keys() == {"meters", "intervals", "seconds", "failures"}
    assert (summary["meters"], summary["intervals"], summary["failures"]) == (0, 0, 2)


def test_collect_ends_in_silence(tmp_path: Path) -> None:
    command = [*COMMAND, "collect", "--data", str(tmp_path / "data")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 0
