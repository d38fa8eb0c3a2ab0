"""Code in the documentation runs: every Python block, in the order of its page, and every example."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.pages import ROOT, blocks, every_page, name
from served import served
from upped import up_once

README = ROOT / "README.md"
EXAMPLES = ROOT / "examples"
SHIPMENT, STORE = "meters/shipment.csv", "up/headend"
ARGUMENTS = {
    "decode_apdu.py": [],
    "headend_store.py": [STORE],
    "metering_minute.py": [],
    "read_profile.py": [SHIPMENT],
    "read_register.py": [SHIPMENT],
    "serve_and_read.py": [],
}
KEYS = """
frame = bytes.fromhex('''{}''')
encryption_key = bytes.fromhex("000102030405060708090A0B0C0D0E0F")
authentication_key = bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
"""
"""What the README shows in words before its first block of Python."""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder as the pages assume it: `meters` in service, and `up` that has been read once."""
    folder = tmp_path_factory.mktemp("workspace")
    up_once(folder / "up", "--meters", "2")
    with served(folder / "meters", count=2):
        yield folder


def run(folder: Path, *words: str) -> str:
    """Run Python in a folder, warnings being errors; what it prints."""
    command = [sys.executable, "-W", "error", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.mark.parametrize("page", [page for page in every_page() if blocks(page, "python")], ids=name)
def test_the_blocks_of_a_page_run_one_after_the_other(page: Path, workspace: Path) -> None:
    frame, *_ = blocks(README, "text")
    given = KEYS.format(frame) if page == README else ""
    assert run(workspace, "-c", "\n".join([given, *blocks(page, "python")]))


def test_the_readme_reads_the_apdu_as_it_says(workspace: Path) -> None:
    frame, reading, *_ = blocks(README, "text")
    program, *_ = blocks(README, "python")
    assert run(workspace, "-c", KEYS.format(frame) + program) == reading
    assert run(workspace, str(EXAMPLES / "decode_apdu.py")) == reading
    assert frame in (EXAMPLES / "decode_apdu.py").read_text(encoding="utf-8")


def test_every_example_is_run() -> None:
    assert {file.name for file in EXAMPLES.glob("*.py")} == ARGUMENTS.keys()


@pytest.mark.parametrize("example", sorted(ARGUMENTS))
def test_an_example_runs(example: str, workspace: Path) -> None:
    assert run(workspace, str(EXAMPLES / example), *ARGUMENTS[example])


def test_the_minute_is_exact(workspace: Path) -> None:
    lines = run(workspace, str(EXAMPLES / "metering_minute.py")).splitlines()
    assert f"[{1_234_567 * 60}, 0] mJ in" in lines[0]
    assert f"[{1_234_567 * 900}, 0] mJ in" in lines[1]
    assert f"[{1_234_567 * 900 // 3_600_000}, 0] Wh in, [0, 125] Wh out" in lines[2]


def test_the_store_holds_ten_days_of_both_meters(workspace: Path) -> None:
    lines = run(workspace, str(EXAMPLES / "headend_store.py"), STORE).splitlines()
    assert len(lines) == 2
    assert all("in use, 959 intervals" in line or "in use, 960 intervals" in line for line in lines)
