"""Services by short names: variables are read, written and reported (Green Book, 9.3.14 to 9.3.18, 9.5)."""

from collections.abc import Callable
from typing import TypeAlias

from openami.dlms.xdlms.short.mapping import NO_NAMES, MethodName, ShortNames, by_short_names
from openami.dlms.xdlms.short.read import BlockNumber, DataBlockResult, ReadRequest, ReadResponse, ReadResult
from openami.dlms.xdlms.short.report import InformationReportRequest
from openami.dlms.xdlms.short.variables import (
    BlockNumberAccess,
    ParameterizedAccess,
    ReadDataBlockAccess,
    VariableAccess,
    VariableName,
    WriteDataBlockAccess,
)
from openami.dlms.xdlms.short.write import UnconfirmedWriteRequest, WriteRequest, WriteResponse, WriteResult

__all__ = [
    "DECODERS",
    "NO_NAMES",
    "BlockNumber",
    "BlockNumberAccess",
    "DataBlockResult",
    "InformationReportRequest",
    "MethodName",
    "ParameterizedAccess",
    "ReadDataBlockAccess",
    "ReadRequest",
    "ReadResponse",
    "ReadResult",
    "ShortAPDU",
    "ShortNames",
    "UnconfirmedWriteRequest",
    "VariableAccess",
    "VariableName",
    "WriteDataBlockAccess",
    "WriteRequest",
    "WriteResponse",
    "WriteResult",
    "by_short_names",
]

ShortAPDU: TypeAlias = (
    ReadRequest | ReadResponse | WriteRequest | WriteResponse | UnconfirmedWriteRequest | InformationReportRequest
)
DECODERS: dict[bytes, Callable[[bytes], ShortAPDU]] = {
    b"\x05": ReadRequest.decode,
    b"\x06": WriteRequest.decode,
    b"\x0c": ReadResponse.decode,
    b"\x0d": WriteResponse.decode,
    b"\x16": UnconfirmedWriteRequest.decode,
    b"\x18": InformationReportRequest.decode,
}
"""Tag to the decoder of each APDU of short names."""
