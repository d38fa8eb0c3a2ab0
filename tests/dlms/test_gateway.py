"""Gateway header: as another stack writes it, both ends through it, and what is not for us."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import decoded_or_refused
from openami.core.errors import EncodeError, ServiceError
from openami.dlms.client import Notified
from openami.dlms.gateway import REQUEST, RESPONSE, ClientGateway, Header, ServerGateway
from openami.dlms.wrapper import ClientStream, ServerStream
from pair import CLOCK, CUTS, REGISTER, Pair, hls5, wrap

DEVICE = Header(1, bytes.fromhex("a1b2c3"))
GURUX = bytes.fromhex("0001001000010025e60103a1b2c3601da109060760857404080101be10040e01000000065f1f0400401e5dffff")
"""An AARQ of gurux-dlms 1.0.203 through a gateway: network 1, device A1B2C3."""


def through(header: Header = DEVICE, *, client_sap: int = 16, far: Header = DEVICE, **facts: object) -> Pair:
    return Pair(
        client_sap=client_sap,
        client={"link": ClientGateway(ClientStream(client_sap, 1), header)},
        server={"link": ServerGateway(ServerStream(1), far)},
        **facts,
    )


def test_the_header_as_another_stack_writes_it():
    header, start = Header.decode(GURUX[8:])
    assert (header, GURUX[8:][start]) == (DEVICE, 0x60)
    assert DEVICE.encode(REQUEST) == GURUX[8 : 8 + start]
    assert ServerGateway(ServerStream(1), DEVICE).receive(GURUX, 0.0) == [(16, GURUX[14:])]


@given(st.integers(0, 255), st.binary(max_size=255), st.sampled_from((REQUEST, RESPONSE)), st.binary(max_size=5))
def test_what_is_written_can_be_read(network, address, tag, apdu):
    header = Header(network, address)
    data = header.encode(tag) + apdu
    assert Header.decode(data) == (header, len(data) - len(apdu))


@given(st.binary(max_size=20))
def test_any_octets_are_a_header_or_one_error(data):
    decoded_or_refused(Header.decode, data)


@pytest.mark.parametrize(("network", "address"), [(-1, b""), (256, b""), (0, bytes(256))])
def test_what_the_header_cannot_hold(network, address):
    with pytest.raises(EncodeError, match=r"gateway|physical device address"):
        Header(network, address)


@pytest.mark.parametrize("cut", sorted(CUTS))
@pytest.mark.parametrize("client_sap", [1, 16])
def test_both_ends_through_a_gateway(cut, client_sap):
    pair = through(client_sap=client_sap, security=hls5() if client_sap == 1 else None, cut=cut).associate()
    assert pair.get(CLOCK, REGISTER)[1] == pair.store.values[REGISTER]
    assert all(data[8:14] == DEVICE.encode(REQUEST) for data in pair.sent[0])
    assert all(data[8:14] == DEVICE.encode(RESPONSE) for data in pair.sent[1])


@pytest.mark.parametrize(
    "other", [Header(2, DEVICE.address), Header(1, b"\xa1\xb2\xc4"), Header(1, b""), Header(1, DEVICE.address + b"\0")]
)
def test_another_device_neither_answers_nor_is_heard(other):
    pair = through(far=other)
    pair.client.associate(now=pair.now)
    assert pair.run() == []
    assert pair.sent[1] == []
    answer = wrap(other.encode(RESPONSE) + b"\x61\x00", 1, 16)
    assert pair.client.receive(answer, pair.now) == []


def test_what_the_gateway_itself_refuses_is_an_error_and_not_a_time_out():
    pair = through().associate()
    pair.client.get([(CLOCK, None)], now=pair.now)
    [failed] = pair.client.receive(wrap(b"\xd8\x01\x01", 1, 16), pair.now)
    assert isinstance(failed.error, ServiceError)


def test_a_push_through_a_gateway_has_the_header_of_a_response():
    link = ServerGateway(ServerStream(1), DEVICE)
    push = bytes.fromhex("0f00000001000600000005")
    link.notify(16, push, 0.0)
    [sent] = link.outgoing()
    assert sent == wrap(DEVICE.encode(RESPONSE) + push, 1, 16)
    pair = through().associate()
    assert pair.client.receive(sent, pair.now) == [Notified(push)]


@given(st.binary(max_size=40))
def test_any_apdu_is_understood_or_left_alone(apdu):
    assert through().client.receive(wrap(apdu, 1, 16), 0.0) == []
    heard = ServerGateway(ServerStream(1), DEVICE).receive(wrap(apdu, 16, 1), 0.0)
    assert [DEVICE.encode(REQUEST) + inside for _, inside in heard] in ([], [apdu])
