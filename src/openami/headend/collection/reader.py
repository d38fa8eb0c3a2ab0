"""What the collection needs of a way to reach meters; `dlms_reader` is one, tests bring others."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from openami.aio.meter import Meter
from openami.dlms.profile import Table
from openami.dlms.security import Security, SendCounter
from openami.headend.registry.models import Item


@dataclass(frozen=True, slots=True)
class Target:
    """A meter as a reader needs it."""

    serial: str
    address: str
    port: int
    zone: str
    security: Security
    counter: SendCounter
    others: tuple[Security, ...] = ()
    """Keys that are tried when these do not open the meter (`headend.keys.rotation`)."""


class Ask(NamedTuple):
    """Rows of a profile, closing or log stamped `first` to `last`, both included; of the clock, its time."""

    item: Item
    first: int = 0
    last: int = 0


class Association(Protocol):
    """An open association with one meter."""

    async def foresee(self, asks: Sequence[Ask]) -> None:
        """Learn all that will be asked, to fetch it together where the meter can."""
        ...

    async def profile(self, ask: Ask) -> Table:
        """Read rows; nulls are filled."""
        ...

    async def clock(self, ask: Ask) -> float:
        """Read the meter's clock, epoch seconds."""
        ...

    @property
    def meter(self) -> Meter:
        """The meter itself, for what is told to it (`performers`)."""
        ...


class Reader(Protocol):
    """Opens associations. Every failure is an `AmiError`, an `OSError` or a `TimeoutError`."""

    def associate(self, target: Target) -> AbstractAsyncContextManager[Association]:
        """Associate for the length of a block."""
        ...

    async def invocation_counter(self, target: Target) -> int:
        """Read the last invocation counter that the meter took, as anybody may."""
        ...
