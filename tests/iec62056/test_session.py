"""Both ends against each other, on a wire that loses what is sent at the wrong speed."""

from typing import Any

import pytest

from openami.core.errors import LinkTimeout, LocalProtocolError, RemoteProtocolError, ServiceError
from openami.iec62056 import Client, Command, DataBlock, DataSet, Identification, Parity, Server, Start
from openami.iec62056.asking import HandedOver, LockedOut
from openami.iec62056.characters import EVEN
from openami.iec62056.readout import block
from openami.iec62056.told import Answered, Failed, Identified, Left, Opened, ReadOut, Speaking
from optical_pair import PASSWORD, SETS, Wire, setup


def plain(wire: Wire) -> list[tuple[str, bytes]]:
    """What went over the wire, without parity."""
    return [(who, bytes(octet & 0x7F for octet in octets)) for who, octets in wire.sent]


def programming(wire: Wire) -> Wire:
    """In the programming mode, password given."""
    wire.client.program(wire.now)
    wire.run(5.0)
    wire.client.login(PASSWORD, wire.now)
    wire.run(5.0)
    assert wire.learned[-1] == Answered()
    return wire


def test_a_readout() -> None:
    wire = Wire()
    wire.client.read_out(0.0)
    learned = wire.run()
    assert learned == [Identified(Identification("OAM", "5", "SIM-TEST", "2")), ReadOut(tuple(SETS)), Left()]
    assert [text for _, text in plain(wire)] == [
        b"/?!\r\n", b"/OAM5\\2SIM-TEST\r\n", b"\x06050\r\n",
        b"\x020.0.0(12345678)\r\n1.8.0(000123.456*kWh)\r\n0.9.1(12:34:56)\r\n!\r\n\x03z",
    ]  # fmt: skip
    assert all(octets == octets.translate(EVEN) for _, octets in wire.sent), "parity is even"
    assert wire.client.baud == wire.server.baud == 300


def test_the_meter_reacts_after_its_reaction_time() -> None:
    slow, quick = Wire(), Wire(given=setup(reaction_s=0.02))
    for wire, reaction_s in ((slow, 0.2), (quick, 0.02)):
        wire.client.read_out(0.0)
        wire.carry()
        assert not wire.server.outgoing()
        assert wire.server.deadline == pytest.approx(reaction_s)
        assert wire.run()[1] == ReadOut(tuple(SETS))
    assert quick.learned[0].identification.manufacturer == "OAm"


@pytest.mark.parametrize(
    ("proposed", "most", "agreed"), [(5, 115_200, 9_600), (9, 115_200, 115_200), (9, 4_800, 4_800)]
)
def test_the_speed_is_the_lower_of_both(proposed: int, most: int, agreed: int) -> None:
    wire = Wire(Client(most_baud=most), setup(proposed=proposed))
    wire.client.hand_over(0.0)
    assert wire.run()[-1] == Speaking(agreed)
    assert wire.told == [HandedOver(agreed)]
    assert wire.client.baud == wire.server.baud == agreed


def test_mode_e_with_and_without_confirmation() -> None:
    for confirms in (True, False):
        wire = Wire(given=setup(confirms=confirms))
        wire.client.hand_over(0.0)
        assert wire.run()[-1] == Speaking(9_600)
        assert [text for who, text in plain(wire) if who == "server"][1:] == [b"\x06252\r\n"] * confirms
        assert wire.server.receive(b"\x7e\xa0", wire.now) == [], "the port is HDLC's"
    assert wire.server.begin() == []
    assert wire.server.baud == 300


def test_a_meter_without_hdlc_says_so() -> None:
    wire = Wire(given=setup(has_hdlc=False))
    wire.client.hand_over(0.0)
    failed, left = wire.run()[1:]
    assert isinstance(failed.error, ServiceError)
    assert "offers no HDLC" in str(failed.error)
    assert left == Left()


def test_a_port_that_begins_with_hdlc() -> None:
    server = Server(lambda: setup(start=Start.HDLC, direct=9))
    assert server.begin() == [HandedOver(115_200)]
    assert server.receive(b"/?!\r\n", 0.0) == []


def test_another_address_stays_silent() -> None:
    wire = Wire(Client(address="13", retries=1))
    wire.client.read_out(0.0)
    [failed, left] = wire.run()
    assert isinstance(failed.error, LinkTimeout)
    assert left == Left()
    assert [who for who, _ in wire.sent] == ["client", "client"]
    own = Wire(Client(address="000012"))
    own.client.read_out(0.0)
    assert own.run()[1] == ReadOut(tuple(SETS))


def test_values_are_read_and_written_in_the_programming_mode() -> None:
    wire = Wire()
    wire.client.program(0.0)
    assert wire.run(5.0)[1:] == [Opened("0012")]
    wire.client.read("1.8.0", wire.now)
    assert wire.run(5.0)[-1] == Answered((SETS[1],))
    wire.client.write("0.9.1", "01:02:03", wire.now)
    refused = wire.run(5.0)[-1]
    assert isinstance(refused, Failed), "no password was given"
    assert "ERROR" in str(refused.error)
    wire.client.login(PASSWORD, wire.now)
    assert wire.run(5.0)[-1] == Answered()
    wire.client.write("0.9.1", "01:02:03", wire.now)
    assert wire.run(5.0)[-1] == Answered()
    assert wire.values["0.9.1"].value == "01:02:03"
    wire.client.read("9.9.9", wire.now)
    assert isinstance(wire.run(5.0)[-1], Failed)
    assert wire.client.leave(wire.now) == [Left()]
    wire.carry()
    assert wire.server.baud == 300
    assert plain(wire)[-1] == ("client", b"\x01B0\x03q")


def test_the_programming_mode_ends_after_a_silence() -> None:
    wire = programming(Wire())
    assert wire.server.baud == 9_600
    wire.run(61.0)
    assert wire.server.baud == 300
    wire.client.read("1.8.0", wire.now)
    assert isinstance(wire.run(20.0)[-2].error, LinkTimeout)


def test_wrong_passwords_lock_the_port_for_longer_each_time() -> None:
    wire = Wire()
    for seconds in (60.0, 120.0):
        wire.client.program(wire.now)
        wire.run(5.0)
        for _ in range(3):
            wire.client.login("00000000", wire.now)
            wire.run(5.0)
        assert wire.learned[-1] == Left()
        assert isinstance(wire.learned[-2], Failed)
        assert wire.told[-1] == LockedOut(pytest.approx(seconds, abs=1.0))
        wire.client.program(wire.now)
        wire.run(5.0)
        wire.client.login(PASSWORD, wire.now)
        assert isinstance(wire.run(5.0)[-1], Failed), "even the right one"
        wire.client.leave(wire.now)
        wire.carry()
        wire.now += seconds
    assert isinstance(programming(wire).learned[-1], Answered)


class Once:
    """Spoils one message that holds a sign."""

    def __init__(self, sign: bytes, times: int = 1, *, lost: bool = False) -> None:
        self.sign, self.times, self.lost = sign, times, lost

    def __call__(self, octets: bytes) -> bytes:
        if self.times and self.sign in bytes(octet & 0x7F for octet in octets):
            self.times -= 1
            return b"" if self.lost else octets[:-3] + bytes((octets[-3] ^ 1,)) + octets[-2:]
        return octets


@pytest.mark.parametrize("lost", [True, False])
@pytest.mark.parametrize(("way", "sign"), [("to_server", b"R1"), ("to_client", b"1.8.0")])
def test_a_spoilt_message_is_sent_again(way: str, sign: bytes, lost: bool) -> None:
    wire = programming(Wire())
    setattr(wire, way, Once(sign, lost=lost))
    wire.client.read("1.8.0", wire.now)
    assert wire.run(20.0)[-1] == Answered((SETS[1],))
    if not lost:
        assert {"to_server": "server", "to_client": "client"}[way] in {
            who for who, octets in plain(wire) if octets == b"\x15"
        }


def test_a_spoilt_readout_is_asked_for_again_and_given_up_in_the_end() -> None:
    for times, kind in ((1, ReadOut), (9, Failed)):
        wire = Wire(to_client=Once(b"1.8.0", times))
        wire.client.read_out(0.0)
        learned = wire.run(60.0)
        assert isinstance(learned[1], kind), learned
    assert isinstance(learned[1].error, RemoteProtocolError)


def test_without_an_acknowledgement_data_comes_at_the_first_speed() -> None:
    wire = Wire(to_server=Once(b"\x06", 1, lost=True))
    wire.client.read_out(0.0)
    wire.run(4.0)
    assert [octets[:1] for who, octets in plain(wire) if who == "server"] == [b"/", b"\x02"]
    assert wire.server.baud == 300


def test_a_speed_above_the_proposal_is_not_accepted() -> None:
    server = Server(lambda: setup(proposed=5))
    server.receive(b"/?!\r\n", 0.0)
    server.expire(0.2)
    assert server.outgoing() == [b"/OAM5\\2SIM-TEST\r\n"], "no parity was heard, so none is sent"
    assert len(server.receive(b"\x06060\r\n", 0.5)) == 1
    assert server.baud == 300


def test_a_peer_whose_port_reckons_parity_itself() -> None:
    wire = Wire(Client(parity=Parity.NONE))
    wire.client.read_out(0.0)
    assert wire.run()[1] == ReadOut(tuple(SETS))
    assert [octets for _, octets in wire.sent] == [octets for _, octets in plain(wire)]


def test_a_meter_that_sleeps_is_woken() -> None:
    wire = Wire(Client(wakes=True))
    wire.client.read_out(0.0)
    assert wire.run()[1] == ReadOut(tuple(SETS))
    assert wire.sent[0] == ("client", bytes(66)), "2.2 s of NUL at 300 baud"
    assert wire.now >= 3.8


def test_a_session_cannot_be_begun_twice_and_commands_have_their_place() -> None:
    client = Client()
    with pytest.raises(LocalProtocolError):
        client.read("1.8.0", 0.0)
    client.read_out(0.0)
    with pytest.raises(LocalProtocolError, match="in use"):
        client.program(0.0)


def test_partial_blocks_and_noise_whole_and_octet_by_octet() -> None:
    messages = [
        b"\x00\xff?/OAM5SIM\r\n",
        DataBlock(b"1.8.0(1*kWh)\r\n", is_last=False).encode(),
        b"\x7f" + DataBlock(b"2.8.0(2*kWh)\r\n!\r\n").encode(),
    ]
    for size in (1, 100):
        client = Client(parity=Parity.NONE)
        client.read_out(0.0)
        found: list[Any] = []
        for octets in messages:
            for place in range(0, len(octets), size):
                found += client.receive(octets[place : place + size], 0.0)
        assert found[1:] == [ReadOut((DataSet("1.8.0", "1", "kWh"), DataSet("2.8.0", "2", "kWh"))), Left()]
        assert client.outgoing() == [b"/?!\r\n", b"\x06050\r\n", b"\x06"]


def test_what_follows_an_answer_is_no_answer() -> None:
    """Found by fuzzing: octets behind the operand were waited for in the programming mode."""
    client = Client(parity=Parity.NONE)
    client.program(0.0)
    client.receive(b"/OAM5SIM\r\n", 0.0)
    assert client.receive(Command("P0", b"()").encode() + b"\x02more", 0.0) == [Opened("")]
    assert client.deadline is None


@pytest.mark.parametrize(("sign", "baud"), [("A", 600), ("E", 9_600), ("x", 300)])
def test_a_meter_that_reads_out_without_being_asked(sign: str, baud: int) -> None:
    client = Client(parity=Parity.NONE)
    client.read_out(0.0)
    client.receive(f"/KAM{sign}685-382\r\n".encode(), 0.0)
    assert client.baud == baud, "mode B changes its speed by itself, mode A does not"
    assert client.outgoing() == [b"/?!\r\n"], "nothing is selected"
    assert client.receive(DataBlock(block(SETS)).encode(), 1.0) == [ReadOut(tuple(SETS)), Left()]
    for verb in (client.program, client.hand_over):
        verb(2.0)
        _, failed, _ = client.receive(f"/KAM{sign}\\2685-382\r\n".encode(), 2.0)
        assert isinstance(failed, Failed)
        assert "only be read out" in str(failed.error)
