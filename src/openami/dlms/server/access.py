"""ACCESS at the server: several services in one request (Green Book, 9.5)."""

from typing import Final, cast

from openami.dlms.security import Way
from openami.dlms.server.transfers import Pending, Terms
from openami.dlms.xdlms import (
    AccessItem,
    AccessOutcome,
    AccessRequest,
    AccessResponse,
    AccessResult,
    DataAccessResult,
    ExceptionResponse,
    ServiceErrorCode,
    StateError,
)
from openami.dlms.xdlms.access import SERVICES
from openami.dlms.xdlms.notification import BREAK_ON_ERROR, CONFIRMED, SELF_DESCRIPTIVE

#: Octets that the general form of a ciphered APDU has more than others: it names our title.
_TITLE: Final = 10
NULL: Final = b"\x00"
NOT_DONE: Final[AccessOutcome] = (DataAccessResult.OTHER_REASON, None)


class Accessing:
    """Takes access-requests, makes access-responses."""

    __slots__ = ("_terms",)

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def take(self, apdu: bytes, way: Way) -> Pending:
        """Take the request."""
        request = AccessRequest.decode(apdu)
        items = tuple(zip(request.specifications, request.data, strict=True))
        is_confirmed = bool(request.long_invoke & CONFIRMED)
        return Pending("access", request.long_invoke, way, items, is_confirmed=is_confirmed)

    def answer(self, pending: Pending, results: list[AccessOutcome]) -> bytes:
        """Make the response; one that is too long, and cannot leave in blocks, is none.

        Services that were not reached after an error have failed for another reason.
        """
        asked = tuple(item[0] for item in cast("tuple[AccessItem, ...]", pending.items))
        results = results + [NOT_DONE] * (len(asked) - len(results))
        apdu = AccessResponse(
            pending.invoke,
            b"",
            tuple(data or NULL for _, data in results),
            tuple(AccessResult(SERVICES[type(one)], result) for one, (result, _) in zip(asked, results, strict=True)),
            asked if pending.invoke & SELF_DESCRIPTIVE else None,
        ).encode()
        room = self._terms.room(pending.way) - (0 if pending.way is None else _TITLE)
        if len(apdu) <= room or self._terms.sends_whole(pending):
            return apdu
        return ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.PDU_TOO_LONG).encode()


def breaks_on_error(long_invoke: int) -> bool:
    """Whether nothing is to be done any more after a service that fails."""
    return bool(long_invoke & BREAK_ON_ERROR)
