"""SET: each form as an outside project has it or by hand from the ASN.1, and what is refused."""

import pytest

from dlms.xdlms.forms import check_each_cut, check_reads_and_writes, check_reads_no_other, check_refused, kinds
from openami.core.obis import OBIS
from openami.dlms import xdlms
from openami.dlms.xdlms import (
    AttributeDescriptor,
    DataAccessResult,
    DataBlock,
    EntryDescriptor,
    SetRequestFirstBlock,
    SetRequestFirstBlockWithList,
    SetRequestNormal,
    SetRequestWithBlock,
    SetRequestWithList,
    SetResponseDataBlock,
    SetResponseLastDataBlock,
    SetResponseLastDataBlockWithList,
    SetResponseNormal,
    SetResponseWithList,
)

ONE = AttributeDescriptor(1, OBIS.parse("1.0.0.3.0.255"), 2)
OTHER = AttributeDescriptor(1, OBIS.parse("0.0.8.0.0.255"), 2)
FIVE = EntryDescriptor(0, 5, 0, 0).encode()
OCTETS, NUMBER = bytes.fromhex("09050102030405"), bytes.fromhex("0500000045")
BLOCK = DataBlock(True, 1, bytes.fromhex("0102030405"))
RESULTS = (DataAccessResult.SUCCESS, DataAccessResult.HARDWARE_FAULT, DataAccessResult.OTHER_REASON)

DESCRIPTOR_ONE, DESCRIPTOR_OTHER = "0001 0100000300ff 02", "0001 0000080000ff 02"
SELECTION = "01 02 0204 0600000000 0600000005 120000 120000"
#: The octets are those of nyotiemon/gosem (MIT), pkg/dlms/setRequest_test.go and setResponse_test.go.
FORMS = {
    f"c10151 {DESCRIPTOR_ONE} 00 09050102030405": SetRequestNormal(0x51, ONE, None, OCTETS),
    f"c10151 {DESCRIPTOR_ONE} {SELECTION} 09050102030405": SetRequestNormal(0x51, ONE, FIVE, OCTETS),
    f"c10251 {DESCRIPTOR_ONE} 00 01 00000001 05 0102030405": SetRequestFirstBlock(0x51, ONE, None, BLOCK),
    f"c10251 {DESCRIPTOR_ONE} {SELECTION} 01 00000001 05 0102030405": SetRequestFirstBlock(0x51, ONE, FIVE, BLOCK),
    "c10351 01 00000001 05 0102030405": SetRequestWithBlock(0x51, BLOCK),
    f"c10445 02 {DESCRIPTOR_ONE} {SELECTION} {DESCRIPTOR_OTHER} {SELECTION} 02 09050102030405 0500000045": (
        SetRequestWithList(0x45, ((ONE, FIVE), (OTHER, FIVE)), (OCTETS, NUMBER))
    ),
    f"c10545 02 {DESCRIPTOR_ONE} {SELECTION} {DESCRIPTOR_OTHER} 00 01 00000001 05 0102030405": (
        SetRequestFirstBlockWithList(0x45, ((ONE, FIVE), (OTHER, None)), BLOCK)
    ),
    "c50151 00": SetResponseNormal(0x51, DataAccessResult.SUCCESS),
    "c50251 00000001": SetResponseDataBlock(0x51, 1),
    "c50351 00 00000001": SetResponseLastDataBlock(0x51, DataAccessResult.SUCCESS, 1),
    "c50451 03 0001fa 00000001": SetResponseLastDataBlockWithList(0x51, RESULTS, 1),
    "c50551 03 0001fa": SetResponseWithList(0x51, RESULTS),
}


@pytest.mark.parametrize(("octets", "apdu"), FORMS.items())
def test_each_form_reads_and_writes(octets, apdu):
    check_reads_and_writes(octets, apdu)


@pytest.mark.parametrize("octets", FORMS)
def test_each_cut_is_refused_or_ends_in_shorter_data(octets):
    check_each_cut(octets)


def test_the_last_block_may_be_said_by_ff():
    """So the outside project writes it: any octet but 0 is TRUE."""
    data = bytes.fromhex("c10351ff00000001050102030405")
    assert xdlms.decode(data) == SetRequestWithBlock(0x51, BLOCK)


def test_a_selection_ends_where_its_data_ends():
    """A value behind a selection that itself holds arrays and strings of any length."""
    selection = xdlms.Selection(1, bytes.fromhex("0203 0102 1101 1102 0900 04 0a ffc0"))
    apdu = SetRequestNormal(1, ONE, selection, b"\x00")
    assert xdlms.decode(apdu.encode()) == apdu


@pytest.mark.parametrize(
    ("octets", "offset", "said"),
    [
        (f"c10151 {DESCRIPTOR_ONE} 00", 13, "data is missing"),
        (f"c10151 {DESCRIPTOR_ONE} 01 02 00", 15, "data is missing"),
        (f"c10151 {DESCRIPTOR_ONE} 01 02 08", 14, "tag 8"),
        (f"c10251 {DESCRIPTOR_ONE} 00 01 00000001 05 01020304", 19, "expected"),
        (f"c10445 01 {DESCRIPTOR_ONE} 00 02 0500000045 00", 14, "2 values for 1 attributes"),
        ("c50151 05", 3, "DataAccessResult 5 is reserved"),
        ("c50151", 3, "missing"),
        ("c50551 03 0001", 6, "missing"),
    ],
)
def test_what_is_no_set_is_refused_with_its_place(octets, offset, said):
    check_refused(octets, offset, said)


@pytest.mark.parametrize("kind", kinds(FORMS))
def test_a_form_does_not_read_another(kind):
    check_reads_no_other(kind, FORMS)
