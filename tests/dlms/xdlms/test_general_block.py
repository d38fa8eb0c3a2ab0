"""General-block-transfer: the octets of a block, as gurux-dlms writes and reads them, and what is refused."""

import pytest

from dlms.xdlms.forms import check_each_cut, check_reads_and_writes, check_refused
from openami.core.errors import EncodeError
from openami.dlms.xdlms import GeneralBlockTransfer

#: The first two are how gurux-dlms 1.0.203 begins and ends a long write; it reads the others so.
FORMS = {
    "e00100010000 05 c101c10001": GeneralBlockTransfer(False, False, 1, 1, 0, bytes.fromhex("c101c10001")),
    "e08100040000 02 0000": GeneralBlockTransfer(True, False, 1, 4, 0, bytes(2)),
    "e043ffff0001 00": GeneralBlockTransfer(False, True, 3, 0xFFFF, 1),
    "e0bf0001ffff 8180" + "ff" * 128: GeneralBlockTransfer(True, False, 63, 1, 0xFFFF, b"\xff" * 128),
}
FORMS = {octets.replace(" ", ""): apdu for octets, apdu in FORMS.items()}


@pytest.mark.parametrize(("octets", "apdu"), FORMS.items())
def test_each_form_reads_and_writes(octets, apdu):
    check_reads_and_writes(octets, apdu)


@pytest.mark.parametrize("octets", FORMS)
def test_each_cut_is_refused(octets):
    check_each_cut(octets)


def test_another_tag_is_refused():
    with pytest.raises(Exception, match="expected e0"):
        GeneralBlockTransfer.decode(bytes.fromhex("c00100010000"))


def test_a_length_that_is_not_there_is_refused():
    check_refused("e00100010000" + "84ffffffff00", 11, "4294967295 octets expected")


@pytest.mark.parametrize("number", [-1, 0x10000])
def test_a_number_that_does_not_fit_is_refused(number):
    with pytest.raises(EncodeError):
        GeneralBlockTransfer(True, False, 1, number, 0).encode()
