"""Physical units of the Blue Book (class 3, scaler_unit) and their symbols."""

from enum import IntEnum
from typing import NamedTuple, Self


class Unit(IntEnum):
    """Unit code and symbol as printed. Codes not listed here stay plain numbers in a `ScalerUnit`."""

    symbol: str

    def __new__(cls, code: int, symbol: str = "") -> Self:
        """Keep the symbol beside the code."""
        unit = int.__new__(cls, code)
        unit._value_ = code
        unit.symbol = symbol
        return unit

    YEAR = 1, "a"
    MONTH = 2, "mo"
    WEEK = 3, "wk"
    DAY = 4, "d"
    HOUR = 5, "h"
    MINUTE = 6, "min"
    SECOND = 7, "s"
    DEGREE = 8, "°"
    DEGREE_CELSIUS = 9, "°C"
    CURRENCY = 10, "currency"
    METRE = 11, "m"
    METRE_PER_SECOND = 12, "m/s"
    CUBIC_METRE = 13, "m³"
    CUBIC_METRE_CORRECTED = 14, "m³(n)"
    CUBIC_METRE_PER_HOUR = 15, "m³/h"
    CUBIC_METRE_PER_HOUR_CORRECTED = 16, "m³(n)/h"
    CUBIC_METRE_PER_DAY = 17, "m³/d"
    CUBIC_METRE_PER_DAY_CORRECTED = 18, "m³(n)/d"
    LITRE = 19, "l"
    KILOGRAM = 20, "kg"
    NEWTON = 21, "N"
    NEWTON_METRE = 22, "Nm"
    PASCAL = 23, "Pa"
    BAR = 24, "bar"
    JOULE = 25, "J"
    JOULE_PER_HOUR = 26, "J/h"
    WATT = 27, "W"
    VOLT_AMPERE = 28, "VA"
    VAR = 29, "var"
    WATT_HOUR = 30, "Wh"
    VOLT_AMPERE_HOUR = 31, "VAh"
    VAR_HOUR = 32, "varh"
    AMPERE = 33, "A"
    COULOMB = 34, "C"
    VOLT = 35, "V"
    VOLT_PER_METRE = 36, "V/m"
    FARAD = 37, "F"
    OHM = 38, "Ω"
    OHM_METRE = 39, "Ωm"
    WEBER = 40, "Wb"
    TESLA = 41, "T"
    AMPERE_PER_METRE = 42, "A/m"
    HENRY = 43, "H"
    HERTZ = 44, "Hz"
    PER_WATT_HOUR = 45, "1/Wh"
    PER_VAR_HOUR = 46, "1/varh"
    PER_VOLT_AMPERE_HOUR = 47, "1/VAh"
    VOLT_SQUARED_HOUR = 48, "V²h"
    AMPERE_SQUARED_HOUR = 49, "A²h"
    KILOGRAM_PER_SECOND = 50, "kg/s"
    SIEMENS = 51, "S"
    KELVIN = 52, "K"
    PER_VOLT_SQUARED_HOUR = 53, "1/V²h"
    PER_AMPERE_SQUARED_HOUR = 54, "1/A²h"
    PER_CUBIC_METRE = 55, "1/m³"
    PERCENT = 56, "%"
    AMPERE_HOUR = 57, "Ah"
    WATT_HOUR_PER_CUBIC_METRE = 60, "Wh/m³"
    JOULE_PER_CUBIC_METRE = 61, "J/m³"
    MOLE_PERCENT = 62, "mol%"
    GRAM_PER_CUBIC_METRE = 63, "g/m³"
    PASCAL_SECOND = 64, "Pa·s"
    JOULE_PER_KILOGRAM = 65, "J/kg"
    GRAM_PER_SQUARE_CENTIMETRE = 66, "g/cm²"
    ATMOSPHERE = 67, "atm"
    DECIBEL_MILLIWATT = 70, "dBm"
    DECIBEL_MICROVOLT = 71, "dBµV"
    DECIBEL = 72, "dB"
    OTHER = 254, "other"
    COUNT = 255, ""

    @classmethod
    def of(cls, symbol: str) -> "Unit":
        """Find the unit printed as `symbol`; KeyError if there is none."""
        return UNITS[symbol]


UNITS = {unit.symbol: unit for unit in Unit}


class ScalerUnit(NamedTuple):
    """Exponent of ten and unit of a value; an unlisted unit code stays a number."""

    scaler: int
    unit: Unit | int
