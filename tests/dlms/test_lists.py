"""Several attributes and methods in one request, with selective access, whole and in blocks, both ways."""

import pytest

from openami.dlms.client import DEFAULT_CONFORMANCE
from openami.dlms.security import Security
from openami.dlms.xdlms import ActionResult, Conformance, DataAccessResult, Selection
from pair import CLOCK, CUTS, ECHO, NOWHERE, PROFILE, REGISTER, RESET, Pair, hls5

LEVELS = {"public": (Security.none(), 16), "glo": (hls5(), 1), "general-ded": (hls5(dedicated_key="random"), 1)}
SUCCESS, UNDEFINED = DataAccessResult.SUCCESS, DataAccessResult.OBJECT_UNDEFINED
ENTRY = Selection(2, bytes.fromhex("020406000000010600000001120001120000"))
CHOSEN = Selection(3, bytes.fromhex("0102020212000309060100010800ff020212000809060000010000ff"))
LONG = b"\x09\x82\x02\x00" + bytes(n % 251 for n in range(512))
OTHER = LONG[:-1] + b"!"
SERVICE_BLOCKS = (
    Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
)
HOW = {
    "whole": (0xFFFF, DEFAULT_CONFORMANCE),
    "in blocks": (130, DEFAULT_CONFORMANCE),
    "in general blocks": (130, DEFAULT_CONFORMANCE & ~SERVICE_BLOCKS),
}


@pytest.fixture(params=LEVELS)
def level(request):
    return LEVELS[request.param]


@pytest.fixture(params=HOW)
def pair(request, level):
    security, client_sap = level
    max_pdu, conformance = HOW[request.param]
    client = {"max_pdu": max_pdu, "conformance": conformance}
    joined = Pair(security, client_sap=client_sap, client=client, server={"max_pdu": max_pdu}).associate()
    joined.store.values[PROFILE] = LONG
    return joined


def asked(pair: Pair) -> list:
    """All items the shell was asked for, in order, of however many requests."""
    return [item for event in pair.server_events if hasattr(event, "items") for item in event.items]


def test_reading(pair):
    items = [(PROFILE, ENTRY), (CLOCK, None), (NOWHERE, CHOSEN), (PROFILE, None), (REGISTER, CHOSEN)]
    results = pair.ask(pair.client.get(items)).results
    assert results == [LONG, pair.store.values[CLOCK], UNDEFINED, LONG, pair.store.values[REGISTER]]
    assert asked(pair) == items


def test_writing(pair):
    items = [(PROFILE, ENTRY, OTHER), (REGISTER, None, b"\x11\1"), (NOWHERE, CHOSEN, LONG), (CLOCK, CHOSEN, LONG)]
    assert pair.ask(pair.client.set(items)).results == [SUCCESS, SUCCESS, UNDEFINED, SUCCESS]
    assert asked(pair) == items
    assert pair.store.values[PROFILE] == OTHER


def test_invoking(pair):
    items = [(ECHO, LONG), (RESET, b"\x0f\0"), (NOWHERE, LONG), (ECHO, b"\x11\1")]
    assert pair.ask(pair.client.action(items)).results == [
        (ActionResult.SUCCESS, LONG),
        (ActionResult.SUCCESS, None),
        (ActionResult.OBJECT_UNDEFINED, None),
        (ActionResult.SUCCESS, b"\x11\1"),
    ]
    assert asked(pair) == items


@pytest.mark.parametrize("cut", CUTS)
def test_in_every_cut(cut):
    pair = Pair(hls5(), client_sap=1, cut=cut, client={"max_pdu": 130}, server={"max_pdu": 130}).associate()
    pair.store.values[PROFILE] = LONG
    assert pair.get(PROFILE, CLOCK, PROFILE) == [LONG, pair.store.values[CLOCK], LONG]
