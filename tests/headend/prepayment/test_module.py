"""The security module behind the till: revisions of keys, limits, algorithms, keys sealed anew while it sells."""

from dataclasses import replace
from typing import Any

import pytest

from headend.accounts.office import START, Office
from headend.fake_meters import serial_of
from headend.prepayment.counter import NEXT, SGC, VUDK, add_keys, pan_of, read, rest
from openami.core.errors import SecurityError
from openami.headend.kit.database import Unit
from openami.headend.prepayment.module import Module, load_key, wanted_of
from openami.headend.prepayment.shop import shop_of
from openami.sts.key_file import KeyTerms
from openami.sts.keys import EA, KeyAttributes, KeyType, VendingKey
from openami.sts.security_module import MeterConfig

pytestmark = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
"""What is shown here does not depend on the database."""
METER = f"/meters/{serial_of(0)}"


async def sold(shop: Office, message: str, status: int = 200, **wanted: object) -> Any:
    body = {"message_id": message, **(wanted or {"units": 100})}
    return await rest(shop, "vera", "POST", f"{METER}/vends", status, **body)


@pytest.fixture(autouse=True)
async def till(shop: Office) -> None:
    await rest(shop, "vera", "POST", "/shift", 201, till="Till 1")


async def test_a_newer_revision_of_the_key_goes_before_the_credit(shop: Office) -> None:
    assert len((await sold(shop, "m-1"))["tokens"]) == 1
    shop.system(lambda unit: add_keys(unit, {(SGC, KeyType.DUTK, 2): NEXT}))
    made = await sold(shop, "m-2")
    assert [token["kind"] for token in made["tokens"]][-1] == "electricity"
    assert len(made["tokens"]) == 5
    assert read(made["tokens"][0]["token"], pan_of(0)).krn == 2
    assert read(made["tokens"][4]["token"], pan_of(0), NEXT, krn=2).units == 100
    assert len((await sold(shop, "m-3"))["tokens"]) == 1


async def test_keys_are_sealed_anew_while_it_sells(shop: Office) -> None:
    """Whoever holds an old key-encryption key opens the file again."""
    await sold(shop, "m-1")
    store = shop.system(lambda unit: shop_of(unit).store(unit))
    fresh = shop.system(lambda unit: type(store).open(unit, shop.settings.kek))
    assert fresh is not store
    fresh.rewrap(shop.database)
    made = await sold(shop, "m-2")
    assert read(made["tokens"][0]["token"], pan_of(0)).units == 100


async def test_a_key_has_its_limit(shop: Office) -> None:
    def limit(unit: Unit) -> None:
        load_key(unit, shop_of(unit).store(unit), KeyTerms(SGC, unit_limit=500), VendingKey(VUDK))

    shop.system(limit)
    assert (await sold(shop, "m-1", units=500))["units"] == 500
    refused = await sold(shop, "m-2", 409, units=501)
    assert "501 units are more than the 500" in refused["detail"]
    assert shop.system(lambda unit: unit.value("SELECT count(*) FROM vend")) == 1


def test_another_key_of_the_same_name_is_refused(shop: Office) -> None:
    with pytest.raises(SecurityError) as told:
        shop.system(lambda unit: add_keys(unit, {(SGC, KeyType.DUTK, 1): NEXT}))
    assert NEXT.hex() not in str(told.value)


def test_sample_tables_are_for_simulations(shop: Office) -> None:
    """EA07 with the tables that are shipped sells in a simulation, and nowhere else."""
    meter = MeterConfig(pan_of(0), KeyAttributes(SGC, ea=EA.STA))

    def make(unit: Unit) -> Any:
        module = shop_of(unit)
        made = Module(module.store(unit), bytes, module.algorithms)
        assert (
            read(made.credit(unit, meter, meter.attributes, 10, START).issued[0].digits, pan_of(0), ea=EA.STA).units
            == 10
        )
        replace(made, algorithms=frozenset({EA.MISTY1})).credit(unit, meter, meter.attributes, 10, START)

    with pytest.raises(SecurityError, match="not set up for EA07"):
        shop.system(make)


@pytest.mark.parametrize(
    ("own", "sgc", "ti", "wanted"),
    [
        (KeyAttributes(SGC, krn=3), SGC, 1, KeyAttributes(SGC, krn=3)),
        (KeyAttributes(SGC, krn=3), SGC, 2, KeyAttributes(SGC, krn=3, ti=2)),
        (KeyAttributes(SGC, krn=3), "000001", 1, KeyAttributes("000001")),
        (KeyAttributes(SGC, KeyType.DDTK, 3), SGC, 1, KeyAttributes(SGC)),
        (KeyAttributes(SGC, KeyType.DCTK), "000001", 1, KeyAttributes("000001", KeyType.DCTK)),
    ],
)
def test_the_key_that_a_meter_is_to_have(own: KeyAttributes, sgc: str, ti: int, wanted: KeyAttributes) -> None:
    assert wanted_of(own, sgc, ti) == wanted
