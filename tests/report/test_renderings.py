"""One description, four renderings: each says the same, and the same description makes the same octets."""

import json
from io import BytesIO, StringIO
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from openami.report import pdf, spreadsheet, terminal, values
from openami.report.document import (
    Axis,
    Column,
    Document,
    Heading,
    Outcome,
    Paragraph,
    Picture,
    Series,
    Table,
    Verdict,
    written,
)
from openami.report.scale import Scale, scales
from report.pages import pages, sheets

HEAD = (
    Column("point", "point", is_number=True),
    Column("name", "name"),
    Column("error", "error", "%", 2, is_signed=True, is_number=True),
    Column("verdict", "verdict"),
    Column("note", "note", is_minor=True),
)
ROWS = ((1, "balanced", 0.126, Outcome.PASS, "small"), (2, "=SUM(A1) <b>", -2.5, Outcome.FAIL, None))
CURVE = Picture(
    "curve", "Errors", Axis("current", "A", is_logarithmic=True), Axis("error", "%"),
    (
        Series("meters", ((0.25, 0.1), (5.0, -0.2), (100.0, 0.3)), "marks"),
        Series("limit", ((0.25, 1.5), (0.5, 1.5), (0.5, 1.0), (100.0, 1.0)), "limit"),
    ),
)  # fmt: skip
PAPER = Document(
    "Trial & error", "No certificate.",
    (
        Paragraph("Measured at φ = 60°, ≤ 1 %."), Heading("Verdict"),
        Verdict("one", Outcome.FAIL, "class 1: line 2 outside"), Verdict("two", Outcome.PASS, "class 2: all inside"),
        Table("points", "Points", HEAD, ROWS), CURVE,
        Table("all", "All of them", HEAD, ROWS * 80, is_detail=True),
    ),
)  # fmt: skip


def shown(document: Document, *, detail: bool = False, width: int = 110) -> str:
    out = StringIO()
    terminal.show(document, Console(file=out, width=width, markup=False, emoji=False), detail=detail)
    return out.getvalue()


# The terminal


def test_the_terminal_shows_every_block_but_details() -> None:
    text = shown(PAPER)
    for words in ("Trial & error", "No certificate.", "φ = 60°", "FAIL  class 1: line 2 outside", "PASS  class 2"):
        assert words in text
    assert "-2.50" in text
    assert "+0.13" in text
    assert "=SUM(A1) <b>" in text
    assert "note" not in text
    assert "All of them" not in text
    assert "All of them" in shown(PAPER, detail=True)


def test_the_terminal_draws_the_picture() -> None:
    text = shown(PAPER)
    drawn = [line for line in text.splitlines() if "┤" in line]
    assert sum(line.count("•") for line in drawn) == 3
    assert any(line.count("-") > 50 for line in drawn)
    assert "• meters   - limit" in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_numbers_are_never_broken(width: int) -> None:
    lines = [line for line in shown(PAPER, width=width).splitlines() if "balanced" in line]
    assert any("+0.13" in line and "pass" in line for line in lines)


# JSON


def test_values_are_json_with_every_digit() -> None:
    found = json.loads(json.dumps(values.render(PAPER)))
    assert (found["title"], found["claim"], found["passed"]) == ("Trial & error", "No certificate.", False)
    assert found["tables"]["points"][1] == {
        "point": 2, "name": "=SUM(A1) <b>", "error": -2.5, "verdict": "fail", "note": None,
    }  # fmt: skip
    assert found["verdicts"][0] == {"key": "one", "outcome": "fail", "text": "class 1: line 2 outside"}
    assert found["pictures"]["curve"]["meters"][0] == [0.25, 0.1]
    assert len(found["tables"]["all"]) == 160


def test_values_stay_json_where_a_number_has_no_end() -> None:
    endless = Document("t", "c", (Table("t", "t", HEAD[2:3], ((inf,),)),))
    text = json.dumps(values.render(endless), allow_nan=False)
    assert json.loads(text)["tables"]["t"] == [{"error": None}]


# PDF


def test_the_pages_hold_every_word_and_the_claim_at_every_foot() -> None:
    found = pages(pdf.render(PAPER))
    assert len(found) > 3
    text = "\n".join(found)
    for words in (
        "Trial & error",
        "phi = 60°, ≤ 1 %",
        "class 1: line 2 outside",
        "=SUM(A1) <b>",
    ):
        assert words in text
    assert all("No certificate." in page and f"page {number}" in page for number, page in enumerate(found, start=1))
    assert text.count("balanced") == 81
    assert "note" not in text


def test_the_head_of_a_table_stands_on_each_of_its_pages() -> None:
    assert all("verdict" in page for page in pages(pdf.render(PAPER)))


def test_a_sign_that_the_typeface_lacks_is_put_in_letters() -> None:
    [page] = pages(pdf.render(Document("Ωφ漢", "c", ())))
    assert "Ωphi?" in page


def test_one_document_makes_one_file() -> None:
    assert pdf.render(PAPER) == pdf.render(PAPER)
    assert spreadsheet.render(PAPER) == spreadsheet.render(PAPER)


# XLSX


def test_the_workbook_has_a_sheet_for_each_table_and_numbers_stay_numbers() -> None:
    found = sheets(spreadsheet.render(PAPER))
    assert list(found) == ["report", "points", "curve", "all"]
    assert found["points"][0] == ["point", "name", "error, %", "verdict", "note"]
    assert found["points"][1] == [1, "balanced", 0.126, "pass", "small"]
    assert found["points"][2] == [2, "=SUM(A1) <b>", -2.5, "fail", None]
    assert any("No certificate." in (cell or "") for row in found["report"] for cell in row if isinstance(cell, str))
    assert len(found["all"]) == 161


def test_the_workbook_draws_the_picture() -> None:
    from zipfile import ZipFile

    with ZipFile(BytesIO(spreadsheet.render(PAPER))) as parts:
        chart = parts.read("xl/charts/chart1.xml").decode()
    assert "<c:scatterChart>" in chart
    assert '<c:logBase val="10"/>' in chart
    assert chart.count("<c:ser>") == 2


# Words and scales


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, "–"), (True, "yes"), (3, "3"), (0.1234, "+0.12"), (-1.0, "-1.00"), (Outcome.NONE, "not judged"), ("x", "x"),
     (inf, "+inf")],
)  # fmt: skip
def test_cells_are_written_for_people(cell, text: str) -> None:
    assert written(cell, HEAD[2]) == text


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_linear_axis_holds_its_values_between_round_figures(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    scale = Scale.steps(low, high)
    assert -1e-6 <= scale.place(low) <= scale.place(high) <= 1 + 1e-6
    assert 2 <= len(scale.ticks) <= 10


@given(st.floats(1e-6, 1e6), st.floats(1, 1e6))
def test_a_logarithmic_axis_holds_its_values(low: float, ratio: float) -> None:
    scale = Scale.ratios(low, low * ratio)
    assert 0 < scale.place(low) <= scale.place(low * ratio) < 1
    assert all(0 < scale.place(tick) < 1 for tick in scale.ticks)


def test_axes_without_points_go_from_somewhere_to_somewhere() -> None:
    empty = Picture("e", "e", Axis("x", is_logarithmic=True), Axis("y"), ())
    across, up = scales(empty)
    assert across.low < across.high
    assert up.low < up.high
    assert pages(pdf.render(Document("t", "c", (empty,))))
    assert "e (y)" in shown(Document("t", "c", (empty,)))
