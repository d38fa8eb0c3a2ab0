"""Receipts and reports as people see them."""

import pytest

from headend.accounts.office import Office
from headend.fake_meters import serial_of
from headend.prepayment.counter import OTHER, approve, pan_of, rest

pytestmark = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
"""What is shown here does not depend on the database."""
METER = f"/meters/{serial_of(0)}"
EXPECTED = """\
              Harbour Light
          VAT number 4000123456
------------------------------------------
Receipt                                  1
Date               2026-11-18 12:06:40 CET
Sold by                        vera Till 1
Customer                       Ünal Demir
Account                               A-17
Address                      4 Quay Street
Meter                   {pan}
Serial                 OAMSIM00000000000
Key               SGC 123457 KRN 1 TI 01
Tariff                                Home
Energy                            97.7 kWh
Paid by                               cash
------------------------------------------
Monthly charge                       50.00
Fee                                   2.00
Block 1 50.0 kWh at 1.00             50.00
Block 2 47.7 kWh at 1.505            71.79
VAT 15 %                             26.07
For next time                         0.14
Tendered                        ZAR 200.00
------------------------------------------
                  Credit
         {token}
"""


def squeezed(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


async def test_a_receipt_says_everything_in_42_columns(shop: Office) -> None:
    await rest(shop, "vera", "POST", "/shift", 201, till="Till 1", float=0)
    made = await rest(shop, "vera", "POST", f"{METER}/vends", message_id="m-1", money=20_000)
    text = await rest(shop, "vera", "GET", f"/vends/{made['id']}/receipt")
    shown = made["tokens"][0]["shown"]
    assert squeezed(text) == squeezed(EXPECTED.format(pan=pan_of(0).digits, token=shown))
    assert max(map(len, text.splitlines())) <= 42
    assert len(shown.split()) == 5
    assert all(len(group) == 4 for group in shown.split())
    pdf = await rest(shop, "vera", "GET", f"/vends/{made['id']}/receipt.pdf")
    assert pdf.startswith(b"%PDF-")
    assert pdf == await rest(shop, "vera", "GET", f"/vends/{made['id']}/receipt.pdf")


async def test_tokens_that_go_in_together_are_numbered(shop: Office) -> None:
    await rest(shop, "vera", "POST", "/shift", 201, till="Till 1", float=0)
    asked = await rest(shop, "ed", "POST", f"{METER}/key", 202, sgc=OTHER, ti=1)
    await approve(shop, asked["id"])
    made = await rest(shop, "vera", "POST", f"{METER}/vends", message_id="m-1", money=20_000)
    text = await rest(shop, "vera", "GET", f"/vends/{made['id']}/receipt")
    places = [text.index(token["shown"]) for token in made["tokens"]]
    assert places == sorted(places)
    assert "5. Credit" in text
    assert "Enter the tokens in this order" in text


async def test_a_day_is_reported_with_its_shifts(shop: Office) -> None:
    await rest(shop, "vera", "POST", "/shift", 201, till="Till 1", float=10_000)
    await rest(shop, "vera", "POST", "/shift", 409, till="Till 2")
    for number, tender in enumerate(("cash", "card", "cash")):
        body = {"message_id": f"m-{number}", "money": 10_000 + number, "tender": tender}
        await rest(shop, "vera", "POST", f"{METER}/vends", **body)
    open_day = await rest(shop, "val", "GET", "/days/2026-11-18")
    assert open_day["shifts"][0]["closed"] is None
    closed = await rest(shop, "vera", "POST", "/shift/close", counted=30_000)
    assert closed["shifts"][0]["expected"] == 30_002
    day = await rest(shop, "val", "GET", "/days/2026-11-18")
    assert {(s["tender"], s["vends"], s["tendered"]) for s in day["sums"]} == {("cash", 2, 20_002), ("card", 1, 10_001)}
    assert (await rest(shop, "val", "GET", "/days/2026-11-19"))["sums"] == []
    assert (await rest(shop, "val", "GET", "/days/2026-11-18/report.pdf")).startswith(b"%PDF-")
    assert (await rest(shop, "val", "GET", "/shifts/1"))["sums"] == day["sums"]
    for path in ("/days/2026-11-18", "/shifts/1"):  # of all tills: not for one who sells in the north only
        await rest(shop, "vera", "GET", path, 403)
    await rest(shop, "vera", "POST", "/shift/close", 409, counted=0)
    await rest(shop, "vera", "POST", f"{METER}/vends", 409, message_id="late", money=10_000)
