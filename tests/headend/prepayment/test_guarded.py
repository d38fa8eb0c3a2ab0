"""What takes two people: engineering tokens, prices, taking a sale back."""

from typing import Any

import pytest

from headend.accounts.office import NORTH, START, Office, grant
from headend.fake_meters import serial_of
from headend.prepayment.counter import HOME, OTHER, SGC, approve, pan_of, read, rest
from openami.headend.prepayment.guarded import KINDS
from openami.sts.token import Kind

METER = f"/meters/{serial_of(0)}"


async def opened(shop: Office, login: str = "vera") -> None:
    await rest(shop, login, "POST", "/shift", 201, till="Till 1")


async def sold(shop: Office, message: str = "m-1", money: int = 20_000) -> Any:
    return await rest(shop, "vera", "POST", f"{METER}/vends", message_id=message, money=money)


@pytest.mark.parametrize(
    ("name", "value"), [("clear-tamper", 0), ("maximum-power-limit", 5_000), ("clear-credit", 65_535)]
)
async def test_an_engineering_token_takes_two_people(shop: Office, name: str, value: int) -> None:
    await rest(shop, "vera", "POST", f"{METER}/engineering", 403, kind=name, value=value)
    asked = await rest(shop, "nora", "POST", f"{METER}/engineering", 202, kind=name, value=value, reason="site visit")
    assert asked["state"] == "open"
    assert pan_of(0).digits in asked["sentence"]
    assert shop.system(lambda unit: unit.value("SELECT count(*) FROM vend")) == 0
    grant(shop, "nora", "approver", NORTH)
    async with shop.browser("nora") as browser:
        own = await browser.post(f"/api/proposals/{asked['id']}/approve", json={"digest": asked["digest"]})
        assert (own.status_code, "another person" in own.json()["detail"]) == (409, True)
    done = await approve(shop, asked["id"], "nick")
    made = await rest(shop, "vera", "GET", f"/{done['outcome'].replace('vend ', 'vends/')}")
    [token] = made["tokens"]
    found = read(token["token"], pan_of(0))
    assert (found.kind, found.units) == (KINDS[name], value)
    assert made["message_id"] == f"proposal-{asked['id']}"


async def test_engineering_tokens_and_credit_share_identifiers(shop: Office) -> None:
    await opened(shop)
    made = await sold(shop)
    asked = await rest(shop, "nora", "POST", f"{METER}/engineering", 202, kind="clear-tamper")
    await approve(shop, asked["id"])
    tids = shop.system(lambda unit: unit.rows("SELECT tid FROM vend_token ORDER BY vend"))
    assert [tid for (tid,) in tids] == [made["tokens"][0]["tid"], made["tokens"][0]["tid"] + 1]


async def test_what_is_no_engineering_token_is_not_proposed(shop: Office) -> None:
    for kind in ("electricity", "first-section", "nothing"):
        answer = await rest(shop, "nora", "POST", f"{METER}/engineering", 422, kind=kind)
        assert "clear-tamper" in answer["detail"]
    assert Kind.CLEAR_TAMPER in KINDS.values()


async def test_a_sale_is_taken_back_and_all_is_as_before(shop: Office) -> None:
    await opened(shop)
    await rest(shop, "ed", "PUT", METER, arrears=9_000, plan_share=1_000)
    before = await rest(shop, "vera", "GET", METER)
    made = await sold(shop)
    asked = await rest(shop, "vera", "POST", f"/vends/{made['id']}/reversal", 202, why="customer changed her mind")
    done = await approve(shop, asked["id"], "nick")
    assert done["outcome"] == f"vend {made['id']} is reversed"
    assert await rest(shop, "vera", "GET", METER) == before
    report = await rest(shop, "vera", "POST", "/shift/close", counted=0)
    assert [(s["state"], s["tendered"]) for s in report["sums"]] == [("reversed", 20_000)]
    assert report["shifts"][0]["expected"] == 0
    assert "REVERSED" in await rest(shop, "vera", "GET", f"/vends/{made['id']}/receipt")
    for path in ("replacement", "delivery"):
        await rest(shop, "vera", "POST", f"/vends/{made['id']}/{path}", 409)
    again = await sold(shop)
    assert (again["id"], again["state"]) == (made["id"], "reversed"), "the message is spent"


async def test_free_units_that_are_taken_back_can_be_had_again(shop: Office) -> None:
    await opened(shop)
    made = await rest(shop, "vera", "POST", f"{METER}/vends", message_id="free")
    asked = await rest(shop, "vera", "POST", f"/vends/{made['id']}/reversal", 202, why="printer jam")
    await approve(shop, asked["id"])
    other = await rest(shop, "vera", "POST", f"{METER}/vends", message_id="free-2")
    assert other["tokens"][0]["tid"] > made["tokens"][0]["tid"]


async def test_what_is_not_taken_back(shop: Office) -> None:
    await opened(shop)
    first, second = await sold(shop), await sold(shop, "m-2")

    async def refused(number: int, word: str) -> None:
        answer = await rest(shop, "vera", "POST", f"/vends/{number}/reversal", 409, why="because")
        assert word in answer["detail"], answer

    await refused(first["id"], "only the last")
    shop.system(lambda unit: unit.run("UPDATE vend_token SET entered = ? WHERE vend = ?", (START, second["id"])))
    await refused(second["id"], "was entered")
    shop.system(lambda unit: unit.run("UPDATE vend_token SET entered = NULL"))
    asked = await rest(shop, "vera", "POST", f"/vends/{second['id']}/reversal", 202, why="because")
    third = await sold(shop, "m-3")
    async with shop.browser("nick") as browser:  # approved too late: somebody has bought meanwhile
        late = await browser.post(f"/api/proposals/{asked['id']}/approve", json={"digest": asked["digest"]})
        assert (late.status_code, "only the last" in late.json()["detail"]) == (409, True)
    await rest(shop, "vera", "POST", "/shift/close", counted=0)
    await refused(third["id"], "closed and counted")


async def test_prices_take_two_people_and_begin_when_they_should(shop: Office) -> None:
    await opened(shop)
    dear = HOME.model_dump(mode="json") | {"title": "Dear", "monthly": 0, "fee": 0, "blocks": [{"price": 5_000_000}]}
    body = {"sgc": SGC, "ti": 1, "tariff": dear, "valid_from": "2026-11-19T00:00:00+01:00"}
    await rest(shop, "vera", "POST", "/tariffs", 403, **body)
    asked = await rest(shop, "ed", "POST", "/tariffs", 202, **body)
    assert (await rest(shop, "vera", "GET", METER))["tariff"]["title"] == "Home"
    await approve(shop, asked["id"])
    titles = [(p["tariff"]["title"], p["sgc"]) for p in await rest(shop, "vera", "GET", "/tariffs")]
    assert titles == [("Dear", SGC), ("Home", SGC), ("Home", OTHER)]
    assert (await rest(shop, "vera", "GET", METER))["tariff"]["title"] == "Home", "not yet"
    shop.services.clock.at = 1_795_042_801  # type: ignore[attr-defined]
    assert (await sold(shop))["units"] == 347  # 200.00 with VAT of 15 %: 5.75 a kWh, 34.7 kWh for 199.53


async def test_prices_that_make_no_sense_are_not_proposed(shop: Office) -> None:
    wrong = HOME.model_dump(mode="json") | {"blocks": [{"price": 0}]}
    answer = await rest(shop, "ed", "POST", "/tariffs", 422, sgc=SGC, ti=1, tariff=wrong)
    assert "costs something" in answer["detail"]
