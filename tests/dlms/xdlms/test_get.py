"""GET: each form by hand from the ASN.1, the captured request, and what is refused."""

import pytest

from dlms.xdlms.forms import check_each_cut, check_reads_and_writes, check_reads_no_other, check_refused, kinds
from openami.core.errors import EncodeError
from openami.core.obis import OBIS
from openami.dlms import xdlms
from openami.dlms.xdlms import (
    AttributeDescriptor,
    CaptureObject,
    DataAccessResult,
    EntryDescriptor,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
    RangeDescriptor,
)

NAME = AttributeDescriptor(1, OBIS.parse("0.0.42.0.0.255"), 2)
BUFFER = AttributeDescriptor(7, OBIS.parse("1.0.99.1.0.255"), 2)
FIVE = EntryDescriptor(1, 5).encode()
#: Read alike by gurux-dlms 1.0.203, but for the selection inside the list, which it drops.
FORMS = {
    "c001c1 0001 00002a0000ff 02 00": GetRequestNormal(0xC1, NAME),
    "c001c1 0007 0100630100ff 02 01 02 0204 0600000001 0600000005 120001 120000": GetRequestNormal(0xC1, BUFFER, FIVE),
    "c002c1 00000002": GetRequestNext(0xC1, 2),
    "c003c1 02 0001 00002a0000ff 02 00 0007 0100630100ff 02 01 02 0204 0600000001 0600000005 120001 120000": (
        GetRequestWithList(0xC1, ((NAME, None), (BUFFER, FIVE)))
    ),
    "c401c1 00 120102": GetResponseNormal(0xC1, bytes.fromhex("120102")),
    "c401c1 01 04": GetResponseNormal(0xC1, DataAccessResult.OBJECT_UNDEFINED),
    "c402c1 00 00000001 00 020102": GetResponseWithDataBlock(0xC1, False, 1, b"\x01\x02"),
    "c402c1 01 00000002 01 13": GetResponseWithDataBlock(0xC1, True, 2, DataAccessResult.DATA_BLOCK_NUMBER_INVALID),
    "c403c1 03 00 120102 01 04 00 0203 1101 0100 090141": GetResponseWithList(
        0xC1, (b"\x12\x01\x02", DataAccessResult.OBJECT_UNDEFINED, bytes.fromhex("0203110101 00090141"))
    ),
}


@pytest.mark.parametrize(("octets", "apdu"), FORMS.items())
def test_each_form_reads_and_writes(octets, apdu):
    check_reads_and_writes(octets, apdu)


@pytest.mark.parametrize("octets", FORMS)
def test_each_cut_is_refused_or_ends_in_shorter_data(octets):
    check_each_cut(octets)


def test_the_captured_request_by_range_reads_and_writes(dlms_vectors):
    vector = dlms_vectors["get-request-range"]
    data, stated = bytes.fromhex(vector["hex"]), vector["expected"]
    found = xdlms.decode(data)
    assert isinstance(found, GetRequestNormal)
    assert found.invoke == int(stated["invoke_id"], 16)
    assert found.attribute == (stated["class_id"], OBIS.parse(stated["obis"]), stated["attribute"])
    restricting = stated["restricting"]
    assert RangeDescriptor.decode(found.selection) == RangeDescriptor(
        CaptureObject(
            restricting["class_id"],
            OBIS.parse(restricting["obis"]),
            restricting["attribute"],
            restricting["data_index"],
        ),
        bytes.fromhex("090c07e10a010700000000ffc480"),
        bytes.fromhex("090c07e10a010701000000ffc480"),
    )
    assert found.encode() == data


def test_a_boolean_is_true_whatever_its_octet():
    assert xdlms.decode(bytes.fromhex("c402c1ff00000001000101")) == GetResponseWithDataBlock(0xC1, True, 1, b"\x01")


@pytest.mark.parametrize(
    ("octets", "offset", "said"),
    [
        ("c001c1 0001 00002a0000ff 02", 12, "ends early"),
        ("c001c1 0001 00002a0000ff 02 01", 13, "data is missing"),
        ("c001c1 0001 00002a0000ff 02 01 02", 14, "data is missing"),
        ("c003c1 01 0001 00002a0000ff 02 01 02 08", 15, "tag 8"),
        ("c003c1 84ffffffff", 8, "expected"),
        ("c401c1 00", 4, "ends early"),
        ("c401c1 02 00", 3, "choice 2"),
        ("c401c1 01 05", 4, "DataAccessResult 5 is reserved"),
        ("c402c1 00 00000001 00 03 0102", 10, "expected"),
        ("c402c1 00 00000001 02 03", 8, "choice 2"),
        ("c403c1 02 00 120102", 8, "missing"),
        ("c403c1 01 00 1201", 7, "cut off"),
    ],
)
def test_what_is_no_get_is_refused_with_its_place(octets, offset, said):
    check_refused(octets, offset, said)


@pytest.mark.parametrize("kind", kinds(FORMS))
def test_a_form_does_not_read_another(kind):
    check_reads_no_other(kind, FORMS)


def test_numbers_that_do_not_fit_are_not_sent():
    for invoke, attribute in (
        (256, NAME),
        (1, NAME._replace(class_id=65536)),
        (1, NAME._replace(attribute_id=128)),
    ):
        with pytest.raises(EncodeError):
            GetRequestNormal(invoke, attribute).encode()
