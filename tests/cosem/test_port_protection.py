"""Communication port protection: how long a port is locked, and when it opens again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import AccessError
from openami.cosem.port_protection import (
    CommunicationPortProtection,
    Lockout,
    ProtectionMode,
    ProtectionStatus,
    lockout_time,
)
from openami.dlms.data import ENUM, UINT32

LN = "0.0.44.2.0.255"
RULE = {"allowed_failed_attempts": 2, "initial_lockout_time": 60, "steepness_factor": 2, "max_lockout_time": 200}


def port(**values: object) -> CommunicationPortProtection:
    return CommunicationPortProtection(LN, **{**RULE, **values})


def test_the_lock_out_grows_with_each_failed_attempt_past_those_allowed() -> None:
    held = port()
    times = [held.failed(now) - now for now in (1000.0, 1001.0, 1002.0, 2000.0, 3000.0, 4000.0)]
    assert times == [0, 0, 60, 120, 200, 200]


def test_a_port_opens_again_when_its_time_is_over() -> None:
    held = port()
    for now in range(3):
        assert held.allows(now)
        held.failed(now)
    assert held.protection_status is ProtectionStatus.TEMPORARILY_LOCKED
    assert not held.allows(61.9)
    assert held.allows(62.0)
    assert held.read(8) == ENUM.encode(ProtectionStatus.UNLOCKED)
    held.failed(62.0)
    assert not held.allows(181.9)


def test_success_counts_anew_but_not_the_sum() -> None:
    held = port()
    for _ in range(2):
        held.failed(0.0)
    held.succeeded(1.0)
    held.failed(2.0)
    assert (held.read(9), held.read(10)) == (UINT32.encode(1), UINT32.encode(3))
    assert held.allows(2.0)


def test_reset_unlocks_and_forgets() -> None:
    held = port()
    for _ in range(3):
        held.failed(0.0)
    held.invoke(1)
    assert held.allows(0.0)
    assert (held.failed_attempts, held.cumulative_failed_attempts) == (0, 0)


@pytest.mark.parametrize(
    ("mode", "status"),
    [(ProtectionMode.LOCKED, ProtectionStatus.LOCKED), (ProtectionMode.UNLOCKED, ProtectionStatus.UNLOCKED)],
)
def test_a_port_locked_or_open_for_good_stays_so(mode: ProtectionMode, status: ProtectionStatus) -> None:
    held = port(protection_mode=mode)
    for now in range(5):
        held.failed(now)
    assert held.allows(5) is (status is ProtectionStatus.UNLOCKED)
    assert held.protection_status is status
    assert held.failed_attempts == 5


def test_the_state_outlives_the_object() -> None:
    lockout = Lockout()
    for _ in range(3):
        port(lockout=lockout).failed(10.0)
    again = port(lockout=lockout)
    assert not again.allows(69.0)
    assert again.allows(70.0)


def test_counters_are_not_written() -> None:
    for number in (8, 9, 10):
        with pytest.raises(AccessError, match="read-write-denied"):
            port().write(number, port().read(number))


u8, u32 = st.integers(0, 0xFF), st.integers(0, 0xFFFF_FFFF)


@given(u32, u8, u32, st.integers(-0xFFFF, 0xFFFF_FFFF))
def test_the_lock_out_time_follows_its_definition(initial: int, factor: int, longest: int, excess: int) -> None:
    """The definition, step by step up to where every rule has reached its maximum or stands still."""
    expected = 0 if excess < 1 else initial
    for _ in range(min(excess - 1, 33)):
        expected *= max(factor, 1)
    assert lockout_time(initial, factor, longest, excess) == min(expected, longest)


@given(u32, u8, u32, st.integers(0, 0xFFFF))
def test_the_lock_out_time_never_shrinks(initial: int, factor: int, longest: int, excess: int) -> None:
    assert (
        lockout_time(initial, factor, longest, excess) <= lockout_time(initial, factor, longest, excess + 1) <= longest
    )


@given(st.lists(st.tuples(st.floats(0, 1e6), st.booleans()), max_size=40))
def test_a_port_is_locked_exactly_until_the_stated_time(tries: list[tuple[float, bool]]) -> None:
    held, now, until = port(), 0.0, 0.0
    for wait, good in tries:
        now += wait
        assert held.allows(now) is (now >= until)
        if now < until:
            continue
        if good:
            held.succeeded(now)
        else:
            until = held.failed(now)
