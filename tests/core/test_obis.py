import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from strategies import obis_codes


@pytest.mark.parametrize("text", ["1.0.1.8.0.255", "1-0:1.8.0*255", "1-0:1.8.0", "1-0:1.8.0.255", "1-0:1.8.0&255"])
def test_every_spelling_of_total_active_import_is_one_code(text):
    assert OBIS.parse(text) == bytes.fromhex("0100010800ff")
    assert str(OBIS.parse(text)) == "1.0.1.8.0.255"


def test_groups_have_their_letters():
    code = OBIS.parse("1-2:3.4.5*6")
    assert (code.a, code.b, code.c, code.d, code.e, code.f) == (1, 2, 3, 4, 5, 6)
    assert repr(code) == "OBIS('1.2.3.4.5.6')"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1.0.1.8.0255", "group E is 0255"),
        ("1.0.1.8.0", "group F is missing"),
        ("1.0.1.8.256.255", "group E is 256"),
        ("300-0:1.8.0", "group A is 300"),
        ("1.0.1.8.0.255.1", "7 groups"),
        ("1-0:1.8", "expected A.B.C.D.E.F"),
        ("", "expected A.B.C.D.E.F"),
        ("1.0.1.8.0.ff", "expected A.B.C.D.E.F"),
        ("1.0.1.8.0.-1", "expected A.B.C.D.E.F"),
        ("1.0.1.8.0.²", "expected A.B.C.D.E.F"),
        (" 1.0.1.8.0.255", "expected A.B.C.D.E.F"),
    ],
)
def test_wrong_text_names_the_group(text, words):
    with pytest.raises(DecodeError, match=words):
        OBIS.parse(text)


@pytest.mark.parametrize("octets", [b"", b"\x01\x00\x01\x08\x00", bytes(7)])
def test_only_six_octets_are_a_code(octets):
    with pytest.raises(DecodeError, match="expected 6"):
        OBIS(octets)


@given(obis_codes)
def test_text_and_back(code):
    assert OBIS.parse(str(code)) == code
    assert OBIS.of(str(code)) == OBIS.of(bytes(code)) == OBIS.of(code) == code
    assert hash(code) == hash(bytes(code))
    assert OBIS.of(code) is code


@given(st.text(max_size=30))
def test_any_text_is_a_code_or_a_decode_error(text):
    try:
        code = OBIS.parse(text)
    except DecodeError:
        return
    assert len(code) == 6
