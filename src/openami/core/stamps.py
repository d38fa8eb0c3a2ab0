"""Date-time stamps of twelve octets on whole columns (Blue Book, date-time)."""

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError
from openami.core.time import ANY, DAY_S, DEVIATION_UNSET, ClockStatus

STAMP = np.dtype(
    [
        ("year", ">u2"),
        ("month", "u1"),
        ("day", "u1"),
        ("weekday", "u1"),
        ("hour", "u1"),
        ("minute", "u1"),
        ("second", "u1"),
        ("hundredths", "u1"),
        ("deviation", ">i2"),
        ("status", "u1"),
    ]
)
"""One stamp as a NumPy record: twelve octets."""

MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int32)
FROM_MARCH_TO_EPOCH = 719_468
"""Days from 1 March of year 0 to 1 January 1970; years are counted from March, so that leap days end them."""
ERA_DAYS = 146_097


def civil(days: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Year, month and day of days since 1970. [n] -> 3 x [n]."""
    shifted = days.astype(np.int32) + FROM_MARCH_TO_EPOCH
    era = shifted // ERA_DAYS
    day = shifted - era * ERA_DAYS
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    march_month = (5 * day + 2) // 153
    month = march_month + np.where(march_month < 10, np.int32(3), np.int32(-9))
    return year + era * 400 + (month <= 2), month, day - (153 * march_month + 2) // 5 + 1


def days_from_civil(year: NDArray[np.int32], month: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.int32]:
    """Days since 1970; the inverse of `civil`. 3 x [n] -> [n]."""
    year = year - (month <= 2)  # years begin in March, so that a leap day ends one
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days: NDArray[np.int32] = era * ERA_DAYS + of_era * 365 + of_era // 4 - of_era // 100 + of_year
    return days - FROM_MARCH_TO_EPOCH


def encode_stamps(
    utc: NDArray[np.int64],
    deviation: NDArray[np.int16],
    dst: NDArray[np.bool_],
    status: NDArray[np.uint8] | int = 0,
) -> NDArray[np.uint8]:
    """Stamps of UTC seconds on clocks with these deviations; `status` adds bits. [n] -> [n, 12]."""
    local = utc - deviation.astype(np.int64) * 60
    days, second = np.divmod(local, DAY_S)
    second = second.astype(np.int32)
    minute = second // 60
    hour = minute // 60
    stamps = np.empty(len(utc), STAMP)
    stamps["year"], stamps["month"], stamps["day"] = civil(days)
    stamps["weekday"] = (days + 3) % 7 + 1
    stamps["hour"] = hour
    stamps["minute"] = minute - hour * 60
    stamps["second"] = second - minute * 60
    stamps["hundredths"] = 0
    stamps["deviation"] = deviation
    stamps["status"] = np.where(dst, np.uint8(ClockStatus.DST), np.uint8(0)) | np.asarray(status, np.uint8)
    return stamps.view(np.uint8).reshape(-1, STAMP.itemsize)


def decode_stamps(octets: NDArray[np.uint8], default_deviation_min: int | None = None) -> NDArray[np.int64]:
    """UTC seconds of stamps; the default serves where the deviation is not specified. [n, 12] -> [n]."""
    if octets.ndim != 2 or octets.shape[1] != STAMP.itemsize:
        raise DecodeError(f"stamps of shape {octets.shape}, expected rows of {STAMP.itemsize} octets")
    stamps = np.ascontiguousarray(octets, np.uint8).view(STAMP).reshape(-1)
    deviation = stamps["deviation"].astype(np.int64)
    unset = deviation == DEVIATION_UNSET
    if unset.any():
        if default_deviation_min is None:
            raise DecodeError(f"stamp {int(unset.argmax())} has no deviation")
        deviation[unset] = default_deviation_min
    return local_seconds(stamps) + deviation * 60


def local_seconds(stamps: NDArray[np.void]) -> NDArray[np.int64]:
    """Seconds of the local clock since 1970; a stamp with a wildcard is a `DecodeError`. [n] -> [n]."""
    year, month, day = (stamps[name].astype(np.int32) for name in ("year", "month", "day"))
    hour, minute, second = (stamps[name].astype(np.int32) for name in ("hour", "minute", "second"))
    second[second == ANY] = 0
    leap_day = (month == 2) & (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    valid = (
        (month - 1 < 12) & (month > 0) & (day > 0) & (day <= MONTH_DAYS[np.minimum(month, 12)] + leap_day)
        & (hour < 24) & (minute < 60) & (second < 60) & (year > 0) & (year < 10_000)
    )  # fmt: skip
    if not valid.all():
        row = int(valid.argmin())
        raise DecodeError(f"stamp {row} names no single second: {stamps[row].tobytes().hex()}")
    days = days_from_civil(year, month, day).astype(np.int64)
    return days * DAY_S + (hour * 3600 + minute * 60 + second)
