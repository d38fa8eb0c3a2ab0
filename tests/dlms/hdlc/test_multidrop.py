"""One RS-485 line: three meters and two clients, every octet heard by all, the sender's adapter echoing or not."""

import pytest

from hdlc_line import Bus
from openami.dlms.hdlc import Frame, Kind, Mode, Parameters, PrimaryStation, SecondaryStation, ServerAddress

LARGE = Parameters(60, 60, 3, 3)


def line(addresses, echo):
    meters = [SecondaryStation(address, parameters=LARGE, has_echo=echo) for address in addresses]
    clients = [
        PrimaryStation(client, address, parameters=LARGE, has_echo=echo) for client in (16, 1) for address in addresses
    ]
    return meters, clients, Bus(*meters, *clients, echo=echo)


def answer(listener: int, apdu: bytes) -> bytes:
    return bytes((listener,)) + apdu[::-1]


ADDRESSES = {
    1: [ServerAddress(number) for number in (2, 3, 4)],
    2: [ServerAddress(1, number, 2) for number in (16, 17, 18)],
    4: [ServerAddress(1, number, 4) for number in (0x1234, 0x1235, 0x0134)],
}


@pytest.mark.parametrize("echo", [False, True])
@pytest.mark.parametrize("length", sorted(ADDRESSES))
def test_each_client_is_answered_by_its_meter_alone(length, echo):
    meters, clients, bus = line(ADDRESSES[length], echo)
    for client in clients:
        client.connect(0.0)
        bus.run(0.0, answer)
        assert client.is_connected
    for index, client in enumerate(clients):
        client.send(bytes((index,)) * 250, 1.0)
        bus.run(1.0, answer)
    for index in range(len(clients)):
        asked = bytes((index,)) * 250
        assert bus.heard[3 + index] == [bytes((index % 3,)) + asked]
        assert [event for event in bus.heard[index % 3] if event[1] == asked] == [(16 if index < 3 else 1, asked)]
    for client in clients[:3]:
        client.disconnect(2.0)
        bus.run(2.0, answer)
        assert not client.is_connected
    assert all(meter.mode(16) is Mode.NDM and meter.mode(1) is Mode.NRM for meter in meters)


@pytest.mark.parametrize("echo", [False, True])
def test_clients_that_speak_at_the_same_time_do_not_disturb_one_another(echo):
    """Behind a converter that queues what clients send; u9n/dlms-cosem 95."""
    _, clients, bus = line(ADDRESSES[2], echo)
    for client in clients:
        client.connect(0.0)
        client.send(bytes(200), 0.0)
    bus.run(0.0, answer)
    assert all(len(bus.heard[3 + index]) == 1 for index in range(len(clients)))
    kinds = {Frame.decode(data).control.kind for _, data in bus.traffic}
    assert kinds == {Kind.SNRM, Kind.UA, Kind.I, Kind.RR}


def test_nobody_but_the_meter_meant_ever_speaks():
    meters, clients, bus = line(ADDRESSES[2], echo=False)
    clients[1].connect(0.0)
    clients[1].send(bytes(100), 0.0)
    bus.run(0.0, answer)
    assert {index for index, _ in bus.traffic} == {1, 4}
    assert all(not meter._connections for meter in (meters[0], meters[2]))


def test_a_client_that_does_not_reach_its_meter_hears_nothing_from_others():
    meters, _, _ = line(ADDRESSES[2], echo=False)
    stranger = PrimaryStation(16, ServerAddress(1, 17, 4), response_timeout_s=1.0)
    bus = Bus(*meters, stranger)
    stranger.connect(0.0)
    bus.run(0.0, answer)
    assert not stranger.is_connected
    assert len(bus.traffic) == 1
