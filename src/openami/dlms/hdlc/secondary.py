"""The secondary station: a logical device's end of an HDLC line with any number of clients (Green Book, 8.4)."""

from collections.abc import Iterable, Mapping
from itertools import product

from openami.core.errors import EncodeError
from openami.dlms.hdlc import llc
from openami.dlms.hdlc.address import (
    ALL_STATIONS,
    CALLING_DEVICE,
    NO_STATION,
    ServerAddress,
    decode_client,
    encode_client,
)
from openami.dlms.hdlc.connection import Connection, Mode, Settings
from openami.dlms.hdlc.control import Kind
from openami.dlms.hdlc.frame import Frame
from openami.dlms.hdlc.parameters import Parameters
from openami.dlms.hdlc.stream import FrameStream
from openami.dlms.hdlc.transfer import MAX_APDU

CLIENTS = frozenset(encode_client(address) for address in range(NO_STATION + 1, ALL_STATIONS[1]))


class SecondaryStation:
    """One logical device on a line; implements `ServerLink`. No I/O, no clock.

    It hears the whole line and takes what is sent to its address: clients are told apart by theirs, and
    what other stations say is none of its business. It answers to no other length of its address, unless
    in `lengths`, and to the address of the calling device only if `is_calling`. UI frames of `notify`
    wait for a poll unless `is_unsolicited`. An answer not made within `answer_s` must be polled for.
    """

    def __init__(
        self,
        address: ServerAddress,
        *,
        parameters: Parameters | None = None,
        inactivity_s: float | None = 120.0,
        answer_s: float = 1.0,
        is_calling: bool = False,
        is_unsolicited: bool = False,
        lengths: Iterable[int] = (),
        inter_octet_s: float | None = 1.0,
        has_echo: bool = False,
        max_apdu: int = MAX_APDU,
    ) -> None:
        self.address = address
        self.stream = FrameStream(inter_octet_s=inter_octet_s, has_echo=has_echo)
        self._settings = Settings(parameters or Parameters(), inactivity_s, answer_s, is_unsolicited, max_apdu)
        self._addresses = addresses(address, lengths, is_calling=is_calling)
        self._connections: dict[int, Connection] = {}
        self._out: list[bytes] = []

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        due = [connection.deadline for connection in self._connections.values()]
        return min((at for at in due if at is not None), default=None)

    @property
    def is_connected(self) -> bool:
        """Whether any client is connected."""
        return any(connection.mode is not Mode.NDM for connection in self._connections.values())

    def mode(self, client_sap: int) -> Mode:
        """Mode towards a client."""
        connection = self._connections.get(client_sap)
        return Mode.NDM if connection is None else connection.mode

    def receive(self, data: bytes, now: float) -> list[tuple[int, bytes | None]]:
        """Take what was heard on the line: client and whole APDU, or None for a client whose connection has ended."""
        events: list[tuple[int, bytes | None]] = []
        for frame in self.stream.feed(data, now):
            if frame.destination in self._addresses and frame.source in CLIENTS:
                self._take(frame, now, events)
        return events

    def send(self, client_sap: int, apdu: bytes, now: float) -> None:
        """Take an answer to be sent; of no effect without connection."""
        connection = self._connections.get(client_sap)
        if connection is not None:
            connection.send(apdu, now)

    def notify(self, client_sap: int, apdu: bytes, now: float) -> None:
        """Take an APDU that nobody asked for: a UI frame, which must hold it whole."""
        self._connection(client_sap).notify(apdu)

    def expire(self, now: float) -> list[tuple[int, bytes | None]]:
        """Give the turn back, and end connections of which nothing was heard."""
        return [(client, event) for client, connection in self._connections.items() for event in connection.expire(now)]

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent, one frame each."""
        out = self._out.copy()
        self._out.clear()
        self.stream.sent(out)
        return out

    def abort(self) -> None:
        """Forget everything: the line is gone."""
        self._connections.clear()
        self._out.clear()
        self.stream.clear()

    def _connection(self, client: int) -> Connection:
        connection = self._connections.get(client)
        if connection is None:
            route = encode_client(client), self.address.encode()
            connection = self._connections[client] = Connection(route, self._settings, self._out)
        return connection

    def _take(self, frame: Frame, now: float, events: list[tuple[int, bytes | None]]) -> None:
        own, client = self._addresses[frame.destination], decode_client(frame.source)
        if own is not None:
            events += [(client, event) for event in self._connection(client).take(frame, own, now)]
        elif frame.control.kind is Kind.UI and not frame.is_segmented and frame.information:
            events.append((client, llc.strip(frame.information)))


def addresses(address: ServerAddress, lengths: Iterable[int], *, is_calling: bool) -> Mapping[bytes, bytes | None]:
    """Destinations that mean this station, and the address it answers with; None where it must not answer."""
    if address.is_broadcast or address.is_calling or address.upper == NO_STATION:
        raise EncodeError(f"{address} is no station's own address")
    found: dict[bytes, bytes | None] = {}
    for form in (address, *map(address.resized, lengths)):
        everybody, own = ALL_STATIONS[form.length], form.encode()
        for upper, lower in product({form.upper, everybody}, {form.lower, everybody} if form.length > 1 else {0}):
            found[ServerAddress(upper, lower, form.length).encode()] = None
        found[own] = own
        if is_calling and form.length > 1:
            found[ServerAddress(form.upper, CALLING_DEVICE[form.length], form.length).encode()] = own
    return found
