"""A meter that sends anything at all gets verdicts: no case crashes, hangs or grows."""

from random import Random

import pytest

from conforming import MANAGEMENT, PUBLIC, Meter, Provider, Station, company, logins_of, over_hdlc, over_tcp, same
from openami.conformance.runner import run_cases
from openami.conformance.suite import SUITE
from openami.conformance.verdict import Group, Verdict
from openami.dlms.acse import AARE

IMPATIENT = {"response_s": 0.02, "silence_s": 0.01, "gap_s": 0.02, "limit_s": 3.0, "allows_writes": True}
ON_WRAPPER = [case for case in SUITE if case.group is not Group.HDLC]
ON_HDLC = [case for case in SUITE if case.group is Group.HDLC]


def noise(dice: Random):
    """Answers of any octets."""
    return lambda _: dice.randbytes(dice.randrange(1, 60))


def spoiled(dice: Random, per_cent: int):
    """Now and then a bit of an answer is changed, or its end is missing."""

    def spoil(data: bytes) -> bytes:
        if dice.randrange(100) >= per_cent:
            return data
        if dice.randrange(3) == 0:
            return data[: dice.randrange(1, len(data) + 1)]
        place = dice.randrange(len(data))
        return data[:place] + bytes((data[place] ^ 1 << dice.randrange(8),)) + data[place + 1 :]

    return spoil


def honest_openings(spoil):
    """AAREs are right, so that what follows is reached."""

    def change(data: bytes) -> bytes:
        return data if data[:1] == b"\x61" and AARE.decode(data) else spoil(data)

    return change


async def verdicts(way, cases) -> list[Verdict]:
    """Run all cases; their verdicts."""
    async with way as target:
        return [outcome.verdict for outcome in await run_cases(target, cases)]


@pytest.mark.parametrize("seed", range(3))
async def test_any_octets_for_answers(seed: int) -> None:
    provider = Provider(Meter(), same, noise(Random(seed)))
    found = await verdicts(over_tcp(provider, PUBLIC, MANAGEMENT, **IMPATIENT), ON_WRAPPER)
    assert Verdict.FAIL in found
    assert len(found) == len(ON_WRAPPER)


@pytest.mark.parametrize("seed", range(4))
async def test_answers_with_a_wrong_bit(seed: int) -> None:
    public, management = logins_of(company())
    provider = Provider(company().fleet, same, honest_openings(spoiled(Random(seed), 30)))
    way = over_tcp(provider, public, management, **{**IMPATIENT, "allows_writes": False})
    found = await verdicts(way, ON_WRAPPER)
    assert Verdict.FAIL in found


@pytest.mark.parametrize("seed", range(3))
async def test_a_line_with_wrong_bits(seed: int) -> None:
    dice = Random(seed)
    for says in (noise(dice), spoiled(dice, 20)):
        way = over_hdlc(Meter(), station=Station(says=says), inactivity_s=0.02, **IMPATIENT)
        found = await verdicts(way, ON_HDLC)
        assert len(found) == len(ON_HDLC)
