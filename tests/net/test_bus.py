"""The RS-485 bus and the relay, with real HDLC stations at both ends."""

import pytest

from openami.core.errors import DefinitionError, LinkTimeout
from openami.dlms.hdlc import PrimaryStation, SecondaryStation, ServerAddress
from openami.net.links import Bus, BusSettings, Relay


class House:
    """Meters on a bus behind a module, and clients who reach them through it."""

    def __init__(self, meters: int, settings: BusSettings | None = None) -> None:
        self.bus = Bus(settings or BusSettings())
        self.relay = Relay(self.bus)
        self.meters = {f"meter {n}": SecondaryStation(ServerAddress.of(1, 17 + n)) for n in range(meters)}
        for name in self.meters:
            self.bus.join(name)
        self.now = 0.0
        self.heard_by: dict[str, int] = dict.fromkeys(self.meters, 0)

    def run(self, *clients: PrimaryStation, until: float) -> list[bytes]:
        """Let time pass; what the clients have been answered."""
        answers: list[bytes] = []
        while self.now < until:
            for client in clients:
                client.expire(self.now)
                for frame in client.outgoing():
                    self.relay.receive(frame, self.now)
            self.bus.expire(self.now)
            for heard in self.bus.outgoing():
                self.relay.hear(heard, self.now)
                self.meter(heard.station, heard.data)
            self.relay.expire(self.now)
            for frame in self.relay.outgoing():
                for client in clients:
                    answers += client.receive(frame, self.now)
            self.now += 0.001
        return answers

    def meter(self, name: str, data: bytes) -> None:
        """A meter hears; if it is meant it answers by its own name."""
        station = self.meters.get(name)
        if station is None:
            return
        self.heard_by[name] += 1
        for client, apdu in station.receive(data, self.now):
            if apdu:
                station.send(client, name.encode() + b" " + apdu, self.now)
        for frame in station.outgoing():
            self.bus.say(name, frame, self.now)


def client(meter: int, sap: int = 16) -> PrimaryStation:
    return PrimaryStation(sap, ServerAddress.of(1, 17 + meter), response_timeout_s=3.0)


@pytest.mark.feature("CM1-11")
def test_a_meter_answers_through_the_module() -> None:
    house, head_end = House(1), client(0)
    head_end.connect(house.now)
    head_end.send(b"\xe6\xe6\x00hello"[3:], house.now)
    assert house.run(head_end, until=3) == [b"meter 0 hello"]


@pytest.mark.feature("CM1-12")
def test_the_hdlc_address_says_which_meter_of_the_bus_is_meant() -> None:
    house = House(31)
    clients = [client(0), client(7, 17), client(30, 18)]
    for each in clients:
        each.connect(0.0)
        each.send(b"who?", 0.0)
    assert sorted(house.run(*clients, until=8)) == [b"meter 0 who?", b"meter 30 who?", b"meter 7 who?"]
    assert house.bus.collisions == 0
    assert {address for address, frames in house.relay.carried.items() if frames} == {
        ServerAddress.of(1, 17 + n).encode() for n in (0, 7, 30)
    }
    with pytest.raises(DefinitionError, match="room for 31 meters"):
        house.bus.join("one too many")


def give_up(station: PrimaryStation, now: float) -> None:
    """Let time pass without an answer."""
    for later in range(60):
        station.expire(now + later)
        station.outgoing()


def test_a_meter_that_is_not_there_does_not_hold_up_the_others() -> None:
    house, nobody, somebody = House(1), client(5), client(0, 17)
    nobody.connect(0.0)
    house.run(nobody, until=0.1)
    somebody.connect(house.now)
    somebody.send(b"still there?", house.now)
    assert house.run(somebody, until=6) == [b"meter 0 still there?"]
    assert house.relay.given_up == 1
    with pytest.raises(LinkTimeout):
        give_up(nobody, house.now)


def test_an_adapter_that_echoes_changes_nothing() -> None:
    house, head_end = House(2, BusSettings(has_echo=True)), client(1)
    head_end.connect(0.0)
    head_end.send(b"x", 0.0)
    assert house.run(head_end, until=3) == [b"meter 1 x"]


def test_octets_take_ten_bits_and_a_turn_takes_time() -> None:
    bus = Bus(BusSettings(baud=9_600, turn_around_s=0.01))
    bus.join("a")
    bus.join("b")
    bus.say("a", bytes(96), 0.0)
    assert bus.deadline == pytest.approx(0.1)
    bus.expire(0.1)
    assert [(h.station, len(h.data)) for h in bus.outgoing()] == [("b", 96)]
    bus.say("b", bytes(96), 0.1)
    assert bus.deadline == pytest.approx(0.1 + 0.01 + 0.1)


def test_two_that_speak_at_once_spoil_each_others_octets() -> None:
    bus = Bus()
    for name in "abc":
        bus.join(name)
    bus.say("a", b"hello", 0.0)
    bus.say("b", b"world", 0.001)
    bus.expire(1.0)
    heard = [h.data for h in bus.outgoing() if h.station == "c"]
    assert bus.collisions == 1
    assert b"hello" not in heard
    assert b"world" not in heard


@pytest.mark.feature("CM1-18", "AD13A-97")
def test_the_meter_supplies_the_module_by_twelve_volts() -> None:
    bus = Bus()
    Relay(bus, draws_w=2.0)
    assert bus.volts == 12.0
    Relay(bus, "another", draws_w=2.0)
    assert bus.volts == 0.0, "more than the supply can bear"
    bus.leave("another")
    assert bus.volts == 12.0
    bus.has_supply = False
    assert bus.volts == 0.0
