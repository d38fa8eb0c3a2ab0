"""A vend by REST: what is sold, what is refused, and what stays the same when it is asked for again."""

from datetime import UTC, datetime

import pytest

from headend.accounts.office import START, Office
from headend.fake_meters import serial_of
from headend.prepayment.counter import NEXT, OTHER, SGC, VDDK, VUDK, adds_up, approve, pan_of, read, rest
from openami.core.errors import SecurityError
from openami.headend.prepayment import customers, vending
from openami.headend.prepayment.customers import Details
from openami.sts.keys import KeyType
from openami.sts.tid import BaseDate, tid_of
from openami.sts.token import Kind, Transaction

METER = f"/meters/{serial_of(0)}"
SELL = f"{METER}/vends"


async def opened(shop: Office, login: str = "vera") -> None:
    await rest(shop, login, "POST", "/shift", 201, till="Till 1", float=20_000)


async def test_money_buys_a_token_that_the_meter_reads(shop: Office) -> None:
    await opened(shop)
    trial = await rest(shop, "vera", "POST", f"{METER}/trial", money=20_000)
    made = await rest(shop, "vera", "POST", SELL, message_id="m-1", money=20_000)
    assert {name: made[name] for name in trial} == trial
    # 200.00 - 57.50 monthly - 2.30 fee = 140.20 with VAT: 50 kWh for 50.00 and 47.8 for 71.94, VAT 18.29, together
    # 140.23 would be too much; 47.7 for 71.79 (71.7885), VAT 18.27 (18.2685), together 140.06, 0.14 for the next time
    assert (made["units"], made["energy"], made["vat"], made["carry_out"]) == (977, 12_179, 2_607, 14)
    [token] = made["tokens"]
    found = read(token["token"], pan_of(0))
    assert (found.kind, found.units) == (Kind.ELECTRICITY, 977)
    assert found.tid == token["tid"] == tid_of(datetime.fromtimestamp(START, UTC), BaseDate.YEAR_2014)
    standing = await rest(shop, "vera", "GET", METER)
    assert (standing["used"], standing["carry"], standing["monthly_charges_due"]) == (977, 14, 0)


async def test_asked_again_it_is_the_same_and_nothing_is_taken(shop: Office) -> None:
    await opened(shop)
    before = await rest(shop, "vera", "GET", "/messages/m-1", 404)
    assert "came to nothing" in before["detail"]
    made = await rest(shop, "vera", "POST", SELL, message_id="m-1", money=20_000)
    assert await rest(shop, "vera", "POST", SELL, message_id="m-1", money=20_000) == made
    assert await rest(shop, "vera", "GET", "/messages/m-1") == made
    other = await rest(shop, "vera", "POST", SELL, 409, message_id="m-1", money=20_100)
    assert "used for something else" in other["detail"]
    assert shop.system(lambda unit: unit.value("SELECT count(*) FROM vend")) == 1
    copy = await rest(shop, "vera", "POST", f"/vends/{made['id']}/replacement")
    assert (copy["copies"], copy["tokens"]) == (1, made["tokens"])
    assert "COPY 1" in await rest(shop, "vera", "GET", f"/vends/{made['id']}/receipt")


async def test_two_in_a_minute_have_identifiers_of_their_own(shop: Office) -> None:
    await opened(shop)
    made = [await rest(shop, "vera", "POST", SELL, message_id=f"m-{n}", units=100) for n in range(3)]
    tids = [vend["tokens"][0]["tid"] for vend in made]
    assert tids == [tids[0], tids[0] + 1, tids[0] + 2]
    assert {vend["units"] for vend in made} == {100}
    assert [vend["tendered"] for vend in made][1:] == [1_380, 1_380]  # 10 kWh at 1.00, the fee, and VAT


async def test_free_units_come_once_a_month(shop: Office) -> None:
    await opened(shop)
    made = await rest(shop, "vera", "POST", SELL, message_id="free")
    assert (made["kind"], made["units"], made["tendered"], made["tender"]) == ("free units", 500, 0, "none")
    assert read(made["tokens"][0]["token"], pan_of(0)).units == 500
    again = await rest(shop, "vera", "POST", SELL, 409, message_id="free-2")
    assert "of this month" in again["detail"]
    standing = await rest(shop, "vera", "GET", METER)
    assert (standing["used"], standing["free_units"], standing["monthly_charges_due"]) == (0, 0, 1)
    shop.services.clock.at += 31 * 86_400  # type: ignore[attr-defined]
    later = await rest(shop, "vera", "POST", SELL, message_id="free-3")
    assert later["tokens"][0]["token"] != made["tokens"][0]["token"]


async def test_arrears_are_paid_back_by_the_plan(shop: Office) -> None:
    await opened(shop)
    await rest(shop, "ed", "PUT", METER, arrears=6_000, plan_fixed=500, plan_share=1_000, plan_ceiling=3_000)
    taken = []
    for number in range(4):
        made = await rest(shop, "vera", "POST", SELL, message_id=f"m-{number}", money=20_000)
        taken.append(made["arrears"])
    assert taken == [2_500, 2_500, 1_000, 0]
    assert (await rest(shop, "vera", "GET", METER))["arrears"] == 0
    await rest(shop, "vera", "PUT", METER, 403, arrears=0)


async def test_blocks_begin_anew_with_the_month(shop: Office) -> None:
    await opened(shop)
    first = await rest(shop, "vera", "POST", SELL, message_id="m-1", units=4_000)
    assert [line["units"] for line in first["lines"] if line["units"]] == [500, 3_000, 500]
    second = await rest(shop, "vera", "POST", SELL, message_id="m-2", units=100)
    assert [line["price"] for line in second["lines"] if line["units"]] == [2_200_000]
    shop.services.clock.at += 31 * 86_400  # type: ignore[attr-defined]
    third = await rest(shop, "vera", "POST", SELL, message_id="m-3", units=100)
    assert [line["what"] for line in third["lines"]] == ["Monthly charge", "Fee", "Block 1"]


async def test_another_supply_group_brings_its_change_of_key(shop: Office) -> None:
    """Four sections under the old key, and credit under the new one; and no change when it has it."""
    await opened(shop)
    asked = await rest(shop, "ed", "POST", f"{METER}/key", 202, sgc=OTHER, ti=1)
    assert asked["state"] == "open"
    await approve(shop, asked["id"])
    made = await rest(shop, "vera", "POST", SELL, message_id="m-1", units=100)
    kinds = [token["kind"] for token in made["tokens"]]
    assert kinds == ["first_section", "second_section", "third_section", "fourth_section", "electricity"]
    first = read(made["tokens"][0]["token"], pan_of(0))
    assert (first.kind, first.krn, first.key_type) == (Kind.FIRST_SECTION, 1, KeyType.DUTK)
    assert read(made["tokens"][4]["token"], pan_of(0), NEXT, sgc=OTHER).units == 100
    with pytest.raises(SecurityError):
        read(made["tokens"][4]["token"], pan_of(0))
    after = await rest(shop, "vera", "POST", SELL, message_id="m-2", units=100)
    assert [token["kind"] for token in after["tokens"]] == ["electricity"]


async def test_a_meter_under_a_default_key_gets_a_key_of_its_own_first(shop: Office) -> None:
    await opened(shop)
    shop.system(lambda unit: unit.run("UPDATE prepay_account SET key_type = 1"))
    assert (await rest(shop, "vera", "GET", METER))["is_key_due"]
    made = await rest(shop, "vera", "POST", SELL, message_id="m-1", units=100)
    assert len(made["tokens"]) == 5
    assert read(made["tokens"][0]["token"], pan_of(0), VDDK, key_type=KeyType.DDTK).key_type is KeyType.DUTK
    assert read(made["tokens"][4]["token"], pan_of(0), VUDK).units == 100


@pytest.mark.parametrize("money", [0, 499, 5_000])
async def test_too_little_is_refused_and_takes_nothing(shop: Office, money: int) -> None:
    await opened(shop)
    answer = await rest(shop, "vera", "POST", SELL, 409, message_id="m-1", money=money)
    assert "is the least" in answer["detail"]
    assert shop.system(lambda unit: unit.value("SELECT count(*) FROM last_tid")) == 0


async def test_what_cannot_be_sold_says_why(shop: Office) -> None:
    answer = await rest(shop, "vera", "POST", SELL, 409, message_id="m-1", money=20_000)
    assert "open a shift first" in answer["detail"]
    await opened(shop)
    shop.system(lambda unit: unit.run("UPDATE prepay_account SET wanted_ti = 7"))
    answer = await rest(shop, "vera", "POST", SELL, 409, message_id="m-1", money=20_000)
    assert "no tariff of index 07" in answer["detail"]
    shop.system(lambda unit: unit.run("UPDATE prepay_account SET wanted_ti = 1"))
    shop.system(lambda unit: unit.run("DELETE FROM vending_key"))
    answer = await rest(shop, "vera", "POST", SELL, 409, message_id="m-1", money=20_000)
    assert f"no vending key for SGC {SGC}" in answer["detail"]
    for body in ({"money": 1, "units": 1}, {"units": 0}, {"money": -1}, {"money": 500, "tender": "none"}):
        await rest(shop, "vera", "POST", SELL, 422, message_id="m-1", **body)
    assert shop.system(lambda unit: unit.value("SELECT count(*) FROM vend")) == 0


async def test_customers_are_found_by_anything_that_is_printed(shop: Office) -> None:
    pan, serial = pan_of(0), serial_of(0)
    card = f"{pan.digits}99990211{SGC}011"
    assert len(card) == 35
    for text in (serial, pan.digits, f";{card}?", pan.drn.digits, "A-17", "ünal", "ÜN", pan.digits[:17]):
        found = await rest(shop, "vera", "GET", f"/meters?q={text.replace(';', '%3B').replace('?', '%3F')}")
        assert serial in [customer["serial"] for customer in found], text
    assert await rest(shop, "vera", "GET", "/meters?q=nobody") == []


async def test_whoever_sells_elsewhere_sees_nothing_here(shop: Office) -> None:
    await opened(shop)
    made = await rest(shop, "vera", "POST", SELL, message_id="m-1", money=20_000)
    await opened(shop, "viv")
    await rest(shop, "viv", "GET", METER, 404)
    await rest(shop, "viv", "POST", SELL, 404, message_id="m-2", money=20_000)
    await rest(shop, "viv", "POST", SELL, 404, message_id="m-1", money=20_000)
    for path in (f"/vends/{made['id']}", f"/vends/{made['id']}/receipt.pdf", "/messages/m-1"):
        await rest(shop, "viv", "GET", path, 404)
    assert pan_of(0).digits not in str(await rest(shop, "viv", "GET", "/meters"))


def test_a_vend_adds_up_and_is_audited_without_its_digits(shop: Office) -> None:
    vera = shop.signed_in("vera")
    from openami.headend.prepayment import shifts

    shop.as_(vera, lambda unit: shifts.open_shift(unit, "Till 1", 0, START))
    shop.system(lambda unit: customers.change(unit, serial_of(0), Details(arrears=9_999, plan_share=3_333)))
    wish = vending.Wish("m-1", serial_of(0), money=33_333)
    made = shop.as_(vera, lambda unit: vending.vend(unit, wish, START))
    assert adds_up(made)
    [(who, detail)] = shop.system(lambda unit: unit.rows("SELECT who, detail FROM audit WHERE action = 'vend.made'"))
    assert (who, made.tokens[0].digits in detail, f"ELECTRICITY {made.tokens[0].tid}" in detail) == (
        "vera",
        False,
        True,
    )
    assert isinstance(read(made.tokens[0].digits, pan_of(0)), Transaction)
