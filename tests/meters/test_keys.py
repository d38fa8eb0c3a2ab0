"""Keys of a fleet and the shipment that tells them to a head-end."""

import csv
from io import StringIO
from pathlib import Path
from random import Random

import pytest

from meters.small_fleet import (
    Company,
)
from openami.core.errors import DefinitionError
from openami.meters.keys import Keyring, shipment


def test_a_shipment_tells_a_head_end_all_it_needs() -> None:
    fleet = Company().fleet
    rows = list(csv.DictReader(StringIO(fleet.shipment(4059).decode())))
    assert [row["address"] for row in rows] == fleet.addresses
    held = fleet.keys.of(1)
    assert rows[1] == {
        "serial": "OAMSIM00000000226",
        "product": "compactiq",
        "address": "127.16.0.2",
        "port": "4059",
        "system_title": "4f414d0000000002",
        "zone": "Europe/Amsterdam",
        "clients": "1 16",
        "encryption_key": held.encryption.hex(),
        "authentication_key": held.authentication.hex(),
        "master_key": held.master.hex() if held.master else "",
    }
    assert [row["port"] for row in csv.DictReader(StringIO(fleet.shipment(5000, host="::1").decode()))] == [
        "5000", "5001", "5002",
    ]  # fmt: skip


def test_keys_are_all_different_and_no_repr_shows_them(tmp_path: Path) -> None:
    keys = Keyring.draw(50, Random(3).randbytes)
    held = [keys.of(meter) for meter in range(50)]
    assert len({key for k in held for key in (k.encryption, k.authentication, k.master)}) == 150
    assert held[0].encryption.hex() not in repr(keys) + repr(held[0])
    keys.save(tmp_path / "keys")
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600
    again = Keyring.load(tmp_path / "keys")
    assert [again.of(meter) for meter in range(50)] == held
    (tmp_path / "keys").write_bytes(b"other")
    with pytest.raises(DefinitionError, match="not a key file"):
        Keyring.load(tmp_path / "keys")


def test_a_shipment_of_no_meters_is_its_header() -> None:
    assert shipment("compactiq", Keyring(b""), [], []).startswith(b"serial,product,address,port,")
