"""`openami radio meters` and `openami headend ert`: from virtual meters on the air to readings in the store."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openami.cli import app

RUNNER = CliRunner()
AT = "2026-11-02T07:00:00+01:00"


def run(*arguments: object) -> tuple[int, str, str]:
    done = RUNNER.invoke(app, [str(each) for each in arguments])
    return done.exit_code, done.stdout, done.stderr


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_half_an_hour_of_twenty_meters_into_the_store(tmp_path: Path) -> None:
    air, ours, data = tmp_path / "air.jsonl", tmp_path / "endpoints.csv", tmp_path / "data"
    made = run("radio", "meters", air, "--count", 20, "--seconds", 1800, "--at", AT, "--endpoints", ours)
    assert made[0] == 0, made
    told = lines(air)
    assert {each["kind"] for each in told} == {"SCM", "IDM"}
    assert len({each.get("endpoint_id", each.get("serial_number")) for each in told}) == 20
    ours.write_text("".join(ours.read_text().splitlines(keepends=True)[:-1]))  # one stays nobody's
    code, out, _ = run("headend", "ert", "endpoints", ours, "--data", data)
    assert (code, out) == (0, "19 added, 0 updated, 0 unchanged\n")
    code, out, err = run("headend", "ert", "import", air, "--data", data, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["messages"], found["meters"], found["discovered"]) == (len(told), 19, 1)
    assert found["intervals"] >= 19 * 47
    code, out, _ = run("headend", "ert", "import", air, "--data", data)
    assert code == 0
    assert " 0 new intervals (0 of them filled), 0 new events, 0 endpoints discovered" in out
    [other] = json.loads(run("headend", "ert", "heard", "--data", data, "--json")[1])
    assert (other["endpoint"], other["commodity"]) == (66_000_019, "electricity")
    assert "66000019" in run("headend", "ert", "heard", "--data", data)[1]
    code, out, _ = run("headend", "ert", "register", 66_000_019, "NEW1", "--data", data)
    assert (code, out) == (0, "endpoint 66000019 is that of meter NEW1: added\n")
    assert json.loads(run("headend", "ert", "heard", "--data", data, "--json")[1]) == []
    code, _, err = run("headend", "ert", "register", 66_000_019, "NEW2", "--data", data)
    assert code == 1
    assert "is that of meter NEW1 already" in err


def test_samples_are_found_by_our_receiver_and_taken_in(tmp_path: Path) -> None:
    air, data = tmp_path / "air.cu8", tmp_path / "data"
    settings = ("--count", 60, "--seconds", 3, "--at", AT, "--rate", 1_048_576, "--seed", 3)
    assert run("radio", "meters", air, *settings)[0] == 0
    assert air.stat().st_size == 2 * 3 * 1_048_576
    assert run("radio", "meters", tmp_path / "air.jsonl", *settings)[0] == 0
    told = lines(tmp_path / "air.jsonl")
    assert told
    arguments = ("headend", "ert", "import", air, "--rate", 1_048_576, "--data", data, "--json")
    code, _, err = run(*arguments)
    assert code == 2
    assert "say when the capture began" in err
    code, out, _ = run(*arguments, "--start", AT)
    assert code == 0
    assert json.loads(out)["messages"] >= len(told), "what the model hears is there in the samples"
    heard = json.loads(run("headend", "ert", "heard", "--data", data, "--json")[1])
    assert {each["endpoint"] for each in heard} >= {each["endpoint_id"] for each in told if "endpoint_id" in each}
    assert all(each["receiver"] == "air.cu8" for each in heard)


def test_bad_lines_are_named_and_the_end_is_a_failure(tmp_path: Path) -> None:
    file = tmp_path / "walk.jsonl"
    file.write_text('nonsense\n{"octets": "00", "at": 1}\n')
    code, out, err = run("headend", "ert", "import", file, "--data", tmp_path / "data")
    assert code == 1
    assert out.startswith("0 messages of 0 radio meters")
    assert "openami: line 1: is no JSON document" in err
    assert "openami: line 2: 1 octets are no SCM" in err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("radio", "meters", "air.cu8", "--product", "ad11a"), 2, "ad11a has no radio"),
        (("radio", "meters", "air.cu8", "--product", "toaster"), 2, "no product 'toaster'"),
        (("radio", "meters", "air.cu8", "--weakest", "-10", "--strongest", "-20"), 2, "the weakest is at -10 dB"),
        (("radio", "meters", "air.xyz"), 2, "--format"),
        (("meter", "serve", "c3a1h"), 1, "it tells by radio, see `openami radio meters`"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    arguments: tuple[str, ...], code: int, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found, _, err = run(*arguments)
    assert found == code
    assert sentence in " ".join(err.replace("│", " ").split())
