"""An open association: APDUs sealed and opened as agreed, answers read strictly."""

from collections.abc import Callable
from typing import Final

from openami.conformance.talk import Talk
from openami.conformance.target import Login
from openami.conformance.verdict import FailedError
from openami.conformance.words import words
from openami.core.errors import AmiError, SecurityError
from openami.dlms.acse import RLRQ
from openami.dlms.client.session import Session
from openami.dlms.security import Form
from openami.dlms.security.envelope import GENERAL_GLO
from openami.dlms.xdlms import (
    ActionOutcome,
    ActionResponseNormal,
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
    InitiateRequest,
    InitiateResponse,
    MethodDescriptor,
    Selection,
    SetResponseNormal,
    action_request_normal,
    decode,
    get_request_normal,
    set_request_normal,
)
from openami.dlms.xdlms.blocks import Gathered

#: Invoke-id-and-priority: confirmed, normal priority; the id counts from 1 to 15.
CONFIRMED: Final = 0x40
INVOKE_ID: Final = 0x0F
#: Data-notification, event-notification, information-report.
UNASKED: Final = frozenset((0x0F, 0xC2, 0x18))
#: Notifications put up with in one association.
MOST_UNASKED: Final = 100
RESPONSE_WITH_LIST_HEAD: Final = b"\xc4\x03"


class Dialogue:
    """An association a test talks in; what comes back wrong is a `FailedError`."""

    def __init__(
        self, talk: Talk, login: Login, session: Session, response: InitiateResponse, initiate: InitiateRequest
    ) -> None:
        self.talk = talk
        self.login = login
        self.session = session
        self.response = response
        self.conformance = response.conformance & initiate.conformance
        self.limit = initiate.client_max_receive_pdu_size or 0xFFFF
        #: Octets of the APDU that came last, as it came; and who is told of every one.
        self.raw = b""
        self.watches: Callable[[bytes], object] = len
        #: APDUs that came unasked, as they came.
        self.aside: list[bytes] = []
        self._invoke = 0

    def has(self, service: Conformance) -> bool:
        """Whether a service was negotiated."""
        return bool(self.conformance & service)

    def invoke(self) -> int:
        """Give the next invoke-id-and-priority."""
        self._invoke = self._invoke % INVOKE_ID + 1
        return CONFIRMED | self._invoke

    async def ask(self, apdu: bytes, wait_s: float | None = None) -> bytes:
        """Send a plain APDU as the association protects it; the answer, opened, or nothing."""
        return await self.ask_sealed(self.session.seal(apdu), wait_s)

    async def ask_sealed(self, apdu: bytes, wait_s: float | None = None) -> bytes:
        """Send an APDU as it is; the answer, opened, or nothing."""
        self.raw = await self.talk.ask(apdu, wait_s)
        while self._is_unasked(self.raw) and len(self.aside) < MOST_UNASKED:
            self.aside.append(self.raw)
            self.raw = await self.talk.receive(wait_s)
        self.watches(self.raw)
        if len(self.raw) > self.limit:
            raise FailedError("a request", f"an APDU of at most {self.limit} octets", f"one of {len(self.raw)}")
        return self.opened(self.raw)

    def _is_unasked(self, raw: bytes) -> bool:
        """Whether an APDU is a notification; a general-glo- one is, where answers are not ciphered like that."""
        return bool(raw) and (raw[0] in UNASKED or (raw[0] == GENERAL_GLO and self.session.form is Form.GLO))

    def opened(self, raw: bytes) -> bytes:
        """Open an answer; one that is not protected as it must be is a failure."""
        if not raw:
            return b""
        try:
            return self.session.open(raw)
        except SecurityError as error:
            raise FailedError("a request", "an answer protected like it", f"{words(raw)}: {error}") from error

    def came(self, answer: bytes) -> str:
        """Say what came, or why nothing did."""
        return words(answer) if answer else (self.talk.ended or f"nothing within {self.talk.response_s:g} s")

    async def get(self, attribute: AttributeDescriptor, selection: Selection | None = None) -> GetDataResult:
        """Read an attribute, in blocks where the answer is long."""
        invoke = self.invoke()
        answer = await self.ask(get_request_normal(invoke, attribute, selection))
        return await self.got(answer, invoke, f"GET {attribute}")

    async def got(self, answer: bytes, invoke: int, sent: str) -> GetDataResult:
        """Take the answer to a GET of one attribute."""
        found = self.read(answer, sent, "a get-response")
        if isinstance(found, GetResponseNormal):
            self.check_invoke(found.invoke, invoke, sent)
            return found.result
        if isinstance(found, GetResponseWithDataBlock):
            return await self.gathered(found, invoke, sent)
        raise FailedError(sent, "a get-response", words(answer))

    async def gathered(self, block: GetResponseWithDataBlock, invoke: int, sent: str) -> GetDataResult:
        """Ask for blocks until the last."""
        gathered = Gathered()
        while True:
            self.check_invoke(block.invoke, invoke, sent)
            if isinstance(block.result, DataAccessResult):
                return block.result
            try:
                gathered.add(block.block_number, block.result, last=block.last_block)
            except AmiError as error:
                raise FailedError(sent, f"block {gathered.number + 1}", str(error)) from error
            if block.last_block:
                return gathered.value()
            answer = await self.ask(GetRequestNext(invoke, block.block_number).encode())
            following = self.read(answer, sent, f"block {gathered.number + 1}")
            if not isinstance(following, GetResponseWithDataBlock):
                raise FailedError(sent, f"block {gathered.number + 1}", words(answer))
            block = following

    async def get_list(self, items: tuple[AttributeItem, ...]) -> tuple[GetDataResult, ...]:
        """Read several attributes at once."""
        sent, invoke = f"GET with a list of {len(items)}", self.invoke()
        answer = await self.ask(GetRequestWithList(invoke, items).encode())
        found = self.read(answer, sent, "a get-response with a list")
        if isinstance(found, GetResponseWithDataBlock):
            value = await self.gathered(found, invoke, sent)
            if isinstance(value, DataAccessResult):
                raise FailedError(sent, "a list of results", words(answer))
            found = self.read(RESPONSE_WITH_LIST_HEAD + bytes((invoke,)) + value, sent, "a list of results in blocks")
        if not isinstance(found, GetResponseWithList):
            raise FailedError(sent, "a get-response with a list", words(answer))
        self.check_invoke(found.invoke, invoke, sent)
        return found.results

    async def set(self, attribute: AttributeDescriptor, value: bytes) -> DataAccessResult:
        """Write an attribute; how that ended."""
        sent, invoke = f"SET {attribute}", self.invoke()
        answer = await self.ask(set_request_normal(invoke, attribute, None, value))
        found = self.read(answer, sent, "a set-response")
        if not isinstance(found, SetResponseNormal):
            raise FailedError(sent, "a set-response", words(answer))
        self.check_invoke(found.invoke, invoke, sent)
        return found.result

    async def action(self, method: MethodDescriptor, parameters: bytes | None = None) -> ActionOutcome:
        """Invoke a method; how that ended and what it returned."""
        sent, invoke = f"ACTION {method}", self.invoke()
        answer = await self.ask(action_request_normal(invoke, method, parameters))
        found = self.read(answer, sent, "an action-response")
        if not isinstance(found, ActionResponseNormal):
            raise FailedError(sent, "an action-response", words(answer))
        self.check_invoke(found.invoke, invoke, sent)
        return found.result, found.data

    def read(self, answer: bytes, sent: str, expected: str) -> object:
        """Decode an answer; nothing, or what cannot be read, is a failure."""
        try:
            if answer:
                return decode(answer)
        except AmiError as error:
            raise FailedError(sent, expected, f"{words(answer)}") from error
        raise FailedError(sent, expected, self.came(answer))

    def check_invoke(self, came: int, expected: int, sent: str) -> None:
        """Hold that an answer bears the invoke-id of its request."""
        if (came ^ expected) & INVOKE_ID:
            raise FailedError(sent, f"invoke-id {expected & INVOKE_ID}", f"{came & INVOKE_ID}")

    def release_request(self) -> bytes:
        """Make the RLRQ as the association wants it: a ciphered one proves itself by an initiate-request inside."""
        if not self.login.is_ciphered:
            return RLRQ().encode()
        self.session.go_global()
        inside = InitiateRequest(self.response.conformance, self.limit).encode()
        return RLRQ(user_information=self.session.seal(inside)).encode()
