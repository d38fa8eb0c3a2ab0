"""A-XDR (IEC 61334-6): the length field, and a small reader of octets."""

from openami.core.errors import DecodeError

MAX_LENGTH_OCTETS = 4


def encode_length(length: int) -> bytes:
    """One octet up to 127, else the count of octets and the number."""
    if length < 0x80:
        return length.to_bytes(1, "big")
    octets = (length.bit_length() + 7) // 8
    return (0x80 | octets).to_bytes(1, "big") + length.to_bytes(octets, "big")


def decode_length(data: bytes, offset: int = 0) -> tuple[int, int]:
    """Length that stands at `offset`, and the offset behind it."""
    try:
        first = data[offset]
    except IndexError:
        raise DecodeError("length is missing", offset=offset) from None
    if first < 0x80:
        return first, offset + 1
    octets = first & 0x7F
    end = offset + 1 + octets
    if not 1 <= octets <= MAX_LENGTH_OCTETS:
        raise DecodeError(f"length of {octets} octets, expected 1 to {MAX_LENGTH_OCTETS}", offset=offset)
    if end > len(data):
        raise DecodeError("length is cut off", offset=offset)
    return int.from_bytes(data[offset + 1 : end], "big"), end


class Reader:
    """Octets and a place in them; reading past the end is a `DecodeError`."""

    __slots__ = ("data", "offset")

    def __init__(self, data: bytes, offset: int = 0) -> None:
        self.data = data
        self.offset = offset

    @property
    def remaining(self) -> int:
        """Octets not yet read."""
        return len(self.data) - self.offset

    def take(self, length: int) -> bytes:
        """The next `length` octets."""
        start, end = self.offset, self.offset + length
        if end > len(self.data):
            raise DecodeError(f"{length} octets expected, {len(self.data) - start} left", offset=start)
        self.offset = end
        return self.data[start:end]

    def u8(self) -> int:
        """One octet as a number."""
        offset = self.offset
        if offset >= len(self.data):
            raise DecodeError("octet is missing", offset=offset)
        self.offset = offset + 1
        return self.data[offset]

    def u16(self) -> int:
        """Two octets, high first."""
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        """Four octets, high first."""
        return int.from_bytes(self.take(4), "big")

    def length(self) -> int:
        """A length field."""
        value, self.offset = decode_length(self.data, self.offset)
        return value

    def octets(self) -> bytes:
        """A length field and that many octets."""
        return self.take(self.length())

    def flag(self) -> bool:
        """Presence of an optional part, or a boolean: one octet."""
        return self.u8() != 0

    def rest(self) -> bytes:
        """All octets that are left."""
        return self.take(self.remaining)

    def finish(self) -> None:
        """Refuse octets that are left over."""
        if self.remaining:
            raise DecodeError(f"{self.remaining} octets too many", offset=self.offset)
