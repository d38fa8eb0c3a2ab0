"""Addresses: the octets other stacks send for them, broadcast and calling device, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import AmiError, DecodeError, EncodeError
from openami.dlms.hdlc import ServerAddress, decode_client, encode_client
from openami.dlms.hdlc.address import address_end

#: As in captured frames (vectors hdlc-snrm, hdlc-ui-kaifa-list1) and as gurux-dlms 1.0.203 sends them.
KNOWN = {
    "03": ServerAddress(1),
    "21": ServerAddress(16),
    "ff": ServerAddress(0x7F),
    "0223": ServerAddress(1, 17, 2),
    "0201": ServerAddress(1, 0, 2),
    "feff": ServerAddress(0x7F, 0x7F, 2),
    "02fd": ServerAddress(1, 0x7E, 2),
    "00020023": ServerAddress(1, 17, 4),
    "00024869": ServerAddress(1, 0x1234, 4),
    "fefefeff": ServerAddress(0x3FFF, 0x3FFF, 4),
    "0002fefd": ServerAddress(1, 0x3FFE, 4),
}

addresses = st.one_of(
    st.builds(ServerAddress, st.integers(0, 0x7F)),
    st.builds(ServerAddress, st.integers(0, 0x7F), st.integers(0, 0x7F), st.just(2)),
    st.builds(ServerAddress, st.integers(0, 0x3FFF), st.integers(0, 0x3FFF), st.just(4)),
)


@pytest.mark.parametrize("octets", sorted(KNOWN))
def test_server_addresses_read_and_write_as_others_do(octets):
    assert ServerAddress.decode(bytes.fromhex(octets)) == KNOWN[octets]
    assert KNOWN[octets].encode().hex() == octets


@given(addresses, st.binary(max_size=4))
def test_server_addresses_come_back(address, tail):
    octets = address.encode()
    assert ServerAddress.decode(octets) == address
    assert ServerAddress.parse(f"{address.upper}/{address.lower}/{address.length}") == address
    assert address_end(octets + tail, 0) == len(octets) == address.length


@given(addresses)
def test_the_text_of_an_address_names_it(address):
    if address.length != 4 or max(address.upper, address.lower) > 0x7F:
        assert ServerAddress.parse(str(address)) == address
    assert str(address).startswith(str(address.upper))


@given(st.binary(max_size=6))
def test_any_octets_are_an_address_or_are_refused(octets):
    try:
        assert ServerAddress.decode(octets).encode() == octets
    except DecodeError as error:
        assert error.offset == 0  # noqa: PT017 - the other half of the property


@pytest.mark.parametrize("octets", ["", "020203", "0202020203", "02", "0302", "02030203"])
def test_other_lengths_and_misplaced_ends_are_refused(octets):
    data = bytes.fromhex(octets)
    with pytest.raises(DecodeError, match="server address"):
        ServerAddress.decode(data)
    assert address_end(data, 0) != len(data) or not data


@pytest.mark.parametrize("facts", [(128,), (-1,), (1, 1), (1, 128, 2), (0x4000, 1, 4), (1, 1, 3), (1, 0, 5)])
def test_addresses_that_do_not_fit_are_refused(facts):
    with pytest.raises(EncodeError, match="address"):
        ServerAddress(*facts)


def test_the_shortest_form_is_taken_unless_another_is_named():
    assert ServerAddress.of(1) == ServerAddress(1, 0, 1) == ServerAddress.parse("1")
    assert ServerAddress.of(1, 17) == ServerAddress(1, 17, 2) == ServerAddress.parse("1/17")
    assert ServerAddress.of(1, 0x1234) == ServerAddress(1, 0x1234, 4) == ServerAddress.parse("1/0x1234")
    assert ServerAddress.parse("1/17/4") == ServerAddress(1, 17, 4)
    assert str(ServerAddress(1, 17, 4)) == "1/17/4"
    assert str(ServerAddress(1, 0x1234, 4)) == "1/4660"


@pytest.mark.parametrize("text", ["", "one", "1/2/3/4", "1/x", "1/17/3", "300"])
def test_text_that_is_no_address_is_refused(text):
    with pytest.raises(AmiError, match="address"):
        ServerAddress.parse(text)


def test_broadcast_and_calling_device():
    everybody = [
        ServerAddress(0x7F),
        ServerAddress(0x7F, 17, 2),
        ServerAddress(1, 0x7F, 2),
        ServerAddress(1, 0x3FFF, 4),
    ]
    assert all(address.is_broadcast for address in everybody)
    assert not any(address.is_broadcast for address in (ServerAddress(1), ServerAddress(1, 0x7F, 4)))
    assert ServerAddress(1, 0x7E, 2).is_calling
    assert ServerAddress(1, 0x3FFE, 4).is_calling
    assert not ServerAddress(0x7E).is_calling
    assert not ServerAddress(1, 0x7E, 4).is_calling


def test_an_address_in_another_length_means_the_same_station():
    assert ServerAddress(1, 17, 2).resized(4) == ServerAddress(1, 17, 4)
    assert ServerAddress(1, 17, 4).resized(2) == ServerAddress(1, 17, 2)
    assert ServerAddress(1, 17, 4).resized(1) == ServerAddress(1)
    assert ServerAddress(0x7F, 0x7E, 2).resized(4) == ServerAddress(0x3FFF, 0x3FFE, 4)
    with pytest.raises(EncodeError):
        ServerAddress(1, 200, 4).resized(2)
    with pytest.raises(EncodeError):
        ServerAddress(1).resized(3)


@given(st.integers(0, 0x7F))
def test_client_addresses_come_back(address):
    assert decode_client(encode_client(address)) == address


@pytest.mark.parametrize("octets", ["", "20", "0221"])
def test_a_client_address_has_one_octet(octets):
    with pytest.raises(DecodeError, match="client address"):
        decode_client(bytes.fromhex(octets))


@pytest.mark.parametrize("address", [-1, 128])
def test_a_client_address_that_does_not_fit_is_refused(address):
    with pytest.raises(EncodeError, match="client address"):
        encode_client(address)
