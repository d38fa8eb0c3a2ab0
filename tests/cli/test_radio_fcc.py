"""`openami radio fcc` and the waterfall: reports and pictures as a user gets them."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image
from typer.testing import CliRunner

from openami.cli import app

RUNNER = CliRunner()


def run(*arguments: str) -> tuple[int, str, str]:
    done = RUNNER.invoke(app, ["radio", *arguments])
    return done.exit_code, done.stdout, done.stderr


def text_of(data: bytes) -> str:
    with pdfium.PdfDocument(data) as pages:
        return " ".join(" ".join(page.get_textpage().get_text_range() for page in pages).split())


def test_our_own_on_paper(tmp_path: Path) -> None:
    paper, book = tmp_path / "report.pdf", tmp_path / "report.xlsx"
    code, out, err = run("fcc", "--serial", "77", "--hops", "1", "--pdf", str(paper), "--xlsx", str(book))
    assert (code, err) == (0, "")
    pages = text_of(paper.read_bytes())
    for words in (
        "7.5.3 channel dwell time: 115.23 ms",
        "41 rows follow from reading, factor and 20 log10(0.45) to 0.006 dB",
        "154 rows of 16 tables",
        "Table 7.6.3-2",
        "8.0 Conclusion",
        "never a certification",
    ):
        assert words in pages
    assert "PASS" in out
    assert "NOT JUDGED  7.5.2 number of hopping channels: 1" in out
    assert book.read_bytes().startswith(b"PK")


def test_a_gapless_burst_ends_with_1() -> None:
    code, out, _ = run("fcc", "--hops", "1", "--gap", "0", "--pause", "0", "--json")
    found = json.loads(out)
    assert (code, found["passed"]) == (1, False)
    assert [each["key"] for each in found["verdicts"] if each["outcome"] == "fail"] == ["duty"]
    measured = {each["figure"]: each for each in found["tables"]["beside"]}
    assert measured["duty cycle correction"]["agrees"] is False
    assert measured["worst dwell"]["agrees"] is True


@pytest.mark.parametrize("name", ["air.cs16", "air.wav"])
def test_a_capture(name: str, tmp_path: Path) -> None:
    file = str(tmp_path / name)
    run(
        *("transmit", file, "--seconds", "0.8", "--hop", "0.4", "--carrier", "912.3e6", "--carrier", "912.9e6"),
        *("--snr", "25", "--format", "cs16"),
    )
    code, out, err = run("fcc", file, "--centre", "912.6e6", "--full-scale", "27.38", "--claimed", "45", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    outcome = {each["key"]: each["outcome"] for each in found["verdicts"]}
    assert {key for key, each in outcome.items() if each == "pass"} == {"power", "bandwidth", "duty"}
    assert {key for key, each in outcome.items() if each == "fail"} == set()
    assert [round(each["frequency_mhz"], 3) for each in found["tables"]["power"]] == [912.3, 912.9, 912.9]
    assert found["tables"]["power"][0]["level_dbm"] == pytest.approx(21.36, abs=1)
    assert [each["visits"] for each in found["tables"]["channels"]] == [1, 1]
    assert "mains" not in found["tables"]


def test_a_capture_of_nothing(tmp_path: Path) -> None:
    file = tmp_path / "air.cu8"
    file.write_bytes(bytes([127, 128]) * 100_000)
    code, out, err = run("fcc", str(file))
    assert (code, out) == (1, "")
    assert "air.cu8: no transmission in 0.04 s of samples" in err


def test_the_picture_shows_messages_where_they_are(tmp_path: Path) -> None:
    file, picture = str(tmp_path / "air.cu8"), tmp_path / "air.png"
    run("transmit", file, "--seconds", "0.5", "--carrier", "912.9e6", "--snr", "15")
    code, out, err = run("decode", file, "--centre", "912.6e6", "--waterfall", str(picture))
    assert (code, err, len(out.splitlines())) == (0, "", 13)
    image = Image.open(BytesIO(picture.read_bytes()))
    field = np.asarray(image.convert("RGB")).astype(int)[42:-46, 74:-96]
    boxed = np.argwhere((field == (0xFF, 0x6B, 0xD0)).all(axis=2))
    top, left = boxed.min(axis=0)
    bottom, right = boxed.max(axis=0)
    assert (left + right) / 2 == pytest.approx((0.5 + 0.3e6 / 2_359_296) * 1024, abs=2), "the IDM's carrier"
    inside = field[top + 2 : bottom - 1, left + 2 : right - 1].sum(axis=2)
    assert inside.mean(axis=0).argmax() == pytest.approx((right - left) / 2, abs=4), "its line is the lightest"
    assert inside.max() > 500
    assert field[bottom + 10 :].sum(axis=2).mean() < 150, "nothing comes after it"
