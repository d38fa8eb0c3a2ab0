"""A life of a meter in steps: the same in this process, kept nowhere, as in one that has a folder and is killed."""

from collections.abc import Callable, Sequence
from functools import cached_property
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

from openami.cosem.calendars import ActivityCalendar
from openami.cosem.clock import Clock
from openami.cosem.disconnect_control import DisconnectControl
from openami.dlms.xdlms import ActionResult, AttributeDescriptor, DataAccessResult
from openami.meters import product
from openami.meters.device import Objects
from openami.meters.fleet import Fleet
from openami.meters.hands import Value
from openami.meters.holding import Holding
from openami.meters.store import Plan, Stored
from openami.meters.view import View
from products.standing import MANAGEMENT, MINUTE_S, START, Bench, Setting, Talk, Turned, nominal_v

INVOCATION_COUNTERS = bytes((0, 0, 43, 1))
NEW_CALENDAR = b"WINTER"
Readings = dict[str, str]


def draw(seed: int = 7) -> Callable[[int], bytes]:
    """Octets for keys and nonces, the same each time."""
    return Random(seed).randbytes


class Life:
    """One meter under a steady load: in a folder, or kept nowhere."""

    def __init__(self, slug: str, folder: Path | None = None) -> None:
        self.slug = slug
        self.product = product.load(slug)
        phases = self.product.head.phases
        self.bench = Bench(
            phases, [(0, Setting((nominal_v(self.product),) * phases, (4.0,) * phases, (25.0,) * phases))]
        )
        self.clock = Turned(START)
        self.stored: Stored | None = None
        if folder is None:
            self.fleet = Fleet.create(self.product, 1, start_utc=START, load=self.bench, now=self.clock, random=draw())
        else:
            self.stored = Stored.open(folder, Plan(slug, 1, START, "bench"), self, now=self.clock, random=draw())
            self.fleet = self.stored.fleet

    def load(self, serials: Sequence[str], start_utc: int) -> Bench:
        """What loads the meter (`store.Driver`)."""
        assert (len(serials), start_utc) == (1, START)
        return self.bench

    def until(self, utc: int) -> None:
        """Let time pass."""
        self.clock.utc = utc
        self.fleet.advance_to(utc)

    def talk(self, **facts: Any) -> Talk:
        """A management client that is about to associate."""
        standing = SimpleNamespace(fleet=self.fleet, product=self.product, keys=self.fleet.keys.of(0))
        return Talk(standing, MANAGEMENT, **facts)  # type: ignore[arg-type]

    def has(self, name: str) -> bool:
        """Whether there is an object of that name that a client reaches."""
        return bool(self.product.associations) and name in self.product.by_name

    def twin(self) -> "Life":
        """A copy of the meter as it is, to be read."""
        made = object.__new__(Life)
        made.__dict__.update(self.__dict__, stored=None, clock=Turned(self.clock.utc))
        holding = Holding.restore(self.product, self.fleet.holding.snapshot(), made.clock)
        made.fleet = Fleet(holding, self.fleet.keys, self.bench, random=draw())
        return made

    @cached_property
    def read_once(self) -> Readings:
        """Every attribute, as octets or as the refusal; of an ANSI register, as it knows it itself.

        Reading leaves its mark, so a meter is copied first (`twin`), and read no more afterwards.
        """
        return self.all_read() if self.product.associations else self.own()

    def all_read(self) -> Readings:
        """Read all as a client does, ciphered."""
        talk, found = self.talk().associate(), {}
        for definition in self.product.objects:
            if bytes(definition.key[1])[:4] == INVOCATION_COUNTERS:
                continue
            for number in definition.interface.attributes:
                result = talk.raw(AttributeDescriptor(*definition.key, number))
                found[f"{definition.name}.{number}"] = result.hex() if isinstance(result, bytes) else result.name
        return found

    def own(self) -> Readings:
        """Read all where there is no client."""
        objects = Objects(View(self.fleet.holding, 0))
        return {
            f"{definition.name}.{number}": repr(getattr(objects[definition.key], attribute.name))
            for definition in self.product.objects
            for number, attribute in definition.interface.attributes.items()
        }

    def step(self, number: int) -> None:
        """Take a step: live to its time, and do its deed; it is on disk when this returns."""
        at, deed = STEPS[number]
        self.until(at)
        deed(self)
        if self.stored is not None:
            self.stored.journal.commit_now()


# Deeds: each is one record of the journal that matters


def hand(name: str, value: Value = None) -> Callable[[Life], None]:
    """A hand, where the meter knows it."""

    def deed(life: Life) -> None:
        life.fleet.hand(0, name, value)

    return deed


def rest(_: Life) -> None:
    """Nothing."""


def save(life: Life) -> None:
    """Write a snapshot; the journal begins anew."""
    if life.stored is not None:
        life.stored.save()


def fail_to_log_in(life: Life) -> None:
    """Come with a wrong key."""
    if life.product.associations:
        assert life.talk(encryption_key=bytes(16)).is_refused()


def write_calendar(life: Life) -> None:
    """Name a new calendar."""
    if life.has("activity_calendar"):
        done = (
            life.talk()
            .associate()
            .set(
                ActivityCalendar.calendar_name_passive,
                str(life.product.by_name["activity_calendar"].key[1]),
                ActivityCalendar.calendar_name_passive.codec.encode(NEW_CALENDAR),
            )
        )
        assert done is DataAccessResult.SUCCESS


def activate_calendar(life: Life) -> None:
    """Let it be in force."""
    if life.has("activity_calendar"):
        name = str(life.product.by_name["activity_calendar"].key[1])
        assert life.talk().associate().act(ActivityCalendar.activate_passive_calendar, name) is ActionResult.SUCCESS


def relay_of(life: Life) -> str | None:
    """Logical name of the relay, where there is one."""
    names = ("disconnect_control", "auxiliary_disconnect_control")
    return next((str(life.product.by_name[name].key[1]) for name in names if life.has(name)), None)


def disconnect(life: Life) -> None:
    """Open the relay."""
    if name := relay_of(life):
        assert life.talk().associate().act(DisconnectControl.remote_disconnect, name) is ActionResult.SUCCESS


def reconnect(life: Life) -> None:
    """Close it, or let it be ready for that."""
    if name := relay_of(life):
        assert life.talk().associate().act(DisconnectControl.remote_reconnect, name) is ActionResult.SUCCESS


def press_relay(life: Life) -> None:
    """Work it by its button."""
    if life.has("disconnect_control"):
        life.fleet.hand(0, "relay_button")


def shift_clock(life: Life) -> None:
    """Set the clock a little forward."""
    if life.product.associations:
        name = str(life.product.by_name["clock"].key[1])
        assert life.talk().associate().act(Clock.shift_time, name, 7) is ActionResult.SUCCESS


def timed(*deeds: tuple[float, Callable[[Life], None]]) -> list[tuple[int, Callable[[Life], None]]]:
    """Give each its moment: minutes after the start."""
    return [(START + round(minutes * MINUTE_S), deed) for minutes, deed in deeds]


STEPS = timed(
    (22.3, hand("meter_cover", "open")),
    (31.7, write_calendar),
    (33.5, hand("meter_cover", "closed")),
    (47.0, disconnect),
    (52.2, fail_to_log_in),
    (60.0, save),
    (66.6, activate_calendar),
    (71.4, hand("terminal_cover", "open")),
    (73.0, hand("terminal_cover", "closed")),
    (80.1, reconnect),
    (83.9, press_relay),
    (91.3, hand("supply", "off")),
    (110.0, rest),
    (134.8, hand("supply", "on")),
    (151.2, shift_clock),
    (157.7, save),
    (163.0, hand("clock_offset_s", 3)),
    (171.5, disconnect),
    (186.4, rest),
)  # fmt: skip


def live(slug: str, folder: Path, step: int, line: Connection) -> None:
    """Live in a folder from behind a step on (-1 is the beginning): say what is read, then step when told to."""
    life = Life(slug, folder)
    life.until(STEPS[step][0] if step >= 0 else START)
    line.send(life.twin().read_once)
    while line.recv():
        step += 1
        life.step(step)
        line.send(step)
    if life.stored is not None:
        life.stored.close()
