"""The services of an open association: requests become events, results become answers."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, cast

from openami.core.errors import LocalProtocolError, ProtocolError
from openami.dlms.server.action import Acting
from openami.dlms.server.events import (
    ActionItem,
    ActionRequest,
    GetRequest,
    Request,
    Results,
    SetItem,
    SetRequest,
)
from openami.dlms.server.get import Getting
from openami.dlms.server.set import Setting
from openami.dlms.server.transfers import CONFIRMED, Pending, Terms, Way
from openami.dlms.xdlms import (
    ActionOutcome,
    AttributeItem,
    Conformance,
    DataAccessResult,
    GetDataResult,
    ServiceErrorCode,
    StateError,
)

#: Requests of one association that may wait for the shell at the same time.
MAX_PENDING: Final = 4


class NotServedError(ProtocolError):
    """A request that is answered by an exception-response."""

    def __init__(self, state_error: StateError, service_error: ServiceErrorCode) -> None:
        super().__init__(f"{state_error.name}, {service_error.name}")
        self.state_error = state_error
        self.service_error = service_error


class Services:
    """GET, SET and ACTION under the negotiated terms."""

    __slots__ = ("_pending", "_terms", "acting", "getting", "setting")

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._pending: dict[int, Pending] = {}
        self.getting = Getting(terms)
        self.setting = Setting()
        self.acting = Acting(terms)

    def take(self, apdu: bytes, way: Way) -> bytes | Pending:
        """Take a request: its answer, or what the shell is to be asked."""
        needs, take = ROUTES.get(apdu[:2], (0, None))
        if take is None:
            raise NotServedError(StateError.SERVICE_UNKNOWN, ServiceErrorCode.SERVICE_NOT_SUPPORTED)
        if self._terms.conformance & needs != needs:
            raise NotServedError(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.SERVICE_NOT_SUPPORTED)
        return take(self, apdu, way)

    def ask(self, request: int, client_sap: int, pending: Pending) -> Request:
        """Make the event that asks the shell, and remember how to answer."""
        if len(self._pending) >= MAX_PENDING:
            raise NotServedError(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OTHER_REASON)
        self._pending[request] = pending
        return event(request, client_sap, pending)

    def is_asking(self, request: int) -> bool:
        """Whether a request waits for its results."""
        return request in self._pending

    def answer(self, request: int, results: Results) -> tuple[bytes, Way] | None:
        """Make the answer to a request, or none if the client wanted none."""
        pending = self._pending.pop(request)
        if len(results) != len(pending.items):
            message = f"{len(results)} results for {len(pending.items)} items"
            raise LocalProtocolError(message)
        apdu = self._encode(pending, results)
        is_silent = pending.kind != "get" and not pending.invoke & CONFIRMED
        return None if is_silent else (apdu, pending.way)

    def _encode(self, pending: Pending, results: Results) -> bytes:
        if pending.kind == "get":
            return self.getting.answer(pending, cast("list[GetDataResult]", results))
        if pending.kind == "set":
            return self.setting.answer(pending, cast("list[DataAccessResult]", results))
        return self.acting.answer(pending, cast("list[ActionOutcome]", results))


def event(request: int, client_sap: int, pending: Pending) -> Request:
    """Make the event that asks the shell."""
    if pending.kind == "get":
        return GetRequest(request, client_sap, cast("tuple[AttributeItem, ...]", pending.items))
    if pending.kind == "set":
        return SetRequest(request, client_sap, cast("tuple[SetItem, ...]", pending.items))
    return ActionRequest(request, client_sap, cast("tuple[ActionItem, ...]", pending.items))


Take: TypeAlias = Callable[[Services, bytes, Way], bytes | Pending]

_GET = int(Conformance.GET)
_SET = int(Conformance.SET)
_ACTION = int(Conformance.ACTION)
_LIST = int(Conformance.MULTIPLE_REFERENCES)
_GET_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ)
_SET_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE)
_ACTION_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_ACTION)

#: Tag and choice of a request -> what must be negotiated, and who takes it.
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
}
