import pytest

from openami.core.units import ScalerUnit, Unit


@pytest.mark.parametrize(
    ("code", "symbol"),
    [(7, "s"), (8, "°"), (9, "°C"), (13, "m³"), (25, "J"), (27, "W"), (28, "VA"), (29, "var"), (30, "Wh"),
     (31, "VAh"), (32, "varh"), (33, "A"), (35, "V"), (44, "Hz"), (56, "%"), (70, "dBm"), (255, "")],
)  # fmt: skip
def test_codes_and_symbols_of_the_blue_book(code, symbol):
    assert Unit(code).symbol == symbol
    assert Unit.of(symbol) is Unit(code)


def test_symbols_are_unique_and_codes_fit_an_octet():
    assert len({unit.symbol for unit in Unit}) == len(Unit)
    assert all(0 < unit <= 255 for unit in Unit)


def test_scaler_unit_keeps_a_code_that_is_not_listed():
    assert ScalerUnit(-3, 128).unit == 128
    assert ScalerUnit(0, Unit.WATT_HOUR) == (0, 30)
