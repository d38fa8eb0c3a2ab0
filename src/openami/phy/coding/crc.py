"""CRC-16 of SCM+, IDM and NetIDM."""

from binascii import crc_hqx


def crc16_genibus(data: bytes) -> int:
    """CRC of the octets: polynomial 0x1021, initial value 0xFFFF, final XOR 0xFFFF, high octet first."""
    return crc_hqx(data, 0xFFFF) ^ 0xFFFF
