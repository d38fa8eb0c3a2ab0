"""Disconnect control: every mode, state and event against the table of facts/dlms.md §6.6."""

import pytest

from openami.core.errors import AccessError, ActionError
from openami.cosem.disconnect_control import (
    ControlMode,
    ControlState,
    DisconnectControl,
    DisconnectControlv1,
    Event,
    state_after,
)
from openami.cosem.objects import Live
from openami.dlms.data import ENUM

LN = "0.0.96.3.10.255"
EVENTS = [
    Event.REMOTE_DISCONNECT,
    Event.REMOTE_RECONNECT,
    Event.MANUAL_DISCONNECT,
    Event.MANUAL_RECONNECT,
    Event.LOCAL_DISCONNECT,
    Event.LOCAL_RECONNECT,
]
STATES = {
    "D": ControlState.DISCONNECTED,
    "C": ControlState.CONNECTED,
    "R": ControlState.READY_FOR_RECONNECTION,
}
TABLE = """
mode from  remote  manual  local
           off on  off on  off on
0    D     .   .   .   .   .   .
0    C     .   .   .   .   .   .
0    R     .   .   .   .   .   .
1    D     .   R   .   .   .   .
1    C     D   .   R   .   R   .
1    R     D   .   .   C   .   .
2    D     .   C   .   .   .   .
2    C     D   .   R   .   R   .
2    R     D   .   .   C   .   .
3    D     .   R   .   .   .   .
3    C     D   .   .   .   R   .
3    R     D   .   .   C   .   .
4    D     .   C   .   .   .   .
4    C     D   .   .   .   R   .
4    R     D   .   .   C   .   .
5    D     .   R   .   .   .   .
5    C     D   .   R   .   R   .
5    R     D   .   .   C   .   C
6    D     .   R   .   .   .   .
6    C     D   .   .   .   R   .
6    R     D   .   .   C   .   C
"""
"""Where each event leads; a dot is no transition."""
CELLS = [
    (ControlMode(int(mode)), STATES[state], event, STATES[state if cell == "." else cell])
    for mode, state, *cells in map(str.split, TABLE.strip().splitlines()[2:])
    for event, cell in zip(EVENTS, cells, strict=True)
]


def test_the_table_is_whole() -> None:
    assert len(CELLS) == 7 * 3 * 6
    assert len({cell[:3] for cell in CELLS}) == len(CELLS)


@pytest.mark.parametrize(("mode", "state", "event", "after"), CELLS)
def test_every_cell(mode: ControlMode, state: ControlState, event: Event, after: ControlState) -> None:
    assert state_after(mode, state, event) is after
    connected = state is ControlState.CONNECTED
    switch = DisconnectControl(LN, control_mode=mode, control_state=state, output_state=connected)
    assert switch.transition(event) is after
    assert switch.control_state is after
    assert switch.output_state is (after is ControlState.CONNECTED)


@pytest.mark.parametrize("mode", list(ControlMode)[1:7])
@pytest.mark.parametrize("state", sorted(ControlState))
@pytest.mark.parametrize(("method_id", "event"), [(1, Event.REMOTE_DISCONNECT), (2, Event.REMOTE_RECONNECT)])
def test_a_method_is_a_remote_event(mode: ControlMode, state: ControlState, method_id: int, event: Event) -> None:
    switch = DisconnectControl(LN, control_mode=mode, control_state=state)
    assert switch.invoke(method_id) is None
    assert switch.control_state is state_after(mode, state, event)


@pytest.mark.parametrize("method_id", [1, 2])
def test_mode_0_refuses_both_methods(method_id: int) -> None:
    switch = DisconnectControl(LN)
    with pytest.raises(ActionError, match="in control mode 0: action-result read-write-denied"):
        switch.invoke(method_id)
    assert switch.control_state is ControlState.CONNECTED


def test_a_relay_moves_from_the_writer_of_the_output() -> None:
    moves: list[bool] = []
    switch = DisconnectControl(LN, control_mode=ControlMode.MODE_4, output_state=Live(lambda: True, moves.append))
    switch.invoke(1)
    switch.invoke(1)
    switch.invoke(2)
    assert moves == [False, True]


def test_what_no_text_states_of_mode_7_does_not_happen() -> None:
    with pytest.raises(AccessError, match="type-unmatched"):
        DisconnectControl(LN).write(4, ENUM.encode(7))
    switch = DisconnectControlv1(LN)
    switch.write(4, ENUM.encode(7))
    assert switch.control_mode is ControlMode.MODE_7
    with pytest.raises(ActionError, match="in control mode 7"):
        switch.invoke(1)
    assert {switch.transition(event) for event in EVENTS} == {ControlState.CONNECTED}
