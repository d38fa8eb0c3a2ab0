"""What `openami up` runs: a fleet of meters and a head-end, each a process, in one data folder."""

import asyncio
import contextlib
import csv
import json
import shutil
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from openami.aio import kin
from openami.aio.lock import FileLock
from openami.aio.tcp import DLMS_PORT
from openami.core.errors import AmiError, DefinitionError

PRODUCT = "compactiq"
METERS = 100
SPEED = 60.0
FLEET, HEADEND, PLAN, LOCK = "fleet", "headend", "up.json", "up.lock"
RESTARTS, RESTARTS_S = 5, 60.0
"""A part that ends by itself is started again, unless it has ended so often within so many seconds."""

Document = dict[str, Any]


class PartError(AmiError):
    """A part of the system could not be started or kept running."""

    def __init__(self, message: str, *, has_spoken: bool = False) -> None:
        super().__init__(message)
        self.has_spoken = has_spoken
        """The part has said itself, in one sentence, what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to see."""

    folder: Path
    meters: int | None = None
    speed: float | None = None
    loads: Path | None = None
    loads_all: bool = False
    port: int | None = None


@dataclass(slots=True)
class Folder:
    """The data folder, held by one `up` at a time."""

    path: Path
    _lock: FileLock = field(init=False)

    def __post_init__(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self.path / LOCK)
        if not self._lock.take():
            raise DefinitionError("another openami up works in this folder", file=str(self.path))

    def empty(self) -> None:
        """Remove what former runs have put here, and nothing else."""
        for name in (FLEET, HEADEND):
            shutil.rmtree(self.path / name, ignore_errors=True)
        for file in (*self.path.glob(f"{HEADEND}.kek*"), *self.path.glob(f"{HEADEND}.escrow*"), self.path / PLAN):
            file.unlink(missing_ok=True)

    def plan(self, wish: Wish) -> Document:
        """What the fleet of this folder is: what it was, or what is wished for now."""
        kept = self.path / PLAN
        plan: Document = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
        meters = plan.get("meters", wish.meters or METERS)
        if wish.meters not in {None, meters}:
            raise DefinitionError(
                f"this neighbourhood has {meters} meters, not {wish.meters}; "
                "take another --data folder, or --fresh to start over",
                file=str(self.path),
            )
        loads = plan.get("loads") if wish.loads is None else str(wish.loads.resolve())
        return {"meters": meters, "loads": loads, "loads_all": plan.get("loads_all", False) or wish.loads_all}

    def keep(self, plan: Document) -> None:
        """Remember what the fleet is, once it stands."""
        (self.path / PLAN).write_text(json.dumps(plan), encoding="utf-8")

    def release(self) -> None:
        """Let another process have the folder."""
        self._lock.release()


class Part:
    """One process of the system; it says in JSON, a document or a line at a time, how it is getting on."""

    def __init__(self, name: str, command: Callable[[], list[str]], on_line: Callable[[Document], None]) -> None:
        self.name = name
        self.process: asyncio.subprocess.Process | None = None
        self._command = command
        self._on_line = on_line
        self._ends: deque[float] = deque(maxlen=RESTARTS)

    async def start(self) -> Document:
        """Start it and wait until it is ready."""
        self.process = await kin.start([sys.executable, "-m", "openami", *self._command()])
        async for document in documents(self.process):
            if document.get("event", "ready") == "ready":
                return document
            self._on_line(document)
        code = await self.process.wait()
        raise PartError(f"the {self.name} could not be started (exit code {code})", has_spoken=code == 1)

    async def keep(self, say: Callable[[str], None], restarted: Callable[[Document], Awaitable[None]]) -> None:
        """Hear it out; when it ends by itself, start it again where it was."""
        while True:
            process = cast("asyncio.subprocess.Process", self.process)
            async for document in documents(process):
                self._on_line(document)
            code = await process.wait()
            self._ends.append(time.monotonic())
            if len(self._ends) == RESTARTS and self._ends[-1] - self._ends[0] < RESTARTS_S:
                raise PartError(f"the {self.name} has ended {RESTARTS} times within a minute (exit code {code})")
            say(f"the {self.name} has ended (exit code {code}); starting it again where it was")
            await restarted(await self.start())

    async def stop(self) -> None:
        """End it in order."""
        if self.process is not None:
            await kin.stop(self.process)


async def documents(process: asyncio.subprocess.Process) -> AsyncIterator[Document]:
    """JSON documents on a child's standard output, on one line or indented over several."""
    stream = cast("asyncio.StreamReader", process.stdout)
    text = ""
    async for line in stream:
        text += line.decode("utf-8", "replace")
        with contextlib.suppress(ValueError):
            document: object = json.loads(text)
            text = ""
            if isinstance(document, dict):
                yield cast("Document", document)


def fleet_command(folder: Path, plan: Document, speed: float | None, port: int) -> list[str]:
    """How the meters are started."""
    command = ["meter", "serve", PRODUCT, "--json", "--count", str(plan["meters"]), "--port", str(port), "--or-free"]
    command += ["--data", str(folder / FLEET)]
    if speed is not None or not (folder / FLEET).exists():
        command += ["--speed", str(speed or SPEED)]
    if plan["loads"]:
        command += ["--loads", plan["loads"]]
    return command + (["--loads-all"] if plan["loads_all"] else [])


def headend_command(folder: Path, fleet: Document, port: int | None) -> list[str]:
    """How the head-end is started: it knows the meters by the shipment file, and shares their clock."""
    command = ["headend", "serve", "--data", str(folder / HEADEND), "--progress-json", "--sign-in-link"]
    command += ["--shipment", fleet["shipment"], "--clock", str(folder / FLEET / "clock.json")]
    return command if port is None else [*command, "--port", str(port)]


def meters_port(folder: Path) -> int:
    """Where the meters listened last time, so that a part started again finds the others; 4059 the first time."""
    shipment = folder / FLEET / "shipment.csv"
    if not shipment.exists():
        return DLMS_PORT
    with shipment.open(encoding="utf-8", newline="") as file:
        return int(next(csv.DictReader(file))["port"])
