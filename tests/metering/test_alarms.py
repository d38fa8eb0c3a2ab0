"""Alarm registers: ESMR remembers until ones are written; IDIS shows the present and keeps descriptors."""

import numpy as np
import pytest

from metering.watched import START, Volts, fleet, run
from openami.metering import commands
from openami.metering.alarms import Alarms
from openami.metering.events import Bit, Clearing, Face, Happened, in_order
from openami.meters.faces import FACES

IDIS, ESMR = FACES["idis"], FACES["esmr"]
ONE, POWERED = np.array([0]), np.array([True])
FRAUD, OUTAGE = 1 << 13, 1 << 2


def held(face: Face, meters: int = 1) -> Alarms:
    return Alarms.of(meters, face)


def shown(alarms: Alarms, register: int = 0) -> tuple[int, int]:
    return int(alarms.register[register, 0]), int(alarms.descriptor[register, 0])


def test_the_register_shows_the_present_and_the_descriptor_remembers() -> None:
    alarms = held(IDIS)
    alarms.take("terminal_cover_open", ONE)
    assert shown(alarms) == (FRAUD, FRAUD)
    assert alarms.take_raised(POWERED) == [(0, (FRAUD, 0, 0))]
    alarms.take("terminal_cover_closed", ONE)
    assert shown(alarms) == (0, FRAUD)
    assert alarms.take_raised(POWERED) == [(0, (0, 0, 1 << 14))]
    alarms.take("terminal_cover_open", ONE)
    assert alarms.take_raised(POWERED) == []  # still remembered: no news


def test_the_same_alarm_is_told_again_after_its_descriptor_was_cleared() -> None:
    alarms = held(IDIS)
    for _ in range(3):
        alarms.take("phase_outage_l1", ONE)
        assert alarms.take_raised(POWERED)[0][1][1] == OUTAGE
        alarms.take("phase_back_l1", ONE)
        alarms.write_descriptor(1, 0, 0)
        alarms.take_raised(POWERED)
    assert shown(alarms, 1)[1] == 0


def test_a_bit_of_several_causes_goes_with_the_last_of_them() -> None:
    alarms = held(IDIS)
    for name in ("terminal_cover_open", "magnet_on"):
        alarms.take(name, ONE)
    alarms.take("terminal_cover_closed", ONE)
    assert shown(alarms)[0] == FRAUD
    alarms.take("magnet_off", ONE)
    assert shown(alarms)[0] == 0


def test_an_idis_register_cleared_while_the_cause_is_there_is_set_and_told_again() -> None:
    alarms = held(IDIS)
    alarms.take("magnet_on", ONE)
    alarms.take("login_failed", ONE)
    alarms.take_raised(POWERED)
    alarms.write_descriptor(0, 0, 0)
    alarms.write(0, 0, 0)
    assert shown(alarms) == (FRAUD, FRAUD)
    assert alarms.take_raised(POWERED) == [(0, (FRAUD, 0, 0))]


def test_a_momentary_alarm_is_told_each_time_it_was_cleared() -> None:
    alarms = held(IDIS)
    for _ in range(2):
        alarms.take("login_failed", ONE)
        assert alarms.take_raised(POWERED) == [(0, (FRAUD, 0, 0))]
        alarms.write_descriptor(0, 0, 0)
    alarms.write(0, 0, 0)
    assert shown(alarms) == (0, 0)


def test_no_client_sets_a_bit() -> None:
    alarms = held(IDIS)
    alarms.write(0, 0, 2**32 - 1)
    alarms.write_descriptor(0, 0, 2**32 - 1)
    assert shown(alarms) == (0, 0)


def test_what_the_filter_keeps_out_is_no_alarm() -> None:
    alarms = held(IDIS)
    alarms.filter[0, 0] = 0
    alarms.take("magnet_on", ONE)
    assert (shown(alarms), alarms.take_raised(POWERED)) == ((0, 0), [])


def test_an_esmr_register_remembers_and_ones_clear_it() -> None:
    alarms = held(ESMR)
    alarms.take("terminal_cover_open", ONE)
    alarms.take("terminal_cover_closed", ONE)
    alarms.take("phase_outage_l3", ONE)
    assert shown(alarms)[0] == FRAUD | 1 << 58
    assert alarms.take_raised(POWERED) == [(0, (FRAUD | 1 << 58,))]
    alarms.write(0, 0, FRAUD)
    assert shown(alarms)[0] == 1 << 58
    alarms.take("magnet_on", ONE)
    assert alarms.take_raised(POWERED) == [(0, (FRAUD,))]


def test_without_supply_alarms_wait_and_a_last_gasp_does_not() -> None:
    face = Face("smr", {}, {}, alarms={"magnet_on": (Bit(0, 3),), "last_gasp": (Bit(0, 0),)})
    alarms, dark = held(face), np.array([False])
    alarms.take("magnet_on", ONE)
    assert alarms.take_raised(dark) == []
    assert alarms.take_raised(POWERED) == [(0, (8,))]
    alarms.take("last_gasp", ONE)
    assert alarms.take_raised(dark) == [(0, (1,))]


def test_where_zeros_clear_zeros_clear() -> None:
    alarms = held(Face("smr", {}, {}, alarms={"magnet_on": (Bit(0, 3),)}, clearing=Clearing.ZEROS))
    alarms.take("magnet_on", ONE)
    alarms.write(0, 0, 8)
    assert shown(alarms)[0] == 8
    alarms.write(0, 0, 0)
    assert shown(alarms)[0] == 0


@pytest.mark.parametrize("face", FACES.values(), ids=lambda face: face.name)
def test_alarms_begin_with_all_that_have_a_meaning_let_through(face: Face) -> None:
    alarms = held(face, 2)
    for bits in face.alarms.values():
        assert all(int(alarms.filter[bit.register, 1]) >> bit.bit & 1 for bit in bits)
    assert not alarms.register.any()


def test_each_meter_has_its_events_in_order_of_time_and_those_of_a_moment_as_they_came() -> None:
    def event(name: str, columns: list[int], tenths: list[int]) -> Happened:
        meters = np.array(columns)
        octets = np.zeros(len(meters), np.uint8)
        return Happened(name, meters, np.array(tenths), meters, octets.astype(np.int16), octets, {})

    waiting = [event("a", [0, 1, 2], [50, 10, 30]), event("b", [0, 2], [20, 30]), event("c", [2, 0], [10, 50])]
    order: dict[int, list[str]] = {0: [], 1: [], 2: []}
    for happened in in_order(waiting):
        for meter in happened.columns.tolist():
            order[meter].append(happened.name)
    assert order == {0: ["b", "a", "c"], 1: ["a"], 2: ["c", "a", "b"]}


def test_an_outage_and_its_end_within_one_slice_leave_the_register_as_they_should() -> None:
    state = fleet(face=IDIS)
    commands.cut(state, 0, START + 10, START + 20)
    run(state, 900, Volts())
    assert state.alarms is not None
    assert int(state.alarms.register[1, 0]) == 1 << 1
    assert int(state.alarms.descriptor[1, 0]) == 0b11
