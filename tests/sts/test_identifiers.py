"""MeterPAN and DRN, token identifiers, amounts, key attributes."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError, EncodeError, SecurityError
from openami.sts import amount
from openami.sts.keys import EA, DecoderKey, KeyAttributes, KeyType, VendingKey, pan_block
from openami.sts.pan import DRN, MeterPAN, luhn
from openami.sts.tid import LAST, BaseDate, is_expired, tid_of

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
BASE = BaseDate.YEAR_2014


def test_names_of_a_meter() -> None:
    legacy, today = DRN.of("01", 45), DRN.of("4567", 45)
    assert (len(legacy.digits), len(today.digits)) == (11, 13)
    assert (today.manufacturer, today.serial) == ("4567", 45)
    for drn, iin in ((legacy, "600727"), (today, "0000")):
        pan = MeterPAN.of(drn)
        assert (pan.iin, pan.drn) == (iin, drn)
        assert MeterPAN.parse(str(drn)) == MeterPAN.parse(f" {str(pan)[:4]}-{str(pan)[4:]} ") == pan


@given(st.from_regex(r"[0-9]{17}", fullmatch=True))
def test_a_wrong_digit_is_always_noticed(digits: str) -> None:
    right = f"{digits}{luhn(digits)}"
    assert MeterPAN(right).digits == right
    for place in range(18):
        wrong = f"{right[:place]}{(int(right[place]) + 1) % 10}{right[place + 1 :]}"
        with pytest.raises(DecodeError) as error:
            MeterPAN(wrong)
        assert error.value.offset is not None


@pytest.mark.parametrize("text", ["", "123", "60072700000000000x", "６00727000000000009", "6007270000000000090"])
def test_what_is_no_meter_pan(text: str) -> None:
    with pytest.raises(DecodeError):
        MeterPAN.parse(text)


def test_a_common_key_knows_no_meter() -> None:
    assert pan_block(MeterPAN("600727000000000009"), KeyType.DCTK).hex() == "0072700000000000"
    assert pan_block(MeterPAN("000001000000000082"), KeyType.DCTK).hex() == "0000000000000000"


@pytest.mark.parametrize(
    ("base", "end"), [(1993, "2024-11-24 20:15"), (2014, "2045-11-24 20:15"), (2035, "2066-11-24 20:15")]
)
def test_base_dates_end_after_2_to_the_24_minutes(base: int, end: str) -> None:
    date = BaseDate(base)
    assert f"{date.end:%Y-%m-%d %H:%M}" == end
    assert tid_of(date.end, date) == LAST
    for outside in (date.end + timedelta(minutes=1), date.start - timedelta(minutes=1)):
        with pytest.raises(EncodeError, match="outside base date"):
            tid_of(outside, date)


def test_nobody_has_the_identifier_of_a_minute_past_midnight() -> None:
    first = tid_of(MIDNIGHT, BASE)
    assert tid_of(MIDNIGHT + timedelta(seconds=59), BASE) == first
    assert tid_of(MIDNIGHT + timedelta(minutes=1), BASE) == first + 2
    assert tid_of(MIDNIGHT + timedelta(minutes=2), BASE) == first + 2


def test_tokens_of_one_minute_take_those_that_follow() -> None:
    last, found = None, []
    for _ in range(4):
        last = tid_of(MIDNIGHT, BASE, last)
        found.append(last - found[0] if found else 0) if found else found.append(last)
    first = tid_of(MIDNIGHT, BASE)
    assert found == [first, 2, 3, 4]
    with pytest.raises(EncodeError):
        tid_of(BASE.end, BASE, LAST)


@given(st.integers(0, 255), st.integers(0, LAST))
def test_a_key_number_expires_in_steps_of_65536_minutes(ken: int, tid: int) -> None:
    assert is_expired(tid, ken) == (tid >= (ken + 1) * 65_536)


@given(st.integers(0, amount.HIGHEST))
def test_amounts_are_rounded_to_the_customers_favour(units: int) -> None:
    code = amount.encode(units)
    assert amount.encode_many(np.array([units])).tolist() == [code]
    assert amount.decode(code) >= units
    assert not code or amount.decode(code - 1) < units


def test_every_code_of_an_amount_comes_back() -> None:
    codes = np.arange(1 << 16, dtype=np.uint16)
    assert (amount.encode_many(amount.decode_many(codes)) == codes).all()
    assert [amount.decode(code) for code in range(1 << 16)] == amount.decode_many(codes).tolist()


@pytest.mark.parametrize("units", [-1, amount.HIGHEST + 1])
def test_amounts_that_do_not_go_on_a_token(units: int) -> None:
    for encode in (amount.encode, lambda number: amount.encode_many(np.array([number]))):
        with pytest.raises(EncodeError):
            encode(units)


@pytest.mark.parametrize(
    "wrong", [{"sgc": "12345"}, {"sgc": "12345x"}, {"krn": 0}, {"krn": 10}, {"ti": 100}, {"ken": 256}]
)
def test_attributes_of_keys_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(EncodeError):
        KeyAttributes(**{"sgc": "123456", **wrong})


def test_what_no_text_verifies_is_refused() -> None:
    pan = MeterPAN("600727000000000009")
    with pytest.raises(EncodeError, match="key type 3"):
        VendingKey(bytes(20)).decoder_key(pan, KeyAttributes("123456", KeyType.DCTK))
    with pytest.raises(EncodeError, match="EA11"):
        VendingKey(bytes(8)).decoder_key(pan, KeyAttributes("123456"))


def test_keys_have_their_lengths_and_are_not_shown() -> None:
    for wrong in (0, 7, 16):
        with pytest.raises(SecurityError):
            VendingKey(bytes(wrong))
    with pytest.raises(SecurityError):
        DecoderKey(EA.MISTY1, bytes(8))
    secret = bytes(range(100, 120))
    assert repr(VendingKey(secret)) == "VendingKey(DKGA04)"
    assert repr(DecoderKey(EA.MISTY1, secret[:16])) == "DecoderKey(ea=<EA.MISTY1: 11>)"
