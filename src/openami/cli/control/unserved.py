"""Hands on the fleet of a folder that nobody serves: open it, let it live up to now, do it, close it."""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from openami.aio.clock import Clock
from openami.aio.ending import when_told
from openami.cli import serve as serving
from openami.core.errors import DefinitionError, LocalProtocolError
from openami.meters.dials import Dialled, Dials
from openami.meters.hands import Value
from openami.meters.loads import Drive
from openami.meters.product import load
from openami.meters.selection import select
from openami.meters.store import Driver, Plan, Stored

DIALS = Dialled().name


@dataclass(frozen=True, slots=True)
class Hands:
    """What is to be done, and to whom."""

    selection: str
    name: str
    value: Value


async def lay(folder: Path, hands: Hands, loads: Path | None = None, *, loads_all: bool = False) -> list[int]:
    """Do it; the numbers of the meters. A folder in use is refused."""
    plan = Plan.read(folder)
    if plan is None:
        raise DefinitionError("no fleet lives here", file=str(folder))
    drive = driver(folder, plan, loads, loads_all=loads_all)
    service = serving.Service(product=plan.product, meters=plan.meters, folder=folder, port=0)
    stop = asyncio.Event()
    with when_told(stop.set):
        async with serving.ticking(service) as clock:
            with contextlib.closing(Stored.open(folder, plan, drive, now=clock.now)) as stored:
                return await laid(stored, clock, hands, stop)


async def laid(stored: Stored, clock: Clock, hands: Hands, stop: asyncio.Event) -> list[int]:
    """Let the meters live up to now, then lay hands on them."""
    from openami.cli.announce import Announcer

    fleet = stored.fleet
    chosen = select(hands.selection, fleet.count, fleet.holding.identity)
    with Announcer(as_json=True) as announcer:
        await serving.catch_up(stored, clock, stop, announcer.progress)
    if stop.is_set():
        raise LocalProtocolError("told to stop: nothing was done")
    for meter in chosen:
        fleet.hand(meter, hands.name, hands.value)
    return [meter + 1 for meter in chosen]


def driver(folder: Path, plan: Plan, loads: Path | None, *, loads_all: bool) -> Driver:
    """Find what drives the fleet of a folder; a measured load must be given, for the folder only knows its name."""
    if plan.load == DIALS:
        return Dialled(Dials.read(folder) or Dials(), load(plan.product).head.phases)
    drive = Drive(loads, every=loads_all)
    if drive.name != plan.load:
        raise DefinitionError(f"the fleet here is driven by {plan.load}: say so with --loads and --loads-all")
    return drive
