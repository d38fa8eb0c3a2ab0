"""Read: variables by short names, long requests and answers in blocks (Green Book, 9.3.14)."""

from collections.abc import Sequence

from openami.core.errors import RemoteProtocolError
from openami.dlms.axdr import Reader
from openami.dlms.client.events import Event, Got
from openami.dlms.client.exchange import USUAL, Manner, Step
from openami.dlms.client.lists import Sending
from openami.dlms.client.session import Session
from openami.dlms.xdlms import Conformance, DataAccessResult, DataBlock, GetDataResult
from openami.dlms.xdlms.blocks import Gathered
from openami.dlms.xdlms.short import (
    BlockNumber,
    BlockNumberAccess,
    DataBlockResult,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    ReadResult,
    VariableAccess,
)
from openami.dlms.xdlms.short.read import RESPONSE, decode_results
from openami.dlms.xdlms.short.variables import MAX_VARIABLES, encode_variable, encode_variables

#: How a list of one result begins: with data, with an error.
ONE_VALUE, ONE_ERROR = b"\x01\x00", b"\x01\x01"


class Read(Sending[VariableAccess, GetDataResult]):
    """Reads variables, as many with one request as the server takes."""

    __slots__ = ("_gathered",)
    BLOCKS = Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ

    def __init__(self, request: int, items: Sequence[VariableAccess], manner: Manner = USUAL) -> None:
        super().__init__(request, items, manner)
        self._gathered: Gathered | None = None

    def start(self, session: Session) -> bytes:
        """Make the request for the variables that are still open."""
        self._gathered = None
        return super().start(session)

    def begin(self, session: Session) -> Sequence[VariableAccess]:
        """Items that are still open, no more than a server may be asked for at once."""
        return super().begin(session)[:MAX_VARIABLES]

    def size(self, item: VariableAccess, *, with_value: bool) -> int:
        """Count the octets of a variable in a list."""
        del with_value
        return len(encode_variable(item))

    def value(self, items: Sequence[VariableAccess]) -> bytes:
        """Encode what leaves in blocks."""
        return encode_variables(tuple(items))

    def request(self, items: Sequence[VariableAccess]) -> bytes:
        """Make the request that holds everything."""
        return ReadRequest(tuple(items)).encode()

    def first(self, items: Sequence[VariableAccess], block: DataBlock) -> bytes:
        """Make the request that holds the first block."""
        del items
        return self.next(block)

    def next(self, block: DataBlock) -> bytes:
        """Make the request that holds a block."""
        return ReadRequest((ReadDataBlockAccess(*block),)).encode()

    def event(self) -> Event:
        """Make the event of all results."""
        return Got(self.id, self.results)

    def take(self, session: Session, apdu: bytes) -> Step:
        """Take values, a block of them, or the leave to send the next block."""
        if apdu[:1] != RESPONSE:
            raise self.unexpected(apdu)
        results = ReadResponse.decode(apdu).results
        lone = results[0] if len(results) == 1 else None
        if isinstance(lone, BlockNumber):
            return self.leave(session, lone.block_number)
        if isinstance(lone, DataAccessResult):
            return self.finish_all(session, lone, success=False)
        if self.cut is not None and not self.cut.is_done:
            raise self.unexpected(apdu)
        if isinstance(lone, DataBlockResult):
            return self._take_block(session, *lone)
        return self.finish(session, values(results))

    def _take_block(self, session: Session, last: bool, number: int, raw: bytes) -> Step:
        if self._gathered is None:
            self._gathered = Gathered()
        elif self.is_repeated and number == self._gathered.number:
            return None
        self._gathered.add(number, raw, last=last)
        if not last:
            return self.ask_block(session, ReadRequest((BlockNumberAccess(number),)).encode())
        return self.finish(session, self._results(self._gathered.value()))

    def _results(self, value: bytes) -> list[GetDataResult]:
        """Take apart what came in blocks: a list of results, or of a single value the value alone."""
        is_list = value[:2] == ONE_VALUE and len(value) > 2
        if self.asked == 1 and not is_list and not (value[:2] == ONE_ERROR and len(value) == 3):
            return [value]
        return values(decode_results(Reader(value)))


def values(results: Sequence[ReadResult]) -> list[GetDataResult]:
    """Results that are final; what moves a transfer on has no place among them."""
    found = [result for result in results if isinstance(result, bytes | DataAccessResult)]
    if len(found) != len(results):
        message = "the server mixes blocks with results"
        raise RemoteProtocolError(message)
    return found
