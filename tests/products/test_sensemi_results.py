"""Every result of a token by the keypad; guesses and the rest after them; test tokens; cards.

The numbers of results are those of one maker's status register (`facts/sts.md`, section 6).
"""

from collections.abc import Callable, Mapping

import pytest

from openami.core.errors import DefinitionError
from openami.meters import product, tokens
from openami.sts import ndef
from openami.sts.keys import KeyType
from openami.sts.rules import Result
from openami.sts.token import InitiateTest, Kind, encode
from products.standing import HOUR_S, Standing, each
from products.test_sensemi_keypad import SED, emptied, look, ready, remaining_wh, says, typed
from products.till import Till

FORMAT, WRONG = "99999999999999999999", "12345678901234567890"
"""More than 66 bits; and a number that is no token of any meter here."""
TEXTS = {
    Result.ACCEPT: "ACCEPt", Result.FIRST_KCT: "PArt 1", Result.SECOND_KCT: "PArt 2", Result.OVERFLOW: "FULL",
    Result.KEY_TYPE: "tYPE", Result.FORMAT: "Error", Result.RANGE: "rAnGE", Result.FUNCTION: "no FUnC",
    Result.OLD: "OLd", Result.USED: "USEd", Result.KEY_EXPIRED: "EndEd", Result.DDTK: "dEFAULt",
    Result.CRC: "rEJECt", Result.MANUFACTURER: "OtHEr", Result.LOCKOUT: "LOC 10 s", Result.NOT_READY: "bUSY",
}  # fmt: skip


def entered(meter: Standing, *digits: str) -> str:
    """Enter tokens before the last, and give that."""
    for before in digits[:-1]:
        typed(meter, f"{before}#").live(9)
    return digits[-1]


def under_default(till: Till) -> str:
    """Credit, and the meter has its maker's key."""
    entered(till.meter, *till.change(key_type=KeyType.DDTK), "")
    return till.credit()


def under_expired(till: Till) -> str:
    """Credit under a key that expired years ago."""
    entered(till.meter, *till.change(ken=90), "")
    return till.credit()


def in_lockout(till: Till) -> str:
    """A good token after three bad ones, at once."""
    good = till.credit()
    for _ in range(3):
        typed(till.meter, f"{WRONG}#")
    return good


def while_broken(till: Till) -> str:
    """A good token, and the memory is not."""
    till.meter.hand("memory_error", "nv").live(1)
    return till.credit()


CASES: Mapping[Result, Callable[[Till], str]] = {
    Result.ACCEPT: lambda till: till.credit(),
    Result.FIRST_KCT: lambda till: till.change(krn=2)[0],
    Result.SECOND_KCT: lambda till: entered(till.meter, *till.change(krn=2)[:2]),
    Result.OVERFLOW: lambda till: till.credit(18_201_624),
    Result.KEY_TYPE: lambda till: till.first_section(key_type=KeyType.DITK),
    Result.FORMAT: lambda _: FORMAT,
    Result.RANGE: lambda till: till.value(Kind.CLEAR_CREDIT, 7),
    Result.FUNCTION: lambda till: till.credit(kind=Kind.WATER),
    Result.OLD: lambda till: till.credit(tid=4711),
    Result.USED: lambda till: entered(till.meter, *[till.credit()] * 2),
    Result.KEY_EXPIRED: under_expired,
    Result.DDTK: under_default,
    Result.CRC: lambda _: WRONG,
    Result.MANUFACTURER: lambda _: encode(InitiateTest(1, 99)),
    Result.LOCKOUT: in_lockout,
    Result.NOT_READY: while_broken,
}
"""How each result comes about."""


def test_no_result_is_left_out() -> None:
    assert set(CASES) == set(TEXTS) == set(Result)


@each(sed102="SED102-24", sed302="SED302-09")
@pytest.mark.parametrize("result", Result)
def test_each_result_is_shown_and_heard(slug: str, result: Result) -> None:
    meter = ready(slug)
    digits = CASES[result](Till(meter))
    before, heard = remaining_wh(meter), look(meter)
    typed(meter, f"{digits}#")
    item, frame = look(meter).picture.item, look(meter)
    assert f"{item.value} {item.unit}".strip() == TEXTS[result]
    assert item.code == ("" if result.is_good else f"E {result:02d}")
    assert (frame.accepted - heard.accepted, frame.rejected - heard.rejected) == (result.is_good, not result.is_good)
    last = tokens.last(meter.front.view)
    assert last is not None
    assert (last.result, last.way) == (result, tokens.Way.KEYPAD)
    assert remaining_wh(meter) == before + (25_600 if result is Result.ACCEPT else 0)
    assert says(meter.live(20)) not in TEXTS.values()


# Guessing


@each(sed102="SED102-24", sed302="SED302-09")
def test_guesses_are_answered_more_and_more_slowly(slug: str) -> None:
    meter = ready(slug)
    rests = []
    for _ in range(13):
        typed(meter, f"{WRONG}#")
        assert says(meter) == "rEJECt"
        rest = tokens.rest_s(meter.front.view)
        if rest:
            assert says(meter.live(3)) == f"LOC {rest - 3} s"
            typed(meter, f"{Till(meter).credit()}#")
            assert says(meter) == f"LOC {rest - 3} s", "not even a good one"
            assert look(meter).picture.item.code == "E 15"
            meter.live(rest - 4)
            assert says(typed(meter, f"{WRONG}#")) == "LOC 1 s"
            meter.live(1)
        rests.append(rest)
    assert rests == [0, 0, 10, 20, 40, 80, 160, 320, 640, 1280, 1280, 1280, 1280]
    typed(meter, f"{Till(meter).credit()}#")
    assert says(meter) == "ACCEPt"
    typed(meter, f"{WRONG}#{WRONG}#")
    assert tokens.rest_s(meter.front.view) == 0, "a good token has ended it"
    assert says(typed(meter, f"{WRONG}#").live(3)) == "LOC 7 s"


@pytest.mark.parametrize("slug", SED)
def test_queries_and_test_tokens_are_answered_meanwhile_and_an_outage_ends_it(slug: str) -> None:
    meter = ready(slug)
    typed(meter, f"{WRONG}#" * 6)
    assert tokens.rest_s(meter.front.view) == 10, "those during the rest do not count"
    assert says(typed(meter, "09#")) == "CLOSEd"
    assert says(typed(meter, encode(InitiateTest(1 << 2)) + "#")) == "ACCEPt"
    assert tokens.rest_s(meter.front.view) == 10
    meter.hand("supply", "off").live(1).hand("supply", "on").live(1)
    look(meter)
    meter.ms += 5_000
    assert says(typed(meter, f"{Till(meter).credit()}#")) == "ACCEPt"


def test_forty_guesses_take_eleven_hours() -> None:
    meter = ready("sed302")
    began = meter.now
    for _ in range(40):
        meter.hand("key", f"{WRONG}#").live(tokens.rest_s(meter.front.view))
    assert tokens.rest_s(meter.front.view) == 0
    assert meter.now - began == 10 * (2**7 - 1) + 31 * 1280


# Test tokens


@pytest.mark.parametrize("slug", SED)
def test_a_test_token_shows_what_it_asks_for(slug: str) -> None:
    meter = ready(slug, amps=5.0)
    row = product.load(slug).input
    assert row is not None
    for bit, code in row.test.items():
        typed(meter, f"{code}#")
        wanted = says(meter)
        typed(meter, encode(InitiateTest(1 << int(bit))) + "#")
        assert (says(meter), says(meter.live(3))) == ("ACCEPt", wanted)
        meter.live(60)
    typed(meter, encode(InitiateTest(1 << 1)) + "#").live(3)
    assert set(look(meter).picture.digits) == {0xFF}, "every segment"


# Cards


def with_reader(slug: str) -> Standing:
    """A meter with a card reader in place of the keypad."""
    meter = ready(slug).hand("module_cover_2", "open").hand("input_module", "nfc").hand("module_cover_2", "closed")
    return meter.live(HOUR_S)


@each(sed102="SED102-02", sed302="SED302-71")
def test_keypad_or_card_reader_is_in_the_place_one_at_a_time(slug: str) -> None:
    meter = ready(slug)
    for value in ("nfc", "none"):
        with pytest.raises(DefinitionError, match="nobody reaches it without module cover 2 open"):
            meter.hand("input_module", value)
    with pytest.raises(DefinitionError, match="there is no card reader in this meter now"):
        meter.front.card(ndef.text("1"), meter.ms)
    meter = with_reader(slug)
    with pytest.raises(DefinitionError, match="there is no keypad in this meter now"):
        meter.front.key("1", meter.ms)
    meter.front.card(ndef.text(Till(meter).credit()), meter.ms)
    assert says(meter) == "ACCEPt"
    meter.hand("module_cover_2", "open").hand("input_module", "keypad").hand("module_cover_2", "closed")
    assert says(meter) not in ("ACCEPt", "rEJECt")
    assert says(typed(meter, Till(meter).credit() + "#")) == "ACCEPt"
    with pytest.raises(DefinitionError, match="'stylus': expected keypad, nfc, none"):
        meter.hand("input_module", "stylus")


@each(sed102="SED102-02", sed302="SED302-71")
def test_a_card_credits_the_meter_as_the_keypad_does(slug: str) -> None:
    meter = emptied(ready(slug)).hand("module_cover_2", "open").hand("input_module", "nfc").live(5)
    till, heard = Till(meter), look(meter)
    good = till.credit(500)
    meter.front.card(ndef.text(" ".join(good[at : at + 4] for at in range(0, 20, 4)), "de"), meter.ms)
    assert [says(meter), says(meter.live(3))] == ["ACCEPt", "50.0 kWh"]
    assert remaining_wh(meter) == 50_000
    assert meter.read("disconnect_control.output_state")
    meter.front.card(ndef.text(good), meter.ms)
    assert (says(meter), look(meter).picture.item.code) == ("USEd", "E 10")
    assert (look(meter).accepted - heard.accepted, look(meter).rejected - heard.rejected) == (1, 1)
    last = tokens.last(meter.front.view)
    assert last is not None
    assert last.way is tokens.Way.NFC
    assert remaining_wh(meter.restart()) == 50_000


@pytest.mark.parametrize("slug", SED)
def test_cards_without_a_token_are_told_from_bad_tokens(slug: str) -> None:
    meter = with_reader(slug)
    for message in (b"", b"\xd1\x01", ndef.text("hello"), ndef.text("1")[:-1]):
        meter.front.card(message, meter.ms)
        assert says(meter) == "CArd Err"
    assert tokens.last(meter.front.view) is None
    for number in range(3):
        meter.front.card(ndef.text(WRONG if number else "123"), meter.ms)
    assert tokens.rest_s(meter.front.view) == 10, "guesses by card count as well"
    with pytest.raises(DefinitionError, match="expected the octets of an NDEF message"):
        meter.hand("nfc", "no hex")
    meter.hand("supply", "off").live(HOUR_S)
    before = look(meter).rejected
    meter.front.card(ndef.text(WRONG), meter.ms)
    assert look(meter).rejected == before, "the reader has no supply"
