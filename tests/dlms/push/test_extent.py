"""Where an APDU ends: published pushes cut anywhere, any data, and what would never end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError
from openami.dlms.data import encode
from openami.dlms.push.extent import SHAPES, Extent
from openami.dlms.xdlms import DataNotification
from pushes import READABLE
from strategies import data_trees

KEY_INFO = {"none": "00", "identified": "010000", "wrapped": "01010002aabb", "agreed": "01020102020a0b"}


def reached(octets, limit=0xFFFF):
    """How far the APDU goes, and after how many octets that was known."""
    extent = Extent(octets[0], 0, limit)
    for at in range(len(octets) + 1):
        if (end := extent.reach(octets[:at])) is not None:
            return end, at
    return None, len(octets)


@pytest.mark.parametrize("name", READABLE)
def test_published_pushes_end_where_they_end(dlms_vectors, name):
    vector = dlms_vectors[name]
    for hexadecimal in (vector["expected"].get("plain"), vector["hex"]):
        octets = bytes.fromhex(hexadecimal or "")
        if octets[:1] == b"\x0f":
            assert reached(octets + b"tail") == (len(octets), len(octets))


def test_the_published_ciphered_one_ends_where_it_ends(dlms_vectors):
    octets = bytes.fromhex(dlms_vectors["udp-wrapper-push-00"]["hex"])[8:]
    assert reached(octets + b"tail") == (len(octets), len(octets))
    octets = bytes.fromhex(dlms_vectors["general-ciphering-agreed-key"]["hex"])
    assert reached(octets + b"tail") == (len(octets), len(octets))


@pytest.mark.parametrize("kind", sorted(KEY_INFO))
def test_general_ciphering_ends_behind_any_key_info(kind):
    octets = bytes.fromhex("dd" + "0101 00 00 00 00".replace(" ", "") + KEY_INFO[kind] + "03 a0b0c0".replace(" ", ""))
    assert reached(octets + b"tail") == (len(octets), len(octets))


@given(data_trees, st.sampled_from(["", "00" * 12]), st.binary(max_size=3))
def test_any_data_ends_where_it_ends(data, date_time, tail):
    octets = DataNotification(1, bytes.fromhex(date_time), encode(data)).encode()
    assert reached(octets + tail) == (len(octets), len(octets))


@given(st.sampled_from(sorted(SHAPES)), st.binary(max_size=60))
def test_any_octets_end_or_are_refused(tag, noise):
    try:
        end, known = reached(bytes((tag,)) + noise)
    except DecodeError:
        return
    assert end is None or end <= known


@pytest.mark.parametrize(
    "octets", ["0f00000001000181ff", "0f000000010001840fffffff", "0f0000000100098300ffff", "ca81c8"]
)
def test_what_goes_past_the_limit_is_refused_by_its_head(octets):
    with pytest.raises(DecodeError, match=r"at most|more than"):
        reached(bytes.fromhex(octets), limit=100)


@pytest.mark.parametrize("octets", ["0f000000010007", "dd00000000000103", "0f00000001000985"])
def test_what_is_no_apdu_is_refused(octets):
    with pytest.raises(DecodeError):
        reached(bytes.fromhex(octets) + bytes(4))


def test_a_type_description_that_never_ends_is_given_up():
    octets = b"\x0f\0\0\0\1\0\x13" + b"\x02\x01" * 2000
    with pytest.raises(DecodeError):
        reached(octets)
