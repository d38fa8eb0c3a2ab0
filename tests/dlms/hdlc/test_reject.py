"""FRMR: the three octets of ISO/IEC 13239, read by whom they reach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError
from openami.dlms.hdlc import CONTROLS, FrameReject, FrameRejectedError, Reason, information

rejects = st.builds(
    FrameReject,
    st.sampled_from(CONTROLS),
    st.integers(0, 7),
    st.integers(0, 7),
    st.integers(0, 31).map(Reason),
    st.booleans(),
)


@given(rejects, st.binary(max_size=3))
def test_reasons_come_back(reject, tail):
    assert FrameReject.decode(reject.encode() + tail) == reject


def test_the_bits_stand_where_the_standard_has_them():
    """Control field; 0, V(S), C/R, V(R); w, x, y, z from the lowest bit up."""
    reject = FrameReject(information(3, 5, poll=True), 2, 4, Reason.INVALID_RECEIVE_NUMBER)
    assert reject.encode() == bytes((0b10110110, 0b10000100, 0b00001000))
    assert FrameReject.decode(bytes((0x19, 0x10, 0x03))) == FrameReject(
        CONTROLS[0x19], 0, 0, Reason.CONTROL_UNDEFINED | Reason.INFORMATION_NOT_PERMITTED, is_response=True
    )


def test_an_error_tells_the_reason():
    reject = FrameReject(information(3, 5, poll=True), 2, 4, Reason.INVALID_RECEIVE_NUMBER)
    error = FrameRejectedError.read("server 1", reject.encode())
    assert error.reject == reject
    assert str(error) == (
        "server 1 answered FRMR: I N(S)=3 N(R)=5 P/F rejected (invalid receive number; V(S)=2 V(R)=4)"
    )
    bare = FrameRejectedError.read("server 1", b"\x93")
    assert bare.reject is None
    assert "without saying why" in str(bare)


@given(st.binary(max_size=2))
def test_fewer_octets_are_refused(octets):
    with pytest.raises(DecodeError):
        FrameReject.decode(octets)
