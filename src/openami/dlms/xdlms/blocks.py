"""Long values in blocks, numbered from 1 (Green Book, 9.4.6, block transfer)."""

from dataclasses import dataclass
from struct import Struct
from typing import ClassVar, Self

from openami.core.errors import DecodeError
from openami.dlms.xdlms.raw import DataBlock, decode_block, encode_block, open_apdu, pack

#: Tag and choice, invoke, number of the block.
NUMBER = Struct(">2sBI")

#: Octets of a value put together from blocks; more than any COSEM attribute has.
MAX_VALUE = 1 << 24


@dataclass(frozen=True, slots=True)
class BlockNumberAPDU:
    """APDU that names a block: one that was taken, or whose successor is asked for."""

    HEAD: ClassVar[bytes]
    invoke: int
    block_number: int

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return pack(NUMBER, self.HEAD, self.invoke, self.block_number)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, cls.HEAD)
        return cls(reader.u8(), reader.u32())


@dataclass(frozen=True, slots=True)
class BlockAPDU:
    """APDU that holds nothing but a block."""

    HEAD: ClassVar[bytes]
    invoke: int
    block: DataBlock

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return self.HEAD + bytes((self.invoke,)) + encode_block(self.block)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, cls.HEAD)
        return cls(reader.u8(), decode_block(reader))


def payload(room: int, empty: bytes) -> int:
    """Octets of a value that fit an APDU which is `empty` without them; below 1 when none do."""
    free = room - len(empty)
    return free if free < 0x80 else free - 2


class Cut:
    """A long value, frozen when its first block is sent, cut to what each APDU has room for."""

    __slots__ = ("_offset", "_value", "number")

    def __init__(self, value: bytes) -> None:
        self._value = value
        self._offset = 0
        #: Number of the block sent last, 0 before the first.
        self.number = 0

    @property
    def is_done(self) -> bool:
        """Whether the last block has been sent."""
        return self.number > 0 and self._offset == len(self._value)

    def take(self, size: int) -> DataBlock:
        """Cut the next block, of at most `size` octets."""
        end = min(self._offset + max(size, 1), len(self._value))
        raw, self._offset = self._value[self._offset : end], end
        self.number += 1
        return DataBlock(end == len(self._value), self.number, raw)


class Gathered:
    """Blocks of a long value put together as they arrive; one out of turn is refused."""

    __slots__ = ("_parts", "_size", "limit", "number")

    def __init__(self, limit: int = MAX_VALUE) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self.limit = limit
        #: Number of the block taken last, 0 before the first.
        self.number = 0

    def add(self, number: int, raw: bytes, *, last: bool) -> None:
        """Take one block: the next by number, not empty unless it ends the value, not past the limit."""
        if number != self.number + 1:
            raise DecodeError(f"block {number}, expected {self.number + 1}")
        if not raw and not last:
            raise DecodeError(f"block {number} is empty and not the last")
        self._size += len(raw)
        if self._size > self.limit:
            raise DecodeError(f"value of more than {self.limit} octets")
        self._parts.append(raw)
        self.number = number

    def value(self) -> bytes:
        """All that was taken so far."""
        return b"".join(self._parts)
