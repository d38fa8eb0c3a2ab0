"""`meter clone`, `import` and `diff`, and what takes a product file in the place of a name."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openami.cli import app
from served import Served, served

RUNNER = CliRunner()
SHEET = "class,version,logical name,name,attributes\n3,0,1-0:1.8.0,import,2:value:double-long-unsigned:R=7\n"


def run(*words: object) -> tuple[int, str, str]:
    done = RUNNER.invoke(app, ["meter", *map(str, words)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="module")
def meters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("fleet"), "--history", "1") as found:
        yield found


@pytest.fixture(scope="module")
def twin(meters: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a clone."""
    path = tmp_path_factory.mktemp("clone") / "twin.toml"
    code, _, err = run("clone", url(meters), "--out", path, "--rows", 3, *keys(meters))
    assert code == 0, err
    assert re.match(r"\d+ objects written to .*twin\.toml, 0 values not told\n", err)
    return path


def url(meters: Served) -> str:
    return f"tcp://{meters.meters[0]['address']}:{meters.meters[0]['port']}"


def keys(meters: Served) -> tuple[str, str]:
    return "--keys", str(meters.ready["shipment"])


def test_the_file_holds_no_key(meters: Served, twin: Path) -> None:
    text = twin.read_text(encoding="utf-8").lower()
    for name in ("encryption_key", "authentication_key", "master_key"):
        assert meters.meters[0][name].lower() not in text


def test_a_file_is_shown_like_a_product(twin: Path) -> None:
    code, out, _ = run("show", twin, "--json")
    assert code == 0
    document = json.loads(out)
    assert (document["product"], document["title"], document["face"]) == ("twin", "twin", "plain")
    assert len(document["objects"]) > 80
    code, out, _ = run("show", twin)
    assert code == 0
    assert "1.0.99.1.0.255" in out


def test_a_meter_and_its_clone_are_alike(meters: Served, twin: Path) -> None:
    code, out, err = run("diff", url(meters), twin, *keys(meters))
    assert (code, out) == (0, "")
    assert err.endswith("twin are alike\n")
    code, out, _ = run("diff", url(meters), twin, "--json", "--volatile", *keys(meters))
    document = json.loads(out)
    assert code == 1
    assert {one["kind"] for one in document["differences"]} == {"value"}
    assert (document["a"], document["b"]) == (url(meters), "twin")


def test_two_meters_with_keys_in_two_files(meters: Served) -> None:
    code, _, err = run("diff", url(meters), url(meters), *keys(meters), "--other-keys", meters.ready["shipment"])
    assert code == 0, err


def test_differences_are_shown_and_make_the_exit_code(twin: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    text = twin.read_text(encoding="utf-8")
    path.write_text(text.replace("capture_period = 900", "capture_period = 1800", 1), encoding="utf-8")
    code, out, _ = run("diff", twin, path)
    assert code == 1
    assert "1 difference" in out
    assert re.search(r"7 +1\.0\.99\.1\.\d\.255 +value +attribute 4 +900 +1800", out)


def test_saved_lists(meters: Served, tmp_path: Path) -> None:
    paths = [tmp_path / "here.json", tmp_path / "there.json"]
    for path in paths:
        done = RUNNER.invoke(app, ["read", url(meters), "--objects", "--json", *keys(meters)])
        path.write_text(done.stdout, encoding="utf-8")
    assert run("diff", *paths)[0] == 0
    assert run("diff", url(meters), paths[0], *keys(meters))[0] == 0
    paths[1].write_text(json.dumps(json.loads(paths[1].read_text(encoding="utf-8"))[:-1]), encoding="utf-8")
    assert run("diff", *paths)[0] == 1


@pytest.mark.parametrize("side", ["nosuch", "nosuch.toml", "nosuch.json"])
def test_what_cannot_be_compared(side: str) -> None:
    code, out, err = run("diff", "compactiq", side)
    assert (code, out) == (2, "")
    assert "nosuch" in err


def test_a_list_becomes_a_meter_that_can_be_served(tmp_path: Path) -> None:
    sheet, out = tmp_path / "objects.csv", tmp_path / "new.toml"
    sheet.write_text(SHEET, encoding="utf-8")
    code, _, err = run("import", sheet, "--out", out, "--name", "M1")
    assert (code, err) == (0, f"4 objects written to {out}\n")
    assert 'model = "M1"' in out.read_text(encoding="utf-8")
    with served(tmp_path / "new", "--history", "0", product=str(out)) as fleet:
        shipment = str(fleet.ready["shipment"])
        done = RUNNER.invoke(app, ["read", url(fleet), "1-0:1.8.0", "--json", "--keys", shipment])
        assert json.loads(done.stdout)[0]["value"] == 7
    with served(tmp_path / "new", "--history", "0", product=str(out)) as fleet:
        assert fleet.meters[0]["product"] == "new"


def test_bad_rows_are_refused_or_left_out(tmp_path: Path) -> None:
    sheet, out = tmp_path / "objects.csv", tmp_path / "new.toml"
    sheet.write_text(SHEET + "3,0,1.0.300.8.0.255,export,\n", encoding="utf-8")
    code, _, err = run("import", sheet, "--out", out)
    assert code == 1
    assert "objects.csv: sheet 'objects.csv', row 3: OBIS code '1.0.300.8.0.255': group C is 300" in err
    assert "1 row cannot be read; --skip leaves them out" in err
    assert not out.exists()
    code, _, err = run("import", sheet, "--out", out, "--skip")
    assert code == 0
    assert "row 3" in err
    assert out.exists()


@pytest.mark.parametrize(
    "words", [["clone", "tcp://127.0.0.1:1", "--out", "twin.json"], ["clone", "nonsense://", "--out", "twin.toml"]]
)
def test_wrong_usage(words: list[str]) -> None:
    assert run(*words)[0] == 2


def test_a_meter_that_is_not_there(tmp_path: Path) -> None:
    code, _, err = run("clone", "tcp://127.0.0.1:1", "--out", tmp_path / "twin.toml")
    assert code == 1
    assert "refused the connection" in err
    assert not (tmp_path / "twin.toml").exists()


def test_cloned_and_served_at_once(meters: Served, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "openami", "meter", "clone", url(meters), "--out", str(tmp_path / "twin.toml")]
    with subprocess.Popen(
        [*command, *keys(meters), "--rows", "1", "--serve"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            where = next(found[0] for line in process.stdout if (found := re.search(r"tcp://[\d.]+:\d+", line)))
            done = RUNNER.invoke(app, ["read", where, "--objects", "--json"])
            assert {one["logical_name"] for one in json.loads(done.stdout)} >= {"0.0.1.0.0.255", "0.0.42.0.0.255"}
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
