"""The services of an open association: requests become events, results become answers."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, cast

from openami.core.errors import LocalProtocolError
from openami.dlms.security import Way
from openami.dlms.server.access import Accessing, breaks_on_error
from openami.dlms.server.action import Acting
from openami.dlms.server.events import (
    AccessRequest,
    ActionItem,
    ActionRequest,
    Confirmed,
    GetRequest,
    Items,
    Kind,
    Request,
    Results,
    SetItem,
    SetRequest,
)
from openami.dlms.server.get import Getting
from openami.dlms.server.refusal import NotServedError
from openami.dlms.server.set import Setting
from openami.dlms.server.short import Reading, Writing
from openami.dlms.server.transfers import CONFIRMED, Pending, Terms
from openami.dlms.xdlms import (
    AccessGet,
    AccessItem,
    AccessOutcome,
    AccessSet,
    ActionOutcome,
    AttributeDescriptor,
    AttributeItem,
    Conformance,
    DataAccessResult,
    DataNotificationConfirm,
    GetDataResult,
    ServiceErrorCode,
    StateError,
)
from openami.dlms.xdlms.short import NO_NAMES, ShortNames

#: Requests of one association that may wait for the shell at the same time.
MAX_PENDING: Final = 4
EXCEPTION_TAG: Final = 0xD8
_ALL_GET = int(Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET)
_ALL_SET = int(Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET)
#: What becomes of a request: an answer, something the shell is to be told, or nothing for now.
Taken: TypeAlias = bytes | Pending | DataNotificationConfirm | None


class Services:
    """GET, SET and ACTION under the negotiated terms."""

    __slots__ = (
        "_admits_some",
        "_again",
        "_block",
        "_completing",
        "_pending",
        "_routes",
        "_terms",
        "accessing",
        "acting",
        "getting",
        "reading",
        "setting",
        "writing",
    )

    def __init__(self, terms: Terms, names: ShortNames = NO_NAMES) -> None:
        self._terms = terms
        self._routes = ROUTES if names is NO_NAMES else SHORT_ROUTES
        self._pending: dict[int, Pending] = {}
        #: The last request, if it was part of a block transfer, and its answer: asked again, it is given again.
        self._block = b""
        self._again: bytes | None = None
        #: The request whose answer that will be.
        self._completing = 0
        #: Whether there are items that must not be asked for.
        self._admits_some = terms.conformance & (_ALL_GET | _ALL_SET) != _ALL_GET | _ALL_SET
        self.getting = Getting(terms)
        self.setting = Setting()
        self.acting = Acting(terms)
        self.accessing = Accessing(terms)
        if names is not NO_NAMES:
            self.reading = Reading(terms, names)
            self.writing = Writing(terms, names)

    def take(self, apdu: bytes, way: Way) -> Taken:
        """Take a request: its answer, or what the shell is to be asked; nothing where the answer is to come."""
        if self._block:
            if apdu == self._block:
                return self._again
            self._block, self._again = b"", None
        head = apdu[:2]
        needs, take = self._routes.get(head) or self._routes.get(apdu[:1], UNKNOWN)
        if self._terms.conformance & needs != needs:
            raise NotServedError(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.SERVICE_NOT_SUPPORTED)
        taken = take(self, apdu, way)
        if self._admits_some and isinstance(taken, Pending):
            taken = self._admit(taken)
        if head in BLOCKS or apdu[:3] in SHORT_BLOCKS:
            self._block = apdu
            self._again = taken if isinstance(taken, bytes) else None
        return taken

    def _admit(self, pending: Pending) -> bytes | Pending | None:
        """Refuse attribute 0, which stands for all attributes, where that was not negotiated."""
        unknown = tuple(number for number, item in enumerate(pending.items) if self._is_unknown(pending.kind, item[0]))
        if not unknown:
            return pending
        if pending.kind == "access":
            raise NotServedError(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.SERVICE_NOT_SUPPORTED)
        if len(unknown) < len(pending.items):
            return pending._replace(unknown=unknown)
        results: Results = [DataAccessResult.OBJECT_UNDEFINED] * len(unknown)
        return None if is_silent(pending) else self._encode(pending, results)

    def _is_unknown(self, kind: Kind, target: object) -> bool:
        reads = kind == "get" or isinstance(target, AccessGet)
        attribute = target.attribute if isinstance(target, AccessGet | AccessSet) else target
        if not isinstance(attribute, AttributeDescriptor) or attribute.attribute_id != 0:
            return False
        return not self._terms.conformance & (_ALL_GET if reads else _ALL_SET)

    def ask(self, request: int, client_sap: int, taken: Pending | DataNotificationConfirm) -> Request | Confirmed:
        """Make the event that tells the shell; remember how to answer what it is asked."""
        if isinstance(taken, DataNotificationConfirm):
            return Confirmed(client_sap, taken.invoke_id)
        if len(self._pending) >= MAX_PENDING:
            raise NotServedError(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OTHER_REASON)
        if taken.block_number is not None:
            self._completing = request
        self._pending[request] = taken._replace(is_streamed=True) if self._terms.is_streamed else taken
        return event(request, client_sap, taken)

    def is_asking(self, request: int) -> bool:
        """Whether a request waits for its results."""
        return request in self._pending

    def answer(self, request: int, results: Results) -> tuple[bytes, Way] | None:
        """Make the answer to a request, or none if the client wanted none."""
        pending = self._pending.pop(request)
        items = len(pending.items) - len(pending.unknown)
        if len(results) != items and not may_stop(pending):
            message = f"{len(results)} results for {items} items"
            raise LocalProtocolError(message)
        apdu = self._encode(pending, with_unknown(pending, results) if pending.unknown else results)
        if request == self._completing:
            self._again = apdu
        if is_silent(pending):
            return None
        return apdu, None if apdu[0] == EXCEPTION_TAG else pending.way

    def _encode(self, pending: Pending, results: Results) -> bytes:
        if pending.short:
            short = self.reading if pending.short == READ_TAG else self.writing
            return short.answer(pending, results)
        if pending.kind == "get":
            return self.getting.answer(pending, cast("list[GetDataResult]", results))
        if pending.kind == "set":
            return self.setting.answer(pending, cast("list[DataAccessResult]", results))
        if pending.kind == "access":
            return self.accessing.answer(pending, cast("list[AccessOutcome]", results))
        return self.acting.answer(pending, cast("list[ActionOutcome]", results))


def is_silent(pending: Pending) -> bool:
    """Whether a request is not answered: it is unconfirmed, and does not read."""
    if pending.kind == "access":
        return not pending.is_confirmed
    return pending.kind != "get" and not pending.invoke & CONFIRMED


def may_stop(pending: Pending) -> bool:
    """Whether fewer results than items may be given."""
    return pending.kind == "access" and breaks_on_error(pending.invoke)


def with_unknown(pending: Pending, results: Results) -> Results:
    """Results of all items, with the refusals of those that the shell was not asked."""
    given = iter(results)
    numbers = range(len(pending.items))
    all_results = [DataAccessResult.OBJECT_UNDEFINED if n in pending.unknown else next(given) for n in numbers]
    return cast("Results", all_results)


def event(request: int, client_sap: int, pending: Pending) -> Request:
    """Make the event that asks the shell."""
    if pending.unknown:
        items = tuple(item for number, item in enumerate(pending.items) if number not in pending.unknown)
        pending = pending._replace(items=cast("Items", items))
    if pending.kind == "get":
        return GetRequest(request, client_sap, cast("tuple[AttributeItem, ...]", pending.items))
    if pending.kind == "set":
        return SetRequest(request, client_sap, cast("tuple[SetItem, ...]", pending.items))
    if pending.kind == "access":
        asked = cast("tuple[AccessItem, ...]", pending.items)
        return AccessRequest(request, client_sap, asked, breaks_on_error(pending.invoke))
    return ActionRequest(request, client_sap, cast("tuple[ActionItem, ...]", pending.items))


Take: TypeAlias = Callable[[Services, bytes, Way], Taken]


def refuse_unknown(_services: Services, _apdu: bytes, _way: Way) -> Taken:
    """Refuse a tag or choice that is no request."""
    raise NotServedError(StateError.SERVICE_UNKNOWN, ServiceErrorCode.SERVICE_NOT_SUPPORTED)


UNKNOWN: Final[tuple[int, Take]] = 0, refuse_unknown
#: Tag and choice of requests that are part of a block transfer.
BLOCKS: Final = frozenset(
    (b"\xc0\x02", b"\xc1\x02", b"\xc1\x03", b"\xc1\x05", b"\xc3\x02", b"\xc3\x04", b"\xc3\x05", b"\xc3\x06")
)

#: Head of requests by short names that hold or ask for one block.
SHORT_BLOCKS: Final = frozenset((b"\x05\x01\x05", b"\x05\x01\x06", b"\x06\x01\x07"))
READ_TAG: Final = 0x05

_ACCESS = int(Conformance.ACCESS)
_NOTIFY = int(Conformance.DATA_NOTIFICATION)
_READ = int(Conformance.READ)
_WRITE = int(Conformance.WRITE)
_WRITE_UNCONFIRMED = int(Conformance.UNCONFIRMED_WRITE)
_GET = int(Conformance.GET)
_SET = int(Conformance.SET)
_ACTION = int(Conformance.ACTION)
_LIST = int(Conformance.MULTIPLE_REFERENCES)
_GET_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ)
_SET_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE)
_ACTION_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_ACTION)

#: Tag and choice of a request, or its tag alone -> what must be negotiated, and who takes it.
ROUTES: Final[Mapping[bytes, tuple[int, Take]]] = {
    b"\xc0\x01": (_GET, lambda services, apdu, way: services.getting.take_normal(apdu, way)),
    b"\xc0\x02": (_GET | _GET_BLOCKS, lambda services, apdu, way: services.getting.take_next(apdu, way)),
    b"\xc0\x03": (_GET | _LIST, lambda services, apdu, way: services.getting.take_list(apdu, way)),
    b"\xc1\x01": (_SET, lambda services, apdu, way: services.setting.take_normal(apdu, way)),
    b"\xc1\x02": (_SET | _SET_BLOCKS, lambda services, apdu, way: services.setting.take_first(apdu, way)),
    b"\xc1\x03": (_SET | _SET_BLOCKS, lambda services, apdu, way: services.setting.take_block(apdu, way)),
    b"\xc1\x04": (_SET | _LIST, lambda services, apdu, way: services.setting.take_list(apdu, way)),
    b"\xc1\x05": (
        _SET | _SET_BLOCKS | _LIST,
        lambda services, apdu, way: services.setting.take_first_list(apdu, way),
    ),
    b"\xc3\x01": (_ACTION, lambda services, apdu, way: services.acting.take_normal(apdu, way)),
    b"\xc3\x02": (_ACTION | _ACTION_BLOCKS, lambda services, apdu, way: services.acting.take_next(apdu, way)),
    b"\xc3\x03": (_ACTION | _LIST, lambda services, apdu, way: services.acting.take_list(apdu, way)),
    b"\xc3\x04": (
        _ACTION | _ACTION_BLOCKS,
        lambda services, apdu, way: services.acting.take_first(apdu, way),
    ),
    b"\xc3\x05": (
        _ACTION | _ACTION_BLOCKS | _LIST,
        lambda services, apdu, way: services.acting.take_first_list(apdu, way),
    ),
    b"\xc3\x06": (
        _ACTION | _ACTION_BLOCKS,
        lambda services, apdu, way: services.acting.take_block(apdu, way),
    ),
    b"\xd9": (_ACCESS, lambda services, apdu, way: services.accessing.take(apdu, way)),
    b"\x10": (_NOTIFY, lambda _services, apdu, _way: DataNotificationConfirm.decode(apdu)),
}
#: The same for requests by short names.
SHORT_ROUTES: Final[Mapping[bytes, tuple[int, Take]]] = {
    b"\x05": (_READ, lambda services, apdu, way: services.reading.take(apdu, way)),
    b"\x06": (_WRITE, lambda services, apdu, way: services.writing.take(apdu, way)),
    b"\x16": (_WRITE_UNCONFIRMED, lambda services, apdu, way: services.writing.take_unconfirmed(apdu, way)),
    b"\x10": ROUTES[b"\x10"],
}
