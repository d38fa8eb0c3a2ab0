"""A relay that follows the tariff table: to the second, however time is cut, and only where it has supply."""

import numpy as np
import pytest

from metering.loads import constant
from openami.core.time import DAY_S
from openami.metering import commands
from openami.metering.advance import advance
from openami.metering.disconnect import Ask, Cause, Relay, asked
from openami.metering.registers import Energy
from openami.metering.state import MakePart, Rules, State
from openami.metering.tariff_switch import NAME, TariffSwitch

MIDNIGHT = 1_767_567_600  # Monday 2026-01-05 00:00 CET; low from 23 to 7, normal between
HOUR_S = 3600
LOW, NORMAL = 0b01, 0b10


def fleet(*opens: int, mode: int = 5) -> State:
    """Meters with a relay that goes by the tariff, one for each mask."""
    parts: dict[str, MakePart] = {
        "relay": lambda meters, _now: Relay.of(meters, mode=mode, life=10),
        NAME: lambda meters, _now: TariffSwitch.of(meters),
    }
    state = State.create(len(opens), MIDNIGHT, rules=Rules(parts=parts))
    for meter, mask in enumerate(opens):
        state.part(NAME, TariffSwitch).set(state, meter, mask)
    return state


def live(state: State, seconds: int, cut: int = DAY_S) -> State:
    until = state.now + seconds
    while state.now < until:
        advance(state, min(until, state.now + cut), constant(1_000_000, meters=state.count))
    return state


@pytest.mark.parametrize("cut", [DAY_S, 777, 3600])
def test_it_opens_and_closes_at_the_second_the_tariff_changes(cut: int) -> None:
    state = live(fleet(0, LOW, NORMAL, LOW | NORMAL), DAY_S, cut)
    assert state.registers.wh(Energy.ACTIVE_IMPORT).tolist() == [24_000, 16_000, 8_000, 0]
    assert state.relay is not None
    assert state.relay.operations.tolist() == [0, 3, 2, 1]
    assert state.relay.closed.tolist() == [True, False, True, False]


def test_in_a_mode_without_local_closing_it_is_made_ready_only() -> None:
    state = live(fleet(LOW, mode=4), 8 * HOUR_S)
    assert state.relay is not None
    assert not state.relay.closed[0]
    asked(state, 0, Ask.MANUAL_ON)
    assert state.relay.closed[0]


def test_nobody_closes_it_while_the_tariff_holds_it() -> None:
    state = fleet(LOW)
    for ask in (Ask.REMOTE_ON, Ask.MANUAL_ON):
        asked(state, 0, ask)
    assert state.relay is not None
    assert not state.relay.closed[0]
    assert state.relay.causes[0] == Cause.TARIFF


def test_a_meter_without_supply_follows_when_it_has_it_again() -> None:
    state = fleet(NORMAL)
    commands.cut(state, 0, state.now + 60)
    live(state, 8 * HOUR_S)
    assert state.relay is not None
    assert state.relay.closed[0]
    commands.restore(state, 0, state.now + 60)
    live(state, 120)
    assert not state.relay.closed[0]


def test_the_masks_are_part_of_a_snapshot() -> None:
    state = live(fleet(LOW, NORMAL), HOUR_S)
    again = State.restore(state.snapshot(), state.rules)
    assert again.part(NAME, TariffSwitch).opens.tolist() == [LOW, NORMAL]
    for one in (state, again):
        live(one, DAY_S)
    assert np.array_equal(state.registers.wh(Energy.ACTIVE_IMPORT), again.registers.wh(Energy.ACTIVE_IMPORT))
