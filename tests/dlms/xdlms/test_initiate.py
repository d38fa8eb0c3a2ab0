"""InitiateRequest, InitiateResponse and the conformance block: worked examples, habits, refusals."""

import pytest

from openami.core.errors import DecodeError, EncodeError
from openami.dlms import acse, xdlms
from openami.dlms.xdlms import VAA_NAME_SN, Conformance, InitiateRequest, InitiateResponse

GET = Conformance.GET
KEY = bytes.fromhex("00112233445566778899aabbccddeeff")
RESPONSE = bytes.fromhex("0800065f1f040000501f01f40007")


def test_the_request_with_a_dedicated_key_reads_and_writes(dlms_vectors):
    vector = dlms_vectors["initiate-request-dedicated-key"]
    data, stated = bytes.fromhex(vector["hex"]), vector["expected"]
    found = xdlms.decode(data)
    assert found == InitiateRequest(Conformance(0x007E1F), 1200, KEY)
    assert found.dedicated_key.hex() == stated["dedicated_key"]
    assert found.response_allowed is stated["response_allowed"]
    assert (found.proposed_quality_of_service or 0) == stated["quality_of_service"]
    assert found.proposed_dlms_version == stated["dlms_version"]
    assert found.client_max_receive_pdu_size == stated["max_receive_pdu"]
    assert found.encode() == data


def test_the_conformance_names_the_bits_that_are_stated(dlms_vectors):
    vector = dlms_vectors["aarq-none"]
    stated = vector["expected"]["initiate"]
    found = InitiateRequest.decode(acse.AARQ.decode(bytes.fromhex(vector["hex"])).user_information)
    bits = {bit.name.lower().replace("_", "-") for bit in found.conformance}
    assert bits == set(stated["bits"])
    assert found.conformance == int(stated["conformance_hex"], 16)


def test_the_response_reads_and_writes(dlms_vectors):
    vector = dlms_vectors["aare-ok"]
    stated = vector["expected"]["initiate_response"]
    data = acse.AARE.decode(bytes.fromhex(vector["hex"])).user_information
    found = xdlms.decode(data)
    assert found == InitiateResponse(Conformance(int(stated["conformance_hex"], 16)), 500)
    assert found.vaa_name == int(stated["vaa_name"], 16)
    assert found.encode() == data == RESPONSE


def test_the_plain_text_of_the_book_s_ciphered_response(dlms_vectors):
    data = bytes.fromhex(dlms_vectors["glo-initiate-response"]["expected"]["plain"])
    assert xdlms.decode(data) == InitiateResponse(Conformance(0x007C1F), 1024)
    assert xdlms.decode(data).encode() == data


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("01 00 0100 01fd 06 5f1f0400 000010 0080", InitiateRequest(GET, 128, None, False, -3)),
        (
            "01 0100 00 00 05 5f1f0400 000008 ffff",
            InitiateRequest(Conformance.SET, 0xFFFF, b"", True, None, 5),
        ),
        ("08 0105 06 5f1f0400 1c0320 0000 fa00", InitiateResponse(Conformance(0x1C0320), 0, VAA_NAME_SN, 5)),
    ],
)
def test_optional_parts_read_and_write(octets, apdu):
    data = bytes.fromhex(octets)
    assert xdlms.decode(data) == apdu
    assert apdu.encode() == data


def test_response_allowed_said_outright():
    assert xdlms.decode(bytes.fromhex("010001ff00065f1f0400000010 0080")) == InitiateRequest(Conformance.GET, 128)


def test_habit_octets_behind_a_response_are_ignored():
    assert xdlms.decode(RESPONSE + bytes(4)) == xdlms.decode(RESPONSE)


def test_reserved_bits_survive():
    assert xdlms.decode(bytes.fromhex("0800065f1f0400810000ffff0007")).conformance == 0x810000


def test_the_key_stays_out_of_the_repr():
    shown = repr(InitiateRequest(GET, 128, KEY))
    assert "16 octets" in shown
    assert KEY.hex() not in shown
    assert repr(KEY) not in shown
    assert repr(InitiateRequest(GET)).endswith("dedicated_key=None)")


@pytest.mark.parametrize(
    ("octets", "offset"),
    [
        ("08", 1),
        ("08 00 06 5f1f0400 00501f 01f4 00", 12),
        ("08 00 06 5f1f0401 00501f 01f4 0007", 3),
        ("01 01 10 0011", 3),
        ("01 00 00 00 06 5f1f0400 00501f 01", 4),
    ],
)
def test_what_is_no_initiate_is_refused_with_its_place(octets, offset):
    with pytest.raises(DecodeError) as caught:
        xdlms.decode(bytes.fromhex(octets))
    assert caught.value.offset == offset


def test_a_size_that_does_not_fit_is_not_sent():
    with pytest.raises(EncodeError):
        InitiateRequest(GET, 0x10000).encode()
    with pytest.raises(EncodeError):
        InitiateResponse(GET, 128, vaa_name=0x10000).encode()


def test_bit_0_of_the_standard_is_the_first_sent():
    assert Conformance.GENERAL_PROTECTION == 0x400000
    assert Conformance.READ == 0x100000
    assert Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET == 0x008000
    assert Conformance.ACTION == 0x000001
