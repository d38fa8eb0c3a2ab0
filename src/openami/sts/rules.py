"""What a meter makes of tokens entered: order of checks, TIDs, key change, lock-out (IEC 62055-41, 7 and 8).

Pure functions on a small frozen state. `enter` gives the state after a token, and the token if it is to be carried out:
whoever keeps the meter's registers writes state and effect in one step, so that a power cut finds either none or both.
The numbers of the results are those of one maker's status register; IEC 62055-52 was not at hand to confirm them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from openami.core.errors import DecodeError
from openami.sts import block, cipher
from openami.sts.ea07 import SAMPLE, Tables
from openami.sts.keys import EA, DecoderKey, KeyType
from openami.sts.state import SECTIONS, State
from openami.sts.tid import is_expired
from openami.sts.token import (
    ALL_REGISTERS,
    FirstSection,
    InitiateTest,
    Kind,
    MiddleSection,
    SecondSection,
    Section,
    Token,
    Transaction,
    from_payload,
)


class Result(IntEnum):
    """What became of a token."""

    ACCEPT = 1
    FIRST_KCT = 2
    SECOND_KCT = 3
    OVERFLOW = 4
    KEY_TYPE = 5
    FORMAT = 6
    RANGE = 7
    FUNCTION = 8
    OLD = 9
    USED = 10
    KEY_EXPIRED = 11
    DDTK = 12
    CRC = 13
    MANUFACTURER = 14
    LOCKOUT = 15
    NOT_READY = 16

    @property
    def is_good(self) -> bool:
        """Whether the token was taken, be it as a part of a set."""
        return self <= Result.SECOND_KCT


KEY_CHANGES: Final = frozenset(
    (old, new) for old in KeyType for new in KeyType if new is not KeyType.DITK or old is KeyType.DITK
)
"""From which key type to which; the Association's list was not at hand: nothing goes back to the factory's."""
SET_OF: Final = {
    EA.STA: frozenset({Kind.FIRST_SECTION, Kind.SECOND_SECTION}),
    EA.MISTY1: frozenset(SECTIONS),
}
"""Key change tokens that make a whole key."""
SECTION_RESULTS: Final = {Kind.FIRST_SECTION: Result.FIRST_KCT}
"""Answer to a section of a set that is not whole yet; to the second, third and fourth it is `SECOND_KCT`."""


OF_OTHER_METERS: Final = frozenset({Kind.WATER, Kind.GAS, Kind.TIME, Kind.TARIFF_RATE, Kind.WATER_METER_FACTOR})
"""Kinds that a meter of electricity does not take, unless its product says so."""


@dataclass(frozen=True, slots=True)
class Lockout:
    """How guessing is slowed down: seconds of rest after bad tokens, doubled with each."""

    after: int = 3
    first_s: float = 10
    longest_s: float = 1280
    counted: frozenset[Result] = frozenset({Result.FORMAT, Result.CRC})
    survives_power: bool = False

    def rest_s(self, bad: int) -> float:
        """Seconds without entry after so many bad tokens."""
        return min(self.first_s * 2 ** (bad - self.after), self.longest_s) if bad >= self.after else 0


@dataclass(frozen=True, slots=True)
class Rules:
    """In what products differ."""

    manufacturer: int = 0
    kinds: frozenset[Kind] = frozenset(Kind) - OF_OTHER_METERS
    tests: int = (1 << 28) - 1
    """Control bits of tests that it has."""
    registers: frozenset[int] = frozenset({0, ALL_REGISTERS})
    """Registers of credit that it has: 0 is electricity."""
    highest_power_w: int = 22_000
    sections_s: float = 600
    """Seconds after which an incomplete set of key change tokens is forgotten."""
    key_changes: frozenset[tuple[KeyType, KeyType]] = KEY_CHANGES
    credit_keys: frozenset[KeyType] = frozenset({KeyType.DUTK, KeyType.DCTK})
    """Key types under which credit is taken."""
    lockout: Lockout = Lockout()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a meter makes of a token: result, the state after it, and the token if it is to be carried out."""

    result: Result
    state: State
    token: Transaction | InitiateTest | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A genuine token, the state it finds, the rules, and how many units its register still takes."""

    token: Token
    state: State
    rules: Rules
    room: int


def enter(
    state: State,
    digits: str,
    now: float,
    rules: Rules,
    *,
    room: int,
    tables: Tables = SAMPLE,
    is_busy: bool = False,
) -> Verdict:
    """Judge a token: format, decryption, CRC, validation, execution.

    `room` is how many units of the token the credit register still takes; `is_busy` that the virtual carrier is.
    """
    if is_busy:
        return Verdict(Result.NOT_READY, state)
    state = without_stale_sections(state, now, rules)
    opened = open_token(digits, state.key, tables)
    is_barred = isinstance(opened, Result) or opened >> 48 != 1  # class 1 is taken at any time
    if now < state.locked_until and is_barred:
        return Verdict(Result.LOCKOUT, state)
    if isinstance(opened, Result):
        return Verdict(opened, with_bad_token(state, opened, now, rules))
    return judge(opened, state, now, rules, room)


def open_token(digits: str, key: DecoderKey, tables: Tables) -> int | Result:
    """Class and payload, 50 bits, of a genuine token; or the result where it is none."""
    try:
        token_class, sealed = block.remove_class(block.from_digits(digits))
    except DecodeError:
        return Result.FORMAT
    if token_class == 3:
        return Result.FORMAT
    if token_class != 1:
        sealed = cipher.decrypt(sealed, key, tables)
    return token_class << 48 | sealed >> 16 if block.is_sealed(token_class, sealed) else Result.CRC


def judge(opened: int, state: State, now: float, rules: Rules, room: int) -> Verdict:
    """Validate a genuine token and carry it out, as far as the state goes."""
    try:
        token = from_payload(opened >> 48, opened & (1 << 48) - 1)
    except DecodeError:
        return Verdict(Result.FUNCTION, state)
    case = Case(token, state, rules, room)
    for check, result in CHECKS:
        if check(case):
            return Verdict(result, state)
    if isinstance(token, InitiateTest):
        return Verdict(Result.ACCEPT, state, token)  # everybody knows these: they do not end a lock-out
    state = replace(state, bad=0, locked_until=0.0)
    if isinstance(token, Transaction):
        return Verdict(Result.ACCEPT, with_tid(state, token.tid), token)
    return collect(token, state, now)


def is_key_expired(case: Case) -> bool:
    """The key expiry number lies before the token's identifier."""
    return isinstance(case.token, Transaction) and is_expired(case.token.tid, case.state.ken)


def is_credit_under_default(case: Case) -> bool:
    """Credit, and the meter has not its supply group's key yet."""
    return case.token.kind.is_credit and case.state.key_type not in case.rules.credit_keys


def is_old(case: Case) -> bool:
    """The identifier is older than all that are remembered."""
    return isinstance(case.token, Transaction) and case.token.tid < case.state.tids[0]


def is_used(case: Case) -> bool:
    """The identifier is remembered."""
    return isinstance(case.token, Transaction) and case.token.tid in case.state.tids


def is_of_another_maker(case: Case) -> bool:
    """A test for the meters of one maker, which is not ours."""
    return isinstance(case.token, InitiateTest) and case.token.manufacturer not in {0, case.rules.manufacturer}


def is_unknown(case: Case) -> bool:
    """The meter has no such function."""
    token = case.token
    if isinstance(token, InitiateTest) and token.control & ~case.rules.tests and not token.is_of_all:
        return True
    if isinstance(token, FirstSection) and token.is_of_three:
        return True
    of_no_set = isinstance(token, MiddleSection) and token.kind not in SET_OF[case.state.key.ea]
    return of_no_set or token.kind not in case.rules.kinds


def exceeds_register(case: Case) -> bool:
    """The credit does not go into the register."""
    return isinstance(case.token, Transaction) and case.token.kind.is_credit and case.token.units > case.room


def is_forbidden_key_type(case: Case) -> bool:
    """A change of key type that is not allowed."""
    return isinstance(case.token, FirstSection) and (
        (case.state.key_type, case.token.key_type) not in case.rules.key_changes
    )


def is_out_of_range(case: Case) -> bool:
    """A value that means nothing."""
    match case.token:
        case Transaction(kind=Kind.CLEAR_CREDIT) as token:
            return token.value not in case.rules.registers
        case Transaction(kind=Kind.MAXIMUM_POWER_LIMIT | Kind.MAXIMUM_PHASE_POWER_UNBALANCE) as token:
            return token.units > case.rules.highest_power_w
        case FirstSection() as token:
            return not 1 <= token.krn <= 9
        case SecondSection() as token:
            return token.ti > 99
        case InitiateTest() as token:
            return not token.control
        case _:
            return False


CHECKS: Final[tuple[tuple[Callable[[Case], bool], Result], ...]] = (
    (is_key_expired, Result.KEY_EXPIRED),
    (is_credit_under_default, Result.DDTK),
    (is_old, Result.OLD),
    (is_used, Result.USED),
    (is_of_another_maker, Result.MANUFACTURER),
    (is_unknown, Result.FUNCTION),
    (exceeds_register, Result.OVERFLOW),
    (is_forbidden_key_type, Result.KEY_TYPE),
    (is_out_of_range, Result.RANGE),
)
"""Validation in the order of the standard, then what execution may find; a refused token leaves no trace."""


def with_tid(state: State, tid: int) -> State:
    """Remember an identifier in place of the oldest."""
    return replace(state, tids=tuple(sorted((*state.tids[1:], tid))))


def with_bad_token(state: State, result: Result, now: float, rules: Rules) -> State:
    """Count a bad token, and rest when there were too many."""
    if result not in rules.lockout.counted:
        return state
    bad = min(state.bad + 1, 0xFFFF)
    return replace(state, bad=bad, locked_until=now + rules.lockout.rest_s(bad))


def without_stale_sections(state: State, now: float, rules: Rules) -> State:
    """Forget a set of key change tokens that was not made whole in time."""
    is_stale = any(section is not None for section in state.sections) and now - state.sections_at > rules.sections_s
    return replace(state, sections=(None,) * len(SECTIONS)) if is_stale else state


def collect(token: Section, state: State, now: float) -> Verdict:
    """Take a section of a new key; with the last one missing, all that belongs to it changes in one step."""
    payloads = dict(zip(SECTIONS, state.sections, strict=True)) | {token.kind: token.payload}
    is_first = all(section is None for section in state.sections)
    state = replace(state, sections=tuple(payloads.values()), sections_at=now if is_first else state.sections_at)
    if any(payloads[kind] is None for kind in SET_OF[state.key.ea]):
        return Verdict(SECTION_RESULTS.get(token.kind, Result.SECOND_KCT), state)
    return change_key(state)


def change_key(state: State) -> Verdict:
    """Switch to the key whose sections are all there; the tokens of the old key are dead from here on."""
    parts = {kind: from_payload(2, payload) for kind, payload in zip(SECTIONS, state.sections, strict=True) if payload}
    first, second = parts[Kind.FIRST_SECTION], parts[Kind.SECOND_SECTION]
    third, fourth = parts.get(Kind.THIRD_SECTION), parts.get(Kind.FOURTH_SECTION)
    assert isinstance(first, FirstSection)
    assert isinstance(second, SecondSection)
    words, sgc = [first.key, second.key], state.sgc
    if isinstance(third, MiddleSection) and isinstance(fourth, MiddleSection):
        words, sgc = [first.key, third.key, fourth.key, second.key], fourth.sgc_half << 12 | third.sgc_half
    cleared = replace(state, sections=(None,) * len(SECTIONS))
    if sgc > 999_999:
        return Verdict(Result.RANGE, cleared)
    key = DecoderKey(state.key.ea, b"".join(word.to_bytes(4, "big") for word in words))
    tids = (0,) * len(state.tids) if first.rollover else state.tids
    ken = first.ken_high << 4 | second.ken_low
    return Verdict(
        Result.ACCEPT,
        replace(cleared, key=key, key_type=first.key_type, krn=first.krn, ti=second.ti, ken=ken, sgc=sgc, tids=tids),
    )


def restart(state: State, rules: Rules) -> State:
    """State after a power cut: key change tokens stay, a lock-out as the product has it."""
    return state if rules.lockout.survives_power else replace(state, bad=0, locked_until=0.0)
