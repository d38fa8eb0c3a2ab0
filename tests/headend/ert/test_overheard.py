"""Lines of receivers: what is read from them, and what is wrong with them."""

import json

import pytest

from headend.ert.hearing import START, Counting
from openami.core.errors import DecodeError
from openami.headend.ert.overheard import Fault, Overheard, instant, parse, read_lines

OCTETS = Counting().idm(3_010.0).message.encode().hex()


def line(**fields: object) -> str:
    return json.dumps({"octets": OCTETS, **fields})


@pytest.mark.parametrize(
    ("text", "start", "at"),
    [
        (line(at="2026-11-02T00:50:10+01:00"), None, START + 3_010),
        (line(at="2026-11-01T23:50:10.250Z", time_s=7), 5.0, START + 3_010.25),
        (line(at=START + 3_010.5), None, START + 3_010.5),
        (line(time_s=10.125), START + 3_000.0, START + 3_010.125),
    ],
)
def test_a_line_is_a_message_at_its_time(text: str, start: float | None, at: float) -> None:
    found = parse(text, start)
    assert found == Overheard(at, Counting().idm(3_010.0).message)
    assert found.counted_at == at - 10


def test_level_is_taken_where_it_is_told() -> None:
    assert parse(line(at=1.0, level_dbfs=-31.5)).level_dbfs == -31.5
    assert parse(line(at=1.0, level_dbfs="loud")).level_dbfs is None


WRONG = {
    "nonsense": "is no JSON document",
    "[1]": "expected a JSON object",
    '{"at": 1}': 'has no "octets"',
    '{"at": 1, "octets": "xyz"}': "not hexadecimal",
    '{"at": 1, "octets": "00"}': "1 octets are no SCM",
    line(): "say when the capture began",
    line(at="yesterday"): "no date-time of ISO 8601",
    line(at="2026-11-02T00:50:10"): "no offset from UTC",
    line(at=1e300): "no instant",
    '{"at": NaN, "octets": "' + OCTETS + '"}': "is no number",
    json.dumps({"at": 1, "octets": OCTETS[:-2] + "00"}): "CRC of the interval message",
    "x" * 5_000: "expected at most 4096",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_bad_line_says_what_is_wrong(text: str) -> None:
    with pytest.raises(DecodeError) as refused:
        parse(text)
    assert WRONG[text] in str(refused.value)


def test_a_bad_line_is_named_and_keeps_no_other_out() -> None:
    found = [*read_lines([line(at=1.0), "", "nonsense", line(at=2.0)])]
    assert [each if isinstance(each, Fault) else each.at for each in found] == [
        1.0, Fault(3, "is no JSON document"), 2.0,
    ]  # fmt: skip
    assert str(found[1]) == "line 3: is no JSON document"
    assert instant("2026-11-02T00:00:00+01:00") == START
