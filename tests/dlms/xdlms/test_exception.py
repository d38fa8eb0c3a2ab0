"""ExceptionResponse and ConfirmedServiceError: the captured one, each form, refusals."""

import pytest

from openami.core.errors import DecodeError
from openami.dlms import acse, xdlms
from openami.dlms.xdlms import (
    AccessRefusal,
    ApplicationReferenceError,
    ConfirmedService,
    ConfirmedServiceError,
    DefinitionRefusal,
    ErrorClass,
    ExceptionResponse,
    HardwareResourceError,
    InitiateError,
    LoadDataSetError,
    OtherError,
    ServiceErrorCode,
    ServiceRefusal,
    StateError,
    TaskError,
    VDEStateError,
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


@pytest.mark.parametrize(
    ("family", "code", "meaning", "words"),
    [
        (ErrorClass.APPLICATION_REFERENCE, 6, ApplicationReferenceError.DECIPHERING_ERROR, "deciphering-error"),
        (ErrorClass.HARDWARE_RESOURCE, 1, HardwareResourceError.MEMORY_UNAVAILABLE, "memory-unavailable"),
        (ErrorClass.VDE_STATE_ERROR, 1, VDEStateError.NO_DLMS_CONTEXT, "no-dlms-context"),
        (ErrorClass.SERVICE, 1, ServiceRefusal.PDU_SIZE, "pdu-size"),
        (ErrorClass.DEFINITION, 3, DefinitionRefusal.OBJECT_ATTRIBUTE_INCONSISTENT, "object-attribute-inconsistent"),
        (ErrorClass.ACCESS, 1, AccessRefusal.SCOPE_OF_ACCESS_VIOLATED, "scope-of-access-violated"),
        (ErrorClass.INITIATE, 3, InitiateError.PDU_SIZE_TOO_SHORT, "pdu-size-too-short"),
        (ErrorClass.LOAD_DATA_SET, 4, LoadDataSetError.NOT_AWAITED_SEGMENT, "not-awaited-segment"),
        (ErrorClass.TASK, 2, TaskError.TI_STOPPED, "ti-stopped"),
        (ErrorClass.OTHER, 0, OtherError.OTHER, "other"),
    ],
)
def test_codes_of_every_family_have_names(family, code, meaning, words):
    found = xdlms.decode(ConfirmedServiceError(ConfirmedService.READ, family, code).encode())
    assert (found.error, found.meaning) == (family, meaning)
    assert type(found.meaning) is type(meaning)
    assert (found.initiate_error is meaning) == (family is ErrorClass.INITIATE)
    assert str(found) == f"{family.name.lower().replace('_', '-')} {words}"


@pytest.mark.parametrize("family", [ErrorClass.CHANGE_SCOPE, ErrorClass.INITIATE])
def test_reserved_codes_stay_numbers(family):
    found = ConfirmedServiceError(ConfirmedService.INITIATE_ERROR, family, 77)
    assert found.meaning is None
    assert found.initiate_error is None
    assert str(found) == f"{family.name.lower().replace('_', '-')} 77"


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
