"""BCH and CRC against their definitions, and the SCM word with every pattern of one and two wrong bits."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError
from openami.phy.coding import bch
from openami.phy.coding.crc import crc16_genibus
from openami.phy.ert import SCM

WORD = SCM(54585868, 12, 562456, 3).encode()
COVERED = range(16, 96)


def long_division(value: int, generator: int) -> int:
    """Remainder of polynomials over GF(2)."""
    while value.bit_length() >= generator.bit_length():
        value ^= generator << value.bit_length() - generator.bit_length()
    return value


def spoiled(places: tuple[int, ...]) -> bytes:
    word = int.from_bytes(WORD, "big")
    for place in places:
        word ^= 1 << 95 - place
    return word.to_bytes(12, "big")


@given(st.binary(max_size=30))
def test_bch_equals_the_definition(data):
    assert bch.remainder(data) == long_division(int.from_bytes(data, "big") << 16, 0x16F63)


def test_the_generator_divides_the_code():
    assert long_division(1 << 255 | 1, 0x16F63) == 0


@given(st.binary(max_size=100))
def test_crc_leaves_its_residue(data):
    crc = crc16_genibus(data)
    assert crc16_genibus(data + crc.to_bytes(2, "big")) ^ 0xFFFF == 0x1D0F


def test_crc_check_value():
    assert crc16_genibus(b"123456789") == 0xD64E


@pytest.mark.parametrize("most", [0, 1, 2])
def test_one_wrong_bit(most):
    whole = SCM.decode(WORD)
    for place in range(96):
        if place in COVERED and most >= 1:
            assert SCM.decode(spoiled((place,)), correct=most) == whole
        else:
            with pytest.raises(DecodeError):
                SCM.decode(spoiled((place,)), correct=most)


@pytest.mark.parametrize("most", [0, 1, 2])
def test_two_wrong_bits(most):
    whole = SCM.decode(WORD)
    for places in combinations(range(96), 2):
        if places[0] in COVERED and most == 2:
            assert SCM.decode(spoiled(places), correct=2) == whole
        else:
            with pytest.raises(DecodeError):
                SCM.decode(spoiled(places), correct=most)


def test_what_was_turned_is_told():
    assert bch.correct(WORD[2:], 2) == bch.Corrected(WORD[2:], ())
    assert bch.correct(spoiled((20, 95))[2:], 2).turned == (4, 79)


@pytest.mark.parametrize(("octets", "most"), [(32, 1), (10, 3), (10, -1)])
def test_words_that_the_code_does_not_hold(octets, most):
    with pytest.raises(ValueError, match="at most"):
        bch.correct(bytes(octets), most)
