"""Arbitrator: permission, weight, and the action that wins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import ActionError
from openami.core.obis import OBIS
from openami.cosem.arbitrator import ACTION_REQUEST, ActionRequest, Arbitrator, outcome
from openami.cosem.elements import ScriptReference
from openami.dlms.data import BitString

LN = "0.0.96.3.20.255"
SCRIPTS = OBIS.parse("0.0.10.0.106.255")
DISCONNECT, RECONNECT = ScriptReference(SCRIPTS, 1), ScriptReference(SCRIPTS, 2)
UTILITY, SUPPLIER, CONSUMER = 1, 2, 3
bits = BitString.parse


def arbitrator() -> tuple[Arbitrator, list[ScriptReference]]:
    """Who may disconnect and reconnect: the utility outweighs the supplier, the consumer may only reconnect."""
    ran: list[ScriptReference] = []
    made = Arbitrator(
        LN,
        actions=[DISCONNECT, RECONNECT],
        permissions_table=[bits("11"), bits("11"), bits("01")],
        weightings_table=[[100, 100], [10, 10], [1, 1]],
        handlers={"execute_script": ran.append},
    )
    return made, ran


def ask(held: Arbitrator, actor: int, actions: str) -> int:
    held.invoke(1, ACTION_REQUEST.encode(ActionRequest(actor, bits(actions))))
    return held.last_outcome


def test_the_weightiest_wish_wins_while_it_stands() -> None:
    held, ran = arbitrator()
    assert ask(held, SUPPLIER, "10") == 1
    assert ask(held, CONSUMER, "01") == 1  # the supplier's wish still outweighs it
    assert ask(held, UTILITY, "01") == 2
    assert ask(held, UTILITY, "00") == 1  # withdrawn
    assert ran == [DISCONNECT, DISCONNECT, RECONNECT, DISCONNECT]


def test_what_is_not_permitted_is_not_noted() -> None:
    held, ran = arbitrator()
    assert ask(held, CONSUMER, "10") == 0
    assert (ran, held.most_recent_requests_table) == ([], [bits("00")] * 3)
    assert ask(held, CONSUMER, "1") == 0
    assert ask(held, CONSUMER, "111") == 2
    assert held.most_recent_requests_table[2] == bits("01")


def test_two_of_one_weight_win_nothing() -> None:
    held, ran = arbitrator()
    assert ask(held, SUPPLIER, "11") == 0
    assert ran == []


def test_reset_forgets_requests_and_outcome() -> None:
    held, _ = arbitrator()
    ask(held, UTILITY, "10")
    held.invoke(2)
    assert (held.last_outcome, held.most_recent_requests_table) == (0, [bits("00")] * 3)
    assert ask(held, CONSUMER, "01") == 2


@pytest.mark.parametrize("actor", [0, 4, 255])
def test_an_unknown_actor_is_refused(actor: int) -> None:
    with pytest.raises(ActionError, match=f"no actor {actor}: action-result object-undefined"):
        ask(arbitrator()[0], actor, "10")


def test_without_a_device_to_act_the_winner_is_refused() -> None:
    held, _ = arbitrator()
    held.handlers = {}
    with pytest.raises(ActionError, match="execute_script: the device has no handler"):
        ask(held, UTILITY, "10")


tables = st.lists(st.lists(st.integers(0, 3), max_size=4), max_size=4)
requests = st.lists(st.text("01", max_size=5).map(bits), max_size=5)


@given(requests, tables, st.integers(0, 4))
def test_the_winner_weighs_more_than_every_other(asked: list[BitString], weights: list[list[int]], count: int) -> None:
    """Against the definition, cell by cell; tables need not be whole."""
    total = [0] * count
    for row, weigh in zip(asked, weights, strict=False):
        for action, weight in enumerate(weigh[:count]):
            total[action] += weight if action < len(row) and row[action] else 0
    winners = [action + 1 for action in range(count) if total[action] and total.count(total[action]) == 1]
    best = [action for action in winners if total[action - 1] == max(total)]
    assert outcome(asked, weights, count) == (best[0] if best else 0)
