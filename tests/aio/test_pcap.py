"""A capture is what Wireshark takes: read back by tshark where it is here, and by the layouts of the RFCs."""

import io
import shutil
import struct
import subprocess

import pytest

from openami.aio.pcap import Capture, End, checksum

SENT, RECEIVED = bytes(range(256)) * 12, b"\x00\x01\x00\x01\x00\x10\x00\x03\xc4\x01\xc1"
TIME = 1_795_000_000.25


def capture(ours: str, theirs: str) -> bytes:
    file = io.BytesIO()
    talk = Capture(file).connection(End.of(ours, 50_000), End.of(theirs, 4059), lambda: TIME)
    talk.sent(SENT)
    talk.received(RECEIVED)
    talk.closed()
    return file.getvalue()


def packets(file: bytes) -> list[tuple[float, bytes]]:
    """The records of a pcap file, by its published layout."""
    magic, major, minor, _, _, _, link = struct.unpack_from("<IHHiIII", file)
    assert (magic, major, minor, link) == (0xA1B2C3D4, 2, 4, 101)
    found, offset = [], 24
    while offset < len(file):
        seconds, micros, kept, whole = struct.unpack_from("<IIII", file, offset)
        assert kept == whole
        found.append((seconds + micros / 1e6, file[offset + 16 : offset + 16 + kept]))
        offset += 16 + kept
    return found


def test_the_octets_are_there_in_their_order_and_the_checksums_are_right():
    streams = {50_000: b"", 4059: b""}
    expected = {}
    for at, packet in packets(capture("127.0.0.1", "127.16.0.1")):
        assert at == TIME
        assert packet[0] == 0x45
        assert checksum(packet[:20]) == 0
        segment = packet[20:]
        pseudo = packet[12:20] + struct.pack(">BBH", 0, 6, len(segment))
        assert checksum(pseudo + segment) == 0
        port, sequence = struct.unpack_from(">H", segment)[0], struct.unpack_from(">I", segment, 4)[0]
        assert expected.get(port, sequence) == sequence, "sequence numbers follow one another"
        expected[port] = sequence + len(segment) - 20 + bool(segment[13] & 0x03)
        streams[port] += segment[20:]
    assert streams == {50_000: SENT, 4059: RECEIVED}


def test_ipv6_and_what_is_no_address_at_all():
    for ours, theirs, version in (
        ("::1", "fe80::1%eth0", 6),
        ("localhost", "/dev/ttyUSB0", 4),
        ("127.0.0.1", "::1", 6),
    ):
        assert {packet[0] >> 4 for _, packet in packets(capture(ours, theirs))} == {version}


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not here")
def test_wireshark_follows_the_connection(tmp_path):
    file = tmp_path / "talk.pcap"
    file.write_bytes(capture("127.0.0.1", "127.16.0.1"))
    words = ["tshark", "-r", str(file), "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    seen = subprocess.run(
        [*words, "-T", "fields", "-e", "tcp.payload", "-e", "_ws.expert.message", "-e", "tcp.checksum.status"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    rows = [line.split("\t") for line in seen.splitlines()]
    assert "".join(payload for payload, _, _ in rows) == (SENT + RECEIVED).hex()
    assert {status for _, _, status in rows} == {"1"}, "every checksum is good"
    assert not [message for _, message, _ in rows if "lost" in message or "Bad" in message or "Dup" in message]
