"""Tokens brought to virtual SED102 meters over DLMS, class 115, by the collector; what they say comes back."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headend import stores
from headend.accounts.office import HASH, NORTH, START, Office
from headend.commands.field import Field
from headend.commands.field import opened as open_field
from headend.prepayment.counter import HOME, add_keys, approve, rest
from openami.headend.accounts import first, people
from openami.headend.accounts.people import NewAccount
from openami.headend.kit.database import Unit
from openami.headend.prepayment import customers, performing, tariffs
from openami.meters import tokens
from openami.meters.view import View
from openami.sts.keys import KeyType
from openami.sts.rules import Result

PATIENCE_S = 60
OTHER = "654321"


@pytest.fixture
async def site(place: stores.Place, tmp_path: Path) -> AsyncIterator[Field]:
    """Four prepayment meters in service, and a shop that sells to them."""
    assert place is stores.current
    async with open_field(tmp_path, slug="sed102") as field:
        stock(field, tmp_path)
        await rest(field.office, "vera", "POST", "/shift", 201, till="Till 1")
        yield field


def stock(field: Field, folder: Path) -> None:
    """Take in the fleet's own shipment and its vending keys."""
    path, vending = folder / "prepaid.csv", field.fleet.holding.vending
    path.write_bytes(field.fleet.shipment(0, host="127.0.0.1"))
    [row, *_] = csv.DictReader(io.StringIO(path.read_text()))
    assert vending is not None
    unique, default = vending.of(KeyType.DUTK).octets, vending.of(KeyType.DDTK).octets

    def fill(unit: Unit) -> None:
        sgc = row["sgc"].zfill(6)
        add_keys(
            unit, {(sgc, KeyType.DUTK, 1): unique, (sgc, KeyType.DDTK, 1): default, (OTHER, KeyType.DUTK, 1): unique}
        )
        done = customers.take_in(unit, path, now=START)
        assert (done.added, done.faults) == (4, ())
        for group in (sgc, OTHER):
            tariffs.put(unit, group, 1, START - 86_400, HOME)
        for login, role in (("vera", "vendor"), ("eve", "engineer")):
            account = first.add(unit, NewAccount(login, login, f"{login}@example.org", NORTH), role, "/", START - 1_000)
            unit.run("UPDATE account SET password = ? WHERE id = ?", (HASH, account.id))
            field.office.staff[login] = people.by_id(unit, account.id)

    field.office.system(fill)


async def sold(field: Field, message: str, **wanted: object) -> Any:
    body = {"message_id": message, **(wanted or {"units": 250})}
    return await rest(field.office, "vera", "POST", f"/meters/{field.serials[0]}/vends", **body)


async def delivered(field: Field, number: int) -> Any:
    """Send it, and wait until the meter has said something of the last token, or the order is over."""
    await rest(field.office, "vera", "POST", f"/vends/{number}/delivery", 202)
    async with asyncio.timeout(PATIENCE_S):
        while not ended(field.office, number):
            await asyncio.sleep(0.05)
    return await rest(field.office, "vera", "GET", f"/vends/{number}")


def ended(office: Office, number: int) -> bool:
    return office.system(
        lambda unit: unit.value(
            "SELECT o.ended IS NOT NULL FROM vend v JOIN device_order o ON o.id = v.device_order WHERE v.id = ?",
            (number,),
        )
    )


def order_of(field: Field, number: int) -> Any:
    sql = "SELECT o.state, o.reason FROM vend v JOIN device_order o ON o.id = v.device_order WHERE v.id = ?"
    return field.office.system(lambda unit: unit.rows(sql, (number,)))[0]


def meter(field: Field) -> View:
    return View(field.fleet.holding, 0)


@pytest.mark.feature("SED102-23")
async def test_credit_goes_in_and_the_result_comes_back(site: Field) -> None:
    before = tokens.credit(meter(site))
    made = await sold(site, "m-1", units=250)
    async with site.collecting():
        done = await delivered(site, made["id"])
        last = tokens.last(meter(site))
        assert last is not None
        assert (last.result, last.digits, last.units) == (Result.ACCEPT, made["tokens"][0]["token"], 250)
        after = tokens.credit(meter(site))
        assert after.remaining - before.remaining == 25 * 10**-after.scale  # kWh in units of its register
        assert done["tokens"][0]["entered"] is not None
        assert "execution ok" in done["tokens"][0]["said"]
        assert "electricity, accept" in done["tokens"][0]["said"]
        again = await delivered(site, made["id"])  # nothing waits any more: nothing is done
        assert again["tokens"] == done["tokens"]
        assert tokens.good(meter(site)) == 1
    refused = await rest(site.office, "vera", "POST", f"/vends/{made['id']}/reversal", 409, why="too late")
    assert "was entered" in refused["detail"]


async def test_a_token_that_was_typed_in_before_is_known_to_be_in(site: Field) -> None:
    first, second = await sold(site, "m-1"), await sold(site, "m-2")
    type_in(site, first["tokens"][0]["token"])
    type_in(site, second["tokens"][0]["token"])
    async with site.collecting():
        by_used = await delivered(site, first["id"])
        assert "used" in by_used["tokens"][0]["said"]
        assert by_used["tokens"][0]["entered"] is not None
    assert order_of(site, first["id"])[0] == "done"


def type_in(field: Field, digits: str) -> None:
    """Enter a token at the keypad."""
    tokens.enter(meter(field), digits, tokens.Way.KEYPAD)


async def test_a_change_of_key_goes_in_token_by_token(site: Field) -> None:
    serial = site.serials[0]
    asked = await rest(site.office, "eve", "POST", f"/meters/{serial}/key", 202, sgc=OTHER, ti=1)
    await approve(site.office, asked["id"])
    made = await sold(site, "m-1")
    assert len(made["tokens"]) == 5
    async with site.collecting():
        done = await delivered(site, made["id"])
    assert [token["entered"] is not None for token in done["tokens"]] == [True] * 5
    assert tokens.identity(meter(site)).attributes.sgc == OTHER
    last = tokens.last(meter(site))
    assert last is not None
    assert (last.result, last.units) == (Result.ACCEPT, 250)


async def test_a_session_that_broke_after_the_token_enters_it_no_second_time(
    site: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The meter has the token and we were cut off before its answer: the next session finds it there."""
    real, cut = performing._said, []

    async def cutting(session: Any, place: int) -> Any:
        if not cut:
            cut.append(place)
            raise ConnectionResetError("cut")
        return await real(session, place)

    monkeypatch.setattr(performing, "_said", cutting)
    made = await sold(site, "m-1")
    async with site.collecting():
        done = await delivered(site, made["id"])
    assert cut == [0]
    assert "execution ok" in done["tokens"][0]["said"]
    assert tokens.good(meter(site)) == 1
    assert order_of(site, made["id"])[0] == "done"


async def test_a_refused_token_says_why(site: Field) -> None:
    made = await sold(site, "m-1")
    site.office.system(lambda unit: unit.run("UPDATE vend_token SET digits = '00000000000000000000'"))
    async with site.collecting():
        done = await delivered(site, made["id"])
    assert done["tokens"][0]["entered"] is None
    state, reason = order_of(site, made["id"])
    assert state == "failed"
    assert "failure" in reason
    assert "failure" in done["tokens"][0]["said"]


async def test_the_model_of_the_meter_is_read_as_it_captures(site: Field) -> None:
    """What the head-end reads of a SED102 is what it delivers: every item of its model comes in."""
    site.live(7_200)
    async with site.collecting(), asyncio.timeout(PATIENCE_S):
        while not site.office.system(lambda unit: unit.value("SELECT count(*) FROM meter WHERE last_read IS NOT NULL")):
            await asyncio.sleep(0.05)
    reasons = site.office.system(
        lambda unit: unit.rows("SELECT DISTINCT reason FROM meter WHERE last_read IS NOT NULL")
    )
    assert reasons == [(None,)]
    assert site.office.system(lambda unit: unit.value("SELECT count(*) FROM series")) > 0
