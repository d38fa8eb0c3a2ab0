"""Long transfers at the server end: in turn, out of turn, and without leave."""

import pytest

from openami.dlms.client import DEFAULT_CONFORMANCE
from openami.dlms.server import Opened
from openami.dlms.xdlms import (
    ActionRequestFirstPblock,
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithListFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNormal,
    ActionResponseWithPblock,
    ActionResult,
    Conformance,
    DataAccessResult,
    DataBlock,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseWithDataBlock,
    GetResponseWithList,
    SetRequestFirstBlock,
    SetRequestFirstBlockWithList,
    SetRequestWithBlock,
    SetResponseDataBlock,
    SetResponseLastDataBlock,
    SetResponseLastDataBlockWithList,
)
from pair import (
    CLOCK,
    ECHO,
    PROFILE,
    REGISTER,
    Pair,
    ask,
    public,
    wrap,
)

LONG = b"\x09\x82\x01\xf4" + bytes(range(250)) * 2
NO_GBT = DEFAULT_CONFORMANCE & ~Conformance.GENERAL_BLOCK_TRANSFER


def long_get(pair: Pair) -> GetResponseWithDataBlock:
    pair.store.values[PROFILE] = LONG
    return ask(pair, GetRequestNormal(0xC1, PROFILE))


def test_a_long_get_in_blocks():
    pair = public(max_pdu=100)
    answer, value = long_get(pair), b""
    while not answer.last_block:
        value += answer.result
        answer = ask(pair, GetRequestNext(0xC1, answer.block_number))
    assert value + answer.result == LONG
    assert ask(pair, GetRequestNext(0xC1, answer.block_number)).result is DataAccessResult.NO_LONG_GET_IN_PROGRESS


@pytest.mark.parametrize("number", [0, 2, 2**32 - 1])
def test_a_wrong_block_number_ends_a_long_get(number):
    pair = public(max_pdu=100)
    long_get(pair)
    answer = ask(pair, GetRequestNext(0xC1, number))
    assert answer == GetResponseWithDataBlock(0xC1, True, number, DataAccessResult.DATA_BLOCK_NUMBER_INVALID)
    assert ask(pair, GetRequestNext(0xC1, 1)).result is DataAccessResult.NO_LONG_GET_IN_PROGRESS


def test_a_new_get_ends_a_long_get():
    pair = public(max_pdu=100)
    long_get(pair)
    ask(pair, GetRequestNormal(0xC2, CLOCK))
    assert ask(pair, GetRequestNext(0xC1, 1)).result is DataAccessResult.NO_LONG_GET_IN_PROGRESS


def test_the_next_block_is_for_who_asked_for_the_value():
    pair = public(max_pdu=100)
    long_get(pair)
    assert ask(pair, GetRequestNext(0xC2, 1)).result is DataAccessResult.NO_LONG_GET_IN_PROGRESS
    assert isinstance(ask(pair, GetRequestNext(0x41, 1)).result, bytes)


def test_a_long_value_without_blocks_is_not_available():
    pair = public(max_pdu=100, conformance=NO_GBT & ~Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ)
    assert long_get(pair).result is DataAccessResult.DATA_BLOCK_UNAVAILABLE
    listed = ask(pair, GetRequestWithList(0xC1, ((PROFILE, None), (CLOCK, None))))
    assert listed == GetResponseWithList(0xC1, (DataAccessResult.DATA_BLOCK_UNAVAILABLE,) * 2)


def first_set(last: bool = False, number: int = 1) -> SetRequestFirstBlock:
    return SetRequestFirstBlock(0xC1, REGISTER, None, DataBlock(last, number, b"\x11"))


def test_a_set_in_blocks():
    pair = public()
    assert ask(pair, first_set()) == SetResponseDataBlock(0xC1, 1)
    last = SetRequestWithBlock(0xC1, DataBlock(True, 2, b"\x07"))
    assert ask(pair, last) == SetResponseLastDataBlock(0xC1, DataAccessResult.SUCCESS, 2)
    assert pair.store.values[REGISTER] == b"\x11\x07"
    refused = SetResponseLastDataBlock(0xC1, DataAccessResult.NO_LONG_SET_IN_PROGRESS, 3)
    assert ask(pair, SetRequestWithBlock(0xC1, DataBlock(True, 3, b"\x07"))) == refused


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_wrong_block_number_ends_a_long_set(number):
    pair = public()
    ask(pair, first_set())
    refused = ask(pair, SetRequestWithBlock(0xC1, DataBlock(True, number, b"\x07")))
    assert refused == SetResponseLastDataBlock(0xC1, DataAccessResult.DATA_BLOCK_NUMBER_INVALID, number)
    refused = ask(pair, SetRequestWithBlock(0xC1, DataBlock(True, 2, b"\x07")))
    assert refused.result is DataAccessResult.NO_LONG_SET_IN_PROGRESS


def test_a_first_block_that_is_not_the_first_is_refused():
    assert ask(public(), first_set(number=2)).result is DataAccessResult.DATA_BLOCK_NUMBER_INVALID


@pytest.mark.parametrize("raw", [b"", b"\x01\x00", b"\x02\x00", b"\x02\x00\x00\x00", b"\x02\x00\xfe"])
def test_a_list_of_values_that_does_not_fit_is_refused(raw):
    pair = public()
    block = DataBlock(True, 1, raw)
    answer = ask(pair, SetRequestFirstBlockWithList(0xC1, ((REGISTER, None), (CLOCK, None)), block))
    aborted = (DataAccessResult.LONG_SET_ABORTED,) * 2
    assert answer == SetResponseLastDataBlockWithList(0xC1, aborted, 1)
    assert pair.server_events == [Opened(16)]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_wrong_block_number_ends_a_long_action(number):
    pair = public()
    ask(pair, ActionRequestFirstPblock(0xC1, ECHO, DataBlock(False, 1, b"\x11")))
    answer = ask(pair, ActionRequestWithPblock(0xC1, DataBlock(True, number, b"\x07")))
    assert answer == ActionResponseNormal(0xC1, ActionResult.LONG_ACTION_ABORTED)
    answer = ask(pair, ActionRequestWithPblock(0xC1, DataBlock(True, 2, b"\x07")))
    assert answer == ActionResponseNormal(0xC1, ActionResult.NO_LONG_ACTION_IN_PROGRESS)
    assert pair.store.invoked == []


def test_a_wrong_block_number_ends_a_long_answer_of_an_action():
    pair = public(max_pdu=100)
    assert isinstance(ask(pair, ActionRequestNormal(0xC1, ECHO, LONG)), ActionResponseWithPblock)
    assert isinstance(ask(pair, ActionRequestNextPblock(0xC1, 1)), ActionResponseWithPblock)
    assert ask(pair, ActionRequestNextPblock(0xC1, 3)).result is ActionResult.LONG_ACTION_ABORTED
    assert ask(pair, ActionRequestNextPblock(0xC1, 2)).result is ActionResult.NO_LONG_ACTION_IN_PROGRESS


def test_a_long_answer_of_an_action_without_blocks_is_not_available():
    pair = public(max_pdu=100, conformance=NO_GBT & ~Conformance.BLOCK_TRANSFER_WITH_ACTION)
    answer = ask(pair, ActionRequestNormal(0xC1, ECHO, LONG))
    assert answer == ActionResponseNormal(0xC1, ActionResult.SUCCESS, DataAccessResult.DATA_BLOCK_UNAVAILABLE)


@pytest.mark.parametrize("raw", [b"", b"\x01\x00", b"\x02\x00"])
def test_a_list_of_parameters_that_does_not_fit_is_refused(raw):
    pair = public()
    answer = ask(pair, ActionRequestWithListFirstPblock(0xC1, (ECHO, ECHO), DataBlock(True, 1, raw)))
    assert answer == ActionResponseNormal(0xC1, ActionResult.LONG_ACTION_ABORTED)
    assert pair.store.invoked == []


def test_a_long_value_without_any_octet_is_refused():
    pair, nothing = public(), DataBlock(True, 1, b"")
    refused = SetResponseLastDataBlock(0xC1, DataAccessResult.LONG_SET_ABORTED, 1)
    assert ask(pair, SetRequestFirstBlock(0xC1, REGISTER, None, nothing)) == refused
    refused = ActionResponseNormal(0xC1, ActionResult.LONG_ACTION_ABORTED)
    assert ask(pair, ActionRequestFirstPblock(0xC1, ECHO, nothing)) == refused


# A block asked for again


@pytest.mark.parametrize("times", [1, 3])
def test_a_block_that_is_asked_for_again_comes_again(times):
    pair = public(max_pdu=100)
    answer, value = long_get(pair), b""
    while not answer.last_block:
        value += answer.result
        again = [ask(pair, GetRequestNext(0xC1, answer.block_number)) for _ in range(1 + times)]
        assert again == [again[0]] * (1 + times)
        answer = again[0]
    assert value + answer.result == LONG


def test_a_block_that_was_answered_is_not_asked_for_once_something_else_was():
    pair = public(max_pdu=100)
    long_get(pair)
    ask(pair, GetRequestNext(0xC1, 1))
    ask(pair, GetRequestNext(0xC1, 2))
    assert ask(pair, GetRequestNext(0xC1, 1)).result is DataAccessResult.DATA_BLOCK_NUMBER_INVALID


def test_a_block_that_is_sent_again_is_answered_again_and_done_once():
    pair = public()
    for _ in range(3):
        assert ask(pair, first_set()) == SetResponseDataBlock(0xC1, 1)
    last = SetRequestWithBlock(0xC1, DataBlock(True, 2, b"\x07"))
    for _ in range(3):
        assert ask(pair, last) == SetResponseLastDataBlock(0xC1, DataAccessResult.SUCCESS, 2)
    assert len(pair.server_events) == 2
    first = ActionRequestFirstPblock(0xC1, ECHO, DataBlock(True, 1, b"\x11\x07"))
    for _ in range(3):
        assert ask(pair, first) == ActionResponseNormal(0xC1, ActionResult.SUCCESS, b"\x11\x07")
    assert len(pair.store.invoked) == 1


def test_a_last_block_that_is_sent_again_while_the_shell_thinks_is_answered_once():
    pair = public()
    ask(pair, first_set())
    last = SetRequestWithBlock(0xC1, DataBlock(True, 2, b"\x07")).encode()
    [event] = pair.server.receive(wrap(last, 16), pair.now)
    assert pair.server.receive(wrap(last, 16), pair.now) == []
    pair.server.respond(event.id, [DataAccessResult.SUCCESS])
    assert len(pair.server.outgoing()) == 1
    assert ask(pair, SetRequestWithBlock(0xC1, DataBlock(True, 2, b"\x07"))).result is DataAccessResult.SUCCESS
