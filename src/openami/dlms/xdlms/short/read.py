"""Read: the values of variables (Green Book, 9.5, ReadRequest and ReadResponse)."""

from dataclasses import dataclass
from typing import NamedTuple, Self, TypeAlias

from openami.core.errors import DecodeError
from openami.dlms.axdr import Reader
from openami.dlms.xdlms.raw import decode_code, encode_list, encode_octets, open_apdu, pack, rest, take
from openami.dlms.xdlms.results import DataAccessResult
from openami.dlms.xdlms.short.variables import BLOCK, NAME, VariableAccess, decode_variables, encode_variables

REQUEST, RESPONSE = b"\x05", b"\x0c"
#: Choices of a result.
DATA, DATA_ACCESS_ERROR, DATA_BLOCK_RESULT, BLOCK_NUMBER = range(4)


class DataBlockResult(NamedTuple):
    """One block of a long read-response: octets of its list of results."""

    last_block: bool
    block_number: int
    raw_data: bytes


class BlockNumber(NamedTuple):
    """A block of a long request that was taken."""

    block_number: int


#: A value, encoded Data, or why there is none, or what moves a long transfer on.
ReadResult: TypeAlias = bytes | DataAccessResult | DataBlockResult | BlockNumber


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Read variables."""

    variables: tuple[VariableAccess, ...]

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return REQUEST + encode_variables(self.variables)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        return cls(decode_variables(open_apdu(apdu, REQUEST)))


@dataclass(frozen=True, slots=True)
class ReadResponse:
    """The values of variables, or why there is none, in the order of the request."""

    results: tuple[ReadResult, ...]

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return RESPONSE + encode_list([encode_result(result) for result in self.results])

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; a value that stands alone is all that is left."""
        return cls(decode_results(open_apdu(apdu, RESPONSE)))


def encode_result(result: ReadResult) -> bytes:
    """Write one result."""
    match result:
        case DataAccessResult():
            return bytes((DATA_ACCESS_ERROR, result))
        case DataBlockResult(last, number, raw):
            return pack(BLOCK, DATA_BLOCK_RESULT, last, number) + encode_octets(raw)
        case BlockNumber(number):
            return pack(NAME, BLOCK_NUMBER, number)
        case _:
            return b"\x00" + result


def decode_results(reader: Reader) -> tuple[ReadResult, ...]:
    """Read a list of results; the value of a single one is not walked through, who decodes it checks it."""
    count = reader.length()
    if count == 1 and reader.data[reader.offset : reader.offset + 1] == b"\x00":
        return (rest(reader.data, reader.offset + 1),)
    return tuple(decode_result(reader) for _ in range(count))


def decode_result(reader: Reader) -> ReadResult:
    """Read the result that stands next."""
    choice = reader.u8()
    if choice == DATA:
        return take(reader)
    if choice == DATA_ACCESS_ERROR:
        return decode_code(reader, DataAccessResult)
    if choice == DATA_BLOCK_RESULT:
        return DataBlockResult(reader.flag(), reader.u16(), reader.octets())
    if choice == BLOCK_NUMBER:
        return BlockNumber(reader.u16())
    raise DecodeError(f"choice {choice} of the result is unknown", offset=reader.offset - 1)
