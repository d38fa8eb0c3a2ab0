"""Reading one meter now, for somebody who waits: asked for before all others, answered when done or failed."""

import asyncio
import time
from dataclasses import dataclass

from openami.headend.collection.service import OpenItem, Session, open_items, read_now, sessions
from openami.headend.collection.work import plan
from openami.headend.kit.database import Unit
from openami.headend.web.services import Services

POLL_S = 0.1
WAIT_S = 30.0
ALWAYS_DUE = 0
"""`read_now` makes items due at the beginning of time; one that has come in is due in the future again."""

NO_WORK = "there is nothing to read of this meter: it is not in use, or has no such item"
NOBODY = "no collector has taken it up yet; it comes first as soon as one runs"
UNDER_WAY = "it is still being read"


@dataclass(frozen=True, slots=True)
class Answer:
    """How reading on demand went."""

    is_read: bool
    is_over: bool
    """Whether the outcome is known; if not, the meter goes on coming first."""
    reason: str | None
    """Why not, or not yet."""
    session: Session | None
    """The last session with the meter."""


async def read_on_demand(desk: Services, serial: str, items: tuple[str, ...] = (), *, wait_s: float = WAIT_S) -> Answer:
    """Ask for a meter to be read before all others, and wait for the outcome."""
    if not await desk.change(lambda unit: _demand(desk, unit, serial, items)):
        return Answer(is_read=False, is_over=True, reason=NO_WORK, session=None)
    deadline = time.monotonic() + wait_s
    while True:
        await asyncio.sleep(POLL_S)
        answer = await desk.ask(lambda unit: _look(unit, serial, items))
        if answer.is_over or time.monotonic() > deadline:
            return answer


def _demand(desk: Services, unit: Unit, serial: str, items: tuple[str, ...]) -> int:
    """Put the items first; a meter that has just come in gets its work before that. -> number of items."""
    plan(unit, desk.settings.items)
    return read_now(unit, serial, items)


def _look(unit: Unit, serial: str, items: tuple[str, ...]) -> Answer:
    """Look at what has become of the items that were asked for."""
    asked = [item for item in open_items(unit, serial) if item.due == ALWAYS_DUE and (not items or item.item in items)]
    session = next(iter(sessions(unit, serial, 1)), None)
    failed = [item for item in asked if _has_failed(item)]
    if len(failed) < len(asked):
        is_held = any(item.is_leased for item in asked)
        return Answer(is_read=False, is_over=False, reason=UNDER_WAY if is_held else NOBODY, session=session)
    reason = failed[0].reason if failed else None
    return Answer(is_read=not failed, is_over=True, reason=reason, session=session)


def _has_failed(item: OpenItem) -> bool:
    return item.attempts > 0 and not item.is_leased and item.reason is not None
