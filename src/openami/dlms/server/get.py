"""GET at the server: answers at once or in blocks, frozen at the first (Green Book, 9.3.6)."""

from typing import Final

from openami.dlms.security import Way
from openami.dlms.server.transfers import Leaving, Pending, Terms
from openami.dlms.xdlms import (
    Conformance,
    DataAccessResult,
    GetDataResult,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseWithDataBlock,
    GetResponseWithList,
    get_response_normal,
)
from openami.dlms.xdlms.blocks import payload

_BLOCKS: Final = int(Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ)
_NORMAL_HEAD: Final = 4
_LIST_HEAD: Final = 3
_EMPTY = GetResponseWithDataBlock(0, last_block=False, block_number=1, result=b"").encode()


class Getting:
    """Takes get-requests, makes get-responses."""

    __slots__ = ("_leaving", "_terms")

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._leaving: Leaving | None = None

    def take_normal(self, apdu: bytes, way: Way) -> Pending:
        """Take a request for one attribute."""
        request = GetRequestNormal.decode(apdu)
        self._leaving = None
        return Pending("get", request.invoke, way, ((request.attribute, request.selection),))

    def take_list(self, apdu: bytes, way: Way) -> Pending:
        """Take a request for several attributes."""
        request = GetRequestWithList.decode(apdu)
        self._leaving = None
        return Pending("get", request.invoke, way, request.items, is_list=True)

    def take_next(self, apdu: bytes, way: Way) -> bytes:
        """Take the request for the next block; one out of turn ends the transfer."""
        request = GetRequestNext.decode(apdu)
        leaving = self._leaving
        if leaving is None or not leaving.is_asked_by(request.invoke):
            return refuse(request, DataAccessResult.NO_LONG_GET_IN_PROGRESS)
        if request.block_number != leaving.cut.number:
            self._leaving = None
            return refuse(request, DataAccessResult.DATA_BLOCK_NUMBER_INVALID)
        return self._next_block(leaving, request.invoke, way)

    def answer(self, pending: Pending, results: list[GetDataResult]) -> bytes:
        """Make the response, or the first block of it."""
        room, invoke = self._terms.room(pending.way), pending.invoke
        if pending.is_list:
            return self._answer_list(pending, results, room)
        result = results[0]
        if isinstance(result, DataAccessResult) or _NORMAL_HEAD + len(result) <= room:
            return get_response_normal(invoke, result)
        if self._terms.sends_whole(pending, _BLOCKS):
            return get_response_normal(invoke, result)
        if not self._terms.allow(Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ):
            return get_response_normal(invoke, DataAccessResult.DATA_BLOCK_UNAVAILABLE)
        return self._first_block(invoke, result, pending.way)

    def _answer_list(self, pending: Pending, results: list[GetDataResult], room: int) -> bytes:
        apdu = GetResponseWithList(pending.invoke, tuple(results)).encode()
        if len(apdu) <= room or self._terms.sends_whole(pending, _BLOCKS):
            return apdu
        if self._terms.allow(Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ):
            return self._first_block(pending.invoke, apdu[_LIST_HEAD:], pending.way)
        refused = (DataAccessResult.DATA_BLOCK_UNAVAILABLE,) * len(results)
        return GetResponseWithList(pending.invoke, refused).encode()

    def _first_block(self, invoke: int, value: bytes, way: Way) -> bytes:
        self._leaving = Leaving(invoke, value)
        return self._next_block(self._leaving, invoke, way)

    def _next_block(self, leaving: Leaving, invoke: int, way: Way) -> bytes:
        block = leaving.cut.take(payload(self._terms.room(way), _EMPTY))
        if block.last_block:
            self._leaving = None
        return GetResponseWithDataBlock(invoke, *block).encode()


def refuse(request: GetRequestNext, result: DataAccessResult) -> bytes:
    """Make the answer to a next-request out of turn."""
    return GetResponseWithDataBlock(
        request.invoke, last_block=True, block_number=request.block_number, result=result
    ).encode()
