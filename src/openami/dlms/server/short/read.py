"""Read at the server: long requests and long answers in blocks (Green Book, 9.3.14)."""

from collections.abc import Sequence
from typing import Final

from openami.core.errors import DecodeError
from openami.dlms.axdr import Reader
from openami.dlms.security import Way
from openami.dlms.server.events import Results
from openami.dlms.server.short.targets import Arriving, Result, Target, ask, check, need
from openami.dlms.server.transfers import Pending, Terms
from openami.dlms.xdlms import (
    AccessAction,
    AccessGet,
    AttributeDescriptor,
    Conformance,
    DataAccessResult,
    GetDataResult,
    MethodDescriptor,
    Selection,
)
from openami.dlms.xdlms.blocks import Cut, payload
from openami.dlms.xdlms.short import (
    BlockNumber,
    BlockNumberAccess,
    DataBlockResult,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    ShortNames,
    VariableAccess,
    VariableName,
)
from openami.dlms.xdlms.short.variables import decode_variables

TAG: Final = 0x05
BLOCKS: Final = Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
NULL: Final = b"\x00"
_EMPTY: Final = ReadResponse((DataBlockResult(last_block=False, block_number=1, raw_data=b""),)).encode()


class Reading:
    """Takes read-requests, makes read-responses."""

    __slots__ = ("_arriving", "_leaving", "_names", "_terms")

    def __init__(self, terms: Terms, names: ShortNames) -> None:
        self._terms = terms
        self._names = names
        self._arriving = Arriving(DataAccessResult.NO_LONG_GET_IN_PROGRESS, DataAccessResult.LONG_GET_ABORTED)
        self._leaving: Cut | None = None

    def take(self, apdu: bytes, way: Way) -> bytes | Pending:
        """Take a request, a block of one, or the request for the next block of the answer."""
        variables = ReadRequest.decode(apdu).variables
        match variables:
            case (BlockNumberAccess(number),):
                need(BLOCKS, self._terms)
                return self._next(number, way)
            case (ReadDataBlockAccess(last, number, raw),):
                need(BLOCKS, self._terms)
                return self._take_block(last, number, raw, way)
            case _:
                self._arriving.drop()
                return self._ask(variables, way, None)

    def answer(self, pending: Pending, results: Results) -> bytes:
        """Make the response, or the first block of it."""
        return self._respond([read_result(result) for result in results], pending)

    def _ask(self, variables: tuple[VariableAccess, ...], way: Way, block_number: int | None) -> bytes | Pending:
        check(variables, self._terms)
        self._leaving = None
        targets = [self._target(variable) for variable in variables]
        pending = ask(TAG, way, targets, block_number, is_confirmed=True)
        if len(pending.unknown) < len(targets):
            return pending
        return self._respond([DataAccessResult.OBJECT_UNDEFINED] * len(targets), pending)

    def _target(self, variable: VariableAccess) -> Target:
        """What a variable means; a method is invoked only with parameters, never by a look at its name."""
        if not isinstance(variable, VariableName | ParameterizedAccess):
            raise DecodeError("a block among variables")
        found = self._names.find(variable.name)
        if isinstance(variable, VariableName):
            return AccessGet(found) if isinstance(found, AttributeDescriptor) else None, None
        if isinstance(found, MethodDescriptor):
            return AccessAction(found), variable.parameter
        selection = Selection(variable.selector, variable.parameter)
        return None if found is None else AccessGet(found, selection), None

    def _take_block(self, last: bool, number: int, raw: bytes, way: Way) -> bytes | Pending:
        whole = self._arriving.take(last, number, raw)
        if whole is None:
            return ReadResponse((BlockNumber(number),)).encode()
        if isinstance(whole, DataAccessResult):
            return ReadResponse((whole,)).encode()
        try:
            variables = decode_variables(Reader(whole))
        except DecodeError:
            return ReadResponse((DataAccessResult.LONG_GET_ABORTED,)).encode()
        return self._ask(variables, way, number)

    def _respond(self, results: Sequence[GetDataResult], pending: Pending) -> bytes:
        apdu = ReadResponse(tuple(results)).encode()
        if len(apdu) <= self._terms.room(pending.way) or self._terms.sends_whole(pending, int(BLOCKS)):
            return apdu
        if not self._terms.allow(BLOCKS):
            return ReadResponse((DataAccessResult.DATA_BLOCK_UNAVAILABLE,) * len(results)).encode()
        lone = results[0] if len(results) == 1 else None
        self._leaving = Cut(lone if isinstance(lone, bytes) else apdu[1:])
        return self._next_block(self._leaving, pending.way)

    def _next(self, number: int, way: Way) -> bytes:
        leaving = self._leaving
        if leaving is None:
            return ReadResponse((DataAccessResult.NO_LONG_GET_IN_PROGRESS,)).encode()
        if number != leaving.number:
            self._leaving = None
            return ReadResponse((DataAccessResult.DATA_BLOCK_NUMBER_INVALID,)).encode()
        return self._next_block(leaving, way)

    def _next_block(self, leaving: Cut, way: Way) -> bytes:
        block = leaving.take(payload(self._terms.room(way), _EMPTY))
        if block.last_block:
            self._leaving = None
        return ReadResponse((DataBlockResult(*block),)).encode()


def read_result(result: Result) -> GetDataResult:
    """Say what came of an attribute or a method as what was read; a method that returned nothing gives null-data."""
    if not isinstance(result, tuple):
        return result
    code, data = result
    if code != DataAccessResult.SUCCESS:
        return DataAccessResult(code)
    return NULL if data is None else data
