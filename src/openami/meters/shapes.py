"""How a mean household draws power over the year, and how a roof gives it back: shapes without noise."""

from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from openami.core.time import DstRule

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAY_S = 86_400
QUARTER_S = 900
QUARTERS = 96
SATURDAY, HOLIDAY, WORKDAY = 0, 1, 2
FIXED_HOLIDAYS = (101, 1225, 1226)  # month and day; BDEW counts the two eves as Saturdays
EVES = (1224, 1231)
LATITUDE, LONGITUDE = np.deg2rad(52.1), 5.2  # the middle of the Netherlands
DYNAMISATION = (-3.92e-10, 3.20e-7, -7.02e-5, 2.10e-3, 1.24)  # VDEW, over the day of the year
SHAPE_UNIT = 4.0 / 1e6  # kWh per quarter-hour for 1 GWh a year -> kW per kWh a year


@cache
def household() -> Floats:
    """Table H25 as mean power in kW for 1 kWh a year. -> [month · 3 + kind of day, quarter-hour]."""
    text = (files("openami.meters") / "data" / "bdew_h25.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")][1:]
    rows = [[float(cell) for cell in line.split(",")[1:]] for line in lines]
    return np.array(rows).T * SHAPE_UNIT


def local_seconds(utc: Ints, zone: DstRule) -> Ints:
    """Seconds of local time; UTC = local + deviation."""
    deviation, _ = zone.offsets(utc)
    return utc - deviation.astype(np.int64) * 60


def columns(days: Ints) -> Ints:
    """Column of the shape table for local days since 1970: month and kind of day."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    month = months.astype(np.int64) % 12
    month_day = (month + 1) * 100 + (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    weekday = (days + 3) % 7  # 1 January 1970 was a Thursday
    kind = np.full(len(days), WORKDAY, dtype=np.int64)
    kind[(weekday == 5) | np.isin(month_day, EVES)] = SATURDAY
    kind[(weekday == 6) | np.isin(month_day, FIXED_HOLIDAYS)] = HOLIDAY
    return month * 3 + kind


def dynamisation(days: Ints) -> Floats:
    """Season's factor of a household: 1.24 in January, 0.8 in summer."""
    dates = days.astype("datetime64[D]")
    day_of_year = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64) + 1
    return np.polyval(DYNAMISATION, day_of_year).astype(np.float64)


def mean_power(local: Ints, shift: Ints) -> Floats:
    """Mean power in kW per kWh a year, habits shifted by quarter-hours. -> [slots, meters]."""
    days = local // DAY_S
    quarter = (local % DAY_S // QUARTER_S)[:, None] + shift[None, :]
    shape = household()[columns(days)[:, None], quarter % QUARTERS]
    power: Floats = shape * dynamisation(days)[:, None]
    return power


def sunlight(utc: Ints) -> Floats:
    """Sine of the sun's height, 0 at night: the clear-sky output of a flat roof. [slots] -> [slots]."""
    day = utc / DAY_S - 10_957.0  # days since 2000
    anomaly = 2 * np.pi * (day - 2.5) / 365.25  # since the perihelion
    declination = np.deg2rad(-23.44) * np.cos(2 * np.pi * (day % 365.25 + 10) / 365.25)
    equation_min = -7.66 * np.sin(anomaly) - 9.87 * np.sin(2 * anomaly + 3.59)
    solar_min = utc % DAY_S / 60 + 4 * LONGITUDE + equation_min
    hour_angle = np.deg2rad(solar_min / 4 - 180)
    upright = np.sin(LATITUDE) * np.sin(declination)
    height: Floats = upright + np.cos(LATITUDE) * np.cos(declination) * np.cos(hour_angle)
    return np.maximum(height, 0.0)
