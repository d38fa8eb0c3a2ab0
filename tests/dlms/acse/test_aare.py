"""AARE: the worked examples, every element, the habits of meters, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import decoded_or_refused
from openami.core.errors import DecodeError
from openami.dlms.acse import (
    AARE,
    ApplicationContext,
    AssociationResult,
    Diagnostic,
    Mechanism,
    ProviderDiagnostic,
)
from openami.dlms.xdlms import (
    ConfirmedService,
    ConfirmedServiceError,
    Conformance,
    ErrorClass,
    InitiateResponse,
)

LN, REJECTED = ApplicationContext.LN, AssociationResult.REJECTED_PERMANENT
INITIATE = InitiateResponse(Conformance(0x00501F), 500).encode()
TOO_LOW = ConfirmedServiceError(ConfirmedService.INITIATE_ERROR, ErrorClass.INITIATE, 1).encode()
EXAMPLES = {
    "aare-ok": AARE(LN, user_information=INITIATE),
    "aare-wrong-context": AARE(
        LN, REJECTED, Diagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED, user_information=INITIATE
    ),
    "aare-dlms-version-too-low": AARE(LN, REJECTED, Diagnostic.NO_REASON_GIVEN, user_information=TOO_LOW),
    "aare-hls5-pending": AARE(
        LN,
        AssociationResult.ACCEPTED,
        Diagnostic.AUTHENTICATION_REQUIRED,
        Mechanism.HIGH_GMAC,
        b"P6wRJ21F",
        user_information=INITIATE,
    ),
}
#: Every element of the ASN.1 type once, written by hand from X.690.
EVERYTHING = bytes.fromhex(
    "6163"
    "80020780"
    "a109060760857405080103"
    "a203020102"
    "a305a203020102"
    "a40a04084d4d4d0000bc614e"
    "a50404024445"
    "a603020107"
    "a703020108"
    "88020780"
    "890760857405080205"
    "aa068004deadbeef"
    "9d03616263"
    "be10040e0800065f1f040000501f01f40007"
)

octets = st.none() | st.binary(max_size=70)
numbers = st.none() | st.integers(-(2**31), 2**31)
responses = st.builds(
    AARE,
    application_context=st.sampled_from(ApplicationContext) | st.just(bytes.fromhex("2a0304")),
    result=st.sampled_from(AssociationResult),
    diagnostic=st.sampled_from(Diagnostic) | st.sampled_from(ProviderDiagnostic),
    mechanism=st.none() | st.sampled_from(Mechanism) | st.just(bytes.fromhex("2a0305")),
    responding_authentication_value=octets,
    responding_ap_title=octets,
    user_information=octets,
    responding_ae_qualifier=octets,
    responding_ap_invocation_id=numbers,
    responding_ae_invocation_id=numbers,
    implementation_information=octets,
    protocol_version=st.none() | st.just(b"\x07\x80"),
)


@pytest.mark.parametrize(("name", "response"), EXAMPLES.items())
def test_worked_examples_read_and_write(dlms_vectors, name, response):
    vector = dlms_vectors[name]
    data, stated = bytes.fromhex(vector["hex"]), vector["expected"]
    found = AARE.decode(data)
    assert found == response
    assert response.encode() == data
    assert (found.result, found.diagnostic) == (stated["result"], stated["diagnostic"])


def test_every_element_is_read_and_written():
    found = AARE.decode(EVERYTHING)
    assert found == AARE(
        application_context=ApplicationContext.LN_CIPHERED,
        result=AssociationResult.REJECTED_TRANSIENT,
        diagnostic=ProviderDiagnostic.NO_COMMON_ACSE_VERSION,
        mechanism=Mechanism.HIGH_GMAC,
        responding_authentication_value=bytes.fromhex("deadbeef"),
        responding_ap_title=bytes.fromhex("4d4d4d0000bc614e"),
        user_information=INITIATE,
        responding_ae_qualifier=b"DE",
        responding_ap_invocation_id=7,
        responding_ae_invocation_id=8,
        implementation_information=b"abc",
        protocol_version=bytes.fromhex("0780"),
    )
    assert isinstance(found.diagnostic, ProviderDiagnostic)
    assert found.encode() == EVERYTHING


@given(responses, st.binary(max_size=5))
def test_responses_come_back_with_or_without_a_tail(response, tail):
    found = AARE.decode(response.encode() + tail)
    assert found == response
    assert type(found.diagnostic) is type(response.diagnostic)


def test_habit_protocol_version_is_read_but_not_sent_unasked():
    plain = AARE(LN, user_information=INITIATE)
    with_version = bytes.fromhex("612d 80020780 a109060760857405080101 a203020100 a305a103020100") + bytes.fromhex(
        "be10040e0800065f1f040000501f01f40007"
    )
    found = AARE.decode(with_version)
    assert found.protocol_version == bytes.fromhex("0780")
    assert found.user_information == plain.user_information
    assert found.encode() == with_version
    assert b"\x80\x02\x07\x80" not in plain.encode()


def test_habit_user_information_is_missing():
    rejected = bytes.fromhex("6117 a109060760857405080101 a203020101 a305a10302010d")
    found = AARE.decode(rejected)
    assert found == AARE(LN, REJECTED, Diagnostic.AUTHENTICATION_FAILURE)
    assert found.encode() == rejected


def test_habit_octets_behind_the_apdu_or_its_last_element_are_ignored(dlms_vectors):
    data = bytes.fromhex(dlms_vectors["aare-ok"]["hex"])
    behind_the_element = bytes((0x61, data[1] + 3)) + data[2:] + b"\x00\x00\x1f"
    for habit in (data + b"\x00\x00\x00\x00", behind_the_element):
        assert AARE.decode(habit) == EXAMPLES["aare-ok"]


def test_habit_elements_that_no_book_names_are_ignored(dlms_vectors):
    data = bytes.fromhex(dlms_vectors["aare-ok"]["hex"])
    foreign = bytes.fromhex("ad03040155")
    at = len(data) - 18
    assert AARE.decode(bytes((0x61, data[1] + 5)) + data[2:at] + foreign + data[at:]) == EXAMPLES["aare-ok"]


def test_habit_accepted_with_a_diagnostic_as_add_s_meters_do():
    found = AARE.decode(bytes.fromhex("6117 a109060760857405080101 a203020100 a305a103020101"))
    assert (found.result, found.diagnostic) == (AssociationResult.ACCEPTED, Diagnostic.NO_REASON_GIVEN)


def test_habit_lengths_in_the_long_form():
    data = bytes.fromhex("618118 a10906076085740508010 1 a203020101 a38105a10302010d".replace(" ", ""))
    assert AARE.decode(data) == AARE(LN, REJECTED, Diagnostic.AUTHENTICATION_FAILURE)


@pytest.mark.parametrize(
    ("octets_", "offset", "said"),
    [
        ("60 00", 0, "expected 61"),
        ("61 00", 2, "application-context-name is missing"),
        ("61 0b a109060760857405080101", 13, "result is missing"),
        ("61 10 a109060760857405080101 a203020100", 18, "result-source-diagnostic is missing"),
        ("61 10 a109060760857405080101 a203020103", 15, "result 3 is reserved"),
        (
            "61 17 a109060760857405080101 a203020100 a305a103020163",
            20,
            "diagnostic 99 of source A1 is reserved",
        ),
        ("61 17 a109060760857405080101 a203020100 a305a303020100", 20, "source A3"),
        ("61 17 a109060760857405080101 a203020100 a305a103040100", 22, "expected 02"),
    ],
)
def test_what_is_no_aare_is_refused_with_its_place(octets_, offset, said):
    with pytest.raises(DecodeError, match=said) as caught:
        AARE.decode(bytes.fromhex(octets_))
    assert caught.value.offset == offset


def test_each_cut_is_refused_with_its_place():
    for end in range(len(EVERYTHING)):
        assert decoded_or_refused(AARE.decode, EVERYTHING[:end]) is None


@given(st.binary(max_size=60), st.integers(0, len(EVERYTHING)))
def test_any_octets_are_an_aare_or_refused(noise, at):
    for data in (noise, b"\x61" + bytes((len(noise),)) + noise, EVERYTHING[:at] + noise + EVERYTHING[at:]):
        if (found := decoded_or_refused(AARE.decode, data)) is not None:
            assert AARE.decode(found.encode()) == found
