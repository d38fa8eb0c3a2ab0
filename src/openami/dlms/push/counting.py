"""Counters of what was received: a store for all meters, and what one APDU notes before it is proved genuine."""

from typing import Protocol


class Counters(Protocol):
    """Store of what was received last from each meter, for each kind of key (names of `security.material`)."""

    def received(self, title: bytes, key: str) -> int:
        """Highest value accepted; -1 before the first."""
        ...

    def accept(self, title: bytes, key: str, value: int) -> None:
        """Remember a value that is proved genuine; durable before the push is confirmed."""
        ...


class MemoryCounters:
    """Counters that last as long as the process: what was heard before it began can be played again."""

    def __init__(self) -> None:
        self._last: dict[tuple[bytes, str], int] = {}

    def received(self, title: bytes, key: str) -> int:
        """Highest value accepted; -1 before the first."""
        return self._last.get((title, key), -1)

    def accept(self, title: bytes, key: str, value: int) -> None:
        """Remember a value; there are no more of them than meters whose keys are known."""
        self._last[title, key] = value


class Seen:
    """A counter as one APDU sees it."""

    __slots__ = ("last", "value")

    def __init__(self, last: int) -> None:
        self.last = last
        self.value: int | None = None

    def accept(self, value: int) -> None:
        """Note the value of this APDU."""
        self.value = value


class Counting:
    """The counters of one meter while one of its APDUs is opened."""

    __slots__ = ("_counters", "_seen", "_title")

    def __init__(self, counters: Counters, title: bytes) -> None:
        self._counters = counters
        self._title = title
        self._seen: dict[str, Seen] = {}

    def received(self, name: str) -> Seen:
        """The counter of a kind of key."""
        if name not in self._seen:
            self._seen[name] = Seen(self._counters.received(self._title, name))
        return self._seen[name]

    @property
    def value(self) -> int | None:
        """The invocation counter of the APDU, or its transaction where it is signed alone."""
        return next((seen.value for seen in self._seen.values() if seen.value is not None), None)

    def keep(self) -> None:
        """Remember what was noted."""
        for name, seen in self._seen.items():
            if seen.value is not None:
                self._counters.accept(self._title, name, seen.value)
