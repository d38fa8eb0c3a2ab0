"""What is fuzzed: every decoder and every endpoint, each as a function of any octets.

A target returns when the octets were read, or refused by an `AmiError`; anything else it raises is a find.
What was read must survive being written: writing, reading and writing again gives the same octets.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from openami.core.errors import AmiError
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.objects import decode_whole
from openami.dlms import acse, data, profile, xdlms
from openami.dlms.client import Client
from openami.dlms.gbt import Transfer
from openami.dlms.hdlc import CONTROLS, FrameStream, PrimaryStation, SecondaryStation, ServerAddress, encode
from openami.dlms.security import envelope, general
from openami.dlms.security.cipher import Cipher
from openami.dlms.server import Server
from openami.dlms.wrapper import Stream
from openami.dlms.xdlms import EntryDescriptor, RangeDescriptor, Selection
from openami.sts import block, cipher, token
from openami.sts.keys import EA, DecoderKey
from openami.sts.rules import Rules, enter
from openami.sts.state import State
from optical_targets import optical_blocks, optical_client, optical_server
from pair import (
    AK,
    ASSOCIATIONS,
    CLOCK,
    ECHO,
    EK,
    REGISTER,
    SERVER_TITLE,
    MemoryCounters,
    associated,
    byte_by_byte,
    hls5,
    lone,
    public,
    whole,
    wrap,
)
from pushes import KEYS, listener

Target = Callable[[bytes], object]
METER, CLIENT = ServerAddress(1, 17, 2).encode(), b"\x21"
ACSE = {0x60: acse.AARQ, 0x61: acse.AARE, 0x62: acse.RLRQ, 0x63: acse.RLRE}


def there_and_back(decode: Callable[[bytes], Any], encode: Callable[[Any], bytes]) -> Target:
    """Reading, writing and reading again gives the same."""

    def target(octets: bytes) -> None:
        with suppress(AmiError):
            again = encode(decode(octets))
            assert encode(decode(again)) == again, octets.hex()

    return target


def refused(receive: Target) -> Target:
    """Read, or refused."""

    def target(octets: bytes) -> None:
        with suppress(AmiError):
            receive(octets)

    return target


def in_pieces(begin: Callable[[], Callable[[bytes], Iterable[object]]]) -> Target:
    """A stream finds the same in its octets whole and one by one."""

    def target(octets: bytes) -> None:
        assert taken(begin(), whole(octets)) == taken(begin(), byte_by_byte(octets)), octets.hex()

    return target


def taken(feed: Callable[[bytes], Iterable[object]], chunks: Iterable[bytes]) -> list[object]:
    """All that a stream found before it gave up."""
    found: list[object] = []
    with suppress(AmiError):
        for chunk in chunks:
            found += feed(chunk)
    return found


def acse_apdu(octets: bytes) -> None:
    """AARQ, AARE, RLRQ or RLRE, as the tag says."""
    kind = ACSE.get(octets[0] if octets else 0, acse.AARE)
    there_and_back(kind.decode, lambda apdu: apdu.encode())(octets)


def tree(octets: bytes) -> None:
    """Data as a tree, and as plain values."""
    refused(data.native)(octets)
    there_and_back(lambda raw: data.decode(raw)[0], data.encode)(octets)


def ciphered(octets: bytes) -> None:
    """A ciphered APDU is taken apart, and not opened without the right tag."""
    _, _, _, protected = envelope.decode(octets)
    Cipher(EK, AK).unprotect(SERVER_TITLE, protected)


def selective(octets: bytes) -> None:
    """Parameters of selective access, selector in front."""
    selection = Selection(octets[0] if octets else 0, octets[1:])
    for kind in (RangeDescriptor, EntryDescriptor):
        refused(lambda _, kind=kind: kind.decode(selection))(octets)


def stranger(octets: bytes) -> None:
    """A server takes any octets on its line."""
    server = Server(associations=ASSOCIATIONS, system_title=SERVER_TITLE, counters=MemoryCounters(), random=bytes)
    server.receive(octets, 0.0)
    server.outgoing()


def answered(octets: bytes) -> None:
    """A client that waits for an answer takes any, to each kind of request."""
    for begin in (associating, reading, writing, invoking):
        client = begin()
        client.outgoing()
        client.receive(wrap(octets, 1, 16), 0.0)
        client.expire(1e6)


def pushed(octets: bytes) -> None:
    """A listener takes any octets for a push, in a stream and as a datagram."""
    for datagrams in (False, True):
        ear = listener(keys=lambda _title: KEYS, unauthenticated=True, datagrams=datagrams)
        ear.receive(octets, 0.0)
        ear.finish()
        assert ear.deadline is None


def frames(octets: bytes) -> Iterable[bytes]:
    """Right frames of hostile contents: control field, length and information in turn, to and fro."""
    while len(octets) > 1:
        control, length = CONTROLS[octets[0]], octets[1]
        yield encode(METER, CLIENT, control, octets[2 : 2 + length], is_segmented=bool(length & 1))
        octets = octets[2 + length :]


def hdlc_stream() -> Callable[[bytes], Iterable[object]]:
    """A new stream of frames."""
    stream = FrameStream()
    return lambda chunk: stream.feed(chunk, 0.0)


def hdlc_secondary(octets: bytes) -> None:
    """A secondary station takes any octets, and any frames."""
    for chunks in (whole(octets), frames(octets)):
        station = SecondaryStation(ServerAddress(1, 17, 2))
        for now, chunk in enumerate(chunks):
            for client, apdu in station.receive(chunk, now):
                station.send(client, apdu or b"", now)
            station.outgoing()
        station.expire(1e6)


def hdlc_primary(octets: bytes) -> None:
    """A primary station takes any octets, and any frames, as answers to what it asks."""
    for chunks in (whole(octets), turned(octets)):
        station = PrimaryStation(16, ServerAddress(1, 17, 2))
        station.connect(0.0)
        station.send(bytes(300), 0.0)
        with suppress(AmiError):
            for now, chunk in enumerate(chunks):
                station.receive(chunk, now)
                station.outgoing()
            station.expire(1e6)


def turned(octets: bytes) -> list[bytes]:
    """The same frames from the server's side, after a UA."""
    ua = encode(CLIENT, METER, CONTROLS[0x73])
    found = [ua]
    while len(octets) > 1:
        found.append(encode(CLIENT, METER, CONTROLS[octets[0]], octets[2 : 2 + octets[1]]))
        octets = octets[2 + octets[1] :]
    return found


def blocks(octets: bytes) -> None:
    """A general block transfer takes any blocks: length and contents in turn."""
    transfer = Transfer(64, 3, is_server=bool(octets[:1] < b"\x80"))
    transfer.send(bytes(500))
    while octets:
        block, octets = octets[1 : 1 + octets[0]], octets[1 + octets[0] :]
        with suppress(AmiError):
            transfer.receive(xdlms.GeneralBlockTransfer.decode(b"\xe0" + block))
            transfer.repeat()


CLASSES = sorted(CATALOGUE)


def attribute(octets: bytes) -> None:
    """Values of every attribute of a class that the first octet names."""
    if octets:
        cls = CATALOGUE[CLASSES[octets[0] % len(CLASSES)]]
        for member in cls.attributes.values():
            there_and_back(lambda raw, codec=member.codec: decode_whole(codec, raw), member.codec.encode)(octets[1:])


def associating() -> Client:
    """A client that has sent its AARQ."""
    client = lone(security=hls5())
    client.associate(now=0.0)
    return client


def reading() -> Client:
    """A client that has asked for two attributes."""
    client = associated()
    client.get([(CLOCK, None), (REGISTER, None)], now=0.0)
    return client


def writing() -> Client:
    """A client that writes more than goes in one APDU."""
    client = associated()
    client.set([(CLOCK, None, data.OCTET_STRING.encode(bytes(70_000)))], now=0.0)
    return client


def invoking() -> Client:
    """A client that invokes a method."""
    client = associated()
    client.action([(ECHO, b"\x0f\x00")], now=0.0)
    return client


STS_KEYS = [DecoderKey(ea, bytes(range(ea.key_bits // 8))) for ea in EA]
STS_METER = State(STS_KEYS[0], token.KeyType.DUTK, 1, 1, 255, 123456, (0,) * 50)


def sts_token(octets: bytes) -> None:
    """Digits of any kind, and genuine tokens of any contents, under both algorithms; a meter judges each."""
    number = int.from_bytes(octets[:9], "big")
    payload, token_class = number & (1 << 48) - 1, number >> 48 & 3
    for key in STS_KEYS:
        sealed = block.seal(token_class, payload)
        genuine = cipher.encrypt(sealed, key) if token_class != 1 else sealed
        for digits in (
            octets.decode("latin-1"),
            f"{number:020d}",
            block.to_digits(block.insert_class(token_class, genuine)),
        ):
            with suppress(AmiError):
                read = token.decode(digits, key)
                assert token.encode(read, key) == digits.replace(" ", "").replace("-", ""), digits
            after = enter(replace(STS_METER, key=key), digits, 0.0, Rules(), room=1000).state
            assert State.decode(after.encode()) == after


def sts_state(octets: bytes) -> None:
    """What a meter has stored of its tokens."""
    there_and_back(State.decode, State.encode)(octets)


TARGETS: dict[str, Target] = {
    "acse": acse_apdu,
    "answered": answered,
    "attribute": attribute,
    "blocks": blocks,
    "ciphered": refused(ciphered),
    "compact_array": refused(lambda octets: data.native(b"\x13" + octets)),
    "data": tree,
    "general_ciphering": there_and_back(general.GeneralCiphering.decode, lambda apdu: apdu.encode()),
    "general_signing": there_and_back(general.GeneralSigning.decode, lambda apdu: apdu.encode()),
    "hdlc_primary": hdlc_primary,
    "hdlc_secondary": refused(hdlc_secondary),
    "hdlc_stream": in_pieces(hdlc_stream),
    "optical_blocks": optical_blocks,
    "optical_client": optical_client,
    "optical_server": optical_server,
    "profile": there_and_back(profile.decode_profile, profile.encode_profile),
    "pushed": pushed,
    "selective": selective,
    "served": lambda octets: public().strike(octets),
    "stranger": refused(stranger),
    "sts_state": sts_state,
    "sts_token": sts_token,
    "wrapper": in_pieces(lambda: Stream(1, 16).feed),
    "xdlms": there_and_back(xdlms.decode, lambda apdu: apdu.encode()),
}
