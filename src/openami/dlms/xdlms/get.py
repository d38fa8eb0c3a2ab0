"""GET: reading attributes (Green Book, 9.5, Get-Request and Get-Response)."""

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Self, TypeAlias

from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.dlms.axdr import Reader
from openami.dlms.xdlms.blocks import BlockNumberAPDU
from openami.dlms.xdlms.descriptors import (
    AttributeDescriptor,
    AttributeItem,
    Selection,
    decode_items,
    encode_items,
)
from openami.dlms.xdlms.raw import (
    NORMAL,
    check_head,
    decode_code,
    decode_list,
    encode_list,
    encode_octets,
    open_apdu,
    pack,
    rest,
    take,
    unpack,
)
from openami.dlms.xdlms.results import DataAccessResult

#: An encoded value, or why there is none.
GetDataResult: TypeAlias = bytes | DataAccessResult

REQUEST_NORMAL, REQUEST_NEXT, REQUEST_WITH_LIST = b"\xc0\x01", b"\xc0\x02", b"\xc0\x03"
RESPONSE_NORMAL, RESPONSE_WITH_DATABLOCK, RESPONSE_WITH_LIST = b"\xc4\x01", b"\xc4\x02", b"\xc4\x03"

BLOCK = Struct(">2sB?I")


@dataclass(frozen=True, slots=True)
class GetRequestNormal:
    """Read one attribute."""

    invoke: int
    attribute: AttributeDescriptor
    selection: Selection | None = None

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return get_request_normal(self.invoke, self.attribute, self.selection)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; parameters of a selection are all that is left."""
        check_head(apdu, REQUEST_NORMAL)
        _, invoke, class_id, name, attribute_id, access = unpack(apdu)
        attribute = AttributeDescriptor(class_id, OBIS(name), attribute_id)
        if not access:
            return cls(invoke, attribute)
        parameters = rest(apdu, NORMAL.size + 1)
        return cls(invoke, attribute, Selection(apdu[NORMAL.size], parameters))


@dataclass(frozen=True, slots=True)
class GetRequestNext(BlockNumberAPDU):
    """Ask for the block after this one."""

    HEAD = REQUEST_NEXT


@dataclass(frozen=True, slots=True)
class GetRequestWithList:
    """Read several attributes."""

    invoke: int
    items: tuple[AttributeItem, ...]

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return REQUEST_WITH_LIST + bytes((self.invoke,)) + encode_items(self.items)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, REQUEST_WITH_LIST)
        return cls(reader.u8(), decode_items(reader))


@dataclass(frozen=True, slots=True)
class GetResponseNormal:
    """The value of one attribute, encoded Data, or why there is none."""

    invoke: int
    result: GetDataResult

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return get_response_normal(self.invoke, self.result)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; the value is all that is left."""
        check_head(apdu, RESPONSE_NORMAL)
        if len(apdu) < 5:
            raise DecodeError(f"get-response of {len(apdu)} octets ends early", offset=len(apdu))
        return cls(apdu[2], decode_last_result(apdu, 3))


@dataclass(frozen=True, slots=True)
class GetResponseWithDataBlock:
    """One block of a long answer, or why there is none."""

    invoke: int
    last_block: bool
    block_number: int
    result: GetDataResult

    def encode(self) -> bytes:
        """Octets of the APDU."""
        head = pack(BLOCK, RESPONSE_WITH_DATABLOCK, self.invoke, self.last_block, self.block_number)
        if isinstance(self.result, DataAccessResult):
            return head + bytes((1, self.result))
        return head + b"\x00" + encode_octets(self.result)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, RESPONSE_WITH_DATABLOCK)
        invoke, last_block, block_number, choice = reader.u8(), reader.flag(), reader.u32(), reader.u8()
        if choice == 0:
            return cls(invoke, last_block, block_number, reader.octets())
        return cls(invoke, last_block, block_number, decode_refusal(reader, choice))


@dataclass(frozen=True, slots=True)
class GetResponseWithList:
    """The values of several attributes, or why there is none, in the order of the request."""

    invoke: int
    results: tuple[GetDataResult, ...]

    def encode(self) -> bytes:
        """Octets of the APDU."""
        results = [encode_result(result) for result in self.results]
        return RESPONSE_WITH_LIST + bytes((self.invoke,)) + encode_list(results)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, RESPONSE_WITH_LIST)
        return cls(reader.u8(), decode_list(reader, decode_result))


def get_request_normal(invoke: int, attribute: AttributeDescriptor, selection: Selection | None) -> bytes:
    """Octets of a get-request-normal."""
    class_id, name, attribute_id = attribute
    if selection is None:
        return pack(NORMAL, 0xC001, invoke, class_id, name, attribute_id, 0)
    head = pack(NORMAL, 0xC001, invoke, class_id, name, attribute_id, 1)
    return head + bytes((selection.selector,)) + selection.parameters


def get_response_normal(invoke: int, result: GetDataResult) -> bytes:
    """Octets of a get-response-normal."""
    if isinstance(result, DataAccessResult):
        return bytes((0xC4, 1, invoke, 1, result))
    return bytes((0xC4, 1, invoke, 0)) + result


def encode_result(result: GetDataResult) -> bytes:
    """Get-Data-Result: the choice and the data or the refusal."""
    return bytes((1, result)) if isinstance(result, DataAccessResult) else b"\x00" + result


def decode_result(reader: Reader) -> GetDataResult:
    """Get-Data-Result that stands next; the data ends where its Data ends."""
    choice = reader.u8()
    return take(reader) if choice == 0 else decode_refusal(reader, choice)


def decode_last_result(apdu: bytes, offset: int) -> GetDataResult:
    """Get-Data-Result that ends the APDU; the data is all that is left."""
    choice = apdu[offset]
    return rest(apdu, offset + 1) if choice == 0 else decode_refusal(Reader(apdu, offset + 1), choice)


def decode_refusal(reader: Reader, choice: int) -> DataAccessResult:
    """Read the data-access-result of a choice that is not data."""
    if choice != 1:
        raise DecodeError(f"choice {choice} of the result is unknown", offset=reader.offset - 1)
    return decode_code(reader, DataAccessResult)


GetAPDU: TypeAlias = (
    GetRequestNormal
    | GetRequestNext
    | GetRequestWithList
    | GetResponseNormal
    | GetResponseWithDataBlock
    | GetResponseWithList
)
DECODERS: dict[bytes, Callable[[bytes], GetAPDU]] = {
    REQUEST_NORMAL: GetRequestNormal.decode,
    REQUEST_NEXT: GetRequestNext.decode,
    REQUEST_WITH_LIST: GetRequestWithList.decode,
    RESPONSE_NORMAL: GetResponseNormal.decode,
    RESPONSE_WITH_DATABLOCK: GetResponseWithDataBlock.decode,
    RESPONSE_WITH_LIST: GetResponseWithList.decode,
}
"""Tag and choice to the decoder of each GET APDU."""
