"""What pages and routes work with: the store, the clock, and the collector of this process if it has one."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Protocol, TypeVar, cast

from fastapi import Depends, Request

from openami.aio.clock import Clock, RealClock, ScenarioClock
from openami.headend.kit.database import Database, Unit
from openami.headend.kit.settings import Settings

T = TypeVar("T")


FRESH_S = 1.5


class Shared:
    """Answers that all who look at the same page share for a moment, so that the store is asked once."""

    def __init__(self, fresh_s: float = FRESH_S) -> None:
        self._fresh_s = fresh_s
        self._locks: dict[str, threading.Lock] = {}
        self._answers: dict[str, tuple[float, object]] = {}

    def get(self, name: str, ask: Callable[[], T]) -> T:
        """Give the answer of that name, not older than a moment; `name` stands for one question."""
        with self._locks.setdefault(name, threading.Lock()):
            known = self._answers.get(name)
            if known is None or time.monotonic() - known[0] > self._fresh_s:
                known = time.monotonic(), ask()
                self._answers[name] = known
            return cast("T", known[1])


class Collector(Protocol):
    """What a page says of the collector that runs beside it."""

    @property
    def blocked(self) -> str | None:
        """Why nothing can be stored at the moment."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Opened once for a process; safe to use from any thread."""

    settings: Settings
    clock: Clock
    database: Database
    collector: Collector | None = None
    """None when the meters are read by other processes, or not at all."""
    shared: Shared = field(default_factory=Shared)

    @property
    def now(self) -> float:
        """Business time, epoch seconds."""
        return self.clock.now()

    @property
    def zone(self) -> str:
        """Zone of the business day."""
        return self.settings.zone

    @property
    def is_simulated(self) -> bool:
        """Whether time is a scenario's and not the real one."""
        return not isinstance(self.clock, RealClock)

    @property
    def pace(self) -> float:
        """Seconds of business time in one real second at the moment; a scenario that nobody keeps stands still."""
        if isinstance(self.clock, ScenarioClock) and not self.clock.is_running:
            return 0.0
        return self.clock.speed

    def read(self, question: Callable[[Unit], T]) -> T:
        """Ask the store something."""
        with self.database.read() as unit:
            return question(unit)

    def write(self, change: Callable[[Unit], T]) -> T:
        """Change the store; kept when this returns."""
        with self.database.write() as unit:
            return change(unit)

    async def ask(self, question: Callable[[Unit], T]) -> T:
        """Ask the store something on a thread, so that nothing else waits for it."""
        return await asyncio.to_thread(self.read, question)

    async def ask_once(self, name: str, question: Callable[[Unit], T]) -> T:
        """Ask what others ask as well, under one name."""
        return await asyncio.to_thread(self.shared.get, name, lambda: self.read(question))

    async def change(self, change: Callable[[Unit], T]) -> T:
        """Change the store on a thread."""
        return await asyncio.to_thread(self.write, change)


def of_app(request: Request) -> Services:
    """Give the services that `headend.app` has put into the app."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


Desk = Annotated[Services, Depends(of_app)]
"""Parameter of a route that needs the services."""
