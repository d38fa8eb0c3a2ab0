"""Hands on a CompactIQ: covers, magnet, supply, phases, sags, clock; in its logs, its alarms, and after a kill."""

import asyncio
import contextlib
from pathlib import Path

import pytest

import openami
from meters.small_fleet import FRAUD, HOUR_S, START, Company, Steady, Turned, compactiq, utc_of
from meters.test_store import killed, opened, same, turn
from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.cosem.push import Destination, PushSetup
from openami.cosem.registers import Data, Register
from openami.dlms.data import native
from openami.meters.hands import HANDS
from openami.meters.records import Refusal

ALARMS = "0.0.97.98.0.255"
QUALITY, EXTENDED, STANDARD = "0.0.99.98.5.255", "0.0.99.98.7.255", "0.0.99.98.0.255"
FRAUD_BIT = 1 << 13

ONE_OF_EACH = {
    "terminal_cover": "open", "meter_cover": "open", "module_cover": "closed", "module_cover_2": "open",
    "magnet_mt": 80, "button_press": ["scroll", 300], "phase_lost": [2], "neutral_lost": True, "reverse_phases": 1,
    "phase_sequence": True, "bypass_share": 40, "differential_ma": 500, "frequency_hz": 49.2, "thd_percent": 9.5,
    "thd_current_percent": 12,
    "memory_error": "ram", "clock_drift_ppb": 4000, "battery_mv": 3100, "temperature_c": -12, "factory_mode": True,
    "link_noise": [300, 20],
    "dc_ma": 700, "signal_dbm": -95, "network_secret": ["a", "b"], "sim_imei": "490154203237518", "sms": "+31600000000",
    "network": "off",
    "sag": [1, 5, 45.5, 180], "clock_offset_s": 77, "supply": "off",
}  # fmt: skip
RELAY = {"relay_stuck", "relay_button"}
SOCKET = {"removal", "inversion", "boards_out"}
INPUT = {"key", "nfc", "input_module"}
"""Tried on the meters that have a place for an input module, in `products`."""
ANY_VALUE = RELAY | SOCKET | {"button_press", "billing_reset", "sim_imei", "sms"}


def log(company: Company, name: str) -> list[tuple[int, ...]]:
    """Rows of a log since START: seconds, then the other columns."""
    rows = company.talk().rows(name, START - 10**6, START + 10**7)
    return [(utc_of(stamp) - START, *rest) for stamp, *rest in rows]


@pytest.mark.feature("IQ0404100K1-R-77", "IQ0404100K1-R-81", "IQ0404100K1-R-82")
def test_an_opened_terminal_cover_is_in_the_fraud_log_a_scan_later_and_raises_the_alarm() -> None:
    company = Company().live(100)
    company.fleet.hand(0, "terminal_cover", "open")
    company.live(50)
    company.fleet.hand(0, "terminal_cover", "closed")
    company.live(50)
    assert log(company, FRAUD) == [(101, 40), (151, 41)]
    assert company.read(Data.value, ALARMS) & FRAUD_BIT
    assert company.read(Data.value, "0.0.96.11.1.255") == 41
    assert not company.read(Data.value, ALARMS, meter=1) & FRAUD_BIT


@pytest.mark.feature("IQ0404100K1-R-82")
def test_what_is_shorter_than_a_scan_is_not_noticed() -> None:
    company = Company().live(100)
    company.fleet.hand(0, "terminal_cover", "open")
    company.fleet.hand(0, "terminal_cover", "closed")
    assert log(company.live(60), FRAUD) == []


@pytest.mark.feature("IQ0404100K1-R-78")
@pytest.mark.parametrize(("field_mt", "is_noticed"), [(69, False), (70, True), (200, True)])
def test_a_field_of_70_mt_is_noticed(field_mt: int, is_noticed: bool) -> None:
    company = Company().live(60)
    company.fleet.hand(0, "magnet_mt", field_mt)
    company.live(60)
    company.fleet.hand(0, "magnet_mt", 0)
    assert log(company.live(60), FRAUD) == ([(61, 42), (121, 43)] if is_noticed else [])


@pytest.mark.feature("IQ0404100K1-R-80")
def test_there_is_no_sensor_of_the_meter_cover() -> None:
    company = Company().live(60)
    company.fleet.hand(0, "meter_cover", "open")
    assert log(company.live(60), FRAUD) == []


@pytest.mark.feature("IQ0404100K1-R-83")
def test_a_meter_without_supply_wakes_for_a_tamper_and_stamps_it() -> None:
    company = Company().live(100)
    company.fleet.hand(0, "supply", "off")
    company.live(HOUR_S)
    company.fleet.hand(0, "terminal_cover", "open")
    company.live(HOUR_S)
    company.fleet.hand(0, "supply", "on")
    assert log(company.live(60), FRAUD) == [(100 + HOUR_S + 1, 40)]


@pytest.mark.feature("IQ0404100K1-R-58", "IQ0404100K1-R-70")
def test_a_lost_phase_is_logged_and_raises_its_alarm() -> None:
    company = Company(Steady(active_w=900, amps=(5.0, 5.0, 5.0))).live(900)
    company.fleet.hand(0, "phase_lost", [2])
    company.live(900)
    company.fleet.hand(0, "phase_lost", None)
    company.live(900)
    assert log(company, QUALITY) == [(901, 87), (1801, 91)]
    assert company.read(Data.value, ALARMS) >> 56 == 0b010
    assert company.read(Register.value, "1.0.1.8.0.255") == 225 + 150 + 225
    assert company.read(Register.value, "1.0.1.8.0.255", meter=1) == 675


@pytest.mark.feature("IQ0404100K1-R-58")
def test_under_and_over_voltage_are_logged_for_each_phase() -> None:
    for volts, begins in ((206, 77), (254, 80)):
        load = Steady()
        company = Company(load).live(600)
        load.volts = volts
        company.live(600)
        load.volts = 230.0
        company.live(600)
        rows = [(630, begins), (630, begins + 1), (630, begins + 2), (1200, 83), (1200, 84), (1200, 85)]
        assert log(company, QUALITY) == rows


@pytest.mark.feature("IQ0404100K1-R-59", "IQ0404100K1-R-107")
def test_a_sag_is_logged_at_its_end_with_magnitude_and_tenths_of_seconds() -> None:
    company = Company().live(60)
    company.fleet.hand(0, "sag", [2, 3, 45.7, 181.4])
    company.live(120)
    assert log(company, EXTENDED) == [(60 + 48, 94, 181, 457)]
    assert company.read(Data.value, "0.0.96.11.20.255") == 181
    assert company.read(Data.value, "1.0.52.32.0.255") == 1


@pytest.mark.feature("IQ0404100K1-R-105", "IQ0404100K1-R-106", "IQ0404100K1-R-108")
def test_the_time_threshold_can_be_a_tenth_of_a_second() -> None:
    company = Company().live(60)
    company.fleet.hand(0, "sag", [1, 1, 0.1, 100])
    company.live(60)
    assert log(company, EXTENDED) == []
    assert company.talk().set(Register.value, "1.0.12.43.0.255", 1).name == "SUCCESS"
    company.fleet.hand(0, "sag", [1, 1, 0.1, 100])
    company.fleet.hand(0, "sag", [1, 10, 0.3, 253.5])
    company.live(60)
    assert log(company, EXTENDED) == [(121, 93, 100, 1)]


@pytest.mark.feature("IQ0404100K1-R-103", "IQ0404100K1-R-104")
def test_another_threshold_of_voltage_holds_at_once() -> None:
    company = Company(Steady(volts=220.0))
    talk = company.talk()
    assert talk.set(Register.value, "1.0.12.31.0.255", 221).name == "SUCCESS"
    assert log(company.live(120), QUALITY) == [(30, 77), (30, 78), (30, 79)]


@pytest.mark.feature("IQ0404100K1-R-79")
def test_a_wrong_password_is_in_the_fraud_log() -> None:
    company = Company()
    company.fleet.refuse(0, Refusal.LOGIN)
    assert log(company, FRAUD) == [(0, 46)]


@pytest.mark.feature("IQ0404100K1-R-98")
@pytest.mark.parametrize(
    ("kind", "code", "bit"), [("program", 12, 8), ("ram", 13, 9), ("nv", 14, 10), ("measurement", 16, 11)]
)
def test_errors_of_memory_and_measurement_set_event_error_and_alarm(kind: str, code: int, bit: int) -> None:
    company = Company().live(60)
    company.fleet.hand(0, "memory_error", kind)
    assert company.read(Data.value, "0.0.96.11.0.255") == code
    assert company.read(Data.value, "0.0.97.97.0.255") == 1 << bit
    assert company.read(Data.value, ALARMS) >> bit & 1


@pytest.mark.feature("IQ0404100K1-R-98")
def test_a_clock_that_was_lost_is_recorded_as_an_error() -> None:
    company = Company().live(60)
    company.fleet.hand(0, "supply", "off")
    company.live(120 * HOUR_S + 10)
    company.fleet.hand(0, "supply", "on")
    company.live(60)
    assert company.read(Data.value, "0.0.97.97.0.255") == 1
    assert company.read(Data.value, ALARMS) & 1


@pytest.mark.feature("IQ0404100K1-R-124")
def test_there_is_no_relay() -> None:
    assert not any(definition.interface.class_id == 70 for definition in compactiq().objects)
    for name in RELAY:
        with pytest.raises(Exception, match="no relay"):
            Company().fleet.hand(0, name, True)


def test_a_reversed_phase_gives_energy_back_and_a_bypass_hides_some() -> None:
    company = Company(Steady(active_w=900, amps=(5.0, 5.0, 5.0)))
    company.fleet.hand(0, "reverse_phases", [1, 2, 3])
    company.fleet.hand(1, "bypass_share", 40)
    company.live(HOUR_S)
    assert [company.read(Register.value, "1.0.1.8.0.255", meter) for meter in range(3)] == [0, 540, 900]
    assert company.read(Register.value, "1.0.2.8.0.255") == 900


def test_a_clock_is_wrong_without_knowing_and_drifts() -> None:
    company = Company().live(60)
    company.fleet.hand(0, "clock_offset_s", -400)
    company.fleet.hand(1, "clock_drift_ppb", 100_000)
    company.live(10 * 86_400)
    laws = company.fleet.holding.laws
    assert laws.clock.offset_s.tolist()[0] == -400
    assert abs(laws.clock.offset_s.tolist()[1] - 86) <= 9
    assert not any(code in (4, 5) for _, code in log(company, STANDARD))


@pytest.mark.parametrize("name", [*sorted(HANDS.keys() - ANY_VALUE), "third"])
@pytest.mark.parametrize("value", ["nonsense", {"a": 1}, -1e12])
def test_nonsense_is_refused_by_name_and_leaves_nothing_behind(name: str, value: object) -> None:
    company = Company().live(1)
    before = company.fleet.holding.snapshot()
    with pytest.raises(DefinitionError, match=name):
        company.fleet.hand(0, name, value)
    after = company.fleet.holding.snapshot()
    assert all((before[key] == after[key]).all() for key in before)


def test_every_hand_is_tried_here() -> None:
    assert ONE_OF_EACH.keys() | RELAY | SOCKET | INPUT | {"billing_reset"} == HANDS.keys()


def test_a_hand_survives_a_kill_whatever_it_was(tmp_path: Path) -> None:
    clock = Turned()
    stored = opened(tmp_path / "fleet", clock)
    for name, value in ONE_OF_EACH.items():
        turn(stored, clock, 97)
        stored.fleet.hand(1, name, value)
    turn(stored, clock, 1000)
    stored.journal.commit_now()
    again = opened(killed(tmp_path / "fleet", tmp_path, "killed"), clock)
    again.fleet.advance_to(int(clock.utc))
    same(stored, again)
    for name, value in (("terminal_cover", "closed"), ("supply", "on"), ("sag", [3, 1, 40, 100])):
        stored.fleet.hand(1, name, value)
    turn(stored, clock, 3000)
    stored.save()
    restored = opened(killed(tmp_path / "fleet", tmp_path, "saved"), clock)
    same(stored, restored)
    for fleet in (stored, again, restored):
        fleet.journal.close()


@pytest.mark.feature("IQ0404100K1-R-10")
def test_the_meter_counts_on_with_the_phases_in_the_wrong_order() -> None:
    company = Company(Steady(active_w=900, amps=(5.0, 5.0, 5.0)))
    company.fleet.hand(0, "phase_sequence", True)
    company.live(HOUR_S)
    assert [company.read(Register.value, "1.0.1.8.0.255", meter) for meter in (0, 1)] == [900, 900]


@pytest.mark.feature("IQ0404100K1-R-75")
def test_there_is_no_battery_whose_voltage_anybody_watches() -> None:
    company = Company().live(60)
    company.fleet.hand(0, "battery_mv", 100)
    company.live(HOUR_S)
    company.fleet.hand(0, "supply", "off")
    company.live(HOUR_S)
    company.fleet.hand(0, "supply", "on")
    assert [code for _, code in log(company, STANDARD)] == [2, 1, 2]
    assert not company.read(Data.value, ALARMS) & 0b10


@pytest.mark.feature("IQ0404100K1-R-52")
async def test_an_alarm_is_pushed_to_the_destination_of_its_setup() -> None:
    company = Company().live(HOUR_S)
    async with openami.listen("tcp://127.0.0.1:0") as pushes:
        where = Destination(0, str(pushes.addresses[0]).encode(), 0)
        assert company.talk().set(PushSetup.send_destination_and_method, "0.1.25.9.0.255", where).name == "SUCCESS"
        running = asyncio.create_task(company.fleet.run())
        await asyncio.sleep(0.1)
        for meter in (0, 1):
            company.fleet.hand(meter, "terminal_cover", "open")
        company.clock.utc += 60
        async with asyncio.timeout(10):
            push = await anext(pushes)
        told = native(push.notification.body)[0]
        assert told == (b"OAMSIM00000000126", OBIS.parse("0.0.16.1.0.255"), 1 << 13 | 4)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
