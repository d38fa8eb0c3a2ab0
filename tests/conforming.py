"""Meters that are put to the conformance cases: our own as they are, and spoiled ones that break one rule each."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from meters.small_fleet import HOUR_S, Company
from openami.aio.bus import HdlcListener
from openami.aio.route import parse
from openami.aio.server import FleetListener
from openami.conformance.case import Case
from openami.conformance.runner import run_cases
from openami.conformance.suite import chosen
from openami.conformance.target import Login, Target
from openami.conformance.verdict import Outcome
from openami.dlms.hdlc import SecondaryStation, ServerAddress
from openami.dlms.link import ServerLink
from openami.dlms.security import Security
from openami.dlms.server import Server
from openami.dlms.wrapper import ServerStream
from openami.meters.identity import CLIENT_TITLE, address
from pair import SERVER_TITLE
from small_meter import HLS5, SmallMeter, SmallSession

Spoil = Callable[[bytes], bytes]
STATION = ServerAddress.of(1, 17)
#: Our meters answer at once: what is not there after this will not come.
QUICK: dict[str, Any] = {"response_s": 2.0, "silence_s": 0.05, "gap_s": 0.12, "limit_s": 60.0}
INTER_OCTET_S = 0.06
PUBLIC, MANAGEMENT = Login(16), Login(1, HLS5)


def same(data: bytes) -> bytes:
    """Change nothing."""
    return data


@dataclass
class Between:
    """A link on which somebody changes APDUs: what is asked, what is answered. No octets, no APDU."""

    link: ServerLink
    asks: Spoil = same
    answers: Spoil = same

    @property
    def deadline(self) -> float | None:
        return self.link.deadline

    def receive(self, data: bytes, now: float) -> list[tuple[int, bytes | None]]:
        found: list[tuple[int, bytes | None]] = []
        for sap, apdu in self.link.receive(data, now):
            asked = apdu if apdu is None else self.asks(apdu)
            if asked != b"":
                found.append((sap, asked))
            elif apdu:
                self.send(sap, apdu, now)
        return found

    def send(self, client_sap: int, apdu: bytes, now: float) -> None:
        answered = self.answers(apdu)
        if answered:
            self.link.send(client_sap, answered, now)

    def notify(self, client_sap: int, apdu: bytes, now: float) -> None:
        self.link.notify(client_sap, apdu, now)

    def expire(self, now: float) -> list[tuple[int, bytes | None]]:
        return self.link.expire(now)

    def outgoing(self) -> list[bytes]:
        return self.link.outgoing()

    def abort(self) -> None:
        self.link.abort()


@dataclass
class Line:
    """A link on whose line somebody changes octets, each way; what is heard may become several pieces."""

    link: ServerLink
    hears: Callable[[bytes], list[bytes]] = lambda data: [data]
    says: Spoil = same

    @property
    def deadline(self) -> float | None:
        return self.link.deadline

    def receive(self, data: bytes, now: float) -> list[tuple[int, bytes | None]]:
        return [found for piece in self.hears(data) for found in self.link.receive(piece, now)]

    def send(self, client_sap: int, apdu: bytes, now: float) -> None:
        self.link.send(client_sap, apdu, now)

    def notify(self, client_sap: int, apdu: bytes, now: float) -> None:
        self.link.notify(client_sap, apdu, now)

    def expire(self, now: float) -> list[tuple[int, bytes | None]]:
        return self.link.expire(now)

    def outgoing(self) -> list[bytes]:
        return [said for data in self.link.outgoing() if (said := self.says(data))]

    def abort(self) -> None:
        self.link.abort()


@dataclass
class Provider:
    """Meters behind a listener, each session on a link that may be spoiled."""

    meter: Any
    asks: Spoil = same
    answers: Spoil = same

    def open(self, local_address: str, link: ServerLink | None = None) -> Any:
        return self.meter.open(local_address, Between(link or ServerStream(1), self.asks, self.answers))


class Meter(SmallMeter):
    """The small meter with a server of one's own settings."""

    def __init__(self, *associations: Any, **settings: Any) -> None:
        super().__init__(associations) if associations else super().__init__()
        self.settings = {"accepts_plain_release": False} | settings

    def open(self, local_address: str, link: ServerLink | None = None) -> SmallSession:
        session = super().open(local_address, link)
        session.endpoint = Server(
            link=link,
            associations=self.associations,
            system_title=SERVER_TITLE,
            counters=self.counters,
            random=os.urandom,
            **self.settings,
        )
        return session


@dataclass(frozen=True)
class Station:
    """A place on an HDLC line, quick to end a frame that has a pause in it."""

    meter: str = ""
    address: ServerAddress = STATION
    settings: dict[str, Any] = field(default_factory=dict)
    hears: Callable[[bytes], list[bytes]] = lambda data: [data]
    says: Spoil = same

    def link(self) -> ServerLink:
        settings = {"inter_octet_s": INTER_OCTET_S} | self.settings
        return Line(SecondaryStation(self.address, **settings), self.hears, self.says)


def new_company() -> Company:
    """CompactIQs that have lived for six hours."""
    return Company().live(6 * HOUR_S)


company = cache(new_company)


def logins_of(found: Company, **more: Any) -> tuple[Login, Login]:
    """The associations of a CompactIQ."""
    held = found.fleet.keys.of(0)
    security = Security.hls5(
        encryption_key=held.encryption, authentication_key=held.authentication, client_title=CLIENT_TITLE
    )
    return PUBLIC, Login(1, replace(security, keys=held), **more)


@contextlib.asynccontextmanager
async def over_tcp(meter: Any, *logins: Login, **facts: Any) -> AsyncIterator[Target]:
    """A meter on the wrapper over TCP, and how to reach it."""
    stand_in = address(0)
    async with FleetListener(meter, port=0, host="127.0.0.1", stand_ins=[stand_in], login_delay_s=0) as listener:
        place = parse(f"tcp://{listener.addresses[0]}")
        yield Target(place=place, logins=logins or (PUBLIC, MANAGEMENT), **{**QUICK, **facts})


@contextlib.asynccontextmanager
async def over_hdlc(meter: Any, *logins: Login, station: Station | None = None, **facts: Any) -> AsyncIterator[Target]:
    """A meter on an HDLC line behind a TCP port, and how to reach it."""
    own = replace(station or Station(), meter=address(0))
    stations: Sequence[Any] = [own]
    async with HdlcListener(meter, stations, port=0, login_delay_s=0) as listener:
        place = parse(f"hdlc://{listener.address}?server={own.address}")
        target = {"place": place, "server": own.address, "logins": logins or (PUBLIC, MANAGEMENT)}
        yield Target(**{**target, **QUICK, **facts})


def named(name: str) -> Case:
    """One case of the suite."""
    [found] = chosen((), [name])
    return found


async def outcome(target: Target, name: str) -> Outcome:
    """Run one case."""
    [found] = await run_cases(target, [named(name)])
    return found


async def judged(way: Any, name: str) -> Outcome:
    """Run one case on a way to a meter that is opened for it."""
    async with asyncio.timeout(100):
        async with way as target:
            return await outcome(target, name)
