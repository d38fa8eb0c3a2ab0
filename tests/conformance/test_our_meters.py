"""Every case against our own meters: a CompactIQ over the wrapper and over HDLC, and others for what it has not."""

import json
from pathlib import Path

import pytest

from conforming import Station, company, judged, logins_of, new_company, over_hdlc, over_tcp
from openami.conformance.case import Case
from openami.conformance.suite import SUITE
from openami.conformance.verdict import Group, Verdict

#: Cases that a CompactIQ has nothing for, and what the report says of them: the page of cases says the same.
RESULTS = Path(__file__).resolve().parents[2] / "docs" / "reference" / "conformance.json"
NOT_APPLICABLE = {
    name: found["why"] for name, found in json.loads(RESULTS.read_text(encoding="utf-8"))["not_applicable"].items()
}
OVER_TCP = [case for case in SUITE if case.group is not Group.HDLC]
OVER_HDLC = [case for case in SUITE if case.group in {Group.HDLC, Group.APPLICATION}]
SPARE = bytes(range(0x70, 0x80))
UNDECIDED = {"COSEM_PUSH"}
"""Cases that cannot be decided over the connection of the test."""


def check(outcome, expected: dict[str, str]) -> None:
    """Passed, or not applicable for the reason that is known."""
    why = expected.get(outcome.name)
    other = Verdict.INCONCLUSIVE if outcome.name in UNDECIDED else Verdict.NOT_APPLICABLE
    assert outcome.verdict is (Verdict.PASS if why is None else other), outcome
    assert (why or "") in outcome.detail


@pytest.mark.parametrize("case", OVER_TCP, ids=lambda case: case.name)
async def test_compactiq_over_the_wrapper(case: Case) -> None:
    found = new_company() if "Key_Tx" in case.name else company()
    logins = logins_of(found, spare_key=SPARE)
    check(await judged(over_tcp(found.fleet, *logins, allows_writes=True), case.name), NOT_APPLICABLE)


@pytest.mark.parametrize("case", OVER_HDLC, ids=lambda case: case.name)
async def test_compactiq_over_hdlc(case: Case) -> None:
    found = company()
    station = Station(settings={"inactivity_s": 0.4})
    way = over_hdlc(found.fleet, *logins_of(found), station=station, inactivity_s=0.4)
    check(await judged(way, case.name), NOT_APPLICABLE)
