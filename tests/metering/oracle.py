"""A meter written second by second, with zoneinfo: what the array laws are held against."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
WH_MJ = 3_600_000
DST, POWER_DOWN = 0x08, 0x80


def local(utc):
    return datetime.fromtimestamp(utc, UTC).astimezone(AMSTERDAM)


class Meter:
    """One meter with the Dutch two rates; a clock wrong by `offset_s`; outages as (from, to)."""

    def __init__(self, start, offset_s=0, outages=()):
        self.now, self.offset, self.outages = start, offset_s, outages
        self.registers = {sign: [0, 0] for sign in "+-"}
        self.below = {"+": 0, "-": 0}
        self.off_at = None
        self.pending = dict.fromkeys(("interval", "daily", "monthly"), 0)
        self.rows = {name: [] for name in self.pending}
        self.events, self.failures = [], []

    def run(self, until, load):
        while self.now < until:
            clock = self.now + self.offset
            if self.off_at is None:
                self.count(int(load.power(self.now - self.now % 60, 1).active_mw[0, 0]), self.rate(clock))
            self.now += 1
            if self.off_at is None and not (clock + 1) % 900:
                self.close(clock + 1)
            for begin, end in self.outages:
                if self.now == begin:
                    self.off_at = self.now
                    self.events.append((clock + 1, 1))
                if self.now == end:
                    self.come_back(clock + 1)

    def count(self, power_mw, rate):
        sign = "+" if power_mw > 0 else "-"
        self.below[sign] += abs(power_mw)
        while self.below[sign] >= WH_MJ:
            self.below[sign] -= WH_MJ
            self.registers[sign][rate - 1] += 1

    def rate(self, clock):
        at = local(clock - clock % 900)
        return 2 if at.weekday() < 5 and 7 <= at.hour < 23 else 1

    def due(self, clock):
        at = local(clock)
        yield "interval"
        if (at.hour, at.minute) == (0, 0):
            yield "daily"
            if at.day == 1:
                yield "monthly"

    def close(self, clock):
        for name in self.due(clock):
            self.row(name, clock)
        if local(clock).dst() != local(clock - 1).dst():
            self.events.append((clock, 3))

    def row(self, name, clock):
        at = local(clock)
        deviation = -int(at.utcoffset() / timedelta(minutes=1))
        status = self.pending[name] | (DST if at.dst() else 0)
        plus, minus = self.registers["+"], self.registers["-"]
        values = (sum(plus), sum(minus)) if name == "interval" else (*plus, *minus)
        self.rows[name].append((clock, deviation, status, *values))
        self.pending[name] = 0

    def come_back(self, clock):
        duration = self.now - self.off_at
        self.events.append((clock, 2))
        if duration > 180:
            self.failures.append((clock, duration))
        missed = {}
        for instant in range(clock - duration + 1, clock + 1):
            if not instant % 900:
                missed |= {name: instant for name in self.due(instant) if name != "interval"}
        self.off_at = None
        for name, instant in missed.items():
            self.pending[name] |= POWER_DOWN
            self.row(name, instant)
        self.pending = {name: bits | POWER_DOWN for name, bits in self.pending.items()}
