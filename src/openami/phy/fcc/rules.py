"""What 47 CFR 15.247 asks of hopping transmitters on 902 to 928 MHz, and what the tables of the report rest on."""

from dataclasses import dataclass
from math import log10

BAND_HZ = (902e6, 928e6)
LEAST_SEPARATION_HZ = 25e3
"""15.247(a)(1): this, or the 20 dB bandwidth of a channel if that is more."""
WIDEST_HZ = 500e3
"""15.247(a)(1)(i): no hopping channel is wider at 20 dB."""
NARROW_HZ = 250e3
"""15.247(a)(1)(i): what is narrower needs more channels."""
MANY_CHANNELS, FEW_CHANNELS = 50, 25
OCCUPANCY_S = 0.4
MANY_PERIOD_S, FEW_PERIOD_S = 20.0, 10.0
MANY_POWER_W, FEW_POWER_W = 1.0, 0.25
"""15.247(b)(2), conducted, by the number of channels."""
ANTENNA_DBI = 6.0
"""15.247(b)(4): more gain costs as much power."""
SUPPRESSION_DB = 20.0
"""15.247(c) of 2006, (d) today: outside the band, in any 100 kHz, against the strongest 100 kHz inside."""
EDGE_RBW_HZ = 100e3
WINDOW_S = 0.1
"""15.35(c): the mean over one pulse train, or over the worst 0.1 s of a longer one."""
PEAK_DBUV_M, AVERAGE_DBUV_M = 74.0, 54.0
"""15.209 and 15.35(b): restricted bands above 1 GHz at 3 m."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits that depend on how wide a channel is and how many there are."""

    channels: int
    period_s: float
    power_w: float
    separation_hz: float

    @classmethod
    def of(cls, bandwidth_hz: float, channels: int) -> "Limits":
        """Limits for channels so wide at 20 dB, and so many of them."""
        is_narrow = bandwidth_hz < NARROW_HZ
        return cls(
            channels=MANY_CHANNELS if is_narrow else FEW_CHANNELS,
            period_s=MANY_PERIOD_S if is_narrow or channels >= MANY_CHANNELS else FEW_PERIOD_S,
            power_w=MANY_POWER_W if channels >= MANY_CHANNELS else FEW_POWER_W,
            separation_hz=max(LEAST_SEPARATION_HZ, bandwidth_hz),
        )

    @property
    def power_dbm(self) -> float:
        """Peak conducted power that is allowed."""
        return 10 * log10(self.power_w) + 30


def duty_db(on_s: float, window_s: float = WINDOW_S) -> float:
    """Duty-cycle correction: time with carrier in the worst window, in dB; not above 0."""
    return 20 * log10(min(on_s / window_s, 1.0)) if on_s > 0 else float("-inf")


MAINS_DBUV = {
    "quasi-peak": ((0.15, 66.0), (0.5, 56.0), (5.0, 60.0)),
    "average": ((0.15, 56.0), (0.5, 46.0), (5.0, 50.0)),
}
"""15.207: limit from each frequency in MHz on; from 0.15 to 0.5 it falls evenly over the logarithm of the frequency."""
FIELD_DBUV_M = ((30.0, 40.0), (88.0, 43.5), (216.0, 46.0), (960.0, 54.0))
"""15.109(a) and 15.209 at 3 m: limit from each frequency in MHz on."""


def mains_limit(frequency_mhz: float, detector: str) -> float:
    """Limit of 15.207 in dB over a microvolt; detector: `quasi-peak` or `average`."""
    (low, high), (knee, least), (upper, most) = MAINS_DBUV[detector]
    if frequency_mhz < knee:
        return high + (least - high) * log10(frequency_mhz / low) / log10(knee / low)
    return least if frequency_mhz < upper else most


def field_limit(frequency_mhz: float) -> float:
    """Limit of 15.109 at 3 m in dB over a microvolt per metre."""
    return next(limit for begin, limit in reversed(FIELD_DBUV_M) if frequency_mhz >= begin)
