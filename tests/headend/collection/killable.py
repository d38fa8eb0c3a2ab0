"""A collector in a process of its own, for tests that kill it.

`killable.py DATA KEK URL NOW COUNT LOG DELAY once|loop`.

Every invocation counter it uses is written to LOG before it is used.
"""

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from headend.fake_meters import FakeReader, ManualClock, serial_of
from openami.headend.collection.reader import Target
from openami.headend.collection.worker import run
from openami.headend.kit.settings import Settings

SINCE = 1_784_325_600  # 2026-07-18 00:00 in Amsterdam


class LoggingReader(FakeReader):
    def __init__(self, clock: ManualClock, count: int, log: Path, delay_s: float) -> None:
        super().__init__(clock, SINCE, count, delay_s=delay_s)
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def associate(self, target: Target):
        os.write(self.log, f"{target.serial} {target.counter.next}\n".encode())
        return super().associate(target)


def main() -> None:
    data, kek, url, now, count, log, delay, how = sys.argv[1:]
    settings = Settings(
        data=Path(data), kek_file=Path(kek), database_url=url, claim_meters=8, group_s=0.005, poll_s=0.01, lease_s=5
    )
    reader = LoggingReader(ManualClock(float(now)), int(count), Path(log), float(delay))
    assert serial_of(0) in reader.meters
    print(asyncio.run(run(settings, reader.clock, once=how == "once", reader=reader)), flush=True)


if __name__ == "__main__":
    main()
