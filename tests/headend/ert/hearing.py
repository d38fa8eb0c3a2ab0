"""An endpoint that counts, and what a receiver hears of it."""

from collections.abc import Iterable, Sequence

import numpy as np

from openami.headend.ert.endpoints import Wanted, promote
from openami.headend.ert.overheard import Overheard
from openami.headend.kit.database import Database
from openami.phy.ert import IDM, SCM, Message, decode

ZONE = "Europe/Amsterdam"
START = 1_793_574_000
"""2026-11-02 00:00 in that zone."""
SERIAL = "OAMSIM00000000126"


class Counting:
    """An endpoint with so many counts in each interval; `at` is seconds since `START`."""

    def __init__(self, endpoint: int = 66_000_007, steps: Sequence[int] = (3, 1, 4, 1, 5, 9, 2, 6) * 60) -> None:
        self.endpoint = endpoint
        self.totals = 500 + np.concatenate([[0], np.cumsum(steps)])
        self.tampers = [0] * 6

    def idm(self, at: float) -> Overheard:
        number, since = divmod(at, 300.0)
        done = int(number)
        steps = np.diff(self.totals[: done + 1])[::-1][:47]
        message = IDM(4, 20, self.endpoint, done % 256, int(self.totals[done]) % (1 << 32),
                      tuple(np.pad(steps, (0, 47 - len(steps))).tolist()),
                      tamper_counters=bytes(self.tampers), transmit_time_offset=int(since * 16))  # fmt: skip
        return self.through(at, message)

    def scm(self, at: float) -> Overheard:
        count = int(np.interp(at / 300, np.arange(len(self.totals)), self.totals))
        return self.through(at, SCM(self.endpoint, 4, count % (1 << 24), self.tampers[1] % 4, self.tampers[0] % 4))

    @staticmethod
    def through(at: float, message: Message) -> Overheard:
        """As it comes out of its octets."""
        return Overheard(START + at, decode(message.encode()), -30.0)

    def day(self, every_s: float = 1_234.5, until: float = 86_700.0) -> list[Overheard]:
        """An IDM every so often, an SCM a moment before."""
        times = np.arange(every_s, until, every_s).tolist()
        return [heard for at in times for heard in (self.scm(at - 0.5), self.idm(at))]

    @property
    def wh(self) -> dict[int, int]:
        """Register at the end of each interval, by UTC."""
        return {START + 300 * number: int(total) * 10 for number, total in enumerate(self.totals)}


def owned(database: Database, endpoints: Iterable[Counting], *, serials: Sequence[str] = (SERIAL,)) -> None:
    with database.write() as unit:
        for each, serial in zip(endpoints, serials, strict=True):
            promote(unit, Wanted(each.endpoint, serial), default_zone=ZONE, at=START)
