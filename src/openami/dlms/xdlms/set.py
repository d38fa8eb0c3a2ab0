"""SET: writing attributes (Green Book, 9.5, Set-Request and Set-Response)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeAlias

from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.dlms.axdr import Reader, encode_length
from openami.dlms.xdlms.blocks import BlockAPDU, BlockNumberAPDU
from openami.dlms.xdlms.descriptors import (
    DESCRIPTOR,
    AttributeDescriptor,
    AttributeItem,
    Selection,
    decode_attribute,
    decode_items,
    decode_selection,
    decode_values,
    encode_items,
    encode_selection,
    encode_values,
)
from openami.dlms.xdlms.raw import (
    NORMAL,
    DataBlock,
    check_head,
    decode_block,
    decode_code,
    decode_list,
    encode_block,
    open_apdu,
    pack,
    rest,
    take,
    unpack,
)
from openami.dlms.xdlms.results import DataAccessResult

REQUEST_NORMAL, REQUEST_WITH_FIRST_DATABLOCK, REQUEST_WITH_DATABLOCK = b"\xc1\x01", b"\xc1\x02", b"\xc1\x03"
REQUEST_WITH_LIST, REQUEST_WITH_LIST_AND_FIRST_DATABLOCK = b"\xc1\x04", b"\xc1\x05"
RESPONSE_NORMAL, RESPONSE_DATABLOCK, RESPONSE_LAST_DATABLOCK = b"\xc5\x01", b"\xc5\x02", b"\xc5\x03"
RESPONSE_LAST_DATABLOCK_WITH_LIST, RESPONSE_WITH_LIST = b"\xc5\x04", b"\xc5\x05"


@dataclass(frozen=True, slots=True)
class SetRequestNormal:
    """Write one attribute; the value is an encoded Data."""

    invoke: int
    attribute: AttributeDescriptor
    selection: Selection | None
    value: bytes

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return set_request_normal(self.invoke, self.attribute, self.selection, self.value)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; the value is all that is left."""
        check_head(apdu, REQUEST_NORMAL)
        _, invoke, class_id, name, attribute_id, access = unpack(apdu)
        attribute = AttributeDescriptor(class_id, OBIS(name), attribute_id)
        if not access:
            return cls(invoke, attribute, None, rest(apdu, NORMAL.size))
        reader = Reader(apdu, NORMAL.size)
        selection = Selection(reader.u8(), take(reader))
        return cls(invoke, attribute, selection, rest(apdu, reader.offset))


@dataclass(frozen=True, slots=True)
class SetRequestFirstBlock:
    """Write one attribute, the value in blocks: the first of them."""

    invoke: int
    attribute: AttributeDescriptor
    selection: Selection | None
    block: DataBlock

    def encode(self) -> bytes:
        """Octets of the APDU."""
        head = REQUEST_WITH_FIRST_DATABLOCK + bytes((self.invoke,)) + pack(DESCRIPTOR, *self.attribute)
        return head + encode_selection(self.selection) + encode_block(self.block)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, REQUEST_WITH_FIRST_DATABLOCK)
        return cls(reader.u8(), decode_attribute(reader), decode_selection(reader), decode_block(reader))


@dataclass(frozen=True, slots=True)
class SetRequestWithBlock(BlockAPDU):
    """The next block of a value, or of the values of a list."""

    HEAD = REQUEST_WITH_DATABLOCK


@dataclass(frozen=True, slots=True)
class SetRequestWithList:
    """Write several attributes, a value for each."""

    invoke: int
    items: tuple[AttributeItem, ...]
    values: tuple[bytes, ...]

    def encode(self) -> bytes:
        """Octets of the APDU."""
        head = REQUEST_WITH_LIST + bytes((self.invoke,))
        return head + encode_items(self.items) + encode_values(self.values)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, REQUEST_WITH_LIST)
        invoke, items, at = reader.u8(), decode_items(reader), reader.offset
        values = decode_values(reader)
        if len(values) != len(items):
            raise DecodeError(f"{len(values)} values for {len(items)} attributes", offset=at)
        return cls(invoke, items, values)


@dataclass(frozen=True, slots=True)
class SetRequestFirstBlockWithList:
    """Write several attributes, the list of their values in blocks: the first of them."""

    invoke: int
    items: tuple[AttributeItem, ...]
    block: DataBlock

    def encode(self) -> bytes:
        """Octets of the APDU."""
        head = REQUEST_WITH_LIST_AND_FIRST_DATABLOCK + bytes((self.invoke,))
        return head + encode_items(self.items) + encode_block(self.block)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, REQUEST_WITH_LIST_AND_FIRST_DATABLOCK)
        return cls(reader.u8(), decode_items(reader), decode_block(reader))


@dataclass(frozen=True, slots=True)
class SetResponseNormal:
    """Whether the attribute was written."""

    invoke: int
    result: DataAccessResult

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return RESPONSE_NORMAL + bytes((self.invoke, self.result))

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, RESPONSE_NORMAL)
        return cls(reader.u8(), decode_result(reader))


@dataclass(frozen=True, slots=True)
class SetResponseDataBlock(BlockNumberAPDU):
    """A block was taken; the next may follow."""

    HEAD = RESPONSE_DATABLOCK


@dataclass(frozen=True, slots=True)
class SetResponseLastDataBlock:
    """The last block was taken, or the transfer ends here: whether the attribute was written."""

    invoke: int
    result: DataAccessResult
    block_number: int

    def encode(self) -> bytes:
        """Octets of the APDU."""
        head = RESPONSE_LAST_DATABLOCK + bytes((self.invoke, self.result))
        return head + self.block_number.to_bytes(4, "big")

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, RESPONSE_LAST_DATABLOCK)
        return cls(reader.u8(), decode_result(reader), reader.u32())


@dataclass(frozen=True, slots=True)
class SetResponseLastDataBlockWithList:
    """The last block of a list of values was taken: whether each attribute was written."""

    invoke: int
    results: tuple[DataAccessResult, ...]
    block_number: int

    def encode(self) -> bytes:
        """Octets of the APDU."""
        head = RESPONSE_LAST_DATABLOCK_WITH_LIST + bytes((self.invoke,))
        return head + encode_results(self.results) + self.block_number.to_bytes(4, "big")

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, RESPONSE_LAST_DATABLOCK_WITH_LIST)
        return cls(reader.u8(), decode_results(reader), reader.u32())


@dataclass(frozen=True, slots=True)
class SetResponseWithList:
    """Whether each attribute of a list was written."""

    invoke: int
    results: tuple[DataAccessResult, ...]

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return RESPONSE_WITH_LIST + bytes((self.invoke,)) + encode_results(self.results)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, RESPONSE_WITH_LIST)
        return cls(reader.u8(), decode_results(reader))


def set_request_normal(invoke: int, attribute: AttributeDescriptor, selection: Selection | None, value: bytes) -> bytes:
    """Octets of a set-request-normal."""
    class_id, name, attribute_id = attribute
    if selection is None:
        return pack(NORMAL, 0xC101, invoke, class_id, name, attribute_id, 0) + value
    head = pack(NORMAL, 0xC101, invoke, class_id, name, attribute_id, 1)
    return head + bytes((selection.selector,)) + selection.parameters + value


def encode_results(results: tuple[DataAccessResult, ...]) -> bytes:
    """List of results."""
    return encode_length(len(results)) + bytes(results)


def decode_results(reader: Reader) -> tuple[DataAccessResult, ...]:
    """List of results."""
    return decode_list(reader, decode_result)


def decode_result(reader: Reader) -> DataAccessResult:
    """Read the result that stands next."""
    return decode_code(reader, DataAccessResult)


SetAPDU: TypeAlias = (
    SetRequestNormal
    | SetRequestFirstBlock
    | SetRequestWithBlock
    | SetRequestWithList
    | SetRequestFirstBlockWithList
    | SetResponseNormal
    | SetResponseDataBlock
    | SetResponseLastDataBlock
    | SetResponseLastDataBlockWithList
    | SetResponseWithList
)
DECODERS: dict[bytes, Callable[[bytes], SetAPDU]] = {
    REQUEST_NORMAL: SetRequestNormal.decode,
    REQUEST_WITH_FIRST_DATABLOCK: SetRequestFirstBlock.decode,
    REQUEST_WITH_DATABLOCK: SetRequestWithBlock.decode,
    REQUEST_WITH_LIST: SetRequestWithList.decode,
    REQUEST_WITH_LIST_AND_FIRST_DATABLOCK: SetRequestFirstBlockWithList.decode,
    RESPONSE_NORMAL: SetResponseNormal.decode,
    RESPONSE_DATABLOCK: SetResponseDataBlock.decode,
    RESPONSE_LAST_DATABLOCK: SetResponseLastDataBlock.decode,
    RESPONSE_LAST_DATABLOCK_WITH_LIST: SetResponseLastDataBlockWithList.decode,
    RESPONSE_WITH_LIST: SetResponseWithList.decode,
}
"""Tag and choice to the decoder of each SET APDU."""
