import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headend.fake_meters import ZONE
from openami.core.errors import DecodeError
from openami.headend.curves.codec import CODECS, Codec, pack, packed_dtype, unpack
from openami.headend.registry.layout import Layout
from openami.headend.registry.models import model

LAYOUT = Layout.of(model("compactiq").main_profile, ZONE)


@pytest.mark.parametrize("codec", list(Codec))
@given(data=st.data(), is_regular=st.booleans(), n=st.integers(1, 100))
def test_round_trip(codec: Codec, data: st.DataObject, is_regular: bool, n: int) -> None:
    dtype = packed_dtype(LAYOUT, is_regular=is_regular)
    octets = data.draw(st.binary(min_size=2 * n * dtype.itemsize, max_size=2 * n * dtype.itemsize))
    records = np.frombuffer(octets, dtype).reshape(2, n)
    blocks = pack(records, codec)
    for day, block in zip(records, blocks, strict=True):
        assert unpack(block, codec, dtype, n).tobytes() == day.tobytes()


@pytest.mark.parametrize("codec", list(Codec))
@given(octets=st.binary(max_size=200))
def test_any_bytes_are_a_block_or_a_decode_error(codec: Codec, octets: bytes) -> None:
    dtype = packed_dtype(LAYOUT, is_regular=True)
    try:
        rows = unpack(octets, codec, dtype, 96)
    except DecodeError:
        return
    assert len(rows) == 96


@pytest.mark.parametrize("codec", list(Codec))
def test_a_block_cut_changed_or_of_another_length_is_refused(codec: Codec) -> None:
    dtype = packed_dtype(LAYOUT, is_regular=True)
    (block,) = pack(np.arange(960, dtype=np.uint8).view(dtype).reshape(1, 96), codec)
    for wrong in (block[:-1], block[: len(block) // 2], b""):
        with pytest.raises(DecodeError):
            unpack(wrong, codec, dtype, 96)
    with pytest.raises(DecodeError):
        unpack(bytes((*block[:20], block[20] ^ 0x55, *block[21:])), codec, dtype, 96)
    for n in (95, 97):
        with pytest.raises(DecodeError):
            unpack(block, codec, dtype, n)


def test_an_unknown_codec_is_named() -> None:
    with pytest.raises(DecodeError, match="codec 77"):
        unpack(b"x", 77, packed_dtype(LAYOUT, is_regular=True), 1)


def test_both_codecs_are_here() -> None:
    assert set(CODECS) == set(Codec)


def test_a_household_day_takes_less_than_five_octets_a_row() -> None:
    rng = np.random.default_rng(1)
    records = np.zeros((200, 96), packed_dtype(LAYOUT, is_regular=True))
    records["1.0.1.8.0.255"] = 1_000_000 + rng.lognormal(4, 1, (200, 96)).astype(np.int64).cumsum(axis=1)
    records["1.0.2.8.0.255"] = 400_000 + rng.lognormal(3, 1, (200, 96)).astype(np.int64).cumsum(axis=1)
    records["quality"] = 14
    for codec in Codec:
        assert sum(map(len, pack(records, codec))) / records.size < 5
