"""ACTION: invoking methods (Green Book, 9.5, Action-Request and Action-Response)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeAlias

from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.dlms.axdr import Reader
from openami.dlms.xdlms.blocks import BlockAPDU, BlockNumberAPDU
from openami.dlms.xdlms.descriptors import (
    DESCRIPTOR,
    MethodDescriptor,
    decode_method,
    decode_methods,
    decode_values,
    encode_methods,
    encode_values,
)
from openami.dlms.xdlms.get import GetDataResult, decode_last_result, decode_result, encode_result
from openami.dlms.xdlms.raw import (
    NORMAL,
    DataBlock,
    check_head,
    decode_block,
    decode_code,
    decode_list,
    encode_block,
    encode_list,
    open_apdu,
    pack,
    rest,
    unpack,
)
from openami.dlms.xdlms.results import ActionResult

#: How a method ended and what it returned: encoded Data, why there is none, or nothing.
ActionOutcome: TypeAlias = tuple[ActionResult, GetDataResult | None]

REQUEST_NORMAL, REQUEST_NEXT_PBLOCK, REQUEST_WITH_LIST = b"\xc3\x01", b"\xc3\x02", b"\xc3\x03"
REQUEST_WITH_FIRST_PBLOCK, REQUEST_WITH_LIST_AND_FIRST_PBLOCK = b"\xc3\x04", b"\xc3\x05"
REQUEST_WITH_PBLOCK = b"\xc3\x06"
RESPONSE_NORMAL, RESPONSE_WITH_PBLOCK = b"\xc7\x01", b"\xc7\x02"
RESPONSE_WITH_LIST, RESPONSE_NEXT_PBLOCK = b"\xc7\x03", b"\xc7\x04"


@dataclass(frozen=True, slots=True)
class ActionRequestNormal:
    """Invoke one method; its parameters are an encoded Data, or none."""

    invoke: int
    method: MethodDescriptor
    parameters: bytes | None = None

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return action_request_normal(self.invoke, self.method, self.parameters)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; the parameters are all that is left."""
        check_head(apdu, REQUEST_NORMAL)
        _, invoke, class_id, name, method_id, given = unpack(apdu)
        parameters = rest(apdu, NORMAL.size) if given else None
        return cls(invoke, MethodDescriptor(class_id, OBIS(name), method_id), parameters)


@dataclass(frozen=True, slots=True)
class ActionRequestNextPblock(BlockNumberAPDU):
    """Ask for the block of the answer after this one."""

    HEAD = REQUEST_NEXT_PBLOCK


@dataclass(frozen=True, slots=True)
class ActionRequestWithList:
    """Invoke several methods; each has parameters, null-data where it takes none."""

    invoke: int
    methods: tuple[MethodDescriptor, ...]
    parameters: tuple[bytes, ...]

    def encode(self) -> bytes:
        """Octets of the APDU."""
        head = REQUEST_WITH_LIST + bytes((self.invoke,))
        return head + encode_methods(self.methods) + encode_values(self.parameters)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, REQUEST_WITH_LIST)
        invoke, methods, at = reader.u8(), decode_methods(reader), reader.offset
        parameters = decode_values(reader)
        if len(parameters) != len(methods):
            raise DecodeError(f"{len(parameters)} parameters for {len(methods)} methods", offset=at)
        return cls(invoke, methods, parameters)


@dataclass(frozen=True, slots=True)
class ActionRequestFirstPblock:
    """Invoke one method, its parameters in blocks: the first of them."""

    invoke: int
    method: MethodDescriptor
    block: DataBlock

    def encode(self) -> bytes:
        """Octets of the APDU."""
        head = REQUEST_WITH_FIRST_PBLOCK + bytes((self.invoke,))
        return head + pack(DESCRIPTOR, *self.method) + encode_block(self.block)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, REQUEST_WITH_FIRST_PBLOCK)
        return cls(reader.u8(), decode_method(reader), decode_block(reader))


@dataclass(frozen=True, slots=True)
class ActionRequestWithListFirstPblock:
    """Invoke several methods, the list of their parameters in blocks: the first of them."""

    invoke: int
    methods: tuple[MethodDescriptor, ...]
    block: DataBlock

    def encode(self) -> bytes:
        """Octets of the APDU."""
        head = REQUEST_WITH_LIST_AND_FIRST_PBLOCK + bytes((self.invoke,))
        return head + encode_methods(self.methods) + encode_block(self.block)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, REQUEST_WITH_LIST_AND_FIRST_PBLOCK)
        return cls(reader.u8(), decode_methods(reader), decode_block(reader))


@dataclass(frozen=True, slots=True)
class ActionRequestWithPblock(BlockAPDU):
    """The next block of the parameters."""

    HEAD = REQUEST_WITH_PBLOCK


@dataclass(frozen=True, slots=True)
class ActionResponseNormal:
    """How one method ended, and what it returned."""

    invoke: int
    result: ActionResult
    data: GetDataResult | None = None

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return RESPONSE_NORMAL + bytes((self.invoke,)) + encode_outcome((self.result, self.data))

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; returned data is all that is left."""
        reader = open_apdu(apdu, RESPONSE_NORMAL)
        invoke, result = reader.u8(), decode_code(reader, ActionResult)
        if not reader.flag():
            return cls(invoke, result)
        if not reader.remaining:
            raise DecodeError("return parameters are missing", offset=reader.offset)
        return cls(invoke, result, decode_last_result(apdu, reader.offset))


@dataclass(frozen=True, slots=True)
class ActionResponseWithPblock(BlockAPDU):
    """One block of a long answer."""

    HEAD = RESPONSE_WITH_PBLOCK


@dataclass(frozen=True, slots=True)
class ActionResponseWithList:
    """How each method of a list ended, and what it returned."""

    invoke: int
    results: tuple[ActionOutcome, ...]

    def encode(self) -> bytes:
        """Octets of the APDU."""
        outcomes = [encode_outcome(outcome) for outcome in self.results]
        return RESPONSE_WITH_LIST + bytes((self.invoke,)) + encode_list(outcomes)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, RESPONSE_WITH_LIST)
        return cls(reader.u8(), decode_list(reader, decode_outcome))


@dataclass(frozen=True, slots=True)
class ActionResponseNextPblock(BlockNumberAPDU):
    """A block of the parameters was taken; the next may follow."""

    HEAD = RESPONSE_NEXT_PBLOCK


def action_request_normal(invoke: int, method: MethodDescriptor, parameters: bytes | None) -> bytes:
    """Octets of an action-request-normal."""
    class_id, name, method_id = method
    if parameters is None:
        return pack(NORMAL, 0xC301, invoke, class_id, name, method_id, 0)
    return pack(NORMAL, 0xC301, invoke, class_id, name, method_id, 1) + parameters


def encode_outcome(outcome: ActionOutcome) -> bytes:
    """Action-Response-With-Optional-Data."""
    result, data = outcome
    return bytes((result, 0)) if data is None else bytes((result, 1)) + encode_result(data)


def decode_outcome(reader: Reader) -> ActionOutcome:
    """Action-Response-With-Optional-Data that stands next."""
    result = decode_code(reader, ActionResult)
    return result, decode_result(reader) if reader.flag() else None


ActionAPDU: TypeAlias = (
    ActionRequestNormal
    | ActionRequestNextPblock
    | ActionRequestWithList
    | ActionRequestFirstPblock
    | ActionRequestWithListFirstPblock
    | ActionRequestWithPblock
    | ActionResponseNormal
    | ActionResponseWithPblock
    | ActionResponseWithList
    | ActionResponseNextPblock
)
DECODERS: dict[bytes, Callable[[bytes], ActionAPDU]] = {
    REQUEST_NORMAL: ActionRequestNormal.decode,
    REQUEST_NEXT_PBLOCK: ActionRequestNextPblock.decode,
    REQUEST_WITH_LIST: ActionRequestWithList.decode,
    REQUEST_WITH_FIRST_PBLOCK: ActionRequestFirstPblock.decode,
    REQUEST_WITH_LIST_AND_FIRST_PBLOCK: ActionRequestWithListFirstPblock.decode,
    REQUEST_WITH_PBLOCK: ActionRequestWithPblock.decode,
    RESPONSE_NORMAL: ActionResponseNormal.decode,
    RESPONSE_WITH_PBLOCK: ActionResponseWithPblock.decode,
    RESPONSE_WITH_LIST: ActionResponseWithList.decode,
    RESPONSE_NEXT_PBLOCK: ActionResponseNextPblock.decode,
}
"""Tag and choice to the decoder of each ACTION APDU."""
