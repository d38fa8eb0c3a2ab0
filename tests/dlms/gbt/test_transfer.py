"""General block transfer: windows and confirmations as they are meant, and any bad line recovered exactly."""

from collections import deque
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from openami.core.errors import EncodeError, RemoteProtocolError
from openami.dlms.gbt import Transfer
from openami.dlms.gbt import transfer as module
from openami.dlms.xdlms import GeneralBlockTransfer

ROOM = 17  # ten octets in a block


def text(size: int) -> bytes:
    return bytes(n % 251 for n in range(size))


def blocks(apdus: list[bytes]) -> list[GeneralBlockTransfer]:
    return [GeneralBlockTransfer.decode(apdu) for apdu in apdus]


def shown(apdus: list[bytes]) -> list[str]:
    """Blocks in short: number, acknowledged, window, octets, S for streaming, L for last."""
    return [
        f"{b.block_number}/{b.block_number_ack} w{b.window} {len(b.block_data)}"
        + " S" * b.streaming
        + " L" * b.last_block
        for b in blocks(apdus)
    ]


def give(end: Transfer, apdus: list[bytes]) -> tuple[bytes | None, list[bytes]]:
    """Hand over blocks; the last APDU that was whole, and all that is answered."""
    whole, answers = None, []
    for block in blocks(apdus):
        found, out = end.receive(block)
        whole, answers = found or whole, answers + out
    return whole, answers


def test_a_long_request_and_a_long_answer():
    client, server = Transfer(ROOM, 3), Transfer(ROOM, 2, is_server=True)
    first = client.send(text(35))
    assert shown(first) == ["1/0 w3 10"]  # how much the server takes is not known yet
    whole, out = give(server, first)
    assert (whole, shown(out)) == (None, ["1/1 w2 0"])
    _, out = give(client, out)
    assert shown(out) == ["2/1 w3 10 S", "3/1 w3 10"]
    _, out = give(server, out)
    assert shown(out) == ["2/3 w2 0"]
    _, out = give(client, out)
    assert shown(out) == ["4/2 w3 5 L"]
    whole, out = give(server, out)
    assert (whole, out) == (text(35), [])  # the answer is not there yet
    out = server.send(text(44))
    assert shown(out) == ["3/4 w2 10 S", "4/4 w2 10 S", "5/4 w2 10"]
    whole, out = give(client, out)
    assert (whole, shown(out)) == (None, ["5/5 w3 0 L"])
    _, out = give(server, out)
    assert shown(out) == ["6/5 w2 10 S", "7/5 w2 4 L"]
    assert give(client, out) == (text(44), [])
    assert client.is_complete
    assert server.is_sent


def test_an_answer_in_blocks_to_a_request_that_came_whole():
    client, server = Transfer(ROOM, 2), Transfer(ROOM, 2, is_server=True)
    out = server.send(text(35))
    assert shown(out) == ["1/0 w2 10"]
    _, out = give(client, out)
    assert shown(out) == ["1/1 w2 0"]
    _, out = give(server, out)
    assert shown(out) == ["2/1 w2 10 S", "3/1 w2 10"]
    _, out = give(client, out)
    _, out = give(server, out)
    assert shown(out) == ["4/2 w2 5 L"]
    assert give(client, out) == (text(35), [])


def test_a_lost_block_is_asked_for_and_no_other():
    client, server = Transfer(ROOM, 4), Transfer(ROOM, 4, is_server=True)
    give(server, client.send(b"request"))
    one, two, three, four = server.send(text(60))
    _, out = give(client, [one, four])
    assert shown(out) == ["2/1 w2 0 L"]  # two are missing behind block 1
    _, out = give(server, out)
    assert out == [blocks_with(two, 2), blocks_with(three, 2, streaming=False)]
    _, out = give(client, out)
    assert shown(out) == ["3/4 w4 0 L"]
    _, out = give(server, out)
    assert give(client, out) == (text(60), [])


def blocks_with(apdu: bytes, acknowledged: int, *, streaming: bool = True) -> bytes:
    """The same block, sent again later."""
    [block] = blocks([apdu])
    return GeneralBlockTransfer(
        block.last_block, streaming, block.window, block.block_number, acknowledged, block.block_data
    ).encode()


def test_the_client_asks_again_when_nothing_comes():
    client, server = Transfer(ROOM, 2), Transfer(ROOM, 2, is_server=True)
    first = client.send(text(25))
    assert client.repeat() == first
    give(server, first)
    _, out = give(server, client.repeat())  # the confirmation was lost: it comes again, the same
    assert shown(out) == ["1/1 w2 0"]
    _, out = give(client, out)
    give(server, out)
    answer = server.send(text(25))
    assert len(answer) == 2
    _, again = give(server, client.repeat())  # and so does the answer
    assert shown(again)[-1] == shown(answer)[-1]
    _, out = give(client, again)
    give(server, out)
    assert shown(client.repeat()) == shown(out)
    _, out = give(server, client.repeat())
    assert give(client, out) == (text(25), [])
    assert client.repeat() == []


def test_what_was_seen_before_is_answered_by_a_server_and_not_by_a_client():
    client, server = Transfer(ROOM, 1), Transfer(ROOM, 1, is_server=True)
    first = client.send(text(15))
    _, out = give(server, first)
    assert give(server, first) == (None, out)
    give(client, out)
    before = client.progress
    assert give(client, out) == (None, [])
    assert client.progress == before


def test_a_request_is_handed_over_once():
    client, server = Transfer(ROOM, 1), Transfer(ROOM, 1, is_server=True)
    [only] = client.send(b"request")
    assert give(server, [only, only, only])[0] == b"request"
    assert [server.receive(block)[0] for block in blocks([only, only])] == [None, None]


def test_the_first_block_of_another_exchange_is_told_from_one_sent_again():
    server = Transfer(ROOM, 1, is_server=True)
    [first] = blocks(Transfer(ROOM, 1).send(b"request"))
    [other] = blocks(Transfer(ROOM, 1).send(b"another"))
    server.receive(first)
    assert not server.is_followed_by(first)
    assert server.is_followed_by(other)
    assert not server.is_followed_by(GeneralBlockTransfer(True, False, 1, 2, 1))


def test_a_confirmation_from_a_peer_that_says_more_than_it_must_is_not_answered_for_ever():
    server = Transfer(ROOM, 8, is_server=True)
    server.send(text(5))
    assert server.receive(GeneralBlockTransfer(False, False, 8, 1, 1)) == (None, [])


def test_a_window_of_nothing_still_takes_one_block():
    client, server = Transfer(ROOM, 2), Transfer(ROOM, 2, is_server=True)
    server.receive(GeneralBlockTransfer(True, False, 0, 1, 0, b"request"))
    out = server.send(text(15))
    assert shown(out) == ["1/1 w2 10"]
    assert give(client, out)[0] is None


@pytest.mark.parametrize("window", [-1, 0, 64])
def test_a_window_that_no_block_can_state_is_refused(window):
    with pytest.raises(EncodeError, match="allowed are 1 to 63"):
        Transfer(ROOM, window)


@pytest.mark.parametrize(("room", "size"), [(7, 1), (0, 1), (8, 0x10000)])
def test_what_fits_no_blocks_is_refused(room, size):
    with pytest.raises(EncodeError, match="too long for blocks"):
        Transfer(room, 1).send(bytes(size))


def test_the_most_blocks_there_can_be():
    assert len(Transfer(8, 63).send(bytes(0xFFFF))) == 1


# Hostile peers


def test_an_apdu_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_VALUE", 100)
    client = Transfer(ROOM, 8)
    endless = (GeneralBlockTransfer(False, True, 1, number, 0, bytes(10)) for number in range(1, 20))
    with pytest.raises(RemoteProtocolError, match="more than 100 octets"):
        deque(map(client.receive, endless), maxlen=0)


def test_confirmations_without_end_are_refused():
    client = Transfer(ROOM, 1)
    client.send(b"request")
    endless = (GeneralBlockTransfer(False, False, 1, number, number) for number in range(1, 0x10000))
    with pytest.raises(RemoteProtocolError, match="more than 65535 blocks"):
        deque(map(client.receive, endless), maxlen=0)


def test_blocks_far_ahead_are_not_kept():
    server = Transfer(ROOM, 8, is_server=True)
    for number in range(2, 1000):
        server.receive(GeneralBlockTransfer(False, True, 1, number, 0, bytes(100)))
    assert len(server._ahead) == 62


@given(st.lists(st.builds(GeneralBlockTransfer, st.booleans(), st.booleans(), *[st.integers(0, 5)] * 3, st.binary())))
def test_any_blocks_give_blocks(received):
    for is_server in (False, True):
        end = Transfer(ROOM, 4, is_server=is_server)
        end.send(text(35))
        for block in received:
            _, out = end.receive(block)
            assert all(len(apdu) <= ROOM for apdu in out)
            assert len(out) <= 63


# A bad line


class BadLine(RuleBasedStateMachine):
    """A request, then an answer; blocks get lost, doubled and out of order; the client's clock runs out."""

    @initialize(
        room=st.integers(9, 40),
        windows=st.tuples(st.integers(1, 8), st.integers(1, 8)),
        request=st.binary(min_size=1, max_size=120),
        answer=st.binary(min_size=1, max_size=160),
    )
    def begin(self, room, windows, request, answer):
        self.request, self.answer = request, answer
        self.client = Transfer(room, windows[0])
        self.server = Transfer(room, windows[1], is_server=True)
        self.line: list[tuple[str, bytes]] = []
        self.served = 0
        self.got: bytes | None = None
        self.put("server", self.client.send(request))

    def put(self, to: str, apdus: list[bytes]) -> None:
        assert all(len(apdu) <= self.client.room for apdu in apdus)
        self.line += [(to, apdu) for apdu in apdus]

    def deliver(self, at: int) -> None:
        to, apdu = self.line.pop(at)
        [block] = blocks([apdu])
        if to == "client":
            found, out = self.client.receive(block)
            self.put("server", out)
            self.got = found or self.got
            return
        found, out = self.server.receive(block)
        self.put("client", out)
        if found is not None:
            assert found == self.request
            self.served += 1
            self.put("client", self.server.send(self.answer))

    @precondition(lambda self: self.line)
    @rule()
    def arrives(self):
        self.deliver(0)

    @precondition(lambda self: len(self.line) > 1)
    @rule(at=st.integers(1, 5))
    def overtakes(self, at):
        self.deliver(min(at, len(self.line) - 1))

    @precondition(lambda self: self.line)
    @rule(at=st.integers(0, 5))
    def is_lost(self, at):
        self.line.pop(min(at, len(self.line) - 1))

    @precondition(lambda self: self.line)
    @rule(at=st.integers(0, 5))
    def is_doubled(self, at):
        self.line.append(self.line[min(at, len(self.line) - 1)])

    @rule()
    def time_runs_out(self):
        if self.got is None:
            self.put("server", self.client.repeat())

    @invariant()
    def nothing_is_wrong_or_done_twice(self):
        if hasattr(self, "served"):
            assert self.served <= 1
            assert self.got in (None, self.answer)

    def teardown(self):
        """From here on the line is good: everything arrives."""
        if not hasattr(self, "served"):
            return
        for _ in range(1000):
            while self.line:
                self.deliver(0)
            if self.got is not None:
                break
            self.put("server", self.client.repeat())
        assert self.got == self.answer
        assert self.served == 1


TestBadLine = BadLine.TestCase
TestBadLine.settings = settings(max_examples=300, stateful_step_count=60, deadline=None)


@pytest.mark.parametrize(("loss", "doubling", "disorder"), [(0.2, 0.0, 0.0), (0.0, 0.3, 0.5), (0.4, 0.2, 0.3)])
@pytest.mark.parametrize("whole", [False, True])
def test_long_exchanges_over_a_bad_line(loss, doubling, disorder, whole):
    dice = Random(7)
    for _ in range(60):
        room, windows = dice.randint(9, 60), (dice.randint(1, 20), dice.randint(1, 20))
        request, answer = dice.randbytes(dice.randint(1, 400)), dice.randbytes(dice.randint(1, 900))
        client, server = Transfer(room, windows[0]), Transfer(room, windows[1], is_server=True)
        line: list[tuple[bool, bytes]] = []

        def put(to_server, apdus, line=line):
            for apdu in apdus:
                line += [(to_server, apdu)] * ((dice.random() >= loss) + (dice.random() < doubling))

        if whole:
            put(False, server.send(answer))
        else:
            put(True, client.send(request))
        got, served = None, 0
        for _ in range(20_000):
            if not line:
                put(True, client.repeat())
                continue
            to_server, apdu = line.pop(dice.randrange(min(len(line), 4)) if dice.random() < disorder else 0)
            end = server if to_server else client
            found, out = end.receive(blocks([apdu])[0])
            put(not to_server, out)
            if found is not None and to_server:
                served += 1
                assert found == request
                put(False, server.send(answer))
            elif found is not None:
                got = found
                break
        assert (got, served) == (answer, 0 if whole else 1)
