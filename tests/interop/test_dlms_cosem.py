"""Outsider: dlms-cosem associates with our meter, reads clock and register, and a profile by range."""

from datetime import datetime, timedelta

import pytest

from outsider import orders_for, run_outsider
from served import Served, served


@pytest.fixture(scope="module")
def meter(tmp_path_factory) -> Served:
    with served(tmp_path_factory.mktemp("fleet")) as fleet:
        yield fleet


def test_the_public_client_reads_the_clock(meter):
    found = run_outsider("dlms_cosem_client.py", orders_for(meter.meters[0], client=16))
    assert bytes.fromhex(found["clock"])[:2] == b"\x09\x0c"


@pytest.mark.feature("IQ0404100K1-R-101")
def test_hls5_with_general_glo_ciphering_reads_clock_register_and_profile(meter):
    now = datetime.now().astimezone()
    start = (now - timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    orders = orders_for(meter.meters[0], client=1, invocation_counter=100, profile="1.0.99.1.0.255")
    orders |= {"from": start.isoformat(), "to": (start + timedelta(hours=6)).isoformat()}
    found = run_outsider("dlms_cosem_client.py", orders)
    rows = found["rows"]
    assert len(rows) == 25, "six hours of quarter hours, both ends included"
    assert datetime.fromisoformat(rows[0][0]) == start
    registers = [int(row[2]) for row in rows]
    assert registers == sorted(registers)
    assert registers[0] < registers[-1] <= int.from_bytes(bytes.fromhex(found["register"])[1:], "big")
