"""ACTION at the server: parameters and answers at once or in blocks (Green Book, 9.3.8)."""

from typing import Final

from openami.core.errors import DecodeError
from openami.dlms.security import Way
from openami.dlms.server.events import ActionItem
from openami.dlms.server.transfers import Arriving, Leaving, Pending, Terms
from openami.dlms.xdlms import (
    ActionOutcome,
    ActionRequestFirstPblock,
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithList,
    ActionRequestWithListFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNextPblock,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResponseWithPblock,
    ActionResult,
    Conformance,
    DataAccessResult,
    DataBlock,
    MethodDescriptor,
)
from openami.dlms.xdlms.blocks import payload

_BLOCKS: Final = int(Conformance.BLOCK_TRANSFER_WITH_ACTION)
#: Tag, choice and invoke id; what follows leaves in blocks when it is long.
_HEAD: Final = 3
_EMPTY = ActionResponseWithPblock(0, DataBlock(last_block=False, block_number=1, raw_data=b"")).encode()


class Acting:
    """Takes action-requests, makes action-responses."""

    __slots__ = ("_arriving", "_leaving", "_terms")

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._arriving: Arriving[MethodDescriptor] | None = None
        self._leaving: Leaving | None = None

    def take_normal(self, apdu: bytes, way: Way) -> Pending:
        """Take the request to invoke one method."""
        request = ActionRequestNormal.decode(apdu)
        self._arriving = self._leaving = None
        return Pending("action", request.invoke, way, ((request.method, request.parameters),))

    def take_list(self, apdu: bytes, way: Way) -> Pending:
        """Take the request to invoke several methods."""
        request = ActionRequestWithList.decode(apdu)
        self._arriving = self._leaving = None
        return Pending("action", request.invoke, way, join(request.methods, request.parameters), is_list=True)

    def take_first(self, apdu: bytes, way: Way) -> bytes | Pending:
        """Take the first block of the parameters of one method."""
        request = ActionRequestFirstPblock.decode(apdu)
        self._leaving = None
        self._arriving = Arriving((request.method,), is_list=False)
        return self._take(self._arriving, request.invoke, request.block, way)

    def take_first_list(self, apdu: bytes, way: Way) -> bytes | Pending:
        """Take the first block of the parameters of several methods."""
        request = ActionRequestWithListFirstPblock.decode(apdu)
        self._leaving = None
        self._arriving = Arriving(request.methods, is_list=True)
        return self._take(self._arriving, request.invoke, request.block, way)

    def take_block(self, apdu: bytes, way: Way) -> bytes | Pending:
        """Take a further block of parameters."""
        request = ActionRequestWithPblock.decode(apdu)
        if self._arriving is None:
            return refuse(request.invoke, ActionResult.NO_LONG_ACTION_IN_PROGRESS)
        return self._take(self._arriving, request.invoke, request.block, way)

    def take_next(self, apdu: bytes, way: Way) -> bytes:
        """Take the request for the next block of the answer; one out of turn ends the transfer."""
        request = ActionRequestNextPblock.decode(apdu)
        leaving = self._leaving
        if leaving is None or not leaving.is_asked_by(request.invoke):
            return refuse(request.invoke, ActionResult.NO_LONG_ACTION_IN_PROGRESS)
        if request.block_number != leaving.cut.number:
            self._leaving = None
            return refuse(request.invoke, ActionResult.LONG_ACTION_ABORTED)
        return self._next_block(leaving, request.invoke, way)

    def answer(self, pending: Pending, results: list[ActionOutcome]) -> bytes:
        """Make the response, or the first block of it."""
        apdu = encode(pending, results)
        if len(apdu) <= self._terms.room(pending.way) or self._terms.sends_whole(pending, _BLOCKS):
            return apdu
        if not self._terms.allow(Conformance.BLOCK_TRANSFER_WITH_ACTION):
            return encode(pending, [without_data(outcome) for outcome in results])
        self._leaving = Leaving(pending.invoke, apdu[_HEAD:])
        return self._next_block(self._leaving, pending.invoke, pending.way)

    def _take(self, arriving: Arriving[MethodDescriptor], invoke: int, block: DataBlock, way: Way) -> bytes | Pending:
        try:
            arriving.add(block)
            if not block.last_block:
                return ActionResponseNextPblock(invoke, block.block_number).encode()
            items = join(arriving.targets, arriving.values())
        except DecodeError:
            self._arriving = None
            return refuse(invoke, ActionResult.LONG_ACTION_ABORTED)
        self._arriving = None
        return Pending("action", invoke, way, items, arriving.is_list, block.block_number)

    def _next_block(self, leaving: Leaving, invoke: int, way: Way) -> bytes:
        block = leaving.cut.take(payload(self._terms.room(way), _EMPTY))
        if block.last_block:
            self._leaving = None
        return ActionResponseWithPblock(invoke, block).encode()


def encode(pending: Pending, results: list[ActionOutcome]) -> bytes:
    """Make the response that holds everything."""
    if pending.is_list:
        return ActionResponseWithList(pending.invoke, tuple(results)).encode()
    return ActionResponseNormal(pending.invoke, *results[0]).encode()


def refuse(invoke: int, result: ActionResult) -> bytes:
    """Make the response that ends a transfer."""
    return ActionResponseNormal(invoke, result).encode()


def without_data(outcome: ActionOutcome) -> ActionOutcome:
    """Replace what a method returned by the reason why it cannot be sent."""
    result, data = outcome
    return (result, DataAccessResult.DATA_BLOCK_UNAVAILABLE if isinstance(data, bytes) else data)


def join(methods: tuple[MethodDescriptor, ...], parameters: tuple[bytes, ...]) -> tuple[ActionItem, ...]:
    """Put methods and their parameters together, as many of one as of the other."""
    return tuple(zip(methods, parameters, strict=True))
