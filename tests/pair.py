"""Our two ends joined without mocks: `Pair` carries octets between a client and a server core.

Three cuts of every transmission (`whole`, `byte_by_byte`, `WithTail`), a man in the middle where a
test wants one, and a store of attributes as the logical device.
"""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from openami.core.obis import OBIS
from openami.cosem.device import access_outcomes
from openami.dlms.acse import AARE, AARQ, ApplicationContext, AssociationResult, Mechanism
from openami.dlms.client import DEFAULT_CONFORMANCE, Associated, Client, Failed, Got
from openami.dlms.client import Event as ClientEvent
from openami.dlms.security import (
    Channel,
    Cipher,
    Ciphering,
    Keys,
    Policy,
    ReceiveCounter,
    Security,
    SendCounter,
    Suite,
)
from openami.dlms.server import Association, Request, Results, Server
from openami.dlms.server import Event as ServerEvent
from openami.dlms.wrapper import Header
from openami.dlms.xdlms import (
    ActionResult,
    AttributeDescriptor,
    Conformance,
    DataAccessResult,
    InitiateRequest,
    InitiateResponse,
    MethodDescriptor,
    decode,
)

EK, AK, DK = bytes(range(16)), bytes(range(0xD0, 0xE0)), bytes(range(0x40, 0x50))
CLIENT_TITLE, SERVER_TITLE = b"OAM\x00\x00\x00\x00\x01", b"OAM\x00\x00\x00\x00\x02"
CLOCK = AttributeDescriptor(8, OBIS.parse("0.0.1.0.0.255"), 2)
REGISTER = AttributeDescriptor(3, OBIS.parse("1.0.1.8.0.255"), 2)
PROFILE = AttributeDescriptor(7, OBIS.parse("1.0.99.1.0.255"), 2)
NOWHERE = AttributeDescriptor(3, OBIS.parse("1.0.99.99.99.255"), 2)
RESET = MethodDescriptor(3, OBIS.parse("1.0.1.8.0.255"), 1)
ECHO = MethodDescriptor(9, OBIS.parse("0.0.10.0.0.255"), 1)
PASSWORD = b"12345678"
#: Places in `sent` and `tamper`.
TO_SERVER, TO_CLIENT = 0, 1

Cut = Callable[[bytes], Iterable[bytes]]


def whole(data: bytes) -> list[bytes]:
    """Deliver as it was sent."""
    return [data]


def byte_by_byte(data: bytes) -> list[bytes]:
    """Deliver one octet at a time."""
    return [data[n : n + 1] for n in range(len(data))]


class WithTail:
    """Deliver each transmission with the beginning of the next: the two octets of the wrapper's version."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self, data: bytes) -> list[bytes]:
        data, self.ahead = data[self.ahead :] + data[:2], 2
        return [data]


CUTS: dict[str, Callable[[], Cut]] = {
    "whole": lambda: whole,
    "byte by byte": lambda: byte_by_byte,
    "with a tail": WithTail,
}


def wrap(apdu: bytes, source: int = 1, destination: int = 1) -> bytes:
    """An APDU on the wire."""
    return Header(source, destination, len(apdu)).encode() + apdu


def flip(place: int, bit: int = 0) -> Callable[[bytes], bytes]:
    """A man in the middle who changes one bit."""

    def tamper(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[place] ^= 1 << bit
        return bytes(changed)

    return tamper


def forger(own_title: bytes = CLIENT_TITLE, peer_title: bytes = SERVER_TITLE) -> Ciphering:
    """Somebody who knows the global keys, and breaks the rules."""
    channel = Channel(Cipher(EK, AK), Suite.AES_GCM_128, SendCounter(10**6).take, ReceiveCounter())
    return Ciphering(channel, own_title, peer_title, 0)


class MemoryCounters:
    """Counters of a server, as a dict."""

    def __init__(self, last: int = -1, start: int = 1) -> None:
        self.last: dict[tuple[int, str], int] = {}
        self.initial = last
        self.send = SendCounter(start)

    def received(self, client_sap: int, key: str) -> int:
        return self.last.get((client_sap, key), self.initial)

    def accept(self, client_sap: int, key: str, value: int) -> None:
        self.last[client_sap, key] = value

    def next_send(self, client_sap: int, key: str) -> int:
        return self.send.take()


class Store:
    """A logical device: values by attribute; method `ECHO` returns its parameters."""

    def __init__(self, values: dict[AttributeDescriptor, bytes] | None = None) -> None:
        self.values = values or {
            CLOCK: bytes.fromhex("090c07ea0b14050c000000ffc400"),
            REGISTER: b"\x06\0\0\1\2",
        }
        self.invoked: list[Any] = []

    def __call__(self, request: Request) -> Results:
        if request.kind == "get":
            return [self.values.get(item[0], DataAccessResult.OBJECT_UNDEFINED) for item in request.items]
        if request.kind == "set":
            return [self.write(attribute, value) for attribute, _, value in request.items]
        if request.kind == "access":
            return access_outcomes(
                request,
                lambda item: self.values.get(item[0], DataAccessResult.OBJECT_UNDEFINED),
                lambda item: self.write(item[0], item[2]),
                lambda item: self.invoke(*item),
            )
        return [self.invoke(method, parameters) for method, parameters in request.items]

    def write(self, attribute: AttributeDescriptor, value: bytes) -> DataAccessResult:
        if attribute not in self.values:
            return DataAccessResult.OBJECT_UNDEFINED
        self.values[attribute] = value
        return DataAccessResult.SUCCESS

    def invoke(self, method: MethodDescriptor, parameters: bytes | None) -> tuple[ActionResult, bytes | None]:
        self.invoked.append((method, parameters))
        if method == NOWHERE:
            return ActionResult.OBJECT_UNDEFINED, None
        return ActionResult.SUCCESS, parameters if method == ECHO else None


ASSOCIATIONS = {
    16: Association(16),
    2: Association(2, mechanism=Mechanism.LOW, secret=PASSWORD),
    1: Association(
        1,
        mechanism=Mechanism.HIGH_GMAC,
        policy=Policy.AE,
        keys=Keys(EK, AK),
        context=ApplicationContext.LN_CIPHERED,
    ),
}


def hls5(**changes: Any) -> Security:
    """Settings of client 1."""
    facts = {"encryption_key": EK, "authentication_key": AK, "client_title": CLIENT_TITLE}
    return Security.hls5(**(facts | changes))


class Pair:
    """A client and a server, and the wire between them; `now` is the only clock."""

    def __init__(
        self,
        security: Security | None = None,
        *,
        client_sap: int = 16,
        cut: str = "whole",
        associations: dict[int, Association] | None = None,
        client: dict[str, Any] | None = None,
        server: dict[str, Any] | None = None,
        answer: Callable[[Request], Results] | None = None,
    ) -> None:
        dice = Random(1)
        self.client_sap = client_sap
        self.now = 1000.0
        self.counters = MemoryCounters()
        self.store = answer or Store()
        self.client = Client(
            **{
                "client_sap": client_sap,
                "security": security or Security.none(),
                "random": dice.randbytes,
                "send_counter": SendCounter(1),
                **(client or {}),
            }
        )
        self.server = Server(
            **{
                "associations": associations or ASSOCIATIONS,
                "system_title": SERVER_TITLE,
                "counters": self.counters,
                "random": dice.randbytes,
                **(server or {}),
            }
        )
        self.cuts = CUTS[cut](), CUTS[cut]()
        #: All that was sent: client to server, server to client.
        self.sent: tuple[list[bytes], list[bytes]] = ([], [])
        #: What a man in the middle makes of a transmission, each way.
        self.tamper: list[Callable[[bytes], bytes]] = [bytes, bytes]
        self.events: list[ClientEvent] = []
        self.server_events: list[ServerEvent] = []

    def run(self) -> list[ClientEvent]:
        """Carry octets until both are quiet; the client's new events."""
        known = len(self.events)
        while self.to_server() | self.to_client():
            pass
        return self.events[known:]

    def to_server(self) -> bool:
        """Carry what the client sends."""
        out = self.client.outgoing()
        for data in out:
            self.sent[0].append(data)
            for chunk in self.cuts[0](self.tamper[0](data)):
                self.serve(self.server.receive(chunk, self.now))
        return bool(out)

    def serve(self, events: list[ServerEvent]) -> None:
        """Answer the requests among a server's events."""
        self.server_events += events
        for event in events:
            if isinstance(event, Request):
                self.server.respond(event.id, self.store(event))

    def to_client(self) -> bool:
        """Carry what the server sends."""
        out = self.server.outgoing()
        for data in out:
            self.sent[1].append(data)
            for chunk in self.cuts[1](self.tamper[1](data)):
                self.events += self.client.receive(chunk, self.now)
        return bool(out)

    def ask(self, request: int) -> ClientEvent:
        """Carry octets until the request of this id is answered; its event."""
        [event] = [event for event in self.run() if getattr(event, "id", None) == request]
        return event

    def associate(self) -> "Pair":
        """Open the association, or fail the test."""
        event = self.ask(self.client.associate(now=self.now))
        assert isinstance(event, Associated), event
        return self

    def get(self, *attributes: AttributeDescriptor) -> list[bytes | DataAccessResult]:
        """Read attributes, or fail the test."""
        event = self.ask(self.client.get([(attribute, None) for attribute in attributes], now=self.now))
        assert isinstance(event, Got), event
        return event.results

    def strike(self, apdu: bytes, client_sap: int | None = None) -> bytes:
        """Send the server an APDU of one's own; its answer, b"" if there is none."""
        sap = self.client_sap if client_sap is None else client_sap
        self.serve(self.server.receive(wrap(apdu, sap), self.now))
        answers = self.server.outgoing()
        assert len(answers) < 2
        return answers[0][8:] if answers else b""

    def failure(self, request: int) -> Exception:
        """Expect a request to fail; its error."""
        event = self.ask(request)
        assert isinstance(event, Failed), event
        return event.error


def public(max_pdu: int = 0xFFFF, conformance: Conformance = DEFAULT_CONFORMANCE, **facts: Any) -> Pair:
    """A public association whose APDUs the test makes itself."""
    pair = Pair(**facts)
    initiate = InitiateRequest(conformance, max_pdu).encode()
    answer = AARE.decode(pair.strike(AARQ(user_information=initiate).encode()))
    assert answer.result is AssociationResult.ACCEPTED
    return pair


def ask(pair: Pair, apdu: Any) -> Any:
    """Send the server an APDU; its answer, decoded."""
    return decode(pair.strike(apdu.encode()))


INITIATE = InitiateResponse(DEFAULT_CONFORMANCE)
ACCEPTED = AARE(user_information=INITIATE.encode())


def lone(**facts: Any) -> Client:
    """A client on its own."""
    return Client(**{"client_sap": 16, "security": Security.none(), "random": bytes, "timeout_s": 10.0, **facts})


def associated(**facts: Any) -> Client:
    """A public client whose association is open."""
    client = lone(**facts)
    client.associate(now=0.0)
    assert isinstance(give(client, ACCEPTED.encode()), Associated)
    return client


def sent(client: Client) -> bytes:
    """The one APDU the client has to send."""
    [data] = client.outgoing()
    return data[8:]


def give(client: Client, apdu: bytes, now: float = 0.0) -> Any:
    """Hand the client an APDU; its one event, or nothing."""
    client.outgoing()
    events = client.receive(wrap(apdu, 1, 16), now)
    assert len(events) < 2
    return events[0] if events else None
