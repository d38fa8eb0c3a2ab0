"""What pages and routes work with: the store, the clock, and the collector of this process if it has one."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Protocol, TypeVar, cast

from fastapi import Depends, Request

from openami.aio.clock import Clock, RealClock, ScenarioClock
from openami.headend.kit.access import NOBODY, SYSTEM, Acting, Actor, Gate, Means, Permission, bind, demand, scopes
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
    """Opened once for a process, and handed on for each who asks (`acting`); safe to use from any thread."""

    settings: Settings
    clock: Clock
    database: Database
    collector: Collector | None = None
    """None when the meters are read by other processes, or not at all."""
    shared: Shared = field(default_factory=Shared)
    actor: Actor = SYSTEM
    """For whom: their rights are asked in every unit of work, as they are at that moment."""
    gate: Gate | None = None

    def acting(self, actor: Actor) -> "Services":
        """Give the same to somebody."""
        return replace(self, actor=actor)

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

    def _bound(self, unit: Unit) -> Acting | None:
        """Let a unit be done for the actor, who has to be somebody."""
        if self.actor.means is Means.SYSTEM:
            return None
        assert self.gate is not None
        acting = bind(unit, self.actor, self.gate)
        demand(unit, None)
        return acting

    def read(self, question: Callable[[Unit], T], needs: Permission | None = Permission.VIEW) -> T:
        """Ask the store something. Where no command of a service has asked for a right, it takes `needs`."""
        with self.database.read() as unit:
            acting = self._bound(unit)
            answer = question(unit)
            if acting is not None and not acting.asked:
                demand(unit, needs)
            return answer

    def write(self, change: Callable[[Unit], T], needs: Permission | None = Permission.OPERATE) -> T:
        """Change the store; kept when this returns. Where no command has asked for the right to, it takes `needs`."""
        with self.database.write() as unit:
            acting = self._bound(unit)
            answer = change(unit)
            if acting is not None and not acting.asked - {Permission.VIEW}:
                demand(unit, needs)
        if acting is not None and acting.is_audited and self.gate is not None:
            self.gate.kept(self.database)
        return answer

    async def ask(self, question: Callable[[Unit], T], needs: Permission | None = Permission.VIEW) -> T:
        """Ask the store something on a thread, so that nothing else waits for it."""
        return await asyncio.to_thread(self.read, question, needs)

    async def ask_once(self, name: str, question: Callable[[Unit], T]) -> T:
        """Ask what others who may see the same ask as well, under one name."""
        return await asyncio.to_thread(self._read_once, name, question)

    def _read_once(self, name: str, question: Callable[[Unit], T]) -> T:
        places = self.read(lambda unit: scopes(unit, Permission.VIEW))
        return self.shared.get(f"{name} {places}", lambda: self.read(question))

    async def change(self, change: Callable[[Unit], T], needs: Permission | None = Permission.OPERATE) -> T:
        """Change the store on a thread."""
        return await asyncio.to_thread(self.write, change, needs)


def of_app(request: Request) -> Services:
    """Give the services that `headend.app` has put into the app, for whoever sends this request."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services.acting(whoever(request))


def whoever(request: Request) -> Actor:
    """Tell who sends a request, as the door has found out; nobody, where it did not look."""
    found = getattr(request.state, "actor", NOBODY)
    assert isinstance(found, Actor)
    return found


Desk = Annotated[Services, Depends(of_app)]
"""Parameter of a route that needs the services."""
