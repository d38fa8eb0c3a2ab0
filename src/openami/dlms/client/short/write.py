"""Write: variables by short names, confirmed or not, a long request in blocks (Green Book, 9.3.15, 9.3.16)."""

from collections.abc import Sequence
from typing import Final, TypeAlias

from openami.core.errors import RemoteProtocolError
from openami.dlms.client.events import Event, WasSet
from openami.dlms.client.exchange import Step
from openami.dlms.client.lists import Sending
from openami.dlms.client.session import Session
from openami.dlms.data import OCTET_STRING
from openami.dlms.xdlms import Conformance, DataAccessResult, DataBlock
from openami.dlms.xdlms.descriptors import encode_values
from openami.dlms.xdlms.short import (
    BlockNumber,
    UnconfirmedWriteRequest,
    VariableAccess,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)
from openami.dlms.xdlms.short.variables import MAX_VARIABLES, encode_variable, encode_variables
from openami.dlms.xdlms.short.write import RESPONSE

#: A variable and its value, encoded Data.
Written: TypeAlias = tuple[VariableAccess, bytes]
SUCCESS: Final = DataAccessResult.SUCCESS


class Write(Sending[Written, DataAccessResult]):
    """Writes variables, as many with one request as the server takes."""

    __slots__ = ()
    BLOCKS = Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE

    def begin(self, session: Session) -> Sequence[Written]:
        """Items that are still open, no more than a server may be asked for at once."""
        return super().begin(session)[:MAX_VARIABLES]

    def size(self, item: Written, *, with_value: bool) -> int:
        """Count the octets of an item in a list."""
        return len(encode_variable(item[0])) + (len(item[1]) if with_value else 0)

    def value(self, items: Sequence[Written]) -> bytes:
        """Encode what leaves in blocks."""
        return encode_variables(variables(items)) + encode_values(values(items))

    def request(self, items: Sequence[Written]) -> bytes:
        """Make the request that holds everything."""
        kind = WriteRequest if self.manner.is_confirmed else UnconfirmedWriteRequest
        return kind(variables(items), values(items)).encode()

    def first(self, items: Sequence[Written], block: DataBlock) -> bytes:
        """Make the request that holds the first block."""
        del items
        return self.next(block)

    def next(self, block: DataBlock) -> bytes:
        """Make the request that holds a block."""
        last, number, raw = block
        return WriteRequest((WriteDataBlockAccess(last, number),), (OCTET_STRING.encode(raw),)).encode()

    def event(self) -> Event:
        """Make the event of all results."""
        return WasSet(self.id, self.results)

    def take(self, session: Session, apdu: bytes) -> Step:
        """Take how the writing ended, or the leave to send the next block."""
        if apdu[:1] != RESPONSE:
            raise self.unexpected(apdu)
        results = WriteResponse.decode(apdu).results
        if len(results) == 1 and isinstance(results[0], BlockNumber):
            return self.leave(session, results[0].block_number)
        final = [result for result in results if isinstance(result, DataAccessResult)]
        if len(final) != len(results):
            message = "the server mixes blocks with results"
            raise RemoteProtocolError(message)
        if len(final) == 1:
            return self.finish_all(session, final[0], success=final[0] is SUCCESS)
        return self.finish(session, final)


def variables(items: Sequence[Written]) -> tuple[VariableAccess, ...]:
    """List the variables of items."""
    return tuple(variable for variable, _ in items)


def values(items: Sequence[Written]) -> tuple[bytes, ...]:
    """List the values of items."""
    return tuple(value for _, value in items)
