"""A till in a process of its own that dies at the worst moment.

`seller.py DATA KEK URL NOW FIRST LAST DEATH` sells the messages from FIRST to LAST in three threads and prints each
answer. DEATH is `before-N` or `after-N`: killed (SIGKILL) on this or that side of its commit number N.
"""

import itertools
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from headend.fake_meters import serial_of
from openami.headend.collection.tables import open_database
from openami.headend.kit.database import Database
from openami.headend.kit.settings import Settings
from openami.headend.prepayment import vending
from openami.headend.prepayment.schemas import Tender
from openami.headend.prepayment.shop import open_shop
from openami.headend.prepayment.vending import Wish

METERS = 12
TENDERS = (Tender.CASH, Tender.CARD, Tender.TRANSFER)


def wish_of(number: int) -> Wish:
    """What message `number` asks for, the same in every process."""
    dice = Random(number)
    serial, tender = serial_of(dice.randrange(METERS)), dice.choice(TENDERS)
    if number % 3 == 0:
        return Wish(f"day-{number}", serial, units=dice.randrange(200, 4_000), tender=tender)
    return Wish(f"day-{number}", serial, money=dice.randrange(12_000, 90_000), tender=tender)


def die_at(database: Database, death: str) -> None:
    """Be killed around a commit."""
    side, number = death.split("-")
    counted = itertools.count(1)
    commit = database.dialect.commit

    def deadly(connection: object) -> None:
        is_last = next(counted) == int(number)
        if is_last and side == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        commit(connection)  # type: ignore[arg-type]
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)

    database.dialect.commit = deadly  # type: ignore[method-assign]


def main() -> None:
    data, kek, url, now, first, last, death = sys.argv[1:]
    settings = Settings(data=Path(data), kek_file=Path(kek), database_url=url)
    database = open_database(settings)
    open_shop(database, settings, lambda: float(now), is_simulated=False)
    die_at(database, death)

    def sell(number: int) -> None:
        with database.write() as unit:
            made = vending.vend(unit, wish_of(number), float(now))
        os.write(1, f"{made.message_id} {made.tokens[-1].digits}\n".encode())

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(sell, range(int(first), int(last))))


if __name__ == "__main__":
    main()
