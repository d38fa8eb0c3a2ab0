"""Read, write and report by short names: each form by hand from the ASN.1, and what is refused."""

import pytest

from dlms.xdlms.forms import check_each_cut, check_reads_and_writes, check_reads_no_other, check_refused, kinds
from openami.dlms import xdlms
from openami.dlms.xdlms import Conformance, DataAccessResult
from openami.dlms.xdlms.short import (
    BlockNumber,
    BlockNumberAccess,
    DataBlockResult,
    InformationReportRequest,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    VariableName,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
    by_short_names,
)

NUMBER, OCTETS = bytes.fromhex("0600000005"), bytes.fromhex("0903010203")
ENTRIES = bytes.fromhex("0204 0600000001 0600000005 120001 120000")
DENIED, UNDEFINED = DataAccessResult.READ_WRITE_DENIED, DataAccessResult.OBJECT_UNDEFINED
VALUE = VariableName(0x1008)
#: What gurux-dlms 1.0.203 sends: tests/interop/test_opinions.py has it do so again.
SENT = {
    "05 01 02fa08": ReadRequest((VariableName(0xFA08),)),
    "05 01 042008 02 0204 0600000001 0600000005 120001 120000": ReadRequest((ParameterizedAccess(0x2008, 2, ENTRIES),)),
    "06 01 021008 01 0600000005": WriteRequest((VALUE,), (NUMBER,)),
    "18 00 01 021008 01 0600000005": InformationReportRequest((VALUE,), (NUMBER,)),
}
#: What gurux-dlms 1.0.203 reads alike.
READ = {
    "05 02 021008 021010": ReadRequest((VALUE, VariableName(0x1010))),
    "05 01 050001": ReadRequest((BlockNumberAccess(1),)),
    "0c 01 00 0600000005": ReadResponse((NUMBER,)),
    "0c 01 01 04": ReadResponse((UNDEFINED,)),
    "0c 02 00 0600000005 01 04": ReadResponse((NUMBER, UNDEFINED)),
    "06 01 07 00 0001 01 0903010203": WriteRequest((WriteDataBlockAccess(False, 1),), (OCTETS,)),
    "0d 01 00": WriteResponse((DataAccessResult.SUCCESS,)),
    "0d 02 00 01 03": WriteResponse((DataAccessResult.SUCCESS, DENIED)),
}
#: By hand from the ASN.1; the peer has them by halves or not at all.
BY_HAND = {
    "05 00": ReadRequest(()),
    "05 01 06 01 0001 03 010203": ReadRequest((ReadDataBlockAccess(True, 1, b"\1\2\3"),)),
    "0c 01 02 00 0001 03 010203": ReadResponse((DataBlockResult(False, 1, b"\1\2\3"),)),
    "0c 01 03 0001": ReadResponse((BlockNumber(1),)),
    "06 01 041008 02 1100 01 0600000005": WriteRequest((ParameterizedAccess(0x1008, 2, b"\x11\0"),), (NUMBER,)),
    "0d 01 02 0001": WriteResponse((BlockNumber(1),)),
    "16 01 021008 01 0600000005": UnconfirmedWriteRequest((VALUE,), (NUMBER,)),
    "18 01 0f 32303236313132303038303030305a 01 021008 01 0600000005": InformationReportRequest(
        (VALUE,), (NUMBER,), b"20261120080000Z"
    ),
}
FORMS = SENT | READ | BY_HAND


@pytest.mark.parametrize(("octets", "apdu"), FORMS.items())
def test_each_form_reads_and_writes(octets, apdu):
    check_reads_and_writes(octets, apdu)


@pytest.mark.parametrize("octets", FORMS)
def test_each_cut_is_refused_or_ends_in_shorter_data(octets):
    check_each_cut(octets)


@pytest.mark.parametrize("kind", kinds(FORMS))
def test_a_form_does_not_read_another(kind):
    check_reads_no_other(kind, FORMS)


@pytest.mark.parametrize(
    ("octets", "offset", "said"),
    [
        ("05", 1, "length is missing"),
        ("05 01 031008", 2, "variable-access-specification 3 is unknown"),
        ("05 01 0210", 3, "2 octets expected"),
        ("05 01 041008 02", 6, "cut off"),
        ("0c 01 00", 3, "data is missing"),
        ("0c 01 04 00", 2, "choice 4 of the result"),
        ("0c 01 01 05", 3, "DataAccessResult 5 is reserved"),
        ("0d 01 03", 2, "choice 3 of the result"),
        ("06 01 021008 00", 5, "0 values for 1 variables"),
        ("06 00 01 00", 2, "1 values for 0 variables"),
        ("18 00 01 021008 00", 6, "0 values for 1 variables"),
    ],
)
def test_what_is_no_service_of_short_names_is_refused_with_its_place(octets, offset, said):
    check_refused(octets, offset, said)


@pytest.mark.parametrize("head", ["05", "0600", "0c", "0d", "1600", "180000"])
def test_a_count_without_its_items_is_refused_at_once(head):
    check_refused(head + "84ffffffff", 5 + len(head) // 2, "missing|cut off")


def test_a_time_without_the_octet_that_says_it_is_there_is_read():
    octets = bytes.fromhex("18 0c 07ea0b140508000000000000 01 021008 01 0600000005")
    assert xdlms.decode(octets) == InformationReportRequest((VALUE,), (NUMBER,), octets[2:14])


def test_services_by_logical_names_are_said_by_those_of_short_names():
    some = Conformance.GET | Conformance.SELECTIVE_ACCESS | Conformance.MULTIPLE_REFERENCES | Conformance.ACCESS
    read = Conformance.READ | Conformance.PARAMETERIZED_ACCESS
    assert by_short_names(some) == read | Conformance.MULTIPLE_REFERENCES
    assert by_short_names(read) == read
    assert by_short_names(Conformance.ACTION) == read | Conformance.WRITE
    assert by_short_names(Conformance.SET) == Conformance.WRITE | Conformance.UNCONFIRMED_WRITE
    assert by_short_names(xdlms.DEFAULT_CONFORMANCE) & Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
