"""Levels of security at which a client meets the server of `Pair`, and long values carried between the two."""

from collections.abc import Iterable

from openami.dlms.security import Security
from openami.dlms.xdlms import ActionResult, DataAccessResult, MethodDescriptor
from pair import CLOCK, ECHO, NOWHERE, PASSWORD, PROFILE, Pair, hls5

#: By name: what the client is told, and which client it is.
LEVELS = {
    "public": (Security.none(), 16),
    "password": (Security.lls(PASSWORD), 2),
    "glo": (hls5(), 1),
    "general-glo": (hls5(ciphering="general-glo"), 1),
    "ded": (hls5(dedicated_key="random"), 1),
}
WITH_GENERAL_DED = LEVELS | {"general-ded": (hls5(dedicated_key="random", ciphering="general-glo"), 1)}


def octet_string(size: int) -> bytes:
    """An octet-string of so many octets in A-XDR."""
    return encoded(bytes(n * 7 % 251 for n in range(size)))


def encoded(value: bytes) -> bytes:
    """An octet-string in A-XDR, its length in two octets."""
    return b"\x09\x82" + len(value).to_bytes(2, "big") + value


def write_and_read(joined: Pair, value: bytes) -> None:
    """Write a value; read it alone, and in a list with another value and with one that is not there."""
    joined.store.values[PROFILE] = b"\0"
    assert joined.ask(joined.client.set([(PROFILE, None, value)])).results == [DataAccessResult.SUCCESS]
    assert joined.store.values[PROFILE] == value
    assert joined.get(PROFILE) == [value]
    found = joined.get(CLOCK, PROFILE, NOWHERE)
    assert found == [joined.store.values[CLOCK], value, DataAccessResult.OBJECT_UNDEFINED]


def carry(joined: Pair, values: Iterable[bytes], max_pdus: tuple[int, int], method: MethodDescriptor = ECHO) -> None:
    """Invoke, write and read with octet-strings: they arrive, in no APDU longer than its receiver takes."""
    items = [encoded(value) for value in values]
    acted = joined.ask(joined.client.action([(method, item) for item in items]))
    assert acted.results == [(ActionResult.SUCCESS, item) for item in items]
    for item in items:
        assert joined.ask(joined.client.set([(PROFILE, None, item)])).results == [DataAccessResult.SUCCESS]
        assert joined.get(PROFILE, PROFILE) == [item, item]
    assert max(map(len, joined.sent[0][2:])) <= max_pdus[1] + 8
    assert max(map(len, joined.sent[1][2:])) <= min(max_pdus) + 8
