"""ACCESS: the request of the book, each form by hand from the ASN.1, and what is refused."""

import pytest

from dlms.xdlms.forms import check_each_cut, check_reads_and_writes, check_reads_no_other, check_refused, kinds
from openami.core.obis import OBIS
from openami.dlms import xdlms
from openami.dlms.xdlms import (
    AccessAction,
    AccessGet,
    AccessRequest,
    AccessResponse,
    AccessResult,
    AccessService,
    AccessSet,
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    MethodDescriptor,
    Selection,
)

CLOCK = AttributeDescriptor(8, OBIS.parse("0.0.1.0.0.255"), 2)
PROFILE = AttributeDescriptor(7, OBIS.parse("1.0.99.1.0.255"), 2)
RESET = MethodDescriptor(3, OBIS.parse("1.0.1.8.0.255"), 1)
ENTRY = Selection(2, bytes.fromhex("020406000000010600000001120001120000"))

CLOCK_OCTETS, PROFILE_OCTETS, RESET_OCTETS = "0008 0000010000ff 02", "0007 0100630100ff 02", "0003 0100010800ff 01"
ENTRY_OCTETS = "02 0204 0600000001 0600000001 120001 120000"
#: By hand from the ASN.1; gurux-dlms 1.0.203 writes the second so and reads the values of the fourth.
FORMS = {
    f"d940000000 00 01 03 {RESET_OCTETS} 01 0f00": AccessRequest(0x40000000, b"", (AccessAction(RESET),), (b"\x0f\0",)),
    f"d9c0000001 00 01 01 {CLOCK_OCTETS} 01 00": AccessRequest(0xC0000001, b"", (AccessGet(CLOCK),), (b"\0",)),
    f"d97fffffff 0c07ea0b1405050000ffffc400 02 04 {PROFILE_OCTETS} {ENTRY_OCTETS} 05 {PROFILE_OCTETS} {ENTRY_OCTETS}"
    " 02 00 0100": AccessRequest(
        0x7FFFFFFF,
        bytes.fromhex("07ea0b1405050000ffffc400"),
        (AccessGet(PROFILE, ENTRY), AccessSet(PROFILE, ENTRY)),
        (b"\0", b"\1\0"),
    ),
    "dac0000001 00 00 02 0600000005 00 02 0100 0203": AccessResponse(
        0xC0000001,
        b"",
        (bytes.fromhex("0600000005"), b"\0"),
        (
            AccessResult(AccessService.GET, DataAccessResult.SUCCESS),
            AccessResult(AccessService.SET, DataAccessResult.READ_WRITE_DENIED),
        ),
    ),
    f"da50000001 00 01 01 03 {RESET_OCTETS} 01 00 01 030f": AccessResponse(
        0x50000001,
        b"",
        (b"\0",),
        (AccessResult(AccessService.ACTION, ActionResult.LONG_ACTION_ABORTED),),
        (AccessAction(RESET),),
    ),
}
FORMS = {octets.replace(" ", ""): apdu for octets, apdu in FORMS.items()}


def test_the_request_of_the_book(dlms_vectors):
    vector = dlms_vectors["access-request"]
    octets = bytes.fromhex(vector["hex"])
    found = AccessRequest.decode(octets)
    stated = vector["expected"]
    assert f"{found.long_invoke:08x}" == stated["long_invoke_id"]
    assert found.date_time.hex() == stated["date_time"]
    kinds_of = {AccessGet: "get", AccessSet: "set"}
    assert [
        {
            "type": kinds_of[type(specification)],
            "class_id": specification.attribute.class_id,
            "obis": str(specification.attribute.logical_name),
            "attribute": specification.attribute.attribute_id,
        }
        for specification in found.specifications
    ] == stated["requests"]
    assert [data[0] for data in found.data] == [0, 0, 1, 1]
    assert found.encode() == octets
    assert xdlms.decode(octets) == found


@pytest.mark.parametrize(("octets", "apdu"), FORMS.items())
def test_each_form_reads_and_writes(octets, apdu):
    check_reads_and_writes(octets, apdu)


@pytest.mark.parametrize("octets", FORMS)
def test_each_cut_is_refused(octets):
    check_each_cut(octets)


@pytest.mark.parametrize("kind", kinds(FORMS))
def test_reads_no_other(kind):
    check_reads_no_other(kind, FORMS)


@pytest.mark.parametrize(
    ("octets", "offset", "said"),
    [
        (f"d9c0000001 00 01 06 {CLOCK_OCTETS} 01 00", 7, "choice 6"),
        (f"d9c0000001 00 01 00 {CLOCK_OCTETS} 01 00", 7, "choice 0"),
        (f"d9c0000001 00 01 01 {CLOCK_OCTETS} 02 00 00", 17, "2 data for 1 specifications"),
        ("dac0000001 00 00 01 00 02 0100 0200", 9, "2 results for 1 data"),
        ("dac0000001 00 00 01 00 01 0400", 10, "AccessService 4"),
        ("dac0000001 00 00 01 00 01 0311", 11, "ActionResult 17"),
        ("dac0000001 00 00 01 00 01 0114", 11, "DataAccessResult 20"),
    ],
)
def test_what_is_no_access_is_refused_with_its_place(octets, offset, said):
    check_refused(octets.replace(" ", ""), offset, said)


@pytest.mark.parametrize("head", ["d9c000000100", "dac00000010000", "dac00000010001"])
def test_a_count_without_its_items_is_refused_at_once(head):
    check_refused(head + "84ffffffff", len(head) // 2 + 5, "missing|cut off")
