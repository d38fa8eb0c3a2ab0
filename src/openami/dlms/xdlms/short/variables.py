"""Which variable a request by short names means, or which block of a long one (Green Book, 9.5)."""

from collections.abc import Callable, Mapping
from struct import Struct
from typing import Final, NamedTuple, TypeAlias

from openami.core.errors import DecodeError
from openami.dlms.axdr import Reader
from openami.dlms.xdlms.raw import decode_list, encode_list, encode_octets, pack, take

#: Choices of Variable-Access-Specification; 3, detailed-access, is not used in DLMS/COSEM.
VARIABLE_NAME, PARAMETERIZED_ACCESS, BLOCK_NUMBER_ACCESS = 2, 4, 5
READ_DATA_BLOCK_ACCESS, WRITE_DATA_BLOCK_ACCESS = 6, 7
#: Variables of one request: a name is three octets, what it brings may be long.
MAX_VARIABLES: Final = 1000
NAME: Final = Struct(">BH")
PARAMETERIZED: Final = Struct(">BHB")
#: Choice, last-block, block-number.
BLOCK: Final = Struct(">B?H")


class VariableName(NamedTuple):
    """A variable by its short name."""

    name: int


class ParameterizedAccess(NamedTuple):
    """A variable with a selector and its parameter, an encoded Data: a part of an attribute, or a method."""

    name: int
    selector: int
    parameter: bytes


class BlockNumberAccess(NamedTuple):
    """Ask for the block after this one."""

    block_number: int


class ReadDataBlockAccess(NamedTuple):
    """One block of a long read-request."""

    last_block: bool
    block_number: int
    raw_data: bytes


class WriteDataBlockAccess(NamedTuple):
    """Number of a block of a long write-request; its octets stand in the list of data."""

    last_block: bool
    block_number: int


VariableAccess: TypeAlias = (
    VariableName | ParameterizedAccess | BlockNumberAccess | ReadDataBlockAccess | WriteDataBlockAccess
)


def encode_variable(variable: VariableAccess) -> bytes:
    """Write one Variable-Access-Specification."""
    match variable:
        case VariableName(name):
            return pack(NAME, VARIABLE_NAME, name)
        case ParameterizedAccess(name, selector, parameter):
            return pack(PARAMETERIZED, PARAMETERIZED_ACCESS, name, selector) + parameter
        case BlockNumberAccess(number):
            return pack(NAME, BLOCK_NUMBER_ACCESS, number)
        case ReadDataBlockAccess(last, number, raw):
            return pack(BLOCK, READ_DATA_BLOCK_ACCESS, last, number) + encode_octets(raw)
        case WriteDataBlockAccess(last, number):
            return pack(BLOCK, WRITE_DATA_BLOCK_ACCESS, last, number)


#: Choice -> how what it holds is read.
VARIABLES: Final[Mapping[int, Callable[[Reader], VariableAccess]]] = {
    VARIABLE_NAME: lambda reader: VariableName(reader.u16()),
    PARAMETERIZED_ACCESS: lambda reader: ParameterizedAccess(reader.u16(), reader.u8(), take(reader)),
    BLOCK_NUMBER_ACCESS: lambda reader: BlockNumberAccess(reader.u16()),
    READ_DATA_BLOCK_ACCESS: lambda reader: ReadDataBlockAccess(reader.flag(), reader.u16(), reader.octets()),
    WRITE_DATA_BLOCK_ACCESS: lambda reader: WriteDataBlockAccess(reader.flag(), reader.u16()),
}


def decode_variable(reader: Reader) -> VariableAccess:
    """Read the Variable-Access-Specification that stands next."""
    choice = reader.u8()
    decoder = VARIABLES.get(choice)
    if decoder is None:
        raise DecodeError(f"variable-access-specification {choice} is unknown", offset=reader.offset - 1)
    return decoder(reader)


def encode_variables(variables: tuple[VariableAccess, ...]) -> bytes:
    """List of Variable-Access-Specifications."""
    return encode_list([encode_variable(variable) for variable in variables])


def decode_variables(reader: Reader) -> tuple[VariableAccess, ...]:
    """List of Variable-Access-Specifications."""
    return decode_list(reader, decode_variable)
