"""`Data` as a lossless tree: every value with its tag (Green Book, A-XDR encoding of `Data`)."""

from openami.core.errors import DecodeError, EncodeError
from openami.dlms.axdr import decode_length, encode_length
from openami.dlms.data.compact import decode_compact, encode_compact
from openami.dlms.data.primitives import BODY, known_tag, read, type_name, write
from openami.dlms.data.types import CONTAINERS, MAX_DEPTH, CompactArray, Data, Tag

SHORT_CONTAINERS = frozenset(map(int, CONTAINERS))
SHORT = SHORT_CONTAINERS | {int(Tag.OCTET_STRING), int(Tag.VISIBLE_STRING), int(Tag.UTF8_STRING)}
"""Types whose length, up to 127, is the octet behind the tag; as plain numbers, for `skip` is on the hot path."""


def decode(data: bytes, offset: int = 0) -> tuple[Data, int]:
    """The value at `offset` with its tag, and the offset behind it."""
    return decode_at(data, offset, 0)


def decode_at(data: bytes, offset: int, depth: int) -> tuple[Data, int]:
    """`decode` at a depth of nesting."""
    tag = known_tag(data, offset)
    if tag is Tag.COMPACT_ARRAY:
        array, end = decode_compact(data, offset + 1)
        return Data(tag, array), end
    if tag not in CONTAINERS:
        value, end = read(tag, data, offset + 1)
        return Data(tag, value), end
    if depth >= MAX_DEPTH:
        raise DecodeError(f"data nested deeper than {MAX_DEPTH}", offset=offset)
    count, at = element_count(data, offset + 1)
    elements: list[Data] = []
    for _ in range(count):
        element, at = decode_at(data, at, depth + 1)
        elements.append(element)
    return Data(tag, tuple(elements)), at


def element_count(data: bytes, offset: int) -> tuple[int, int]:
    """Number of elements of an array or structure; each takes at least one octet."""
    count, at = decode_length(data, offset)
    if count > len(data) - at:
        raise DecodeError(f"{count} elements in {len(data) - at} octets", offset=offset)
    return count, at


def encode(data: Data) -> bytes:
    """Octets of a tree."""
    try:
        tag, value = data
    except (TypeError, ValueError) as error:
        raise EncodeError(f"{data!r} is no tree of data") from error
    prefix = tag.to_bytes(1, "big")
    if isinstance(value, CompactArray):
        if tag is not Tag.COMPACT_ARRAY:
            raise EncodeError(f"a compact-array does not fit {type_name(tag)}")
        return prefix + encode_compact(value)
    if not isinstance(value, tuple):
        return prefix + write(tag, value)
    if tag not in CONTAINERS:
        raise EncodeError(f"a tuple does not fit {type_name(tag)}")
    return prefix + encode_length(len(value)) + b"".join(map(encode, value))


def skip(data: bytes, offset: int = 0) -> int:
    """Offset behind the value at `offset`, without making values."""
    pending, length = 1, len(data)
    while pending:
        if offset >= length:
            raise DecodeError("data is cut off", offset=length)
        pending -= 1
        number = data[offset]
        size = BODY[number]
        if size is not None:
            offset += 1 + size
            continue
        count = data[offset + 1] if offset + 1 < length else length
        if number in SHORT and count < 0x80 and count <= length - offset - 2:
            if number in SHORT_CONTAINERS:
                pending += count
                offset += 2
            else:
                offset += 2 + count
            continue
        tag = known_tag(data, offset)
        if tag in CONTAINERS:
            count, offset = element_count(data, offset + 1)
            pending += count
        elif tag is Tag.COMPACT_ARRAY:
            _, offset = decode_compact(data, offset + 1)
        else:
            size, offset = decode_length(data, offset + 1)
            offset += (size + 7) // 8 if tag is Tag.BIT_STRING else size
    if offset > length:
        raise DecodeError("data is cut off", offset=length)
    return offset
