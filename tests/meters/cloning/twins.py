"""Meters that are cloned and served again, all in one process."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from meters.small_fleet import START, Steady
from openami import connect
from openami.aio.everything import Everything
from openami.aio.server import FleetListener
from openami.cosem.access import Key
from openami.dlms.security import Security
from openami.meters.cloning.clone import Clone, Wishes
from openami.meters.cloning.hiding import credentials_of
from openami.meters.cloning.taking import Client, Taken, take
from openami.meters.fleet import Fleet
from openami.meters.identity import CLIENT_TITLE
from openami.meters.product import load_file
from small_meter import HLS5, SmallMeter, at_work, url_of

PUBLIC = 16


async def taken(meter: SmallMeter, *, sap: int = 1, security: Security = HLS5, **facts: Any) -> Taken:
    """Everything that a meter shows one client, and what it shows the public."""
    options = {name: facts.pop(name) for name in ("timeout_s", "referencing") if name in facts}
    async with at_work(meter) as listener:
        async with connect(url_of(listener), client=sap, security=security, **options) as session:
            found = await take(session, sap, security, **facts)
        if sap == PUBLIC or PUBLIC not in meter.associations:
            return found
        async with connect(url_of(listener), client=PUBLIC, **options) as session:
            public = Client(PUBLIC, "lowest", tuple(await session.object_list()))
    return replace(found, clients=(*found.clients, public))


def cloned(found: Taken, security: Security = HLS5, **wishes: Any) -> Clone:
    """The clone of what was taken."""
    return Clone.of(found, Wishes("twin", credentials=credentials_of(security), **wishes))


def fleet_of(text: str, folder: Path, *, start: int = START) -> Fleet:
    """Twins of a product file."""
    path = folder / "twin.toml"
    path.write_text(text, encoding="utf-8")
    return Fleet.create(load_file(path), 3, start_utc=start, load=Steady(), now=lambda: float(start), random=os.urandom)


@asynccontextmanager
async def twin(text: str, folder: Path, **facts: Any) -> AsyncIterator[tuple[str, Security]]:
    """A twin in service: where the first meter is, and how its manager comes in."""
    fleet = fleet_of(text, folder, **facts)
    keys = fleet.keys.of(0)
    security = Security.hls5(
        encryption_key=keys.encryption, authentication_key=keys.authentication, client_title=CLIENT_TITLE
    )
    async with FleetListener(fleet, port=0, host="127.0.0.1", stand_ins=fleet.addresses) as listener:
        yield url_of(listener), security


async def read_twin(text: str, folder: Path, *, sap: int = 1, security: Security | None = None) -> Taken:
    """Everything that the twin shows."""
    async with twin(text, folder) as (url, keys):
        used = (keys if sap == 1 else Security.none()) if security is None else security
        async with connect(url, client=sap, security=used) as session:
            return await take(session, sap, used)


def shown(found: Taken) -> dict[tuple[Any, ...], Any]:
    """Elements of the object list by their key, in order."""
    return {(e.class_id, e.logical_name): e for e in found.clients[0].elements}


def values(found: Everything | Taken) -> Mapping[Key, Mapping[int, bytes]]:
    """Values as they were sent."""
    assert isinstance(found, Taken)
    return found.values
