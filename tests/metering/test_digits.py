"""Values on a display: digits, decimals, roll-over, codes, dates."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.metering.digits import figure, level, moment, prefix, short_code, window


@pytest.mark.parametrize(
    ("value", "exponent", "settings", "shown"),
    [
        (12_345_678, -3, {"digits": 6}, "12345"),
        (12_345_678, -3, {"digits": 9, "decimals": 3, "zeros": True}, "012345.678"),
        (12_345_678, -3, {"digits": 8, "decimals": 3}, "12345.678"),
        (112_345_678, -3, {"digits": 8, "decimals": 3, "rolls": True}, "12345.678"),
        (100_000_000, -3, {"digits": 8, "decimals": 3, "rolls": True, "zeros": True}, "00000.000"),
        (999_999_999, -3, {"digits": 6, "rolls": True, "zeros": True}, "999999"),
        (1_000_000_000, -3, {"digits": 6, "rolls": True, "zeros": True}, "000000"),
        (2301, -1, {"digits": 5, "decimals": 1}, "230.1"),
        (-5, -3, {"digits": 5, "decimals": 3}, "-0.005"),
        (-9999, -3, {"digits": 5, "decimals": 3}, "-9.999"),
        (-9999, -3, {"digits": 4, "decimals": 3}, "===="),
        (100_000, 0, {"digits": 5}, "====="),
        (7, 2, {"digits": 5}, "700"),
        (0, 0, {"digits": 5}, "0"),
        (None, 0, {"digits": 5, "decimals": 2}, "-----"),
    ],
)
def test_digits_decimals_and_roll_over(value: int | None, exponent: int, settings: dict, shown: str) -> None:
    assert figure(value, exponent, **settings) == shown


@given(st.integers(0, 10**12), st.integers(-4, 2), st.integers(0, 3), st.integers(4, 10), st.booleans())
def test_what_is_shown_is_the_register_at_the_stated_resolution(
    value: int, exponent: int, decimals: int, digits: int, zeros: bool
) -> None:
    shown = figure(value, exponent, digits=digits, decimals=decimals, rolls=True, zeros=zeros)
    exact = Fraction(value) * Fraction(10) ** exponent
    step = Fraction(1, 10**decimals)
    assert Fraction(shown) == (exact // step * step) % 10 ** (digits - decimals)
    assert len(shown.replace(".", "")) <= digits
    assert not zeros or len(shown.replace(".", "")) == digits


@given(st.integers(-(10**9), 10**9), st.integers(-4, 2), st.integers(0, 3), st.integers(5, 10))
def test_a_value_without_room_is_never_shown_as_another(value: int, exponent: int, decimals: int, digits: int) -> None:
    shown = figure(value, exponent, digits=digits, decimals=decimals)
    assert len(shown.replace(".", "")) <= digits
    if "=" in shown:
        assert abs(Fraction(value) * Fraction(10) ** exponent) >= 10 ** (digits - decimals - (value < 0))
        return
    assert abs(Fraction(shown) - Fraction(value) * Fraction(10) ** exponent) < Fraction(1, 10**decimals)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("1.0.1.8.0.255", "1.8.0"),
        ("1.0.1.8.2.255", "1.8.2"),
        ("1.0.1.8.1.5", "1.8.1*05"),
        ("1.0.32.7.0.255", "32.7.0"),
        ("0.0.96.1.0.255", "C.1.0"),
        ("0.0.96.7.21.255", "C.7.21"),
        ("0.0.97.97.0.255", "F.F"),
        ("0.0.97.98.0.255", "F.L.0"),
        ("1.0.99.1.0.255", "P.1.0"),
    ],
)
def test_short_codes(name: str, code: str) -> None:
    assert short_code(OBIS.parse(name)) == code


def test_a_manual_reset_has_its_own_sign() -> None:
    assert short_code(OBIS.parse("1.0.1.6.1.12"), manual=True) == "1.6.1&12"


def test_dates_and_times() -> None:
    at = CosemDateTime(2026, 11, 20, 5, 9, 7, 5)
    assert moment(at, "DD-MM-YYYY hh:mm:ss") == "20-11-2026 09:07:05"
    assert moment(at, "YY.MM.DD") == "26.11.20"
    assert moment(CosemDateTime(), "YYYY-MM-DD hh:mm") == "-------- --:--".replace(
        "--------", "---------"[:4] + "---" + "---"
    )


def test_units() -> None:
    assert [prefix(unit, "Wh") for unit in ("Wh", "kWh", "MWh", "varh", "")] == [0, 3, 6, None, None]
    assert prefix("", "") == 0


def test_levels() -> None:
    assert [level(value, (1, 10, 20)) for value in (None, 0, 1, 9, 10, 99)] == [0, 0, 1, 1, 2, 3]


def test_a_long_text_runs_through() -> None:
    assert window("short", 8, 99_999) == "short"
    assert [window("abcdef", 4, ms) for ms in (0, 499, 500, 3_000, 4_500)] == ["abcd", "abcd", "bcde", "   a", "abcd"]
