"""The opening of an association, every field of it in the test's hand (Green Book, 9.3 and 9.4.2)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from openami.aio.link import JUMP_LIMIT
from openami.conformance.dialogue import Dialogue
from openami.conformance.talk import Talk
from openami.conformance.target import Login
from openami.conformance.verdict import FailedError
from openami.conformance.words import words
from openami.core.errors import AmiError
from openami.core.obis import OBIS
from openami.dlms.acse import AARE, AARQ, AssociationResult, Mechanism
from openami.dlms.client.opening import meet
from openami.dlms.client.session import Session
from openami.dlms.data import OCTET_STRING
from openami.dlms.security import ReceiveCounter, SendCounter
from openami.dlms.xdlms import (
    ActionResponseNormal,
    ActionResult,
    Conformance,
    ExceptionResponse,
    InitiateRequest,
    InitiateResponse,
    MethodDescriptor,
    action_request_normal,
)

CURRENT_ASSOCIATION: Final = OBIS.parse("0.0.40.0.0.255")
REPLY_TO_HLS_AUTHENTICATION: Final = MethodDescriptor(15, CURRENT_ASSOCIATION, 1)
#: What the cases propose: services they use, and no more.
PROPOSED: Final = (
    Conformance.GENERAL_PROTECTION
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.DATA_NOTIFICATION
    | Conformance.GET
    | Conformance.SET
    | Conformance.SELECTIVE_ACCESS
    | Conformance.ACTION
)
#: The same for short names.
PROPOSED_SN: Final = (
    Conformance.READ
    | Conformance.WRITE
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.PARAMETERIZED_ACCESS
)
MAX_PDU: Final = 0xFFFF
INVOKE: Final = 0x41


class Handshake:
    """One opening: AARQs as a good client makes them, or with any field changed."""

    def __init__(
        self,
        talk: Talk,
        login: Login,
        counter: SendCounter,
        received: ReceiveCounter,
        random: Callable[[int], bytes],
    ) -> None:
        self.talk = talk
        self.login = login
        self.proposed = PROPOSED_SN if login.is_short else PROPOSED
        self.counter = counter
        self.session = Session(login.security, random, counter, received, self.proposed)
        self.aare = AARE()
        self.challenge = random(login.security.challenge_length) if login.is_high else b""

    def initiate(self, **changes: Any) -> InitiateRequest:
        """Make the initiate-request."""
        return replace(InitiateRequest(self.proposed, MAX_PDU), **changes)

    def aarq(self, initiate: InitiateRequest | bytes | None = None, **changes: Any) -> AARQ:
        """Make the AARQ; what `initiate` is leaves protected as the association wants it."""
        security = self.login.security
        plain = self.initiate() if initiate is None else initiate
        self.session.begin()
        inside = self.session.seal(plain.encode() if isinstance(plain, InitiateRequest) else plain)
        aarq = AARQ(
            application_context=self.login.context,
            mechanism=Mechanism(security.mechanism) if security.mechanism else None,
            calling_authentication_value=self.challenge or security.password,
            calling_ap_title=security.client_title,
            user_information=inside,
        )
        return replace(aarq, **changes)

    async def open(self, initiate: InitiateRequest | None = None, *, what: str = "", **changes: Any) -> Dialogue:
        """Open the association; a meter that expects another counter is obeyed once. `FailedError` if it is refused."""
        sent = self.sent(what)
        answer = await self.talk.ask(self.aarq(initiate, **changes).encode())
        if self._obeyed(answer):
            answer = await self.talk.ask(self.aarq(initiate, **changes).encode())
        return await self.accepted(answer, sent, initiate)

    def sent(self, what: str = "") -> str:
        """Name the AARQ for reports."""
        return f"AARQ of {self.login}{' ' if what else ''}{what}"

    def _obeyed(self, answer: bytes) -> bool:
        """Whether the meter has told which counter it expects, and we go on there."""
        if answer[:1] != b"\xd8" or not self.login.is_ciphered:
            return False
        expected = ExceptionResponse.decode(answer).invocation_counter
        if expected is None or not self.counter.next <= expected < self.counter.next + JUMP_LIMIT:
            return False
        self.counter.advance(expected)
        return True

    async def accepted(self, answer: bytes, sent: str, initiate: InitiateRequest | None = None) -> Dialogue:
        """Take an accepting AARE, prove who we are where that is asked, and give the open association."""
        self.aare = aare = self.take(answer, sent)
        response = self._negotiated(aare, sent)
        dialogue = Dialogue(self.talk, self.login, self.session, response, initiate or self.initiate())
        if initiate is not None and initiate.dedicated_key is not None:
            self.session.dedicate(initiate.dedicated_key)
        if self.login.is_high:
            await self._prove(dialogue, aare)
        return dialogue

    def take(self, answer: bytes, sent: str) -> AARE:
        """Take an AARE that accepts in the context we asked for."""
        if answer[:1] != b"\x61":
            raise FailedError(sent, "an AARE that accepts", self.came(answer))
        aare = AARE.decode(answer)
        if aare.result is not AssociationResult.ACCEPTED:
            raise FailedError(sent, "an AARE that accepts", words(answer))
        if aare.application_context is not self.login.context:
            raise FailedError(sent, f"context {self.login.context.name}", f"context {aare.application_context!r}")
        return aare

    def came(self, answer: bytes) -> str:
        """Say what came, or why nothing did."""
        return words(answer) if answer else (self.talk.ended or f"nothing within {self.talk.response_s:g} s")

    def _negotiated(self, aare: AARE, sent: str) -> InitiateResponse:
        """Read the initiate-response, with the title under which the server ciphers."""
        try:
            meet(self.session, aare.responding_ap_title, aare.responding_ae_qualifier)
        except AmiError as error:
            raise FailedError(sent, "an AARE with the server's system title", str(error)) from error
        if not aare.user_information:
            raise FailedError(sent, "an AARE with an initiate-response", "an AARE without user-information")
        try:
            return InitiateResponse.decode(self.session.open(aare.user_information))
        except AmiError as error:
            raise FailedError(sent, "an AARE with an initiate-response", f"one that cannot be read: {error}") from error

    async def challenged(self) -> tuple[Dialogue, bytes]:
        """Send the AARQ and stop before pass 3: the association that is pending, and the challenge StoC."""
        sent = self.sent()
        self.aare = aare = self.take(await self.talk.ask(self.aarq().encode()), sent)
        response = self._negotiated(aare, sent)
        return Dialogue(self.talk, self.login, self.session, response, self.initiate()), self._challenge(aare)

    def _challenge(self, aare: AARE) -> bytes:
        """Give the challenge StoC."""
        challenge = aare.responding_authentication_value
        if challenge is None:
            raise FailedError(self.sent(), "an AARE with the challenge StoC", "one without")
        return challenge

    async def _prove(self, dialogue: Dialogue, aare: AARE) -> None:
        """Exchange passes 3 and 4 of the authentication."""
        challenge = self._challenge(aare)
        sent = f"f(StoC) of {self.login}"
        answer = await dialogue.ask(self.proving(challenge))
        if answer[:2] != b"\xc7\x01":
            raise FailedError(sent, "an action-response with f(CtoS)", dialogue.came(answer))
        response = ActionResponseNormal.decode(answer)
        if response.result is not ActionResult.SUCCESS or not isinstance(response.data, bytes):
            raise FailedError(sent, "an action-response with f(CtoS)", words(answer))
        try:
            reply, _ = OCTET_STRING.decode(response.data)
            self.session.proof().check(reply, self.challenge, challenge)
        except AmiError as error:
            raise FailedError(sent, "f(CtoS) that proves the server", f"one that does not: {error}") from error

    def proving(self, challenge: bytes, alter: Callable[[bytes], bytes] = bytes) -> bytes:
        """Make pass 3, the reply changed by `alter`."""
        reply = alter(self.session.proof().reply(challenge, self.challenge))
        return action_request_normal(INVOKE, REPLY_TO_HLS_AUTHENTICATION, OCTET_STRING.encode(reply))
