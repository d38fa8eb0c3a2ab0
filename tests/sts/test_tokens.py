"""Tokens there and back, one by one and a million at once; what is no token."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError, DefinitionError, EncodeError, SecurityError
from openami.sts import amount, batch, block
from openami.sts.ea07 import SAMPLE, Tables
from openami.sts.keys import EA, DecoderKey, KeyAttributes, KeyType, VendingKey
from openami.sts.token import (
    FirstSection,
    InitiateTest,
    Kind,
    MiddleSection,
    SecondSection,
    Transaction,
    decode,
    encode,
    key_change,
)

KEYS = [DecoderKey(EA.STA, bytes(range(8))), DecoderKey(EA.MISTY1, bytes(range(16)))]
keys = st.one_of(
    st.builds(DecoderKey, st.just(EA.STA), st.binary(min_size=8, max_size=8)),
    st.builds(DecoderKey, st.just(EA.MISTY1), st.binary(min_size=16, max_size=16)),
)
u32 = st.integers(0, (1 << 32) - 1)
nibble = st.integers(0, 15)
SECTIONS = {Kind.FIRST_SECTION, Kind.SECOND_SECTION, Kind.THIRD_SECTION, Kind.FOURTH_SECTION}
TRANSACTIONS = [kind for kind in Kind if kind.token_class != 1 and kind not in SECTIONS]
tokens = st.one_of(
    st.builds(
        Transaction, st.sampled_from(TRANSACTIONS), st.integers(0, (1 << 24) - 1), st.integers(0, 0xFFFF), nibble
    ),
    st.builds(InitiateTest, st.integers(0, (1 << 36) - 1), st.integers(0, 0xFF)),
    st.builds(InitiateTest, st.integers(0, (1 << 28) - 1), st.integers(0, 0xFFFF), st.just(Kind.INITIATE_TEST_4)),
    st.builds(
        FirstSection,
        nibble,
        nibble,
        rollover=st.booleans(),
        key_type=st.sampled_from(KeyType),
        key=u32,
        is_of_three=st.booleans(),
    ),
    st.builds(SecondSection, nibble, st.integers(0, 0xFF), u32),
    st.builds(MiddleSection, st.sampled_from([Kind.THIRD_SECTION, Kind.FOURTH_SECTION]), st.integers(0, 0xFFF), u32),
)


@given(tokens, keys)
def test_tokens_come_back(token, key) -> None:
    digits = encode(token, key)
    assert len(digits) == 20
    assert decode(digits, key) == token
    assert decode(block.grouped(digits), key) == token
    column = np.frombuffer(key.octets, np.uint8).reshape(1, -1)
    found = batch.decode(np.array([digits], "S20"), column)
    assert found.is_genuine.all()
    assert (found.kind[0], found.body[0]) == (token.kind, token.payload & (1 << 44) - 1)


@given(st.text("0123456789", min_size=20, max_size=20), keys)
def test_any_digits_are_a_token_or_refused_and_columns_agree(digits: str, key: DecoderKey) -> None:
    found = batch.decode(np.array([digits], "S20"), np.frombuffer(key.octets, np.uint8).reshape(1, -1))
    try:
        token = decode(digits, key)
    except SecurityError:
        assert not found.is_genuine[0]
    except DecodeError:
        assert not found.is_genuine[0] or found.kind[0] not in set(Kind)
    else:
        assert found.is_genuine[0]
        assert encode(token, key) == digits


@pytest.mark.parametrize("text", ["", "1", "1" * 19, "1" * 21, "x" * 20, "٣" * 20, "73786976294838206464", "9" * 20])
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(DecodeError):
        decode(text, KEYS[1])


def test_columns_tell_what_is_no_token() -> None:
    texts = ["73786976294838206463", "73786976294838206464", "9" * 20, "1234", "0" * 19 + "x"]
    found = batch.decode(np.array(texts, "S20"), np.zeros((5, 16), np.uint8))
    assert not found.is_token.any()  # the first is of class 3
    assert not found.is_genuine.any()
    assert len(batch.decode(np.array([], "S20"), np.zeros((0, 16), np.uint8)).rows) == 0


def test_a_key_is_needed_but_for_tests() -> None:
    token = Transaction(Kind.ELECTRICITY, 1, 1)
    with pytest.raises(SecurityError, match="needs the meter's key"):
        encode(token)
    with pytest.raises(SecurityError, match="needs the meter's key"):
        decode(encode(token, KEYS[0]))
    assert decode(encode(InitiateTest(5))) == InitiateTest(5)


def test_a_token_of_another_key_has_a_wrong_crc() -> None:
    with pytest.raises(SecurityError, match="CRC"):
        decode(encode(Transaction(Kind.ELECTRICITY, 1, 1), KEYS[0]), DecoderKey(EA.STA, bytes(8)))


@pytest.mark.parametrize(
    "wrong",
    [
        Transaction(Kind.WATER, 1 << 24),
        Transaction(Kind.WATER, -1),
        Transaction(Kind.WATER, 1, 1 << 16),
        Transaction(Kind.WATER, 1, 1, 16),
        InitiateTest(1 << 36),
        InitiateTest(1, 256),
    ],
    ids=str,
)
def test_values_that_do_not_fit(wrong) -> None:
    with pytest.raises(EncodeError):
        encode(wrong, KEYS[0])


def test_columns_that_do_not_fit() -> None:
    zero = np.zeros(1, np.int64)
    for wrong in ((zero - 1, zero, zero), (zero, zero + (1 << 16), zero), (zero, zero, zero + 16)):
        with pytest.raises(EncodeError):
            batch.Values(*wrong)


def test_no_token_shows_a_key() -> None:
    for part in key_change(KEYS[1], KeyAttributes("123456")):
        assert str(part.key) not in repr(part)


TABLES = """
substitution_1 = [7, 2, 12, 5, 0, 11, 14, 9, 1, 15, 6, 3, 10, 13, 4, 8]
substitution_2 = [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
permutation = [{}]
"""


def test_an_operators_tables_are_read_and_used() -> None:
    tables = Tables.parse(TABLES.format(", ".join(str(place * 5 % 64) for place in range(64))))
    assert not tables.is_sample
    token = Transaction(Kind.ELECTRICITY, 77, 78, 5)
    digits = encode(token, KEYS[0], tables)
    assert decode(digits, KEYS[0], tables) == token
    assert digits != encode(token, KEYS[0])
    assert digits != encode(token, KEYS[0], Tables(tables.substitution_2, tables.substitution_1, tables.permutation))


@pytest.mark.parametrize(
    "text", ["", "=", TABLES.format("1, 2"), TABLES.format("'a'"), TABLES.format(", ".join(["7"] * 64))]
)
def test_tables_that_are_none(text: str) -> None:
    with pytest.raises(DefinitionError):
        Tables.parse(text, "own.toml")


def test_the_sample_tables_are_known_as_such() -> None:
    assert Tables(SAMPLE.substitution_1, SAMPLE.substitution_2, SAMPLE.permutation).is_sample
    assert "12" not in repr(SAMPLE)


@pytest.mark.slow
@pytest.mark.parametrize("ea", EA)
def test_a_million_random_tokens_there_and_back(ea: EA) -> None:
    rng = np.random.default_rng(20)
    number = 1_000_000
    pans = np.char.zfill(rng.integers(0, 10**18, number).astype("S18"), 18)
    wanted = KeyAttributes("123457", ea=ea)
    octets = VendingKey(bytes(range(20))).decoder_keys(pans, wanted)
    tid, units, rnd = (rng.integers(0, limit, number) for limit in (1 << 24, amount.HIGHEST + 1, 16))
    for kind in (Kind.ELECTRICITY, Kind.MAXIMUM_POWER_LIMIT):
        digits = batch.encode(kind, batch.Values(tid, amount.encode_many(units), rnd), octets)
        found = batch.decode(digits, octets)
        assert found.is_genuine.all()
        assert (found.kind == kind).all()
        assert (found.tid == tid).all()
        assert (found.rnd == rnd).all()
        assert (amount.decode_many(found.value) >= units).all()
    for row in range(0, number, 9973):
        key = DecoderKey(ea, octets[row].tobytes())
        token = Transaction.of_amount(kind, int(tid[row]), int(units[row]), int(rnd[row]))
        assert encode(token, key) == digits[row].decode()
    assert not batch.decode(digits, np.roll(octets, 1, axis=0)).is_genuine.mean() > 1e-4
