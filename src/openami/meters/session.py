"""One connection to one meter: the protocol's server core, answered from the meter's column."""

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from functools import partial
from typing import Protocol

from openami.cosem.access import Key
from openami.cosem.device import LogicalDevice, access_outcomes
from openami.dlms.security.material import BROADCAST
from openami.dlms.server import (
    AccessRequest,
    ActionItem,
    ActionRequest,
    GetRequest,
    Refused,
    Server,
    SetItem,
    SetRequest,
)
from openami.dlms.xdlms import AccessGet, ActionOutcome, AttributeDescriptor, DataAccessResult
from openami.meters.faces import esmr
from openami.meters.holding import STRIDE, Counters
from openami.meters.records import Refusal

AUTHENTICATION, COUNTER = "authentication failure", "invocation counter"
"""Words of the server core about why it refused."""


class Keeper(Protocol):
    """What a session asks of its fleet: to remember, and to carry out what changes a meter."""

    @property
    def session_events(self) -> Mapping[Key, int]:
        """Objects whose reading is an event of the session log."""
        ...

    def keep_counter(self, meter: int, *, received: int = -1, reserved: int = -1, broadcast: int = -1) -> None:
        """Put a counter in the journal."""
        ...

    def write(self, meter: int, device: LogicalDevice, client: int, item: SetItem) -> DataAccessResult:
        """Write an attribute now."""
        ...

    def act(self, meter: int, device: LogicalDevice, client: int, item: ActionItem) -> ActionOutcome:
        """Carry out a method now."""
        ...

    def note(self, meter: int, code: int) -> None:
        """Write an event of the session log."""
        ...

    def refuse(self, meter: int, reason: Refusal) -> None:
        """Note a refused login."""
        ...

    def commit(self) -> Awaitable[None] | None:
        """When all that was put in the journal is durable."""
        ...


class Session:
    """A connection; also the store of counters that its server core uses."""

    __slots__ = ("_counters", "_device", "_is_dirty", "_keeper", "_meter", "_noted", "endpoint")

    def __init__(
        self,
        keeper: Keeper,
        meter: int,
        device: LogicalDevice,
        counters: Counters,
        server: "ServerFactory",
    ) -> None:
        self._keeper = keeper
        self._meter = meter
        self._device = device
        self._counters = counters
        self._noted: set[int] = set()
        self._is_dirty = False
        self.endpoint = server(self)

    def deliver(self, events: Sequence[object]) -> None:
        """Answer the requests among the core's events."""
        for event in events:
            if isinstance(event, GetRequest):
                self.endpoint.respond(event.id, [self._device.got(event.client_sap, item) for item in event.items])
                self._note_reading(descriptor for descriptor, _ in event.items)
            elif isinstance(event, SetRequest):
                self._write(event)
            elif isinstance(event, ActionRequest):
                self._act(event)
            elif isinstance(event, AccessRequest):
                self._access(event)
            elif isinstance(event, Refused):
                self._keeper.refuse(self._meter, refusal(event.reason))
                self._is_dirty = True

    def durable(self) -> Awaitable[None] | None:
        """When the answers may leave: at once, unless something must be on disk first."""
        if not self._is_dirty:
            return None
        self._is_dirty = False
        return self._keeper.commit()

    def received(self, client_sap: int, key: str) -> int:
        """Highest counter accepted; there is one client with keys, so one counter for each."""
        del client_sap
        counters, meter = self._counters, self._meter
        if (meter, key) in counters.retired:
            return counters.retired[meter, key].received
        array = counters.broadcast if key.startswith(BROADCAST) else counters.received
        return int(array[meter])

    def accept(self, client_sap: int, key: str, value: int) -> None:
        """Remember a counter; it is on disk before the answer leaves, unless its key was replaced."""
        del client_sap
        counters, meter = self._counters, self._meter
        if (meter, key) in counters.retired:
            counters.retired[meter, key].received = value
            return
        if key.startswith(BROADCAST):
            counters.broadcast[meter] = value
            self._keeper.keep_counter(meter, broadcast=value)
        else:
            counters.received[meter] = value
            self._keeper.keep_counter(meter, received=value)
        self._is_dirty = True

    def next_send(self, client_sap: int, key: str) -> int:
        """Spend a value of our own; values are reserved on disk in strides before the first is used."""
        del client_sap
        counters, meter = self._counters, self._meter
        if (meter, key) in counters.retired:
            return counters.retired[meter, key].take()
        value = int(counters.next_send[meter])
        if value >= counters.reserved[meter]:
            counters.reserved[meter] = value + STRIDE
            self._keeper.keep_counter(meter, reserved=value + STRIDE)
            self._is_dirty = True
        counters.next_send[meter] = value + 1
        return value

    def _note_reading(self, descriptors: Iterable[AttributeDescriptor]) -> None:
        events = self._keeper.session_events
        for descriptor in descriptors:
            code = events.get((descriptor.class_id, descriptor.logical_name))
            if code is not None and code not in self._noted:
                self._note(code)

    def _note(self, code: int) -> None:
        self._noted.add(code)
        self._keeper.note(self._meter, code)
        self._is_dirty = True

    def _write(self, event: SetRequest) -> None:
        client = event.client_sap
        results = [self._keeper.write(self._meter, self._device, client, item) for item in event.items]
        self.endpoint.respond(event.id, results)
        self._is_dirty = True
        if DataAccessResult.SUCCESS in results and esmr.TECHNICAL_MAINTENANCE not in self._noted:
            self._note(esmr.TECHNICAL_MAINTENANCE)

    def _access(self, event: AccessRequest) -> None:
        device, client, keeper, meter = self._device, event.client_sap, self._keeper, self._meter
        results = access_outcomes(
            event,
            partial(device.got, client),
            partial(keeper.write, meter, device, client),
            partial(keeper.act, meter, device, client),
        )
        self.endpoint.respond(event.id, results)
        self._is_dirty = True
        self._note_reading(asked.attribute for asked, _ in event.items if isinstance(asked, AccessGet))

    def _act(self, event: ActionRequest) -> None:
        client = event.client_sap
        results = [self._keeper.act(self._meter, self._device, client, item) for item in event.items]
        self.endpoint.respond(event.id, results)
        self._is_dirty = True


def refusal(reason: str) -> Refusal:
    """Tell a wrong password from what cannot be deciphered, and from what was sent before."""
    if reason == AUTHENTICATION:
        return Refusal.LOGIN
    return Refusal.REPLAY if COUNTER in reason else Refusal.DECRYPTION


class ServerFactory(Protocol):
    """Makes the server core of a session, which keeps its counters."""

    def __call__(self, counters: Session, /) -> Server:
        """Make a new core."""
        ...
