"""Against an outside implementation: gurux-dlms as client on a line with our station, and as reader of our frames."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from openami.dlms.hdlc import (
    Frame,
    Kind,
    Parameters,
    PrimaryStation,
    SecondaryStation,
    ServerAddress,
    State,
    encode,
    encode_client,
    supervisory,
    unnumbered,
)

PEER = Path(__file__).parent / "gurux_hdlc.py"
#: Server as the peer names it, and as we do.
SERVERS = {
    (1,): ServerAddress(1),
    (1, 17): ServerAddress(1, 17, 2),
    (100, 16): ServerAddress(100, 16, 2),
    (1, 17, 4): ServerAddress(1, 17, 4),
    (1, 0x1234): ServerAddress(1, 0x1234, 4),
    (0x3F00, 0x3000): ServerAddress(0x3F00, 0x3000, 4),
}
SET_DONE, GET_HEAD = bytes.fromhex("c501c100"), bytes.fromhex("c401c100")
#: What the translator prints of a frame, in hexadecimal.
FACT = re.compile(r'<(FrameType|SourceAddress|TargetAddress) Value="(\w+)"')
#: The peer fails by itself on answers of several frames at once, so our window for them is 1.
WINDOWS = [Parameters(128, 128), Parameters(239, 1000, 1, 1), Parameters(64, 64, 1, 3)]


class Meter:
    """Enough of a server: associates, keeps what is written, gives it back."""

    def __init__(self, address: ServerAddress, parameters: Parameters, aare: bytes) -> None:
        self.station = SecondaryStation(address, parameters=parameters)
        self.aare = aare
        self.events: list[bytes | None] = []
        self.value = b""

    def turn(self, data: bytes) -> bytes:
        for client, apdu in self.station.receive(data, 0.0):
            self.events.append(apdu)
            if apdu is not None:
                self.station.send(client, self.answer(apdu), 0.0)
        return b"".join(self.station.outgoing())

    def answer(self, apdu: bytes) -> bytes:
        if apdu[0] == 0x60:
            return self.aare
        if apdu[0] == 0xC1:
            self.value = apdu[13:]
            return SET_DONE
        return GET_HEAD + self.value


def converse(meter: Meter, orders: dict) -> dict:
    """Let the peer speak with our meter over pipes."""
    command = [sys.executable, str(PEER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdin is not None
        assert peer.stdout is not None
        peer.stdin.write(json.dumps(orders) + "\n")
        peer.stdin.flush()
        for line in peer.stdout:
            if line.startswith("{"):
                return json.loads(line)
            peer.stdin.write(meter.turn(bytes.fromhex(line)).hex() + "\n")
            peer.stdin.flush()
    raise AssertionError("the peer gave up")


def ask_peer(orders: dict):
    done = subprocess.run(
        [sys.executable, str(PEER)], input=json.dumps(orders), capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("server", sorted(SERVERS))
@pytest.mark.interop("gurux-dlms: values in segments | HDLC")
def test_gurux_associates_writes_and_reads_in_segments(dlms_vectors, server):
    pytest.importorskip("gurux_dlms")
    meter = Meter(SERVERS[server], Parameters(100, 100), bytes.fromhex(dlms_vectors["aare-ok"]["hex"]))
    found = converse(meter, {"server": server, "limits": [128, 128, 1, 1], "size": 400})
    assert bytes.fromhex(found["value"]) == bytes(octet & 0xFF for octet in range(400))
    assert found["limits"] == [100, 100, 1, 1]
    assert meter.events[0][:1] == b"\x60"
    assert meter.events[-1] is None
    assert len(meter.events) == 4
    assert not meter.station.stream.noise
    assert not any(meter.station.stream.faults.values())


@pytest.mark.parametrize("parameters", WINDOWS, ids=str)
@pytest.mark.interop("gurux-dlms: lengths of frames and windows agreed on | HDLC")
def test_gurux_agrees_on_sizes_and_windows(dlms_vectors, parameters):
    pytest.importorskip("gurux_dlms")
    meter = Meter(ServerAddress.of(1, 17), parameters, bytes.fromhex(dlms_vectors["aare-ok"]["hex"]))
    found = converse(meter, {"server": (1, 17), "limits": [200, 300, 2, 2], "size": 300})
    assert bytes.fromhex(found["value"]) == bytes(octet & 0xFF for octet in range(300))
    offered = Parameters(200, 300, 2, 2)
    agreed = parameters.agree(offered)
    assert found["limits"] == [agreed.max_info_rx, agreed.max_info_tx, agreed.window_rx, agreed.window_tx]


@pytest.mark.interop("gurux-dlms: our frames taken apart | HDLC")
def test_gurux_reads_our_frames(dlms_vectors):
    pytest.importorskip("gurux_dlms")
    server, client = ServerAddress.of(1, 17), encode_client(16)
    primary = PrimaryStation(16, server, parameters=Parameters(200, 1000, 3, 5))
    primary.connect(0.0)
    frames = primary.outgoing()
    primary.receive(encode(client, server.encode(), unnumbered(Kind.UA)), 0.0)
    primary.send(bytes.fromhex(dlms_vectors["aarq-none"]["hex"]), 0.0)
    frames += primary.outgoing()
    frames.append(encode(server.encode(), client, supervisory(Kind.RR, 3, poll=True)))
    frames.append(encode(ServerAddress(1, 0x1234, 4).encode(), client, unnumbered(Kind.DISC)))
    texts = ask_peer({"frames": [frame.hex() for frame in frames]})
    values = [{key: int(value, 16) for key, value in FACT.findall(text)} for text in texts]
    assert [value["FrameType"] for value in values] == [Frame.decode(frame).control.octet for frame in frames]
    assert {value["SourceAddress"] for value in values} == {16}
    assert [value["TargetAddress"] for value in values] == [145, 145, 145, 21044]
    limits = dict(re.findall(r'<((?:Max|Window)\w+) Value="(\d+)"', texts[0]))
    assert limits == {"MaxInfoTX": "200", "MaxInfoRX": "1000", "WindowSizeTX": "3", "WindowSizeRX": "5"}
    assert "AssociationRequest" in texts[1]
    assert primary.state is State.CONNECTED
