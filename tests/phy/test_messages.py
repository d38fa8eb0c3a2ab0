"""Messages: the outside's frames both ways, and every field there and back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError, EncodeError
from openami.phy.ert import IDM, KINDS, SCM, NetIDM, SCMPlus, decode, plain

u8, u16, u24, u32 = (st.integers(0, (1 << bits) - 1) for bits in (8, 16, 24, 32))
six, five = st.binary(min_size=6, max_size=6), st.binary(min_size=5, max_size=5)


def intervals(count: int, bits: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(st.integers(0, (1 << bits) - 1), min_size=count, max_size=count).map(tuple)


two, bit, nibble = st.integers(0, 3), st.integers(0, 1), st.integers(0, 15)
MESSAGES = st.one_of(
    st.builds(SCM, st.integers(0, (1 << 26) - 1), nibble, u24, two, two, bit),
    st.builds(SCMPlus, u8, u32, u32, u16),
    st.builds(IDM, u8, u8, u32, u8, u32, intervals(47, 9), u8, six, u16, six, u16, bit),
    st.builds(NetIDM, u8, u8, u32, u8, u24, u32, intervals(27, 14), u8, six, five, five, u16, st.integers(0, 63)),
)
NAMES = {
    "id": "endpoint_id",
    "ApplicationVersion": "application_version",
    "ERTSerialNumber": "serial_number",
    "ConsumptionIntervalCount": "consumption_interval_count",
    "ModuleProgrammingState": "module_programming_state",
    "TamperCounters": "tamper_counters",
    "AsynchronousCounters": "asynchronous_counters",
    "PowerOutageFlags": "power_outage_flags",
    "LastConsumptionCount": "last_consumption_count",
    "DifferentialConsumptionIntervals": "differential_consumption_intervals",
    "TransmitTimeOffset": "transmit_time_offset",
    "EndpointType": "endpoint_type",
    "EndpointID": "endpoint_id",
    "Consumption": "consumption",
    "Tamper": "tamper",
    "ert_type": "ert_type",
    "physical_tamper": "physical_tamper",
    "encoder_tamper": "encoder_tamper",
    "consumption": "consumption",
}
CHECKSUMS = {"MeterIdCRC": slice(88, 90), "PacketCRC": slice(-2, None), "crc": slice(-2, None)}


def test_frames_from_outside_read_and_write(shared):
    for frame in json.loads((shared / "vectors/ert.json").read_text(encoding="utf-8"))["frames"]:
        data = bytes.fromhex(frame["frame_hex"])
        message = decode(data)
        assert (message.KIND, message.encode()) == (frame["kind"], data)
        found = plain(message)
        for name, value in frame["fields"].items():
            if name in NAMES:
                assert found[NAMES[name]] == (value.removeprefix("0x").lower() if isinstance(value, str) else value)
            elif name in CHECKSUMS:
                assert int.from_bytes(data[CHECKSUMS[name]], "big") == value
            elif name == "ERTType":
                assert found["ert_type"] & 0xF == value & 0xF
            else:
                assert (name, value) == ("ProtocolID", data[2])


@given(MESSAGES)
def test_every_field_there_and_back(message):
    assert type(message).decode(message.encode()) == message


@given(st.binary(min_size=77, max_size=77), st.booleans())
def test_all_that_the_crc_covers_stands_in_a_field(body, net):
    whole = (NetIDM if net else IDM).decode(framed(body))
    assert whole.encode() == framed(body)


def framed(body: bytes) -> bytes:
    """A packet around octets 9 to 85 of a message."""
    from openami.phy.ert.idm import framed as packet

    return packet(b"\x04\x17" + body + b"\x00\x07", int.from_bytes(body[:4], "big"))


@given(MESSAGES, st.data())
def test_one_wrong_bit_is_noticed(message, data):
    octets = bytearray(message.encode())
    place = data.draw(st.integers(0, 8 * len(octets) - 1))
    octets[place // 8] ^= 0x80 >> place % 8
    with pytest.raises(DecodeError):
        type(message).decode(bytes(octets))


@given(st.binary(max_size=100))
def test_any_octets_give_a_message_or_one_error(data):
    for kind in KINDS.values():
        with pytest.raises(DecodeError):
            kind.decode(data)
    with pytest.raises(DecodeError):
        decode(data)


def test_types_of_net_meters():
    net = NetIDM(4, 0x18, 77, 1, 5, 6).encode()
    assert isinstance(decode(net), NetIDM)
    assert isinstance(decode(net, frozenset()), IDM)
    assert isinstance(decode(IDM(4, 0x17, 77, 1, 5).encode(), frozenset({7})), NetIDM)


@pytest.mark.parametrize(
    "message",
    [
        SCM(1 << 26, 7, 0),
        SCM(1, 16, 0),
        SCM(1, 7, -1),
        SCMPlus(256, 1, 1),
        SCMPlus(1, 1 << 32, 1),
        IDM(4, 23, 1, 5, 6, (512,) * 47),
        IDM(4, 23, 1, 5, 6, (0,) * 46),
        IDM(4, 23, 1, 5, 6, tamper_counters=bytes(5)),
        IDM(4, 23, 1, 256, 6),
        NetIDM(4, 24, 1, 5, 1 << 24, 6),
        NetIDM(4, 24, 1, 5, 6, 7, padding=64),
    ],
)
def test_fields_that_do_not_fit(message):
    with pytest.raises(EncodeError):
        message.encode()


def test_the_serial_number_has_a_checksum_of_its_own():
    from openami.phy.coding.crc import crc16_genibus

    data = bytearray(IDM(4, 23, 77, 1, 5).encode())
    data[88] ^= 1
    data[-2:] = crc16_genibus(bytes(data[4:-2])).to_bytes(2, "big")
    with pytest.raises(DecodeError, match="serial number"):
        IDM.decode(bytes(data))
