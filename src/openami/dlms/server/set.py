"""SET at the server: values that come at once or in blocks (Green Book, 9.3.7)."""

from openami.core.errors import DecodeError
from openami.dlms.security import Way
from openami.dlms.server.events import SetItem
from openami.dlms.server.transfers import Arriving, Pending
from openami.dlms.xdlms import (
    AttributeItem,
    DataAccessResult,
    DataBlock,
    SetRequestFirstBlock,
    SetRequestFirstBlockWithList,
    SetRequestNormal,
    SetRequestWithBlock,
    SetRequestWithList,
    SetResponseDataBlock,
    SetResponseLastDataBlock,
    SetResponseLastDataBlockWithList,
    SetResponseNormal,
    SetResponseWithList,
)


class Setting:
    """Takes set-requests, makes set-responses."""

    __slots__ = ("_arriving",)

    def __init__(self) -> None:
        self._arriving: Arriving[AttributeItem] | None = None

    def take_normal(self, apdu: bytes, way: Way) -> Pending:
        """Take the value of one attribute."""
        request = SetRequestNormal.decode(apdu)
        self._arriving = None
        return Pending("set", request.invoke, way, ((request.attribute, request.selection, request.value),))

    def take_list(self, apdu: bytes, way: Way) -> Pending:
        """Take the values of several attributes."""
        request = SetRequestWithList.decode(apdu)
        self._arriving = None
        items = join(request.items, request.values)
        return Pending("set", request.invoke, way, items, is_list=True)

    def take_first(self, apdu: bytes, way: Way) -> bytes | Pending:
        """Take the first block of one value."""
        request = SetRequestFirstBlock.decode(apdu)
        self._arriving = Arriving(((request.attribute, request.selection),), is_list=False)
        return self._take(self._arriving, request.invoke, request.block, way)

    def take_first_list(self, apdu: bytes, way: Way) -> bytes | Pending:
        """Take the first block of several values."""
        request = SetRequestFirstBlockWithList.decode(apdu)
        self._arriving = Arriving(request.items, is_list=True)
        return self._take(self._arriving, request.invoke, request.block, way)

    def take_block(self, apdu: bytes, way: Way) -> bytes | Pending:
        """Take a further block."""
        request = SetRequestWithBlock.decode(apdu)
        if self._arriving is None:
            result = DataAccessResult.NO_LONG_SET_IN_PROGRESS
            return SetResponseLastDataBlock(request.invoke, result, request.block.block_number).encode()
        return self._take(self._arriving, request.invoke, request.block, way)

    def answer(self, pending: Pending, results: list[DataAccessResult]) -> bytes:
        """Make the response."""
        return respond(pending.invoke, results, pending.block_number, is_list=pending.is_list)

    def _take(self, arriving: Arriving[AttributeItem], invoke: int, block: DataBlock, way: Way) -> bytes | Pending:
        if not arriving.follows(block):
            return self._abort(arriving, invoke, block, DataAccessResult.DATA_BLOCK_NUMBER_INVALID)
        try:
            arriving.add(block)
            if not block.last_block:
                return SetResponseDataBlock(invoke, block.block_number).encode()
            items = join(arriving.targets, arriving.values())
        except DecodeError:
            return self._abort(arriving, invoke, block, DataAccessResult.LONG_SET_ABORTED)
        self._arriving = None
        return Pending("set", invoke, way, items, arriving.is_list, block.block_number)

    def _abort(
        self, arriving: Arriving[AttributeItem], invoke: int, block: DataBlock, result: DataAccessResult
    ) -> bytes:
        self._arriving = None
        results = [result] * len(arriving.targets)
        return respond(invoke, results, block.block_number, is_list=arriving.is_list)


def respond(invoke: int, results: list[DataAccessResult], block_number: int | None, *, is_list: bool) -> bytes:
    """Make the response that ends a request, whole or in blocks, on one attribute or on a list."""
    if block_number is None:
        if is_list:
            return SetResponseWithList(invoke, tuple(results)).encode()
        return SetResponseNormal(invoke, results[0]).encode()
    if is_list:
        return SetResponseLastDataBlockWithList(invoke, tuple(results), block_number).encode()
    return SetResponseLastDataBlock(invoke, results[0], block_number).encode()


def join(attributes: tuple[AttributeItem, ...], values: tuple[bytes, ...]) -> tuple[SetItem, ...]:
    """Put attributes and their values together, as many of one as of the other."""
    pairs = zip(attributes, values, strict=True)
    return tuple((attribute, selection, value) for (attribute, selection), value in pairs)
