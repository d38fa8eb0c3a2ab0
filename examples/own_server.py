"""A DLMS server of one's own: a boiler with clock, energy and set point, over the wrapper and over HDLC.

Anybody may read the clock (client 16); who has the keys reads all and moves the set point (client 1).
"""

import asyncio
import os
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime

import openami
from openami import Clock, CosemDateTime, Data, Policy, Register, ScalerUnit, Security, Unit
from openami.aio.bus import HdlcListener, Station
from openami.aio.server import FleetListener
from openami.cosem.access import AccessTable, AttributeAccess, Rights
from openami.cosem.association import AssociationLNv1
from openami.cosem.device import LogicalDevice
from openami.cosem.objects import CosemObject, Live
from openami.dlms.acse import ApplicationContext, Mechanism
from openami.dlms.data import INT16, OCTET_STRING, UINT32
from openami.dlms.hdlc import ServerAddress
from openami.dlms.link import ServerLink
from openami.dlms.security import Keys, SendCounter
from openami.dlms.server import Association, Request, Server

ASSOCIATION, NAME, CLOCK = "0.0.40.0.0.255", "0.0.42.0.0.255", "0.0.1.0.0.255"
ENERGY, SET_POINT = "1.0.1.8.0.255", "0.0.96.50.0.255"
PUBLIC, MANAGER = 16, 1
TITLE, CLIENT_TITLE = b"OAM\0BOIL", b"OAM\0CTRL"
KEYS = Keys(os.urandom(16), os.urandom(16))

OBJECTS: list[CosemObject] = [
    AssociationLNv1(ASSOCIATION),
    Data(NAME, types={"value": OCTET_STRING}, value=b"OAMSIMBOILER0001"),
    Clock(CLOCK, time=Live(lambda: CosemDateTime.from_datetime(datetime.now(UTC)))),
    Register(ENERGY, types={"value": UINT32}, value=101_778, scaler_unit=ScalerUnit(0, Unit.WATT_HOUR)),
    Register(SET_POINT, types={"value": INT16}, value=550, scaler_unit=ScalerUnit(-1, Unit.DEGREE_CELSIUS)),
]


def device() -> LogicalDevice:
    """Say which client may do what; an object that is not listed is not there for a client."""
    objects = {(held.class_id, held.logical_name): held for held in OBJECTS}
    all_read = {key: dict.fromkeys(held.attributes, AttributeAccess.READ) for key, held in objects.items()}
    public = {key: Rights(all_read[key]) for key in objects if str(key[1]) in {ASSOCIATION, NAME, CLOCK}}
    manager = {key: Rights(attributes) for key, attributes in all_read.items()}
    set_point = next(key for key in objects if str(key[1]) == SET_POINT)
    manager[set_point] = Rights(all_read[set_point] | {2: AttributeAccess.READ_WRITE})
    return LogicalDevice(objects, AccessTable({PUBLIC: public, MANAGER: manager}), report=print)


ASSOCIATIONS = {
    PUBLIC: Association(PUBLIC),
    MANAGER: Association(MANAGER, Mechanism.HIGH_GMAC, Policy.AE, keys=KEYS, context=ApplicationContext.LN_CIPHERED),
}


class Counters:
    """Invocation counters in memory: good for keys that do not outlive the program, as these."""

    def __init__(self) -> None:
        self.last: dict[tuple[int, str], int] = {}
        self.sent = 0

    def received(self, client_sap: int, key: str) -> int:
        """Highest value taken from a client."""
        return self.last.get((client_sap, key), -1)

    def accept(self, client_sap: int, key: str, value: int) -> None:
        """Remember a value."""
        self.last[client_sap, key] = value

    def next_send(self, client_sap: int, key: str) -> int:
        """Spend a value of our own: none may come twice under a key."""
        del client_sap, key
        self.sent += 1
        return self.sent


class Boiler:
    """What the listeners ask for a session, whoever calls."""

    def __init__(self) -> None:
        self.device = device()
        self.counters = Counters()

    def open(self, local_address: str, link: ServerLink | None = None) -> "Visit":
        """Begin a session: over the wrapper, or over the link of a line."""
        del local_address  # there is but one meter here
        return Visit(self, link)


class Visit:
    """One connection."""

    def __init__(self, boiler: Boiler, link: ServerLink | None) -> None:
        self.device = boiler.device
        self.endpoint = Server(
            associations=ASSOCIATIONS,
            system_title=TITLE,
            counters=boiler.counters,
            random=os.urandom,
            link=link,
        )

    def deliver(self, events: Sequence[object]) -> None:
        """Answer requests; other events tell who comes and goes."""
        for event in events:
            if isinstance(event, Request):
                self.endpoint.respond(event.id, self.device.answer(event))

    def durable(self) -> Awaitable[None] | None:
        """Let answers leave at once: nothing has to be on disk first."""
        return None


async def main() -> None:
    """Serve both ways, and be the client of both."""
    boiler, counter = Boiler(), SendCounter(1)
    security = Security.hls5(
        encryption_key=KEYS.encryption, authentication_key=KEYS.authentication, client_title=CLIENT_TITLE
    )
    tcp = FleetListener(boiler, host="127.0.0.1", port=0, stand_ins=["the boiler"])
    hdlc = HdlcListener(boiler, [Station("the boiler", ServerAddress.of(1, 17))], port=0)
    async with tcp, hdlc:
        async with openami.connect(f"tcp://{tcp.addresses[0]}", client=PUBLIC) as meter:
            print("anybody reads", await meter.get(Data.value, NAME), await meter.clock())
        async with openami.connect(f"tcp://{tcp.addresses[0]}", security=security, send_counter=counter) as meter:
            await meter.set_raw(Register.value.at(SET_POINT), INT16.encode(615))
        line = f"hdlc://{hdlc.address}?server=1/17"
        async with openami.connect(line, security=security, send_counter=counter) as meter:
            print("the manager reads", await meter.get_many([(Register.value, name) for name in (ENERGY, SET_POINT)]))


asyncio.run(main())
