"""What the collection needs of a way to reach meters; `dlms_reader` is one, tests bring others."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

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


class Association(Protocol):
    """An open association with one meter."""

    async def profile(self, item: Item, first: int, last: int) -> Table:
        """Read rows of a profile, closing or log stamped first to last, both included; nulls are filled."""
        ...

    async def clock(self) -> float:
        """Read the meter's clock, epoch seconds."""
        ...


class Reader(Protocol):
    """Opens associations. Every failure is an `AmiError`, an `OSError` or a `TimeoutError`."""

    def associate(self, target: Target) -> AbstractAsyncContextManager[Association]:
        """Associate for the length of a block."""
        ...

    async def invocation_counter(self, target: Target) -> int:
        """Read the last invocation counter that the meter took, as anybody may."""
        ...
