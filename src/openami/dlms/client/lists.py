"""How many items go into one request, and how a long one leaves in blocks (Green Book, 9.3.7, 9.3.8)."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from openami.core.errors import LocalProtocolError, RemoteProtocolError
from openami.dlms.client.exchange import USUAL, ItemT, Manner, ResultT, Service, Step
from openami.dlms.client.session import Session
from openami.dlms.xdlms import Conformance, DataBlock
from openami.dlms.xdlms.blocks import Cut, payload

#: Tag, choice, invoke id and the counts of two lists in an APDU.
_HEAD: Final = 3 + 2 * 3
_EMPTY: Final = DataBlock(last_block=False, block_number=1, raw_data=b"")


def fitting(sizes: Iterable[int], room: int, most: int | None = None) -> int:
    """Count of leading items that fit the room left in one request, at least 1 and perhaps at most so many."""
    count, free = 0, room - _HEAD
    for size in sizes:
        free -= size
        if free < 0 or count == most:
            break
        count += 1
    return max(count, 1)


class Sending(Service[ItemT, ResultT]):
    """A service whose requests may be long: what does not fit one APDU leaves in blocks."""

    __slots__ = ("cut",)

    #: What must be negotiated for blocks.
    BLOCKS: ClassVar[Conformance]

    def __init__(self, request: int, items: Sequence[ItemT], manner: Manner = USUAL) -> None:
        super().__init__(request, items, manner)
        self.cut: Cut | None = None

    @abstractmethod
    def size(self, item: ItemT, *, with_value: bool) -> int:
        """Count the octets of an item in a list."""

    @abstractmethod
    def value(self, items: Sequence[ItemT]) -> bytes:
        """Encode what leaves in blocks."""

    @abstractmethod
    def request(self, items: Sequence[ItemT]) -> bytes:
        """Make the request that holds everything."""

    @abstractmethod
    def first(self, items: Sequence[ItemT], block: DataBlock) -> bytes:
        """Make the request that holds the first block."""

    @abstractmethod
    def next(self, block: DataBlock) -> bytes:
        """Make the request that holds a further block."""

    def start(self, session: Session) -> bytes:
        """Make the request for the items that are still open."""
        rest = self.begin(session)
        self.cut = None
        has_blocks = self.manner.is_confirmed and bool(session.conformance & self.BLOCKS)
        if len(rest) > 1 and session.conformance & Conformance.MULTIPLE_REFERENCES:
            room = session.room // 2 if has_blocks else session.room
            sizes = (self.size(item, with_value=not has_blocks) for item in rest)
            self.asked = fitting(sizes, room, session.quirks.list_limit)
        items = rest[: self.asked]
        apdu = self.request(items)
        if len(apdu) <= session.room or self.sends_whole(session):
            return session.seal(apdu)
        if not has_blocks:
            message = f"request of {len(apdu)} octets, the server takes {session.room} and no blocks"
            raise LocalProtocolError(message)
        self.cut = Cut(self.value(items))
        return self.ask_block(session, self.first(items, self.cut.take(block_room(session, self.first(items, _EMPTY)))))

    def sends_whole(self, session: Session) -> bool:
        """Whether a long request leaves whole: by general block transfer, which needs an answer."""
        return self.manner.is_confirmed and self.manner.sends_whole(session.conformance, self.BLOCKS)

    def leave(self, session: Session, number: int) -> Step:
        """Send the next block, the server having taken one."""
        cut = self.cut
        if cut is not None and self.is_repeated and number < cut.number:
            return None
        if cut is None or cut.is_done or number != cut.number:
            raise RemoteProtocolError(f"the server took block {number}, which is not the one sent")
        return self.ask_block(session, self.next(cut.take(block_room(session, self.next(_EMPTY)))))

    def finish_all(self, session: Session, result: ResultT, *, success: bool) -> Step:
        """Take one result: of the one item, or the refusal of a whole list or transfer."""
        if success and (self.asked > 1 or (self.cut is not None and not self.cut.is_done)):
            message = "the server reports success before it has been sent everything"
            raise RemoteProtocolError(message)
        return self.finish(session, [result] * self.asked)


def block_room(session: Session, empty: bytes) -> int:
    """Octets of a value that fit the APDU which is `empty` without them; refused when none do."""
    free = payload(session.room, empty)
    if free < 1:
        message = f"the server takes APDUs of {session.limit} octets, too short for this request"
        raise LocalProtocolError(message)
    return free
