"""Invocation counters: one per key and direction, only ever upwards (Green Book, 9.2.3.3).

A value used twice under one key gives away the key stream, so a sender makes a stride of values
durable before it uses the first of them, and a receiver takes only values above the last good one.
"""

from collections.abc import Callable
from typing import Final, Protocol

from openami.core.errors import SecurityError

STRIDE: Final = 1_000
LAST: Final = 0xFFFF_FFFF


class CounterError(SecurityError):
    """A counter that was used before; `expected` is the lowest value that will be taken."""

    def __init__(self, message: str, *, expected: int) -> None:
        super().__init__(message)
        self.expected = expected


class SendCounter:
    """Counter of what we protect under one key.

    `reserve(limit)` is called before the first value of each stride is used and must make it durable
    that all values below `limit` are spent; after a restart counting goes on at `limit`.
    """

    __slots__ = ("_limit", "_next", "_reserve", "_stride")

    def __init__(self, start: int = 0, reserve: Callable[[int], None] | None = None, *, stride: int = STRIDE) -> None:
        self._next = self._limit = start
        self._reserve = reserve
        self._stride = stride

    @property
    def next(self) -> int:
        """Value the next protected APDU will carry."""
        return self._next

    def take(self) -> int:
        """Spend one value; refused at the end of the range, where only a new key helps."""
        value = self._next
        if value >= self._limit:
            self._extend(value)
        self._next = value + 1
        return value

    def advance(self, value: int) -> None:
        """Go on at `value` (a peer told what it expects); never backwards."""
        if not self._next <= value <= LAST:
            raise CounterError(f"send counter {self._next} cannot go to {value}", expected=self._next)
        self._next = value
        self._limit = max(self._limit, value)

    def _extend(self, value: int) -> None:
        if value > LAST:
            message = "invocation counter is at the end of its range, the key must be changed"
            raise SecurityError(message)
        limit = min(value + self._stride, LAST + 1)
        if self._reserve is not None:
            self._reserve(limit)
        self._limit = limit


class ReceiveCounter:
    """Highest value seen from a peer under one key; -1 before the first."""

    __slots__ = ("last",)

    def __init__(self, last: int = -1) -> None:
        self.last = last

    def accept(self, value: int) -> None:
        """Remember a value whose tag has verified."""
        self.last = value


class Received(Protocol):
    """What a channel needs to know of received counters: `ReceiveCounter`, or a view of a store."""

    @property
    def last(self) -> int:
        """Highest value accepted so far; -1 before the first."""
        ...

    def accept(self, value: int) -> None:
        """Remember a value whose tag has verified."""
        ...


class Counters(Protocol):
    """Store of a server's counters. `key` is "global"; dedicated keys live in the association.

    Clients that share one encryption key must share one `next_send` as well: it is the key and
    our system title that make the nonce, not the client.
    """

    def received(self, client_sap: int, key: str) -> int:
        """Highest value accepted from this client; -1 before the first."""
        ...

    def accept(self, client_sap: int, key: str, value: int) -> None:
        """Remember `value`; it must be durable before the answer leaves."""
        ...

    def next_send(self, client_sap: int, key: str) -> int:
        """Spend one value of our own counter; durable in strides before use."""
        ...
