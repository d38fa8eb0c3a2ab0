"""APPL_DATA and APPL_REL: requests nobody can serve, and the release (named after the ATS of the application layer)."""

from typing import Final

from openami.conformance.case import case
from openami.conformance.dialogue import Dialogue
from openami.conformance.handshake import CURRENT_ASSOCIATION
from openami.conformance.inventory import inventory
from openami.conformance.probes import NAME, NAME_SN, alive, probe, unserved
from openami.conformance.target import Login
from openami.conformance.trial import Trial
from openami.conformance.verdict import FailedError, Group
from openami.conformance.words import is_refusal, words
from openami.core.obis import OBIS
from openami.dlms.acse import RLRE, RLRQ
from openami.dlms.data import LOGICAL_NAME, NULL
from openami.dlms.xdlms import (
    AttributeDescriptor,
    GetRequestNext,
    get_request_normal,
    set_request_normal,
)
from openami.dlms.xdlms.short import ReadRequest, VariableName, WriteRequest

NOWHERE: Final = OBIS.parse("0.0.254.254.254.255")
#: An object that is not there, one that is but not of that class, an attribute that the class has not.
NO_OBJECT: Final = AttributeDescriptor(1, NOWHERE, 2)
NO_CLASS: Final = AttributeDescriptor(1, CURRENT_ASSOCIATION, 2)
NO_ATTRIBUTE: Final = AttributeDescriptor(15, CURRENT_ASSOCIATION, 120)
ABSENT: Final = {
    "an object that is not there": NO_OBJECT,
    "a class it has not": NO_CLASS,
    "an attribute it has not": NO_ATTRIBUTE,
}
#: Names below the first one that may be used.
NO_NAME: Final = VariableName(0x0008)
#: Read-only wherever there is one: the name of the association, which would stay what it is.
OWN_NAME: Final = LOGICAL_NAME.encode(CURRENT_ASSOCIATION)


def by_logical_names(trial: Trial) -> tuple[Login, ...]:
    """Choose the associations by logical names."""
    return trial.logins(lambda login: not login.is_short, "by logical names")


def by_short_names(trial: Trial) -> tuple[Login, ...]:
    """Choose the associations by short names."""
    return trial.logins(lambda login: login.is_short, "by short names")


async def refuses(dialogue: Dialogue, apdu: bytes, sent: str) -> None:
    """Hold that a request is refused, by whatever answer or none."""
    answer = await dialogue.ask(apdu)
    if not is_refusal(answer):
        raise FailedError(sent, "a refusal, an exception-response, an error or nothing", words(answer))


def numbered(apdu: bytes, invoke: int) -> bytes:
    """Give a request by logical names its own invoke-id: links of datagrams drop what looks like a repeated answer."""
    return apdu[:2] + bytes((invoke,)) + apdu[3:] if apdu[0] in {0xC0, 0xC1} else apdu


async def survives(trial: Trial, login: Login, requests: dict[str, bytes]) -> None:
    """Hold that none of these is served and that the association outlives each, or may be opened again."""
    dialogue = await trial.associate(login)
    for sent, apdu in requests.items():
        await refuses(dialogue, numbered(apdu, dialogue.invoke()), f"{sent} ({login})")
        if not dialogue.raw:
            trial.note(f"{sent} is not answered, or ends the connection")
            await trial.leave(dialogue.talk)
            dialogue = await trial.associate(login)
        await alive(dialogue)
    await trial.leave(dialogue.talk)


@case("APPL_DATA_LN_N1", "GET of what is not there, and no GET at all, is refused", Group.APPLICATION)
async def bad_get(trial: Trial) -> None:
    """GET of an unknown object, class, attribute; of a next block of nothing; cut off; of an unknown choice."""
    invoke = 0x41
    good = get_request_normal(invoke, NAME, None)
    requests = {f"GET of {what}": get_request_normal(invoke, where, None) for what, where in ABSENT.items()}
    requests |= {
        "GET of the next block of nothing": GetRequestNext(invoke, 1).encode(),
        "GET that is cut off": good[:-5],
        "GET of an unknown choice": b"\xc0\x07" + good[2:],
    }
    for login in by_logical_names(trial):
        await survives(trial, login, requests)


@case("APPL_DATA_LN_N3", "SET of what is not there or may not be written is refused", Group.APPLICATION)
async def bad_set(trial: Trial) -> None:
    """SET of an unknown object, class, attribute; of a read-only one to its own value; cut off; an unknown choice."""
    invoke = 0x41
    good = set_request_normal(invoke, NAME, None, OWN_NAME)
    null = NULL.encode(None)
    requests = {f"SET of {what}": set_request_normal(invoke, where, None, null) for what, where in ABSENT.items()}
    requests |= {
        "SET of null-data where there is a name": set_request_normal(invoke, NAME, None, null),
        "SET that is cut off": good[:-5],
        "SET of an unknown choice": b"\xc1\x0a" + good[2:],
    }
    for login in by_logical_names(trial):
        more: dict[str, bytes] = {}
        for where, value in (await read_only(trial, login)).items():
            more[f"SET of {where}, which is read-only, to its own value"] = set_request_normal(
                invoke, where, None, value
            )
        await survives(trial, login, requests | more)


async def read_only(trial: Trial, login: Login) -> dict[AttributeDescriptor, bytes]:
    """Find an attribute that is listed as readable and not writeable, and its value."""
    dialogue = await trial.associate(login)
    found: dict[AttributeDescriptor, bytes] = {}
    for attribute in (await inventory(dialogue)).attributes():
        if attribute.may_be_read and not attribute.may_be_written and attribute.item.attribute_id == 1:
            value = await dialogue.get(attribute.descriptor)
            found = {attribute.descriptor: value} if isinstance(value, bytes) else {}
            break
    await trial.leave(dialogue.talk)
    return found


@case("APPL_DATA_LN_N4", "services that are not there are refused", Group.APPLICATION)
async def unknown_service(trial: Trial) -> None:
    """ReadRequest, WriteRequest and, in clear, an unknown tag where names are logical: nothing is served."""
    requests = {
        "a ReadRequest": ReadRequest((NAME_SN,)).encode(),
        "a WriteRequest": WriteRequest((NO_NAME,), (NULL.encode(None),)).encode(),
    }
    unknown = {"an unknown service": b"\xc6" + probe(Login(0))[1:]}
    for login in by_logical_names(trial):
        await survives(trial, login, requests if login.is_ciphered else requests | unknown)  # it has no ciphered form


@case("APPL_DATA_SN_N1", "ReadRequest of what is not there is refused", Group.APPLICATION)
async def bad_read(trial: Trial) -> None:
    """ReadRequest of an unknown name, and cut off: nothing is served."""
    requests = {
        "a ReadRequest of an unknown name": ReadRequest((NO_NAME,)).encode(),
        "a ReadRequest that is cut off": ReadRequest((NAME_SN,)).encode()[:-1],
    }
    for login in by_short_names(trial):
        await survives(trial, login, requests)


@case("APPL_DATA_SN_N2", "WriteRequest of what is not there or does not fit is refused", Group.APPLICATION)
async def bad_write(trial: Trial) -> None:
    """WriteRequest of an unknown name, of null-data where there is a name, and cut off: nothing is written."""
    null = NULL.encode(None)
    requests = {
        "a WriteRequest of an unknown name": WriteRequest((NO_NAME,), (null,)).encode(),
        "a WriteRequest of null-data where there is a name": WriteRequest((NAME_SN,), (null,)).encode(),
        "a WriteRequest that is cut off": WriteRequest((NAME_SN,), (OWN_NAME,)).encode()[:-3],
    }
    for login in by_short_names(trial):
        await survives(trial, login, requests)


@case("APPL_DATA_SN_N3", "services that are not there are refused", Group.APPLICATION)
async def unknown_short_service(trial: Trial) -> None:
    """GET and SET where names are short: nothing is served."""
    requests = {
        "a GET": get_request_normal(0x41, NAME, None),
        "a SET": set_request_normal(0x41, NAME, None, OWN_NAME),
    }
    for login in by_short_names(trial):
        await survives(trial, login, requests)


@case("APPL_REL_P1", "the release ends the association, and it can be opened again", Group.APPLICATION)
async def release(trial: Trial) -> None:
    """RLRQ: RLRE, then nothing is served; in clear also an RLRQ without a reason. Then AARQ on the same connection."""
    for login in trial.target.logins:
        for is_bare in (False,) if login.is_ciphered else (False, True):
            handshake = await trial.handshake(login)
            dialogue = await handshake.open()
            sent = f"RLRQ of {login}{' without a reason' if is_bare else ''}"
            request = RLRQ(None).encode() if is_bare else dialogue.release_request()
            answer = await handshake.talk.ask(request)
            if answer[:1] != b"\x63":
                raise FailedError(sent, "an RLRE", dialogue.came(answer))
            RLRE.decode(answer)
            await unserved(handshake.talk, login, f"after {sent}", trial.target.silence_s)
            await alive(await trial.meet(handshake.talk, login).open(what="after a release"))
            await trial.leave(handshake.talk)


CASES: Final = (
    bad_get,
    bad_set,
    unknown_service,
    bad_read,
    bad_write,
    unknown_short_service,
    release,
)
