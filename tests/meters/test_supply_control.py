"""Relay, limiter, schedule, tamper latch and alarms of a meter of our own making, over its objects."""

import asyncio
import contextlib
from pathlib import Path
from random import Random
from typing import Any

import pytest

import openami
from meters.small_fleet import HOUR_S, START, Steady, Turned, utc_of
from meters.switched import switched
from openami.aio.journal import Journal
from openami.core.obis import OBIS
from openami.core.time import CET, CosemDate, CosemTime
from openami.cosem.disconnect_control import ControlMode, ControlState, DisconnectControl
from openami.cosem.limiter import EmergencyProfile, Limiter
from openami.cosem.push import Destination, PushSetup
from openami.cosem.registers import Data, Register
from openami.cosem.scripts import ExecutionTime, ScriptReference, SingleActionSchedule
from openami.dlms.data import native
from openami.dlms.push import Acceptance
from openami.dlms.security import Policy
from openami.dlms.xdlms import ActionResult, AttributeDescriptor, DataAccessResult
from openami.meters.fleet import Fleet
from openami.meters.holding import Holding
from openami.meters.records import Refusal

RELAY, LIMITER, SCHEDULE, LATCH = "0.0.96.3.10.255", "0.0.17.0.0.255", "0.0.15.0.1.255", "1.0.94.98.69.255"
ENERGY = "1.0.1.8.0.255"
SUCCESS = DataAccessResult.SUCCESS


class House:
    """One meter on a clock that is turned."""

    def __init__(self, folder: Path, load: Any = None, journal: Any = None) -> None:
        self.clock, self.load = Turned(), load or Steady(active_w=600, meters=1)
        self.product = switched(folder)
        self.fleet = Fleet.create(
            self.product, 1, start_utc=START, load=self.load, now=self.clock, random=Random(3).randbytes
        )
        self.fleet.journal = journal

    def live(self, seconds: int) -> "House":
        self.clock.utc += seconds
        self.fleet.advance_to(int(self.clock.utc))
        return self

    def get(self, key: Any, name: str) -> Any:
        found = self.product.by_key[key.class_id, OBIS.parse(name)]
        return found.codec(key.name).decode(self.fleet.device(0).get(1, key.at(name)))[0]

    def set(self, key: Any, name: str, value: Any) -> DataAccessResult:
        codec = self.product.by_key[key.class_id, OBIS.parse(name)].codec(key.name)
        return self.fleet.write(0, self.fleet.device(0), 1, (key.at(name), None, codec.encode(value)))

    def act(self, key: Any, name: str) -> ActionResult:
        return self.fleet.act(0, self.fleet.device(0), 1, (key.at(name), b"\x0f\x00"))[0]

    def switch(self) -> tuple[bool, ControlState]:
        return self.get(DisconnectControl.output_state, RELAY), self.get(DisconnectControl.control_state, RELAY)

    def log(self, name: str = "0.0.99.98.2.255") -> list[tuple[int, ...]]:
        rows, _ = native(self.fleet.device(0).get(1, AttributeDescriptor(7, OBIS.parse(name), 2)))
        return [(utc_of(stamp) - START, *rest) for stamp, *rest in rows]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_the_relay_is_worked_from_afar_and_by_its_button(house: House) -> None:
    assert house.get(DisconnectControl.control_mode, RELAY) is ControlMode.MODE_5
    house.live(HOUR_S)
    assert house.act(DisconnectControl.remote_disconnect, RELAY) is ActionResult.SUCCESS
    house.live(HOUR_S)
    assert house.get(Register.value, ENERGY) == 600
    assert house.act(DisconnectControl.remote_reconnect, RELAY) is ActionResult.SUCCESS
    assert house.switch() == (False, ControlState.READY_FOR_RECONNECTION)
    house.fleet.hand(0, "relay_button", None)
    assert house.switch() == (True, ControlState.CONNECTED)
    assert [code for _, code, _ in house.log()] == [62, 59, 61]
    house.fleet.hand(0, "button_press", "relay")
    assert house.switch() == (False, ControlState.READY_FOR_RECONNECTION)


def test_mode_0_refuses_a_client_and_7_is_no_mode_here(house: House) -> None:
    assert house.set(DisconnectControl.control_mode, RELAY, ControlMode.NONE) is SUCCESS
    assert house.act(DisconnectControl.remote_disconnect, RELAY) is ActionResult.READ_WRITE_DENIED
    assert house.switch()[0]


@pytest.mark.parametrize(
    ("hand", "value", "bit"), [("meter_cover", "open", 1), ("terminal_cover", "open", 2), ("magnet_mt", 90, 4)]
)
def test_a_tamper_opens_the_relay_until_the_printed_write(house: House, hand: str, value: Any, bit: int) -> None:
    house.live(60).fleet.hand(0, hand, value)
    house.live(60)
    assert (house.get(Data.value, LATCH), house.switch()[0]) == (bit, False)
    assert house.set(Data.value, LATCH, 5) is not SUCCESS
    printed = bytes.fromhex("00 01 01 00 5E 62 45 FF 02 00 12 00 00")
    key = AttributeDescriptor(int.from_bytes(printed[:2], "big"), OBIS(printed[2:8]), printed[8])
    assert house.fleet.write(0, house.fleet.device(0), 1, (key, None, printed[10:])) is SUCCESS
    assert (house.get(Data.value, LATCH), *house.switch()) == (0, True, ControlState.CONNECTED)
    house.live(HOUR_S)
    assert house.switch()[0]  # the cover is still open: only a new edge latches again


def test_the_write_closes_nothing_that_something_else_holds_open(house: House) -> None:
    house.fleet.hand(0, "meter_cover", "open")
    house.live(60)
    house.act(DisconnectControl.remote_disconnect, RELAY)
    assert house.set(Data.value, LATCH, 0) is SUCCESS
    assert house.switch() == (False, ControlState.DISCONNECTED)


def test_the_log_carries_the_reason(tmp_path: Path) -> None:
    load = Steady(active_w=23_000, volts=251.0, meters=1)
    house = House(tmp_path, load).live(300)
    limiter, over_voltage = 2, 4
    assert house.log() == [(10, 239, 0), (10, 64, over_voltage)]
    load.volts = 235.0
    house.live(900)
    assert [row for row in house.log() if row[1] == 64][1:] == [
        (second, 64, limiter) for second in range(420, 1200, 120)
    ]


def test_the_limiter_has_thresholds_and_times_of_its_own_and_one_for_emergencies(tmp_path: Path) -> None:
    house = House(tmp_path, Steady(active_w=5_000, meters=1)).live(60)
    assert house.get(Limiter.threshold_active, LIMITER) == 22_000
    assert house.set(Limiter.threshold_emergency, LIMITER, 4_000) is SUCCESS
    assert house.set(Limiter.min_over_threshold_duration, LIMITER, 30) is SUCCESS
    assert house.set(Limiter.emergency_profile_group_id_list, LIMITER, [3, 7]) is SUCCESS
    at = START + 1000
    assert house.set(Limiter.emergency_profile, LIMITER, EmergencyProfile(7, CET.stamp(at), 500)) is SUCCESS
    assert house.get(Limiter.emergency_profile_active, LIMITER) is False
    house.live(at - START - 60)
    assert house.get(Limiter.emergency_profile_active, LIMITER) is True
    assert house.get(Limiter.threshold_active, LIMITER) == 4_000
    house.live(29)
    assert house.switch()[0]
    house.live(1)
    assert not house.switch()[0]
    house.live(1000)
    assert house.get(Limiter.threshold_active, LIMITER) == 22_000
    assert house.switch()[0]
    assert house.set(Limiter.emergency_profile, LIMITER, EmergencyProfile(8, CET.stamp(at), 10**6)) is SUCCESS
    assert house.get(Limiter.emergency_profile_active, LIMITER) is False
    assert 67 in [code for _, code, _ in house.log()]


def test_a_schedule_opens_and_makes_ready_at_its_second_every_day(house: House) -> None:
    times = [ExecutionTime(CosemTime(6, 30, 5, 0), CosemDate())]
    assert house.set(SingleActionSchedule.execution_time, SCHEDULE, times) is SUCCESS
    assert house.get(SingleActionSchedule.execution_time, SCHEDULE) == times
    house.live(86_400)
    assert house.log() == [(6 * HOUR_S + 1805, 62, 1)]
    assert house.get(Register.value, ENERGY) == (6 * HOUR_S + 1805) // 6
    script = ScriptReference(OBIS.parse("0.0.10.0.106.255"), 2)
    assert house.set(SingleActionSchedule.executed_script, SCHEDULE, script) is SUCCESS
    house.live(86_400)
    assert house.log()[1:] == [(86_400 + 6 * HOUR_S + 1805, 59, 0)]


def test_three_failed_logins_are_one_event(house: House) -> None:
    for number in range(7):
        house.fleet.refuse(0, Refusal.LOGIN)
        assert house.get(Data.value, "0.0.96.11.1.255") == (46 if number >= 2 else 0)
    assert len(house.log("0.0.99.98.1.255")) == 2


def test_alarms_are_shown_remembered_and_cleared_as_idis_has_it(house: House) -> None:
    register, descriptor = "0.0.97.98.0.255", "0.0.97.98.20.255"
    house.fleet.hand(0, "magnet_mt", 100)
    house.live(60)
    house.fleet.hand(0, "magnet_mt", 0)
    house.live(60)
    assert (house.get(Data.value, register), house.get(Data.value, descriptor)) == (0, 1 << 13)
    assert house.get(Data.value, "0.0.97.98.2.255") == 1 << 14
    assert house.set(Data.value, descriptor, 0) is SUCCESS
    assert house.get(Data.value, descriptor) == 0


def test_a_battery_that_runs_down_is_told_and_a_dead_one_holds_no_clock(house: House) -> None:
    house.fleet.hand(0, "battery_mv", 2500)
    house.live(60)
    assert house.get(Data.value, "0.0.96.11.0.255") == 8
    house.fleet.hand(0, "battery_mv", 100)
    house.fleet.hand(0, "supply", "off")
    house.live(10)
    house.fleet.hand(0, "supply", "on")
    assert house.get(Data.value, "0.0.96.11.0.255") == 6


def test_all_of_it_survives_a_kill(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    house = House(tmp_path, Steady(active_w=23_000, meters=1), journal)
    house.set(SingleActionSchedule.execution_time, SCHEDULE, [ExecutionTime(CosemTime(1, 0, 0, 0), CosemDate())])
    house.live(100).fleet.hand(0, "terminal_cover", "open")
    house.live(1000)
    house.set(Data.value, LATCH, 0)
    house.live(500).fleet.hand(0, "relay_stuck", True)
    house.live(HOUR_S)
    journal.commit_now()
    again = House(tmp_path)
    again.fleet.load = house.load
    for payload in journal.replay():
        again.fleet.replay(payload)
    again.fleet.advance_to(int(house.clock.utc))
    journal.close()
    before = house.fleet.holding.snapshot()
    for after in (again.fleet.holding.snapshot(), restored(house).snapshot()):
        assert before.keys() == after.keys()
        assert [name for name in before if not (before[name] == after[name]).all()] == []


def restored(house: House) -> Holding:
    return Holding.restore(house.product, house.fleet.holding.snapshot(), house.clock)


async def test_an_alarm_is_pushed_and_pushed_again_once_it_was_cleared(house: House) -> None:
    keys = {house.fleet.holding.identity.system_title(0): house.fleet.keys.of(0)}
    acceptance = Acceptance(least=Policy.AE)
    async with openami.listen("tcp://127.0.0.1:0", keys=keys, acceptance=acceptance) as pushes:
        where = Destination(0, str(pushes.addresses[0]).encode(), 0)
        house.set(PushSetup.send_destination_and_method, "0.1.25.9.0.255", where)
        running = asyncio.create_task(house.fleet.run())
        for _ in range(2):
            house.clock.utc += 60
            house.fleet.hand(0, "magnet_mt", 100)
            house.clock.utc += 60
            async with asyncio.timeout(10):
                push = await anext(pushes)
            assert push.title == house.fleet.holding.identity.system_title(0)
            _, trigger = [value.value for value in push.values]
            assert trigger == OBIS.parse("0.0.16.1.0.255")
            house.fleet.hand(0, "magnet_mt", 0)
            house.clock.utc += 60
            await asyncio.sleep(0.5)
            house.set(Data.value, "0.0.97.98.20.255", 0)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
