"""Control fields: the octets of ISO/IEC 13239, all 256 of them."""

import pytest

from openami.dlms.hdlc import CONTROLS, Kind, information, supervisory, unnumbered

KNOWN = {
    0x93: (Kind.SNRM, True), 0x83: (Kind.SNRM, False), 0x73: (Kind.UA, True), 0x53: (Kind.DISC, True),
    0x1F: (Kind.DM, True), 0x0F: (Kind.DM, False), 0x97: (Kind.FRMR, True),
    0x13: (Kind.UI, True), 0x03: (Kind.UI, False),
}  # fmt: skip


@pytest.mark.parametrize("octet", sorted(KNOWN))
def test_unnumbered_frames(octet):
    kind, poll = KNOWN[octet]
    assert CONTROLS[octet] == unnumbered(kind, poll=poll)
    assert (CONTROLS[octet].kind, CONTROLS[octet].is_poll, CONTROLS[octet].octet) == (kind, poll, octet)


def test_numbered_frames():
    assert CONTROLS[0x10] == information(0, 0, poll=True)
    assert CONTROLS[0x32] == information(1, 1, poll=True)
    assert CONTROLS[0xEC] == information(6, 7, poll=False)
    assert CONTROLS[0x31] == supervisory(Kind.RR, 1, poll=True)
    assert CONTROLS[0xE5] == supervisory(Kind.RNR, 7, poll=False)


def test_every_octet_is_one_control_field():
    for octet, control in enumerate(CONTROLS):
        assert control.octet == octet
        assert control.is_poll == bool(octet & 0x10)
        match control.kind:
            case Kind.I:
                assert information(control.send_number, control.receive_number, poll=control.is_poll) is control
            case Kind.RR | Kind.RNR:
                assert supervisory(control.kind, control.receive_number, poll=control.is_poll) is control
            case Kind.UNDEFINED:
                assert octet & 1
            case kind:
                assert unnumbered(kind, poll=control.is_poll) is control


def test_what_dlms_does_not_use_is_undefined():
    """REJ, SREJ, SABM, SARM, XID, TEST."""
    for octet in (0x09, 0x19, 0x0D, 0x2F, 0x0F | 0x80, 0xAF, 0xE3):
        assert CONTROLS[octet].kind is Kind.UNDEFINED


def test_a_control_field_says_what_it_is():
    assert str(information(2, 1, poll=True)) == "I N(S)=2 N(R)=1 P/F"
    assert str(supervisory(Kind.RR, 3, poll=False)) == "RR N(R)=3"
    assert str(unnumbered(Kind.SNRM)) == "SNRM P/F"
    assert str(CONTROLS[0x19]) == "undefined 19 P/F"
