"""A meter on a stand: a fleet of one in a folder, a clock of any speed, dials for its load, and its front."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from openami.aio.clock import RealClock, ScenarioClock
from openami.cli.panel.hint import hint
from openami.core.errors import DefinitionError
from openami.metering import digits
from openami.meters.dials import Dialled, Dials
from openami.meters.fleet import Fleet
from openami.meters.front import Frame, Front
from openami.meters.hands import Value
from openami.meters.product import load
from openami.meters.store import Plan, Stored
from openami.sts import ndef

CLOCK_FILE = "clock.json"
SPEEDS = (1, 10, 60, 600, 3600)
TICK_S = 0.2


@dataclass(slots=True)
class Stand:
    """What a hand can do to one meter; `monotonic` tells the time by which the display turns its pages."""

    stored: Stored
    clock: ScenarioClock
    load: Dialled
    folder: Path
    front: Front
    monotonic: Callable[[], float]
    laid: dict[str, Value] = field(default_factory=dict[str, Value])
    """What was last done by each hand."""

    @property
    def fleet(self) -> Fleet:
        """The fleet of one."""
        return self.stored.fleet

    @property
    def now_ms(self) -> int:
        """Time of whoever looks."""
        return int(self.monotonic() * 1000)

    @property
    def clock_text(self) -> str:
        """What the meter's clock shows, in its own zone."""
        view = self.front.view
        return digits.moment(view.dst_rule.stamp(view.clock), "YYYY-MM-DD hh:mm:ss")

    @property
    def hint(self) -> str:
        """How to make a token for this meter; nothing where it takes none."""
        return hint(self.front.view, self.folder)

    def advance(self) -> None:
        """Let the meter live up to now."""
        self.fleet.advance_to(int(self.clock.now()))

    def look(self) -> Frame:
        """See the front as it is now."""
        self.advance()
        return self.front.look(self.now_ms)

    def press(self, button: str, held_ms: int = 0) -> bool:
        """Press a button."""
        self.advance()
        return self.front.press(button, self.now_ms, held_ms)

    def keys(self, keys: str) -> None:
        """Press keys of the keypad: digits, `*` (back), `#` (enter)."""
        self.advance()
        self.front.key(keys, self.now_ms)

    @property
    def typed(self) -> str:
        """Digits on the keypad that are not entered yet."""
        prompt = self.front.prompt
        return "" if prompt is None else prompt.part.typed(prompt.view.meter)

    def card(self, text: str) -> None:
        """Hold a card to the reader on which a till has written this text."""
        self.advance()
        self.front.card(ndef.text(text), self.now_ms)

    def turn(self, dial: str, value: float) -> None:
        """Turn a dial: first what the old setting has made is safe, then the new one, so that a kill loses neither."""
        self.advance()
        turned = self.load.dials.turned(dial, value)
        if turned == self.load.dials:
            return
        self.stored.save()
        turned.write(self.folder)
        self.load.dials = turned

    def hand(self, name: str, value: Value) -> None:
        """Do something to the meter, such as opening a cover; the same is done again after a restart."""
        self.advance()
        self.fleet.hand(0, name, value)
        self.laid[name] = value

    def run_at(self, speed: float) -> None:
        """Let the clock run so many times as fast."""
        if not SPEEDS[0] <= speed <= SPEEDS[-1]:
            raise DefinitionError(f"{speed:g}: expected {SPEEDS[0]} to {SPEEDS[-1]}", key="speed")
        self.advance()
        self.clock.stop()
        self.clock.start(speed=speed)

    async def run(self) -> None:
        """Keep up with the clock also while nobody looks, until cancelled."""
        while True:
            self.advance()
            if self.stored.journal.size:
                await self.stored.journal.commit()
            await asyncio.sleep(TICK_S)


@contextlib.asynccontextmanager
async def standing(
    product: str, folder: Path, *, speed: float, monotonic: Callable[[], float] = time.monotonic
) -> AsyncGenerator[Stand]:
    """Put a meter on the stand, new or as the folder holds it; it lives on until the block ends."""
    path = folder / CLOCK_FILE
    if not path.exists():
        ScenarioClock.create(path, epoch=float(int(RealClock().now())), speed=speed)
    async with ScenarioClock(path).running(speed=speed) as clock:
        dialled = Dialled(Dials.read(folder) or Dials(), load(product).head.phases)
        plan = Plan(product, 1, int(clock.now()), dialled.name)
        stored = Stored.open(folder, plan, dialled, now=clock.now)
        try:
            stand = Stand(stored, clock, dialled, folder, Front.of(stored.fleet), monotonic)
            stand.front = Front.of(stored.fleet, now_ms=stand.now_ms)
            living = asyncio.create_task(stand.run())
            try:
                yield stand
            finally:
                living.cancel()
                await asyncio.gather(living, return_exceptions=True)
        finally:
            stored.close()
