from hypothesis import given
from hypothesis import strategies as st

from openami.core.crc import crc16_x25


def bitwise(data: bytes) -> int:
    """The definition: polynomial x16+x12+x5+1, low bit first, all ones before and inverted after."""
    crc = 0xFFFF
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc ^ 0xFFFF


def test_published_check_value(dlms_vectors):
    vector = dlms_vectors["fcs16-check"]
    assert crc16_x25(b"123456789") == 0x906E
    assert "0x906E" in vector["expected"]["meaning"]


def test_frame_checks_of_a_captured_hdlc_frame(dlms_vectors):
    frame = bytes.fromhex(dlms_vectors["push-hdlc-norway-han-1phase"]["hex"])[1:-1]
    assert crc16_x25(frame[:-2]) == int.from_bytes(frame[-2:], "little")


@given(st.binary(max_size=300))
def test_equals_the_definition(data):
    assert crc16_x25(data) == bitwise(data)
