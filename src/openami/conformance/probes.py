"""What application cases do over and over: ask for the one attribute every meter has, and see an AARQ refused."""

from collections.abc import Callable, Collection
from typing import Any, Final, TypeAlias

from openami.conformance.dialogue import Dialogue
from openami.conformance.handshake import CURRENT_ASSOCIATION, INVOKE, Handshake
from openami.conformance.talk import Talk
from openami.conformance.target import Login
from openami.conformance.trial import Trial
from openami.conformance.verdict import FailedError
from openami.conformance.words import is_refusal, words
from openami.core.errors import AmiError, result_name
from openami.dlms.acse import AARE, AARQ, AssociationResult, Diagnostic, ProviderDiagnostic
from openami.dlms.data import LOGICAL_NAME
from openami.dlms.xdlms import AttributeDescriptor, ConfirmedServiceError, InitiateError, get_request_normal
from openami.dlms.xdlms.short import ReadRequest, VariableName

AnyDiagnostic: TypeAlias = Diagnostic | ProviderDiagnostic
#: Logical name of the current association: mandatory, and readable by whoever is associated.
NAME: Final = AttributeDescriptor(15, CURRENT_ASSOCIATION, 1)
#: Base name of the Association SN object: its logical name.
NAME_SN: Final = VariableName(0xFA00)
#: A server may always keep its reasons to itself.
NO_REASON: Final = (Diagnostic.NO_REASON_GIVEN, ProviderDiagnostic.NO_REASON_GIVEN)


def probe(login: Login, invoke: int = INVOKE) -> bytes:
    """Make the request for the association's own name."""
    return ReadRequest((NAME_SN,)).encode() if login.is_short else get_request_normal(invoke, NAME, None)


async def alive(dialogue: Dialogue) -> None:
    """Hold that an association is served: it tells its own name."""
    if dialogue.login.is_short:
        answer = await dialogue.ask(probe(dialogue.login))
        if is_refusal(answer) or answer[:1] != b"\x0c":
            raise FailedError("ReadRequest of the association's name", "a read-response with data", words(answer))
        return
    value = await dialogue.get(NAME)
    if value != LOGICAL_NAME.encode(CURRENT_ASSOCIATION):
        came = "another value" if isinstance(value, bytes) else result_name(value)
        raise FailedError(f"GET {NAME}", "the name of the current association", came)


async def unserved(talk: Talk, login: Login, when: str, wait_s: float) -> None:
    """Hold that nothing is served, for there is no association."""
    answer = await talk.ask(probe(login), wait_s)
    if not is_refusal(answer):
        raise FailedError(f"GET {when}", "an exception-response, a refusal or nothing", words(answer))


def changed(**changes: Any) -> Callable[[Handshake], AARQ]:
    """Say how an AARQ differs from a good one."""
    return lambda handshake: handshake.aarq(**changes)


def proposing(**changes: Any) -> Callable[[Handshake], AARQ]:
    """Say how the initiate-request of an AARQ differs from a good one."""
    return lambda handshake: handshake.aarq(handshake.initiate(**changes))


async def refused(
    trial: Trial,
    login: Login,
    what: str,
    make: Callable[[Handshake], AARQ | bytes],
    allowed: Collection[AnyDiagnostic] = (),
    *,
    error: InitiateError | None = None,
) -> None:
    """Hold that an AARQ is refused, for an allowed reason where one is stated, and leaves no association behind."""
    handshake = await trial.handshake(login)
    sent, made = handshake.sent(what), make(handshake)
    answer = await handshake.talk.ask(made if isinstance(made, bytes) else made.encode())
    if answer[:1] == b"\x61":
        rejected(trial, AARE.decode(answer), sent, allowed, error)
    elif not answer or not is_refusal(answer):
        raise FailedError(sent, "an AARE that rejects", handshake.came(answer))
    else:
        trial.note(f"{sent} is answered by {words(answer)}, not by an AARE")
    await unserved(handshake.talk, login, f"after {sent}", trial.target.silence_s)
    await trial.leave(handshake.talk)


def rejected(
    trial: Trial, aare: AARE, sent: str, allowed: Collection[AnyDiagnostic], error: InitiateError | None
) -> None:
    """Judge an AARE that should reject."""
    if aare.result is AssociationResult.ACCEPTED:
        raise FailedError(sent, "an AARE that rejects", "an AARE that accepts")
    found = reason_of(aare)
    if error is not None:
        if found is None:
            trial.note(f"{sent} is rejected without the initiate error {result_name(error)}")
        elif found is not error:
            raise FailedError(sent, f"initiate error {result_name(error)}", result_name(found))
    if allowed and aare.diagnostic not in allowed:
        expected = " or ".join(result_name(diagnostic) for diagnostic in allowed)
        if aare.diagnostic not in NO_REASON:
            raise FailedError(sent, f"a rejection for {expected}", f"one for {result_name(aare.diagnostic)}")
        trial.note(f"{sent} is rejected without a reason; the Green Book has {expected}")


def reason_of(aare: AARE) -> InitiateError | None:
    """Give the initiate error in a rejecting AARE, if it is there in clear."""
    try:
        return ConfirmedServiceError.decode(aare.user_information or b"").initiate_error
    except AmiError:
        return None
