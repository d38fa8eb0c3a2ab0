"""Outsiders at a CompactIQ that serves in a process of its own."""

from datetime import datetime, timedelta

import pytest

from interop.cell import each
from interop.cells.compactiq import KEYS, PROFILES, PUBLIC, TOURS, UPGRADES
from interop.expected import BEYOND
from meters.upgrading import made
from outsider import PeerFailed, orders_for
from served import Served, served

LOAD_PROFILE = "1.0.99.1.0.255"
SHOWN_TO_ALL = {"0.0.40.0.0.255", "0.0.42.0.0.255", "0.0.43.1.0.255", "0.0.1.0.0.255"}
NEW = {"encryption_key": "a0" * 16, "authentication_key": "a2" * 16}


@pytest.fixture(scope="module")
def meter(tmp_path_factory) -> dict[str, str]:
    with served(tmp_path_factory.mktemp("fleet")) as fleet:
        yield fleet.meters[0]


@pytest.mark.feature("IQ0404100K1-R-99")
@each(PUBLIC)
def test_the_public_client_reads_device_name_counter_and_clock_and_nothing_else(cell, peers, meter):
    found = cell.ask(peers, "tour", orders_for(meter, client=16))
    assert found["errors"] == BEYOND[cell.peer]
    assert {name for _, _, name, _ in found["objects"]} == SHOWN_TO_ALL
    assert found["values"]["1/0.0.42.0.0.255/2"] in {"OAMSIM0000000001", b"OAMSIM0000000001".hex()}


@pytest.mark.feature("IQ0404100K1-R-101")
@each(TOURS)
def test_hls5_ciphered_reads_the_object_list_and_every_readable_attribute(cell, peers, meter):
    found = cell.ask(peers, "tour", orders_for(meter, client=1, invocation_counter=100))
    assert found["errors"] == {}
    assert len(found["objects"]) > 90
    values = found["values"]
    assert len(values) > 250
    assert values["17/0.0.41.0.0.255/2"] == "[(1, 'OAMSIM0000000001')]"
    assert values["3/1.0.1.8.0.255/3"] == "[1.0, <Unit.ACTIVE_ENERGY: 30>]"
    assert values[f"7/{LOAD_PROFILE}/8"] == "960"
    rates = [int(values[f"3/1.0.1.8.{rate}.255/2"]) for rate in (1, 2)]
    assert int(values["3/1.0.1.8.0.255/2"]) in range(sum(rates) - 2, sum(rates) + 3)
    rows = {"profile": LOAD_PROFILE, "count": 5, "invocation_counter": 2000}
    assert len(cell.ask(peers, "entries", orders_for(meter, client=1, **rows))) == 5


@pytest.mark.feature("IQ0404100K1-R-101")
@each(PROFILES)
def test_hls5_with_general_glo_ciphering_reads_register_and_profile(cell, peers, meter):
    start = (datetime.now().astimezone() - timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    orders = orders_for(meter, client=1, invocation_counter=4000, profile=LOAD_PROFILE)
    orders["columns"] = [
        [8, "0.0.1.0.0.255", 2],
        [1, "0.0.96.10.2.255", 2],
        *([3, f"1.0.{c}.8.0.255", 2] for c in (1, 2)),
    ]
    found = cell.ask(
        peers, "profile", orders | {"from": start.isoformat(), "to": (start + timedelta(hours=6)).isoformat()}
    )
    assert len(found["rows"]) == 25, "six hours of quarter hours, both ends included"
    assert datetime.fromisoformat(found["rows"][0][0]) == start
    registers = [int(row[2]) for row in found["rows"]]
    assert registers == sorted(registers)
    assert registers[0] < registers[-1] <= int(found["register"])


@pytest.mark.feature("IQ0404100K1-R-27")
@each(UPGRADES)
def test_the_firmware_is_upgraded_by_the_peer(cell, peers, tmp_path):
    with served(tmp_path, "--speed", "60") as fleet:
        orders = orders_for(fleet.meters[0], client=1, invocation_counter=100, name="0.0.44.0.0.255")
        image = {"identifier": "KFM-03", "image": made().hex(), "version": "1.1.0.2.0.255"}
        found = cell.ask(peers, "upgrade", orders | image)
    assert found == {"block_size": 512, "sent": 11, "first": 11, "version": "01 02 03 05"}


@pytest.mark.feature("IQ0404100K1-R-101")
@each(KEYS)
def test_keys_that_the_peer_has_replaced_survive_a_kill(cell, peers, tmp_path):
    def is_let_in(fleet: Served, counter: int, **keys: str) -> bool:
        orders = orders_for(fleet.meters[0], client=1, invocation_counter=counter)
        try:
            return bool(cell.ask(peers, "read_register", orders | keys))
        except PeerFailed as refused:
            if "Authentication failure" in str(refused):
                return False
            raise

    with served(tmp_path) as fleet:
        keys = {"transfer": {"0": NEW["encryption_key"], "2": NEW["authentication_key"]}, "invocation_counter": 9_000}
        orders = orders_for(fleet.meters[0], client=1, master_key=fleet.meters[0]["master_key"], **keys)
        assert cell.ask(peers, "transfer", orders)
        assert not is_let_in(fleet, 10_000)
        assert is_let_in(fleet, 1, **NEW)
        fleet.process.kill()
    with served(tmp_path) as fleet:
        assert fleet.meters[0]["encryption_key"] == NEW["encryption_key"]
        assert is_let_in(fleet, 500)
        assert not is_let_in(fleet, 10_000, encryption_key="00" * 16)
