"""ACCESS: reading, writing and invoking in one request (Green Book, 9.5, Access-Request and Access-Response)."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from openami.core.errors import LocalProtocolError, RemoteProtocolError
from openami.dlms.client.events import Accessed, Event
from openami.dlms.client.exchange import Manner, Service, Step
from openami.dlms.client.get import attribute_size, check_all
from openami.dlms.client.lists import fitting
from openami.dlms.client.session import Session
from openami.dlms.xdlms import (
    AccessAction,
    AccessGet,
    AccessItem,
    AccessOutcome,
    AccessRequest,
    AccessResponse,
    AccessService,
    AccessSet,
    Conformance,
    DataAccessResult,
)
from openami.dlms.xdlms.access import SERVICES
from openami.dlms.xdlms.notification import BREAK_ON_ERROR, INVOKE_ID, SELF_DESCRIPTIVE

RESPONSE_TAG: Final = 0xDA
NULL: Final = b"\x00"
NOT_DONE: Final[AccessOutcome] = (DataAccessResult.OTHER_REASON, None)
#: Octets of the head of a request beyond those of other services, and of a ciphered one: it names our title.
_HEAD: Final = 4
_TITLE: Final = 10
#: Bits of the long invoke id that number the requests of one exchange.
_PART: Final = 8


class Processing(NamedTuple):
    """How the server goes about the items of a request."""

    break_on_error: bool = False
    self_descriptive: bool = False
    date_time: bytes = b""

    @property
    def flags(self) -> int:
        """Bits of the Long-Invoke-Id-And-Priority."""
        return BREAK_ON_ERROR * self.break_on_error | SELF_DESCRIPTIVE * self.self_descriptive


class Access(Service[AccessItem, AccessOutcome]):
    """Services on many attributes and methods, as many with one request as the server takes."""

    __slots__ = ("_part", "_processing", "_request")

    def __init__(self, request: int, items: Sequence[AccessItem], manner: Manner, processing: Processing) -> None:
        super().__init__(request, items, manner)
        self._processing = processing
        self._part = 0
        self._request: AccessRequest | None = None

    def start(self, session: Session) -> bytes:
        """Make the request for the items that are still open."""
        check(self.items, session)
        rest = self.items[self.done :]
        whole = self.manner.is_confirmed and self.manner.sends_whole(session.conformance)
        room = session.room if session.ciphering is None else session.room - _TITLE
        head = _HEAD + len(self._processing.date_time)
        self.asked = len(rest) if whole else fitting(map(item_size, rest), room - head)
        self._request = self._next(rest[: self.asked])
        apdu = self._request.encode()
        if len(apdu) > room and not whole:
            raise LocalProtocolError(f"request of {len(apdu)} octets, the server takes {room}")
        return session.seal(apdu)

    def _next(self, items: Sequence[AccessItem]) -> AccessRequest:
        """Make a request under a long invoke id of its own."""
        self._part += 1
        number = (self.id << _PART | self._part & (1 << _PART) - 1) & INVOKE_ID
        long_invoke = self.manner.flags << 24 | self._processing.flags | number
        data = tuple(NULL if value is None else value for _, value in items)
        return AccessRequest(long_invoke, self._processing.date_time, tuple(asked for asked, _ in items), data)

    def event(self) -> Event:
        """Make the event of all outcomes."""
        return Accessed(self.id, self.results)

    def take(self, session: Session, apdu: bytes) -> Step:
        """Take the answer; one with another invoke id came too late."""
        request = self._request
        if apdu[0] != RESPONSE_TAG or request is None:
            raise self.unexpected(apdu)
        answer = AccessResponse.decode(apdu)
        if (answer.long_invoke ^ request.long_invoke) & INVOKE_ID:
            return None
        outcomes = outcomes_of(request, answer)
        if self._processing.break_on_error and any(result != 0 for result, _ in outcomes):
            self.asked = len(self.items) - self.done
            outcomes += [NOT_DONE] * (self.asked - len(outcomes))
        return self.finish(session, outcomes)


def check(items: Sequence[AccessItem], session: Session) -> None:
    """Refuse what was not negotiated."""
    if not session.conformance & Conformance.ACCESS:
        message = "the service ACCESS was not negotiated"
        raise LocalProtocolError(message)
    read = [asked.attribute for asked, _ in items if isinstance(asked, AccessGet)]
    written = [asked.attribute for asked, _ in items if isinstance(asked, AccessSet)]
    check_all(read, session, Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET)
    check_all(written, session, Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET)


def item_size(item: AccessItem) -> int:
    """Octets of an item in both lists of a request."""
    asked, value = item
    size = 10 if isinstance(asked, AccessAction) else attribute_size(asked)
    return size + len(NULL if value is None else value)


def outcomes_of(request: AccessRequest, answer: AccessResponse) -> list[AccessOutcome]:
    """Take an answer apart; it must be about what was asked."""
    services = [SERVICES[type(asked)] for asked in request.specifications]
    if answer.specifications not in {None, request.specifications}:
        message = "the access-response is about other attributes than were asked for"
        raise RemoteProtocolError(message)
    if [result.service for result in answer.results] != services[: len(answer.results)]:
        message = "the access-response is about other services than were asked for"
        raise RemoteProtocolError(message)
    return [
        (result, data if brings_data(service, result == 0, data) else None)
        for (service, result), data in zip(answer.results, answer.data, strict=True)
    ]


def brings_data(service: AccessService, is_done: bool, data: bytes) -> bool:
    """Whether data of an answer is a value, not only there because each result has one."""
    return is_done and (service is AccessService.GET or (service is AccessService.ACTION and data != NULL))
