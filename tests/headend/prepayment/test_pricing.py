"""Prices: worked by hand, then held to what must be true of every vend."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from openami.core.errors import LocalProtocolError
from openami.headend.prepayment import pricing
from openami.headend.prepayment.pricing import Before, Block, Debt, Line, Tariff, for_money, for_units, gross

HOME = Tariff(
    title="Home", seller="Harbour Light", currency="ZAR", vat=1_500, fee=200, monthly=5_000,
    blocks=(Block(up_to=500, price=1_000_000), Block(up_to=3_500, price=1_505_000), Block(price=2_200_000)),
    free_units=500,
)  # fmt: skip
"""Cents: R 1.00 a kWh up to 50 kWh in a month, R 1.505 up to 350, then R 2.20; VAT 15 %."""
PLAIN = Tariff(title="Plain", seller="Us", currency="EUR", blocks=(Block(price=250_000),))
"""25 cents a kWh, and nothing else."""


def test_plain_energy() -> None:
    """10.00 buys 40.0 kWh; 10.02 buys as much, and two cents wait until they help to pay 40.1 kWh: 1002.5 cents."""
    assert for_money(PLAIN, Before(), 1_000).units == 400
    found = for_money(PLAIN, Before(), 1_002)
    assert (found.units, found.carry_out) == (400, 2)
    again = for_money(PLAIN, Before(carry=2), 1_001)
    assert (again.units, again.carry_out, again.carry_in) == (401, 0, 2)


def test_blocks_charges_vat_and_arrears_by_hand() -> None:
    """R 500 with 40 kWh used, two monthly charges due, R 1000 owed: 10 % and R 5 of each vend.

    Charges 100.00 + 2.00, VAT 15.00 + 0.30 = 117.30. Arrears 5.00 + 50.00 = 55.00. Left 327.70, of which at most
    284.95 is net: 10 kWh at 1.00, then (284.95 - 10.00) / 1.505 = 182.69 -> 182.6 kWh for 274.813, 274.81 with the
    first. Net 284.81, VAT 42.72 (42.7215), together 327.53; the next 0.1 kWh makes 284.96 + 42.74 = 327.70: paid too.
    """
    before = Before(used=400, months=2, debt=Debt(100_000, fixed=500, share=1_000))
    found = for_money(HOME, before, 50_000)
    assert found.lines == (
        Line("Monthly charge (2)", 10_000, 1_500), Line("Fee", 200, 30),
        Line("Block 1", 1_000, 150, 100, 1_000_000), Line("Block 2", 27_496, 4_124, 1_827, 1_505_000),
    )  # fmt: skip
    assert (found.arrears, found.units, found.carry_out) == (5_500, 1_927, 0)
    assert (found.energy, found.charges, found.vat) == (28_496, 10_200, 5_804)


def test_a_ceiling_and_a_small_debt_limit_what_arrears_take() -> None:
    assert Debt(100_000, 500, 1_000, ceiling=2_000).part(50_000, 40_000) == 2_000
    assert Debt(1_200, 500, 1_000).part(50_000, 40_000) == 1_200
    assert Debt(100_000, 500, 10_000).part(50_000, 40_000) == 40_000
    assert Debt(100_000, 0, 1_250).part(1_004, 40_000) == 126  # 125.5 half up


def test_too_little_says_what_is_enough() -> None:
    before = Before(months=1, debt=Debt(10_000, share=5_000))
    with pytest.raises(LocalProtocolError, match=r"ZAR (\d+\.\d\d) is the least") as told:
        for_money(HOME, before, 100)
    least = for_units(HOME, before, 1)
    assert f"ZAR {least // 100}.{least % 100:02d}" in str(told.value)
    assert for_money(HOME, before, least).units == 1
    with pytest.raises(LocalProtocolError, match="least"):
        for_money(HOME, before, least - 1)
    with pytest.raises(LocalProtocolError, match="one token"):
        for_money(PLAIN, Before(), 10**9)


@pytest.mark.parametrize(
    ("blocks", "word"),
    [
        ([{"up_to": 5, "price": 1}], "last block"),
        ([{"up_to": 5, "price": 1}, {"up_to": 5, "price": 1}, {"price": 1}], "above the one before"),
        ([{"price": 1}, {"price": 1}], "last block"),
        ([{"price": 0}], "costs something"),
    ],
)
def test_blocks_that_make_no_sense(blocks: object, word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        Tariff.model_validate({**PLAIN.model_dump(), "blocks": blocks})


tariffs = st.builds(
    lambda ends, prices, vat, fee, monthly: Tariff(
        title="t", seller="s", currency="ZAR", vat=vat, fee=fee, monthly=monthly,
        blocks=tuple(Block(up_to=end, price=price) for end, price in zip([*sorted(ends), None], prices, strict=False)),
    ),
    st.sets(st.integers(1, 5_000), min_size=2, max_size=2), st.lists(st.integers(20_000, 9**8), min_size=3, max_size=3),
    st.integers(0, 3_000), st.integers(0, 900), st.integers(0, 9_000),
)  # fmt: skip
debts = st.builds(
    Debt, st.integers(0, 50_000), st.integers(0, 3_000), st.integers(0, 10_000), st.none() | st.integers(0, 9_000)
)
befores = st.builds(Before, st.integers(0, 9_000), st.integers(0, 3), debts, st.integers(0, 500))


@given(tariffs, befores, st.integers(1, 10**7))
def test_money_adds_up_and_nothing_more_could_be_bought(tariff: Tariff, before: Before, tendered: int) -> None:
    try:
        found = for_money(tariff, before, tendered)
    except LocalProtocolError:
        return
    spent = found.energy + found.charges + found.vat + found.arrears + found.carry_out
    assert tendered + before.carry == spent
    assert sum(line.units for line in found.lines) == found.units
    assert all(line.net >= 0 and line.vat >= 0 for line in found.lines)
    assert 0 <= found.arrears <= before.debt.balance
    assert found.carry_out < gross(tariff, before.used, found.units + 1) - gross(tariff, before.used, found.units)


@given(tariffs, befores, st.integers(1, 100_000))
def test_units_cost_the_least_that_buys_them(tariff: Tariff, before: Before, units: int) -> None:
    money = for_units(tariff, before, units)
    assert for_money(tariff, before, money).units >= units
    if money:
        try:
            assert for_money(tariff, before, money - 1).units < units
        except LocalProtocolError as too_little:
            assert "least" in str(too_little)  # noqa: PT017


@given(tariffs, st.integers(0, 9_000), st.lists(st.integers(1, 3_000), min_size=1, max_size=6))
def test_many_small_vends_cost_what_one_does_but_for_rounding(tariff: Tariff, used: int, parts: list[int]) -> None:
    at, paid = used, 0
    for units in parts:
        paid += pricing.net(tariff, at, units)
        at += units
    assert abs(paid - pricing.net(tariff, used, sum(parts))) <= len(parts)
