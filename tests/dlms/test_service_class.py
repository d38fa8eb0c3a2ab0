"""Confirmed or not, of high priority or normal: what is sent, what is told, what is done."""

import pytest

from openami.core.errors import ConnectionLost, LocalProtocolError
from openami.dlms.client import DEFAULT_CONFORMANCE, Acted, Failed, WasSet
from openami.dlms.security import Security
from openami.dlms.xdlms import Conformance
from pair import CLOCK, ECHO, NOWHERE, REGISTER, RESET, Pair, associated, hls5, sent

LEVELS = {"public": (Security.none(), 16), "glo": (hls5(), 1)}
levels = pytest.mark.parametrize("level", LEVELS)
ONE_BY_ONE = DEFAULT_CONFORMANCE & ~Conformance.MULTIPLE_REFERENCES
NO_BLOCKS = Conformance.SET | Conformance.ACTION | Conformance.GET
WRITE = (REGISTER, None, b"\x06\0\0\0\7")


def joined(level: str = "public", **client) -> Pair:
    security, client_sap = LEVELS[level]
    return Pair(security, client_sap=client_sap, client=client).associate()


def asked(pair: Pair) -> list:
    return [event for event in pair.server_events if hasattr(event, "items")]


@levels
def test_an_unconfirmed_writing_is_done_and_not_answered(level):
    pair = joined(level)
    request = pair.client.set([WRITE, (NOWHERE, None, b"\0")], confirmed=False, now=pair.now)
    assert pair.client.deadline <= pair.now
    assert pair.client.expire(pair.now) == [WasSet(request, [])]
    answers = len(pair.sent[1])
    assert pair.run() == []
    assert pair.store.values[REGISTER] == WRITE[2]
    assert len(pair.sent[1]) == answers
    assert pair.get(REGISTER) == [WRITE[2]]


@levels
def test_an_unconfirmed_invocation_is_done_and_not_answered(level):
    pair = joined(level)
    request = pair.client.action([(RESET, None), (ECHO, b"\x11\7")], confirmed=False)
    pair.run()
    assert pair.client.expire(pair.now) == [Acted(request, [])]
    assert len(pair.store.invoked) == 2
    assert pair.get(CLOCK) == [pair.store.values[CLOCK]]


def test_without_lists_they_leave_one_after_the_other():
    pair = joined(conformance=ONE_BY_ONE)
    request = pair.client.set([WRITE] * 5, confirmed=False)
    assert [event.id for event in pair.run()] == []
    assert pair.client.expire(pair.now) == [WasSet(request, [])]
    assert [len(event.items) for event in asked(pair)] == [1] * 5


def test_they_keep_their_turn_in_the_queue():
    pair = joined()
    ids = [
        pair.client.get([(CLOCK, None)]),
        *[pair.client.set([WRITE], confirmed=False) for _ in range(500)],
        pair.client.get([(REGISTER, None)]),
    ]
    events = sorted(pair.run() + pair.client.expire(pair.now), key=lambda event: event.id)
    assert [event.id for event in events] == ids
    assert events[-1].results == [WRITE[2]]
    assert [event.kind for event in asked(pair)] == ["get", *["set"] * 500, "get"]


@pytest.mark.parametrize("items", [[(ECHO, bytes(200))], [(RESET, None), (ECHO, bytes(200))]])
def test_one_that_is_too_long_fails(items):
    pair = Pair(server={"max_pdu": 100}, client={"conformance": NO_BLOCKS}).associate()
    if len(items) == 1:
        with pytest.raises(LocalProtocolError, match="no blocks"):
            pair.client.action(items, confirmed=False)
    else:  # the first has left by then
        request = pair.client.action(items, confirmed=False)
        [event] = pair.client.expire(pair.now)
        assert (event.id, type(event)) == (request, Failed)
        pair.run()
        assert pair.store.invoked == [(RESET, None)]
    assert pair.get(CLOCK) == [pair.store.values[CLOCK]]


def test_its_event_is_not_lost_with_the_connection():
    client = associated()
    request = client.set([WRITE], confirmed=False)
    waiting = client.get([(CLOCK, None)])
    events = client.abort(ConnectionLost("over"))
    assert [event.id for event in events] == [request, waiting]
    assert isinstance(events[0], WasSet)


@pytest.mark.parametrize(
    ("facts", "bits"),
    [
        ({}, 0xC0),
        ({"high_priority": False}, 0x40),
        ({"confirmed": False}, 0x80),
        ({"confirmed": False, "high_priority": False}, 0x00),
    ],
)
def test_service_class_and_priority_stand_in_the_invoke_id(facts, bits):
    client = associated()
    client.set([WRITE], **facts)
    assert sent(client)[2] & 0xF0 == bits
    client = associated()
    client.action([(RESET, None)], **facts)
    assert sent(client)[2] & 0xF0 == bits
    client = associated()
    client.get([(CLOCK, None)], high_priority=bool(bits & 0x80))
    assert sent(client)[2] & 0xF0 == bits & 0x80 | 0x40
