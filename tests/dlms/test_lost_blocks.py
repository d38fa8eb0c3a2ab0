"""Lines that lose and double what is sent: blocks, general ones and those of services, are asked for again."""

from random import Random

import pytest

from levels import LEVELS, octet_string
from openami.core.errors import LinkTimeout
from openami.dlms.client import Failed, Got, WasSet
from openami.dlms.server import Request
from openami.dlms.xdlms import ActionResult, DataAccessResult
from pair import CLOCK, ECHO, PROFILE, Pair


class BadPair(Pair):
    """A line that loses and doubles what is sent; when it is silent the clock runs."""

    def __init__(self, seed: int, loss: float, doubling: float, *facts, **more) -> None:
        super().__init__(*facts, **more)
        self.dice, self.loss, self.doubling = Random(seed), 0.0, 0.0
        self.associate()
        self.loss, self.doubling = loss, doubling

    def mangled(self, sent: list[bytes]) -> list[bytes]:
        times = ((self.dice.random() >= self.loss) + (self.dice.random() < self.doubling) for _ in sent)
        return [data for data, count in zip(sent, times, strict=True) for _ in range(count)]

    def to_server(self) -> bool:
        out = self.client.outgoing()
        for data in self.mangled(out):
            self.serve(self.server.receive(data, self.now))
        return bool(out)

    def to_client(self) -> bool:
        out = self.server.outgoing()
        for data in self.mangled(out):
            self.events += self.client.receive(data, self.now)
        return bool(out)

    def ask(self, request: int):
        for _ in range(2000):
            self.run()
            answers = [event for event in self.events if getattr(event, "id", None) == request]
            if answers:
                return answers[0]
            self.now = max(self.now, self.client.deadline)
            self.events += self.client.expire(self.now)
        raise AssertionError("neither answer nor time-out")


@pytest.mark.parametrize("level", ["public", "glo", "general-glo"])
@pytest.mark.parametrize(("loss", "doubling"), [(0.3, 0.0), (0.0, 0.4), (0.3, 0.2)])
def test_everything_arrives_once_over_a_bad_line(level, loss, doubling):
    security, client_sap = LEVELS[level]
    for seed in range(12):
        pair = BadPair(
            seed,
            loss,
            doubling,
            security,
            client_sap=client_sap,
            client={"max_pdu": 100, "prefers_gbt": True, "block_retries": 60, "block_window": 1 + seed % 6},
            server={"max_pdu": 90 + seed, "block_window": 1 + seed % 5},
        )
        pair.store.values[PROFILE] = octet_string(700)
        assert pair.ask(pair.client.get([(PROFILE, None)])).results == [octet_string(700)]
        value = octet_string(400 + seed)
        assert pair.ask(pair.client.set([(PROFILE, None, value)])).results == [DataAccessResult.SUCCESS]
        assert pair.ask(pair.client.get([(PROFILE, None), (CLOCK, None)])).results[0] == value
        assert pair.ask(pair.client.action([(ECHO, value)])).results == [(ActionResult.SUCCESS, value)]
        done = [event.kind for event in pair.server_events if isinstance(event, Request)]
        assert (done.count("set"), done.count("action"), len(pair.store.invoked)) == (1, 1, 1)


@pytest.mark.parametrize("level", ["public", "glo"])
def test_blocks_of_a_service_that_are_lost_are_asked_for_again(level):
    security, client_sap = LEVELS[level]
    recovered = 0
    for seed in range(40):
        pair = BadPair(
            seed,
            0.15,
            0.0,
            security,
            client_sap=client_sap,
            client={"max_pdu": 100, "block_retries": 20},
            server={"max_pdu": 100},
        )
        pair.store.values[PROFILE] = octet_string(700)
        for request in (pair.client.get([(PROFILE, None)]), pair.client.set([(PROFILE, None, octet_string(701))])):
            event = pair.ask(request)
            if isinstance(event, Failed):  # a request that is no block was lost, or its answer
                assert isinstance(event.error, LinkTimeout)
                break
            assert event in (Got(request, [octet_string(700)]), WasSet(request, [DataAccessResult.SUCCESS]))
            recovered += 1
    assert recovered > 40


def test_how_often_a_block_is_asked_for_again_is_a_setting():
    for retries in (0, 1, 3):
        pair = Pair(client={"max_pdu": 100, "block_retries": retries}).associate()
        pair.store.values[PROFILE] = octet_string(700)
        request = pair.client.get([(PROFILE, None)], now=pair.now)
        pair.to_server()
        pair.to_client()
        pair.to_server()
        pair.server.outgoing()  # the second block is lost, and all that follow
        for _ in range(retries):
            pair.now = pair.client.deadline
            assert pair.client.expire(pair.now) == []
            [again] = pair.client.outgoing()
            assert again == pair.sent[0][-1]
        [failed] = pair.client.expire(pair.client.deadline)
        assert (failed.id, type(failed.error)) == (request, LinkTimeout)


def test_a_late_block_and_its_repetition_do_not_disturb():
    pair = Pair(client={"max_pdu": 100}).associate()
    pair.store.values[PROFILE] = octet_string(300)
    request = pair.client.get([(PROFILE, None)], now=pair.now)
    pair.to_server()
    pair.to_client()
    pair.to_server()
    late = pair.server.outgoing()
    pair.now = pair.client.deadline
    pair.client.expire(pair.now)
    pair.to_server()  # asked again, answered again
    for data in late:
        pair.events += pair.client.receive(data, pair.now)
    assert pair.ask(request).results == [octet_string(300)]
