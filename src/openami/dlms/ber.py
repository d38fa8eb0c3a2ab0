"""BER, as much of it as ACSE needs: tags of one octet and definite lengths (ITU-T X.690)."""

from openami.core.errors import DecodeError


def encode_length(length: int) -> bytes:
    """Length octets: one below 128, otherwise 8n and n octets (X.690, 8.1.3)."""
    if length < 0x80:
        return bytes((length,))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def decode_length(data: bytes, offset: int, end: int) -> tuple[int, int]:
    """Length at an offset, and the offset behind it."""
    if offset >= end:
        raise DecodeError("BER length is missing", offset=offset)
    first = data[offset]
    if first < 0x80:
        return first, offset + 1
    count = first & 0x7F
    if count == 0:
        raise DecodeError("BER length of the indefinite form is not allowed", offset=offset)
    if offset + 1 + count > end:
        raise DecodeError("BER length ends early", offset=end)
    return int.from_bytes(data[offset + 1 : offset + 1 + count], "big"), offset + 1 + count


def encode(tag: int, content: bytes) -> bytes:
    """One element: tag, length, contents."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    return bytes((tag,)) + encode_length(length) + content


def decode(data: bytes, offset: int, end: int) -> tuple[int, int, int]:
    """Tag of the element at an offset, and where its contents start and end."""
    if offset >= end:
        raise DecodeError("BER element is missing", offset=offset)
    tag, start = data[offset], offset + 2
    if tag & 0x1F == 0x1F:
        raise DecodeError(f"BER tag {tag:02X} of more than one octet", offset=offset)
    if start > end or (length := data[start - 1]) >= 0x80:
        length, start = decode_length(data, offset + 1, end)
    if start + length > end:
        raise DecodeError(f"BER element {tag:02X} of {length} octets ends early", offset=end)
    return tag, start, start + length


def encode_integer(value: int) -> bytes:
    """Contents of an INTEGER: two's complement in the fewest octets (X.690, 8.3)."""
    return value.to_bytes((value + (value < 0)).bit_length() // 8 + 1, "big", signed=True)


def decode_integer(data: bytes, start: int, end: int) -> int:
    """Value of an INTEGER whose contents stand between two offsets."""
    if start == end:
        raise DecodeError("BER integer without contents", offset=start)
    return int.from_bytes(data[start:end], "big", signed=True)
