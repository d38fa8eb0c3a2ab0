"""Outsider: the Python client of gurux-dlms reads our meter, public and with HLS 5 and ciphering."""

import pytest

from outsider import orders_for, run_outsider
from served import Served, served


@pytest.fixture(scope="module")
def meter(tmp_path_factory) -> Served:
    with served(tmp_path_factory.mktemp("fleet")) as fleet:
        yield fleet


@pytest.mark.feature("IQ0404100K1-R-99")
def test_the_public_client_reads_device_name_counter_and_clock_and_nothing_else(meter):
    found = run_outsider("gurux_client.py", orders_for(meter.meters[0], client=16))
    assert found["errors"] == {}
    names = {name for _, name, _ in found["objects"]}
    assert names == {"0.0.40.0.0.255", "0.0.42.0.0.255", "0.0.43.1.0.255", "0.0.1.0.0.255"}
    assert found["values"]["1/0.0.42.0.0.255/2"] == "OAMSIM0000000001"


@pytest.mark.feature("IQ0404100K1-R-101")
def test_hls5_ciphered_reads_the_object_list_and_every_readable_attribute(meter):
    orders = orders_for(meter.meters[0], client=1, invocation_counter=100, profile="1.0.99.1.0.255", rows=5)
    found = run_outsider("gurux_client.py", orders)
    assert found["errors"] == {}
    assert len(found["objects"]) > 90
    assert len(found["values"]) > 250
    assert found["values"]["17/0.0.41.0.0.255/2"] == "[(1, 'OAMSIM0000000001')]"
    assert found["values"]["3/1.0.1.8.0.255/3"] == "[1.0, <Unit.ACTIVE_ENERGY: 30>]"
    assert found["values"]["7/1.0.99.1.0.255/8"] == "960"
    assert len(found["rows"]) == 5
    rates = [int(found["values"][f"3/1.0.1.8.{rate}.255/2"]) for rate in (1, 2)]
    assert int(found["values"]["3/1.0.1.8.0.255/2"]) in range(sum(rates) - 2, sum(rates) + 3)
