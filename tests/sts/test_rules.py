"""The meter's rules: every result, replay, key change, lock-out, and the power cut at each step."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError
from openami.sts import block, cipher
from openami.sts.keys import EA, KeyAttributes, KeyType
from openami.sts.rules import Lockout, Result, Rules, restart
from openami.sts.state import State
from openami.sts.tid import BaseDate
from openami.sts.token import ALL_REGISTERS, FirstSection, InitiateTest, Kind, SecondSection, Transaction, encode
from sts.meter import (
    ATTRIBUTES,
    DEFAULT,
    HIGHEST,
    LATER,
    MADE,
    NEW_VENDING,
    STA,
    Meter,
    PowerCut,
    change,
    credit,
    digits,
    key_of,
)

NEXT = MADE + 1000


def limit(watts: int, tid: int = NEXT) -> str:
    return digits(Transaction.of_amount(Kind.MAXIMUM_POWER_LIMIT, tid, watts))


def with_wrong_crc(token: str) -> str:
    token_class, data = block.remove_class(block.from_digits(token))
    broken = cipher.encrypt(cipher.decrypt(data, key_of()) ^ 1, key_of())
    return block.to_digits(block.insert_class(token_class, broken))


def of_payload(token_class: int, payload: int) -> str:
    """A genuine token of any class and payload."""
    sealed = block.seal(token_class, payload)
    data = sealed if token_class == 1 else cipher.encrypt(sealed, key_of())
    return block.to_digits(block.insert_class(token_class, data))


REFUSED = {
    "overflow": (credit(NEXT, HIGHEST + 1000), Result.OVERFLOW),
    "factory key": (digits(FirstSection(15, 1, rollover=False, key_type=KeyType.DITK, key=1)), Result.KEY_TYPE),
    "too short": ("1234", Result.FORMAT),
    "letters": ("1234567890123456789x", Result.FORMAT),
    "too much": ("99999999999999999999", Result.FORMAT),
    "class 3": (of_payload(3, 1), Result.FORMAT),
    "limit too high": (limit(30_000), Result.RANGE),
    "no such register": (digits(Transaction(Kind.CLEAR_CREDIT, NEXT, 5)), Result.RANGE),
    "KRN 0": (digits(FirstSection(15, 0, rollover=False, key_type=KeyType.DUTK, key=1)), Result.RANGE),
    "TI 100": (digits(SecondSection(15, 100, 1)), Result.RANGE),
    "no test": (encode(InitiateTest(0)), Result.RANGE),
    "water": (digits(Transaction.of_amount(Kind.WATER, NEXT, 1)), Result.FUNCTION),
    "currency": (of_payload(0, 4 << 44 | NEXT << 16), Result.FUNCTION),
    "extended": (of_payload(2, 10 << 44), Result.FUNCTION),
    "three sections": (
        digits(FirstSection(15, 1, rollover=False, key_type=KeyType.DUTK, key=1, is_of_three=True)),
        Result.FUNCTION,
    ),
    "no such test": (encode(InitiateTest(1 << 30)), Result.FUNCTION),
    "old": (credit(MADE - 1), Result.OLD),
    "used": (credit(MADE), Result.USED),
    "another key": (with_wrong_crc(credit(NEXT)), Result.CRC),
    "another maker": (encode(InitiateTest(1, 42)), Result.MANUFACTURER),
}
ACCEPTED = {
    "credit": credit(NEXT),
    "limit": limit(16_383),
    "clear credit": digits(Transaction(Kind.CLEAR_CREDIT, NEXT, ALL_REGISTERS)),
    "clear tamper": digits(Transaction(Kind.CLEAR_TAMPER, NEXT)),
    "unbalance": digits(Transaction.of_amount(Kind.MAXIMUM_PHASE_POWER_UNBALANCE, NEXT, 500)),
    "test": encode(InitiateTest(1)),
    "own test": encode(InitiateTest(1, 77)),
    "all tests": encode(InitiateTest((1 << 36) - 1)),
}
OURS = Rules(manufacturer=77)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_leaves_nothing_but_a_count_of_bad_tokens(name: str) -> None:
    token, result = REFUSED[name]
    meter = Meter.new(rules=OURS)
    before = meter.state
    assert meter.enter(token) == result
    assert not result.is_good
    assert meter.disk.credit == 0
    assert replace(meter.state, bad=0) == before
    assert meter.state.bad == (result in {Result.CRC, Result.FORMAT})


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_accepted(name: str) -> None:
    meter = Meter.new(rules=OURS)
    verdict = meter.judge(ACCEPTED[name])
    assert verdict.result == Result.ACCEPT
    assert verdict.token is not None
    assert meter.enter(ACCEPTED[name]) == Result.ACCEPT
    again = Result.ACCEPT if "test" in name else Result.USED
    assert meter.enter(ACCEPTED[name]) == again


def test_every_result_is_reached() -> None:
    reached = {result for _, result in REFUSED.values()} | {Result.ACCEPT}
    default = Meter.new(DEFAULT)
    reached.add(default.enter(credit(NEXT, key=key_of(DEFAULT))))
    expired = Meter.new(replace(ATTRIBUTES, ken=1))
    reached.add(expired.enter(credit(NEXT)))
    meter = Meter.new()
    reached.add(meter.enter(credit(NEXT), is_busy=True))
    first, second, *_ = change(LATER)
    reached |= {meter.enter(first), meter.enter(second)}
    for _ in range(3):
        meter.enter("1")
    reached.add(meter.enter(credit(NEXT)))
    assert reached == set(Result)


def test_a_credit_that_does_not_fit_may_be_entered_later() -> None:
    meter = Meter.new()
    meter.disk.credit = HIGHEST - 50
    assert meter.enter(credit(NEXT, 100)) == Result.OVERFLOW
    meter.disk.credit -= 50
    assert meter.enter(credit(NEXT, 100)) == Result.ACCEPT
    assert meter.disk.credit == HIGHEST


def test_under_a_default_key_all_but_credit_is_taken() -> None:
    meter = Meter.new(DEFAULT)
    key = key_of(DEFAULT)
    assert meter.enter(credit(NEXT, key=key)) == Result.DDTK
    assert meter.enter(digits(Transaction(Kind.CLEAR_TAMPER, NEXT), key)) == Result.ACCEPT
    assert meter.enter(encode(InitiateTest(1))) == Result.ACCEPT
    results = [meter.enter(token) for token in change(LATER, old=key)]
    assert results[-1] == Result.ACCEPT
    assert meter.enter(credit(NEXT + 1, key=key_of(LATER, NEW_VENDING))) == Result.ACCEPT


@pytest.mark.parametrize("ken", [0, 76, 200, 254])
def test_a_key_expires_after_the_last_minute_of_its_number(ken: int) -> None:
    attributes = replace(ATTRIBUTES, ken=ken)
    meter = Meter.new(attributes, tids=(0,) * 50)
    key = key_of(attributes)
    last = (ken + 1) * 65_536 - 1
    assert meter.enter(credit(last + 1, key=key)) == Result.KEY_EXPIRED
    assert meter.enter(credit(last, key=key)) == Result.ACCEPT


def test_number_255_never_expires() -> None:
    meter = Meter.new()
    for tid in (16_711_425, 16_711_680, (1 << 24) - 1):
        assert meter.enter(credit(tid)) == Result.ACCEPT


def test_the_base_date_rolls_over_by_a_change_of_key() -> None:
    old, new = (
        replace(LATER, krn=krn, base_date=base) for krn, base in ((1, BaseDate.YEAR_1993), (2, BaseDate.YEAR_2014))
    )
    meter = Meter.new(old)
    last = (1 << 24) - 1  # 24 November 2024, 20:15
    assert BaseDate.YEAR_1993.time_of(last).isoformat() == "2024-11-24T20:15:00+00:00"
    assert meter.enter(credit(last, key=key_of(old))) == Result.KEY_EXPIRED  # KEN 200
    meter = Meter.new(replace(old, ken=255))
    old_key = key_of(replace(old, ken=255))
    assert meter.enter(credit(last, 300, key=old_key)) == Result.ACCEPT
    [*_, result] = [meter.enter(token) for token in change(new, rollover=True, old=old_key)]
    assert result == Result.ACCEPT
    assert meter.disk.credit == 300
    assert meter.enter(credit(last, 300, key=old_key)) == Result.CRC
    tid = int((BaseDate.YEAR_1993.time_of(last) - BaseDate.YEAR_2014.start).total_seconds() // 60) + 1
    assert meter.enter(credit(tid, 200, key=key_of(new, NEW_VENDING))) == Result.ACCEPT
    assert meter.disk.credit == 500


def test_without_a_roll_over_the_identifiers_stay() -> None:
    meter = Meter.new()
    meter.enter(credit(NEXT))
    for token in change(LATER):
        meter.enter(token)
    key = key_of(LATER, NEW_VENDING)
    assert meter.enter(credit(NEXT, key=key)) == Result.USED
    assert meter.enter(credit(MADE - 1, key=key)) == Result.OLD


@given(st.permutations(range(200)))
def test_tokens_out_of_order_count_once_while_fifty_are_remembered(order: list[int]) -> None:
    """A token is taken the first time unless fifty newer ones came before it."""
    meter = Meter.new(KeyAttributes("123457", ea=EA.STA), tids=(0,) * 50)
    key, taken = key_of(STA), []
    for place in (*order[:80], *order[:80]):
        tid = NEXT + 1 + place
        newest = sorted(taken)[-50:]
        forgotten = len(taken) >= 50 and tid < newest[0]
        expected = Result.OLD if forgotten else Result.USED if tid in newest else Result.ACCEPT
        assert meter.enter(credit(tid, 1, key=key)) == expected
        if expected == Result.ACCEPT:
            taken.append(tid)
    assert meter.disk.credit == len(taken) == len(set(taken))


def test_a_new_meter_takes_nothing_from_before_its_manufacture() -> None:
    meter = Meter.new()
    assert meter.state.tids == (MADE,) * 50
    assert meter.enter(credit(MADE - 1)) == Result.OLD
    assert meter.enter(credit(MADE)) == Result.USED
    assert meter.enter(credit(MADE + 1)) == Result.ACCEPT


def test_sixty_tokens_backwards() -> None:
    meter = Meter.new(tids=(0,) * 50)
    results = [meter.enter(credit(NEXT - minute)) for minute in range(60)]
    assert results == [Result.ACCEPT] * 50 + [Result.OLD] * 10


@pytest.mark.parametrize("new", [LATER, replace(LATER, ea=EA.STA)], ids=["four", "two"])
def test_sections_in_any_order_switch_all_at_once(new: KeyAttributes) -> None:
    old = replace(ATTRIBUTES, ea=new.ea)
    for tokens in permutations(change(new, old=key_of(old))):
        meter = Meter.new(old)
        before = meter.state
        for token in tokens[:-1]:
            assert meter.enter(token) in {Result.FIRST_KCT, Result.SECOND_KCT}
            assert replace(meter.state, sections=before.sections) == before
        assert meter.enter(tokens[-1]) == Result.ACCEPT
        state = meter.state
        assert state.key == key_of(new, NEW_VENDING)
        sgc = 654_321 if new.ea is EA.MISTY1 else before.sgc  # two tokens do not carry it
        assert (state.key_type, state.krn, state.ti, state.ken, state.sgc) == (KeyType.DUTK, 2, 7, 200, sgc)
        assert state.sections == (None,) * 4


def test_an_incomplete_set_is_forgotten_after_ten_minutes() -> None:
    tokens = change(LATER)
    meter = Meter.new()
    meter.enter(tokens[0])
    meter.now = 601.0
    assert [meter.enter(token) for token in tokens[1:]][-1] == Result.SECOND_KCT
    assert meter.enter(tokens[0]) == Result.ACCEPT


def test_a_supply_group_code_of_seven_digits_is_refused_as_a_whole() -> None:
    meter = Meter.new()
    tokens = change(LATER)
    wrong = of_payload(2, 9 << 44 | 0xFFF << 32)
    for token in tokens[:3]:
        meter.enter(token)
    assert meter.enter(wrong) == Result.RANGE
    assert meter.state.key == key_of()
    assert meter.state.sections == (None,) * 4


def entered_until_taken(meter: Meter, token: str, cut: str) -> None:
    """Enter as a customer does: again, until the meter says that it has it."""
    meter.cut = cut
    for _ in range(3):
        try:
            if meter.enter(token) not in {Result.FORMAT, Result.CRC}:
                return
        except PowerCut:
            continue


@pytest.mark.parametrize("cut", ["", "before", "after"])
@pytest.mark.parametrize("step", range(8))
def test_a_power_cut_at_any_step_loses_nothing_and_gives_nothing_twice(step: int, cut: str) -> None:
    meter, key = Meter.new(), key_of(LATER, NEW_VENDING)
    tokens = [
        credit(NEXT, 100),
        limit(500, NEXT + 1),
        *change(LATER),
        credit(NEXT + 2, 20, key),
        credit(NEXT + 3, 3, key),
    ]
    for place, token in enumerate(tokens):
        entered_until_taken(meter, token, cut if place == step else "")
    assert meter.disk.credit == 123
    assert meter.state.key == key
    assert meter.state.krn == 2


def test_guessing_gets_slower_and_slower() -> None:
    meter = Meter.new()
    rests = []
    for _ in range(12):
        assert meter.enter(with_wrong_crc(credit(NEXT))) == Result.CRC
        rests.append(meter.state.locked_until - meter.now if meter.state.locked_until > meter.now else 0)
        assert not rests[-1] or meter.enter(credit(NEXT)) == Result.LOCKOUT
        assert meter.enter(encode(InitiateTest(1))) == Result.ACCEPT
        meter.now += rests[-1]
    assert rests == [0, 0, 10, 20, 40, 80, 160, 320, 640, 1280, 1280, 1280]
    assert meter.enter(credit(NEXT)) == Result.ACCEPT
    assert (meter.state.bad, meter.state.locked_until) == (0, 0)


def test_tokens_that_everybody_knows_do_not_end_a_lock_out() -> None:
    meter = Meter.new()
    for _ in range(3):
        meter.enter("0")
    assert meter.enter(encode(InitiateTest(1))) == Result.ACCEPT
    assert meter.enter(credit(NEXT)) == Result.LOCKOUT


@pytest.mark.parametrize("survives", [False, True])
def test_a_lock_out_and_the_power(survives: bool) -> None:
    rules = Rules(lockout=Lockout(survives_power=survives))
    meter = Meter.new(rules=rules)
    for _ in range(3):
        meter.enter("0")
    after = restart(meter.state, rules)
    assert after.bad == (3 if survives else 0)
    assert (after == meter.state) == survives


def test_a_state_survives_as_octets() -> None:
    for attributes in (ATTRIBUTES, replace(LATER, ea=EA.STA)):
        meter = Meter.new(attributes)
        for token in change(attributes, old=key_of(attributes))[:1]:
            meter.enter(token)
        meter.enter("0")
        state = meter.state
        assert State.decode(state.encode()) == state
        assert len(state.encode()) == len(Meter.new().state.encode())


@given(st.binary(max_size=300))
def test_octets_that_are_no_state(octets: bytes) -> None:
    with pytest.raises(DecodeError):
        State.decode(b"\2" + octets)
    whole = Meter.new().state.encode()
    with pytest.raises(DecodeError):
        State.decode(whole + octets + b"\0")


@given(st.from_regex(r"[0-9]{20}", fullmatch=True))
def test_any_digits_are_judged(text: str) -> None:
    meter = Meter.new()
    before = meter.disk.credit
    meter.enter(text)
    assert meter.disk.credit == before
