"""CRC-16/X-25, the frame check sequence of HDLC and of the optical port (ISO/IEC 13239)."""

from binascii import crc_hqx

REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


def crc16_x25(data: bytes) -> int:
    """FCS-16 of the octets; it is sent low octet first.

    The C routine runs most significant bit first, so octets and result are mirrored around it.
    """
    mirrored = crc_hqx(data.translate(REVERSED), 0xFFFF)
    return (REVERSED[mirrored & 0xFF] << 8 | REVERSED[mirrored >> 8]) ^ 0xFFFF
