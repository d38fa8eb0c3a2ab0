"""ACTION: each form as an outside project has it or by hand from the ASN.1, and what is refused."""

import pytest

from dlms.xdlms.forms import check_each_cut, check_reads_and_writes, check_reads_no_other, check_refused, kinds
from openami.core.obis import OBIS
from openami.dlms.xdlms import (
    ActionRequestFirstPblock,
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithList,
    ActionRequestWithListFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNextPblock,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResponseWithPblock,
    ActionResult,
    DataAccessResult,
    DataBlock,
    MethodDescriptor,
)

ONE = MethodDescriptor(1, OBIS.parse("1.0.0.3.0.255"), 2)
OTHER = MethodDescriptor(1, OBIS.parse("0.0.8.0.0.255"), 2)
OCTETS, NUMBER = bytes.fromhex("09050102030405"), bytes.fromhex("0500000045")
BLOCK = DataBlock(True, 1, bytes.fromhex("0102030405"))
DONE = ActionResult.SUCCESS

DESCRIPTOR_ONE, DESCRIPTOR_OTHER = "0001 0100000300ff 02", "0001 0000080000ff 02"
#: The octets are those of nyotiemon/gosem (MIT), pkg/dlms/actionRequest_test.go and actionResponse_test.go.
OUTSIDE = {
    f"c30151 {DESCRIPTOR_ONE} 01 09050102030405": ActionRequestNormal(0x51, ONE, OCTETS),
    f"c30151 {DESCRIPTOR_ONE} 00": ActionRequestNormal(0x51, ONE),
    "c30251 00000001": ActionRequestNextPblock(0x51, 1),
    f"c30351 02 {DESCRIPTOR_ONE} {DESCRIPTOR_OTHER} 02 09050102030405 0500000045": ActionRequestWithList(
        0x51, (ONE, OTHER), (OCTETS, NUMBER)
    ),
    f"c30451 {DESCRIPTOR_ONE} 01 00000001 05 0102030405": ActionRequestFirstPblock(0x51, ONE, BLOCK),
    f"c30551 02 {DESCRIPTOR_ONE} {DESCRIPTOR_OTHER} 01 00000001 05 0102030405": (
        ActionRequestWithListFirstPblock(0x51, (ONE, OTHER), BLOCK)
    ),
    "c30651 01 00000001 05 0102030405": ActionRequestWithPblock(0x51, BLOCK),
    "c70251 01 00000001 05 0102030405": ActionResponseWithPblock(0x51, BLOCK),
    "c70451 00000001": ActionResponseNextPblock(0x51, 1),
}
#: Read alike by gurux-dlms 1.0.203, but for the list, which it cannot read.
RESPONSES = {
    "c701c1 00 00": ActionResponseNormal(0xC1, DONE),
    "c701c1 00 01 00 0f00": ActionResponseNormal(0xC1, DONE, b"\x0f\x00"),
    "c701c1 00 01 01 fa": ActionResponseNormal(0xC1, DONE, DataAccessResult.OTHER_REASON),
    "c701c1 03 00": ActionResponseNormal(0xC1, ActionResult.READ_WRITE_DENIED),
    "c703c1 03 00 00 00 01 00 0500000045 03 01 01 03": ActionResponseWithList(
        0xC1,
        (
            (DONE, None),
            (DONE, NUMBER),
            (ActionResult.READ_WRITE_DENIED, DataAccessResult.READ_WRITE_DENIED),
        ),
    ),
}
FORMS = OUTSIDE | RESPONSES


@pytest.mark.parametrize(("octets", "apdu"), FORMS.items())
def test_each_form_reads_and_writes(octets, apdu):
    check_reads_and_writes(octets, apdu)


@pytest.mark.parametrize("octets", FORMS)
def test_each_cut_is_refused_or_ends_in_shorter_data(octets):
    check_each_cut(octets)


@pytest.mark.parametrize(
    ("octets", "offset", "said"),
    [
        (f"c30151 {DESCRIPTOR_ONE}", 12, "ends early"),
        (f"c30151 {DESCRIPTOR_ONE} 01", 13, "data is missing"),
        (f"c30351 01 {DESCRIPTOR_ONE} 00", 13, "0 parameters for 1 methods"),
        ("c701c1 05 00", 3, "ActionResult 5 is reserved"),
        ("c701c1 00", 4, "missing"),
        ("c701c1 00 01", 5, "missing"),
        ("c701c1 00 01 00", 6, "missing"),
        ("c701c1 00 01 07 00", 5, "choice 7"),
        ("c703c1 02 00 00", 6, "missing"),
    ],
)
def test_what_is_no_action_is_refused_with_its_place(octets, offset, said):
    check_refused(octets, offset, said)


@pytest.mark.parametrize("kind", kinds(FORMS))
def test_a_form_does_not_read_another(kind):
    check_reads_no_other(kind, FORMS)
