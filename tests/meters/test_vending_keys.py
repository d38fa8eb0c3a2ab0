"""Vending keys of a fleet: files, what is sealed under them, keys of meters as the standard's derivation gives them."""

import csv
from pathlib import Path
from random import Random

import pytest

from meters.small_fleet import START, Steady
from openami.core.errors import DefinitionError, SecurityError
from openami.meters import product, tokens
from openami.meters.fleet import Fleet
from openami.meters.sections.prepayment import PrepaymentRow
from openami.meters.vending_keys import FIRST_CHANGE, VENDING, VendingKeys, pan
from openami.meters.view import View
from openami.sts.keys import KeyAttributes, KeyType, VendingKey
from openami.sts.tid import BaseDate

ROW = PrepaymentRow()


def drawn(seed: int = 1) -> VendingKeys:
    return VendingKeys.draw(Random(seed).randbytes)


def test_what_is_written_is_read_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    assert VendingKeys.load(tmp_path) is None
    keys = drawn()
    keys.save(tmp_path)
    again = VendingKeys.load(tmp_path)
    assert again is not None
    for kind in (KeyType.DDTK, KeyType.DUTK):
        assert again.of(kind).octets == keys.of(kind).octets
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in (VENDING, FIRST_CHANGE)} == {0o600}
    assert keys.of(KeyType.DUTK).octets.hex() not in repr(keys)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / FIRST_CHANGE).write_text('vending_key = "00"\n')
    with pytest.raises(DefinitionError, match=r"first-key-change.*not the vending keys"):
        VendingKeys.load(tmp_path)


def test_what_is_sealed_opens_for_its_meter_and_these_keys_only() -> None:
    sealed = drawn().seal(b"state", 3)
    assert drawn().seal(b"state", 3) == sealed, "the same again, so that replayed snapshots are alike"
    assert drawn().unseal(sealed, 3) == b"state"
    for keys, meter in ((drawn(), 4), (drawn(2), 3)):
        with pytest.raises(SecurityError, match="sealed under other keys"):
            keys.unseal(sealed, meter)


def test_keys_of_meters_are_those_of_the_published_example() -> None:
    """facts/sts.md, 4.4: VK, SGC 123457, KT 2, KRN 1, TI 1, base date 1993 for 600727000000000009."""
    unique = bytes.fromhex("ABABABABABABABAB949494949494949401234567")
    example = KeyAttributes("123457", base_date=BaseDate.YEAR_1993)
    keys = VendingKeys(bytes(20), unique)
    number = pan(ROW, -1)
    assert str(number) == "600727000000000009"
    assert keys.decoder_key(number, example).octets.hex().upper() == "F94B6ED353C3BFDB113E2D3A7EA3C41D"
    default = KeyAttributes("123457", KeyType.DDTK)
    assert keys.decoder_key(number, default) == VendingKey(bytes(20)).decoder_key(number, default)


def test_numbers_of_meters_follow_the_makers_code() -> None:
    assert str(pan(ROW, 0)).startswith("6007270000000001")
    long = PrepaymentRow(manufacturer="0100")
    assert str(pan(long, 41))[:16] == "0000010000000042"


def test_a_shipment_names_the_meter_and_its_key_but_shows_no_vending_key() -> None:
    made = product.load("sed302")
    fleet = Fleet.create(made, 2, start_utc=START, load=Steady(meters=2), now=lambda: START, random=Random(3).randbytes)
    rows = [*csv.DictReader(fleet.shipment().decode().splitlines())]
    facts = [tokens.identity(View(fleet.holding, meter)) for meter in range(2)]
    assert [row["meter_pan"] for row in rows] == [str(fact.pan) for fact in facts]
    assert {(row["sgc"], row["key_type"], row["krn"], row["ti"], row["ken"]) for row in rows} == {
        ("123457", "2", "1", "1", "255")
    }
    assert {(row["ea"], row["base_date"]) for row in rows} == {("11", "2014")}
    vending = fleet.holding.vending
    assert vending is not None
    assert vending.of(KeyType.DUTK).octets.hex() not in fleet.shipment().decode()
