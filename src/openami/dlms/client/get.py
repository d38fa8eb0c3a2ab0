"""GET: one attribute or several, answered at once or in blocks (Green Book, 9.3.6)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from openami.dlms.client.events import Event, Got
from openami.dlms.client.exchange import Service, Step
from openami.dlms.client.lists import fitting
from openami.dlms.client.session import Session
from openami.dlms.xdlms import (
    AttributeItem,
    Conformance,
    DataAccessResult,
    GetDataResult,
    GetRequestNext,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
    get_request_normal,
)
from openami.dlms.xdlms.blocks import Gathered

_LIST_HEAD = GetResponseWithList(0, ()).encode()[:3]


def attribute_size(item: AttributeItem) -> int:
    """Octets of an attribute and its selection in a list."""
    selection = item[1]
    return 10 if selection is None else 11 + len(selection.parameters)


class Get(Service[AttributeItem, GetDataResult]):
    """Reads attributes, as many with one request as the server takes."""

    __slots__ = ("_gathered",)
    ANSWERS: ClassVar[Mapping[bytes, str]] = {
        b"\xc4\x01": "take_normal",
        b"\xc4\x02": "take_block",
        b"\xc4\x03": "take_list",
    }

    def __init__(self, request: int, items: Sequence[AttributeItem]) -> None:
        super().__init__(request, items)
        self._gathered: Gathered | None = None

    def start(self, session: Session) -> bytes:
        """Make the request for the items that are still open."""
        self.invoke = session.next_invoke()
        self._gathered = None
        rest = self.items[len(self.results) :]
        self.asked = 1
        if len(rest) > 1 and session.conformance & Conformance.MULTIPLE_REFERENCES:
            self.asked = fitting(map(attribute_size, rest), session.room)
        if self.asked == 1:
            return session.seal(get_request_normal(self.invoke, *rest[0]))
        return session.seal(GetRequestWithList(self.invoke, tuple(rest[: self.asked])).encode())

    def event(self) -> Event:
        """Make the event of all results."""
        return Got(self.id, self.results)

    def take_normal(self, session: Session, apdu: bytes) -> Step:
        """Take a value, or the refusal of all that was asked."""
        result = GetResponseNormal.decode(apdu).result
        if self.asked > 1 and not isinstance(result, DataAccessResult):
            raise self.unexpected(apdu)
        return self.finish(session, [result] * self.asked)

    def take_list(self, session: Session, apdu: bytes) -> Step:
        """Take several values."""
        return self.finish(session, GetResponseWithList.decode(apdu).results)

    def take_block(self, session: Session, apdu: bytes) -> Step:
        """Take a block of the value, or of the list of values."""
        answer = GetResponseWithDataBlock.decode(apdu)
        if isinstance(answer.result, DataAccessResult):
            return self.finish(session, [answer.result] * self.asked)
        if self._gathered is None:
            self._gathered = Gathered()
        self._gathered.add(answer.block_number, answer.result, last=answer.last_block)
        if not answer.last_block:
            return session.seal(GetRequestNext(self.invoke, answer.block_number).encode())
        value = self._gathered.value()
        if self.asked == 1:
            return self.finish(session, [value])
        return self.finish(session, GetResponseWithList.decode(_LIST_HEAD + value).results)
