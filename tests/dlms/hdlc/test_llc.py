"""The LLC header: both directions, and pushes without one."""

from openami.dlms.hdlc import llc


def test_the_header_is_taken_off_where_it_is():
    assert llc.strip(bytes.fromhex("e6e600c001")) == llc.strip(bytes.fromhex("e6e700c001")) == b"\xc0\x01"
    assert llc.strip(bytes.fromhex("e0400002")) == bytes.fromhex("e0400002")
    assert llc.has_header(llc.COMMAND)
    assert llc.has_header(llc.RESPONSE)
    assert not llc.has_header(b"\xe6\xe6")
    assert not llc.has_header(bytes.fromhex("e6000102")), "a gateway header is none"
