"""SET: one attribute or several, a long value in blocks (Green Book, 9.3.7)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeAlias

from openami.dlms.client.events import Event, WasSet
from openami.dlms.client.exchange import Step
from openami.dlms.client.get import attribute_size, check_all
from openami.dlms.client.lists import Sending
from openami.dlms.client.session import Session
from openami.dlms.xdlms import (
    AttributeDescriptor,
    AttributeItem,
    Conformance,
    DataAccessResult,
    DataBlock,
    Selection,
    SetRequestFirstBlock,
    SetRequestFirstBlockWithList,
    SetRequestWithBlock,
    SetRequestWithList,
    SetResponseDataBlock,
    SetResponseLastDataBlock,
    SetResponseLastDataBlockWithList,
    SetResponseNormal,
    SetResponseWithList,
    set_request_normal,
)
from openami.dlms.xdlms.descriptors import encode_values

#: An attribute to write, which part of it, and the encoded value.
SetItem: TypeAlias = tuple[AttributeDescriptor, Selection | None, bytes]


class Set(Sending[SetItem, DataAccessResult]):
    """Writes attributes, as many with one request as the server takes."""

    __slots__ = ()
    BLOCKS = Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    ANSWERS: ClassVar[Mapping[bytes, str]] = {
        b"\xc5\x01": "take_normal",
        b"\xc5\x02": "take_leave",
        b"\xc5\x03": "take_last",
        b"\xc5\x04": "take_last_list",
        b"\xc5\x05": "take_list",
    }

    def start(self, session: Session) -> bytes:
        """Make the request for the items that are still open."""
        check_all([item[0] for item in self.items], session, Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET)
        return super().start(session)

    def size(self, item: SetItem, *, with_value: bool) -> int:
        """Count the octets of an item in a list."""
        return attribute_size(item[:2]) + (len(item[2]) if with_value else 0)

    def value(self, items: Sequence[SetItem]) -> bytes:
        """Encode what leaves in blocks."""
        return items[0][2] if len(items) == 1 else encode_values(values(items))

    def request(self, items: Sequence[SetItem]) -> bytes:
        """Make the request that holds everything."""
        if len(items) == 1:
            return set_request_normal(self.invoke, *items[0])
        return SetRequestWithList(self.invoke, attributes(items), values(items)).encode()

    def first(self, items: Sequence[SetItem], block: DataBlock) -> bytes:
        """Make the request that holds the first block."""
        if len(items) == 1:
            attribute, selection, _ = items[0]
            return SetRequestFirstBlock(self.invoke, attribute, selection, block).encode()
        return SetRequestFirstBlockWithList(self.invoke, attributes(items), block).encode()

    def next(self, block: DataBlock) -> bytes:
        """Make the request that holds a further block."""
        return SetRequestWithBlock(self.invoke, block).encode()

    def event(self) -> Event:
        """Make the event of all results."""
        return WasSet(self.id, self.results)

    def take_leave(self, session: Session, apdu: bytes) -> Step:
        """Take the leave to send the next block."""
        return self.leave(session, SetResponseDataBlock.decode(apdu).block_number)

    def take_normal(self, session: Session, apdu: bytes) -> Step:
        """Take the result of one item, or the refusal of all."""
        return self.take_one(session, SetResponseNormal.decode(apdu).result)

    def take_last(self, session: Session, apdu: bytes) -> Step:
        """Take the result of a long value."""
        return self.take_one(session, SetResponseLastDataBlock.decode(apdu).result)

    def take_one(self, session: Session, result: DataAccessResult) -> Step:
        """Take one result."""
        return self.finish_all(session, result, success=result is DataAccessResult.SUCCESS)

    def take_list(self, session: Session, apdu: bytes) -> Step:
        """Take the results of a list."""
        return self.finish(session, SetResponseWithList.decode(apdu).results)

    def take_last_list(self, session: Session, apdu: bytes) -> Step:
        """Take the results of a list that left in blocks."""
        return self.finish(session, SetResponseLastDataBlockWithList.decode(apdu).results)


def attributes(items: Sequence[SetItem]) -> tuple[AttributeItem, ...]:
    """List the attributes of items."""
    return tuple((attribute, selection) for attribute, selection, _ in items)


def values(items: Sequence[SetItem]) -> tuple[bytes, ...]:
    """List the values of items."""
    return tuple(value for _, _, value in items)
