"""What is fuzzed: every decoder and every endpoint, each as a function of any octets.

A target returns when the octets were read, or refused by an `AmiError`; anything else it raises is a find.
What was read must survive being written: writing, reading and writing again gives the same octets.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from openami.core.errors import AmiError
from openami.dlms import acse, data, profile, xdlms
from openami.dlms.client import Client
from openami.dlms.security import envelope
from openami.dlms.security.cipher import Cipher
from openami.dlms.server import Server
from openami.dlms.wrapper import Stream
from openami.dlms.xdlms import EntryDescriptor, RangeDescriptor, Selection
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

Target = Callable[[bytes], object]
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


TARGETS: dict[str, Target] = {
    "acse": acse_apdu,
    "answered": answered,
    "ciphered": refused(ciphered),
    "compact_array": refused(lambda octets: data.native(b"\x13" + octets)),
    "data": tree,
    "profile": there_and_back(profile.decode_profile, profile.encode_profile),
    "selective": selective,
    "served": lambda octets: public().strike(octets),
    "stranger": refused(stranger),
    "wrapper": in_pieces(lambda: Stream(1, 16).feed),
    "xdlms": there_and_back(xdlms.decode, lambda apdu: apdu.encode()),
}
