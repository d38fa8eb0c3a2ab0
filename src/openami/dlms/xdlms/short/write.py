"""Write: values of variables, confirmed or not (Green Book, 9.5, WriteRequest and WriteResponse)."""

from dataclasses import dataclass
from typing import ClassVar, Self, TypeAlias

from openami.core.errors import DecodeError
from openami.dlms.axdr import Reader
from openami.dlms.xdlms.descriptors import decode_values, encode_values
from openami.dlms.xdlms.raw import decode_code, decode_list, encode_list, open_apdu, pack
from openami.dlms.xdlms.results import DataAccessResult
from openami.dlms.xdlms.short.read import BlockNumber
from openami.dlms.xdlms.short.variables import NAME, VariableAccess, decode_variables, encode_variables

RESPONSE = b"\x0d"
#: Choices of a result.
SUCCESS, DATA_ACCESS_ERROR, BLOCK_NUMBER = range(3)

#: How the writing of one variable ended, or the block that was taken.
WriteResult: TypeAlias = DataAccessResult | BlockNumber


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """Write variables: as many values, encoded Data, as variables."""

    HEAD: ClassVar[bytes] = b"\x06"
    variables: tuple[VariableAccess, ...]
    values: tuple[bytes, ...]

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return self.HEAD + encode_variables(self.variables) + encode_values(self.values)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        return cls(*decode_written(open_apdu(apdu, cls.HEAD)))


@dataclass(frozen=True, slots=True)
class UnconfirmedWriteRequest(WriteRequest):
    """Write variables without an answer."""

    HEAD: ClassVar[bytes] = b"\x16"


@dataclass(frozen=True, slots=True)
class WriteResponse:
    """How the writing of each variable ended, in the order of the request."""

    results: tuple[WriteResult, ...]

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return RESPONSE + encode_list([encode_result(result) for result in self.results])

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        return cls(decode_list(open_apdu(apdu, RESPONSE), decode_result))


def decode_written(reader: Reader) -> tuple[tuple[VariableAccess, ...], tuple[bytes, ...]]:
    """Read a list of variables and the list of their values."""
    variables, at = decode_variables(reader), reader.offset
    values = decode_values(reader)
    if len(values) != len(variables):
        raise DecodeError(f"{len(values)} values for {len(variables)} variables", offset=at)
    return variables, values


def encode_result(result: WriteResult) -> bytes:
    """Write one result."""
    if isinstance(result, BlockNumber):
        return pack(NAME, BLOCK_NUMBER, result.block_number)
    return b"\x00" if result is DataAccessResult.SUCCESS else bytes((DATA_ACCESS_ERROR, result))


def decode_result(reader: Reader) -> WriteResult:
    """Read the result that stands next."""
    choice = reader.u8()
    if choice == SUCCESS:
        return DataAccessResult.SUCCESS
    if choice == DATA_ACCESS_ERROR:
        return decode_code(reader, DataAccessResult)
    if choice == BLOCK_NUMBER:
        return BlockNumber(reader.u16())
    raise DecodeError(f"choice {choice} of the result is unknown", offset=reader.offset - 1)
