"""`openami radio`: what is transmitted into a file or a pipe comes out as JSON lines."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openami.cli import app
from openami.phy.ert import decode

RUNNER = CliRunner()
CARRIERS = ("--carrier", "912.9e6", "--carrier", "912.4e6", "--hop", "0.5")


def run(*arguments: str) -> tuple[int, str, str]:
    done = RUNNER.invoke(app, ["radio", *arguments])
    return done.exit_code, done.stdout, done.stderr


def lines(*arguments: str) -> list[dict[str, object]]:
    code, out, err = run("decode", *arguments)
    assert (code, err) == (0, "")
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("name", ["air.cu8", "air.cs16", "air.cf32", "air.wav"])
def test_from_file_to_lines(name: str, tmp_path: Path) -> None:
    file = str(tmp_path / name)
    code, out, err = run(
        "transmit", file, "--seconds", "0.4", *CARRIERS, "--serial", "77", "--consumption", "500", "--snr", "20"
    )
    assert (code, out, err) == (0, "", "")
    found = lines(file, "--centre", "912.6e6")
    assert [each["kind"] for each in found[:13]] == ["SCM"] * 12 + ["IDM"]
    scm, idm = found[0], found[12]
    assert (scm["endpoint_id"], scm["consumption"], scm["corrected_bits"], scm["time_s"]) == (77, 500, 0, 0.0)
    assert (idm["serial_number"], idm["last_consumption_count"]) == (77, 500)
    assert min(abs(float(str(scm["carrier_hz"])) - each) for each in (912.4e6, 912.9e6)) < 50
    assert all(decode(bytes.fromhex(str(each["octets"]))).identity == 77 for each in found)


def test_what_is_wanted(tmp_path: Path) -> None:
    file = str(tmp_path / "air.cu8")
    run("transmit", file, "--seconds", "0.4", *CARRIERS, "--serial", "77", "--serial", "78", "--kind", "SCM+")
    assert {each["endpoint_id"] for each in lines(file, "--wide", "--unique", "9")} == {77, 78}
    alone = lines(file, "--id", "78", "--kind", "SCM+", "--unique", "9", "--channels", "24")
    assert [(each["endpoint_id"], "offset_hz" in each) for each in alone] == [(78, True)]
    assert lines(file, "--kind", "IDM") == []


@pytest.mark.parametrize("rate", ["1.024e6", "2.4e6"])
def test_another_rate(rate: str, tmp_path: Path) -> None:
    file = str(tmp_path / "air.cu8")
    run("transmit", file, "--seconds", "0.4", "--carrier", "912.7e6", "--rate", rate)
    assert len(lines(file, "--rate", rate)) == 13


def test_a_pipe(tmp_path: Path) -> None:
    """Standard output of one into standard input of the other."""
    command = [sys.executable, "-m", "openami", "radio"]
    with subprocess.Popen(
        [*command, "transmit", "-", "--format", "cs16", "--seconds", "0.4", "--carrier", "912.7e6"],
        stdout=subprocess.PIPE,
        env=os.environ,
    ) as sender:
        done = subprocess.run(
            [*command, "decode", "-", "--format", "cs16"],
            stdin=sender.stdout,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 13


def test_samples_end_where_the_head_says(tmp_path: Path) -> None:
    file = tmp_path / "air.wav"
    run("transmit", str(file), "--seconds", "0.4", "--carrier", "912.7e6")
    found = lines(str(file))
    file.write_bytes(file.read_bytes() * 2)
    assert lines(str(file)) == found


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("decode", "FILE.bin"), 2, "--format cu8"),
        (("decode", "FILE.wav"), 1, "no WAV file"),
        (("decode", "FILE.cu8", "--rate", "250000"), 1, "at least 1e+06"),
        (("decode", "FILE.cu8", "--kind", "R900"), 1, "R900"),
        (("decode", "missing.cu8"), 1, "no such file"),
        (("transmit", "FILE.cu8", "--kind", "R900"), 2, "R900"),
        (("transmit", "FILE.cu8", "--hop", "0.01"), 1, "a hop"),
        (("transmit", "FILE.cu8", "--rate", "1000"), 1, "at least 1e+06"),
        (("transmit", "FILE.cu8", "--consumption", "99999999"), 1, "24 bits"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], code: int, sentence: str, tmp_path: Path) -> None:
    for name in ("FILE.bin", "FILE.wav", "FILE.cu8"):
        (tmp_path / name).write_bytes(bytes(64))
    given = [each.replace("FILE", str(tmp_path / "FILE")) for each in arguments]
    found, _, err = run(*given)
    assert found == code
    assert sentence in " ".join(err.split())
