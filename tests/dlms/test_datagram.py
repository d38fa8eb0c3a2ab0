"""Datagrams: what is lost is repeated if asked for, what comes twice or late counts once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import LinkTimeout
from openami.dlms.client import Associated, Got
from openami.dlms.datagram import ClientDatagrams, ServerDatagrams
from openami.dlms.security import CounterError
from pair import CLOCK, REGISTER, Pair, hls5, wrap

INTERVAL_S = 2.0


def over_datagrams(client_sap: int = 16, *, retries: int = 0, **facts: object) -> Pair:
    return Pair(
        hls5() if client_sap == 1 else None,
        client_sap=client_sap,
        client={"link": ClientDatagrams(client_sap, 1, retries=retries, interval_s=INTERVAL_S)},
        server={"link": ServerDatagrams(1)},
        **facts,
    )


def lost(_data: bytes) -> bytes:
    return b""


class Once:
    """Does something to one transmission; those after it pass."""

    def __init__(self, change) -> None:
        self.change = change

    def __call__(self, data: bytes) -> bytes:
        change, self.change = self.change, bytes
        return change(data)


def later(pair: Pair, seconds: float) -> None:
    pair.now += seconds
    pair.events += pair.client.expire(pair.now)


@pytest.mark.parametrize("name", [f"udp-wrapper-push-0{number}" for number in range(4)])
def test_captured_datagrams(dlms_vectors, name):
    data = bytes.fromhex(dlms_vectors[name]["hex"])
    assert ClientDatagrams(1, 1).receive(data, 0.0) == [data[8:]]


@pytest.mark.parametrize("client_sap", [1, 16])
def test_both_ends_over_datagrams(client_sap):
    pair = over_datagrams(client_sap).associate()
    assert pair.get(CLOCK, REGISTER)[1] == pair.store.values[REGISTER]


@pytest.mark.parametrize(("client_sap", "way"), [(16, 0), (16, 1), (1, 0)])
def test_a_lost_datagram_is_repeated(client_sap, way):
    pair = over_datagrams(client_sap, retries=2)
    pair.tamper[way] = Once(lost)
    request = pair.client.associate(now=pair.now)
    assert pair.run() == []
    assert pair.client.deadline == pair.now + INTERVAL_S
    later(pair, INTERVAL_S)
    assert isinstance(pair.ask(request), Associated)
    assert len(set(pair.sent[0][:2])) == 1


def test_a_lost_answer_of_a_server_that_counts_ends_in_the_counter_it_expects():
    pair = over_datagrams(1, retries=1).associate()
    pair.tamper[1] = Once(lost)
    request = pair.client.get([(REGISTER, None)], now=pair.now)
    pair.run()
    later(pair, INTERVAL_S)
    assert isinstance(pair.failure(request), CounterError)
    assert pair.get(REGISTER) == [pair.store.values[REGISTER]]


def test_without_retries_a_lost_datagram_is_a_time_out():
    pair = over_datagrams()
    pair.tamper[0] = lost
    pair.client.associate(now=pair.now)
    pair.run()
    later(pair, 10.0)
    [failed] = pair.events
    assert isinstance(failed.error, LinkTimeout)
    assert len(pair.sent[0]) == 1


def test_repeats_end_and_the_request_fails_by_its_own_time_out():
    pair = over_datagrams(retries=2)
    pair.tamper[0] = lost
    pair.client.associate(now=pair.now)
    for _ in range(6):
        pair.run()
        later(pair, INTERVAL_S)
    assert len(pair.sent[0]) == 3
    assert [type(event.error) for event in pair.events] == [LinkTimeout]


def test_an_answer_that_comes_twice_counts_once():
    pair = over_datagrams().associate()
    twice = pair.sent[1][0]
    request = pair.client.get([(CLOCK, None)], now=pair.now)
    assert pair.client.receive(twice, pair.now) == []
    assert isinstance(pair.ask(request), Got)
    answer = pair.sent[1][-1]
    pair.client.get([(CLOCK, None)], now=pair.now)
    assert pair.client.receive(answer, pair.now) == []
    assert isinstance(pair.run()[-1], Got)


def test_a_late_second_answer_to_a_repeated_aarq_spoils_nothing():
    """With HLS it bears another challenge, and no invoke id by which the association would know it."""
    link = ClientDatagrams(16, 1, retries=1, interval_s=INTERVAL_S)
    link.send(b"\x60\x00", 0.0)
    link.expire(INTERVAL_S)
    assert len(link.outgoing()) == 2
    assert link.receive(wrap(b"\x61\x01\x01", 1, 16), 3.0) == [b"\x61\x01\x01"]
    link.send(b"\xc0\x01\xc1", 3.0)
    assert link.receive(wrap(b"\x61\x01\x02", 1, 16), 3.0) == []
    assert link.deadline == 3.0 + INTERVAL_S


def test_what_a_counting_server_says_to_a_repeated_request_does_not_hit_the_next():
    pair = over_datagrams(1, retries=1).associate()
    slow: list[bytes] = []
    pair.tamper[1] = Once(lambda data: slow.append(data) or b"")
    first = pair.client.get([(REGISTER, None)], now=pair.now)
    pair.run()
    pair.tamper[1] = Once(lambda data: slow.append(data) or b"")
    later(pair, INTERVAL_S)
    pair.run()
    answer, refusal = slow
    assert refusal[8] == 0xD8
    [got] = pair.client.receive(answer, pair.now)
    assert (type(got), got.id) == (Got, first)
    second = pair.client.get([(REGISTER, None)], now=pair.now)
    assert pair.client.receive(refusal, pair.now) == []
    assert isinstance(pair.ask(second), Got)


def test_a_new_association_may_begin_like_the_last():
    pair = over_datagrams()
    for _ in range(3):
        pair.associate()
        pair.ask(pair.client.release(now=pair.now))


@given(st.binary(max_size=60))
def test_a_bad_datagram_is_dropped_and_spoils_none_after_it(junk):
    client, server = ClientDatagrams(16, 1), ServerDatagrams(1)
    client.receive(junk, 0.0)
    server.receive(junk, 0.0)
    assert client.receive(wrap(b"\xc4\x01\xc1\x00\x00", 1, 16), 0.0) == [b"\xc4\x01\xc1\x00\x00"]
    assert server.receive(wrap(b"\xc0\x01\xc1"), 0.0) == [(1, b"\xc0\x01\xc1")]


@pytest.mark.parametrize("cut", [1, 7, 8, 10])
def test_a_datagram_cut_short_is_not_completed_by_the_next(cut):
    whole = wrap(b"\xc0\x01\xc1\x00", 16, 1)
    server = ServerDatagrams(1)
    assert server.receive(whole[:cut], 0.0) == []
    assert server.receive(whole[cut:], 0.0) == []
    assert server.receive(whole + b"\0\1", 0.0) == [(16, whole[8:])]
