"""Orders that are performed in the sessions of the collection: what a feature above does to tell meters something.

How to use it, in `headend/<feature>/performing.py` (loaded by name when a collector first meets such an order):

    class Mode(BaseModel):            # the payload: whole, and without any key
        mode: int

    async def set_mode(session: Session, wanted: Mode) -> Read:
        await session.meter.set(DisconnectControl.control_mode, "0.0.96.3.10.255", wanted.mode)
        return Read(mode=await session.meter.get(DisconnectControl.control_mode, "0.0.96.3.10.255"))

    async def has_mode(session: Session, wanted: Mode) -> bool:        # after an unknown outcome
        return await session.meter.get(DisconnectControl.control_mode, "0.0.96.3.10.255") == wanted.mode

    SET_MODE = register(Kind("<feature>.mode", "Set the control mode", Mode, set_mode, look_back=has_mode))

and in the service, once the right was asked for (or in the `execute` of a `Guarded` proposal):

    number = enqueue(unit, meter, SET_MODE, Mode(mode=4), Wish(now=desk.now))

All of these come from `headend.orders` (`kinds`, `queue`), which lies low enough for `headend.keys` to use it too.
States: queued, leased (a collector has it), done, failed (not carried out, the meter is as it was), unknown, cancelled.

An order is marked begun, on disk, before its first octet leaves. From then on nothing is ever repeated blindly: when
the link broke or the collector was killed, the next session first asks `look_back`; without one (and not
`is_repeatable`) the order ends as unknown. `session.store(change)` runs a change of the database in the middle of an
order and returns once it is on disk (escrow before a key is sent; blocks that were transferred). `Kind.settle` is
told in the transaction that ends an order. Tests: `switch.commission(unit)` first, for a new installation only reads.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import structlog
from pydantic import BaseModel

from openami.aio.meter import Meter
from openami.core.errors import AmiError, DecodeError, ServiceError
from openami.headend.collection.jobs import Job
from openami.headend.collection.reader import Target
from openami.headend.keys import rotation
from openami.headend.keys.service import KeyStore
from openami.headend.kit.database import Unit
from openami.headend.kit.settings import Settings
from openami.headend.orders.kinds import Kind, OrderFailedError, OutcomeUnknownError, Session, kind_of
from openami.headend.orders.queue import begin, canonical
from openami.headend.orders.schemas import Ended, Order, State

log = structlog.get_logger(__name__)

T = TypeVar("T")

BROKEN = (AmiError, OSError, TimeoutError)
REFUSED = (ServiceError, DecodeError, OrderFailedError)
NOT_KNOWN = "it was begun, and nobody can tell whether it was carried out"


@dataclass(slots=True)
class Performers:
    """Performs the orders of jobs; one for a collector."""

    worker: str
    settings: Settings
    now: Callable[[], float]
    write: Callable[[Callable[[Unit], Any]], Awaitable[Any]]
    """Runs a change of the database on the thread for it, in a transaction of its own."""
    keys: Callable[[], KeyStore]

    async def perform(self, job: Job, meter: Meter, ended: dict[int, Ended], *, is_last: bool) -> None:
        """Perform those orders of a job that come before its reading, or after; what becomes of each goes in `ended`.

        Raises what a broken link raises; by then `ended` holds how far it has come.
        """
        for order in job.orders:
            kind = kind_of(order.kind)
            if kind.is_last == is_last:
                await self._one(job, kind, order, meter, ended)

    async def opened(self, target: Target) -> None:
        """Note which keys a meter has, of those that it might have had."""
        keys = target.security.keys
        if keys is not None:
            await self._store(lambda unit: rotation.opened(unit, self.keys(), target.serial, keys, self.now()))

    async def _one(self, job: Job, kind: Kind[Any], order: Order, meter: Meter, ended: dict[int, Ended]) -> None:
        session = Session(meter, order, job.meter.zone, self.now, self._store, self.keys(), self.settings)
        payload = kind.parse(order.payload)
        if order.begun is not None:
            ended[order.id] = Ended(order, State.UNKNOWN, reason=NOT_KNOWN, is_final=False)
            if (known := await self._look_back(kind, session, payload)) is not None:
                ended[order.id] = known
                return
        refused = await self._store(lambda unit: begin(unit, order, self.worker, self.now(), self.settings))
        if refused is not None:
            ended[order.id] = refused
            return
        begun = replace(order, begun=int(self.now()))
        ended[order.id] = Ended(begun, State.UNKNOWN, reason=NOT_KNOWN, is_final=False)
        ended[order.id] = await _finished(kind, session, payload, begun)

    async def _look_back(self, kind: Kind[Any], session: Session, payload: BaseModel) -> Ended | None:
        """Find out what became of an order; None: it was not carried out, or may be repeated."""
        order = session.order
        if kind.is_repeatable or kind.is_reading:
            return None
        if kind.look_back is None:
            return Ended(order, State.UNKNOWN, reason=NOT_KNOWN)
        try:
            async with asyncio.timeout(kind.limit_s):
                found = await kind.look_back(session, payload)
        except (*REFUSED, OutcomeUnknownError) as error:
            return Ended(order, State.UNKNOWN, reason=f"{NOT_KNOWN}: {error}")
        if found is None or found is False:
            return None
        return Ended(order, State.DONE, canonical(found) if isinstance(found, BaseModel) else None)

    async def _store(self, change: Callable[[Unit], T], /) -> T:
        result: T = await self.write(change)
        return result


async def _finished(kind: Kind[Any], session: Session, payload: BaseModel, order: Order) -> Ended:
    began = time.monotonic()
    try:
        async with asyncio.timeout(kind.limit_s):
            result = await kind.perform(session, payload)
    except REFUSED as error:
        return Ended(order, State.FAILED, reason=str(error) or type(error).__name__)
    except OutcomeUnknownError as error:
        return Ended(order, State.UNKNOWN, reason=str(error))
    except BROKEN:
        raise
    except Exception as error:
        log.exception("order broke", order=order.id, kind=order.kind, meter=order.serial)
        return Ended(order, State.UNKNOWN, reason=f"internal error in {kind.name}: {type(error).__name__}")
    log.debug("order done", order=order.id, kind=order.kind, seconds=round(time.monotonic() - began, 3))
    return Ended(order, State.DONE, canonical(result) if result is not None else None)
