"""APDUs in words: every kind of them on one line, and never a secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.aio.words import CIPHERED_TAGS, SECRET_ATTRIBUTES, SECRET_METHODS, Words
from openami.core.obis import OBIS
from openami.cosem.catalogue import CATALOGUE
from openami.dlms.acse import AARE, AARQ, RLRE, RLRQ, Mechanism
from openami.dlms.gateway import Header
from openami.dlms.security.envelope import CIPHERED
from openami.dlms.security.general import GeneralSigning, Head
from openami.dlms.xdlms import (
    AccessAction,
    AccessGet,
    AccessRequest,
    AccessResponse,
    AccessResult,
    AccessService,
    AccessSet,
    ActionRequestNormal,
    ActionRequestWithList,
    ActionResponseNormal,
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    DataBlock,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
    InitiateRequest,
    MethodDescriptor,
    SetRequestFirstBlock,
    SetRequestNormal,
    SetRequestWithBlock,
    SetRequestWithList,
)
from openami.dlms.xdlms.short import ParameterizedAccess, ReadRequest, ReadResponse, VariableName, WriteRequest
from pair import CLIENT_TITLE, CLOCK, REGISTER, RESET, SERVER_TITLE

NAME = OBIS.parse("0.0.40.0.0.255")
SECRET = b"hunter2!hunter2!"
DATA = b"\x09\x10" + SECRET
FIVE = b"\x06\x00\x00\x00\x05"
attributes = [AttributeDescriptor(c, NAME, n) for c, numbers in SECRET_ATTRIBUTES.items() for n in sorted(numbers)]
methods = [MethodDescriptor(c, NAME, n) for c, numbers in SECRET_METHODS.items() for n in sorted(numbers)]


def hidden(*apdus: bytes) -> None:
    """The secret is in none of what is said, in whichever spelling."""
    words = Words()
    said = " ".join(words.say(apdu) for apdu in apdus)
    assert "hunter2" not in said
    assert SECRET.hex() not in said.replace(" ", "")
    assert "cannot be read" not in said


@pytest.mark.parametrize(
    ("apdu", "said"),
    [
        (GetRequestNormal(0xC1, CLOCK).encode(), "get-request-normal c1 Clock 0.0.1.0.0.255 time"),
        (GetResponseNormal(0xC1, FIVE).encode(), "get-response-normal c1 5"),
        (
            GetResponseNormal(0xC1, DataAccessResult.OBJECT_UNDEFINED).encode(),
            "get-response-normal c1 object-undefined",
        ),
        (
            GetRequestWithList(0xC2, ((CLOCK, None), (REGISTER, None))).encode(),
            "get-request-with-list c2 [Clock 0.0.1.0.0.255 time, Register 1.0.1.8.0.255 value]",
        ),
        (GetRequestNext(0xC2, 7).encode(), "get-request-next c2 block-number 7"),
        (
            GetResponseWithDataBlock(0xC2, True, 8, b"\x11\x05").encode(),
            "get-response-with-datablock c2 last-block 1 block-number 8 <2 octets>",
        ),
        (SetRequestNormal(0xC3, REGISTER, None, FIVE).encode(), "set-request-normal c3 Register 1.0.1.8.0.255 value 5"),
        (ActionRequestNormal(0xC4, RESET, None).encode(), "action-request-normal c4 Register 1.0.1.8.0.255 reset"),
        (RLRQ(None).encode(), "RLRQ"),
        (RLRE().encode(), "RLRE normal"),
        (
            bytes.fromhex("d8010600001267"),
            "exception-response service-not-allowed invocation-counter-error invocation-counter 4711",
        ),
        (b"", "nothing"),
        (Header(1, b"\xa1\xb2").encode() + RLRQ(None).encode(), "gateway network 1 device a1b2: RLRQ"),
        (
            GetRequestNormal(0xC1, AttributeDescriptor(8192, NAME, 3)).encode(),
            "get-request-normal c1 class 8192 0.0.40.0.0.255 attribute 3",
        ),
        (
            b"\xff\x01",
            "2 octets that cannot be read as an APDU: APDU begins with ff01, no known tag and choice (at octet 0)",
        ),
    ],
    ids=lambda value: value.split()[0] if isinstance(value, str) else "",
)
def test_what_is_said(apdu: bytes, said: str) -> None:
    assert Words().say(apdu) == said


def test_the_examples_of_the_books_can_all_be_said(dlms_vectors: dict[str, dict[str, str]]) -> None:
    told = {
        name: Words().say(bytes.fromhex(entry["hex"]))
        for name, entry in dlms_vectors.items()
        if entry["group"] in {"acse", "xdlms"}
    }
    assert not [name for name, line in told.items() if "cannot be read" in line]
    assert "mechanism 5 high-gmac secret <8 octets>" in told["aare-hls5-pending"]
    assert "K56iVagY" not in "".join(told.values())
    assert told["rlrq-ciphered"] == "RLRQ normal (glo-initiate-request SC 30 IC 19088743 <48 octets>)"
    assert Words().say(bytes.fromhex(dlms_vectors["glo-get-auth-enc"]["hex"])) == (
        "glo-get-request SC 30 IC 19088743 <30 octets>"
    )


def test_signatures_and_general_ciphering(dlms_vectors: dict[str, dict[str, str]]) -> None:
    said = Words().say(bytes.fromhex(dlms_vectors["general-ciphering-agreed-key"]["hex"]))
    assert said.startswith("general-ciphering from 4d4d4d0000bc614e SC 31 IC ")
    signed = GeneralSigning(Head(b"\0" * 8, CLIENT_TITLE, SERVER_TITLE), DATA, SECRET)
    assert Words().say(signed.encode()) == f"general-signing by {CLIENT_TITLE.hex()} <18 octets>"


def test_names_of_other_makers() -> None:
    said = Words().say(
        AARQ(application_context=b"\x2a\x03", mechanism=b"\x2a\x04", user_information=b"\xff\1").encode()
    )
    assert said == "AARQ context 2a03 mechanism 2a04 (<2 octets>)"


def test_every_ciphered_apdu_has_a_name() -> None:
    assert CIPHERED_TAGS.keys() == CIPHERED


def test_what_a_class_calls_secret_is_secret() -> None:
    words = ("secret", "pass_", "pin", "password", "authentication_keys", "client_key")
    for cls in CATALOGUE.values():
        for number, attribute in cls.attributes.items():
            if any(word in attribute.name and "mapping" not in attribute.name for word in words):
                assert number in SECRET_ATTRIBUTES[cls.class_id], attribute
        for number, method in cls.methods.items():
            if cls.class_id != 12 and any(word in method.name for word in ("secret", "hls", "transfer_key", "set_enc")):
                assert number in SECRET_METHODS[cls.class_id], method


@given(st.binary(max_size=80))
def test_any_octets_are_said_on_one_line(octets: bytes) -> None:
    assert "\n" not in Words().say(octets)


@given(
    st.sampled_from(sorted([0xC0, 0xC1, 0xC3, 0xC4, 0xC5, 0xC7, 0x60, 0x61, 0xDA, 0xD9, 0x0F])), st.binary(max_size=60)
)
def test_any_octets_behind_a_known_tag(tag: int, octets: bytes) -> None:
    assert Words().say(bytes((tag,)) + octets)


# Secrets


def test_passwords_and_challenges() -> None:
    hidden(AARQ(mechanism=Mechanism.LOW, calling_authentication_value=SECRET).encode())
    hidden(AARE(responding_authentication_value=SECRET).encode())


def test_the_dedicated_key() -> None:
    initiate = InitiateRequest(0, dedicated_key=SECRET)
    hidden(initiate.encode())
    hidden(InitiateRequest(0, dedicated_key=DATA).encode())
    hidden(AARQ(user_information=initiate.encode()).encode())
    hidden(RLRQ(user_information=initiate.encode()).encode())


@pytest.mark.parametrize("attribute", attributes, ids=str)
def test_secret_attributes(attribute: AttributeDescriptor) -> None:
    both = ((CLOCK, None), (attribute, None))
    hidden(SetRequestNormal(0xC1, attribute, None, DATA).encode())
    hidden(SetRequestWithList(0xC1, both, (DATA, DATA)).encode())
    hidden(GetRequestNormal(0xC1, attribute).encode(), GetResponseNormal(0xC1, DATA).encode())
    hidden(GetRequestWithList(0xC2, both).encode(), GetResponseWithList(0x42, (FIVE, DATA)).encode())
    first = SetRequestFirstBlock(0xC1, attribute, None, DataBlock(False, 1, DATA)).encode()
    hidden(first, SetRequestWithBlock(0xC1, DataBlock(True, 2, DATA)).encode())
    hidden(AccessRequest(7, b"", (AccessSet(attribute),), (DATA,)).encode())
    results = (AccessResult(AccessService.GET, DataAccessResult.SUCCESS),)
    hidden(
        AccessRequest(7, b"", (AccessGet(attribute),), (b"\x00",)).encode(),
        AccessResponse(7, b"", (DATA,), results).encode(),
    )
    whole = attribute._replace(attribute_id=0)
    hidden(GetRequestNormal(0xC1, whole).encode(), GetResponseNormal(0xC1, b"\x02\x01" + DATA).encode())


@pytest.mark.parametrize("method", methods, ids=str)
def test_secret_methods(method: MethodDescriptor) -> None:
    answer = ActionResponseNormal(0xC1, ActionResult.SUCCESS, DATA).encode()
    hidden(ActionRequestNormal(0xC1, method, DATA).encode(), answer)
    hidden(ActionRequestWithList(0xC1, (RESET, method), (b"\x00", DATA)).encode(), answer)
    hidden(AccessRequest(7, b"", (AccessAction(method),), (DATA,)).encode())


def test_by_short_names_only_numbers_are_said() -> None:
    hidden(WriteRequest((VariableName(0xFA38),), (DATA,)).encode())
    hidden(ReadRequest((ParameterizedAccess(0xFA58, 0, DATA),)).encode(), ReadResponse((DATA,)).encode())
    assert Words().say(ReadResponse((FIVE, b"\x09\x01a")).encode()) == "read-response [5, <3 octets>]"
    assert Words().say(ReadRequest((VariableName(0xFA08),)).encode()) == "read-request name 64008"


def test_after_a_secret_the_next_answer_is_said_again() -> None:
    words = Words()
    words.say(GetRequestNormal(0xC1, attributes[0]).encode())
    assert words.say(GetResponseNormal(0xC1, FIVE).encode()) == "get-response-normal c1 <5 octets>"
    words.say(GetRequestNormal(0xC1, REGISTER).encode())
    assert words.say(GetResponseNormal(0xC1, FIVE).encode()) == "get-response-normal c1 5"


def test_a_long_value_is_cut() -> None:
    line = Words().say(GetResponseNormal(0xC1, b"\x09\x82\x04\x00" + bytes(1024)).encode())
    assert line.endswith("… (3071 characters)")
    assert len(line) < 220
