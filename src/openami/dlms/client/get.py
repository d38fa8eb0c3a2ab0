"""GET: one attribute or several, answered at once or in blocks (Green Book, 9.3.6)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from openami.core.errors import LocalProtocolError
from openami.dlms.client.events import Event, Got
from openami.dlms.client.exchange import USUAL, Manner, Service, Step
from openami.dlms.client.lists import fitting
from openami.dlms.client.session import Session
from openami.dlms.xdlms import (
    AttributeDescriptor,
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


def check_all(attributes: Iterable[AttributeDescriptor], session: Session, needs: Conformance) -> None:
    """Refuse attribute 0, all attributes of an object at once, where that was not negotiated."""
    for attribute in attributes:
        if attribute[2] == 0 and not session.conformance & needs:
            raise LocalProtocolError(f"{attribute}: all attributes at once were not negotiated")


class Get(Service[AttributeItem, GetDataResult]):
    """Reads attributes, as many with one request as the server takes."""

    __slots__ = ("_gathered",)
    ANSWERS: ClassVar[Mapping[bytes, str]] = {
        b"\xc4\x01": "take_normal",
        b"\xc4\x02": "take_block",
        b"\xc4\x03": "take_list",
    }

    def __init__(self, request: int, items: Sequence[AttributeItem], manner: Manner = USUAL) -> None:
        super().__init__(request, items, manner)
        self._gathered: Gathered | None = None

    def start(self, session: Session) -> bytes:
        """Make the request for the items that are still open."""
        rest = self.begin(session)
        self._gathered = None
        check_all([item[0] for item in rest], session, Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET)
        if len(rest) > 1 and session.conformance & Conformance.MULTIPLE_REFERENCES:
            self.asked = fitting(map(attribute_size, rest), session.room, session.quirks.list_limit)
        if self.asked == 1:
            return session.seal(get_request_normal(self.invoke, *rest[0]))
        return session.seal(GetRequestWithList(self.invoke, tuple(rest[: self.asked])).encode())

    def event(self) -> Event:
        """Make the event of all results."""
        return Got(self.id, self.results)

    def partial(self) -> bytes:
        """Give the blocks of one attribute that were taken."""
        return b"" if self._gathered is None or len(self.items) > 1 else self._gathered.value()

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
        elif self.is_repeated and answer.block_number <= self._gathered.number:
            return None
        self._gathered.add(answer.block_number, answer.result, last=answer.last_block)
        if not answer.last_block:
            return self.ask_block(session, GetRequestNext(self.invoke, answer.block_number).encode())
        value = self._gathered.value()
        if self.asked == 1:
            return self.finish(session, [value])
        return self.finish(session, GetResponseWithList.decode(_LIST_HEAD + value).results)
