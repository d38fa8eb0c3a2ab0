"""Bad input: one clear sentence each, and the rest goes on."""

import csv
import json
import os
import socket
import sqlite3
import subprocess
import sys

import pytest

from served import Served, served
from upped import openami

METERS = 3


@pytest.fixture(scope="module")
def fleet(tmp_path_factory) -> Served:
    with served(tmp_path_factory.mktemp("fleet"), "--history", "1", count=METERS) as fleet:
        yield fleet


def url(meter: dict[str, str]) -> str:
    return f"tcp://{meter['address']}:{meter['port']}"


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """Exit code 1, nothing but one line on stderr, no traceback."""
    assert done.returncode == 1, done
    assert done.stderr.startswith("openami: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def write_shipment(path, meters: list[dict[str, str]], **changes: dict[str, str]):
    """A shipment file with some cells of some meters (`m0`, `m1`) changed."""
    rows = [meter | changes.get(f"m{number}", {}) for number, meter in enumerate(meters)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def collect_once(folder) -> tuple[int, dict[str, float], str]:
    done = openami("headend", "collect", "--once", "--json", "--data", str(folder))
    return done.returncode, json.loads(done.stdout), done.stderr


def test_a_wrong_key_is_one_sentence_without_a_key_and_the_meter_lives_on(fleet):
    meter = fleet.meters[0]
    wrong = {"OPENAMI_EK": "00" * 16, "OPENAMI_AK": "11" * 16}
    done = subprocess.run(
        [sys.executable, "-m", "openami", "read", url(meter), "1.0.1.8.0.255"],
        env={**os.environ, **wrong},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = one_sentence(done)
    assert "key" in said
    assert "0000" not in said
    assert "1111" not in said
    again = openami("read", url(meter), "1.0.1.8.0.255", "--keys", fleet.ready["shipment"], "--json")
    assert again.returncode == 0, again.stderr


@pytest.mark.feature("IQ0404100K1-R-79")
def test_a_wrong_key_stands_in_the_fraud_log(fleet):
    meter = fleet.meters[1]
    environment = {**os.environ, "OPENAMI_EK": "00" * 16, "OPENAMI_AK": "11" * 16}
    command = [sys.executable, "-m", "openami", "read", url(meter), "1.0.1.8.0.255"]
    subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    done = openami("read", url(meter), "0.0.99.98.1.255", "--keys", fleet.ready["shipment"], "--json")
    codes = [code for _, code in json.loads(done.stdout)["rows"]]
    assert codes == [46], "event 46: failed log-in, once"


def test_an_unknown_meter_is_one_sentence(fleet):
    port = fleet.meters[0]["port"]
    assert f"127.16.9.9:{port}" in one_sentence(openami("read", f"tcp://127.16.9.9:{port}", "0.0.1.0.0.255"))


def test_nobody_there_is_one_sentence():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert f"127.0.0.1:{port}" in one_sentence(openami("read", f"tcp://127.0.0.1:{port}", "0.0.1.0.0.255"))


def test_a_port_in_use_is_one_sentence(fleet, tmp_path):
    port = fleet.meters[0]["port"]
    done = openami("meter", "serve", "compactiq", "--port", port, "--data", str(tmp_path))
    assert port in one_sentence(done)


def test_a_web_port_in_use_is_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = openami("headend", "serve", "--data", str(tmp_path), "--port", port)
    assert port in one_sentence(done)


def test_a_bad_line_of_a_shipment_is_named_and_the_others_go_in(fleet, tmp_path):
    file = write_shipment(tmp_path / "meters.csv", fleet.meters, m1={"encryption_key": "12345"})
    done = openami("headend", "import", str(file), "--data", str(tmp_path / "headend"))
    said = one_sentence(done)
    assert "meters.csv" in said
    assert "line 3" in said
    assert "encryption_key" in said
    assert "12345" not in said
    assert f"{METERS - 1} added" in done.stdout
    code, summary, _ = collect_once(tmp_path / "headend")
    assert (code, summary["meters"], summary["failures"]) == (0, METERS - 1, 0)


def test_a_meter_with_another_key_fails_alone(fleet, tmp_path):
    file = write_shipment(tmp_path / "meters.csv", fleet.meters, m2={"encryption_key": "ab" * 16})
    assert openami("headend", "import", str(file), "--data", str(tmp_path / "headend")).returncode == 0
    code, summary, said = collect_once(tmp_path / "headend")
    assert (code, summary["meters"], summary["failures"]) == (1, METERS - 1, 1)
    assert "abab" not in said


def test_a_meter_that_is_not_there_fails_alone(fleet, tmp_path):
    file = write_shipment(tmp_path / "meters.csv", fleet.meters, m0={"address": "127.16.200.1"})
    assert openami("headend", "import", str(file), "--data", str(tmp_path / "headend")).returncode == 0
    code, summary, _ = collect_once(tmp_path / "headend")
    assert (code, summary["meters"], summary["failures"]) == (1, METERS - 1, 1)


def test_a_full_disk_is_one_sentence_and_nothing_is_lost_when_there_is_room_again(fleet, tmp_path):
    file = write_shipment(tmp_path / "meters.csv", fleet.meters)
    roomy, full = tmp_path / "roomy.toml", tmp_path / "full.toml"
    roomy.write_text('data = "store"\n', encoding="utf-8")
    assert openami("headend", "import", str(file), "--settings", str(roomy)).returncode == 0
    pages = sqlite3.connect(tmp_path / "store" / "headend.db").execute("PRAGMA page_count").fetchone()[0]
    full.write_text(f'data = "store"\nmax_pages = {pages}\nfull_patience_s = 1.0\n', encoding="utf-8")
    done = openami("headend", "collect", "--once", "--json", "--settings", str(full))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "full" in done.stderr
    again = openami("headend", "collect", "--once", "--json", "--settings", str(roomy))
    assert again.returncode == 0, again.stderr
    summary = json.loads(again.stdout)
    assert (summary["meters"], summary["failures"]) == (METERS, 0)
    assert summary["intervals"] >= METERS * 90


def test_a_bad_line_of_a_load_file_is_named_and_another_file_may_follow(tmp_path):
    head = "time,active W,reactive var,volts,amps\n2026-01-01 00:00,600,0,230,2.6\n"
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_text(head + "nonsense\n", encoding="utf-8")
    good.write_text(head, encoding="utf-8")
    folder = str(tmp_path / "data")
    said = one_sentence(openami("up", "--once", "--meters", "1", "--data", folder, "--loads", str(bad)))
    assert "bad.csv" in said
    assert "line 3" in said
    done = openami("up", "--once", "--json", "--meters", "1", "--data", folder, "--loads", str(good))
    assert done.returncode == 0, done.stderr


def test_a_web_port_that_is_taken_ends_up_in_one_sentence_and_leaves_nothing_running(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = openami("up", "--meters", "1", "--data", str(tmp_path), "--port", port)
    assert port in one_sentence(done)
    assert openami("up", "--once", "--data", str(tmp_path)).returncode == 0


def test_up_takes_another_port_for_its_meters_when_theirs_is_taken(tmp_path):
    with served(tmp_path / "other", "--port", "4059", "--or-free", "--history", "0") as other:
        done = openami("up", "--once", "--json", "--meters", "1", "--data", str(tmp_path / "data"))
        assert done.returncode == 0, done.stderr
    assert int(other.meters[0]["port"]) > 0
