"""An RS-485 bus: one pair of wires on which everybody hears everything, and one speaks at a time.

Two that speak at once spoil each other's octets. The meter that owns the bus supplies whatever hangs on it.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from openami.core.errors import DefinitionError


@dataclass(frozen=True, slots=True)
class BusSettings:
    """Figures of a bus: `octet_bits` with start and stop bit, time between two speakers, room, supply.

    With `has_echo` a speaker hears itself, as many adapters do. `most_meters` beside one module is the decision for
    CM1-12; 12 V is CM1-18, what the supply can give is an assumption.
    """

    baud: int = 9_600
    octet_bits: int = 10
    turn_around_s: float = 0.004
    has_echo: bool = False
    most_meters: int = 31
    supply_v: float = 12.0
    supply_w: float = 3.0


class Heard(NamedTuple):
    """What a station has heard."""

    station: str
    data: bytes


@dataclass(slots=True)
class Utterance:
    """Octets on the wires, until they end."""

    speaker: str
    data: bytes
    ends: float
    is_spoilt: bool = False


@dataclass(slots=True)
class Bus:
    """The bus and who is on it; meters have a place in `meters`, the module is beside them."""

    settings: BusSettings = field(default_factory=BusSettings)
    has_supply: bool = True
    collisions: int = 0
    _meters: set[str] = field(default_factory=set[str])
    _draws: dict[str, float] = field(default_factory=dict[str, float])
    _speech: deque[Utterance] = field(default_factory=deque[Utterance])
    _last: str = ""
    _free_at: float = 0.0
    _out: list[Heard] = field(default_factory=list[Heard])

    @property
    def meters(self) -> frozenset[str]:
        """Meters on the bus."""
        return frozenset(self._meters)

    @property
    def volts(self) -> float:
        """What is between the supply wires; more load than it can bear switches it off."""
        return self.settings.supply_v if self.has_supply and self.load_w <= self.settings.supply_w else 0.0

    @property
    def load_w(self) -> float:
        """What hangs on the supply."""
        return sum(self._draws.values())

    @property
    def deadline(self) -> float | None:
        """When the next utterance ends."""
        return self._speech[0].ends if self._speech else None

    def join(self, meter: str) -> None:
        """Put a meter on the bus."""
        if meter not in self._meters and len(self._meters) >= self.settings.most_meters:
            raise DefinitionError(f"{meter}: this bus has room for {self.settings.most_meters} meters")
        self._meters.add(meter)

    def plug(self, module: str, draws_w: float) -> None:
        """Put a module on bus and supply; it takes so much at most."""
        self._draws[module] = draws_w

    def leave(self, station: str) -> None:
        """Take a station off the bus; what it was saying breaks off."""
        self._meters.discard(station)
        self._draws.pop(station, None)
        for utterance in self._speech:
            utterance.is_spoilt |= utterance.speaker == station

    def time_s(self, octets: int) -> float:
        """Seconds that octets take."""
        return octets * self.settings.octet_bits / self.settings.baud

    def say(self, speaker: str, data: bytes, now: float) -> None:
        """Let a station speak; who speaks while another does spoils both."""
        if not data:
            return
        self.expire(now)
        starts = max(now, self._free_at)
        running = self._speech[-1] if self._speech else None
        is_collision = running is not None and running.speaker != speaker
        if is_collision and running is not None:
            running.is_spoilt = True
            self.collisions += 1
            starts = now
        elif speaker != self._last and self._last:
            starts = max(starts, self._free_at + self.settings.turn_around_s)
        self._free_at = max(self._free_at, starts + self.time_s(len(data)))
        self._last = speaker
        self._speech.append(Utterance(speaker, data, self._free_at, is_collision))

    def expire(self, now: float) -> None:
        """Let everybody hear what has been said by now."""
        while self._speech and self._speech[0].ends <= now:
            said = self._speech.popleft()
            data = bytes(octet ^ 0xFF for octet in said.data) if said.is_spoilt else said.data
            for station in sorted(self._meters | self._draws.keys()):
                if station != said.speaker or self.settings.has_echo:
                    self._out.append(Heard(station, data))

    def outgoing(self) -> list[Heard]:
        """Hand over who has heard what."""
        out, self._out = self._out, []
        return out
