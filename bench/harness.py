"""One row of the table: our median beside the peer's, both measured in the same call, in turn.

A peer's figure that was not measured in this call has `(published)` after the peer's name.
"""

import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Row:
    """A figure, what the best peer does, and how far the goal is."""

    name: str
    value: float
    unit: str
    goal: float
    peer: str | None = None
    peer_value: float | None = None
    higher_is_better: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times better than the peer; of decibels, the ratio of powers."""
        if self.peer_value is None:
            return None
        if self.unit == "dB":
            return float(10 ** ((self.peer_value - self.value) / 10))
        ratio = self.value / self.peer_value
        return ratio if self.higher_is_better else 1 / ratio

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.value >= self.goal if self.higher_is_better else self.value <= self.goal

    def as_json(self) -> dict[str, Any]:
        """The row as `openami bench --json` prints it."""
        return {**asdict(self), "ratio": self.ratio, "met": self.met}


@dataclass(slots=True)
class Peer:
    """A program somebody else wrote, run in a process of its own, once per round."""

    script: str
    name: str
    orders: dict[str, Any]
    found: dict[str, list[float]] = field(default_factory=dict)

    def run(self) -> dict[str, float]:
        """One round; its figures are kept for the medians."""
        done = subprocess.run(
            [sys.executable, HERE / "peers" / self.script],
            input=json.dumps(self.orders),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{self.name} failed: {done.stderr.strip().splitlines()[-1:]}")
        figures: dict[str, float] = json.loads(done.stdout)
        for key, value in figures.items():
            self.found.setdefault(key, []).append(value)
        return figures

    def median(self, key: str) -> float:
        """Median over the rounds."""
        return statistics.median(self.found[key])


def seconds(work: Callable[[], object], *, calls: int = 1, rounds: int = ROUNDS) -> float:
    """Median seconds of one call, the garbage collector held still."""
    work()
    times: list[float] = []
    gc.disable()
    try:
        for _ in range(rounds):
            start = time.perf_counter()
            for _ in range(calls):
                work()
            times.append((time.perf_counter() - start) / calls)
    finally:
        gc.enable()
    return statistics.median(times)


def in_turn(ours: dict[str, tuple[Callable[[], object], int]], peers: list[Peer], rounds: int = 3) -> dict[str, float]:
    """Measure ours and each peer alternately, so that a busy moment of the machine hits both."""
    found: dict[str, list[float]] = {name: [] for name in ours}
    for _ in range(rounds):
        for name, (work, calls) in ours.items():
            found[name].append(seconds(work, calls=calls))
        for peer in peers:
            peer.run()
    return {name: statistics.median(values) for name, values in found.items()}


def ladder(groups: dict[str, Callable[[], Iterator[Row]]], wanted: str | None) -> Iterator[Row]:
    """All rows of the groups asked for: a group's name or the start of a row's name."""
    for name, rows in groups.items():
        if wanted is None or wanted.startswith(name) or name.startswith(wanted):
            yield from (row for row in rows() if wanted is None or row.name.startswith(wanted))
