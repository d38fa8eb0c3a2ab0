"""Figures, times and names in the words of the pages. Nothing here is specific to HTML."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from openami.core.errors import DecodeError
from openami.core.obis import OBIS

SPACE = "\u00a0"
"""No-break space between groups of three digits and before a unit; the narrow one is next to nothing in Roboto."""
NOTHING = "–"

QUANTITIES: Mapping[int, str] = {
    1: "Import", 2: "Export", 3: "Reactive import", 4: "Reactive export",
    5: "Reactive Q1", 6: "Reactive Q2", 7: "Reactive Q3", 8: "Reactive Q4",
}  # fmt: skip
"""Value group C of energy registers (Blue Book, 7.5.1)."""


def number(value: float, decimals: int = 0) -> str:
    """Write `12 345.6`, with spaces that do not break."""
    return f"{value:,.{decimals}f}".replace(",", SPACE).replace("-", "−")


def quantity(value: float, unit: str, decimals: int = 0) -> str:
    """Write a figure with its unit."""
    return f"{number(value, decimals)}{SPACE}{unit}"


def energy(wh: float) -> str:
    """Energy in kWh; more decimals where there is little of it."""
    size = abs(wh)
    decimals = 0 if size == 0 else 3 if size < 1000 else 2 if size < 100_000 else 1
    return quantity(wh / 1000, "kWh", decimals)


def share(part: float, decimals: int = 1) -> str:
    """Write a share in percent; only what is whole is called 100 %."""
    step = 10**decimals
    percent = int(part * 100 * step) / step
    return f"{100 if part >= 1 else percent:.{0 if part >= 1 else decimals}f}{SPACE}%"


def count(many: int, what: str) -> str:
    """Say how many, in good English."""
    return f"{number(many)} {what if many == 1 else what + 's'}"


def span(seconds: float) -> str:
    """Say how long something took: from milliseconds to days."""
    if seconds < 1:
        return quantity(seconds * 1000, "ms")
    if seconds < 60:
        return quantity(seconds, "s", 1)
    if seconds < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return quantity(minutes, "min") + (f" {quantity(rest, 's')}" if rest else "")
    if seconds < 172_800:
        hours, rest = divmod(round(seconds / 60), 60)
        return quantity(hours, "h") + (f" {quantity(rest, 'min')}" if rest else "")
    return count(int(seconds // 86_400), "day")


def local(at: float, zone: str) -> datetime:
    """Give an instant in the local time of a zone."""
    return datetime.fromtimestamp(at, ZoneInfo(zone))


def day(when: date) -> str:
    """Write `Fri 20 Nov`."""
    return f"{when:%a} {when.day} {when:%b}"


def moment(at: float | None, zone: str, now: float) -> str:
    """Write an instant as short as it is clear: the time today, else with the day, else with the year."""
    if at is None:
        return NOTHING
    then, today = local(at, zone), local(now, zone)
    if then.date() == today.date():
        return f"{then:%H:%M:%S}"
    if then.year == today.year:
        return f"{then.day} {then:%b %H:%M}"
    return f"{then.day} {then:%b %Y %H:%M}"


def instant(at: float, zone: str) -> str:
    """Write an instant in full: `Fri 20 Nov 2026 14:30:00 CET`."""
    then = local(at, zone)
    return f"{day(then)} {then:%Y %H:%M:%S %Z}"


def period(at: int, zone: str, *, is_month: bool) -> str:
    """Name the day or month that a closing at this instant ended: the 00:00 row closes the day before."""
    last = local(at, zone) - timedelta(seconds=1)
    if is_month:
        return f"{last:%B %Y}"
    return f"{day(last)}{f' {last.year}' if last.year != local(at, zone).year else ''}"


def register_name(logical_name: str) -> str:
    """Name an energy register by its code; others by the code itself."""
    try:
        code = OBIS.parse(logical_name)
    except DecodeError:
        return logical_name
    if code.a != 1 or code.c not in QUANTITIES or code.d != 8:
        return logical_name
    return f"{QUANTITIES[code.c]} T{code.e}" if code.e else QUANTITIES[code.c]
