"""APPL_IDLE, APPL_OPEN 1 to 7: associations are opened, or refused (named after the ATS of the application layer)."""

from dataclasses import replace
from typing import Final

from openami.conformance.case import case
from openami.conformance.handshake import CURRENT_ASSOCIATION, Handshake
from openami.conformance.probes import alive, changed, probe, refused, unserved
from openami.conformance.target import Login
from openami.conformance.trial import Trial
from openami.conformance.verdict import FailedError, Group, NotApplicableError
from openami.conformance.words import is_refusal, words
from openami.core.errors import result_name
from openami.cosem.association import USER
from openami.dlms.acse import AARQ, ApplicationContext, Diagnostic, ProviderDiagnostic
from openami.dlms.acse.context import CONTEXT_PREFIX, MECHANISM_PREFIX
from openami.dlms.data import array
from openami.dlms.security.suite import TITLE_LENGTH
from openami.dlms.xdlms import VAA_NAME_LN, VAA_NAME_SN, AttributeDescriptor

DLMS_VERSION: Final = 6
#: The least that a server may take, if it limits APDUs at all.
LEAST_PDU: Final = 12
USER_LIST: Final = AttributeDescriptor(15, CURRENT_ASSOCIATION, 10)
CURRENT_USER: Final = AttributeDescriptor(15, CURRENT_ASSOCIATION, 11)
#: Last arc of a name that the DLMS UA has given to nothing.
UNKNOWN_ARC: Final = bytes((99,))
#: Contents of BIT STRINGs: version 1 among others, and others without version 1.
VERSION_1, OTHER_VERSION = bytes.fromhex("0284"), bytes.fromhex("0640")
#: A title, an identifier and a qualifier that are nobody's.
STRANGE_TITLE: Final = b"TST\x00\x00\x00\x00\x01"
WRONG_LOGIN: Final = (
    Diagnostic.AUTHENTICATION_FAILURE,
    Diagnostic.AUTHENTICATION_REQUIRED,
    Diagnostic.AUTHENTICATION_MECHANISM_NAME_REQUIRED,
    Diagnostic.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED,
)
WRONG_TITLE: Final = (Diagnostic.CALLING_AP_TITLE_NOT_RECOGNIZED, *WRONG_LOGIN)
#: Changes to an AARQ: a mechanism nobody knows, and none.
STRANGE: Final = {"mechanism": MECHANISM_PREFIX + UNKNOWN_ARC, "calling_authentication_value": b"12345678"}
NAMELESS: Final = {"mechanism": None, "calling_authentication_value": None}


@case("APPL_IDLE_N1", "nothing is served without an association", Group.APPLICATION)
async def idle(trial: Trial) -> None:
    """GET before any AARQ: an exception-response, a refusal or silence. The association can be opened after it."""
    for login in trial.target.logins:
        handshake = await trial.handshake(login)
        await unserved(handshake.talk, login, f"of {login} without association", trial.target.silence_s)
        await alive(await (await trial.handshake(login)).open(what="after a GET without association"))


@case("APPL_OPEN_1", "every declared association can be opened", Group.APPLICATION)
async def opened(trial: Trial) -> None:
    """AARQ as declared: AARE that accepts, an initiate-response within what was proposed; then GET is served."""
    for login in trial.target.logins:
        handshake = await trial.handshake(login)
        dialogue = await handshake.open()
        sent, response = handshake.sent(), dialogue.response
        vaa_name = VAA_NAME_SN if login.is_short else VAA_NAME_LN
        size = response.server_max_receive_pdu_size
        for is_right, expected, came in (
            (response.negotiated_dlms_version == DLMS_VERSION, "DLMS version 6", response.negotiated_dlms_version),
            (response.vaa_name == vaa_name, f"vaa-name {vaa_name:04X}", f"{response.vaa_name:04X}"),
            (size == 0 or size >= LEAST_PDU, f"server-max-receive-pdu-size 0 or {LEAST_PDU} and more", size),
        ):
            if not is_right:
                raise FailedError(sent, expected, str(came))
        if extra := response.conformance & ~handshake.proposed:
            raise FailedError(sent, "no service that was not proposed", str(extra.name).lower())
        usual = Diagnostic.AUTHENTICATION_REQUIRED if login.is_high else Diagnostic.NULL
        if handshake.aare.diagnostic is not usual:
            trial.note(f"{sent} is accepted with {result_name(handshake.aare.diagnostic)}")
        await alive(dialogue)


@case("APPL_OPEN_2", "users are identified by the calling-AE-invocation-identifier", Group.APPLICATION)
async def user_identification(trial: Trial) -> None:
    """With an empty user list any user is taken; else one in the list, who is then the current user, and no other."""
    told = False
    for login in trial.logins(lambda login: not login.is_short, "by logical names"):
        dialogue = await trial.associate(login)
        listed = await dialogue.get(USER_LIST)
        if not isinstance(listed, bytes):
            continue
        told = True
        users, _ = array(USER).decode(listed)
        known = users[0].user_id if users else 1
        await trial.leave(dialogue.talk)
        handshake = await trial.handshake(login)
        dialogue = await handshake.open(what=f"by user {known}", calling_ae_invocation_id=known)
        if users:
            await check_user(trial, login, known, await dialogue.get(CURRENT_USER))
    if not told:
        raise NotApplicableError("no association tells a list of users")


async def check_user(trial: Trial, login: Login, known: int, data: object) -> None:
    """Hold that the user is the one who has come, and that a stranger is refused."""
    current = USER.decode(data)[0].user_id if isinstance(data, bytes) else None
    if current != known:
        raise FailedError(f"AARQ of {login} by user {known}", f"current user {known}", str(current))
    stranger = known ^ 0x80
    await refused(
        trial,
        login,
        f"by user {stranger}, who is not listed",
        changed(calling_ae_invocation_id=stranger),
        (Diagnostic.CALLING_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED,),
    )


@case("APPL_OPEN_3", "HLS: only a right f(StoC) opens the association", Group.APPLICATION)
async def high_level_security(trial: Trial) -> None:
    """Right pass 3: pass 4 proves the server. GET instead of pass 3, a wrong f(StoC): refused, nothing is served."""
    logins = trial.logins(lambda login: login.is_high and not login.is_short, "with high level security")
    for login in logins:
        await alive(await trial.associate(login))
        handshake = await trial.handshake(login)
        await pending(handshake, f"GET of {login} before pass 3", probe(login))
        await trial.leave(handshake.talk)
        handshake = await trial.handshake(login)
        await pending(handshake, f"a wrong f(StoC) of {login}", None)
        await trial.leave(handshake.talk)


async def pending(handshake: Handshake, sent: str, request: bytes | None) -> None:
    """Send a request, or else a wrong pass 3, where pass 3 is due: it is refused, and what follows too."""
    dialogue, challenge = await handshake.challenged()
    wrong = handshake.proving(challenge, lambda reply: reply[:-1] + bytes((reply[-1] ^ 1,)))
    answer = await dialogue.ask(wrong if request is None else request)
    if not is_refusal(answer):
        raise FailedError(sent, "a refusal, an exception-response or nothing", words(answer))
    if request is None:
        answer = await dialogue.ask(probe(handshake.login), handshake.talk.response_s)
        if not is_refusal(answer):
            raise FailedError(f"GET after {sent}", "an exception-response, a refusal or nothing", words(answer))


@case("APPL_OPEN_4", "protocol versions: version 1 is taken, others are refused", Group.APPLICATION)
async def protocol_version(trial: Trial) -> None:
    """AARQ with a protocol-version that has version 1: accepted. Without: rejected, no-common-acse-version."""
    for login in trial.target.logins:
        handshake = await trial.handshake(login)
        await alive(await handshake.open(what="with protocol-version 100001", protocol_version=VERSION_1))
        await trial.leave(handshake.talk)
        await refused(
            trial,
            login,
            "with a protocol-version without version 1",
            changed(protocol_version=OTHER_VERSION),
            (ProviderDiagnostic.NO_COMMON_ACSE_VERSION,),
        )


@case("APPL_OPEN_5", "application contexts that are not supported are refused", Group.APPLICATION)
async def application_context(trial: Trial) -> None:
    """AARQ with an unknown context, with that of the other referencing, and with none: rejected."""
    allowed = (Diagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED,)
    for login in trial.target.logins:
        contexts: list[tuple[str, ApplicationContext | bytes]] = [
            ("with an unknown application context", CONTEXT_PREFIX + UNKNOWN_ARC),
            ("with the context of the other referencing", replace(login, is_short=not login.is_short).context),
        ]
        if any(other.client == login.client and other.is_short is not login.is_short for other in trial.target.logins):
            contexts.pop()
        for what, context in contexts:
            await refused(trial, login, what, changed(application_context=context), allowed)
        await refused(trial, login, "without application-context-name", without_context)


def without_context(handshake: Handshake) -> bytes:
    """Make an AARQ that lacks its one mandatory element."""
    apdu = handshake.aarq(application_context=b"").encode()
    element = bytes.fromhex("a1020600")
    rest = apdu.replace(element, b"", 1)
    return bytes((rest[0], rest[1] - len(element))) + rest[2:]


@case("APPL_OPEN_6", "titles and identifiers that are not needed do no harm", Group.APPLICATION)
async def titles_and_identifiers(trial: Trial) -> None:
    """AARQ with all optional titles, qualifiers and identifiers: accepted. A ciphered one without title: rejected."""
    for login in trial.target.logins:
        handshake = await trial.handshake(login)
        title = login.security.client_title or STRANGE_TITLE
        await alive(
            await handshake.open(
                what="with all titles and identifiers",
                calling_ap_title=title,
                calling_ap_invocation_id=1,
                called_ap_title=login.security.server_title or STRANGE_TITLE,
                called_ae_qualifier=b"\0",
                called_ap_invocation_id=1,
                called_ae_invocation_id=1,
                implementation_information=b"openami",
            )
        )
        await trial.leave(handshake.talk)
        if not login.is_ciphered:
            continue
        for what, short in (
            ("without calling-AP-title", None),
            ("with a title of 7 octets", title[: TITLE_LENGTH - 1]),
        ):
            await refused(trial, login, what, changed(calling_ap_title=short), WRONG_TITLE)


@case("APPL_OPEN_7", "authentication: the declared mechanism and secret, and no other", Group.APPLICATION)
async def authentication_unit(trial: Trial) -> None:
    """AARQ with an unknown mechanism; where one is declared without it, with a wrong secret, with none: rejected."""
    for login in trial.target.logins:
        await refused(trial, login, "with an unknown mechanism", changed(**STRANGE), WRONG_LOGIN)
        if not login.security.mechanism:
            continue
        await refused(trial, login, "without mechanism", changed(**NAMELESS), WRONG_LOGIN)
        secretless = changed(calling_authentication_value=None)
        await refused(trial, login, "without authentication value", secretless, WRONG_LOGIN)
        what = "with a challenge of 7 octets" if login.is_high else "with a wrong password"
        await refused(trial, login, what, wrong_secret, WRONG_LOGIN)


def wrong_secret(handshake: Handshake) -> AARQ:
    """Make an AARQ with a challenge that is too short, or a password that is not the right one."""
    value = handshake.challenge[:7] or bytes(octet ^ 1 for octet in handshake.login.security.password or b"")
    return handshake.aarq(calling_authentication_value=value)


CASES: Final = (
    idle,
    opened,
    user_identification,
    high_level_security,
    protocol_version,
    application_context,
    titles_and_identifiers,
    authentication_unit,
)
