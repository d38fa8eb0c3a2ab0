"""AAREs read by their kind say what they say when read element by element."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError
from openami.dlms.acse import AARE, ApplicationContext, AssociationResult, Diagnostic, Mechanism
from openami.dlms.client.accepting import LONGEST, MOST, Reader

KIND = AARE(
    application_context=ApplicationContext.LN_CIPHERED,
    diagnostic=Diagnostic.AUTHENTICATION_REQUIRED,
    mechanism=Mechanism.HIGH_GMAC,
    responding_ap_title=bytes(8),
    responding_authentication_value=bytes(16),
    user_information=bytes(31),
)
titles, challenges, infos = (st.binary(min_size=size, max_size=size) for size in (8, 16, 31))


def plainly(apdu: bytes) -> AARE:
    """Without any memory."""
    return AARE.decode(apdu)


def told(reader: Reader, apdu: bytes) -> AARE:
    """What a reader says, put together again."""
    aare, title, challenge, inside = reader.read(apdu)
    return replace(aare, responding_ap_title=title, responding_authentication_value=challenge, user_information=inside)


@given(title=titles, challenge=challenges, info=infos)
def test_what_varies_is_read_anew(title, challenge, info):
    reader = Reader()
    reader.read(KIND.encode())
    other = replace(KIND, responding_ap_title=title, responding_authentication_value=challenge, user_information=info)
    assert told(reader, other.encode()) == other


@given(data=st.data())
def test_any_change_is_read_as_without_memory(data):
    reader, apdu = Reader(), bytearray(KIND.encode())
    reader.read(bytes(apdu))
    for _ in range(data.draw(st.integers(1, 3))):
        apdu[data.draw(st.integers(0, len(apdu) - 1))] = data.draw(st.integers(0, 255))
    try:
        expected = plainly(bytes(apdu))
    except DecodeError:
        with pytest.raises(DecodeError):
            reader.read(bytes(apdu))
    else:
        assert told(reader, bytes(apdu)) == expected


@pytest.mark.parametrize(
    "other",
    [
        {"result": AssociationResult.REJECTED_PERMANENT},
        {"diagnostic": Diagnostic.NULL},
        {"mechanism": Mechanism.HIGH_SHA256},
        {"application_context": ApplicationContext.LN},
        {"responding_ap_title": None},
        {"user_information": None},
    ],
)
def test_another_kind_is_not_taken_for_the_known_one(other):
    reader, apdu = Reader(), replace(KIND, **other)
    for _ in range(2):
        assert told(reader, KIND.encode()) == KIND
        assert told(reader, apdu.encode()) == apdu


def test_no_more_is_remembered_than_is_good():
    reader = Reader()
    for size in range(2 * MOST):
        reader.read(replace(KIND, user_information=bytes(size)).encode())
    reader.read(replace(KIND, user_information=bytes(LONGEST)).encode())
    assert len(reader._kinds) == MOST
    for size in (3, 100, LONGEST):
        aare = replace(KIND, user_information=bytes(size))
        assert told(reader, aare.encode()) == aare


def test_extra_elements_belong_to_the_kind():
    reader = Reader()
    tall = replace(KIND, protocol_version=b"\x07\x80", responding_ae_qualifier=b"certificate")
    for _ in range(2):
        aare, _, _, _ = reader.read(tall.encode())
        assert aare.responding_ae_qualifier == b"certificate"
        assert aare.application_context is ApplicationContext.LN_CIPHERED
