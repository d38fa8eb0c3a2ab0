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
from openami.dlms.security import KeyId
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


def test_replaced_keys_are_saved_and_loaded(tmp_path: Path) -> None:
    keys, path = Keyring.draw(3, Random(3).randbytes), tmp_path / "keys"
    keys.save(path)
    first, new = path.read_bytes(), bytes(range(16))
    keys.replace(1, {KeyId.GLOBAL_UNICAST_ENCRYPTION: new, KeyId.MASTER: new[::-1]})
    assert (keys.of(1).encryption, keys.of(1).master, keys.is_saved) == (new, new[::-1], False)
    keys.save(path)
    assert (keys.is_saved, len(path.read_bytes())) == (True, len(first))
    keys.replace(2, {KeyId.GLOBAL_BROADCAST_ENCRYPTION: new})
    keys.save(path)
    again = Keyring.load(path)
    assert (len(again), again.is_saved) == (3, True)
    assert [again.of(meter) for meter in range(3)] == [keys.of(meter) for meter in range(3)]
    assert [held.broadcast for held in map(again.of, range(3))] == [None, None, new]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DefinitionError, match="not a key file"):
        Keyring.load(path)


def test_a_shipment_of_no_meters_is_its_header() -> None:
    assert shipment("compactiq", Keyring(b""), [], []).startswith(b"serial,product,address,port,")
