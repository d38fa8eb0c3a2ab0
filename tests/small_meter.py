"""A small logical device on a real socket: public client 16, client 1 with HLS 5, or what a test wants."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime

import numpy as np

from openami.aio.server import FleetListener
from openami.core.obis import OBIS
from openami.core.stamps import encode_stamps
from openami.core.time import CET
from openami.core.units import ScalerUnit, Unit
from openami.cosem.access import AccessTable, AttributeAccess, MethodAccess, Rights
from openami.cosem.association import AssociationLNv1
from openami.cosem.clock import Clock
from openami.cosem.device import LogicalDevice
from openami.cosem.objects import CosemObject, Live
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.registers import Data, Register
from openami.dlms.acse import ApplicationContext, Mechanism
from openami.dlms.data import OCTET_STRING, UINT32, Tag
from openami.dlms.link import ServerLink
from openami.dlms.profile import Table
from openami.dlms.security import Keys, Policy, Security
from openami.dlms.server import Association, Request, Server
from openami.dlms.xdlms import CaptureObject
from pair import AK, CLIENT_TITLE, EK, SERVER_TITLE, MemoryCounters
from talker import Talker, calling

MIDNIGHT = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) - 3600
"""Start of 2026-11-01 in the meter's zone."""

ROWS = 96
CLOCK, ENERGY, PROFILE = "0.0.1.0.0.255", "1.0.1.8.0.255", "1.0.99.1.0.255"
NAME, COUNTER, SECRET = "0.0.42.0.0.255", "0.0.43.1.0.255", "0.0.96.1.0.255"

HLS5 = Security.hls5(encryption_key=EK, authentication_key=AK, client_title=CLIENT_TITLE)
HLS5_ASSOCIATION = Association(
    1,
    Mechanism.HIGH_GMAC,
    Policy.AE,
    keys=Keys(EK, AK),
    context=ApplicationContext.LN_CIPHERED,
)


def load_profile() -> Table:
    """A day of quarter hours: stamp, status, energy."""
    utc = MIDNIGHT + 900 * np.arange(1, ROWS + 1, dtype=np.int64)
    deviation, dst = CET.offsets(utc)
    stamps = encode_stamps(utc, deviation, dst)
    energy = np.arange(ROWS, dtype=np.uint32) * 7
    return Table([stamps, np.zeros(ROWS, np.uint8), energy], [Tag.OCTET_STRING, Tag.UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED])


class SmallMeter:
    """Objects, counters and what happened; a provider of sessions for every address."""

    def __init__(self, associations: Sequence[Association] = (HLS5_ASSOCIATION, Association(16))) -> None:
        self.associations = {association.client_sap: association for association in associations}
        self.counters = MemoryCounters()
        self.sessions: list[SmallSession] = []
        self.max_pdu = 0xFFFF
        self.random = os.urandom
        self.objects = {
            (o.class_id, o.state[1]): o
            for o in (
                AssociationLNv1("0.0.40.0.0.255"),
                Data(NAME, types={"value": OCTET_STRING}, value=b"OAMSIM0000000001"),
                Data(COUNTER, types={"value": UINT32}, value=Live(self.last_counter)),
                Data(SECRET, types={"value": OCTET_STRING}, value=b"no business of the public"),
                Register(ENERGY, types={"value": UINT32}, value=12_345, scaler_unit=ScalerUnit(1, Unit.WATT_HOUR)),
                Clock(CLOCK, time=CET.stamp(MIDNIGHT)),
                ProfileGeneric(
                    PROFILE,
                    buffer=load_profile(),
                    capture_objects=[
                        CaptureObject(8, OBIS.parse(CLOCK), 2),
                        CaptureObject(1, OBIS.parse("0.0.96.10.2.255"), 2),
                        CaptureObject(3, OBIS.parse(ENERGY), 2),
                    ],
                    capture_period=900,
                    profile_entries=960,
                ),
            )
        }
        full = {
            key: Rights(
                dict.fromkeys(o.attributes, AttributeAccess.READ_WRITE),
                dict.fromkeys(o.methods, MethodAccess.ACCESS),
            )
            for key, o in self.objects.items()
        }
        public = {
            key: Rights({1: AttributeAccess.READ, 2: AttributeAccess.READ})
            for key in self.objects
            if str(key[1]) in {"0.0.40.0.0.255", NAME, COUNTER, CLOCK}
        }
        access = AccessTable({sap: public if sap == 16 else full for sap in self.associations})
        association = self.objects[15, OBIS.parse("0.0.40.0.0.255")]
        self.device = LogicalDevice(
            self.objects,
            access,
            associations=dict.fromkeys(self.associations, association),
            report=self.defect,
        )

    def defect(self, error: Exception) -> None:
        raise error

    def last_counter(self) -> int:
        return max(self.counters.received(1, "global"), 0)

    def object(self, class_id: int, name: str) -> CosemObject:
        return self.objects[class_id, OBIS.parse(name)]

    def open(self, local_address: str, link: ServerLink | None = None) -> "SmallSession":
        self.sessions.append(SmallSession(self, link))
        return self.sessions[-1]


class SmallSession:
    """One connection; `mute` and `cut_after` make a bad line."""

    def __init__(self, meter: SmallMeter, link: ServerLink | None = None) -> None:
        self.meter = meter
        self.endpoint = Server(
            link=link,
            associations=meter.associations,
            system_title=SERVER_TITLE,
            counters=meter.counters,
            random=meter.random,
            max_pdu=meter.max_pdu,
        )
        self.seen: list[object] = []

    def deliver(self, events: Sequence[object]) -> None:
        for event in events:
            self.seen.append(event)
            if isinstance(event, Request):
                self.endpoint.respond(event.id, self.meter.device.answer(event))

    def durable(self) -> Awaitable[None] | None:
        return None


def at_work(meter: SmallMeter) -> FleetListener:
    """The meter on a port of its own."""
    return FleetListener(meter, port=0, host="127.0.0.1", stand_ins=["me"])


def url_of(listener: FleetListener) -> str:
    return f"tcp://{listener.addresses[0]}"


class BadLine(Talker):
    """Between client and meter: swallows what the meter says after so many octets, or cuts there."""

    def __init__(self, listener: FleetListener, after: int, *, cut: bool) -> None:
        super().__init__(self.carry)
        self.listener, self.after, self.cut = listener, after, cut

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with calling(self.listener.addresses[0]) as (there, back):
            forth = asyncio.create_task(forward(reader, back))
            left = self.after
            while left and (data := await there.read(left)):
                left -= len(data)
                writer.write(data)
            if self.cut:
                await writer.drain()
                writer.close()
            else:
                while await there.read(4096):
                    pass
            await forth


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(4096):
            writer.write(data)
    writer.close()
