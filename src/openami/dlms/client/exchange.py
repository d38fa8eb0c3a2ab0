"""One request of the caller: a first APDU, then answer by answer until there is an event."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import ClassVar, Final, Generic, NamedTuple, TypeAlias, TypeVar

from openami.core.errors import AmiError, RemoteProtocolError
from openami.dlms.client.events import Event
from openami.dlms.client.refusal import REFUSALS
from openami.dlms.client.session import Session
from openami.dlms.xdlms import Conformance

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
#: Invoke-Id-And-Priority: four bits of invoke id, and above them these.
INVOKE_ID: Final = 0x0F
CONFIRMED: Final = 0x40
HIGH_PRIORITY: Final = 0x80
NO_BLOCKS: Final = Conformance(0)
#: What an exchange does next: the next APDU, or the event that ends it, or nothing.
Step: TypeAlias = bytes | Event | None


class Manner(NamedTuple):
    """How a service is carried out: service class, priority, and how what is too long for one APDU leaves."""

    is_confirmed: bool = True
    flags: int = CONFIRMED | HIGH_PRIORITY
    prefers_gbt: bool = False

    def sends_whole(self, conformance: Conformance, blocks: Conformance = NO_BLOCKS) -> bool:
        """Whether what is too long leaves whole, by general block transfer, not in blocks of the service."""
        if not conformance & Conformance.GENERAL_BLOCK_TRANSFER:
            return False
        return self.prefers_gbt or not conformance & blocks


#: Manners by service class, priority and preference.
MANNERS: Final[Mapping[tuple[bool, bool, bool], Manner]] = {
    (confirmed, high, prefers_gbt): Manner(confirmed, CONFIRMED * confirmed | HIGH_PRIORITY * high, prefers_gbt)
    for confirmed, high, prefers_gbt in product((False, True), repeat=3)
}
USUAL: Final = MANNERS[True, True, False]


class Exchange(ABC):
    """Makes the APDUs of one request and takes the answers; `id` is the caller's name for it."""

    __slots__ = ("id", "invoke")
    manner: Manner = USUAL

    def __init__(self, request: int) -> None:
        self.id = request
        self.invoke = 0

    @abstractmethod
    def start(self, session: Session) -> bytes:
        """Make the first APDU, ciphered if it has to be."""

    @abstractmethod
    def take(self, session: Session, apdu: bytes) -> Step:
        """Take an answer, opened; nothing comes of one that answers something else."""

    def sent(self, session: Session) -> Step:
        """Go on when an unconfirmed request has left."""
        del session
        return None

    def repeat(self, session: Session) -> bytes | None:
        """Ask again for what has not come, where asking twice does no harm."""
        del session
        return None

    def partial(self) -> bytes:
        """Give what has come of a value that will not come whole."""
        return b""

    def refused(self, apdu: bytes) -> AmiError:
        """Make the error of an answer that refuses whatever was asked."""
        return REFUSALS[apdu[0]](apdu)

    def unexpected(self, apdu: bytes) -> RemoteProtocolError:
        """Error for an answer that does not fit the request."""
        return RemoteProtocolError(f"unexpected answer {apdu[:2].hex()} to {type(self).__name__.lower()}")


class Service(Exchange, Generic[ItemT, ResultT]):
    """A service on one item or several, in as many requests as it takes; results in the order asked."""

    __slots__ = ("asked", "block", "done", "is_repeated", "items", "manner", "results")

    #: Tag and choice of an answer -> name of the method that takes it.
    ANSWERS: ClassVar[Mapping[bytes, str]]

    def __init__(self, request: int, items: Sequence[ItemT], manner: Manner = USUAL) -> None:
        super().__init__(request)
        self.items = items
        self.manner = manner
        self.results: list[ResultT] = []
        #: Items in the request under way, and items in those before it.
        self.asked = self.done = 0
        #: The request of a block transfer that left last, plain, and whether one of them left twice.
        self.block = b""
        self.is_repeated = False

    @abstractmethod
    def event(self) -> Event:
        """Make the event of all results."""

    def begin(self, session: Session) -> Sequence[ItemT]:
        """Draw an invoke id for a new request; the items that are still open."""
        self.invoke = session.next_invoke() & INVOKE_ID | self.manner.flags
        self.block, self.is_repeated = b"", False
        self.asked = 1
        return self.items[self.done :] if self.done else self.items

    def take(self, session: Session, apdu: bytes) -> Step:
        """Take an answer; one with another invoke id came too late for a request that was given up.

        Only the four bits of the id count: meters do as they like with the others.
        """
        if len(apdu) > 2 and (apdu[2] ^ self.invoke) & INVOKE_ID:
            return None
        name = self.ANSWERS.get(apdu[:2])
        if name is None:
            raise self.unexpected(apdu)
        take: Callable[[Session, bytes], Step] = getattr(self, name)
        return take(session, apdu)

    def finish(self, session: Session, results: Sequence[ResultT]) -> bytes | Event:
        """Take the results of one request; go on with the items that are left."""
        if len(results) != self.asked:
            raise RemoteProtocolError(f"{len(results)} results for {self.asked} items")
        self.results += results
        return self.sent(session)

    def sent(self, session: Session) -> bytes | Event:
        """Go on with the items that are left."""
        self.done += self.asked
        return self.start(session) if self.done < len(self.items) else self.event()

    def ask_block(self, session: Session, apdu: bytes) -> bytes:
        """Send a request of a block transfer, and remember it for `repeat`."""
        self.block = apdu
        return session.seal(apdu)

    def repeat(self, session: Session) -> bytes | None:
        """Send the request of a block transfer again: its number tells the server what was lost."""
        if not self.block:
            return None
        self.is_repeated = True
        return session.seal(self.block)
