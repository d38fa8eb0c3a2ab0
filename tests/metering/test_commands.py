"""What a client does: clock, tables, logs, rows, supply."""

import csv
import dataclasses

import numpy as np
import pytest

from metering.loads import constant
from openami.core.errors import DefinitionError, LocalProtocolError
from openami.core.time import CET, CosemDate, DstRule
from openami.metering import closing, commands
from openami.metering.advance import advance
from openami.metering.calendar import TWO_RATE, Calendar, SpecialDay, at
from openami.metering.events import COMMON, LOGS
from openami.metering.registers import Energy
from openami.metering.state import State

HOUR, DAY = 3600, 86_400
NOON = 1_767_265_200  # Thursday 2026-01-01 12:00 CET
KILOWATT = constant(1_000_000, meters=2)
ADJUSTED, NOT_VALID, CLOCK_INVALID, POWER_DOWN = 0x20, 0x04, 0x02, 0x80
CODES = {name: entry.code for name, entry in COMMON.items()} | {"cleared": 255}


def fleet():
    return State.create(2, NOON)


def stamps(state, name, meter=0):
    return state.profiles[name].ring.entries(meter, 1).stamp.tolist()


def marks(state, name, meter=0):
    return state.profiles[name].ring.entries(meter, 1).status.tolist()


def events(state, log="standard", meter=0):
    rows = state.logs[log].entries(meter, 1)
    return list(zip(rows.stamp.tolist(), rows.values["code"].tolist(), strict=True))


def test_a_clock_set_within_an_interval_marks_the_next_row_alone():
    state = fleet()
    advance(state, NOON + 300, KILOWATT)
    commands.set_clock(state, 0, NOON + 420)
    advance(state, NOON + 2 * HOUR, KILOWATT)
    assert stamps(state, "interval") == stamps(state, "interval", 1) == [NOON + 900 * n for n in range(1, 9)]
    assert marks(state, "interval") == [ADJUSTED | NOT_VALID, *[0] * 7]
    assert marks(state, "interval", 1) == [0] * 8
    assert events(state) == [(NOON + 300, CODES["clock_old"]), (NOON + 420, CODES["clock_new"])]
    assert events(state, meter=1) == []
    assert state.profiles["interval"].ring.entries(0, 1).values["import_total"].tolist()[:2] == [216, 466]


def test_rows_jumped_over_are_missing_and_no_energy_is():
    state = fleet()
    advance(state, NOON + 300, KILOWATT)
    commands.shift_clock(state, 0, 2 * HOUR)
    advance(state, NOON + 1200, KILOWATT)
    assert stamps(state, "interval") == [NOON + 2 * HOUR + 900]
    advance(state, NOON + 1200 + HOUR, KILOWATT)
    assert stamps(state, "interval") == [NOON + 2 * HOUR + 900 * n for n in range(1, 6)]
    assert state.registers.mj(Energy.ACTIVE_IMPORT).tolist() == [1_000_000 * 4800] * 2


def test_rows_gone_through_twice_stand_twice():
    state = fleet()
    advance(state, NOON + HOUR, KILOWATT)
    commands.shift_clock(state, 0, -1800)
    advance(state, NOON + 2 * HOUR, KILOWATT)
    again = [NOON + 900 * n for n in (1, 2, 3, 4, 3, 4, 5, 6)]
    assert stamps(state, "interval") == again
    assert marks(state, "interval") == [0] * 4 + [ADJUSTED | NOT_VALID] + [0] * 3
    held = state.profiles["interval"].ring.select(0, NOON + 2700, NOON + 3600)
    assert held.values["import_total"].tolist() == [750, 1000, 1250, 1500]


def test_a_closing_jumped_over_is_made_up_for():
    state = fleet()
    advance(state, NOON + HOUR, KILOWATT)
    commands.shift_clock(state, 0, 31 * DAY)
    midnight = NOON + 12 * HOUR + 30 * DAY
    assert stamps(state, "daily") == stamps(state, "monthly") == [midnight]
    assert marks(state, "daily") == marks(state, "monthly") == [ADJUSTED | NOT_VALID]
    assert state.profiles["monthly"].ring.entries(0, 1).values["import_rate_2"].tolist() == [1000]
    assert stamps(state, "daily", 1) == []


def test_setting_a_right_clock_leaves_no_trace():
    state = fleet()
    commands.set_clock(state, [0, 1], NOON)
    advance(state, NOON + 900, KILOWATT)
    assert events(state) == []
    assert marks(state, "interval") == [0]


@pytest.mark.parametrize("utc", [0, 946_684_799 - DAY, 2**32])
def test_a_clock_runs_from_2000_to_2106(utc):
    with pytest.raises(DefinitionError, match="2000"):
        commands.set_clock(fleet(), 0, utc)


@pytest.mark.feature("IQ0404100K1-R-63", "IQ0404100K1-R-73", "IQ0404100K1-R-74")
@pytest.mark.parametrize(
    ("charge_s", "off_s", "lost"),
    [
        (0, 120 * HOUR, False),
        (0, 120 * HOUR + 1, True),
        (3 * HOUR, 120 * HOUR, False),
        (6 * HOUR, 120 * HOUR + 1, True),
        (90 * 60, 60 * HOUR, False),
        (90 * 60, 60 * HOUR + 1, True),
    ],
)
def test_the_reserve_keeps_the_clock_for_120_hours_and_charges_in_3(charge_s, off_s, lost):
    state, begin = fleet(), NOON
    if charge_s:
        commands.cut(state, 0, NOON, NOON + 120 * HOUR)
        begin = NOON + 120 * HOUR + charge_s
    commands.cut(state, 0, begin, begin + off_s)
    back = begin + off_s
    advance(state, back + HOUR, KILOWATT)
    earliest = 946_681_200  # 2000-01-01 00:00 CET
    assert state.clock_of(0) == (earliest + HOUR if lost else state.now)
    assert events(state)[-1] == ((earliest, CODES["clock_invalid"]) if lost else (back, CODES["power_up"]))
    first = earliest if lost else back
    since = [stamp for stamp in stamps(state, "interval") if stamp > back or stamp < NOON]
    assert since == [first + 900 * n for n in range(1, 5)]
    assert marks(state, "interval")[-1] == ((CLOCK_INVALID | NOT_VALID) if lost else 0)
    assert any(stamp > begin for stamp in stamps(state, "daily")) == (not lost)
    commands.set_clock(state, 0, state.clock_of(0))
    assert events(state)[-1][1] == (CODES["clock_new"] if lost else CODES["power_up"])
    commands.set_clock(state, 0, state.now)
    advance(state, state.now + HOUR, KILOWATT)
    assert state.clock_of(0) == state.now
    assert marks(state, "interval")[-1] == 0


@pytest.mark.feature("IQ0404100K1-R-72")
def test_a_clock_within_its_class_is_half_a_second_a_day_off_at_most():
    state = fleet()
    commands.set_drift(state, [0, 1], [5_787, -5_787])  # 0.5 s a day
    for days in range(1, 11):
        advance(state, NOON + days * DAY, KILOWATT)
        assert abs(state.clock_of(0) - state.now - days / 2) <= 1
        assert abs(state.clock_of(1) - state.now + days / 2) <= 1
    assert state.clock_of(0) - state.now in {4, 5}
    assert len(set(stamps(state, "interval"))) == len(stamps(state, "interval")) == 960
    assert all(stamp % 900 == 0 for stamp in stamps(state, "interval"))


@pytest.mark.feature("IQ0404100K1-R-55", "IQ0404100K1-R-56", "IQ0404100K1-R-57", "IQ0404100K1-R-58")
@pytest.mark.feature("IQ0404100K1-R-59", "IQ0404100K1-R-60", "IQ0404100K1-R-65")
@pytest.mark.parametrize(
    ("name", "entries", "columns"),
    [
        ("standard", 100, {"code"}),
        ("power_failure", 10, {"duration"}),
        ("fraud", 30, {"code"}),
        ("power_quality", 100, {"code"}),
        ("power_quality_extended", 100, {"code", "magnitude", "duration"}),
        ("session", 2190, {"code", "counter"}),
    ],
)
def test_logs_hold_what_the_manual_says(name, entries, columns):
    state, load = fleet(), constant(0, meters=2)
    assert set(LOGS[name].columns) == columns
    for number in range(entries + 3):
        advance(state, state.now + 1, load)
        commands.log(state, name, 1, **dict.fromkeys(columns, number % 200))
    rows = state.logs[name].entries(1, 1)
    assert rows.stamp.tolist() == [NOON + number for number in range(4, entries + 4)]
    assert all(rows.values[column][-1] == (entries + 2) % 200 for column in columns)
    assert len(state.logs[name].entries(0, 1)) == 0


@pytest.mark.feature("IQ0404100K1-R-62")
@pytest.mark.parametrize("name", list(LOGS))
def test_clearing_a_log_is_its_first_entry(name):
    state = fleet()
    commands.log(state, name, [0, 1], **dict.fromkeys(LOGS[name].columns, 7))
    commands.clear_log(state, name, 0)
    rows = state.logs[name].entries(0, 1)
    assert len(rows) == (0 if name == "power_failure" else 1)
    assert all(code == 255 for code in rows.values.get("code", []))
    assert len(state.logs[name].entries(1, 1)) == 1


def test_codes_are_those_of_the_esmr_list(shared):
    with (shared / "facts/data/smr5_events.csv").open(newline="") as file:
        listed = {int(row["code"]): row["meaning"] for row in csv.DictReader(file) if row["log"] == "standard"}
    words = {
        "power_down": "power down",
        "power_up": "power up",
        "dst_change": "clock updated by DST change",
        "clock_old": "clock adjusted, old time",
        "clock_new": "clock adjusted, new time",
        "clock_invalid": "clock invalid",
        "tariff_activated": "tariff activated",
        "tariff_programmed": "passive tariff table programmed",
        "cleared": "event log cleared",
    }
    assert all(listed[CODES[name]].startswith(word) for name, word in words.items())


OTHER = TWO_RATE.with_days([day._replace(actions=(at(0, 1), at(12, 2))) for day in TWO_RATE.days])


@pytest.mark.feature("IQ0404100K1-R-84", "IQ0404100K1-R-85")
def test_the_passive_table_takes_over_at_its_second():
    state = fleet()
    commands.program_calendar(state, 0, OTHER)
    assert state.calendar_of(0) == TWO_RATE
    commands.set_activation(state, 0, NOON + 12 * HOUR + 1)
    advance(state, NOON + 12 * HOUR, KILOWATT)
    assert state.calendar_of(0) == TWO_RATE
    advance(state, NOON + 30 * HOUR, KILOWATT)
    assert state.calendar_of(0) == state.calendar_of(0, passive=True) == OTHER
    assert state.calendar_of(1) == TWO_RATE
    assert events(state) == [(NOON, CODES["tariff_programmed"]), (NOON + 12 * HOUR + 1, CODES["tariff_activated"])]
    normal = state.registers.wh(Energy.ACTIVE_IMPORT, 2)
    assert normal.tolist() == [11_000 + 6_000, 11_000 + 11_000]
    assert state.registers.wh(Energy.ACTIVE_IMPORT).tolist() == [30_000] * 2


@pytest.mark.feature("IQ0404100K1-R-84", "IQ0404100K1-R-91")
def test_a_passive_table_is_programmed_day_week_season_and_only_a_whole_one_is_activated():
    state, empty = fleet(), Calendar(b"new")
    only_days = empty.with_days(OTHER.days)
    for parts, lacking in (
        (dataclasses.replace(empty, weeks=OTHER.weeks), "no day profile 1"),
        (dataclasses.replace(only_days, seasons=OTHER.seasons), "no week"),
    ):
        with pytest.raises(DefinitionError, match=lacking):
            commands.program_calendar(state, 0, parts)
    assert state.calendar_of(0, passive=True) == TWO_RATE
    commands.program_calendar(state, 0, only_days)
    commands.program_calendar(state, 0, only_days.with_weeks(OTHER.weeks))
    for activate in (commands.activate_calendar, lambda *which: commands.set_activation(*which, NOON + 5)):
        with pytest.raises(DefinitionError, match="no season"):
            activate(state, [0, 1])
    assert events(state) == []
    commands.program_calendar(state, 0, only_days.with_weeks(OTHER.weeks).with_seasons(OTHER.seasons))
    assert state.calendar_of(0) == TWO_RATE
    commands.activate_calendar(state, 0)
    assert events(state) == [(NOON, CODES["tariff_programmed"]), (NOON, CODES["tariff_activated"])]
    assert state.calendar_of(0).name == b"new"
    assert state.calendar_of(1) == state.calendar_of(1, passive=True) == TWO_RATE


def test_a_table_half_programmed_when_its_date_comes_is_not_activated():
    state = fleet()
    commands.program_calendar(state, [0, 1], OTHER)
    commands.set_activation(state, [0, 1], NOON + 60)
    commands.program_calendar(state, 0, Calendar(b"half").with_days(OTHER.days))
    advance(state, NOON + HOUR, KILOWATT)
    assert [state.calendar_of(meter) for meter in (0, 1)] == [TWO_RATE, OTHER]
    assert events(state)[-1][1] == CODES["tariff_programmed"]
    assert events(state, meter=1)[-1] == (NOON + 60, CODES["tariff_activated"])


def test_an_activation_can_be_taken_back():
    state = fleet()
    commands.program_calendar(state, 0, OTHER)
    commands.set_activation(state, 0, NOON + 5)
    commands.set_activation(state, 0, None)
    advance(state, NOON + HOUR, KILOWATT)
    assert state.calendar_of(0) == TWO_RATE


def test_many_tables_take_no_more_room_than_meters_use():
    state = fleet()
    for hour in range(1, 24):
        days = [day._replace(actions=(at(0, 1), at(hour, 2))) for day in TWO_RATE.days]
        commands.program_calendar(state, 0, TWO_RATE.with_days(days))
    assert len(state.tariff.calendars) <= 3


@pytest.mark.feature("IQ0404100K1-R-90")
def test_a_special_day_is_low_all_day():
    state = fleet()
    commands.set_special_days(state, 0, (SpecialDay(1, CosemDate(2026, 1, 2), 2),))
    advance(state, NOON + 36 * HOUR, KILOWATT)
    assert state.registers.wh(Energy.ACTIVE_IMPORT, 2).tolist() == [11_000, 27_000]
    assert state.special_days_of(0) != state.special_days_of(1) == ()
    with pytest.raises(DefinitionError, match="no day profile 7"):
        commands.set_special_days(state, 0, (SpecialDay(1, CosemDate(2026, 1, 2), 7),))


def test_another_zone_closes_at_its_own_midnight():
    state = fleet()
    commands.set_dst_rule(state, 0, DstRule(CET.begin, CET.end, 60, 0, enabled=False))
    advance(state, NOON + DAY, KILOWATT)
    assert stamps(state, "daily") == [NOON + 13 * HOUR]
    assert stamps(state, "daily", 1) == [NOON + 12 * HOUR]
    assert state.profiles["daily"].ring.entries(0, 1).deviation.tolist() == [0]
    assert state.rule_of(0).zone_min == 0


def test_a_row_can_be_captured_and_a_profile_emptied_by_hand():
    state = fleet()
    advance(state, NOON + 907, KILOWATT)
    closing.capture(state, "interval", 0)
    closing.capture(state, "monthly", 0)
    assert stamps(state, "interval") == [NOON + 900, NOON + 907]
    assert stamps(state, "monthly") == [NOON + 907]
    commands.clear_profile(state, "interval", 0)
    assert stamps(state, "interval") == []
    assert stamps(state, "interval", 1) == [NOON + 900]


@pytest.mark.feature("IQ0404100K1-R-56")
def test_an_outage_leaves_its_traces():
    state = fleet()
    commands.cut(state, 0, NOON + 1000, NOON + 4000)
    commands.cut(state, 0, NOON + 5000, NOON + 5180)
    advance(state, NOON + 2000, KILOWATT)
    assert state.supply.powered.tolist() == [False, True]
    assert state.live.active_mw.tolist() == [0, 1_000_000]
    advance(state, NOON + 2 * HOUR, KILOWATT)
    assert stamps(state, "interval") == [NOON + 900 * n for n in (1, 5, 6, 7, 8)]
    assert marks(state, "interval") == [0, POWER_DOWN, POWER_DOWN, 0, 0]
    assert [code for _, code in events(state)] == [1, 2, 1, 2]
    failures = state.logs["power_failure"].entries(0, 1)
    assert (failures.stamp.tolist(), failures.values["duration"].tolist()) == ([NOON + 4000], [3000])
    assert (state.supply.failures[0], state.supply.long_failures[0], state.supply.last_long_s[0]) == (
        2,
        1,
        3000,
    )
    assert state.registers.mj(Energy.ACTIVE_IMPORT).tolist() == [(7200 - 3180) * 1_000_000, 7200 * 1_000_000]


def test_closings_missed_without_power_are_made_up_for():
    state = State.create(2, NOON - DAY)  # 2025-12-31
    commands.cut(state, 0, NOON - DAY + HOUR, NOON + 3 * DAY)
    advance(state, NOON + 4 * DAY, KILOWATT)
    new_year, last = NOON - 12 * HOUR, NOON + 2 * DAY + 12 * HOUR
    assert stamps(state, "monthly") == [new_year]
    assert stamps(state, "daily") == [last, last + DAY]
    assert marks(state, "daily") == [POWER_DOWN, POWER_DOWN]
    assert state.profiles["monthly"].ring.entries(0, 1).values["import_rate_2"].tolist() == [1000]
    assert stamps(state, "interval")[4] == NOON + 3 * DAY + 900


def test_supply_can_be_cut_now_and_given_back_later():
    state = fleet()
    commands.cut(state, [0, 1], NOON)
    assert not state.supply.powered.any()
    advance(state, NOON + 100, KILOWATT)
    with pytest.raises(LocalProtocolError, match="before the one before"):
        commands.cut(state, 0, NOON + 200)
    with pytest.raises(LocalProtocolError, match="past"):
        commands.restore(state, 0, NOON)
    commands.restore(state, [0, 1], np.array([NOON + 100, NOON + 101]))
    assert state.supply.powered.tolist() == [True, False]
    advance(state, NOON + 160, KILOWATT)
    assert state.registers.mj(Energy.ACTIVE_IMPORT).tolist() == [60_000_000, 59_000_000]
    with pytest.raises(LocalProtocolError, match="before it was cut"):
        commands.restore(state, 0, NOON + 200)


@pytest.mark.parametrize(("start", "end"), [(NOON - 1, NOON + 5), (NOON + 5, NOON + 5)])
def test_outages_that_cannot_be_are_refused(start, end):
    with pytest.raises(LocalProtocolError):
        commands.cut(fleet(), 0, start, end)


@pytest.mark.parametrize("meters", [2, -1, [0, 0], [0, 5]])
def test_meters_must_exist_and_stand_once(meters):
    with pytest.raises(LocalProtocolError):
        commands.log(fleet(), "fraud", meters, code=46)
