"""Measured loads: the columns accepted, the days placed, the file's own energy, bad lines told by number."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from meters.small_fleet import START, Company, Steady
from openami.core.errors import DefinitionError
from openami.meters.households import Households
from openami.meters.loads import DAY_MIN, Drive, Measured, Measurement

UCI = "Date;Time;Global_active_power;Global_reactive_power;Voltage;Global_intensity;Sub_metering_1\n"


def measured(tmp_path: Path, text: str, name: str = "load.csv") -> Measurement:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return Measurement.read(path)


def quantities(measurement: Measurement, minute: int) -> list[int]:
    return [int(part[0]) for part in measurement.part(minute, 1)]


@pytest.mark.parametrize(
    "header",
    [
        "time,active W,reactive var,volts,amps\n",
        "Time,Active_W,Reactive_var,Voltage_V,Current_A\n",
        "time;active_power_w;reactive_power_var;volts;amps\n",
        "",
    ],
)
@pytest.mark.parametrize("name", ["load.csv", "load.csv.gz"])
def test_columns_may_be_called_by_their_words(tmp_path: Path, header: str, name: str) -> None:
    sign = ";" if ";" in header else ","
    line = sign.join(["2026-02-03 00:01", "-250.5", "12.25", "231.4", "1.09"])
    found = measured(tmp_path, header + line + "\n", name)
    assert found.minutes == DAY_MIN
    assert quantities(found, 1) == [-250_500, 12_250, 231_400, 1_090]


def test_columns_may_stand_in_another_order_and_be_missing(tmp_path: Path) -> None:
    found = measured(tmp_path, "active W,time\n460,2026-02-03T00:00:00\n")
    assert quantities(found, 0) == [460_000, 0, 230_000, 2_000]


def test_amps_not_given_follow_from_the_power(tmp_path: Path) -> None:
    found = measured(tmp_path, "time,active W,reactive var,volts,amps\n2026-02-03 00:00,300,400,250,\n")
    assert quantities(found, 0) == [300_000, 400_000, 250_000, 2_000]


def test_a_missing_minute_or_value_is_no_load(tmp_path: Path) -> None:
    found = measured(tmp_path, UCI + "1/2/2007;00:00:00;?;?;?;?;\n1/2/2007;00:02:00;0.4;0;230;2;0\n")
    assert [quantities(found, minute) for minute in range(4)] == [
        [0, 0, 230_000, 0],
        [0, 0, 230_000, 0],
        [400_000, 0, 230_000, 2_000],
        [0, 0, 230_000, 0],
    ]
    assert quantities(found, -1) == quantities(found, DAY_MIN) == [0, 0, 230_000, 0]


def test_days_that_do_not_follow_run_back_to_back(tmp_path: Path) -> None:
    lines = [f"2007-02-{day:02d} {hour}:00,{day * 100 + hour}\n" for day in (1, 11, 21) for hour in (10, 23)]
    found = measured(tmp_path, "time,active W\n" + "".join(lines))
    assert found.minutes == 3 * DAY_MIN
    places = np.flatnonzero(found.active_mw)
    assert places.tolist() == [day * DAY_MIN + hour * 60 for day in range(3) for hour in (10, 23)]
    assert (found.active_mw[places] // 1000).tolist() == [110, 123, 1110, 1123, 2110, 2123]


def test_times_with_a_zone_run_through_a_clock_change(tmp_path: Path) -> None:
    lines = ["2026-10-25T02:30+02:00,1\n", "2026-10-25T02:30+01:00,2\n"]
    found = measured(tmp_path, "time,active W\n" + "".join(lines))
    assert np.flatnonzero(found.active_mw).tolist() == [150, 210]


BAD = {
    "no number": ("time,active W\n2026-02-03 00:00,1\n2026-02-03 00:01,x\n", "line 3", "'x'"),
    "no time": ("time,active W\nyesterday,1\n", "line 2", "yesterday"),
    "not a minute": ("time,active W\n2026-02-03 00:00:30,1\n", "line 2", "whole minute"),
    "too few": ("time,active W,amps\n2026-02-03 00:00,1\n", "line 2", "2 columns, expected 3"),
    "twice": ("time,active W\n2026-02-03 00:00,1\n\n2026-02-03 00:00,1\n", "line 4", "twice"),
    "infinite": ("time,active W\n2026-02-03 00:00,inf\n", "line 2", "range"),
    "negative amps": ("time,active W,amps\n2026-02-03 00:00,1,-1\n", "line 2", "amps"),
    "zone and none": ("time,active W\n2026-02-03 00:00,1\n2026-02-04 00:00Z,1\n", "line 3", "zone"),
    "unknown column": ("time,active W,colour\n", "line 1", "'colour'"),
    "no power": ("time,volts\n", "line 1", "active"),
    "empty": ("", "line 1", ""),
    "header alone": ("time,active W\n", "line 2", "no minute"),
    "uci date": (UCI + "1/13/2007;00:00:00;1;0;230;4;0\n", "line 2", "month"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_told_by_its_number(name: str, tmp_path: Path) -> None:
    text, line, word = BAD[name]
    with pytest.raises(DefinitionError) as caught:
        measured(tmp_path, text)
    assert caught.value.key == line
    assert caught.value.file == str(tmp_path / "load.csv")
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"nowhere\.csv: cannot be read"):
        Measurement.read(tmp_path / "nowhere.csv")
    packed = tmp_path / "cut.csv.gz"
    packed.write_bytes(gzip.compress(b"time,active W\n2026-02-03 00:00,1\n")[:-12])
    with pytest.raises(DefinitionError, match="cannot be read"):
        Measurement.read(packed)


@pytest.mark.parametrize("every", [False, True])
def test_rows_drive_the_first_meter_or_all(tmp_path: Path, every: bool) -> None:
    found = measured(tmp_path, "time,active W\n2026-02-03 00:00,460\n2026-02-03 00:01,920\n")
    load = Measured(found, START, 3, None if every else Steady(active_w=100)).power(START, 3)
    assert (load.active_mw[:, 0] // 1000).tolist() == [460, 920, 0]
    assert (load.active_mw[:, 1] // 1000).tolist() == ([460, 920, 0] if every else [100, 100, 100])
    assert load.current_ma[0, 0].tolist() == [2_000, 0, 0]


@pytest.mark.feature("IQ0404100K1-R-01", "IQ0404100K1-R-92")
def test_a_measured_house_comes_out_interval_by_interval(shared: Path) -> None:
    """Six days of the UCI house through an ideal chain: each interval to one register step of the file."""
    path = shared / "loads/uci/household_1min_6days.txt.gz"
    with gzip.open(path, "rt", encoding="ascii") as file:
        rows = list(csv.reader(file, delimiter=";"))[1:]
    minutes = [0 if row[2] == "?" else round(float(row[2]) * 1000) for row in rows]
    assert len(minutes) == 6 * DAY_MIN
    company = Company(Measured(Measurement.read(path), START, 3))
    company.live(6 * 86_400)
    stored = company.talk().rows("1.0.99.1.0.255", START + 1, START + 6 * 86_400)
    assert len(stored) == 6 * 96
    watt_minutes = np.cumsum(np.array(minutes).reshape(-1, 15).sum(axis=1))
    registers = np.array([row[2] for row in stored])
    assert (registers == watt_minutes // 60).all()
    assert max(row[3] for row in stored) == 0


def test_days_keep_the_order_of_the_file(tmp_path: Path) -> None:
    found = measured(tmp_path, "time,active W\n2007-02-11 00:00,1\n2007-02-01 00:01,2\n2007-02-11 00:02,3\n")
    assert np.flatnonzero(found.active_mw).tolist() == [0, 2, DAY_MIN + 1]


def test_a_drive_is_told_by_its_name_and_contents(tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    path.write_text("time,active W\n2026-02-03 00:00,460\n", encoding="utf-8")
    names = [Drive().name, Drive(path).name, Drive(path, every=True).name]
    path.write_text("time,active W\n2026-02-03 00:00,461\n", encoding="utf-8")
    names.append(Drive(path).name)
    assert names[0] == "households"
    assert names[1].startswith("load.csv ")
    assert len(set(names)) == 4
    with pytest.raises(DefinitionError, match="cannot be read"):
        _ = Drive(tmp_path / "nowhere").name


def test_a_drive_without_a_file_draws_households(tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    path.write_text("time,active W\n2026-02-03 00:00,460\n", encoding="utf-8")
    serials = ["a", "b"]
    drawn, driven, all_driven = (
        drive.load(serials, START).power(START, 1).active_mw[0].tolist()
        for drive in (Drive(), Drive(path), Drive(path, every=True))
    )
    assert drawn == Households(serials).power(START, 1).active_mw[0].tolist()
    assert driven == [460_000, drawn[1]]
    assert all_driven == [460_000, 460_000]
