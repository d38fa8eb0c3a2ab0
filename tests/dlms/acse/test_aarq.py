"""AARQ: the worked examples, every element, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import decoded_or_refused
from openami.core.errors import DecodeError
from openami.dlms.acse import AARQ, ApplicationContext, Mechanism
from openami.dlms.xdlms import Conformance, InitiateRequest

INITIATE = InitiateRequest(Conformance(0x007E1F), 1200)
TITLE = bytes.fromhex("4d4d4d0000bc614e")
CIPHERED = bytes.fromhex(
    "21303001234567801302ff8a7874133d414ced25b42534d28db0047720606b175bd52211be6841db204d39ee6fdb8e356855"
)
LN = ApplicationContext.LN
EXAMPLES = {
    "aarq-none": AARQ(LN, user_information=INITIATE.encode()),
    "aarq-lls": AARQ(LN, Mechanism.LOW, b"12345678", user_information=INITIATE.encode()),
    "aarq-hls5": AARQ(LN, Mechanism.HIGH_GMAC, b"K56iVagY", user_information=INITIATE.encode()),
    "aarq-lls-ciphered": AARQ(
        ApplicationContext.LN_CIPHERED, Mechanism.LOW, b"12345678", TITLE, user_information=CIPHERED
    ),
}
#: Every element of the ASN.1 type once, written by hand from X.690.
EVERYTHING = bytes.fromhex(
    "606d"
    "80020780"
    "a109060760857405080102"
    "a20404024142"
    "a3030401 43"
    "a403020101"
    "a503020102"
    "a60a04084d4d4d0000bc614e"
    "a70404024445"
    "a804020200c8"
    "a903020105"
    "8a020780"
    "8b0760857405080206"
    "ac068004deadbeef"
    "9d0361 6263"
    "be100 40e01000000065f1f0400007e1f04b0".replace(" ", "")
)

octets = st.none() | st.binary(max_size=70)
numbers = st.none() | st.integers(-(2**31), 2**31)
requests = st.builds(
    AARQ,
    application_context=st.sampled_from(ApplicationContext) | st.just(bytes.fromhex("2a0304")),
    mechanism=st.none() | st.sampled_from(Mechanism) | st.just(bytes.fromhex("2a0305")),
    calling_authentication_value=octets,
    calling_ap_title=octets,
    user_information=octets,
    calling_ae_qualifier=octets,
    calling_ap_invocation_id=numbers,
    calling_ae_invocation_id=numbers,
    called_ap_title=octets,
    called_ae_qualifier=octets,
    called_ap_invocation_id=numbers,
    called_ae_invocation_id=numbers,
    implementation_information=octets,
    protocol_version=st.none() | st.sampled_from([b"\x07\x80", b"\x07\x00", b"\x02\x84"]),
)


@pytest.mark.parametrize(("name", "request_"), EXAMPLES.items())
def test_worked_examples_read_and_write(dlms_vectors, name, request_):
    data = bytes.fromhex(dlms_vectors[name]["hex"])
    assert AARQ.decode(data) == request_
    assert request_.encode() == data


@pytest.mark.parametrize("name", EXAMPLES)
def test_worked_examples_say_what_is_stated(dlms_vectors, name):
    stated = dlms_vectors[name]["expected"]
    found = AARQ.decode(bytes.fromhex(dlms_vectors[name]["hex"]))
    assert found.mechanism == stated["mechanism"]
    if secret := stated.get("calling_authentication_value_ascii"):
        assert found.calling_authentication_value == secret.encode()
    assert (found.calling_ap_title or b"").hex() == stated.get("calling_ap_title", "")


def test_every_element_is_read_and_written():
    found = AARQ.decode(EVERYTHING)
    assert found == AARQ(
        application_context=ApplicationContext.SN,
        mechanism=Mechanism.HIGH_SHA256,
        calling_authentication_value=bytes.fromhex("deadbeef"),
        calling_ap_title=TITLE,
        user_information=INITIATE.encode(),
        calling_ae_qualifier=b"DE",
        calling_ap_invocation_id=200,
        calling_ae_invocation_id=5,
        called_ap_title=b"AB",
        called_ae_qualifier=b"C",
        called_ap_invocation_id=1,
        called_ae_invocation_id=2,
        implementation_information=b"abc",
        protocol_version=bytes.fromhex("0780"),
    )
    assert found.encode() == EVERYTHING


@given(requests, st.binary(max_size=5))
def test_requests_come_back_with_or_without_a_tail(request_, tail):
    assert AARQ.decode(request_.encode() + tail) == request_


def test_a_foreign_context_and_mechanism_keep_their_name():
    data = AARQ(b"\x2a\x03\x04", b"\x2a\x03\x05", b"x").encode()
    found = AARQ.decode(data)
    assert (found.application_context, found.mechanism) == (b"\x2a\x03\x04", b"\x2a\x03\x05")
    assert found.encode() == data


def test_only_version_1_is_version_1():
    assert AARQ().is_version1
    assert AARQ(protocol_version=bytes.fromhex("0780")).is_version1
    assert AARQ(protocol_version=bytes.fromhex("0284")).is_version1
    assert not AARQ(protocol_version=bytes.fromhex("0700")).is_version1
    assert not AARQ(protocol_version=b"\x00").is_version1


def test_the_password_and_the_initiate_request_stay_out_of_the_repr():
    shown = repr(EXAMPLES["aarq-lls"])
    assert "12345678" not in shown
    assert "user_information" not in shown


@pytest.mark.parametrize(
    ("octets_", "offset", "said"),
    [
        ("", 0, "missing"),
        ("61 00", 0, "expected 60"),
        ("60 00", 2, "application-context-name is missing"),
        ("60 03 a1 01 06", 5, "missing"),
        ("60 04 a1 02 04 00", 4, "tag 04, expected 06"),
        ("60 06 a1 02 06 00 a1 00", 6, "comes twice"),
    ],
)
def test_what_is_no_aarq_is_refused_with_its_place(octets_, offset, said):
    with pytest.raises(DecodeError, match=said) as caught:
        AARQ.decode(bytes.fromhex(octets_))
    assert caught.value.offset == offset


def test_each_cut_is_refused_with_its_place():
    for end in range(len(EVERYTHING)):
        assert decoded_or_refused(AARQ.decode, EVERYTHING[:end]) is None


@given(st.binary(max_size=60), st.integers(0, len(EVERYTHING)))
def test_any_octets_are_an_aarq_or_refused(noise, at):
    for data in (noise, b"\x60" + bytes((len(noise),)) + noise, EVERYTHING[:at] + noise + EVERYTHING[at:]):
        if (found := decoded_or_refused(AARQ.decode, data)) is not None:
            assert AARQ.decode(found.encode()) == found
