"""One meter of any product on a bench: a load that is set, a clock that is turned, clients, hands, a restart.

Values are read and written through the COSEM objects, with the rights of the client that asks.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from math import cos, radians, sin
from random import Random
from typing import Any, Self

import numpy as np
import pytest

from openami.core.time import CosemDateTime
from openami.cosem.objects import Attribute, Method
from openami.dlms.client import Acted, Associated, Client, Failed, Got, WasSet
from openami.dlms.data import native
from openami.dlms.hdlc import PrimaryStation, SecondaryStation, ServerAddress
from openami.dlms.security import Security, SendCounter
from openami.dlms.xdlms import ActionResult, AttributeDescriptor, DataAccessResult, MethodDescriptor
from openami.metering.load import Minutes
from openami.meters import product
from openami.meters.build import Definition, Product
from openami.meters.fleet import Fleet
from openami.meters.front import Front
from openami.meters.hands import Value
from openami.meters.holding import Holding
from openami.meters.identity import CLIENT_TITLE

START = int(datetime(2026, 11, 1, 23, tzinfo=UTC).timestamp())
"""Monday 2026-11-02 00:00 in the meter's zone."""
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
MANAGEMENT, READER, PUBLIC = 1, 2, 16
PER_PHASE = (float, int)


@dataclass(frozen=True)
class Setting:
    """What the bench gives: volts, amperes and the angle by which the current lags, for each phase; neutral, Hz."""

    volts: tuple[float, ...]
    amps: tuple[float, ...]
    degrees: tuple[float, ...]
    neutral: float | None = None
    hz: float | None = None


@dataclass
class Bench:
    """A load that is set: each setting holds from its minute on, so that any minute can be asked for again."""

    phases: int
    settings: list[tuple[int, Setting]]

    def set(self, utc: int, **changes: Any) -> None:
        """Change some of what is given from the next full minute on; one number stands for all phases."""
        held = self.settings[-1][1]
        made = {name: getattr(held, name) for name in ("volts", "amps", "degrees", "neutral", "hz")}
        for name, value in changes.items():
            per_phase = name in ("volts", "amps", "degrees")
            made[name] = (value,) * self.phases if per_phase and isinstance(value, PER_PHASE) else value
        self.settings.append((-(-utc // MINUTE_S) * MINUTE_S, Setting(**made)))

    def at(self, utc: int) -> Setting:
        """What is given at a moment."""
        return next(setting for since, setting in reversed(self.settings) if since <= utc)

    def power(self, start_utc: int, minutes: int) -> Minutes:
        """Load of each minute (`load.Load`)."""
        given = [self.at(start_utc + MINUTE_S * minute) for minute in range(minutes)]
        active, reactive = (
            np.array([[[round(1000 * u * i * turn(radians(d)))
                        for u, i, d in zip(s.volts, s.amps, s.degrees, strict=True)]] for s in given], np.int64)
            for turn in (cos, sin)
        )  # fmt: skip
        volts, amps = (
            np.array([[[round(1000 * value) for value in getattr(s, name)]] for s in given], np.int32)
            for name in ("volts", "amps")
        )
        neutral, hertz = (
            None if getattr(given[0], name) is None
            else np.array([[round(1000 * getattr(s, name))] for s in given], np.int32)
            for name in ("neutral", "hz")
        )  # fmt: skip
        return Minutes.of_phases(active, reactive, volts, amps, neutral_ma=neutral, frequency_mhz=hertz)


@dataclass
class Turned:
    """A clock that stands until it is turned."""

    utc: float = START

    def __call__(self) -> float:
        return self.utc


@dataclass
class Records:
    """A journal in memory."""

    kept: list[bytes] = field(default_factory=list)

    def append(self, payload: bytes) -> None:
        """Put one record behind the others."""
        self.kept.append(payload)

    async def commit(self) -> None:
        """All of it is durable."""


class Standing:
    """One meter of a product, `Standing("ad11a", amps=10)`."""

    def __init__(self, slug: str, *, start_utc: int = START, **load: Any) -> None:
        self.product: Product = product.load(slug)
        phases = self.product.head.phases
        nominal = nominal_v(self.product)
        self.bench = Bench(phases, [(0, Setting((nominal,) * phases, (0.0,) * phases, (0.0,) * phases))])
        if load:
            self.bench.set(0, **load)
        self.clock = Turned(start_utc)
        self.journal = Records()
        self.fleet = Fleet.create(
            self.product, 1, start_utc=start_utc, load=self.bench, now=self.clock, random=Random(7).randbytes,
        )  # fmt: skip
        self.fleet.journal = self.journal
        self.kept = self.fleet.holding.snapshot()
        self.front = Front.of(self.fleet)
        self.ms = 0

    # Time and load

    @property
    def now(self) -> int:
        """True UTC."""
        return int(self.clock.utc)

    def live(self, seconds: float) -> Self:
        """Let time pass, for clock, meter and onlooker."""
        self.clock.utc += seconds
        self.ms += round(seconds * 1000)
        self.fleet.advance_to(self.now)
        return self

    def until(self, text: str) -> Self:
        """Let time pass until a UTC moment, `"2026-12-01 00:00"`."""
        return self.live(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() - self.clock.utc)

    def set_load(self, **changes: Any) -> Self:
        """Change the load: volts, amps, degrees, neutral, hz; from the next full minute on."""
        self.bench.set(self.now, **changes)
        return self

    # Objects

    def object(self, name: str) -> tuple[Definition, int]:
        """Definition and number of `object`, `object.attribute` or `object.method`."""
        title, _, member = name.partition(".")
        definition = self.product.by_name[title]
        names = definition.interface.names | {m.name: n for n, m in definition.interface.methods.items()}
        return definition, names[member or "value"]

    def read(self, name: str, client: int = MANAGEMENT) -> Any:
        """Decoded value of `object.attribute` (or of `object.value`); an AccessError is the meter's refusal."""
        definition, number = self.object(name)
        octets = self.fleet.device(0).get(client, AttributeDescriptor(*definition.key, number))
        return definition.codec(definition.interface.attributes[number].name).decode(octets)[0]

    def write(self, name: str, value: Any, client: int = MANAGEMENT) -> DataAccessResult:
        """Write an attribute; how that ended."""
        definition, number = self.object(name)
        data = definition.codec(definition.interface.attributes[number].name).encode(value)
        item = (AttributeDescriptor(*definition.key, number), None, data)
        return self.fleet.write(0, self.fleet.device(0), client, item)

    def act(self, name: str, value: Any = 0, client: int = MANAGEMENT) -> ActionResult:
        """Invoke a method; how that ended."""
        definition, number = self.object(name)
        data = definition.interface.methods[number].codec.encode(value)
        item = (MethodDescriptor(*definition.key, number), data)
        return self.fleet.act(0, self.fleet.device(0), client, item)[0]

    def rows(self, name: str, client: int = MANAGEMENT) -> list[tuple[Any, ...]]:
        """Rows of a profile or log, oldest first, as plain Python."""
        definition, number = self.object(f"{name}.buffer")
        octets = self.fleet.device(0).get(client, AttributeDescriptor(*definition.key, number))
        found: list[tuple[Any, ...]] = native(octets)[0]
        return found

    def events(self, log: str) -> list[int]:
        """Codes of an event log, oldest first."""
        return [row[1] for row in self.rows(log)]

    # Hands

    def hand(self, name: str, value: Value = None) -> Self:
        """Let a hand do something now."""
        self.fleet.hand(0, name, value)
        return self

    def press(self, button: str = "scroll", held_ms: int = 200) -> Self:
        """Press a button."""
        assert self.front.press(button, self.ms, held_ms)
        return self

    @cached_property
    def keys(self) -> Any:
        """Keys of the meter."""
        return self.fleet.keys.of(0)

    # A kill

    def restart(self) -> Self:
        """Kill the meter now; it comes back from its first snapshot and the journal."""
        holding = Holding.restore(self.product, self.kept, self.clock)
        keys, records, self.journal = self.fleet.keys, self.journal.kept, Records()
        self.fleet = Fleet(
            holding, keys, self.bench, random=Random(7).randbytes, vending=self.fleet.holding.vending,
        )  # fmt: skip
        for payload in records:
            self.fleet.replay(payload)
        self.fleet.advance_to(self.now)
        self.journal.kept.extend(records)
        self.fleet.journal = self.journal
        self.front = Front.of(self.fleet)
        return self

    def talk(self, client: int = MANAGEMENT, **facts: Any) -> "Talk":
        """An open association of a client, all octets carried."""
        return Talk(self, client, **facts).associate()


DEVICE = 16
Line = Callable[[int], PrimaryStation]


def hdlc(client: int) -> PrimaryStation:
    """A client's end of an HDLC line, such as the optical port or RS-485."""
    return PrimaryStation(client, ServerAddress(1, DEVICE, 2))


class Talk:
    """A client on a connection to the meter, octets carried at once both ways: over the wrapper, or an HDLC line."""

    def __init__(self, standing: Standing, client: int, line: Line | None = None, **facts: Any) -> None:
        known = max(int(standing.fleet.holding.counters.received[0]), 0) + 1
        held = standing.keys
        security = {
            "encryption_key": held.encryption, "authentication_key": held.authentication, "client_title": CLIENT_TITLE,
        }  # fmt: skip
        row = next(row for row in standing.product.associations if row.client == client)
        made = {
            "hls5": lambda: Security.hls5(**(security | facts)),
            "low": lambda: Security.lls(facts.get("password", row.password)),
            "lowest": Security.none,
        }[row.mechanism]
        near, far = (None, None) if line is None else (line(client), SecondaryStation(ServerAddress(1, DEVICE, 2)))
        self.session = standing.fleet.session(0, far)
        self.client = Client(
            client_sap=client, security=made(), random=Random(3).randbytes, send_counter=SendCounter(known), link=near
        )
        self.octets = b""

    def carry(self, request: int) -> Any:
        """Carry octets until the request is answered; its event."""
        found = []
        while out := self.client.outgoing():
            for octets in out:
                self.octets += octets
                events = self.session.endpoint.receive(octets, 0.0)
                self.session.deliver(events)
            for octets in self.session.endpoint.outgoing():
                self.octets += octets
                found += self.client.receive(octets, 0.0)
        [event] = [event for event in found if getattr(event, "id", None) == request]
        return event

    def associate(self) -> Self:
        """Open the association, or fail the test."""
        event = self.carry(self.client.associate(now=0.0))
        assert isinstance(event, Associated), event
        return self

    def is_refused(self) -> bool:
        """Try to open the association; whether the meter refuses."""
        return isinstance(self.carry(self.client.associate(now=0.0)), Failed)

    def get(self, attribute: AttributeDescriptor) -> Any:
        """One attribute as plain Python, or why not."""
        result = self.raw(attribute)
        return native(result)[0] if isinstance(result, bytes) else result

    def raw(self, attribute: AttributeDescriptor) -> bytes | DataAccessResult:
        """One attribute as its octets, or why not."""
        event = self.carry(self.client.get([(attribute, None)], now=0.0))
        assert isinstance(event, Got), event
        [result] = event.results
        return result

    def set(self, key: Attribute[Any], name: str, data: bytes) -> DataAccessResult:
        """Write an attribute; how that ended."""
        event = self.carry(self.client.set([(key.at(name), None, data)], now=0.0))
        assert isinstance(event, WasSet), event
        return event.results[0]

    def act(self, key: Method[Any, Any], name: str, value: Any = 0) -> ActionResult:
        """Invoke a method; how that ended."""
        event = self.carry(self.client.action([(key.at(name), key.codec.encode(value))], now=0.0))
        assert isinstance(event, Acted), event
        return event.results[0][0]


def nominal_v(of: Product) -> float:
    """Nominal voltage of a product."""
    return 230.0 if of.accuracy is None else of.accuracy.nominal_voltage_mv[0] / 1000


def utc_of(stamp: bytes) -> int:
    """UTC second of an encoded date-time."""
    return CosemDateTime.decode(stamp).to_utc()


def utc(text: str) -> int:
    """UTC second of a moment, `"2026-12-01 00:00"`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def each(**identities: str) -> Any:
    """Parameters of a test of several products: each slug with the mark of the functions that it shows."""
    marked = [pytest.param(slug, marks=pytest.mark.feature(*ids.split())) for slug, ids in identities.items()]
    return pytest.mark.parametrize("slug", marked)


def both(ad11a: str, ad13a: str) -> Any:
    """The same for the two meters of the Advanced Series, by the numbers of their functions."""
    numbers = {"ad11a": ad11a, "ad13a": ad13a}
    stated = {slug: " ".join(f"{slug.upper()}-{n}" for n in given.split()) for slug, given in numbers.items() if given}
    return each(**stated)
