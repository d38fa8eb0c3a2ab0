"""An upgrade over real connections with our own client: whole, broken off and resumed, refused."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from meters.small_fleet import Company
from meters.upgrading import MODEM, NEW, OTHER_MAKER, STATUS, content, made, modem_image, versions
from openami import connect, send_image
from openami.aio.client import Connecting
from openami.aio.image import ImageSettings
from openami.aio.server import FleetListener
from openami.core.errors import ActionError, ConnectionLost, LinkError
from openami.cosem.registers import Data
from openami.dlms.security import Security
from openami.meters.identity import CLIENT_TITLE
from served import served as serving

QUICK = ImageSettings(poll_s=0.01)


@asynccontextmanager
async def served(company: Company) -> AsyncIterator[int]:
    """Serve the meters on loopback, their time running fast; gives the port of the first."""
    fleet = company.fleet
    listener = FleetListener(fleet, port=0, host="127.0.0.1", stand_ins=fleet.addresses, login_delay_s=0)
    async with listener, asyncio.TaskGroup() as group:
        turning = group.create_task(turn(company))
        yield listener.port
        turning.cancel()


async def turn(company: Company) -> None:
    while True:
        await asyncio.sleep(0.01)
        company.live(1)


def to(company: Company, port: int, meter: int = 0) -> Connecting:
    keys = company.fleet.keys.of(meter)
    security = Security.hls5(
        encryption_key=keys.encryption, authentication_key=keys.authentication, client_title=CLIENT_TITLE
    )
    return connect(f"tcp://127.0.0.1:{port + meter}", security=security)


@pytest.mark.feature("IQ0404100K1-R-27", "IQ0404100K1-R-34")
async def test_the_meter_and_its_modem_are_upgraded() -> None:
    company = Company()
    async with served(company) as port:
        async with to(company, port) as meter:
            report = await meter.image(made(), "KFM-03", activate=True, settings=QUICK)
        assert report.status is STATUS.ACTIVATION_SUCCESSFUL
        async with to(company, port) as meter:
            report = await meter.image(modem_image(), "LTE", MODEM, activate=True, settings=QUICK)
        assert report.images[0].image_to_activate_identification == b"LTE"
    assert versions(company) == [b"01 02 03 04", NEW, b"01_02_04"]


@pytest.mark.feature("IQ0404100K1-R-30")
async def test_a_transfer_goes_on_over_as_many_connections_as_it_takes() -> None:
    company, data = Company(), made(content=content(20_000))
    async with served(company) as port:
        for stop in (10, 25):
            with contextlib.suppress(ConnectionLost, asyncio.CancelledError):
                await broken(to(company, port), data, stop)
        report = await send_image(to(company, port), data, "KFM-03", activate=True, settings=QUICK)
    assert report.sent <= report.blocks
    assert versions(company)[1] == NEW


async def broken(connecting: Connecting, data: bytes, stop: int) -> None:
    """Send an image up to a block, and lose the connection."""

    def break_off(done: int, _blocks: int) -> None:
        if done >= stop:
            raise ConnectionLost("cut")

    async with connecting as meter:
        await meter.image(data, "KFM-03", resume=stop > 10, settings=QUICK, progress=break_off)


async def test_a_forged_image_is_refused_to_the_client() -> None:
    company = Company()
    async with served(company) as port, to(company, port) as meter:
        with pytest.raises(ActionError, match="other-reason"):
            await meter.image(made(OTHER_MAKER), "KFM-03", activate=True, settings=QUICK)
    assert versions(company)[1] == b"01 02 03 04"


async def test_a_process_killed_in_the_middle_goes_on_with_the_blocks_it_has_acknowledged(tmp_path: Path) -> None:
    data = made(content=content(20_000))
    acknowledged = 0
    with serving(tmp_path, "--speed", "60") as fleet:

        def kill(done: int, _blocks: int) -> None:
            nonlocal acknowledged
            acknowledged = done
            if done == 17:
                fleet.process.kill()

        with contextlib.suppress(LinkError):
            async with by_shipment(fleet.meters[0]) as meter:
                await meter.image(data, "KFM-03", settings=QUICK, progress=kill)
    assert acknowledged >= 17
    with serving(tmp_path, "--speed", "60") as fleet:
        async with by_shipment(fleet.meters[0]) as meter:
            report = await meter.image(data, "KFM-03", resume=True, activate=True, settings=ImageSettings(poll_s=0.2))
            assert report.sent <= report.blocks - acknowledged
            assert await meter.get(Data.value, "1.1.0.2.0.255") == NEW


def by_shipment(row: dict[str, str]) -> Connecting:
    encryption, authentication = (bytes.fromhex(row[f"{kind}_key"]) for kind in ("encryption", "authentication"))
    security = Security.hls5(encryption_key=encryption, authentication_key=authentication, client_title=CLIENT_TITLE)
    return connect(f"tcp://{row['address']}:{row['port']}", security=security)
