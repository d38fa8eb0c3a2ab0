"""ACTION: one method or several, long parameters and answers in blocks (Green Book, 9.3.8)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, TypeAlias

from openami.dlms.client.events import Acted, Event
from openami.dlms.client.exchange import USUAL, Manner, Step
from openami.dlms.client.lists import Sending
from openami.dlms.client.session import Session
from openami.dlms.xdlms import (
    ActionOutcome,
    ActionRequestFirstPblock,
    ActionRequestNextPblock,
    ActionRequestWithList,
    ActionRequestWithListFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNextPblock,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResponseWithPblock,
    ActionResult,
    Conformance,
    DataBlock,
    MethodDescriptor,
    action_request_normal,
)
from openami.dlms.xdlms.blocks import Gathered
from openami.dlms.xdlms.descriptors import encode_values

#: A method to invoke, and its encoded parameter if it takes one.
ActionItem: TypeAlias = tuple[MethodDescriptor, bytes | None]
NULL: Final = b"\x00"
_NORMAL_HEAD = ActionResponseNormal(0, ActionResult.SUCCESS).encode()[:3]
_LIST_HEAD = ActionResponseWithList(0, ()).encode()[:3]


class Action(Sending[ActionItem, ActionOutcome]):
    """Invokes methods, as many with one request as the server takes."""

    __slots__ = ("_gathered",)
    BLOCKS = Conformance.BLOCK_TRANSFER_WITH_ACTION
    ANSWERS: ClassVar[Mapping[bytes, str]] = {
        b"\xc7\x01": "take_normal",
        b"\xc7\x02": "take_block",
        b"\xc7\x03": "take_list",
        b"\xc7\x04": "take_leave",
    }

    def __init__(self, request: int, items: Sequence[ActionItem], manner: Manner = USUAL) -> None:
        super().__init__(request, items, manner)
        self._gathered: Gathered | None = None

    def start(self, session: Session) -> bytes:
        """Make the request for the methods that are still open."""
        self._gathered = None
        return super().start(session)

    def size(self, item: ActionItem, *, with_value: bool) -> int:
        """Count the octets of an item in a list."""
        return 9 + (len(item[1] or NULL) if with_value else 0)

    def value(self, items: Sequence[ActionItem]) -> bytes:
        """Encode what leaves in blocks."""
        return parameters(items)[0] if len(items) == 1 else encode_values(parameters(items))

    def request(self, items: Sequence[ActionItem]) -> bytes:
        """Make the request that holds everything."""
        if len(items) == 1:
            return action_request_normal(self.invoke, *items[0])
        return ActionRequestWithList(self.invoke, methods(items), parameters(items)).encode()

    def first(self, items: Sequence[ActionItem], block: DataBlock) -> bytes:
        """Make the request that holds the first block."""
        if len(items) == 1:
            return ActionRequestFirstPblock(self.invoke, items[0][0], block).encode()
        return ActionRequestWithListFirstPblock(self.invoke, methods(items), block).encode()

    def next(self, block: DataBlock) -> bytes:
        """Make the request that holds a further block."""
        return ActionRequestWithPblock(self.invoke, block).encode()

    def event(self) -> Event:
        """Make the event of all outcomes."""
        return Acted(self.id, self.results)

    def take_leave(self, session: Session, apdu: bytes) -> Step:
        """Take the leave to send the next block."""
        return self.leave(session, ActionResponseNextPblock.decode(apdu).block_number)

    def take_normal(self, session: Session, apdu: bytes) -> Step:
        """Take the outcome of one method, or the refusal of all."""
        answer = ActionResponseNormal.decode(apdu)
        success = answer.result is ActionResult.SUCCESS
        return self.finish_all(session, (answer.result, answer.data), success=success)

    def take_list(self, session: Session, apdu: bytes) -> Step:
        """Take the outcomes of a list."""
        return self.finish(session, ActionResponseWithList.decode(apdu).results)

    def take_block(self, session: Session, apdu: bytes) -> Step:
        """Take a block of the outcome, or of the list of outcomes."""
        block = ActionResponseWithPblock.decode(apdu).block
        if self._gathered is None:
            self._gathered = Gathered()
        elif self.is_repeated and block.block_number <= self._gathered.number:
            return None
        self._gathered.add(block.block_number, block.raw_data, last=block.last_block)
        if not block.last_block:
            return self.ask_block(session, ActionRequestNextPblock(self.invoke, block.block_number).encode())
        value = self._gathered.value()
        if self.asked > 1:
            return self.finish(session, ActionResponseWithList.decode(_LIST_HEAD + value).results)
        answer = ActionResponseNormal.decode(_NORMAL_HEAD + value)
        return self.finish(session, [(answer.result, answer.data)])


def methods(items: Sequence[ActionItem]) -> tuple[MethodDescriptor, ...]:
    """List the methods of items."""
    return tuple(method for method, _ in items)


def parameters(items: Sequence[ActionItem]) -> tuple[bytes, ...]:
    """List the parameters of items, null-data where there are none."""
    return tuple(given or NULL for _, given in items)
