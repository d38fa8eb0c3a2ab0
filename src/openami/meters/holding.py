"""All that N virtual meters hold: the state of the laws, and beside it what only clients see."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, Self, cast

import numpy as np
from numpy.typing import NDArray

from openami.dlms.security.material import GLOBAL
from openami.metering import commands
from openami.metering.alarms import Alarms
from openami.metering.selftest import SelfTest
from openami.metering.state import Rules, State
from openami.metering.tamper import Tamper
from openami.meters import clocks, recording
from openami.meters.alarms import face_of, logs_of, parts_of
from openami.meters.build import Product
from openami.meters.firmware.images import Images, Plan
from openami.meters.identity import Identity
from openami.meters.prepaying import prepayment_parts
from openami.meters.records import Refusal
from openami.meters.vending_keys import VendingKeys

Arrays = dict[str, NDArray[Any]]
Place = tuple[int, int, int]
"""Meter, number of the object in its product, attribute."""

STRIDE = 1_000
REFUSALS = {
    Refusal.LOGIN: "login_failed",
    Refusal.DECRYPTION: "decryption_failed",
    Refusal.REPLAY: "replay_attempt",
}
PUSHES_KEPT = 100_000
"""Pushes that wait to be sent: meter, and name of the push setup. More are lost, oldest first."""


def rules(product: Product) -> Rules:
    """Take what the product's laws follow from its file."""
    return replace(
        recording.settings(product),
        face=face_of(product),
        sync_s=product.monitoring.clock.sync_s.value,
        parts={
            **parts_of(product),
            **recording.transformers(product),
            **Plan.of(product).state_part(),
            **prepayment_parts(product),
        },
        logs=logs_of(product),
    )


@dataclass(slots=True)
class Counters:
    """Invocation counters of the one client with keys [meters]: highest received, next to send, reserved.

    `broadcast` is the highest received under the broadcast key. A key that is replaced takes its counters with
    it, for the associations that were opened under it; `names` tells which are those of the key of today.
    """

    received: NDArray[np.int64]
    next_send: NDArray[np.int64]
    reserved: NDArray[np.int64]
    broadcast: NDArray[np.int64]
    names: dict[tuple[int, str], str] = field(default_factory=dict[tuple[int, str], str])
    retired: dict[tuple[int, str], "Retired"] = field(default_factory=dict[tuple[int, str], "Retired"])

    @classmethod
    def of(cls, meters: int) -> Self:
        """Begin with new keys: nothing received, nothing sent."""
        nothing = np.full(meters, -1, np.int64)
        return cls(nothing, np.ones(meters, np.int64), np.ones(meters, np.int64), nothing.copy())

    def name(self, meter: int, kind: str) -> str:
        """Name of the counters that the key of today has."""
        return self.names.get((meter, kind), kind)

    def renew(self, meter: int, kind: str) -> None:
        """Begin anew for a new key: `global` or `broadcast`."""
        name = self.name(meter, kind)
        array = self.received if kind == GLOBAL else self.broadcast
        self.retired[meter, name] = Retired(int(array[meter]), int(self.next_send[meter]))
        array[meter] = -1
        if kind == GLOBAL:
            self.next_send[meter] = self.reserved[meter] = 1
        number = int(name.removeprefix(kind) or 0) + 1
        self.names[meter, kind] = f"{kind} {number}"


@dataclass(slots=True)
class Retired:
    """Counters of a key that was replaced: they live as long as the process, as its associations do."""

    received: int
    next_send: int

    def take(self) -> int:
        """Spend a value; nobody needs to know after a restart, for then the key is gone."""
        self.next_send += 1
        return self.next_send - 1


class Custody(Protocol):
    """Who keeps the keys of the meters."""

    def unwrap(self, meter: int, wrapped: bytes) -> bytes:
        """Open a key that was wrapped under a meter's master key."""
        ...

    def rekey(self, meter: int, keys: Mapping[int, bytes]) -> None:
        """Replace keys of a meter, by key id."""
        ...


@dataclass(slots=True)
class Holding:
    """State of a fleet. `now` is true UTC to the second; the laws follow when they are told to advance."""

    product: Product
    identity: Identity
    laws: State
    counters: Counters
    sessions: NDArray[np.uint16]
    settings: dict[Place, bytes]
    now: Callable[[], float]
    pending: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    custody: Custody | None = None
    vending: VendingKeys | None = None
    objects: Callable[[int], Any] | None = None
    outbox: deque[tuple[int, str]] = field(default_factory=partial(deque[tuple[int, str]], maxlen=PUSHES_KEPT))
    images: Images = field(init=False)

    def __post_init__(self) -> None:
        self.images = Images(Plan.of(self.product), self.laws)

    @classmethod
    def create(
        cls, product: Product, count: int, start_utc: int, now: Callable[[], float], *, drawn: bool = False
    ) -> Self:
        """Install new meters and switch them on at `start_utc`; drawn ones have clocks as a factory leaves them."""
        laws = State.create(count, start_utc, rules=rules(product))
        if drawn:
            clocks.draw(product, laws)
        laws.event("power_up", np.arange(count), start_utc)
        return cls.over(product, laws, now)

    @classmethod
    def over(cls, product: Product, laws: State, now: Callable[[], float]) -> Self:
        """Nothing known to clients yet."""
        count = laws.count
        return cls(
            product,
            Identity(),
            laws,
            Counters.of(count),
            np.zeros(count, np.uint16),
            {},
            now,
        )

    @property
    def alarms(self) -> Alarms:
        """Alarm registers; `take_raised` gives new alarms to whoever pushes them."""
        return self.laws.part("alarms", Alarms)

    @property
    def errors(self) -> NDArray[np.uint32]:
        """Error register. [meters]."""
        return self.laws.part("self_test", SelfTest).errors

    def event(self, name: str, meter: int) -> None:
        """Let an event be known now, by its name; alarms follow."""
        self.laws.event(name, np.array([meter]), self.laws.now)

    def refuse(self, meter: int, reason: Refusal) -> None:
        """A client was refused: one time too many is an event."""
        if self.laws.part("tamper", Tamper).fail(meter):
            self.event(REFUSALS[reason], meter)
        self.event("communication_unauthorised", meter)

    def log(self, name: str, meter: int, code: int) -> None:
        """Write a code to a log now, as the event that has it in this face, or as it is; alarms follow."""
        event = self.laws.rules.face.named(name, code)
        if event:
            self.event(event, meter)
        else:
            commands.log(self.laws, name, meter, code=code)

    def note_session(self, meter: int, code: int) -> None:
        """Remember an event of the session log; they are written together, as they are many."""
        self.pending.append((meter, code))

    def write_sessions(self) -> None:
        """Write the session events noted, in their order, each with the meter's running number."""
        waiting, self.pending = self.pending, []
        while waiting:
            first = dict(reversed(waiting))
            meters = np.array([*first], np.int64)
            self.sessions[meters] += np.uint16(1)
            codes = np.array([*first.values()], np.uint8)
            commands.log(self.laws, "session", meters, code=codes, counter=self.sessions[meters])
            waiting = behind_first(waiting)

    def snapshot(self) -> Arrays:
        """Copy the whole of it into plain arrays."""
        self.write_sessions()
        arrays = {f"laws.{key}": value for key, value in self.laws.snapshot().items()}
        settings = [[*place, data.hex()] for place, data in self.settings.items()]
        return (
            arrays
            | self.images.snapshot()
            | {
                "counters.received": self.counters.received.copy(),
                "counters.reserved": self.counters.reserved.copy(),
                "counters.broadcast": self.counters.broadcast.copy(),
                "sessions": self.sessions.copy(),
                "settings": np.frombuffer(json.dumps(settings).encode(), np.uint8),
            }
        )

    @classmethod
    def restore(cls, product: Product, arrays: Mapping[str, NDArray[Any]], now: Callable[[], float]) -> Self:
        """Take up the state of a snapshot; counters to send go on behind what had been reserved."""
        laws = {key.removeprefix("laws."): value for key, value in arrays.items() if key.startswith("laws.")}
        held = cls.over(product, State.restore(laws, rules(product)), now)
        held.counters.received[:] = arrays["counters.received"]
        held.counters.reserved[:] = arrays["counters.reserved"]
        held.counters.next_send[:] = arrays["counters.reserved"]
        held.counters.broadcast[:] = arrays.get("counters.broadcast", held.counters.broadcast)
        held.images.restore(arrays)
        held.sessions[:] = arrays["sessions"]
        settings = cast("list[tuple[int, int, int, str]]", json.loads(arrays["settings"].tobytes()))
        held.settings = {(meter, number, attribute): bytes.fromhex(data) for meter, number, attribute, data in settings}
        return held


def behind_first(events: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Events without the first of each meter."""
    seen: set[int] = set()
    rest: list[tuple[int, int]] = []
    for meter, code in events:
        if meter in seen:
            rest.append((meter, code))
        seen.add(meter)
    return rest
