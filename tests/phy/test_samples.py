"""Formats of samples: there and back, cut off, and heads of WAV files that are none."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError
from openami.phy.samples import CF32, CS16, CU8, FORMATS, Wav

RAMP = (np.linspace(-0.99, 0.99, 101) + 1j * np.linspace(0.99, -0.99, 101)).astype(np.complex64)


@pytest.mark.parametrize(("name", "error"), [("cu8", 1 / 255), ("cs16", 1 / 65536), ("cf32", 0)])
def test_there_and_back(name, error):
    form = FORMATS[name]
    data = form.encode(RAMP)
    assert len(data) == 101 * form.octets
    back = form.decode(data + b"\x01")
    assert np.abs(back - RAMP).max() <= 1.5 * error
    assert form.encode(back) == data


def test_known_octets():
    assert CU8.decode(bytes([0, 255])) == np.complex64(-1 + 1j)
    assert CS16.decode(b"\x00\x80\x00\x40") == np.complex64(-1 + 0.5j)
    assert CU8.encode(np.array([2 - 2j], dtype=np.complex64)) == b"\xff\x00"


@pytest.mark.parametrize("form", [CU8, CS16, CF32])
@pytest.mark.parametrize("size", [None, 4000])
def test_head_of_wav(form, size):
    head = Wav(form, 2_048_000.0, size=size).encode()
    assert Wav.decode(head + bytes(50)) == Wav(form, 2_048_000.0, 44, size)


def test_chunks_before_the_samples():
    head = Wav(CS16, 1e6, size=8).encode()
    extra = b"auxi" + struct.pack("<I", 5) + b"abcde\x00"
    assert Wav.decode(head[:36] + extra + head[36:]).offset == 44 + len(extra)


@pytest.mark.parametrize(
    "head", [b"", b"RIFF1234WAVX", b"RIFF1234WAVEdata\x04\x00\x00\x00", b"RIFF1234WAVEfmt \x04\x00\x00\x00abcd"]
)
def test_heads_that_are_none(head):
    with pytest.raises(DecodeError):
        Wav.decode(head)


def test_mono_is_not_taken():
    head = bytearray(Wav(CS16, 1e6).encode())
    head[22] = 1
    with pytest.raises(DecodeError, match="1 channels"):
        Wav.decode(bytes(head))


@given(st.binary(max_size=100))
def test_any_octets_give_a_head_or_one_error(data):
    with pytest.raises(DecodeError):
        Wav.decode(b"RIFF1234WAVE" + data.replace(b"data", b"dada"))
