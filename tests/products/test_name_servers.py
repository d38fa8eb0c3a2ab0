"""Name servers of CompactIQ: learnt from PPP or DHCP, kept in the IPv4 setup when the network is gone."""

import pytest

from openami.cosem.internet import IPv4Setup
from openami.meters.modems import NAME_SERVERS
from products.standing import HOUR_S, MINUTE_S, Standing

SERVERS = [int.from_bytes(bytes(map(int, text.split("."))), "big") for text in NAME_SERVERS]
NAME = "0.0.25.1.0.255"


def known(meter: Standing) -> list[int]:
    """Primary and secondary, as a client reads them."""
    talk = meter.talk()
    return [talk.get(key.at(NAME)) for key in (IPv4Setup.primary_dns_address, IPv4Setup.secondary_dns_address)]


@pytest.mark.feature("IQ0404100K1-R-47")
def test_name_servers_are_stored_and_outlive_network_supply_and_a_kill() -> None:
    meter = Standing("compactiq")
    assert known(meter) == [0, 0], "nothing learnt yet"
    assert known(meter.live(HOUR_S)) == SERVERS
    assert known(meter.hand("network", "off").live(HOUR_S)) == SERVERS
    assert meter.read("ipv4_setup.ip_address") == 0, "the address is gone, and they are not"
    assert known(meter.hand("supply", "off").live(2 * HOUR_S).hand("supply", "on").live(MINUTE_S)) == SERVERS
    assert known(meter.restart()) == SERVERS


@pytest.mark.feature("IQ0404100K1-R-47")
def test_they_outlive_another_access_point_that_lets_nobody_in() -> None:
    meter = Standing("compactiq").live(HOUR_S)
    meter.hand("network_secret", ["OAMSIM", "another"])
    meter.write("lte_modem_setup.apn", b"elsewhere")
    meter.live(HOUR_S)
    assert known(meter) == SERVERS
    assert known(meter.restart()) == SERVERS


@pytest.mark.feature("IQ0404100K1-R-47")
def test_a_meter_that_never_got_in_has_none() -> None:
    meter = Standing("compactiq").hand("network", "off").live(HOUR_S)
    assert known(meter) == [0, 0]
    assert known(meter.hand("network", "on").live(HOUR_S)) == SERVERS
