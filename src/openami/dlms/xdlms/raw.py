"""Octets of an APDU: its head, its blocks, and encoded `Data` that is carried as it stands."""

import struct
from collections.abc import Callable, Sequence
from enum import IntEnum
from struct import Struct
from typing import NamedTuple, TypeVar

from openami.core.errors import DecodeError, EncodeError
from openami.dlms.axdr import Reader, encode_length
from openami.dlms.data import skip

BLOCK_HEAD = Struct(">?I")
#: Tag and choice, invoke, class, logical name, attribute or method, whether an optional part follows.
NORMAL = Struct(">HBH6sbB")
E = TypeVar("E", bound=IntEnum)
T = TypeVar("T")


class DataBlock(NamedTuple):
    """One block of a long transfer (Green Book, DataBlock-SA)."""

    last_block: bool
    block_number: int
    raw_data: bytes


def encode_block(block: DataBlock) -> bytes:
    """Octets of a block."""
    return pack(BLOCK_HEAD, block.last_block, block.block_number) + encode_octets(block.raw_data)


def decode_block(reader: Reader) -> DataBlock:
    """Read the block that stands next."""
    return DataBlock(reader.flag(), reader.u32(), reader.octets())


def encode_octets(octets: bytes) -> bytes:
    """Octets behind their length."""
    return encode_length(len(octets)) + octets


def encode_list(parts: Sequence[bytes]) -> bytes:
    """SEQUENCE OF: the count and the encoded elements."""
    return encode_length(len(parts)) + b"".join(parts)


def decode_list(reader: Reader, element: Callable[[Reader], T]) -> tuple[T, ...]:
    """SEQUENCE OF: as many elements as the count says."""
    return tuple(element(reader) for _ in range(reader.length()))


def open_apdu(apdu: bytes, head: bytes) -> Reader:
    """Reader behind the tag and choice of an APDU."""
    check_head(apdu, head)
    return Reader(apdu, len(head))


def check_head(apdu: bytes, head: bytes) -> None:
    """Refuse an APDU of another tag or choice."""
    if not apdu.startswith(head):
        raise DecodeError(f"APDU begins {apdu[: len(head)].hex()}, expected {head.hex()}", offset=0)


def decode_code(reader: Reader, codes: type[E]) -> E:
    """Read a code of one octet; one that the standard reserves is refused."""
    code = reader.u8()
    try:
        return codes(code)
    except ValueError:
        raise DecodeError(f"{codes.__name__} {code} is reserved", offset=reader.offset - 1) from None


def pack(layout: Struct, *fields: int | bytes) -> bytes:
    """Fields of fixed length; one that does not fit is refused."""
    try:
        return layout.pack(*fields)
    except struct.error as error:
        raise EncodeError(f"field of an APDU: {error}") from None


def unpack(apdu: bytes) -> tuple[int, int, int, bytes, int, int]:
    """Fields of fixed length at the start of a request that names an attribute or a method."""
    try:
        return NORMAL.unpack_from(apdu)
    except struct.error:
        raise DecodeError(f"APDU of {len(apdu)} octets ends early", offset=len(apdu)) from None


def take(reader: Reader) -> bytes:
    """Take the encoded Data that stands next."""
    return reader.take(skip(reader.data, reader.offset) - reader.offset)


def rest(apdu: bytes, offset: int) -> bytes:
    """Return the encoded Data that ends the APDU; who decodes it checks it."""
    if offset >= len(apdu):
        raise DecodeError("data is missing", offset=len(apdu))
    return apdu[offset:]
