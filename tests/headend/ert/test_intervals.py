"""Boundaries out of messages that overlap: lost ones, roll-over of nine bits, outages; and the clock of intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.headend.ert.counting import Clock, Counted, Following
from openami.headend.ert.intervals import FULL, Boundaries, Told, boundaries
from openami.headend.ert.overheard import Overheard
from openami.phy.ert import IDM, SCM, decode

STEPS = 200
BASE = 1_000


def idm(number: int, totals: np.ndarray, flags: int = 0, offset: int = 0) -> IDM:
    """What an endpoint with these totals tells at the end of an interval, steps saturated at nine bits."""
    steps = np.diff(totals)[:number][::-1][:47]
    told = np.minimum(np.pad(steps, (0, 47 - len(steps))), FULL)
    return IDM(4, 20, 77, number % 256, int(totals[number]), tuple(told.tolist()),
               power_outage_flags=flags.to_bytes(6, "big"), transmit_time_offset=offset)  # fmt: skip


def told(number: int, totals: np.ndarray, flags: int = 0) -> Told:
    message = decode(idm(number, totals, flags).encode())
    assert isinstance(message, IDM)
    return Told(number, int(totals[number]), message)


def shown(found: Boundaries) -> dict[int, int]:
    return dict(zip(found.number.tolist(), found.count.tolist(), strict=True))


@given(
    st.lists(st.integers(0, 40), min_size=STEPS, max_size=STEPS),
    st.sets(st.integers(60, STEPS), min_size=1, max_size=30),
)
def test_whatever_is_lost_all_within_47_intervals_of_a_message_is_exact(steps: list[int], heard: set[int]) -> None:
    totals = BASE + np.concatenate([[0], np.cumsum(steps)])
    found = boundaries([told(number, totals) for number in sorted(heard, reverse=True)])
    reached = {n for number in heard for n in range(number - 47, number + 1)}
    assert shown(found) == {n: int(totals[n]) for n in reached}
    assert set(found.number[found.is_heard].tolist()) == heard


def test_a_gap_of_more_than_47_stays_a_gap() -> None:
    totals = BASE + np.arange(STEPS + 1)
    found = shown(boundaries([told(60, totals), told(150, totals)]))
    assert {60, 103, 150} <= found.keys()
    assert not found.keys() & set(range(61, 103))


def test_a_step_too_great_for_nine_bits_leaves_open_what_it_hides() -> None:
    steps = np.full(STEPS, 5)
    steps[99] = 900  # the interval that ends at 100
    totals = BASE + np.concatenate([[0], np.cumsum(steps)])
    found = shown(boundaries([told(95, totals), told(105, totals)]))
    assert all(found[number] == totals[number] for number in found), "nothing is told wrong"
    assert set(range(100, 106)) <= found.keys()
    assert not found.keys() & {96, 97, 98, 99}
    with_it = shown(boundaries([told(95, totals), told(99, totals), told(100, totals), told(105, totals)]))
    assert all(with_it[number] == totals[number] for number in range(60, 106)), "heard on both sides, it is known"


def test_a_step_that_rolled_over_is_noticed_by_the_counts() -> None:
    """Another maker's endpoint may count modulo 512: then the steps do not lead to the count below."""
    totals = BASE + np.arange(STEPS + 1) * 3
    later = totals.copy()
    later[98:] += 512
    message = idm(105, totals)
    found = shown(boundaries([told(95, totals), Told(105, int(later[105]), message)]))
    assert not found.keys() & set(range(96, 105))


def test_what_was_heard_before_is_held_to() -> None:
    totals = BASE + np.arange(STEPS + 1)
    known = Boundaries(np.array([99]), np.array([5_000]), np.array([True]), np.array([False]))
    found = boundaries([told(100, totals)], known)
    assert shown(found)[99] == 5_000


def test_outages_stand_at_their_intervals() -> None:
    totals = BASE + np.arange(STEPS + 1)
    found = boundaries([told(100, totals, flags=1 << 47 | 1 << 44)])
    assert found.number[found.is_dark].tolist() == [97, 100]


def heard_at(at: float, message: SCM | IDM) -> Overheard:
    return Overheard(at, message)


def test_counts_roll_over_at_24_and_32_bits() -> None:
    known = Counted((1 << 24) - 5, 100.0)
    assert known.whole(heard_at(200.0, SCM(77, 4, 3))) == (1 << 24) + 3
    assert known.whole(heard_at(50.0, SCM(77, 4, (1 << 24) - 9))) == (1 << 24) - 9
    assert Counted().whole(heard_at(1.0, SCM(77, 4, 3))) == 3
    idm_known = Counted((1 << 32) - 1, 100.0)
    totals = np.zeros(60, np.int64)
    assert idm_known.whole(heard_at(200.0, idm(50, totals))) == 1 << 32
    over = Counted((1 << 24) + 3, 100.0).after(heard_at(50.0, SCM(77, 4, 1)))
    assert over == Counted((1 << 24) + 3, 100.0), "an older message tells nothing new"


@pytest.mark.parametrize(("begin", "phase"), [(0.0, 0), (1.4, 0), (298.6, 0), (137.02, 137)])
def test_intervals_are_numbered_by_true_time_wherever_they_begin(begin: float, phase: int) -> None:
    totals = np.zeros(STEPS + 1, np.int64)
    at = 1_793_574_000 + begin
    following = Following().through([
        heard_at(at + 300 * n + 33.5, idm(n, totals, offset=int(33.5 * 16))) for n in (60, 61, 70)
    ])  # fmt: skip
    assert [*following.told] == [phase]
    numbers = [each.number for each in following.told[phase]]
    assert np.diff(numbers).tolist() == [1, 9]
    assert numbers[0] * 300 + phase == pytest.approx(at + 18_000, abs=2)
    assert following.jumps == []


def test_intervals_counted_anew_are_followed_and_old_messages_that_contradict_are_not() -> None:
    totals = np.zeros(STEPS + 1, np.int64)
    at = 1_793_574_000
    before = [heard_at(at + 300 * n + 10, idm(n, totals, offset=160)) for n in (60, 61)]
    after = [heard_at(at + 300 * n + 10, idm(n - 50, totals, offset=160)) for n in (65, 66)]
    following = Following().through(before + after)
    assert following.jumps == [after[0].at]
    assert len(following.told[0]) == 4
    again = following.through([heard_at(at + 300 * 62 + 10, idm(62, totals, offset=160))])
    assert again.told == {}
    assert again.clock == following.clock == Clock(0, following.clock.shift)
