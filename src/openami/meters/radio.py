"""What the ERT endpoints of a fleet tell: messages out of the state of the laws, and when each of them is sent."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from openami.core.errors import DefinitionError
from openami.metering.endpoint import KEPT, NAME, Endpoint
from openami.meters import ansi
from openami.meters.fleet import Fleet
from openami.meters.holding import Holding
from openami.meters.radio_faults import RADIO
from openami.meters.sections.radio import RadioRow
from openami.meters.sources import SOURCES
from openami.meters.view import View
from openami.phy import ert
from openami.phy.ert import IDM, SCM, Message, Transmission
from openami.phy.ert.idm import CONSUMPTION_BITS, CONSUMPTIONS, OFFSET_UNIT_S
from openami.phy.ert.steady import TYPE_BITS

MOST_STEP = (1 << CONSUMPTION_BITS) - 1
"""What an interval of an IDM holds; one with more tells this."""
SCM_COUNTS, IDM_COUNTS = 1 << 24, 1 << 32
TWO_BITS, OCTET = 4, 256
MILLI = 1_000
LATEST_START_S = 0.5
"""No hop begins so shortly before the next one's beginning: none runs over the end of an interval."""


class Sent(NamedTuple):
    """A message of a meter on the air."""

    meter: int
    transmission: Transmission


@dataclass(frozen=True, slots=True)
class Radio:
    """The endpoints of a fleet."""

    holding: Holding

    @property
    def row(self) -> RadioRow:
        """The section of the product."""
        row = self.holding.product.radio
        if row is None:
            raise DefinitionError("has no section [radio]", file=f"{self.holding.product.slug}.toml", key=RADIO)
        return row

    @property
    def counting(self) -> Endpoint:
        """Interval counts of all endpoints."""
        return self.holding.laws.part(NAME, Endpoint)

    def identity(self, meter: int) -> int:
        """Number of a meter's endpoint."""
        return self.row.first_endpoint.value + meter

    def is_on(self, meter: int) -> bool:
        """Whether it sends: there are supply, the battery, and its board."""
        view = View(self.holding, meter)
        powered = bool(view.laws.supply.powered[meter])
        return powered and (self.holding.product.ansi is None or (ansi.has_battery(view) and ansi.works(view, RADIO)))

    def endpoint(self, meter: int) -> ert.Endpoint:
        """Make it an endpoint that hops, its times in UTC seconds; it tells the meter as it is when asked."""
        identity = self.identity(meter)
        return ert.Endpoint(
            identity, lambda at_s: self.messages(meter, at_s), self.row.timing, start_s=start_s(identity, self.row)
        )

    def messages(self, meter: int, begin_s: float) -> Sequence[Message]:
        """What it tells in a hop that begins at this UTC second, of the state as it is."""
        if not self.is_on(meter):
            return ()
        told: list[Message] = []
        if self.row.scm is not None:
            told.append(self.scm(meter))
        if self.row.idm is not None:
            told.append(self.idm(meter, begin_s + self.row.burst_s))
        return told

    def scm(self, meter: int) -> SCM:
        """Present count and the counters of two bits."""
        removed, inverted = (self.counter(meter, source) % TWO_BITS for source in self.row.scm_tampers)
        present = int(self.counting.present(self.holding.laws)[meter]) % SCM_COUNTS
        return SCM(self.identity(meter), self.row.ert_type.value, present, removed, inverted)

    def idm(self, meter: int, at_s: float) -> IDM:
        """Count at the last boundary, the intervals before it, outages, six counters."""
        row, counting = self.row.idm, self.counting
        assert row is not None
        steps, outages = counting.latest(meter, KEPT)
        now = self.holding.laws.now
        boundary = now - now % counting.interval_s
        flags = sum(1 << KEPT - 1 - place for place, is_dark in enumerate(outages) if is_dark)
        return IDM(
            row.application_version.value,
            self.row.ert_type.value | TYPE_BITS,
            self.identity(meter),
            int(counting.done[meter]) % OCTET,
            int(counting.count[meter]) % IDM_COUNTS,
            tuple(min(step, MOST_STEP) for step in steps[:CONSUMPTIONS]),
            row.programming_state.value,
            bytes(self.counter(meter, source) % OCTET for source in row.tampers),
            power_outage_flags=flags.to_bytes(KEPT // 8, "big"),
            transmit_time_offset=int((at_s - boundary) / OFFSET_UNIT_S),
        )

    def counter(self, meter: int, source: str) -> int:
        """Value of a counter by the name of its source; 0 where there is none."""
        law = SOURCES.get(source)
        if law is None:
            return 0
        found = law.read(View(self.holding, meter))
        assert isinstance(found, int)
        return found


def start_s(identity: int, row: RadioRow) -> float:
    """When the hops of an endpoint begin within the period, drawn from its number, in whole milliseconds."""
    room = int((row.period_s.value - max(LATEST_START_S, row.on_air_s)) * MILLI)
    drawn = int.from_bytes(sha256(f"start {identity}".encode()).digest()[:8], "big")
    return drawn % max(room, 1) / MILLI


class Air:
    """All that the endpoints of a fleet send, in order of hops, while its meters live on.

    A hop tells registers as they were at the last full `refresh_s`. `holds` leaves out carriers that nobody hears.
    """

    def __init__(self, fleet: Fleet, holds: Callable[[float], bool] = lambda _carrier_hz: True) -> None:
        self.fleet = fleet
        self.radio = Radio(fleet.holding)
        self.holds = holds
        row = self.radio.row
        self.refresh_s, self.period_s = row.refresh_s.value, row.period_s.value
        self.turns: list[list[tuple[float, int, ert.Endpoint]]] = [[] for _ in range(self.period_s // self.refresh_s)]
        for meter in range(fleet.count):
            endpoint = self.radio.endpoint(meter)
            turn = int(endpoint.start_s // self.refresh_s)
            self.turns[turn].append((endpoint.start_s, meter, endpoint))
        for each in self.turns:
            each.sort(key=lambda hop: hop[:2])

    def steps(self, until: int) -> Iterator[list[Sent]]:
        """Let the meters live up to a UTC second, a refresh at a time; -> what begins in each, in order of hops."""
        now = self.fleet.holding.laws.now
        for begin in range(now - now % self.refresh_s, until, self.refresh_s):
            if begin > now:
                self.fleet.advance_to(begin)
            yield list(self.sent(begin))
        self.fleet.advance_to(until)

    def sent(self, begin: int) -> Iterator[Sent]:
        """What is sent in the hops that begin within a refresh."""
        place = begin % self.period_s
        for start, meter, endpoint in self.turns[place // self.refresh_s]:
            at_s = begin - place + start
            carrier_hz = endpoint.carrier_at(at_s)
            if self.holds(carrier_hz) and at_s >= self.fleet.holding.laws.now:
                yield from (Sent(meter, each) for each in endpoint.filled(at_s, carrier_hz))
