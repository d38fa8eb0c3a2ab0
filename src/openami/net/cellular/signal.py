"""Signal of a mobile modem, and how standards and lamps write it.

Codes: RSSI as +CSQ gives it (3GPP TS 27.007, 8.5), RxLev as TS 45.008, RSRP and RSRQ as TS 36.133, 9.1.4 and 9.1.7.
"""

from dataclasses import dataclass
from math import floor
from typing import Final, NamedTuple, Self

UNKNOWN_RSSI: Final = 99
UNKNOWN_LTE: Final = 255
RSRP_BELOW_RSSI_DB: Final = 18.6
"""12 subcarriers of the six resource blocks of LTE-M: a reading for cells of which only the RSSI is given."""
RSRQ_FULL_DB: Final = -10.8
"""The quality that follows from it."""


def coded(value: float, lowest: float, step: float, last: int) -> int:
    """Number the steps of a scale: 0 below its lowest mark, `last` from the highest on."""
    return min(max(floor((value - lowest) / step) + 1, 0), last)


class Signal(NamedTuple):
    """What a modem receives: dBm, and dB for the quality."""

    rssi_dbm: float
    rsrp_dbm: float
    rsrq_db: float

    @classmethod
    def of(cls, rssi_dbm: float) -> Self:
        """Give the signal of a cell in use of which the RSSI is known."""
        return cls(rssi_dbm, rssi_dbm - RSRP_BELOW_RSSI_DB, RSRQ_FULL_DB)

    @property
    def rssi(self) -> int:
        """RSSI of +CSQ: 0 is -113 dBm or less, 31 is -51 dBm or more, 2 dB a step."""
        return min(max(floor((self.rssi_dbm + 113) / 2), 0), 31)

    @property
    def rxlev(self) -> int:
        """RxLev: 0 is below -110 dBm, 63 is -48 dBm or more, 1 dB a step."""
        return coded(self.rssi_dbm, -110, 1, 63)

    @property
    def rsrp(self) -> int:
        """RSRP: 0 is below -140 dBm, 97 is -44 dBm or more, 1 dB a step."""
        return coded(self.rsrp_dbm, -140, 1, 97)

    @property
    def rsrq(self) -> int:
        """RSRQ: 0 is below -19.5 dB, 34 is -3 dB or more, 0.5 dB a step."""
        return coded(self.rsrq_db, -19.5, 0.5, 34)


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels that people see, from the worst on; a limit in dBm (RSSI) begins each but the first."""

    names: tuple[str, ...] = ("in network",)
    limits_dbm: tuple[float, ...] = ()
    colours: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.limits_dbm) + 1 != len(self.names) or len(self.colours) not in (0, len(self.names)):
            raise ValueError("expected a limit between every two levels, and a colour for each or none")
        if list(self.limits_dbm) != sorted(self.limits_dbm):
            raise ValueError("expected limits_dbm from the lowest to the highest")

    def number(self, signal: Signal) -> int:
        """Number of the level of a signal, 0 for the worst."""
        return sum(signal.rssi_dbm >= limit for limit in self.limits_dbm)

    def name(self, signal: Signal) -> str:
        """Name of the level of a signal."""
        return self.names[self.number(signal)]

    def colour(self, signal: Signal) -> str:
        """Colour that shows it; nothing where the module has no such lamp."""
        return self.colours[self.number(signal)] if self.colours else ""
