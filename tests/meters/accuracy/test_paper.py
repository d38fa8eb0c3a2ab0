"""The report: what it says when all is well, what when meters are spoiled, and what it never says."""

from functools import cache

import pytest

from meters.small_fleet import compactiq
from openami.meters.accuracy.paper import CLAIM, paper, spans
from openami.meters.accuracy.setup import Trial
from openami.report.document import Document, Outcome, Paragraph, Picture, Table, Verdict


@cache
def report(gain: float = 0.0) -> Document:
    trial = Trial.of(compactiq(), 3, names=["IEC 62053-21 1", "IEC 62053-23 3"], gain_percent=gain)
    return paper(trial, trial.run())


def tables(document: Document) -> dict[str, Table]:
    return {block.key: block for block in document.blocks if isinstance(block, Table)}


def verdicts(document: Document) -> dict[str, Verdict]:
    return {block.key: block for block in document.blocks if isinstance(block, Verdict)}


def column(table: Table, key: str) -> list[object]:
    place = [each.key for each in table.head].index(key)
    return [row[place] for row in table.rows]


def words(document: Document) -> str:
    return "\n".join(block.text for block in document.blocks if isinstance(block, Paragraph))


def test_it_says_what_it_is_and_is_not() -> None:
    for document in (report(), report(2.0)):
        assert document.claim == CLAIM
        assert "Simulation report" in document.claim
        assert "never a certificate" in document.claim
        assert document.title.endswith("simulated")


def test_good_meters_pass_with_every_line() -> None:
    document = report()
    assert not document.has_failed
    found = verdicts(document)["IEC 62053-21 1"]
    assert (found.outcome, found.text) == (
        Outcome.PASS, "IEC 62053-21 class 1: all 86 lines inside their limits, with all 3 meters",
    )  # fmt: skip
    assert "outside" not in tables(document)
    assert set(column(tables(document)["lines-1"], "verdict")) == {Outcome.PASS}


def test_spoiled_meters_fail_and_it_says_on_which_lines() -> None:
    document = report(2.0)
    assert document.has_failed
    outside = tables(document)["outside"]
    numbers = column(outside, "line")
    assert numbers
    assert set(column(outside, "verdict")) == {Outcome.FAIL}
    text = verdicts(document)["IEC 62053-21 1"].text
    assert f"{len(numbers)} of 86 lines outside ({spans(numbers)}), 3 of 3 meters" in text
    every = tables(document)["lines-1"]
    failed = [
        n for n, outcome in zip(column(every, "line"), column(every, "verdict"), strict=True) if outcome is Outcome.FAIL
    ]
    assert failed == numbers
    assert "each spoiled by +2 % of gain" in words(document)
    assert verdicts(document)["IEC 62053-23 3"].outcome is Outcome.PASS


def test_lines_are_numbered_through_all_classes() -> None:
    found = tables(report())
    numbers = column(found["lines-1"], "line") + column(found["lines-2"], "line")
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_worst_of_a_line_is_its_meter_and_not_above_the_limit() -> None:
    every = tables(report())["lines-1"]
    for worst, limit, meter in zip(*(column(every, key) for key in ("worst", "limit", "meter")), strict=True):
        assert abs(worst) <= limit
        assert meter in {1, 2, 3, None}


def test_limits_that_nobody_checked_are_named() -> None:
    document = report()
    unsure = [
        number
        for key in ("lines-1", "lines-2")
        for number, sure in zip(
            column(tables(document)[key], "line"), column(tables(document)[key], "verified"), strict=True
        )
        if not sure
    ]
    assert 0 < len(unsure) < 140
    assert f"Unverified limits, {len(unsure)} of 140 lines ({spans(unsure)})" in words(document)
    assert "general knowledge" in words(document)
    assert "the maker states edition 2021; the table is of 2003" in words(document)


def test_the_field_is_called_arithmetic() -> None:
    assert "a.c. field is arithmetic: it is taken to lower the gain by 0.2 %" in words(report())


def test_a_summary_shows_the_line_nearest_to_its_limit() -> None:
    document = report(2.0)
    summary, every = tables(document)["summary-1"], tables(document)["lines-1"]
    worst = dict(zip(column(every, "line"), column(every, "worst"), strict=True))
    for line, value in zip(column(summary, "line"), column(summary, "worst"), strict=True):
        assert worst[line] == value
    assert column(summary, "test")[:3] == ["error, cos φ 1", "error, cos φ 0.5i", "error, cos φ 0.8c"]
    assert sum(column(summary, "outside")) == len(tables(document)["outside"].rows)


def test_a_picture_shows_every_meter_between_its_limits() -> None:
    [active, reactive] = [block for block in report().blocks if isinstance(block, Picture)]
    assert (active.key, reactive.key) == ("curve-active", "curve-reactive")
    series = {each.name: each.points for each in active.series}
    assert len(series["meters"]) == 3 * 9
    assert series["limit +"][:3] == ((0.25, 1.5), (0.5, 1.5), (0.5, 1.0))
    assert series["limit −"][-1] == (100.0, -1.0)


@pytest.mark.parametrize(
    ("numbers", "text"), [([], ""), ([4], "4"), ([1, 2, 3, 7, 9, 10], "1–3, 7, 9–10")]
)  # fmt: skip
def test_numbers_in_a_row_are_drawn_together(numbers: list[int], text: str) -> None:
    assert spans(numbers) == text
