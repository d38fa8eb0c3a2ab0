"""One request of the caller: a first APDU, then answer by answer until there is an event."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final, Generic, TypeAlias, TypeVar

from openami.core.errors import RemoteProtocolError
from openami.dlms.client.events import Event
from openami.dlms.client.session import Session

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
INVOKE_ID: Final = 0x0F
#: What an exchange does next: the next APDU, or the event that ends it, or nothing.
Step: TypeAlias = bytes | Event | None


class Exchange(ABC):
    """Makes the APDUs of one request and takes the answers; `id` is the caller's name for it."""

    __slots__ = ("id", "invoke")

    def __init__(self, request: int) -> None:
        self.id = request
        self.invoke = 0

    @abstractmethod
    def start(self, session: Session) -> bytes:
        """Make the first APDU, ciphered if it has to be."""

    @abstractmethod
    def take(self, session: Session, apdu: bytes) -> Step:
        """Take an answer, opened; nothing comes of one that answers something else."""

    def unexpected(self, apdu: bytes) -> RemoteProtocolError:
        """Error for an answer that does not fit the request."""
        return RemoteProtocolError(f"unexpected answer {apdu[:2].hex()} to {type(self).__name__.lower()}")


class Service(Exchange, Generic[ItemT, ResultT]):
    """A service on one item or several, in as many requests as it takes; results in the order asked."""

    __slots__ = ("asked", "items", "results")

    #: Tag and choice of an answer -> name of the method that takes it.
    ANSWERS: ClassVar[Mapping[bytes, str]]

    def __init__(self, request: int, items: Sequence[ItemT]) -> None:
        super().__init__(request)
        self.items = items
        self.results: list[ResultT] = []
        #: Items in the request under way.
        self.asked = 0

    @abstractmethod
    def event(self) -> Event:
        """Make the event of all results."""

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
        return self.start(session) if len(self.results) < len(self.items) else self.event()
