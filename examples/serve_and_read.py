"""Serve a meter and read it, in one program and without a file: for tests of one's own client or head-end."""

import asyncio
import os

import openami
from openami import Register, Security
from openami.aio.clock import RealClock
from openami.aio.server import FleetListener
from openami.meters.fleet import Fleet
from openami.meters.households import Households
from openami.meters.identity import CLIENT_TITLE, Identity, address
from openami.meters.product import load

DAY_S, QUARTER_S = 86_400, 900


async def main() -> None:
    """Let one CompactIQ live for two days, then read what it has counted."""
    clock = RealClock()
    now = int(clock.now())
    start = (now - 2 * DAY_S) // QUARTER_S * QUARTER_S
    house = Households(Identity().serials(1))
    fleet = Fleet.create(load("compactiq"), 1, start_utc=start, load=house, now=clock.now, random=os.urandom)
    fleet.advance_to(now - now % 60)
    keys = fleet.keys.of(0)
    security = Security.hls5(
        encryption_key=keys.encryption, authentication_key=keys.authentication, client_title=CLIENT_TITLE
    )
    listener = FleetListener(fleet, host="127.0.0.1", port=0, stand_ins=[address(0)])
    async with listener, openami.connect(f"tcp://127.0.0.1:{listener.port}", security=security) as meter:
        print(f"meter {fleet.holding.identity.serial(0)}")
        print(f"clock {await meter.clock()}")
        energy = await meter.get(Register.value, "1.0.1.8.0.255")
        print("import", energy, "Wh")
        print(f"{len(await meter.entries('1.0.99.1.0.255'))} rows in the load profile")


asyncio.run(main())
