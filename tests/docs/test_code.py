"""Code in the documentation runs: every Python block, in the order of its page, and every example."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import openami
from cable import Cable, plugged
from docs.pages import ROOT, blocks, every_page, name, read
from served import Served, served
from upped import up_once

README = ROOT / "README.md"
EXAMPLES = ROOT / "examples"
SHIPMENT, STORE = "meters/shipment.csv", "up/headend"
ARGUMENTS = {
    "decode_apdu.py": [],
    "headend_store.py": [STORE],
    "listen_to_pushes.py": [],
    "metering_minute.py": [],
    "own_server.py": [],
    "read_hdlc.py": ["hdlc://127.0.0.1:4001", SHIPMENT],
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


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder, and where the places are that pages name."""

    folder: Path
    places: Mapping[str, str]

    def here(self, text: str) -> str:
        """Put the real places into a text."""
        for named, real in self.places.items():
            text = text.replace(named, real)
        return text

    def run(self, *words: str) -> str:
        """Run Python in the folder, warnings being errors; what it prints."""
        command = [sys.executable, "-W", "error", *map(self.here, words)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout


def places(meters: Served, cable: Cable) -> dict[str, str]:
    """What pages write where the test has something else: usual ports, a usual serial port."""
    hdlc = meters.ready["hdlc"][0].partition("?")[0]
    return {
        "tcp://127.16.0.1:4059": meters.ready["addresses"][0],
        "udp://127.16.0.1:4059": meters.ready["udp"][0],
        "hdlc://127.0.0.1:4001": hdlc,
        '("127.0.0.1", 4001)': f'("127.0.0.1", {hdlc.rpartition(":")[2]})',
        "/dev/ttyUSB0": cable.client,
    }


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A folder as the pages assume it: `meters` in service every way, and `up` that has been read once."""
    folder = tmp_path_factory.mktemp("workspace")
    up_once(folder / "up", "--meters", "2")
    with plugged() as cable:
        ways = ("--udp", "--hdlc", "0", "--serial", cable.server)
        with served(folder / "meters", *ways, count=2) as meters:
            yield Workspace(folder, places(meters, cable))


@pytest.mark.parametrize("page", [page for page in every_page() if blocks(page, "python")], ids=name)
def test_the_blocks_of_a_page_run_one_after_the_other(page: Path, workspace: Workspace) -> None:
    frame, *_ = blocks(README, "text")
    given = KEYS.format(frame) if page == README else ""
    assert workspace.run("-c", "\n".join([given, *blocks(page, "python")]))


def test_the_readme_reads_the_apdu_as_it_says(workspace: Workspace) -> None:
    frame, reading, *_ = blocks(README, "text")
    program, *_ = blocks(README, "python")
    assert workspace.run("-c", KEYS.format(frame) + program) == reading
    assert workspace.run(str(EXAMPLES / "decode_apdu.py")) == reading
    assert frame in (EXAMPLES / "decode_apdu.py").read_text(encoding="utf-8")


def test_every_example_is_run() -> None:
    assert {file.name for file in EXAMPLES.glob("*.py")} == ARGUMENTS.keys()


@pytest.mark.parametrize("example", sorted(ARGUMENTS))
def test_an_example_runs(example: str, workspace: Workspace) -> None:
    assert workspace.run(str(EXAMPLES / example), *ARGUMENTS[example])


def test_the_minute_is_exact(workspace: Workspace) -> None:
    lines = workspace.run(str(EXAMPLES / "metering_minute.py")).splitlines()
    assert f"[{1_234_567 * 60}, 0] mJ in" in lines[0]
    assert f"[{1_234_567 * 900}, 0] mJ in" in lines[1]
    assert f"[{1_234_567 * 900 // 3_600_000}, 0] Wh in, [0, 125] Wh out" in lines[2]


def test_the_store_holds_ten_days_of_both_meters(workspace: Workspace) -> None:
    lines = workspace.run(str(EXAMPLES / "headend_store.py"), STORE).splitlines()
    assert len(lines) == 2
    assert all("in use, 959 intervals" in line or "in use, 960 intervals" in line for line in lines)


ROW = re.compile(r"^\| `([^`]+)`", re.MULTILINE)
NEEDS_A_BAD_METER = {
    "permission denied",
    "SNRM by DM: it takes no connection now",
    "no answer to RR",
    "answered FRMR",
    "the server could not decipher the request",
    "the server expects an invocation counter of at least",
}
"""Sentences of tables that no meter of ours says; tests of the protocol provoke them."""


def sentences(page: str) -> list[str]:
    """What the last table of a how-to explains; where a sentence holds a name or number, its beginning."""
    _, _, table = read(ROOT / "docs" / "howto" / page).rpartition("| sentence |")
    return [re.split(r"(?: \()?…| \d", sentence)[0].strip() for sentence in ROW.findall(table)]


async def said(url: str, **facts: object) -> str:
    """What becomes of reading a register."""
    try:
        async with openami.connect(url, **facts) as meter:  # type: ignore[arg-type]
            await meter.get(openami.Register.value, "1.0.1.8.0.255")
    except openami.AmiError as error:
        return str(error)
    return "nothing is wrong"


async def provoked(places: Mapping[str, str]) -> list[str]:
    """Do wrong what can be done wrong with a good meter."""
    tcp, port = places["tcp://127.16.0.1:4059"], places["/dev/ttyUSB0"]
    wrong = openami.Security.hls5(encryption_key=bytes(16), authentication_key=bytes(16), client_title=b"OAMTEST\0")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = [
            await said(f"tcp://127.0.0.1:{silent.getsockname()[1]}", client=16, timeout_s=0.1),
            await said("tcp://127.0.0.1:1", client=16),
            await said("serial:///dev/ttyNONE"),
            await said(f"serial://{port}?server=1/99&timeout=0.1&retries=0", client=16),
            await said(tcp),
            await said(tcp, client=16),
            await said(tcp, security=wrong),
        ]
    async with openami.connect(f"serial://{port}?server=1/17", client=16):
        return [*found, await said(f"serial://{port}?server=1/17", client=16)]


async def test_tables_of_sentences_quote_what_is_said(workspace: Workspace) -> None:
    quoted = {sentence for page in ("read-a-meter.md", "serial.md") for sentence in sentences(page)}
    heard = await provoked(workspace.places)
    assert len(quoted) > len(NEEDS_A_BAD_METER) + 5
    assert {sentence for sentence in quoted if not any(sentence in text for text in heard)} == NEEDS_A_BAD_METER
