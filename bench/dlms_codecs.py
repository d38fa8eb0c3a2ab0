"""Codecs and ciphers: profile buffers, ciphered APDUs, association APDUs."""

from collections.abc import Iterator
from functools import cache

import numpy as np
from harness import Peer, Row, in_turn

from openami.core.stamps import encode_stamps
from openami.dlms.acse import AARE, AARQ
from openami.dlms.data import Tag
from openami.dlms.hdlc import FrameStream, ServerAddress, encode, encode_client, information
from openami.dlms.profile import Table, decode_profile, encode_profile
from openami.dlms.security.cipher import Cipher
from openami.dlms.wrapper import Stream

ROWS = 960
TITLE = bytes.fromhex("4d4d4d0000bc614e")
AUTHENTICATED_AND_ENCRYPTED = 0x30
# Association request and answer with HLS 5 as printed in the Green Book's examples.
HLS5_AARQ = bytes.fromhex(
    "6036a1090607608574050801018a0207808b0760857405080205ac0a80084b35366956616759be10040e01000000065f1f0400007e1f04b0"
)
HLS5_AARE = bytes.fromhex(
    "6142a109060760857405080101a203020100a305a10302010e88020780890760857405080205"
    "aa0a8008503677524a323146be10040e0800065f1f040000501f01f40007"
)
#: An I frame from server 1 to client 16: LLC and 125 octets.
HDLC_FRAME = encode(
    encode_client(16), ServerAddress(1).encode(), information(0, 1, poll=True), bytes.fromhex("e6e700") + bytes(125)
)


def load_profile() -> Table:
    """Ten days of quarter hours: clock, status, two registers."""
    ends = 1_767_225_600 + 900 * np.arange(1, ROWS + 1, dtype=np.int64)
    stamps = encode_stamps(ends, np.full(ROWS, -60, np.int16), np.zeros(ROWS, np.bool_))
    energy = np.cumsum(np.arange(ROWS, dtype=np.int64) % 97).astype(np.uint32)
    return Table(
        [stamps, np.zeros(ROWS, np.uint8), energy, energy // 3],
        [Tag.OCTET_STRING, Tag.UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED],
    )


@cache
def peers() -> tuple[Peer, Peer]:
    """The two Python clients from the package index, with the same bytes to work on."""
    response = b"\xc4\x01\xc1\x00" + encode_profile(load_profile())
    cosem = {
        "what": "codec",
        "rounds": 5,
        "response": response.hex(),
        "aarq": HLS5_AARQ.hex(),
        "aare": HLS5_AARE.hex(),
    }
    gurux = {"rounds": 5, "frame": Stream(1, 16).wrap(response).hex(), "hdlc": HDLC_FRAME.hex()}
    return Peer("peer_dlms_cosem.py", "dlms-cosem", cosem), Peer("peer_gurux.py", "gurux-dlms", gurux)


def profiles() -> Iterator[Row]:
    """960 rows to typed columns and back."""
    table = load_profile()
    buffer = encode_profile(table)
    sparse = encode_profile(table.null_regular(900, (0, 1)))
    ours = in_turn(
        {
            "decode": (lambda: decode_profile(buffer), 50),
            "encode": (lambda: encode_profile(table), 50),
            "null": (lambda: decode_profile(sparse).fill_null(900), 20),
        },
        list(peers()),
    )
    cosem, gurux = peers()
    yield Row(
        "dlms.profile_decode",
        ours["decode"] * 1e3,
        "ms",
        0.1,
        cosem.name,
        cosem.median("profile_decode") * 1e3,
        note="960 rows: clock, status, two registers; the peer gives Python values, we give typed columns",
    )
    yield Row("dlms.profile_decode_null", ours["null"] * 1e3, "ms", 0.4, note="regular clock and status are null")
    yield Row(
        "dlms.profile_encode",
        ours["encode"] * 1e3,
        "ms",
        0.1,
        gurux.name,
        gurux.median("profile_encode") * 1e3,
    )


def cipher() -> Iterator[Row]:
    """An APDU of 30 octets there and back, the 12-octet tag verified."""
    ours = Cipher(bytes(range(16)), bytes(range(0xD0, 0xE0)))
    plain = bytes(30)
    protected = ours.protect(TITLE, AUTHENTICATED_AND_ENCRYPTED, 1, plain)
    cosem = peers()[0]
    found = in_turn(
        {
            "protect": (lambda: ours.protect(TITLE, AUTHENTICATED_AND_ENCRYPTED, 1, plain), 2000),
            "unprotect": (lambda: ours.unprotect(TITLE, protected), 2000),
        },
        [cosem],
    )
    slower = max(found.values())
    theirs = max(cosem.median("cipher_encrypt"), cosem.median("cipher_decrypt"))
    yield Row(
        "dlms.cipher",
        slower * 1e6,
        "µs",
        2.0,
        cosem.name,
        theirs * 1e6,
        note="the slower of the two directions",
    )


def hdlc() -> Iterator[Row]:
    """A frame of 128 octets of information, each way: both check sequences made, and checked by a stream."""
    destination, source, control, octets = (
        encode_client(16),
        ServerAddress(1).encode(),
        information(0, 1, poll=True),
        bytes(128),
    )
    stream = FrameStream()
    gurux = peers()[1]
    found = in_turn(
        {
            "encode": (lambda: encode(destination, source, control, octets), 2000),
            "decode": (lambda: stream.feed(HDLC_FRAME, 0.0), 2000),
        },
        [gurux],
    )
    yield Row(
        "dlms.hdlc",
        max(found.values()) * 1e6,
        "µs",
        4.0,
        gurux.name,
        max(gurux.median("hdlc_encode"), gurux.median("hdlc_decode")) * 1e6,
        note="the slower of the two directions",
    )


def associate() -> Iterator[Row]:
    """AARQ and AARE with HLS 5, each built and parsed."""
    request, answer = AARQ.decode(HLS5_AARQ), AARE.decode(HLS5_AARE)

    def exchange() -> None:
        AARQ.decode(request.encode())
        AARE.decode(answer.encode())

    cosem = peers()[0]
    found = in_turn({"associate": (exchange, 200)}, [cosem])
    yield Row(
        "dlms.associate",
        found["associate"] * 1e6,
        "µs",
        30.0,
        cosem.name,
        cosem.median("associate") * 1e6,
    )
