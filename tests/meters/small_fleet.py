"""A few CompactIQ meters on a clock that a test turns, under a load it chooses, and a client."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any

import numpy as np

from openami.core.obis import OBIS
from openami.core.time import CET, CosemDateTime
from openami.cosem.objects import Attribute, Method
from openami.dlms.client import Acted, Associated, Client, Failed, Got, WasSet
from openami.dlms.data import DATE_TIME, native
from openami.dlms.security import Security, SendCounter
from openami.dlms.server import Refused
from openami.dlms.xdlms import (
    ActionResult,
    AttributeDescriptor,
    CaptureObject,
    DataAccessResult,
    RangeDescriptor,
    Selection,
)
from openami.metering.load import Minutes
from openami.meters import product
from openami.meters.build import Product
from openami.meters.fleet import Fleet
from openami.meters.identity import CLIENT_TITLE

START = int(datetime(2026, 11, 1, 23, tzinfo=UTC).timestamp())
"""Monday 2026-11-02 00:00 in the meters' zone."""

DAY_S, HOUR_S = 86_400, 3_600
INTERVALS, DAILY, MONTHLY = "1.0.99.1.0.255", "1.0.99.2.0.255", "1.0.98.1.0.255"
STANDARD, FRAUD, SESSIONS = "0.0.99.98.0.255", "0.0.99.98.1.255", "0.0.99.98.4.255"
CLOCK = CaptureObject(8, OBIS.parse("0.0.1.0.0.255"), 2)


@dataclass
class Steady:
    """The same power in every minute, on one phase unless told otherwise; each meter may have its own."""

    active_w: Any = 600
    reactive_var: Any = 0
    volts: float = 230.0
    amps: tuple[float, float, float] = (5.0, 0.0, 0.0)
    meters: int = 3

    def power(self, _start_utc: int, minutes: int) -> Minutes:
        shape = (minutes, self.meters)
        return Minutes(
            np.broadcast_to(np.int64(self.active_w) * 1000, shape).copy(),
            np.broadcast_to(np.int64(self.reactive_var) * 1000, shape).copy(),
            np.full((*shape, 3), round(self.volts * 1000), np.int32),
            np.broadcast_to(np.round(np.array(self.amps) * 1000).astype(np.int32), (*shape, 3)).copy(),
        )


@dataclass
class Turned:
    """A clock that stands until it is turned."""

    utc: float = START

    def __call__(self) -> float:
        return self.utc


@cache
def compactiq() -> Product:
    """The product, loaded once."""
    return product.load("compactiq")


@dataclass
class Company:
    """A fleet and the clock it follows."""

    load: Any = field(default_factory=Steady)
    meters: int = 3
    start_utc: int = START

    def __post_init__(self) -> None:
        self.clock = Turned(self.start_utc)
        self.fleet = Fleet.create(
            compactiq(),
            self.meters,
            start_utc=self.start_utc,
            load=self.load,
            now=self.clock,
            random=Random(7).randbytes,
        )

    def live(self, seconds: int) -> "Company":
        """Let time pass, for clock and meters."""
        self.clock.utc += seconds
        self.fleet.advance_to(int(self.clock.utc))
        return self

    def read(self, key: Attribute[Any], name: str, meter: int = 0, client: int = 1) -> Any:
        """The decoded value of an attribute, without a connection."""
        found = compactiq().by_key[key.class_id, OBIS.parse(name)]
        data = self.fleet.device(meter).get(client, key.at(name))
        return found.codec(key.name).decode(data)[0]

    def talk(self, meter: int = 0, **changes: Any) -> "Talk":
        """An association of the management client."""
        return Talk(self.fleet, meter, **changes).associate()


class Talk:
    """A client on a connection to one meter, octets carried at once both ways."""

    def __init__(
        self, fleet: Fleet, meter: int, *, client: int = 1, counter: int | None = None, **changes: Any
    ) -> None:
        held = fleet.keys.of(meter)
        facts = {
            "encryption_key": held.encryption,
            "authentication_key": held.authentication,
            "client_title": CLIENT_TITLE,
        }
        known = max(int(fleet.holding.counters.received[meter]), 0) + 1
        session = fleet.session(meter)
        assert session is not None
        self.session = session
        self.client = Client(
            client_sap=client,
            security=Security.hls5(**(facts | changes)) if client == 1 else Security.none(),
            random=Random(meter).randbytes,
            send_counter=SendCounter(known if counter is None else counter),
        )
        self.refused: list[Refused] = []

    def ask(self, request: int) -> Any:
        """Carry octets until the request is answered; its event."""
        [event] = [event for event in self.carry() if getattr(event, "id", None) == request]
        return event

    def carry(self) -> Iterator[Any]:
        """Carry octets until both ends are quiet."""
        while out := self.client.outgoing():
            for octets in out:
                events = self.session.endpoint.receive(octets, 0.0)
                self.refused += [event for event in events if isinstance(event, Refused)]
                self.session.deliver(events)
            for octets in self.session.endpoint.outgoing():
                yield from self.client.receive(octets, 0.0)

    def associate(self) -> "Talk":
        """Open the association, or fail the test."""
        event = self.ask(self.client.associate(now=0.0))
        assert isinstance(event, Associated), event
        return self

    def refusal(self) -> Exception:
        """Try to open the association; why not."""
        event = self.ask(self.client.associate(now=0.0))
        assert isinstance(event, Failed), event
        return event.error

    def release(self) -> None:
        """Close the association."""
        self.ask(self.client.release(now=0.0))

    def get(self, attribute: AttributeDescriptor, selection: Selection | None = None) -> Any:
        """One attribute as plain Python, or why not."""
        event = self.ask(self.client.get([(attribute, selection)], now=0.0))
        assert isinstance(event, Got), event
        [result] = event.results
        return native(result)[0] if isinstance(result, bytes) else result

    def rows(self, name: str, start_utc: int, end_utc: int) -> list[tuple[Any, ...]]:
        """Rows of a profile or log by range."""
        ends = [DATE_TIME.encode(CET.stamp(utc)) for utc in (start_utc, end_utc)]
        selection = RangeDescriptor(CLOCK, *ends).encode()
        found: list[tuple[Any, ...]] = self.get(AttributeDescriptor(7, OBIS.parse(name), 2), selection)
        return found

    def set(self, key: Attribute[Any], name: str, value: Any) -> DataAccessResult:
        """Write an attribute; how that ended."""
        codec = compactiq().by_key[key.class_id, OBIS.parse(name)].codec(key.name)
        event = self.ask(self.client.set([(key.at(name), None, codec.encode(value))], now=0.0))
        assert isinstance(event, WasSet), event
        [result] = event.results
        return result

    def act(self, key: Method[Any, Any], name: str, value: Any = 0) -> ActionResult:
        """Invoke a method; how that ended."""
        event = self.ask(self.client.action([(key.at(name), key.codec.encode(value))], now=0.0))
        assert isinstance(event, Acted), event
        [(result, _)] = event.results
        return result


def utc_of(stamp: bytes) -> int:
    """UTC second of an encoded date-time."""
    return CosemDateTime.decode(stamp).to_utc()
