"""Lines of HDLC stations in virtual time: `Wire` joins two ends and spoils what it carries, `Bus` is heard by all."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from openami.dlms.hdlc import PrimaryStation, SecondaryStation
from openami.dlms.hdlc.turn import Turn

TO_SERVER, TO_CLIENT = 0, 1
#: A frame takes one to two seconds; `TIMEOUT_S` is longer than the longest way there and back.
TRANSIT_S, TIMEOUT_S = 1.0, 5.0


@dataclass
class Spoiling:
    """How often, of a hundred frames, one is lost, doubled or changed by up to three bits."""

    lost: int = 0
    doubled: int = 0
    changed: int = 0
    in_pieces: bool = False


@dataclass(order=True)
class Arrival:
    at: float
    number: int
    way: int = field(compare=False)
    data: bytes = field(compare=False)


class Wire:
    """One primary and one secondary, and all that can happen between them.

    Frames of one burst overtake one another by chance; with `overtaking`, any frames that are on their
    way together do. A stalled way delivers what was sent into it later and in order, however late.
    """

    def __init__(
        self, primary: PrimaryStation, secondary: SecondaryStation, seed: int = 0, *, overtaking: bool = False
    ) -> None:
        self.primary, self.secondary = primary, secondary
        self.dice = Random(seed)
        self.overtaking = overtaking
        self.spoiling = Spoiling()
        self.now = 0.0
        self.under_way: list[Arrival] = []
        self.sent = 0
        self.stalled_until = [0.0, 0.0]
        self.not_before = [0.0, 0.0]
        #: Answer to an APDU: after how long, and what.
        self.answers: list[tuple[float, int, bytes]] = []
        self.at_server: list[bytes] = []
        self.at_client: list[bytes] = []
        self.answered: list[bytes] = []
        self.thinking_s = 0.0
        self.errors: list[Exception] = []

    def put(self, way: int, burst: list[bytes]) -> None:
        """Frames enter the wire."""
        dice, spoiling = self.dice, self.spoiling
        first = max(self.now + TRANSIT_S, self.not_before[way] + 1e-3)
        for data in burst:
            if dice.randrange(100) < spoiling.lost:
                continue
            for _ in range(2 if dice.randrange(100) < spoiling.doubled else 1):
                at = first + TRANSIT_S * dice.random()
                if self.now < self.stalled_until[way]:
                    first = at = max(first + TRANSIT_S, self.stalled_until[way])
                self.enter(at, way, self.changed(data))
        if self.now < self.stalled_until[way] or not self.overtaking:
            self.not_before[way] = max(
                [self.not_before[way], *(arrival.at for arrival in self.under_way if arrival.way == way)]
            )

    def changed(self, data: bytes) -> bytes:
        """The octets, perhaps with a few bits that are not as they were."""
        octets = bytearray(data)
        if self.dice.randrange(100) < self.spoiling.changed:
            for _ in range(self.dice.randint(1, 3)):
                octets[self.dice.randrange(len(octets))] ^= 1 << self.dice.randrange(8)
        return bytes(octets)

    def enter(self, at: float, way: int, data: bytes) -> None:
        self.sent += 1
        heapq.heappush(self.under_way, Arrival(at, self.sent, way, data))

    def stall(self, way: int, seconds: float) -> None:
        """Nothing arrives this way for so long; what is under way keeps its order."""
        until = max(self.now + seconds, self.not_before[way])
        self.stalled_until[way] = until
        for arrival in sorted(arrival for arrival in self.under_way if arrival.way == way):
            until = max(until + TRANSIT_S, arrival.at)
            arrival.at = until
        self.not_before[way] = max(until, self.not_before[way])
        heapq.heapify(self.under_way)

    def pieces(self, data: bytes) -> Iterable[bytes]:
        """The octets as they are handed over."""
        if not self.spoiling.in_pieces or len(data) < 2:
            return [data]
        cut = self.dice.randrange(1, len(data))
        return [data[:cut], data[cut:]]

    def run(self, seconds: float) -> None:
        """Let time pass."""
        until = self.now + seconds
        while True:
            self.flush()
            at = self.next_at()
            if at is None or at > until:
                break
            self.now = max(self.now, at)
            self.step()
        self.now = until

    def settle(self) -> None:
        """Let time pass until nobody has anything to say."""
        for _ in range(10_000):
            self.run(20.0)
            is_awaiting = self.primary._turns.turn is not Turn.OURS
            if not (is_awaiting or self.under_way or self.answers):
                return
        raise AssertionError("this line never comes to rest")

    def next_at(self) -> float | None:
        times = [self.primary.deadline, self.secondary.deadline]
        times += [self.under_way[0].at if self.under_way else None, self.answers[0][0] if self.answers else None]
        return min((at for at in times if at is not None), default=None)

    def flush(self) -> None:
        for way, station in ((TO_SERVER, self.primary), (TO_CLIENT, self.secondary)):
            self.put(way, station.outgoing())

    def step(self) -> None:
        """All that is due now."""
        while self.under_way and self.under_way[0].at <= self.now:
            arrival = heapq.heappop(self.under_way)
            for piece in self.pieces(arrival.data):
                self.deliver(arrival.way, piece)
        while self.answers and self.answers[0][0] <= self.now:
            _, client, apdu = heapq.heappop(self.answers)
            if self.secondary.mode(client).name == "NRM":
                self.answered.append(apdu)
            self.secondary.send(client, apdu, self.now)
        self.serve(self.secondary.expire(self.now))
        self.use(lambda: self.primary.expire(self.now) or [])

    def deliver(self, way: int, data: bytes) -> None:
        if way == TO_SERVER:
            self.serve(self.secondary.receive(data, self.now))
        else:
            self.use(lambda: self.primary.receive(data, self.now))

    def serve(self, events: list[tuple[int, bytes | None]]) -> None:
        """The server application: answers each APDU by one of another length, begins anew with the connection."""
        for client, apdu in events:
            if apdu is None:
                self.at_server.clear()
                self.answered.clear()
                self.answers.clear()
            else:
                self.at_server.append(apdu)
                last = self.answers[-1][0] if self.answers else self.now
                heapq.heappush(self.answers, (max(last + 1e-6, self.now + self.thinking_s), client, answer_to(apdu)))

    def use(self, work) -> None:
        """The client application."""
        try:
            self.at_client += work()
        except Exception as error:  # noqa: BLE001 - the test looks at its type
            self.errors.append(error)


def answer_to(apdu: bytes) -> bytes:
    """An answer that tells what it answers, shorter or longer than it."""
    return bytes((0xAA,)) + apdu[:8] + bytes(octet ^ 0xFF for octet in apdu[8:]) * (apdu[0] % 3)


class Bus:
    """An RS-485 line: what one station sends every other hears, and the sender too if its adapter echoes."""

    def __init__(self, *stations, echo: bool = False) -> None:
        self.stations = stations
        self.echo = echo
        self.heard: dict[int, list] = {index: [] for index in range(len(stations))}
        self.traffic: list[tuple[int, bytes]] = []

    def run(self, now: float = 0.0, answer=None) -> None:
        """Carry frames until nobody speaks; `answer` makes the APDU that a secondary answers."""
        while sum(self.carry(index, now, answer) for index in range(len(self.stations))):
            pass

    def carry(self, index: int, now: float, answer) -> bool:
        sent = self.stations[index].outgoing()
        for data in sent:
            self.traffic.append((index, data))
            for listener, station in enumerate(self.stations):
                if listener != index or self.echo:
                    self.hear(listener, station, data, now, answer)
        return bool(sent)

    def hear(self, listener: int, station, data: bytes, now: float, answer) -> None:
        found = station.receive(data, now)
        self.heard[listener] += found
        for event in found:
            if isinstance(station, SecondaryStation) and event[1] is not None and answer is not None:
                station.send(event[0], answer(listener, event[1]), now)
