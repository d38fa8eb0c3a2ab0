"""APDUs protected as no good client does it, and what protected ones tell from outside (Green Book, 9.2.3)."""

from typing import Final

from openami.conformance.dialogue import Dialogue
from openami.conformance.target import Login
from openami.conformance.trial import Trial
from openami.conformance.verdict import FailedError, NotApplicableError
from openami.conformance.words import is_refusal, words
from openami.core.errors import AmiError
from openami.dlms.security import Cipher, Ciphering, Form, Keys, Suite, envelope
from openami.dlms.security.cipher import HEAD_LENGTH
from openami.dlms.security.envelope import CIPHERED
from openami.dlms.security.suite import AUTHENTICATED, ENCRYPTED

NONE, A, E, AE = 0, AUTHENTICATED, ENCRYPTED, AUTHENTICATED | ENCRYPTED
PROTECTIONS: Final = {NONE: "in clear", A: "authenticated", E: "encrypted", AE: "authenticated and encrypted"}


def ciphered(trial: Trial) -> tuple[Login, ...]:
    """Choose the associations with ciphering of suite 0 by logical names."""
    return trial.logins(
        lambda login: login.is_ciphered and not login.is_short and login.security.suite is Suite.AES_GCM_128,
        "with ciphering of suite 0",
    )


def keys_of(login: Login) -> Keys:
    """Give the keys of an association that has some."""
    if login.security.keys is None:
        raise NotApplicableError(f"{login} was given no keys")
    return login.security.keys


def ends_of(dialogue: Dialogue) -> Ciphering:
    """Give the ciphering of an association."""
    if dialogue.session.ciphering is None:
        raise NotApplicableError(f"{dialogue.login} is not ciphered")
    return dialogue.session.ciphering


def forged(
    dialogue: Dialogue,
    apdu: bytes,
    *,
    control: int = AE,
    form: Form = Form.GLO,
    counter: int | None = None,
    key: bytes | None = None,
    title: bytes | None = None,
) -> bytes:
    """Protect an APDU under any key, title and counter; what is not given is right."""
    security, keys = dialogue.login.security, keys_of(dialogue.login)
    own = security.client_title or b""
    cipher = Cipher(keys.encryption if key is None else key, keys.authentication)
    value = dialogue.session.send_counter.take() if counter is None else counter
    protected = cipher.protect(own if title is None else title, control | security.suite, value, apdu)
    return envelope.encode(form, apdu[0], own if title is None else title, protected)


def protected_part(raw: bytes) -> bytes:
    """Give security control, counter and content of a ciphered APDU."""
    return envelope.decode(raw)[3]


def control_of(raw: bytes) -> int:
    """Give the security control of an answer; nothing for one in clear."""
    return protected_part(raw)[0] if raw and raw[0] in CIPHERED else 0


def counter_of(raw: bytes) -> int:
    """Give the invocation counter of a ciphered APDU."""
    return int.from_bytes(protected_part(raw)[1:HEAD_LENGTH], "big")


async def strike(dialogue: Dialogue, apdu: bytes) -> bytes:
    """Send an APDU as it is; the answer opened, however it is protected."""
    raw = await dialogue.talk.ask(apdu)
    dialogue.raw = raw
    if not raw or raw[0] not in CIPHERED:
        return raw
    ends = ends_of(dialogue)
    least, ends.least = ends.least, 0
    try:
        return ends.open(raw)[0]
    except AmiError as error:
        raise FailedError("a request", "an answer that can be opened", str(error)) from error
    finally:
        ends.least = least


async def unmoved(dialogue: Dialogue, apdu: bytes, sent: str) -> None:
    """Hold that an APDU is not served."""
    answer = await strike(dialogue, apdu)
    if not is_refusal(answer):
        raise FailedError(sent, "an exception-response, a refusal or nothing", words(answer))


async def moved(dialogue: Dialogue, apdu: bytes, sent: str, least: int = 0) -> None:
    """Hold that an APDU is served, by an answer that is protected enough."""
    answer = await strike(dialogue, apdu)
    if not answer or is_refusal(answer):
        raise FailedError(sent, "an answer with data", dialogue.came(answer))
    control = control_of(dialogue.raw)
    if control & least != least:
        raise FailedError(sent, f"an answer {PROTECTIONS[least]}", f"one {PROTECTIONS[control & AE]}")
    if control & 0x0F != dialogue.login.security.suite and control:
        raise FailedError(sent, f"security suite {dialogue.login.security.suite.value}", f"{control & 0x0F}")
