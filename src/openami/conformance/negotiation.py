"""APPL_OPEN 9 to 14: what is proposed in the initiate-request (named after the ATS of the application layer)."""

from typing import Final

from openami.conformance.case import case
from openami.conformance.dialogue import Dialogue
from openami.conformance.handshake import CURRENT_ASSOCIATION
from openami.conformance.probes import NAME, alive, proposing, refused
from openami.conformance.target import Login
from openami.conformance.trial import Trial
from openami.conformance.verdict import FailedError, Group
from openami.conformance.words import is_refusal, words
from openami.dlms.security.envelope import CIPHERED
from openami.dlms.xdlms import AttributeDescriptor, Conformance, GetRequestWithList, InitiateError

OBJECT_LIST: Final = AttributeDescriptor(15, CURRENT_ASSOCIATION, 2)
#: In neither referencing, and services that only the other one has.
NO_SERVICE: Final = Conformance(0)
OTHER: Final = {
    True: Conformance.GET | Conformance.SET | Conformance.ACTION,
    False: Conformance.READ | Conformance.WRITE,
}
#: Holds a block of every answer, ciphered or not; and one octet less than may be proposed.
SMALL_PDU, TOO_SMALL_PDU = 128, 11


@case("APPL_OPEN_9", "a dedicated key is used where it was agreed", Group.APPLICATION)
async def dedicated_key(trial: Trial) -> None:
    """Ciphered: a key of the right length serves, one of 5 octets is refused. In clear: answered, either way."""
    for login in trial.target.logins:
        key = trial.random(login.security.suite.key_length)
        handshake = await trial.handshake(login)
        initiate = handshake.initiate(dedicated_key=key)
        if not login.is_ciphered:
            answer = await handshake.talk.ask(handshake.aarq(initiate).encode())
            if answer[:1] != b"\x61":
                raise FailedError(handshake.sent("with a dedicated key"), "an AARE", handshake.came(answer))
            trial.note(f"a dedicated key in an association in clear ({login}) is answered by {words(answer)}")
            continue
        dialogue = await handshake.open(initiate, what="with a dedicated key")
        await alive(dialogue)
        if dialogue.raw[:1] and dialogue.raw[0] not in CIPHERED:
            raise FailedError("GET under the dedicated key", "a ciphered answer", words(dialogue.raw))
        await trial.leave(handshake.talk)
        await refused(trial, login, "with a dedicated key of 5 octets", proposing(dedicated_key=key[:5]))


@case("APPL_OPEN_11", "a proposed quality of service does no harm", Group.APPLICATION)
async def quality_of_service(trial: Trial) -> None:
    """AARQ with proposed-quality-of-service 0 and 1: accepted, with or without a negotiated one."""
    for login in trial.target.logins:
        for quality in (0, 1):
            handshake = await trial.handshake(login)
            initiate = handshake.initiate(proposed_quality_of_service=quality)
            await alive(await handshake.open(initiate, what=f"with quality of service {quality}"))
            await trial.leave(handshake.talk)


@case("APPL_OPEN_12", "DLMS versions: 6 and above are taken as 6, lower ones are refused", Group.APPLICATION)
async def dlms_version(trial: Trial) -> None:
    """Proposed version 6 and 7: accepted, version 6 negotiated. Version 5: rejected, dlms-version-too-low."""
    for login in trial.target.logins:
        for version in (6, 7):
            handshake = await trial.handshake(login)
            initiate = handshake.initiate(proposed_dlms_version=version)
            dialogue = await handshake.open(initiate, what=f"with DLMS version {version}")
            came = dialogue.response.negotiated_dlms_version
            if came != 6:
                raise FailedError(f"AARQ of {login} with DLMS version {version}", "version 6", f"version {came}")
            await trial.leave(handshake.talk)
        old = proposing(proposed_dlms_version=5)
        await refused(trial, login, "with DLMS version 5", old, error=InitiateError.DLMS_VERSION_TOO_LOW)


@case("APPL_OPEN_13", "what was not negotiated is not served", Group.APPLICATION)
async def conformance(trial: Trial) -> None:
    """GET proposed alone: nothing more negotiated, a list refused. Nothing in common: rejected for that reason."""
    for login in trial.target.logins:
        await narrow(trial, login)
        for what, block in (
            ("that proposes no service", NO_SERVICE),
            ("that proposes foreign ones", OTHER[login.is_short]),
        ):
            error = InitiateError.INCOMPATIBLE_CONFORMANCE
            await refused(trial, login, what, proposing(conformance=block), error=error)


async def narrow(trial: Trial, login: Login) -> None:
    """Propose to read and nothing else; HLS needs ACTION for its own passes."""
    least = Conformance.READ if login.is_short else Conformance.GET
    proposed = least | Conformance.ACTION if login.is_high and not login.is_short else least
    handshake = await trial.handshake(login)
    sent = f"AARQ of {login} that proposes {least.name} alone"
    dialogue = await handshake.open(handshake.initiate(conformance=proposed), what=f"that proposes {least.name} alone")
    if extra := dialogue.response.conformance & ~proposed:
        raise FailedError(sent, "no service that was not proposed", str(extra.name).lower())
    await alive(dialogue)
    if not login.is_short:
        await unlisted(dialogue)
    await trial.leave(handshake.talk)


async def unlisted(dialogue: Dialogue) -> None:
    """Hold that a list is refused where multiple references were not negotiated."""
    answer = await dialogue.ask(GetRequestWithList(dialogue.invoke(), ((NAME, None), (NAME, None))).encode())
    if not is_refusal(answer):
        raise FailedError("GET with a list, which was not negotiated", "a refusal", words(answer))


@case("APPL_OPEN_14", "no APDU is longer than the client takes", Group.APPLICATION)
async def client_max_pdu(trial: Trial) -> None:
    """client-max-receive-pdu-size 0 and 65535: accepted. 128: no answer is longer. 11: rejected, pdu-size-too-short."""
    for login in trial.target.logins:
        for size in (0, 0xFFFF, SMALL_PDU):
            handshake = await trial.handshake(login)
            initiate = handshake.initiate(client_max_receive_pdu_size=size)
            dialogue = await handshake.open(initiate, what=f"that takes {size} octets")
            await alive(dialogue)
            if size == SMALL_PDU and not login.is_short:
                await dialogue.get(OBJECT_LIST)
            await trial.leave(handshake.talk)
        small = proposing(client_max_receive_pdu_size=TOO_SMALL_PDU)
        what = f"that takes {TOO_SMALL_PDU} octets"
        await refused(trial, login, what, small, error=InitiateError.PDU_SIZE_TOO_SHORT)


CASES: Final = (dedicated_key, quality_of_service, dlms_version, conformance, client_max_pdu)
