"""A day of a shop: 500 vends, three tills, requests at once and again, processes killed: everything adds up."""

import asyncio
import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from random import Random
from typing import Any

import pytest

from headend.accounts.office import START, Office
from headend.fake_meters import serial_of
from headend.prepayment.counter import adds_up, approve, pan_of, read, rest, shipment
from headend.prepayment.seller import METERS, wish_of
from openami.headend.accounts import audit
from openami.headend.prepayment import customers, shifts, vending
from openami.headend.prepayment.customers import Details
from openami.headend.prepayment.schemas import Tender, Vend
from openami.headend.web.words import local

SCRIPT = Path(__file__).with_name("seller.py")
MESSAGES = 500
OWED = 40_000
DEATHS = (("before-25", 0, 90), ("after-30", 60, 150), ("before-1", 140, 160), ("after-1", 150, 170))
"""Where processes die, and the messages they had in hand."""


def die(shop: Office, death: str, first: int, last: int) -> list[tuple[str, str]]:
    """Run a till until it dies. -> answers that got out."""
    settings = shop.settings
    arguments = [settings.data, settings.kek, settings.url, START, first, last, death]
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == -9, done.stderr
    return [(message, token) for message, token in (line.split() for line in done.stdout.splitlines())]


async def ask(shop: Office, login: str, number: int) -> tuple[str, str]:
    """Ask by REST, as a till whose line is bad: again until there is an answer."""
    wish = wish_of(number)
    body: dict[str, object] = {"message_id": wish.message_id, "tender": wish.tender.value}
    body |= {"money": wish.money} if wish.money is not None else {"units": wish.units}
    made = await rest(shop, login, "POST", f"/meters/{wish.serial}/vends", **body)
    return made["message_id"], made["tokens"][-1]["token"]


def sold(shop: Office) -> list[Vend]:
    def all_of_them(unit: Any) -> list[Vend]:
        return [vending.load(unit, row[0]) for row in unit.rows("SELECT id FROM vend ORDER BY id")]

    found: list[Vend] = shop.system(all_of_them)
    return found


def grow(shop: Office, folder: Path) -> None:
    """More meters than the fixture has, each with a debt."""

    def fill(unit: Any) -> None:
        unit.run_many(
            "INSERT INTO meter (serial, product, state, address, port, system_title, node, zone, added)"
            " VALUES (?, 'compactiq', 'installed', '', 4059, '', 1, 'Europe/Amsterdam', 0)",
            [(serial_of(index),) for index in range(4, METERS)],
        )
        assert customers.take_in(unit, shipment(folder, METERS), now=START).added == METERS - 4
        for index in range(METERS):
            customers.change(unit, serial_of(index), Details(arrears=OWED, plan_fixed=100, plan_share=500))
        shifts.open_shift(unit, "back office", 0, START)

    shop.system(fill)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_day_adds_up(shop: Office, tmp_path: Path) -> None:
    grow(shop, tmp_path)
    answers = [answer for death in DEATHS for answer in die(shop, *death)]
    assert len(answers) >= 50
    lost = len(sold(shop)) - len(set(answers))
    assert lost >= 1, "one died between its commit and its answer"
    for login in ("val", "vera"):
        await rest(shop, login, "POST", "/shift", 201, till=f"Till of {login}", float=10_000)
    dice = Random(1)
    order = [number for number in range(MESSAGES) for _ in range(dice.choice((1, 1, 1, 2)))]
    dice.shuffle(order)
    gate = asyncio.Semaphore(8)

    async def one(number: int) -> tuple[str, str]:
        async with gate:
            # those of the north may be asked for at either till, the others at that of the root
            return await ask(shop, "vera" if wish_of(number).serial in NORTHERN and number % 2 else "val", number)

    answers += await asyncio.gather(*(one(number) for number in order))
    given = defaultdict(set)
    for message, token in answers:
        given[message].add(token)
    assert len(given) == MESSAGES
    assert {len(tokens) for tokens in given.values()} == {1}, "two tokens for one message"
    vends = sold(shop)
    assert Counter(vend.message_id for vend in vends) == Counter(f"day-{number}" for number in range(MESSAGES))
    assert {(vend.message_id, vend.tokens[-1].digits) for vend in vends} == {(m, *t) for m, t in given.items()}
    await check_money(shop, vends)
    check_tokens(vends)
    await check_reversals(shop)
    await check_audit(shop, vends)


NORTHERN = {serial_of(0), serial_of(1)}


async def check_money(shop: Office, vends: list[Vend]) -> None:
    """Each vend, each customer, each till, and the day."""
    assert all(adds_up(vend) for vend in vends)
    for index in range(METERS):
        customer = shop.system(lambda unit, n=index: customers.of_meter(unit, serial_of(n)))
        own = [vend for vend in vends if vend.serial == customer.serial]
        assert sum(v.arrears for v in own) == OWED - customer.debt.balance
        spent = sum(v.energy + v.charges + v.vat + v.arrears for v in own)
        assert sum(v.tendered for v in own) == spent + customer.carry
        assert [v.carry_in for v in own] == [0, *(v.carry_out for v in own[:-1])]
    asked = {f"day-{n}": wish_of(n) for n in range(MESSAGES)}
    assert all(v.tendered == asked[v.message_id].money for v in vends if asked[v.message_id].money is not None)
    assert all(v.units == asked[v.message_id].units for v in vends if asked[v.message_id].units is not None)
    day = await rest(shop, "val", "GET", f"/days/{local(START, shop.services.zone).date()}")
    for tender in Tender:
        here = [sum_ for sum_ in day["sums"] if sum_["tender"] == tender.value]
        for name in ("tendered", "units", "energy", "charges", "vat", "arrears"):
            assert sum(s[name] for s in here) == sum(getattr(v, name) for v in vends if v.tender is tender)
    assert [len(day["shifts"]), sum(s["vends"] for s in day["sums"])] == [3, MESSAGES]
    cash = sum(v.tendered for v in vends if v.tender is Tender.CASH and v.who == "vera")
    closed = await rest(shop, "vera", "POST", "/shift/close", counted=10_000 + cash - 5)
    [shift] = closed["shifts"]
    assert (shift["expected"], shift["counted"]) == (10_000 + cash, 10_000 + cash - 5)


def check_tokens(vends: list[Vend]) -> None:
    """Every token is read by its meter, says what was paid for, and has an identifier of its own."""
    tids: dict[str, list[int]] = defaultdict(list)
    index_of = {pan_of(index).digits: index for index in range(METERS)}
    for vend in vends:
        [token] = vend.tokens
        found = read(token.digits, pan_of(index_of[vend.pan]))
        assert (found.tid, found.units) == (token.tid, token.units)
        assert found.units >= vend.units
        assert found.units == vend.units or vend.units > 16_383  # beyond that a token has no single tenths
        tids[vend.pan].append(found.tid)
    assert all(len(set(own)) == len(own) and own == sorted(own) for own in tids.values())


async def check_reversals(shop: Office) -> None:
    """The last sale of a meter is taken back by two people: everything is as it was before."""
    before = await rest(shop, "val", "GET", f"/meters/{serial_of(3)}")
    made = await rest(shop, "val", "POST", f"/meters/{serial_of(3)}/vends", message_id="back", money=50_000)
    asked = await rest(shop, "val", "POST", f"/vends/{made['id']}/reversal", 202, why="wrong meter")
    await approve(shop, asked["id"])
    assert await rest(shop, "val", "GET", f"/meters/{serial_of(3)}") == before


async def check_audit(shop: Office, vends: list[Vend]) -> None:
    rows = shop.system(lambda unit: unit.rows("SELECT detail FROM audit WHERE action = 'vend.made' ORDER BY id"))
    told = {entry["message"]: entry for entry in (json.loads(row[0]) for row in rows)}
    assert len(rows) == len(told) == MESSAGES + 1
    assert sum(told[v.message_id]["money"] for v in vends) == sum(v.tendered for v in vends)
    assert all(told[v.message_id]["units"] == v.units for v in vends)
    assert shop.system(audit.verify) == ()
