"""An office that sells: prepayment meters, vending keys, a tariff, people at tills."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from headend.accounts.office import HASH, NORTH, SOUTH, START, Office
from headend.fake_meters import serial_of
from openami.headend.accounts import first, people
from openami.headend.accounts.people import NewAccount
from openami.headend.kit.database import Unit
from openami.headend.prepayment import customers, tariffs
from openami.headend.prepayment.customers import Details
from openami.headend.prepayment.module import load_key
from openami.headend.prepayment.pricing import Block, Tariff
from openami.headend.prepayment.schemas import Vend
from openami.headend.prepayment.shop import SHOPS
from openami.sts import token
from openami.sts.key_file import KeyTerms
from openami.sts.keys import EA, KeyAttributes, KeyType, VendingKey
from openami.sts.pan import DRN, MeterPAN
from openami.sts.tid import BaseDate

SGC, OTHER = "123457", "123458"
VUDK, VDDK, NEXT = bytes(range(20)), bytes(range(20, 40)), bytes(range(40, 60))
HOME = Tariff(
    title="Home", seller="Harbour Light", vat_number="4000123456", currency="ZAR", vat=1_500, fee=200, monthly=5_000,
    blocks=(Block(up_to=500, price=1_000_000), Block(up_to=3_500, price=1_505_000), Block(price=2_200_000)),
    free_units=500, least=500,
)  # fmt: skip
VENDORS = (("vera", NORTH), ("vince", NORTH), ("val", "/"), ("viv", SOUTH))
KEYS = {(SGC, KeyType.DUTK, 1): VUDK, (SGC, KeyType.DDTK, 1): VDDK, (OTHER, KeyType.DUTK, 1): NEXT}
FIELDS = ("meter_pan", "sgc", "key_type", "krn", "ti", "ken", "ea", "base_date")


def pan_of(index: int) -> MeterPAN:
    return MeterPAN.of(DRN.of("07", index + 1))


def shipment(folder: Path, count: int, key_type: int = 2, serials: Callable[[int], str] = serial_of) -> Path:
    """Prepayment columns beside those that a shipment file has anyway."""
    names = ("serial", "product", "address", "encryption_key", "authentication_key", *FIELDS)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    for index in range(count):
        facts = (pan_of(index).digits, SGC, key_type, 1, 1, 255, 11, 2014)
        writer.writerow((serials(index), "compactiq", "127.16.0.1", "00" * 16, "00" * 16, *facts))
    (folder / "prepaid.csv").write_text(text.getvalue())
    return folder / "prepaid.csv"


def stock(office: Office, folder: Path, count: int = 4) -> None:
    """Put on the shelves what it takes to sell."""

    def fill(unit: Unit) -> None:
        add_keys(unit, KEYS)
        done = customers.take_in(unit, shipment(folder, count), now=START)
        assert (done.added, done.faults) == (count, ())
        for sgc in (SGC, OTHER):
            tariffs.put(unit, sgc, 1, START - 86_400, HOME)
        for login, where in VENDORS:
            new = NewAccount(login, login.title(), f"{login}@example.org", where)
            account = first.add(unit, new, "vendor", where, START - 1_000)
            unit.run("UPDATE account SET password = ? WHERE id = ?", (HASH, account.id))
            office.staff[login] = people.by_id(unit, account.id)
        customers.change(unit, serial_of(0), Details("A-17", "Ünal Demir", "4 Quay Street"))

    office.system(fill)


def add_keys(unit: Unit, keys: dict[tuple[str, KeyType, int], bytes]) -> None:
    store = SHOPS[unit.connection.engine].store(unit)
    for (sgc, kind, krn), octets in keys.items():
        load_key(unit, store, KeyTerms(sgc, kind, krn), VendingKey(octets))


def read(digits: str, pan: MeterPAN, key: bytes = VUDK, **changes: Any) -> Any:
    """Read a token as the meter of that number does."""
    attributes = KeyAttributes(**{"sgc": SGC, "ea": EA.MISTY1, "base_date": BaseDate.YEAR_2014, **changes})
    return token.decode(digits, VendingKey(key).decoder_key(pan, attributes))


def adds_up(vend: Vend) -> bool:
    return vend.tendered + vend.carry_in == vend.energy + vend.charges + vend.vat + vend.arrears + vend.carry_out


async def rest(office: Office, login: str, method: str, path: str, status: int = 200, **body: object) -> Any:
    """Ask by REST."""
    async with office.browser(login) as browser:
        given = {"json": body} if method in {"POST", "PUT"} else {}
        answer = await browser.request(method, f"/api/prepayment{path}", **given)
        assert answer.status_code == status, answer.text
        kind = answer.headers["content-type"]
        return answer.json() if "json" in kind else answer.text if kind.startswith("text/") else answer.content


async def approve(office: Office, number: int, login: str = "ann") -> Any:
    async with office.browser(login) as browser:
        shown = (await browser.get(f"/api/proposals/{number}")).json()
        answer = await browser.post(f"/api/proposals/{number}/approve", json={"digest": shown["digest"]})
        assert answer.status_code == 200, answer.text
        return answer.json()
