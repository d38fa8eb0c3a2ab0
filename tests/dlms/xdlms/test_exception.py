"""ExceptionResponse and ConfirmedServiceError: the captured one, each form, refusals."""

import pytest

from openami.core.errors import DecodeError
from openami.dlms import acse, xdlms
from openami.dlms.xdlms import (
    ConfirmedService,
    ConfirmedServiceError,
    ErrorClass,
    ExceptionResponse,
    InitiateError,
    ServiceErrorCode,
    StateError,
)

NOT_ALLOWED, UNKNOWN = StateError.SERVICE_NOT_ALLOWED, StateError.SERVICE_UNKNOWN
#: The third is what the Gurux Java server was seen to send; the rest by hand, read alike by gurux-dlms.
FORMS = {
    "d80101": ExceptionResponse(NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE),
    "d80105": ExceptionResponse(NOT_ALLOWED, ServiceErrorCode.DECIPHERING_ERROR),
    "d80202": ExceptionResponse(UNKNOWN, ServiceErrorCode.SERVICE_NOT_SUPPORTED),
    "d80206000001f5": ExceptionResponse(UNKNOWN, ServiceErrorCode.INVOCATION_COUNTER_ERROR, 501),
    "0e010603": ConfirmedServiceError(ConfirmedService.INITIATE_ERROR, ErrorClass.INITIATE, 3),
    "0e050501": ConfirmedServiceError(ConfirmedService.READ, ErrorClass.ACCESS, 1),
}


@pytest.mark.parametrize(("octets", "apdu"), FORMS.items())
def test_each_form_reads_and_writes(octets, apdu):
    data = bytes.fromhex(octets)
    assert xdlms.decode(data) == apdu
    assert apdu.encode() == data


def test_the_refusal_of_the_version_says_so(dlms_vectors):
    found = xdlms.decode(
        acse.AARE.decode(bytes.fromhex(dlms_vectors["aare-dlms-version-too-low"]["hex"])).user_information
    )
    assert found.service is ConfirmedService.INITIATE_ERROR
    assert found.initiate_error is InitiateError.DLMS_VERSION_TOO_LOW
    assert str(found) == "initiate dlms-version-too-low"


def test_codes_of_other_families_stay_numbers():
    found = ConfirmedServiceError(ConfirmedService.READ, ErrorClass.ACCESS, 1)
    assert found.initiate_error is None
    assert str(found) == "access 1"
    assert str(ConfirmedServiceError(ConfirmedService.INITIATE_ERROR, ErrorClass.INITIATE, 77)) == "initiate 77"


def test_a_counter_error_without_its_counter_is_read():
    found = xdlms.decode(bytes.fromhex("d80106"))
    assert found == ExceptionResponse(NOT_ALLOWED, ServiceErrorCode.INVOCATION_COUNTER_ERROR)
    assert found.encode() == bytes.fromhex("d80106")


def test_habit_octets_behind_the_error_are_ignored():
    assert xdlms.decode(bytes.fromhex("d8010200000000")).invocation_counter is None


@pytest.mark.parametrize(
    ("octets", "offset"),
    [
        ("d8", 1),
        ("d801", 2),
        ("d80301", 1),
        ("d80107", 2),
        ("d80106 0000", 3),
        ("0e14", 1),
        ("0e010b00", 2),
        ("0e0106", 3),
    ],
)
def test_what_is_no_error_is_refused_with_its_place(octets, offset):
    with pytest.raises(DecodeError) as caught:
        xdlms.decode(bytes.fromhex(octets))
    assert caught.value.offset == offset
