"""Ports of the meters on cables whose speeds count: optical heads, and the serial line of the AD13A."""

import pytest

from openami import Data
from openami.aio.bus import SerialListener, Station
from openami.aio.client import connect
from openami.aio.optical import optical
from openami.aio.optical_listener import OpticalListener
from openami.aio.route import Device
from openami.core.errors import LinkTimeout
from openami.dlms.hdlc import ServerAddress
from openami.meters.identity import address
from openami.meters.optical import OpticalMeter
from optical_cable import OpticalCable
from products.standing import HOUR_S, Standing, each

NAME, FACTORY = "0.0.42.0.0.255", "00000000"
OWN = ServerAddress(1, 17, 2)


@each(ad11a="AD11A-101 AD11A-102", ad13a="AD13A-102 AD13A-103")
async def test_an_optical_head_on_a_meter(slug: str) -> None:
    meter = Standing(slug, amps=5.0).live(HOUR_S)
    stated = {"ad11a": 115_200, "ad13a": 38_400}[slug]
    port = OpticalMeter(meter.fleet)
    async with OpticalCable() as cable, OpticalListener(meter.fleet, port, Device(cable.server)):
        async with optical(f"optical://{cable.client}") as head, head.programming(FACTORY) as session:
            await session.write("C.7.20", "60")
            [energy] = await session.read("1.8.0")
        async with connect(f"optical://{cable.client}?server=1/{port.physical}", client=16) as client:
            assert await client.get(Data.value, NAME) == meter.read("logical_device_name")
    assert meter.read("threshold_long_power_failure") == 60
    assert float(energy.value) > 0
    assert set(cable.speeds) == {300, stated}


@pytest.mark.feature("AD13A-95")
async def test_the_serial_line_of_the_ad13a_at_its_highest_speed() -> None:
    meter, most = Standing("ad13a"), 19_200
    assert meter.product.ceilings["rs485_hdlc_setup", "comm_speed"] == meter.read("rs485_hdlc_setup.comm_speed") == 6
    async with OpticalCable() as cable:
        device = Device(cable.server, most)
        async with SerialListener(meter.fleet, [Station(address(0), OWN)], device):
            async with connect(f"serial://{cable.client}?server=1/17&baud={most}", client=16) as client:
                assert await client.get(Data.value, NAME) == meter.read("logical_device_name")
            slow = f"serial://{cable.client}?server=1/17&baud=9600&timeout=0.1&retries=0"
            with pytest.raises(LinkTimeout):
                await connect(slow, client=16)
    assert cable.speeds == [most]
