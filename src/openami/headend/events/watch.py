"""What goes on by itself: pushes are taken, outages settled, alarms cleared in the meters, people told."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import structlog

from openami.aio.clock import Clock
from openami.headend.events import clearing, notices, rules
from openami.headend.events.channels import ChannelError, send
from openami.headend.events.listening import Intake
from openami.headend.events.notices import Notice
from openami.headend.events.threads import wholly
from openami.headend.kit.database import Database, Unit
from openami.headend.kit.errors import StoreError
from openami.headend.kit.settings import Settings
from openami.headend.outage import engine, telling

log = structlog.get_logger(__name__)

T = TypeVar("T")
AT_ONCE = 20


def settle(unit: Unit, now: float, settings: Settings) -> None:
    """Do what is due by business time."""
    watch = settings.watch
    telling.tell(unit, engine.settle(unit, now, watch), now, watch)
    rules.expire(unit, now)
    clearing.order_due(unit, now, watch)
    if watch.channels:
        notices.escalate(unit, now, is_storm=engine.storm_since(unit) is not None)


class Watch:
    """One for a service; several services on one database share the work."""

    def __init__(self, settings: Settings, clock: Clock, database: Database) -> None:
        self.settings, self.clock, self.database = settings, clock, database
        self.intake = Intake(settings, clock, database) if settings.watch.listen else None

    async def until(self, draining: asyncio.Event) -> None:
        """Watch until told to stop; what has arrived is stored before it ends."""
        watching, told = asyncio.create_task(self.run()), asyncio.create_task(draining.wait())
        try:
            await asyncio.wait((watching, told), return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
        finally:
            for task in (watching, told):
                task.cancel()
            await asyncio.gather(watching, told, return_exceptions=True)

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            if self.intake is not None:
                group.create_task(self.intake.run())
            group.create_task(self._tick())

    async def _tick(self) -> None:
        while True:
            try:
                await self.once()
            except StoreError as error:
                log.debug("watching put off", reason=str(error))
            await asyncio.sleep(self.settings.watch.tick_s)

    async def once(self) -> None:
        """Do what is due, and tell people."""
        await self._write(lambda unit: settle(unit, self.clock.now(), self.settings))
        if not self.settings.watch.channels:
            return
        told = await self._write(lambda unit: notices.claim(unit, self.settings.watch.attempts, AT_ONCE))
        await asyncio.gather(*(self._tell(notice) for notice in told))

    async def _tell(self, notice: Notice) -> None:
        try:
            await send(self.settings.watch.channels, notice.channel, notice.subject, notice.body)
        except ChannelError as error:
            reason = str(error)
            log.warning("notice not told", channel=notice.channel, reason=reason)
            await self._write(lambda unit: notices.failed(unit, notice, reason))
        else:
            await self._write(lambda unit: notices.sent(unit, notice.id, self.clock.now()))

    async def _write(self, change: Callable[[Unit], T]) -> T:
        return await wholly(lambda: self._change(change))

    def _change(self, change: Callable[[Unit], T]) -> T:
        with self.database.write() as unit:
            return change(unit)
