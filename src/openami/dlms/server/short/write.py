"""Write at the server: values that come at once or in blocks, confirmed or not (Green Book, 9.3.15, 9.3.16)."""

from typing import Final

from openami.core.errors import DecodeError
from openami.dlms.axdr import Reader
from openami.dlms.data import OCTET_STRING
from openami.dlms.security import Way
from openami.dlms.server.events import Results
from openami.dlms.server.short.targets import Arriving, Result, Target, ask, check, need
from openami.dlms.server.transfers import Pending, Terms
from openami.dlms.xdlms import (
    AccessAction,
    AccessSet,
    AttributeDescriptor,
    Conformance,
    DataAccessResult,
    MethodDescriptor,
    Selection,
)
from openami.dlms.xdlms.short import (
    BlockNumber,
    ParameterizedAccess,
    ShortNames,
    UnconfirmedWriteRequest,
    VariableAccess,
    VariableName,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)
from openami.dlms.xdlms.short.write import decode_written

TAG: Final = 0x06
BLOCKS: Final = Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE


class Writing:
    """Takes write-requests, makes write-responses."""

    __slots__ = ("_arriving", "_names", "_terms")

    def __init__(self, terms: Terms, names: ShortNames) -> None:
        self._terms = terms
        self._names = names
        self._arriving = Arriving(DataAccessResult.NO_LONG_SET_IN_PROGRESS, DataAccessResult.LONG_SET_ABORTED)

    def take(self, apdu: bytes, way: Way) -> bytes | Pending:
        """Take a request, or a block of one."""
        request = WriteRequest.decode(apdu)
        match request.variables:
            case (WriteDataBlockAccess(last, number),):
                need(BLOCKS, self._terms)
                return self._take_block(last, number, request.values[0], way)
            case variables:
                self._arriving.drop()
                pending = self._ask(variables, request.values, way, None, is_confirmed=True)
        return pending if is_asking(pending) else self.answer(pending, undefined(pending))

    def take_unconfirmed(self, apdu: bytes, way: Way) -> Pending | None:
        """Take a request that is not answered."""
        request = UnconfirmedWriteRequest.decode(apdu)
        pending = self._ask(request.variables, request.values, way, None, is_confirmed=False)
        return pending if is_asking(pending) else None

    def answer(self, pending: Pending, results: Results) -> bytes:
        """Make the response."""
        del pending
        return WriteResponse(tuple(write_result(result) for result in results)).encode()

    def _ask(
        self,
        variables: tuple[VariableAccess, ...],
        values: tuple[bytes, ...],
        way: Way,
        block_number: int | None,
        *,
        is_confirmed: bool,
    ) -> Pending:
        check(variables, self._terms)
        targets = [self._target(*written) for written in zip(variables, values, strict=True)]
        return ask(TAG, way, targets, block_number, is_confirmed=is_confirmed)

    def _target(self, variable: VariableAccess, value: bytes) -> Target:
        """What a variable means that is written: an attribute, or a method with its parameters."""
        if not isinstance(variable, VariableName | ParameterizedAccess):
            raise DecodeError("a block among variables")
        found, selection = self._names.find(variable.name), None
        if isinstance(variable, ParameterizedAccess):
            selection = Selection(variable.selector, variable.parameter)
        if isinstance(found, AttributeDescriptor):
            return AccessSet(found, selection), value
        if isinstance(found, MethodDescriptor) and selection is None:
            return AccessAction(found), value
        return None, None

    def _take_block(self, last: bool, number: int, value: bytes, way: Way) -> bytes | Pending:
        raw, end = OCTET_STRING.decode(value)
        if end != len(value):
            raise DecodeError("a block is no octet-string")
        whole = self._arriving.take(last, number, raw)
        if whole is None:
            return WriteResponse((BlockNumber(number),)).encode()
        if isinstance(whole, DataAccessResult):
            return WriteResponse((whole,)).encode()
        try:
            variables, values = decode_written(Reader(whole))
        except DecodeError:
            return WriteResponse((DataAccessResult.LONG_SET_ABORTED,)).encode()
        pending = self._ask(variables, values, way, number, is_confirmed=True)
        return pending if is_asking(pending) else self.answer(pending, undefined(pending))


def is_asking(pending: Pending) -> bool:
    """Whether there is anything to be asked: a variable that means something."""
    return len(pending.unknown) < len(pending.items)


def undefined(pending: Pending) -> Results:
    """Results of a request for nothing that is there."""
    return [DataAccessResult.OBJECT_UNDEFINED] * len(pending.items)


def write_result(result: Result) -> DataAccessResult:
    """Say what came of an attribute or a method as what was written."""
    if isinstance(result, tuple):
        return DataAccessResult(result[0])
    return result if isinstance(result, DataAccessResult) else DataAccessResult.SUCCESS
