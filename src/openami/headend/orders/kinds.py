"""Kinds of orders: what is told to a meter, how it is performed in a session, and how it is looked into afterwards.

A kind is registered by the module `performing` of its feature folder, and its name begins with that folder
(`commands.relay`, `keys.transfer`): a collector that meets an order finds its kind by that name alone.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from openami.aio.meter import Meter
from openami.core.errors import AmiError, DecodeError
from openami.headend.keys.service import KeyStore
from openami.headend.kit.database import Unit
from openami.headend.kit.settings import Settings
from openami.headend.orders.schemas import Ended, Order

B = TypeVar("B", bound=BaseModel)
T = TypeVar("T")

LIMIT_S = 60.0


class OrderFailedError(AmiError):
    """An order that was not carried out, for good, and the meter is as it was; say why in one sentence."""


class OutcomeUnknownError(AmiError):
    """Nobody can tell whether an order was carried out, nor ever will by asking the meter again."""


class Store(Protocol):
    """Runs a change of the database on the thread for it, from inside a session."""

    async def __call__(self, change: Callable[[Unit], T], /) -> T:
        """Change the store; on disk when this returns."""
        ...


@dataclass(frozen=True, slots=True)
class Session:
    """What a performer works with: the open association, and the store."""

    meter: Meter
    """Associated as the management client, ciphered."""
    order: Order
    zone: str
    """Zone of the meter."""
    now: Callable[[], float]
    """Business time."""
    store: Store
    keys: KeyStore
    settings: Settings


@dataclass(frozen=True, slots=True)
class PutOff:
    """An order that may not go out yet: until when (business time) and why."""

    until: int
    why: str


@dataclass(frozen=True, slots=True)
class Kind(Generic[B]):
    """A kind of order."""

    name: str
    """Folder of the feature, a dot, and the order's own name: `commands.relay`."""
    title: str
    payload: type[B]
    """What is told, whole; no key in it."""
    perform: Callable[[Session, B], Awaitable[BaseModel | None]]
    """Do it and see that it is done (read back). What it gives is kept as the order's result.

    `OrderFailedError`, or a refusal of the meter (`ServiceError`, `DecodeError`), ends the order as failed. A link
    that breaks leaves its outcome unknown.
    """
    look_back: Callable[[Session, B], Awaitable[BaseModel | bool | None]] | None = None
    """After an unknown outcome: ask the meter. What it came to, or True, if it was done; None or False if it was
    not, and then it is performed again. `OutcomeUnknownError` where that cannot be told. Must change nothing.
    """
    is_repeatable: bool = False
    """Done twice it is as if done once, so an unknown outcome is simply repeated."""
    is_reading: bool = False
    """Changes nothing in the meter: goes out while all commands are stopped, and may be repeated."""
    is_last: bool = False
    """Comes after everything else of a session, as the association may not outlive it."""
    limit_s: float = LIMIT_S
    """How long it may take."""
    may_begin: Callable[[Unit, Order, int, Settings], PutOff | str | None] = lambda _unit, _order, _now, _settings: None
    """Asked at the last moment, in the transaction that marks it begun: whether it has to wait (bulk limits), or why
    it is not done at all (interlocks).
    """
    settle: Callable[[Unit, Ended], None] = lambda _unit, _ended: None
    """Told in the transaction that ends it, whatever it came to."""

    def read(self, payload: object) -> B:
        """Check what is to be told."""
        try:
            return self.payload.model_validate(payload)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise DecodeError(f"{'.'.join(map(str, first['loc'])) or self.name}: {first['msg']}") from None

    def parse(self, text: str) -> B:
        """Read a payload as an order keeps it."""
        return self.read(json.loads(text))


KINDS: Final[dict[str, Kind[Any]]] = {}
"""Kinds that this process has met, by name."""


def register(kind: Kind[B]) -> Kind[B]:
    """Make a kind of order known."""
    assert kind.name not in KINDS, kind.name
    assert "." in kind.name, kind.name
    KINDS[kind.name] = kind
    return kind


def known(name: str) -> Kind[Any] | None:
    """Find a kind; None where an order was left behind by a feature that there is no longer."""
    try:
        return kind_of(name)
    except DecodeError:
        return None


def kind_of(name: str) -> Kind[Any]:
    """Find a kind, loading its feature if need be.

    Raises:
        DecodeError: there is none of that name.
    """
    if name not in KINDS:
        folder = name.partition(".")[0]
        if folder.isidentifier():
            try:
                import_module(f"openami.headend.{folder}.performing")
            except ModuleNotFoundError as error:
                if not str(error.name).startswith("openami.headend"):
                    raise
    try:
        return KINDS[name]
    except KeyError:
        raise DecodeError(f"there is no order of the kind {name!r}") from None
