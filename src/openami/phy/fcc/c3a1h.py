"""What the FCC report of the C3A1H prints (ACS 06-0012-15C, FCC ID SK9C3A-1H): its figures, and its tables again.

Its spurious, radiated and mains emissions were measured on a real meter: here they are only calculated anew.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from openami.phy.fcc import rules
from openami.phy.fcc.findings import Findings

CLAIMED_ON_S = 0.045
"""Clause 7.6.3.2: 45 ms of carrier in the worst 100 ms."""
IDM_S = 92 * 8 / 16_384
ANTENNA_DBI = 3.5


@dataclass(frozen=True, slots=True)
class Emission:
    """A row of tables 7.6.3-1 to -3: radiated, in a restricted band; levels in dBµV/m, margins in dB."""

    table: str
    channel: str
    frequency_mhz: float
    polarity: str
    reading_dbuv: float
    factor_db: float
    #: Corrected level and margin to the limit, peak and average, as printed.
    printed: tuple[float, float, float, float]

    @property
    def calculated(self) -> tuple[float, float, float, float]:
        """The same four from the reading, the factor, and the duty cycle that was claimed (7.6.3.4)."""
        peak = self.reading_dbuv + self.factor_db
        average = peak + rules.duty_db(CLAIMED_ON_S)
        return peak, average, rules.PEAK_DBUV_M - peak, rules.AVERAGE_DBUV_M - average

    @property
    def deviation_db(self) -> float:
        """Largest difference between what is printed and what is calculated."""
        return max(abs(a - b) for a, b in zip(self.printed, self.calculated, strict=True))


@dataclass(frozen=True, slots=True)
class Margin:
    """A row of table 7.3-1 (15.109) or 7.2-1 to -16 (15.207): a level under its limit."""

    table: str
    setup: str
    frequency_mhz: float
    level_db: float
    #: Limit of the rule at this frequency, limit and margin as printed.
    rule_db: float
    limit_db: float
    printed_db: float

    @property
    def calculated_db(self) -> float:
        """Limit minus level."""
        return self.limit_db - self.level_db

    @property
    def deviation_db(self) -> float:
        """Printed minus calculated margin."""
        return self.printed_db - self.calculated_db


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("openami.phy.fcc") / "data" / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def restricted_bands() -> tuple[Emission, ...]:
    """The 41 rows of 15.205."""
    printed = ("peak_dbuv_m", "average_dbuv_m", "peak_margin_db", "average_margin_db")
    return tuple(
        Emission(
            row["table"],
            row["channel"],
            float(row["frequency_mhz"]),
            row["polarity"],
            float(row["peak_dbuv"]),
            float(row["factor_db"]),
            (float(row[printed[0]]), float(row[printed[1]]), float(row[printed[2]]), float(row[printed[3]])),
        )
        for row in _rows("restricted_bands")
    )


@cache
def unintentional() -> tuple[Margin, ...]:
    """The ten rows of 15.109, 30 MHz to 1 GHz."""
    return tuple(
        Margin(
            row["table"],
            f"{row['polarity']}, {row['height_cm']} cm, {row['azimuth_deg']}°",
            frequency := float(row["frequency_mhz"]),
            float(row["level_dbuv_m"]),
            rules.field_limit(frequency),
            float(row["limit_dbuv_m"]),
            float(row["margin_db"]),
        )
        for row in _rows("unintentional")
    )


@cache
def mains() -> tuple[Margin, ...]:
    """The 154 rows of 15.207 in sixteen tables, 150 kHz to 30 MHz."""
    return tuple(
        Margin(
            row["table"],
            f"{row['supply']}, {row['line']}, {row['detector']}",
            frequency := float(row["frequency_mhz"]),
            float(row["level_dbuv"]),
            rules.mains_limit(frequency, row["detector"]),
            float(row["limit_dbuv"]),
            float(row["margin_db"]),
        )
        for row in _rows("mains")
    )


@dataclass(frozen=True, slots=True)
class Stated:
    """A figure of the report, and from where to where ours may lie to agree with it."""

    key: str
    section: str
    words: str
    printed: str
    low: float
    high: float
    unit: str
    value: float | None

    @property
    def agrees(self) -> bool | None:
        """Whether ours lies there; None if it was not measured."""
        return None if self.value is None else self.low <= self.value <= self.high


POWERS = (("low", 909.569, 21.36), ("mid", 916.020, 21.35), ("high", 921.774, 21.29))
ANALYSER_MHZ = 0.03
"""So much the report's own tables differ in a carrier's frequency."""


def stated(found: Findings) -> tuple[Stated, ...]:
    """Each figure of the report beside the measured one."""
    widths = [width / 1e3 for _, width in found.bandwidths_hz]
    apart, dwell = found.separation_hz, 1e3 * found.dwell_s[0]
    revisit = None if found.revisit_s is None else found.revisit_s / 60
    longest = max((1e3 * each.on_s for each in found.bursts), default=None)
    rows = [
        Stated("channels", "7.5.2", "hopping channels", "50", 50, 50, "", float(len(found.channels))),
        Stated("separation", "7.5.1.2", "separation", "196.2", 196.2, 200, "kHz", apart and apart / 1e3),
        Stated("narrowest", "7.5.4.2", "20 dB bandwidth, least", "159.371", 159, 176, "kHz", min(widths, default=None)),
        Stated("widest", "7.5.4.2", "20 dB bandwidth, most", "175.269", 159, 176, "kHz", max(widths, default=None)),
        Stated("dwell", "7.5.3", "worst dwell", "115.23", 115.13, 115.33, "ms", dwell),
        Stated("idm", "7.6.3.2", "IDM", "45", 44.5, 45.5, "ms", longest),
        Stated("revisit", "7.5.3", "channel comes again after", "25", 24.99, 25.01, "min", revisit),
        Stated("duty", "7.6.3.2", "duty cycle correction", "-6.9", -6.99, -6.9, "dB", rules.duty_db(found.window_s[0])),
    ]
    for (name, mhz, dbm), (_, channel) in zip(POWERS, found.thirds, strict=False):
        place = channel.carrier_hz / 1e6
        low, high = mhz - ANALYSER_MHZ, mhz + ANALYSER_MHZ
        rows.append(Stated(f"{name}_carrier", "7.4.2", f"{name} channel", f"{mhz:.3f}", low, high, "MHz", place))
        level = found.power_dbm(channel)
        rows.append(
            Stated(
                f"{name}_power", "7.4.2", f"power, {name} channel", f"{dbm:.2f}", dbm - 0.05, dbm + 0.05, "dBm", level
            )
        )
    return tuple(rows)
