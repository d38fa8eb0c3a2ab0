"""A fleet in a folder: keys, what it is, a snapshot and a journal. Killed at any moment, it goes on."""

import asyncio
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from logging import getLogger
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self, cast

import numpy as np
from numpy.typing import NDArray

from openami.aio.journal import Journal, JournalError
from openami.aio.memory import give_back
from openami.core.errors import DefinitionError
from openami.metering.load import Load
from openami.meters import product as products
from openami.meters.firmware.fetching import folder as downloads
from openami.meters.fleet import Fleet
from openami.meters.holding import Arrays, Holding
from openami.meters.identity import MOST, Identity
from openami.meters.keys import Keyring, write_private
from openami.meters.vending_keys import VendingKeys

PLAN, KEYS, JOURNAL = "fleet.json", "fleet.keys", "fleet.journal"
DOWNLOADS = "downloads"
"""Folder that stands for the internet of the meters: their modules fetch images from it."""

FORMAT = 2
ROTATE_OCTETS = 64 * 1024 * 1024
SNAPSHOT_S = 3_600.0
LOOK_S = 10.0

log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a folder's fleet is, for good: product, number, first second of its history, what loads it.

    Drawn meters have clocks that run as a factory leaves them; others are right and stay so.
    """

    product: str
    meters: int
    start_utc: int
    load: str = "households"
    format: int = FORMAT
    drawn: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.meters <= MOST:
            raise DefinitionError(f"{self.meters} meters: expected 1 to {MOST}", key="meters")

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read the plan of a folder; None where no fleet has been yet."""
        path = folder / PLAN
        if not path.exists():
            return None
        try:
            fields = cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
            return cls(**fields)
        except (TypeError, ValueError) as error:
            raise DefinitionError("not the plan of a fleet", file=str(path)) from error

    def write(self, folder: Path) -> None:
        """Put the plan into a folder."""
        write_private(folder / PLAN, json.dumps(asdict(self)).encode())

    def check(self, asked: "Plan", folder: Path) -> None:
        """Refuse to go on as another fleet."""
        for key, value in asdict(self).items():
            other = asdict(asked)[key]
            if key != "start_utc" and value != other:
                raise DefinitionError(
                    f"the fleet here has {value}, not {other}; start another folder",
                    file=str(folder),
                    key=key,
                )


class Driver(Protocol):
    """Makes the load of a fleet: `loads.Drive`."""

    def load(self, serials: Sequence[str], start_utc: int) -> Load:
        """The load of meters with these serial numbers, from the start of their history on."""
        ...


class Stored:
    """A fleet and the files it lives in."""

    def __init__(self, fleet: Fleet, journal: Journal, keys: Path) -> None:
        self.fleet = fleet
        self.journal = journal
        self._keys = keys

    @classmethod
    def open(
        cls,
        folder: Path,
        asked: Plan,
        drive: Driver,
        *,
        now: Callable[[], float],
        random: Callable[[int], bytes] = os.urandom,
    ) -> Self:
        """Open the fleet of a folder as it was, or begin it; nothing has advanced to `now` yet."""
        folder.mkdir(parents=True, exist_ok=True)
        journal = Journal(folder / JOURNAL)
        try:
            kept = Plan.read(folder)
            if kept is not None:
                kept.check(asked, folder)
            plan = kept or asked
            load = drive.load(Identity().serials(plan.meters), plan.start_utc)
            if kept is None:  # nothing is begun with a load that cannot be read
                Keyring.draw(plan.meters, random).save(folder / KEYS)
                plan.write(folder)
            holding = cls._holding(plan, journal.snapshot, now)
            vending = cls._vending(holding.product, folder, random)
            fleet = Fleet(holding, Keyring.load(folder / KEYS), load, random=random, vending=vending)
            for payload in journal.replay():
                fleet.replay(payload)
            fleet.journal = journal
            fleet.downloads = downloads(folder / DOWNLOADS)
            return cls(fleet, journal, folder / KEYS)
        except BaseException:
            journal.close()
            raise

    @staticmethod
    def _vending(product: products.Product, folder: Path, random: Callable[[int], bytes]) -> VendingKeys | None:
        """Vending keys of the folder, drawn as they are needed first, before any token can have been taken."""
        if product.prepayment is None:
            return None
        kept = VendingKeys.load(folder)
        if kept is None:
            kept = VendingKeys.draw(random)
            kept.save(folder)
        return kept

    @staticmethod
    def _holding(plan: Plan, snapshot: Path | None, now: Callable[[], float]) -> Holding:
        product = products.load(plan.product)
        if snapshot is None:
            return Holding.create(product, plan.meters, plan.start_utc, now, drawn=plan.drawn)
        return Holding.restore(product, arrays_of(snapshot), now)

    def save(self) -> None:
        """Write a snapshot; the journal begins anew."""
        arrays = self._snapshot()
        self.journal.rotate(lambda file: write_arrays(file, arrays))

    async def save_aside(self) -> None:
        """Do the same while sessions go on."""
        arrays = self._snapshot()
        await self.journal.rotate_aside(lambda file: write_arrays(file, arrays))

    def _snapshot(self) -> Arrays:
        """Copy the state; keys that were replaced go into their file before the journal forgets them.

        A kill in between does no harm: replayed over the newer file, the journal comes to the same keys.
        """
        if not self.fleet.keys.is_saved:
            self.fleet.keys.save(self._keys)
        return self.fleet.holding.snapshot()

    async def run(self) -> None:
        """Keep up with the clock, and the journal short, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.fleet.run())
            group.create_task(self._keep_short())

    async def _keep_short(self) -> None:
        saved_at = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_S)
            if self.journal.size <= ROTATE_OCTETS and time.monotonic() < saved_at + SNAPSHOT_S:
                continue
            try:
                await self.save_aside()
                give_back()
            except JournalError as error:
                log.warning("no snapshot now, the journal goes on: %s", error)
            saved_at = time.monotonic()

    def close(self) -> None:
        """Write a snapshot and let go of the folder."""
        try:
            self.save()
        finally:
            self.journal.close()


def write_arrays(file: BinaryIO, arrays: Arrays) -> None:
    """Arrays by name."""
    np.savez(file, allow_pickle=False, **cast("Any", arrays))


def arrays_of(path: Path) -> dict[str, NDArray[Any]]:
    """Arrays that `write_arrays` wrote."""
    with np.load(path, allow_pickle=False) as held:
        return {name: held[name] for name in held.files}
