"""A fleet of virtual meters of one product: arrays that advance together, a session for each connection."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from logging import getLogger
from typing import Protocol

from openami.core.errors import AmiError, DefinitionError
from openami.cosem.access import Key
from openami.cosem.device import LogicalDevice
from openami.dlms.link import ServerLink
from openami.dlms.security import KeyId, unwrap
from openami.dlms.security.material import BROADCAST, GLOBAL
from openami.dlms.server import ActionItem, Server, SetItem
from openami.dlms.xdlms import (
    ActionOutcome,
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    MethodDescriptor,
)
from openami.metering.advance import advance
from openami.metering.load import Load
from openami.metering.schedules import Schedules
from openami.meters import hands, modems, records
from openami.meters.attending import answers, attend
from openami.meters.build import Product
from openami.meters.device import Objects, logical_device
from openami.meters.faces import esmr
from openami.meters.firmware.fetching import Downloads, location_of, upgrade_steps, wanting
from openami.meters.firmware.records import Content, Placed
from openami.meters.holding import Holding
from openami.meters.identity import MOST, address, meter_at
from openami.meters.keys import Keyring, shipment
from openami.meters.noise import Noise, NoisyServer
from openami.meters.offers import Associations, keyless
from openami.meters.posting import Postman
from openami.meters.records import Command, Counter, Handled, Note, Refusal, Rekeyed
from openami.meters.session import Session
from openami.meters.vending_keys import VendingKeys, shipped
from openami.meters.view import View

log = getLogger(__name__)

SLICE_S = 900
SESSION = "session"
TICK_S = 0.25
MINUTE_S = 60
DLMS_PORT = 4059
RETRY_S = 3_600
"""When a module looks again for an image that was not there."""

RECORDED = {(64, 2), (18, 2)}
"""Methods, by class and number, that put a record of their own in the journal: the keys, not how they came; blocks."""

TOLD = ("clock.time", "alarm.", "error.", "tariff.", "limiter.threshold", "relay.tamper")
"""Sources, by how they begin, that tell of being written themselves."""
MESSAGE = "consumer_message"

REFUSING = {(18, 3), (18, 4)}
"""Methods that leave their mark even where they are refused: verification and activation of an image."""

RENEWED = {KeyId.GLOBAL_UNICAST_ENCRYPTION: GLOBAL, KeyId.GLOBAL_BROADCAST_ENCRYPTION: BROADCAST}


class Journal(Protocol):
    """Records that outlive a kill: `aio.journal.Journal`."""

    def append(self, payload: bytes) -> None:
        """Put one record behind the others."""
        ...

    def commit(self) -> Awaitable[None]:
        """When all appended so far is durable."""
        ...


class Fleet:
    """Virtual meters of one product, each with its own address, keys and counters."""

    def __init__(
        self,
        holding: Holding,
        keys: Keyring,
        load: Load,
        *,
        random: Callable[[int], bytes],
        journal: Journal | None = None,
        vending: VendingKeys | None = None,
    ) -> None:
        self.holding = holding
        self.keys = keys
        self.load = load
        self.random = random
        self.journal = journal
        #: Whether clients may end a ciphered association by a release in clear, as many do (decision 0017).
        self.accepts_plain_release = False
        #: Where modules get the images that they fetch themselves.
        self.downloads: Downloads | None = None
        self.missed: dict[tuple[int, str], int] = {}
        self.keyless = keyless(holding.product)
        holding.custody, holding.vending = self, vending
        holding.objects = lambda meter: Objects(View(holding, meter))
        holding.images.record = self._append
        self.session_events: Mapping[Key, int] = {
            self.product.by_name[name].key: code
            for name, code in esmr.SESSION_EVENTS.items()
            if name in self.product.by_name
        }

    @classmethod
    def create(
        cls,
        product: Product,
        meters: int,
        *,
        start_utc: int,
        load: Load,
        now: Callable[[], float],
        random: Callable[[int], bytes],
        drawn: bool = False,
    ) -> "Fleet":
        """Make a new fleet that is kept nowhere."""
        if not 1 <= meters <= MOST:
            raise DefinitionError(f"{meters} meters: expected 1 to {MOST}", key="meters")
        holding = Holding.create(product, meters, start_utc, now, drawn=drawn)
        vending = None if product.prepayment is None else VendingKeys.draw(random)
        return cls(holding, Keyring.draw(meters, random), load, random=random, vending=vending)

    @property
    def product(self) -> Product:
        """What all the meters are."""
        return self.holding.product

    @property
    def count(self) -> int:
        """How many meters there are."""
        return self.holding.laws.count

    @property
    def addresses(self) -> list[str]:
        """Address of each meter."""
        return [address(meter) for meter in range(self.count)]

    def open(self, local_address: str, link: ServerLink | None = None) -> Session | None:
        """Begin a session with the meter of an address (`aio.server.Provider`), over the wrapper or a link."""
        meter = meter_at(local_address, self.count)
        return None if meter is None or not answers(self.holding, meter) else self.session(meter, link)

    def session(self, meter: int, link: ServerLink | None = None) -> Session:
        """Begin a session with a meter, over the wrapper or a link."""
        return Session(self, meter, self.device(meter), self.holding.counters, partial(self._server, meter, link))

    def device(self, meter: int) -> LogicalDevice:
        """Make a meter a COSEM device."""
        return logical_device(View(self.holding, meter), report)

    def _server(self, meter: int, link: ServerLink | None, counters: Session) -> Server:
        return NoisyServer(
            Noise(View(self.holding, meter), self.random),
            associations=Associations(self.holding, self.keys, self.keyless, meter),
            system_title=self.holding.identity.system_title(meter),
            counters=counters,
            random=self.random,
            link=link,
            accepts_plain_release=self.accepts_plain_release,
        )

    def shipment(self, port: int = DLMS_PORT, *, host: str = "") -> bytes:
        """Shipment file of the fleet; with `host`, meter i listens there on port + i."""
        places = [(host, port + meter) if host else (address(meter), port) for meter in range(self.count)]
        clients = [row.client for row in self.product.associations]
        return shipment(self.product.slug, self.keys, places, clients, partial(shipped, self.product.prepayment))

    # Time

    def advance_to(self, utc: int, progress: Callable[[int], None] | None = None) -> None:
        """Let the meters live up to a moment of true time; tell `progress` each moment reached."""
        for reached in self.steps(utc):
            if progress is not None:
                progress(reached)

    def steps(self, utc: int) -> Iterator[int]:
        """Do the same in slices of at most a quarter of an hour, so that others have their turn."""
        holding, laws = self.holding, self.holding.laws
        holding.write_sessions()
        while laws.now < utc:
            end = min(utc, laws.now - laws.now % SLICE_S + SLICE_S)
            advance(laws, laws.part("schedules", Schedules).horizon(laws, end), self.load)
            attend(holding)
            yield laws.now

    async def run(self) -> None:
        """Keep up with the clock, minute by minute, until cancelled; what was to be pushed before is past."""
        self.holding.outbox.clear()
        postman = Postman(self)
        try:
            while True:
                now = int(self.holding.now())
                for _ in self.steps(now - now % MINUTE_S):
                    await asyncio.sleep(0)
                self.fetch_images()
                postman.collect()
                await asyncio.sleep(TICK_S)
        finally:
            await postman.close()

    def fetch_images(self) -> None:
        """Let modules that are due to fetch an image get, verify and activate it; what is not there waits."""
        now = self._second
        for meter, name in [*wanting(self.holding.images)]:
            location = location_of(View(self.holding, meter), name)
            if self.downloads is None or now < self.missed.get((meter, location), now - RETRY_S) + RETRY_S:
                continue
            found = self.downloads(location)
            if found is None:
                self.missed[meter, location] = now
            else:
                self._fetched(meter, name, found)

    def _fetched(self, meter: int, name: str, image: bytes) -> None:
        device, key = self.device(meter), self.product.by_name[name]
        manager = next(row.client for row in self.product.associations if row.manages)
        block_size = self.holding.images.plan.section.transfer[name].block_size.value
        for item in upgrade_steps(key.logical_name, image, block_size):
            self.act(meter, device, manager, item)

    @contextmanager
    def _moment(self, utc: int) -> Generator[None]:
        """Bring the meters to a second and hold it still, for a command to fall on it."""
        for _ in self.steps(utc):
            pass
        now, self.holding.now = self.holding.now, lambda: utc
        try:
            yield
        finally:
            self.holding.now = now
            attend(self.holding)

    @property
    def _second(self) -> int:
        return max(int(self.holding.now()), self.holding.laws.now)

    # What sessions ask for (`session.Keeper`)

    def keep_counter(self, meter: int, *, received: int = -1, reserved: int = -1, broadcast: int = -1) -> None:
        """Put a counter in the journal."""
        if broadcast >= 0:
            self._append(Counter(Counter.BROADCAST, meter, broadcast))
        if received >= 0:
            self._append(Counter(Counter.RECEIVED, meter, received))
        if reserved >= 0:
            self._append(Counter(Counter.RESERVED, meter, reserved))

    def write(self, meter: int, device: LogicalDevice, client: int, item: SetItem) -> DataAccessResult:
        """Write an attribute now."""
        utc = self._second
        with self._moment(utc):
            modems.before_write(View(self.holding, meter), item[0][:2])
            result = device.was_set(client, item)
            if result is DataAccessResult.SUCCESS:
                (class_id, name, attribute), _, data = item
                self._append(Command(Command.SET, utc, meter, client, class_id, name, attribute, data))
                self._after_write(meter, (class_id, name), attribute)
        return result

    def act(self, meter: int, device: LogicalDevice, client: int, item: ActionItem) -> ActionOutcome:
        """Carry out a method now."""
        utc = self._second
        with self._moment(utc):
            outcome = device.acted(client, item)
            (class_id, name, method), data = item
            is_done = outcome[0] is ActionResult.SUCCESS or (class_id, method) in REFUSING
            if is_done and (class_id, method) not in RECORDED:
                self._append(Command(Command.ACTION, utc, meter, client, class_id, name, method, data))
        return outcome

    def note(self, meter: int, code: int) -> None:
        """Write an event of the session log, where there is one."""
        if SESSION not in self.holding.laws.logs:
            return
        self._append(Note(Note.SESSION, self.holding.laws.now, meter, code))
        self.holding.note_session(meter, code)

    def refuse(self, meter: int, reason: Refusal) -> None:
        """Note a refused login; after so many as the product says it is an event."""
        self._append(Note(Note.REFUSED, self.holding.laws.now, meter, reason))
        self.holding.refuse(meter, reason)

    def hand(self, meter: int, name: str, value: hands.Value = None) -> None:
        """Let a hand do something to a meter now: one of `hands.HANDS`."""
        utc = self._second
        with self._moment(utc):
            hands.lay(View(self.holding, meter), name, value)
            self._append(Handled(utc, meter, name, json.dumps(value)))

    def commit(self) -> Awaitable[None] | None:
        """When all that was put in the journal is durable."""
        return None if self.journal is None else self.journal.commit()

    # Keys (`holding.Custody`)

    def unwrap(self, meter: int, wrapped: bytes) -> bytes:
        """Open a key that was wrapped under a meter's master key."""
        return unwrap(self.keys.of(meter).master or b"", wrapped)

    def rekey(self, meter: int, keys: Mapping[int, bytes]) -> None:
        """Replace keys of a meter; they hold from the next association on, and are on disk before the answer."""
        self._append(Rekeyed(meter, tuple(keys.items())))
        self._rekeyed(meter, keys)

    def _rekeyed(self, meter: int, keys: Mapping[int, bytes]) -> None:
        self.keys.replace(meter, keys)
        for key_id, kind in RENEWED.items():
            if key_id in keys:
                self.holding.counters.renew(meter, kind)

    def _append(self, record: records.Record) -> None:
        if self.journal is not None:
            self.journal.append(record.encode())

    def _after_write(self, meter: int, key: Key, number: int) -> None:
        held = self.product.by_key[key]
        source = held.source(held.interface.attributes[number].name)
        if held.name in modems.MODEM_OBJECTS and (part := modems.mobile(View(self.holding, meter))) is not None:
            part.begin(meter, self.holding.laws.now)
        has_own = source.startswith(TOLD) or held.name.startswith(MESSAGE)
        if held.name == "configuration_object" or (self.product.monitoring.events.parameters and not has_own):
            self.holding.event("configuration_changed", meter)
        if held.name.startswith(MESSAGE):
            self.holding.event("consumer_message", meter)

    # After a restart

    def replay(self, payload: bytes) -> None:
        """Do once more what a record of the journal tells."""
        record = records.decode(payload)
        if isinstance(record, Counter):
            self._recount(record)
        elif isinstance(record, Note):
            self._recall(record)
        elif isinstance(record, Rekeyed):
            self._rekeyed(record.meter, dict(record.keys))
        elif isinstance(record, Handled):
            self._lay_again(record)
        elif isinstance(record, Content):
            self.holding.images.keep(record)
        elif isinstance(record, Placed):
            self.holding.images.place(record)
        else:
            self._repeat(record)

    def _recount(self, record: Counter) -> None:
        counters = self.holding.counters
        if record.kind == Counter.RECEIVED:
            counters.received[record.meter] = record.value
            return
        if record.kind == Counter.BROADCAST:
            counters.broadcast[record.meter] = record.value
            return
        counters.reserved[record.meter] = counters.next_send[record.meter] = record.value

    def _recall(self, record: Note) -> None:
        self.advance_to(record.utc)
        if record.kind == Note.SESSION:
            self.holding.note_session(record.meter, record.code)
        else:
            self.holding.refuse(record.meter, Refusal(record.code))

    def _lay_again(self, record: Handled) -> None:
        with self._moment(record.utc):
            hands.lay(View(self.holding, record.meter), record.name, json.loads(record.value))

    def _repeat(self, record: Command) -> None:
        device = self.device(record.meter)
        key = record.class_id, record.logical_name
        with self._moment(record.utc):
            if record.kind == Command.SET:
                modems.before_write(View(self.holding, record.meter), key)
                device.set(record.client, AttributeDescriptor(*key, record.number), None, record.data or b"")
                self._after_write(record.meter, key, record.number)
            elif (record.class_id, record.number) in REFUSING:
                device.acted(record.client, (MethodDescriptor(*key, record.number), record.data))
            else:
                device.action(record.client, MethodDescriptor(*key, record.number), record.data)


def report(error: Exception) -> None:
    """Log what went wrong inside a meter, if it was no refusal."""
    if not isinstance(error, AmiError):
        log.error("a virtual meter failed", exc_info=error)
