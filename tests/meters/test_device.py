"""Objects of a virtual CompactIQ: every attribute answers, settings are kept, laws take what they should."""

from datetime import UTC, datetime

import numpy as np
import pytest

from meters.small_fleet import (
    DAILY,
    DAY_S,
    FRAUD,
    HOUR_S,
    INTERVALS,
    MONTHLY,
    SESSIONS,
    STANDARD,
    START,
    Company,
    Steady,
    compactiq,
    utc_of,
)
from openami.core.errors import AccessError
from openami.core.obis import OBIS
from openami.core.time import CET, CosemDateTime
from openami.cosem.association import AssociationLNv3
from openami.cosem.clock import Clock
from openami.cosem.objects import decode_whole
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.registers import Data, Register
from openami.dlms.data import BitString
from openami.dlms.xdlms import ActionResult, AttributeDescriptor, DataAccessResult
from openami.metering import commands

DENIED, SUCCESS, REFUSED = (
    DataAccessResult.READ_WRITE_DENIED,
    DataAccessResult.SUCCESS,
    DataAccessResult.OTHER_REASON,
)


CLOCK_NAME, CALENDAR, SPECIAL = "0.0.1.0.0.255", "0.0.13.0.0.255", "0.0.11.0.0.255"


ALARMS, ERRORS, CONFIGURATION = "0.0.97.98.0.255", "0.0.97.97.0.255", "0.1.94.31.3.255"


@pytest.mark.parametrize("name", compactiq().by_name)
def test_every_attribute_answers_in_its_type(name: str) -> None:
    definition = compactiq().by_name[name]
    device = Company().live(DAY_S).fleet.device(1)
    for number, attribute in definition.interface.attributes.items():
        octets = device.get(1, AttributeDescriptor(*definition.key, number))
        decode_whole(definition.codec(attribute.name), octets)


@pytest.mark.feature("IQ0404100K1-R-99")
def test_the_public_client_reads_name_counter_and_clock_alone() -> None:
    company = Company()
    listed = company.read(AssociationLNv3.object_list, "0.0.40.0.0.255", client=16)
    names = {(element.class_id, str(element.logical_name)) for element in listed}
    assert names == {(15, "0.0.40.0.0.255"), (1, "0.0.42.0.0.255"), (1, "0.0.43.1.0.255"), (8, CLOCK_NAME)}
    assert company.read(Data.value, "0.0.42.0.0.255", client=16) == b"OAMSIM0000000001"
    with pytest.raises(AccessError):
        company.read(Register.value, "1.0.1.8.0.255", client=16)
    with pytest.raises(AccessError):
        company.fleet.device(0).set(16, Clock.time.at(CLOCK_NAME), None, Clock.time.codec.encode(CET.stamp(START)))


def test_the_object_list_tells_what_may_be_written() -> None:
    listed = Company().read(AssociationLNv3.object_list, "0.0.40.0.0.255")
    assert len(listed) == len(compactiq().objects)
    rights = {(e.class_id, e.logical_name): e.access_rights for e in listed}
    clock = rights[8, OBIS.parse(CLOCK_NAME)]
    assert [item.access_mode for item in clock.attribute_access] == [1, 3, 3, 1, 3, 3, 1, 3, 1]
    assert [item.access_mode for item in clock.method_access] == [1, 0, 1, 0, 0, 1]


@pytest.mark.feature("IQ0404100K1-R-01", "IQ0404100K1-R-02", "IQ0404100K1-R-03")
def test_registers_and_instantaneous_values_follow_the_load() -> None:
    load = Steady(active_w=np.array([600, -1200, 0]), reactive_var=np.array([300, -60, 0]), amps=(2.0, 1.0, 1.0))
    company = Company(load).live(2 * HOUR_S)
    energies = {"1": (1200, 0, 0), "2": (0, 2400, 0), "3": (600, 0, 0), "4": (0, 120, 0)}
    for group, expected in energies.items():
        assert [company.read(Register.value, f"1.0.{group}.8.0.255", m) for m in range(3)] == [*expected]
    powers = {"1": (600, 0, 0), "2": (0, 1200, 0), "3": (300, 0, 0), "4": (0, 60, 0)}
    for group, expected in powers.items():
        assert [company.read(Register.value, f"1.0.{group}.7.0.255", m) for m in range(3)] == [*expected]
    assert [company.read(Register.value, f"1.0.{c}.7.0.255") for c in (21, 41, 61)] == [300, 150, 150]
    assert [company.read(Register.value, f"1.0.{c}.7.0.255", 1) for c in (22, 42, 62)] == [600, 300, 300]
    assert [company.read(Register.value, f"1.0.{c}.7.0.255") for c in (32, 52, 72)] == [2300, 2300, 2300]
    assert [company.read(Register.value, f"1.0.{c}.7.0.255") for c in (31, 51, 71, 90)] == [
        200,
        100,
        100,
        400,
    ]
    factors = [company.read(Register.value, "1.0.13.7.0.255", meter) for meter in range(3)]
    assert factors == [894, -999, 1000]


@pytest.mark.feature("IQ0404100K1-R-09")
def test_nothing_is_registered_below_the_guard_band() -> None:
    below = Company(Steady(active_w=2, amps=(0.009, 0.0, 0.0))).live(5 * HOUR_S)
    above = Company(Steady(active_w=2, amps=(0.010, 0.0, 0.0))).live(5 * HOUR_S)
    assert below.read(Register.value, "1.0.1.8.0.255") == 0
    assert above.read(Register.value, "1.0.1.8.0.255") == 10


@pytest.mark.feature("IQ0404100K1-R-04")
def test_two_rates_in_each_direction() -> None:
    company = Company(Steady(active_w=np.array([1000, -1000, 0]))).live(DAY_S)
    for meter, group in ((0, 1), (1, 2)):
        low, normal = (company.read(Register.value, f"1.0.{group}.8.{rate}.255", meter) for rate in (1, 2))
        assert (low, normal) == (8_000, 16_000)
        assert company.read(Register.value, f"1.0.{group}.8.0.255", meter) == 24_000
    assert company.read(Data.value, "0.0.96.14.0.255") == b"0001"
    assert company.live(8 * HOUR_S).read(Data.value, "0.0.96.14.0.255") == b"0002"


@pytest.mark.feature("IQ0404100K1-R-92", "IQ0404100K1-R-93", "IQ0404100K1-R-94")
def test_profiles_capture_what_they_state() -> None:
    company = Company(Steady(active_w=400)).live(60 * DAY_S)
    columns = {
        INTERVALS: ["0.0.1.0.0.255", "0.0.96.10.2.255", "1.0.1.8.0.255", "1.0.2.8.0.255"],
        DAILY: ["0.0.1.0.0.255", "0.0.96.10.4.255", *(f"1.0.{c}.8.{r}.255" for c in (1, 2) for r in (1, 2))],
        MONTHLY: [
            "0.0.1.0.0.255",
            "0.0.96.10.6.255",
            *(f"1.0.{c}.8.{r}.255" for c in (1, 2) for r in (1, 2)),
        ],
    }
    for name, (size, rows) in {INTERVALS: (960, 960), DAILY: (40, 40), MONTHLY: (13, 2)}.items():
        assert company.read(ProfileGeneric.profile_entries, name) == size
        assert company.read(ProfileGeneric.entries_in_use, name) == rows
        captured = company.read(ProfileGeneric.capture_objects, name)
        assert [str(column.logical_name) for column in captured] == columns[name]
    table = company.read(ProfileGeneric.buffer, INTERVALS)
    assert (np.diff(table.columns[2].astype(np.int64)) == 100).all()
    assert (np.diff(table.stamps()) == 900).all()
    monthly = company.read(ProfileGeneric.buffer, MONTHLY)
    begins = [CET.local_to_utc(int(datetime(2026, month, 1, tzinfo=UTC).timestamp())) for month in (12,)]
    assert monthly.stamps().tolist()[0] == begins[0]


LOG_SIZES = {
    STANDARD: (100, "IQ0404100K1-R-55"),
    "1.0.99.97.0.255": (10, "IQ0404100K1-R-56"),
    FRAUD: (30, "IQ0404100K1-R-57"),
    "0.0.99.98.5.255": (100, "IQ0404100K1-R-58"),
    "0.0.99.98.7.255": (100, "IQ0404100K1-R-59"),
    SESSIONS: (2190, "IQ0404100K1-R-60"),
}


LOG_NAMES = {STANDARD: "standard", "1.0.99.97.0.255": "power_failure", FRAUD: "fraud", SESSIONS: "session"}


LOG_NAMES |= {"0.0.99.98.5.255": "power_quality", "0.0.99.98.7.255": "power_quality_extended"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.feature(cited)) for name, (_, cited) in LOG_SIZES.items()]
)
def test_a_log_holds_as_many_entries_as_stated_and_the_newest(name: str) -> None:
    company, size = Company(), LOG_SIZES[name][0]
    laws, log = company.fleet.holding.laws, LOG_NAMES[name]
    extra = [column for column in laws.logs[log].columns if column != "code"]
    for number in range(size + 3):
        code = {"code": 40} if "code" in laws.logs[log].columns else {}
        commands.log(laws, log, 0, **code, **dict.fromkeys(extra, number))
    table = company.read(ProfileGeneric.buffer, name)
    assert company.read(ProfileGeneric.profile_entries, name) == len(table) == size
    assert (
        len(table.columns)
        == len(company.read(ProfileGeneric.capture_objects, name))
        == 2 + len(extra) - (log == "power_failure")
    )
    for column in table.columns[len(table.columns) - len(extra) :]:
        assert column.tolist() == list(range(3, size + 3))


@pytest.mark.feature("IQ0404100K1-R-62")
def test_clearing_a_log_is_its_first_entry() -> None:
    company = Company()
    talk = company.talk()
    for _ in range(3):
        commands.log(company.fleet.holding.laws, "fraud", 0, code=40)
    assert talk.act(ProfileGeneric.reset, FRAUD) is ActionResult.SUCCESS
    [row] = talk.get(ProfileGeneric.buffer.at(FRAUD))
    assert row[1] == 255
    assert talk.get(Data.value.at("0.0.96.11.1.255")) == 255


@pytest.mark.feature("IQ0404100K1-R-61")
def test_capture_lists_are_fixed() -> None:
    company = Company()
    talk = company.talk()
    for name in (*LOG_SIZES, INTERVALS, DAILY, MONTHLY):
        value = company.read(ProfileGeneric.capture_objects, name)
        assert talk.set(ProfileGeneric.capture_objects, name, value[:1]) is DENIED


@pytest.mark.feature("IQ0404100K1-R-65")
def test_a_full_log_loses_its_oldest_entry_and_keeps_the_order_of_time() -> None:
    company = Company()
    for number in range(105):
        commands.log(company.fleet.holding.laws, "standard", 0, code=number % 200 + 1)
        company.live(60)
    table = company.read(ProfileGeneric.buffer, STANDARD)
    assert len(table) == 100
    assert table.columns[1].tolist() == list(range(6, 106))
    assert (np.diff(table.stamps()) == 60).all()


def test_a_power_failure_is_counted_logged_and_raises_an_alarm() -> None:
    company = Company().live(HOUR_S)
    talk = company.talk()
    talk.set(Data.value, ALARMS, 2**64 - 1)
    commands.cut(company.fleet.holding.laws, 0, START + 2 * HOUR_S, START + 3 * HOUR_S)
    company.live(3 * HOUR_S)
    assert talk.get(Data.value.at(ALARMS)) == 1 << 2
    assert talk.get(Data.value.at("0.0.96.7.21.255")) == 1
    assert talk.get(Data.value.at("0.0.96.7.9.255")) == 1
    assert talk.get(Register.value.at("0.0.96.7.19.255")) == HOUR_S
    [row] = talk.get(ProfileGeneric.buffer.at("1.0.99.97.0.255"))
    assert (utc_of(row[0]), row[1]) == (START + 3 * HOUR_S, HOUR_S)


def test_the_threshold_of_a_long_failure_may_be_set() -> None:
    company = Company()
    talk = company.talk()
    assert talk.set(Register.value, "0.0.96.7.20.255", 7_200) is SUCCESS
    commands.cut(company.fleet.holding.laws, 0, START + HOUR_S, START + 2 * HOUR_S)
    company.live(3 * HOUR_S)
    assert talk.get(Register.value.at("0.0.96.7.20.255")) == 7_200
    assert talk.get(Data.value.at("0.0.96.7.21.255")) == 1
    assert talk.get(Data.value.at("0.0.96.7.9.255")) == 0


@pytest.mark.feature("IQ0404100K1-R-73", "IQ0404100K1-R-74")
def test_the_clock_survives_five_days_without_supply_and_recharges_in_three_hours() -> None:
    for hours, is_lost in ((119, False), (121, True)):
        company = Company()
        commands.cut(company.fleet.holding.laws, 0, START + HOUR_S, START + (1 + hours) * HOUR_S)
        company.live((2 + hours) * HOUR_S)
        assert bool(company.read(Clock.status, CLOCK_NAME) & 1) is is_lost
    for charged, dark, is_lost in ((3, 119, False), (1, 39, False), (1, 43, True)):
        company = Company()
        laws = company.fleet.holding.laws
        commands.cut(laws, 0, START, START + 119 * HOUR_S)
        company.live(119 * HOUR_S)
        begin = START + (119 + charged) * HOUR_S
        commands.cut(laws, 0, begin, begin + dark * HOUR_S)
        company.live((charged + dark + 1) * HOUR_S)
        assert bool(company.read(Clock.status, CLOCK_NAME) & 1) is is_lost, (charged, dark)


def test_the_clock_runs_between_the_steps_of_the_laws() -> None:
    company = Company().live(HOUR_S)
    company.clock.utc += 7
    assert company.read(Clock.time, CLOCK_NAME).to_utc() == START + HOUR_S + 7


@pytest.mark.feature("IQ0404100K1-R-71")
def test_the_clock_goes_on_for_twenty_years() -> None:
    company = Company(start_utc=int(datetime(2046, 12, 31, 22, 59, tzinfo=UTC).timestamp())).live(120)
    time = company.read(Clock.time, CLOCK_NAME)
    assert (time.year, time.month, time.day, time.hour) == (2047, 1, 1, 0)


def test_setting_the_clock_is_logged_with_old_and_new_time() -> None:
    company = Company().live(HOUR_S)
    company.clock.utc += 5
    talk = company.talk()
    assert talk.set(Clock.time, CLOCK_NAME, CET.stamp(START + 3 * HOUR_S)) is SUCCESS
    assert utc_of(talk.get(Clock.time.at(CLOCK_NAME))) == START + 3 * HOUR_S
    old, new = talk.rows(STANDARD, START + 60, START + 4 * HOUR_S)[-2:]
    assert (utc_of(old[0]), old[1]) == (START + HOUR_S + 5, 4)
    assert (utc_of(new[0]), new[1]) == (START + 3 * HOUR_S, 5)


def test_a_time_without_deviation_is_local_and_one_without_a_day_is_refused() -> None:
    talk = Company().talk()
    assert talk.set(Clock.time, CLOCK_NAME, CosemDateTime(2026, 7, 1, 3, 12, 0, 0)) is SUCCESS
    assert utc_of(talk.get(Clock.time.at(CLOCK_NAME))) == int(datetime(2026, 7, 1, 10, tzinfo=UTC).timestamp())
    assert talk.set(Clock.time, CLOCK_NAME, CosemDateTime(2026, 7)) is REFUSED
    assert talk.set(Clock.time, CLOCK_NAME, CosemDateTime(1999, 1, 1, 5, 12, 0, 0)) is REFUSED


def test_the_clock_may_be_adjusted_and_shifted() -> None:
    company = Company().live(HOUR_S)
    company.clock.utc += 400
    talk = company.talk()
    assert talk.act(Clock.shift_time, CLOCK_NAME, 30) is ActionResult.SUCCESS
    assert utc_of(talk.get(Clock.time.at(CLOCK_NAME))) == START + HOUR_S + 430
    assert talk.act(Clock.adjust_to_minute, CLOCK_NAME) is ActionResult.SUCCESS
    assert utc_of(talk.get(Clock.time.at(CLOCK_NAME))) == START + HOUR_S + 420
    assert talk.act(Clock.adjust_to_quarter, CLOCK_NAME) is ActionResult.SUCCESS
    assert utc_of(talk.get(Clock.time.at(CLOCK_NAME))) == START + HOUR_S
    assert talk.act(Clock.adjust_to_preset_time, CLOCK_NAME) is not ActionResult.SUCCESS


def test_zone_and_summer_time_may_be_set() -> None:
    company = Company()
    talk = company.talk()
    assert talk.set(Clock.time_zone, CLOCK_NAME, -120) is SUCCESS
    time = company.read(Clock.time, CLOCK_NAME)
    assert (time.hour, time.deviation) == (1, -120)
    assert talk.set(Clock.daylight_savings_enabled, CLOCK_NAME, False) is SUCCESS
    assert company.read(Clock.daylight_savings_enabled, CLOCK_NAME) is False
    assert company.read(Clock.time_zone, CLOCK_NAME, meter=1) == -60


@pytest.mark.feature("IQ0404100K1-R-103", "IQ0404100K1-R-104", "IQ0404100K1-R-105", "IQ0404100K1-R-108")
def test_thresholds_of_voltage_come_from_the_factory_and_may_be_set() -> None:
    company = Company()
    talk = company.talk()
    stated = {"31": (207, "V", 0), "35": (253, "V", 0), "43": (300, "s", -1), "44": (300, "s", -1)}
    for group, (value, unit, scaler) in stated.items():
        name = f"1.0.12.{group}.0.255"
        assert talk.get(Register.value.at(name)) == value
        scaler_unit = company.read(Register.scaler_unit, name)
        assert (scaler_unit.scaler, scaler_unit.unit.symbol) == (scaler, unit)
        assert talk.set(Register.value, name, value + 1) is SUCCESS
        assert talk.get(Register.value.at(name)) == value + 1
        assert company.read(Register.value, name, meter=1) == value


def test_a_value_of_another_type_is_refused() -> None:
    company = Company()
    device = company.fleet.device(0)
    with pytest.raises(AccessError) as caught:
        device.set(1, Register.value.at("1.0.12.31.0.255"), None, b"\x06\x00\x00\x00\xcf")
    assert caught.value.result is DataAccessResult.TYPE_UNMATCHED
    assert not company.fleet.holding.settings


def test_changing_the_configuration_is_an_event_of_the_fraud_log() -> None:
    company = Company()
    talk = company.talk()
    assert talk.set(Data.value, CONFIGURATION, BitString.parse("0" * 16)) is SUCCESS
    assert company.read(Data.value, CONFIGURATION) == BitString.parse("0" * 16)
    assert talk.get(Data.value.at("0.0.96.11.1.255")) == 47


def test_clearing_the_error_register_is_an_event() -> None:
    company = Company()
    company.fleet.holding.errors[0] = 5
    talk = company.talk()
    assert talk.get(Data.value.at(ERRORS)) == 5
    assert talk.set(Data.value, ERRORS, 0) is SUCCESS
    assert talk.get(Data.value.at(ERRORS)) == 0
    assert talk.get(Data.value.at("0.0.96.11.0.255")) == 10
