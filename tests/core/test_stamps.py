import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError
from openami.core.stamps import civil, days_from_civil, decode_stamps, encode_stamps
from openami.core.time import CET, CosemDateTime
from strategies import instants


@given(st.lists(instants, max_size=20))
def test_columns_equal_the_single_stamps(seconds):
    utc = np.array(seconds, np.int64)
    stamps = encode_stamps(utc, *CET.offsets(utc))
    assert [row.tobytes() for row in stamps] == [CET.stamp(at).encode() for at in seconds]
    assert decode_stamps(stamps).tolist() == seconds


@given(st.lists(st.binary(min_size=12, max_size=12), min_size=1, max_size=4))
def test_any_octets_equal_the_single_decoder(rows):
    octets = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 12)
    single = []
    for row in rows:
        try:
            single.append(CosemDateTime.decode(row).to_utc(-60))
        except DecodeError:
            single.append(None)
    if None in single:
        with pytest.raises(DecodeError):
            decode_stamps(octets, -60)
    else:
        assert decode_stamps(octets, -60).tolist() == single


def test_every_day_of_four_centuries():
    days = np.arange(-135_140, 146_097, dtype=np.int64)  # 1600 to 2370
    year, month, day = civil(days)
    assert (days_from_civil(year, month, day) == days).all()
    dates = days.astype("datetime64[D]")
    assert (dates.astype("datetime64[Y]").astype(np.int64) + 1970 == year).all()
    assert (dates.astype("datetime64[M]").astype(np.int64) % 12 + 1 == month).all()
    assert ((dates - dates.astype("datetime64[M]")).astype(np.int64) + 1 == day).all()


def test_errors_name_the_row():
    stamps = encode_stamps(np.arange(3) * 900, np.zeros(3, np.int16), np.zeros(3, np.bool_))
    stamps[2, 5] = 24
    with pytest.raises(DecodeError, match="stamp 2 names no single second"):
        decode_stamps(stamps)
    stamps[1, 9:11] = (0x80, 0x00)
    with pytest.raises(DecodeError, match="stamp 1 has no deviation"):
        decode_stamps(stamps)
    with pytest.raises(DecodeError, match="rows of 12 octets"):
        decode_stamps(stamps[:, :11])


def test_status_bits_are_added():
    stamps = encode_stamps(np.zeros(2, np.int64), np.full(2, -120, np.int16), np.array([True, False]), 0x02)
    assert stamps[:, 11].tolist() == [0x82, 0x02]
    assert encode_stamps(np.zeros(0, np.int64), np.zeros(0, np.int16), np.zeros(0, np.bool_)).shape == (0, 12)
