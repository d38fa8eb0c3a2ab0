"""What passes, written down: on every transport, ciphered APDUs in clear, secrets never; and what Wireshark reads."""

import contextlib
import io
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cable import Cable
from openami import Clock, PcapTrace, Register, Security, TextTrace, connect
from openami.aio.bus import HdlcListener, SerialListener, Station
from openami.aio.client import Connecting
from openami.aio.pump import Direction
from openami.aio.route import Device, parse
from openami.aio.trace import Frames, Traces, Wrapped
from openami.aio.udp import DatagramListener
from openami.aio.words import Words
from openami.core.errors import AssociationError
from openami.dlms.acse import AARE, AARQ, Mechanism
from openami.dlms.client.session import Session
from openami.dlms.hdlc import Kind, ServerAddress, encode, encode_client, information, unnumbered
from openami.dlms.security import Policy
from openami.dlms.server import Association
from openami.dlms.xdlms import ActionRequestNormal, ActionResponseNormal
from pair import AK, CLIENT_TITLE, EK, PASSWORD
from secured import SECRET, Way
from small_meter import CLOCK, ENERGY, HLS5, HLS5_ASSOCIATION, SmallMeter, at_work, url_of

OWN = ServerAddress.of(1, 17)
TSHARK = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not here")


async def lines(connecting: Connecting, file: io.StringIO) -> list[str]:
    """What is written of reading a register."""
    async with connecting as meter:
        await (meter.clock() if connecting.client == 16 else meter.get(Register.value, ENERGY))
    return file.getvalue().splitlines()


async def of_small(security: Security, client: int, *associations: Association, **options: Any) -> str:
    """What is written of a session with the small meter."""
    file = io.StringIO()
    async with at_work(SmallMeter(associations or (HLS5_ASSOCIATION, Association(16)))) as listener:
        connecting = connect(url_of(listener), security=security, client=client, trace=TextTrace(file), **options)
        return "\n".join(await lines(connecting, file))


async def test_a_session_in_words() -> None:
    file = io.StringIO()
    async with at_work(SmallMeter()) as listener:
        url = url_of(listener)
        async with connect(url, client=16, trace=TextTrace(file)) as meter:
            await meter.get(Clock.time, CLOCK)
    said = [re.sub(r"^\d\d:\d\d:\d\d\.\d{3}Z ", "", line) for line in file.getvalue().splitlines()]
    assert said[0].startswith(f"connected to {url.removeprefix('tcp://')} from 127.0.0.1:")
    assert [line[:40] for line in said[1:]] == [
        "→ wrapper 16 to 1, 31 octets: AARQ conte",
        "← wrapper 1 to 16, 43 octets: AARE accep",
        "→ wrapper 16 to 1, 13 octets: get-reques",
        "← wrapper 1 to 16, 18 octets: get-respon",
        "→ wrapper 16 to 1, 5 octets: RLRQ normal",
        "← wrapper 1 to 16, 5 octets: RLRE normal",
        "disconnected",
    ]
    assert said[3].endswith("get-request-normal c1 Clock 0.0.1.0.0.255 time")


async def test_ciphered_apdus_stand_in_clear_below_their_frames() -> None:
    said = await of_small(HLS5, 1)
    assert said.count("connected to") == 2 + said.count("disconnected") - 2
    found = said[said.index("mechanism 5") :].splitlines()
    order = [
        re.sub(r"^\S+ (.).*?(glo-[a-z-]+|in clear: [a-z-]+|AARQ|AARE|RLRQ|RLRE).*", r"\1 \2", line) for line in found
    ]
    assert order[1:13] == [
        "→ in clear: initiate-request",
        "← AARE",
        "← in clear: initiate-response",
        "→ glo-action-request",
        "→ in clear: action-request-normal",
        "← glo-action-response",
        "← in clear: action-response-normal",
        "→ glo-get-request",
        "→ in clear: get-request-normal",
        "← glo-get-response",
        "← in clear: get-response-normal",
        "→ RLRQ",
    ]
    assert re.search(r"glo-get-request SC 30 IC \d+ <30 octets>", said)
    assert "in clear: get-request-normal c2 Register 1.0.1.8.0.255 value" in said
    assert "in clear: get-response-normal c2 12345" in said


class Recorder:
    """Keeps what passes."""

    def __init__(self) -> None:
        self.passed: list[tuple[Direction, bytes]] = []

    def follow(self, place: object) -> "Recorder":
        return self

    def octets(self, direction: Direction, at: float, data: bytes) -> None:
        self.passed.append((direction, data))

    def opened(self, transport: object) -> None: ...

    def plain(self, is_sent: bool, apdu: bytes) -> None: ...

    def closed(self) -> None: ...


def proofs(recorder: Recorder) -> list[bytes]:
    """Challenges of both ends, and what both answered, of an association in clear."""
    aarq, aare, ask, answer = (data[8:] for _, data in recorder.passed[:4])
    asked, told = ActionRequestNormal.decode(ask), ActionResponseNormal.decode(answer)
    challenges = AARQ.decode(aarq).calling_authentication_value, AARE.decode(aare).responding_authentication_value
    return [octets for octets in (*challenges, asked.parameters, told.data) if isinstance(octets, bytes)]


@pytest.mark.parametrize("way", [Way(mechanism, policy=Policy.NONE) for mechanism in (2, 3, 4, 5, 6)], ids=str)
async def test_no_challenge_and_no_reply_is_written(way: Way) -> None:
    file, recorder = io.StringIO(), Recorder()
    async with at_work(SmallMeter((way.association(),))) as listener:
        await connect(url_of(listener), security=way.security(), trace=Traces(TextTrace(file), recorder))
    said = file.getvalue()
    assert "AssociationLN 0.0.40.0.0.255 reply_to_hls_authentication <" in said
    secrets = [*proofs(recorder), SECRET]
    assert len(secrets) == 5
    for secret in secrets:
        assert secret.hex() not in said.replace(" ", "")
        assert secret[2:10].hex() not in said.replace(" ", "")
        assert secret.decode("latin1") not in said


async def test_no_password_is_written() -> None:
    said = await of_small(Security.lls(PASSWORD), 2, Association(2, Mechanism.LOW, secret=PASSWORD))
    assert "mechanism 1 low secret <8 octets>" in said
    assert PASSWORD.decode() not in said
    assert PASSWORD.hex() not in said.replace(" ", "")


async def test_no_key_is_written() -> None:
    dedicated = bytes(range(0x41, 0x51))
    keys = {"encryption_key": EK, "authentication_key": AK, "client_title": CLIENT_TITLE}
    said = await of_small(Security.hls5(**keys, dedicated_key=dedicated), 1)
    assert "ded-get-request" in said
    for secret in (dedicated, EK, AK):
        assert secret.hex() not in said.replace(" ", "")
        assert secret.decode("latin1") not in said


# Other transports


@contextlib.asynccontextmanager
async def over(scheme: str) -> AsyncIterator[str]:
    """The small meter behind a transport."""
    station = Station("me", OWN)
    if scheme == "tcp":
        async with at_work(SmallMeter()) as listener:
            yield url_of(listener)
    elif scheme == "udp":
        async with DatagramListener(SmallMeter(), port=0, host="127.0.0.1", stand_ins=["me"]) as datagrams:
            yield f"udp://{datagrams.addresses[0]}"
    elif scheme == "hdlc":
        async with HdlcListener(SmallMeter(), [station], port=0) as line:
            yield f"hdlc://{line.address}?server=1/17"
    else:
        async with Cable() as cable, SerialListener(SmallMeter(), [station], Device(cable.server)):
            yield f"serial://{cable.client}?server=1/17"


@pytest.mark.parametrize("scheme", ["udp", "hdlc", "serial"])
async def test_every_transport(scheme: str) -> None:
    file = io.StringIO()
    async with over(scheme) as url:
        said = await lines(connect(url, security=HLS5, trace=TextTrace(file)), file)
    text = "\n".join(said)
    assert "in clear: get-request-normal c2 Register 1.0.1.8.0.255 value" in text
    assert "in clear: get-response-normal c2 12345" in text
    if scheme != "udp":
        assert "→ HDLC 1 to 1/17 SNRM P/F\n" in text
        assert "← HDLC 1/17 to 1 UA P/F\n" in text
        assert re.search(r"→ HDLC 1 to 1/17 I N\(S\)=\d N\(R\)=\d P/F, \d+ octets: glo-get-request SC 30", text)
        assert "DISC" in text


async def test_segments_are_put_together() -> None:
    file = io.StringIO()
    async with over("hdlc") as url, connect(url, security=HLS5, trace=TextTrace(file)) as meter:
        await meter.entries("1.0.99.1.0.255")
    text = file.getvalue()
    assert "segmented, 128 octets\n" in text
    assert "in clear: get-response-normal c4 [[07 ea" in text
    assert "cannot be read" not in text


async def test_a_refusal_is_written_too() -> None:
    file = io.StringIO()
    async with at_work(SmallMeter()) as listener:
        with pytest.raises(AssociationError):
            await connect(url_of(listener), client=77, trace=TextTrace(file))
    assert "AARE rejected-permanent no-reason-given" in file.getvalue()
    assert file.getvalue().rstrip().endswith("disconnected")


def test_octets_that_are_none_of_ours() -> None:
    assert Wrapped(Words()).read(b"HTTP/1.1 400 Bad", 0.0) == [
        "16 octets that are no wrapper: wrapper version 18516, expected 1 (at octet 0)"
    ]
    frames = Frames(Words())
    assert frames.read(b"noise", 0.0) == ["5 octets outside frames"]
    assert frames.read(bytes.fromhex("7ea00802232193bd657e"), 0.0) == ["a frame: wrong FCS", "8 octets outside frames"]


def test_frames_of_real_meters(dlms_vectors: dict[str, dict[str, str]]) -> None:
    def said(name: str) -> list[str]:
        return Frames(Words()).read(bytes.fromhex(dlms_vectors[name]["hex"]), 0.0)

    assert said("hdlc-snrm") == ["HDLC 16 to 1/17 SNRM P/F"]
    assert said("hdlc-ua-params") == ["HDLC 1/17 to 16 UA P/F: max info 154/154, window 1/1"]
    [line] = said("hdlc-i-aarq")
    assert line.startswith("HDLC 16 to 1/17 I N(S)=0 N(R)=0 P/F, 34 octets: AARQ context 1 ln")
    assert "data-notification" in said("hdlc-ui-kaifa-list1")[0]


def test_a_segment_that_is_sent_again_counts_once() -> None:
    frames, own = Frames(Words()), OWN.encode()
    first = encode(own, encode_client(16), information(0, 0, poll=True), b"\xe6\xe6\x00\x62", is_segmented=True)
    last = encode(own, encode_client(16), information(1, 0, poll=True), b"\x03\x80\x01\x00")
    assert frames.read(first + first + last, 0.0)[-1].endswith("4 octets: RLRQ normal")


# Wireshark


def fields(file: Path, *names: str) -> list[list[str]]:
    """What tshark reads of each packet."""
    words = [
        "tshark",
        "-r",
        str(file),
        "-o",
        "tcp.check_checksum:TRUE",
        "-o",
        "udp.check_checksum:TRUE",
        "-T",
        "fields",
    ]
    words += [word for name in (*names, "_ws.expert.message") for word in ("-e", name)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert not [row[-1] for row in rows if re.search("lost|Bad|Dup|bad|unseen", row[-1])]
    return [row[:-1] for row in rows]


@TSHARK
@pytest.mark.parametrize("scheme", ["tcp", "udp", "hdlc", "serial"])
async def test_wireshark_reads_what_passed(scheme: str, tmp_path: Path) -> None:
    path, recorder = tmp_path / "talk.pcap", Recorder()
    with path.open("wb") as file:
        async with over(scheme) as url:
            await lines(connect(url, security=HLS5, trace=Traces(PcapTrace(file), recorder)), io.StringIO())
    kind = "udp" if scheme == "udp" else "tcp"
    rows = fields(path, f"{kind}.payload", f"{kind}.srcport", f"{kind}.dstport", f"{kind}.checksum.status")
    assert {row[3] for row in rows} == {"1"}, "every checksum is good"
    theirs = rows[0][2]
    for direction in Direction:
        written = [payload for payload, source, _, _ in rows if (source == theirs) is (direction is Direction.RECEIVED)]
        assert "".join(written) == b"".join(data for way, data in recorder.passed if way is direction).hex()


@TSHARK
async def test_a_capture_over_ipv6(tmp_path: Path) -> None:
    path = tmp_path / "six.pcap"
    with path.open("wb") as file:
        async with DatagramListener(SmallMeter(), port=0, host="::1", stand_ins=["me"]) as datagrams:
            url = f"udp://{datagrams.addresses[0]}"
            await lines(connect(url, client=16, trace=PcapTrace(file)), io.StringIO())
    rows = fields(path, "ipv6.src", "udp.checksum.status", "udp.length")
    assert {tuple(row[:2]) for row in rows} == {("::1", "1")}


async def test_without_a_trace_nothing_looks_on() -> None:
    async with at_work(SmallMeter()) as listener, connect(url_of(listener), client=16) as meter:
        assert type(meter._link.client._session) is Session
        assert meter._link.trace is meter._link.following is None


@given(st.lists(st.tuples(st.sampled_from(Direction), st.binary(max_size=60)), max_size=8), st.booleans())
def test_any_octets_can_be_followed(passed: list[tuple[Direction, bytes]], is_hdlc: bool) -> None:
    file = io.StringIO()
    following = TextTrace(file).follow(parse("hdlc://h:1") if is_hdlc else parse("tcp://h"))
    for direction, octets in passed:
        following.plain(direction is Direction.SENT, octets)
        following.octets(direction, 0.0, octets)
    following.closed()
    assert file.getvalue().endswith("disconnected\n")


def test_parameters_that_cannot_be_read() -> None:
    frame = encode(encode_client(16), OWN.encode(), unnumbered(Kind.UA), b"\x81\x80\x05\x05")
    assert "UA P/F: group of HDLC parameters is cut off" in Frames(Words()).read(frame, 0.0)[0]
