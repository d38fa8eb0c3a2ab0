"""SYMSEC_0: what is ciphered, and what is forged (named after the ATS of symmetric key security, suite 0)."""

from itertools import pairwise
from typing import Final

from openami.conformance.case import case
from openami.conformance.dialogue import Dialogue
from openami.conformance.forgery import (
    AE,
    PROTECTIONS,
    ciphered,
    control_of,
    counter_of,
    forged,
    keys_of,
    moved,
    protected_part,
    strike,
    unmoved,
)
from openami.conformance.inventory import inventory
from openami.conformance.probes import NAME, alive, proposing, refused
from openami.conformance.trial import Trial
from openami.conformance.verdict import FailedError, Group
from openami.conformance.words import is_refusal, words
from openami.dlms.acse import RLRQ
from openami.dlms.security import Form
from openami.dlms.security.envelope import CIPHERED
from openami.dlms.security.suite import TITLE_LENGTH
from openami.dlms.xdlms import Conformance, InitiateRequest, get_request_normal

GET: Final = get_request_normal(0x41, NAME, None)
#: Small enough for several blocks of an object list, each ciphered.
SMALL_PDU: Final = 256
#: Answers looked at for their counters.
SEVERAL: Final = 5
#: First octet of the text of a protected APDU, behind security control and counter.
TEXT: Final = 5


@case("SYMSEC_0_BasicCap_1", "a ciphered association is opened and serves", Group.SECURITY)
async def basic_capability(trial: Trial) -> None:
    """The AARE brings a title and a ciphered initiate-response; GET as glo- and general-glo- is answered ciphered."""
    for login in ciphered(trial):
        handshake = await trial.handshake(login)
        dialogue = await handshake.open()
        title, inside = handshake.aare.responding_ap_title, handshake.aare.user_information or b""
        if title is None or len(title) != TITLE_LENGTH or title == login.security.client_title:
            raise FailedError(handshake.sent(), "a system title of 8 octets that is not ours", "another or none")
        if not inside or inside[0] not in CIPHERED:
            raise FailedError(handshake.sent(), "a ciphered initiate-response", "one in clear")
        least = login.security.policy.response & AE
        await moved(dialogue, forged(dialogue, GET), f"glo-get-request of {login}", least)
        if dialogue.has(Conformance.GENERAL_PROTECTION):
            general = forged(dialogue, GET, form=Form.GENERAL_GLO)
            await moved(dialogue, general, f"general-glo-ciphering of {login}", least)


@case("SYMSEC_0_FraCount_1", "a counter is taken once, and never a lower one", Group.SECURITY)
async def replay(trial: Trial) -> None:
    """A request sent twice, and one under a counter of the past: refused the second time. A new one is served."""
    for login in ciphered(trial):
        dialogue = await trial.associate(login)
        request = forged(dialogue, GET)
        await moved(dialogue, request, f"a ciphered GET of {login}")
        await unmoved(dialogue, request, f"the same ciphered GET of {login} again")
        dialogue = await revived(trial, dialogue)
        used = counter_of(request)
        for past in {used - 1, 0} - {-1}:
            await unmoved(dialogue, forged(dialogue, GET, counter=past), f"GET under counter {past}, after {used}")
            dialogue = await revived(trial, dialogue)


async def revived(trial: Trial, dialogue: Dialogue) -> Dialogue:
    """Hold that the association still serves, or a new one where the meter said nothing: that might come late."""
    if not dialogue.raw:
        trial.note("a forgery is not answered, or ends the connection")
        await trial.leave(dialogue.talk)
        dialogue = await trial.associate(dialogue.login)
    await alive(dialogue)
    return dialogue


@case("SYMSEC_0_FraCount_3", "the meter's own counter only rises", Group.SECURITY)
async def send_counter(trial: Trial) -> None:
    """The counters of several answers, and of those in a second association, rise from each to the next."""
    for login in ciphered(trial):
        counters: list[int] = []
        for _ in range(2):
            handshake = await trial.handshake(login)
            dialogue = await handshake.open()
            counters.append(counter_of(handshake.aare.user_information or b""))
            for _ in range(SEVERAL):
                await moved(dialogue, forged(dialogue, GET), f"a ciphered GET of {login}")
                if control_of(dialogue.raw):
                    counters.append(counter_of(dialogue.raw))
            await trial.leave(handshake.talk)
        for before, after in pairwise(counters):
            if after <= before:
                raise FailedError(f"ciphered requests of {login}", f"a counter above {before}", f"{after}")


@case("SYMSEC_0_DedKey_N1", "a dedicated key serves only where and as it was agreed", Group.SECURITY)
async def dedicated_key(trial: Trial) -> None:
    """ded-get under a key that was never agreed, and under another than was: refused. One of 5 octets: not agreed."""
    for login in ciphered(trial):
        dialogue = await trial.associate(login)
        other = trial.random(login.security.suite.key_length)
        stray = forged(dialogue, GET, form=Form.DED, key=other, counter=0)
        await unmoved(dialogue, stray, f"ded-get-request of {login} without a dedicated key")
        await revived(trial, dialogue)
        key = trial.random(login.security.suite.key_length)
        handshake = await trial.handshake(login)
        dialogue = await handshake.open(handshake.initiate(dedicated_key=key), what="with a dedicated key")
        wrong = forged(dialogue, GET, form=Form.DED, key=other, counter=100)
        await unmoved(dialogue, wrong, f"ded-get-request of {login} under another dedicated key")
        right = forged(dialogue, GET, form=Form.DED, key=key, counter=101)
        if not dialogue.talk.ended:
            await moved(dialogue, right, f"ded-get-request of {login} under the dedicated key")
        await refused(trial, login, "with a dedicated key of 5 octets", proposing(dedicated_key=key[:5]))


@case("SYMSEC_0_SecDataX_P1", "ciphered data is exchanged, in blocks too", Group.SECURITY)
async def data_exchange(trial: Trial) -> None:
    """An object list in ciphered blocks, and a list of attributes: every answer is protected as the association is."""
    for login in ciphered(trial):
        handshake = await trial.handshake(login)
        dialogue = await handshake.open(handshake.initiate(client_max_receive_pdu_size=SMALL_PDU))
        seen: list[bytes] = []
        dialogue.watches = seen.append
        await inventory(dialogue)
        if dialogue.has(Conformance.MULTIPLE_REFERENCES):
            await dialogue.get_list(((NAME, None), (NAME, None)))
        await alive(dialogue)
        least = login.security.policy.response & AE
        for raw in seen:
            if control_of(raw) & least != least:
                raise FailedError(f"requests of {login}", f"answers {PROTECTIONS[least]}", words(raw))
        trial.note(f"{len(seen)} ciphered answers of {login}")


@case("SYMSEC_0_SecDataX_N1", "what was changed on its way is not served", Group.SECURITY)
async def forgeries(trial: Trial) -> None:
    """GET with one bit of tag, text or counter changed, cut off, under another key, title or suite: none is served."""
    for login in ciphered(trial):
        for sent in FORGERIES:
            dialogue = await trial.associate(login)  # each on its own: a meter may answer later each time
            await unmoved(dialogue, forgery(trial, dialogue, sent), f"GET of {login} {sent}")
            await trial.leave((await revived(trial, dialogue)).talk)


FORGERIES: Final = (
    "with one bit of its tag changed",
    "with one bit of its text changed",
    "with one bit of its counter changed",
    "without the last octet of its tag",
    "under another key",
    "under another title",
    "of another security suite",
)


def forgery(trial: Trial, dialogue: Dialogue, what: str) -> bytes:
    """Make one of the forgeries."""
    if what == "under another key":
        return forged(dialogue, GET, key=trial.random(len(keys_of(dialogue.login).encryption)))
    if what == "under another title":
        return forged(dialogue, GET, title=b"FORGERY1")
    good = forged(dialogue, GET)
    start = len(good) - len(protected_part(good))
    if what == "without the last octet of its tag":
        return bytes((good[0], good[1] - 1)) + good[2:-1]
    places = {
        "with one bit of its tag changed": (len(good) - 1, 1),
        "with one bit of its text changed": (start + TEXT, 1),
        "with one bit of its counter changed": (start + TEXT - 1, 0x40),
        "of another security suite": (start, 0x01),
    }
    place, bit = places[what]
    return good[:place] + bytes((good[place] ^ bit,)) + good[place + 1 :]


@case("SYMSEC_REL_N1", "a release that is less protected than the association is not obeyed", Group.SECURITY)
async def plain_release(trial: Trial) -> None:
    """RLRQ in clear, without and with an initiate-request in clear: no RLRE, and the association still serves."""
    for login in ciphered(trial):
        dialogue = await trial.associate(login)
        inside = InitiateRequest(dialogue.conformance, dialogue.limit).encode()
        for request, sent in (
            (RLRQ(), "in clear"),
            (RLRQ(user_information=inside), "with an initiate-request in clear"),
        ):
            answer = await strike(dialogue, request.encode())
            if answer[:1] == b"\x63" or not is_refusal(answer):
                raise FailedError(f"RLRQ {sent} of {login}", "an exception-response or nothing", words(answer))
            dialogue = await revived(trial, dialogue)


CASES: Final = (basic_capability, replay, send_counter, dedicated_key, data_exchange, forgeries, plain_release)
