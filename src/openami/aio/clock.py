"""The clocks of the business: the scenario's, shared by every process of a data folder, and the real one."""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import asdict, dataclass, replace
from logging import getLogger
from pathlib import Path
from typing import Protocol, Self, cast

from openami.aio.lock import FileLock
from openami.core.errors import DefinitionError

log = getLogger(__name__)

LEASE_S = 2.0
"""How long the scenario runs on without a sign of life from the processes that keep it."""

RENEW_S = 0.5
REREAD_S = 0.1


class Clock(Protocol):
    """Business time: schedules, stamps and tariffs follow it; time-outs follow real monotonic time."""

    @property
    def speed(self) -> float:
        """Seconds of business time in one real second."""
        ...

    def now(self) -> float:
        """Epoch seconds, UTC."""
        ...

    def until(self, at: float) -> float:
        """Real seconds until `at`; 0 if that has passed."""
        ...


class RealClock:
    """The clock of this machine, for real meters."""

    speed = 1.0

    def now(self) -> float:
        """Epoch seconds, UTC."""
        return time.time()

    def until(self, at: float) -> float:
        """Real seconds until `at`; 0 if that has passed."""
        return max(0.0, at - time.time())


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the clock file says: at `monotonic` it was `scenario`, and it runs on for `lease_s` seconds."""

    epoch: float
    """Where the scenario began."""
    speed: float
    scenario: float
    monotonic: float
    lease_s: float
    boot: str
    """The monotonic clock means nothing after a restart of the machine."""

    def at(self, monotonic: float, boot: str) -> float:
        """Scenario time at a moment of this machine's monotonic clock; it stands still past the lease."""
        elapsed = monotonic - self.monotonic if boot == self.boot else self.lease_s
        return self.scenario + min(max(elapsed, 0.0), self.lease_s) * self.speed


class ScenarioClock:
    """A clock in a file of the data folder, read by every process and kept running by those that say so.

    One of the keepers, whoever holds the lock beside the file, renews a short lease. So the scenario stands
    while nothing runs, and never goes back, not even after `kill -9`: then it goes on from the lease's end.
    """

    def __init__(self, path: Path, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Open the clock that `create` has put there."""
        self.path = path
        self._monotonic = monotonic
        self._boot = _boot()
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        self._anchor = _load(path)
        self._read_again = monotonic() + REREAD_S
        self._latest = self._anchor.scenario

    @classmethod
    def create(cls, path: Path, *, epoch: float, speed: float = 1.0) -> Self:
        """Put a clock into the folder, standing at `epoch` (seconds, UTC), and open it."""
        if speed <= 0:
            raise DefinitionError(f"a clock cannot run at speed {speed:g}", file=str(path), key="speed")
        path.parent.mkdir(parents=True, exist_ok=True)
        _store(path, Anchor(epoch, speed, epoch, 0.0, 0.0, ""))
        return cls(path)

    @property
    def epoch(self) -> float:
        """Where the scenario began, seconds UTC."""
        return self._anchor.epoch

    @property
    def speed(self) -> float:
        """Scenario seconds in one real second."""
        return self._anchor.speed

    @property
    def is_running(self) -> bool:
        """Whether some process keeps the clock."""
        anchor = self._current()
        return anchor.boot == self._boot and self._monotonic() < anchor.monotonic + anchor.lease_s

    def now(self) -> float:
        """Epoch seconds of the scenario, UTC; never less than it said before."""
        self._latest = max(self._latest, self._current().at(self._monotonic(), self._boot))
        return self._latest

    def until(self, at: float) -> float:
        """Real seconds until the scenario reaches `at`, if it runs; 0 if it has."""
        return max(0.0, at - self.now()) / self.speed

    def start(self, *, speed: float | None = None) -> bool:
        """Let the scenario go on from where it stood, unless another process keeps it; say whether we do."""
        if not self._lock.take():
            return False
        self._anchor = _load(self.path)
        if speed is not None and speed <= 0:
            raise DefinitionError(f"a clock cannot run at speed {speed:g}", file=str(self.path), key="speed")
        self._put(LEASE_S, speed or self._anchor.speed)
        return True

    def renew(self) -> None:
        """Tell all readers that the scenario still runs; take over if the keeper has gone."""
        if self._lock.is_held:
            self._put(LEASE_S, self._anchor.speed)
            return
        self.start()

    def stop(self) -> None:
        """Let the scenario stand where it is, if it is ours to stop."""
        if self._lock.is_held:
            self._put(0.0, self._anchor.speed)
            self._lock.release()

    @contextlib.asynccontextmanager
    async def running(self, *, speed: float | None = None) -> AsyncGenerator[Self]:
        """Keep the scenario running for the length of a block."""
        self.start(speed=speed)
        keeper = asyncio.create_task(self._keep())
        try:
            yield self
        finally:
            keeper.cancel()
            self.stop()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                self.renew()
            except OSError as error:  # the scenario stands until the disk takes the file again
                log.warning("scenario clock not renewed: %s", error)

    def _put(self, lease_s: float, speed: float) -> None:
        moment = self._monotonic()
        self._latest = max(self._latest, self._anchor.at(moment, self._boot))
        self._anchor = replace(
            self._anchor,
            speed=speed,
            scenario=self._latest,
            monotonic=moment,
            lease_s=lease_s,
            boot=self._boot,
        )
        _store(self.path, self._anchor)

    def _current(self) -> Anchor:
        if not self._lock.is_held and self._monotonic() >= self._read_again:
            self._anchor = _load(self.path)
            self._read_again = self._monotonic() + REREAD_S
        return self._anchor


def _load(path: Path) -> Anchor:
    try:
        fields = cast("dict[str, str | float]", json.loads(path.read_text(encoding="ascii")))
        boot = str(fields.pop("boot"))
        anchor = Anchor(boot=boot, **{name: float(value) for name, value in fields.items()})
    except OSError as error:
        raise DefinitionError(f"no scenario clock: {(error.strerror or '').lower()}", file=str(path)) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DefinitionError("not a scenario clock", file=str(path)) from error
    return anchor


def _store(path: Path, anchor: Anchor) -> None:
    """Replace the file whole: a reader sees the old or the new one. Renewals need not survive a power cut."""
    part = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    part.write_text(json.dumps(asdict(anchor)), encoding="ascii")
    part.replace(path)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"
