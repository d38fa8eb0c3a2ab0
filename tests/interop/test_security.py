"""Outsiders with a wrong secret, answers that somebody has changed, and what peers let out or never notice."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from interop.cell import COSEM, Outcome, each
from interop.cells.security import DISCLOSURES, FORGERIES, FRAMES, HANGS, OPENINGS, PROOFS, REFUSALS
from interop.expected import seen_by
from openami.aio.tcp import Address
from openami.dlms.link import ServerLink
from openami.dlms.server import Refused, Server
from outsider import PeerFailed, PeerHangs
from pair import MemoryCounters
from small_meter import NAME, SECRET, SmallMeter, SmallSession
from talker import Talker

OPENING = 2
"""Answers that open an association: AARE, and pass 4."""


@each(REFUSALS)
async def test_a_wrong_secret_does_not_get_in(cell, peers):
    meter = cell.meter()
    with pytest.raises(PeerFailed):
        await cell.visit(peers, "read_register", meter, **cell.facts["wrong"])
    assert seen_by(meter, Refused) == [Refused(1, "authentication failure")]


class Between:
    """Somebody on the line, who changes what the meter answers once the association is open."""

    def __init__(self, server: Server, tamper: Callable[[bytes], bytes]) -> None:
        self.server, self.tamper, self.answers = server, tamper, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.server, name)

    def outgoing(self) -> list[bytes]:
        """What the client gets to see."""
        return [self.changed(data) for data in self.server.outgoing()]

    def changed(self, data: bytes) -> bytes:
        self.answers += 1
        return data if self.answers <= OPENING else self.tamper(data)


class Overheard(SmallMeter):
    """A meter whose answers somebody changes."""

    tamper: Callable[[bytes], bytes] = bytes

    def open(self, local_address: str, link: ServerLink | None = None) -> SmallSession:
        session = super().open(local_address, link)
        session.endpoint = Between(session.endpoint, self.tamper)
        return session


class Falling(MemoryCounters):
    """Counters of a server that counts down."""

    def next_send(self, client_sap: int, key: str) -> int:
        return 10_000 - self.send.take()


def flipping(place: int) -> Callable[[bytes], bytes]:
    def flip(data: bytes) -> bytes:
        changed = bytearray(data)
        if len(changed) >= -place:
            changed[place] ^= 0x80
        return bytes(changed)

    return flip


@each(FORGERIES)
async def test_answers_that_are_not_the_meter_s(cell, peers):
    meter = Overheard((cell.association(),))
    meter.random = cell.meter().random
    if cell.facts.get("goes_down"):
        meter.counters = Falling()
    else:
        meter.tamper = flipping(cell.facts["octet"])
    found = await cell.visit(peers, "read_register", meter)
    assert found == cell.facts.get("taken")
    assert (found is None) is (cell.outcome is Outcome.REFUSED)


@each(OPENINGS)
async def test_a_long_aarq(cell, peers):
    opening = bytes.fromhex(await cell.visit(peers, "opening", cell.meter()))
    assert len(opening) > 0x81
    assert (opening[0], opening[1]) == (0x60, len(opening) - 2)


@each(DISCLOSURES)
async def test_a_secret_stays_at_home(cell, peers):
    if cell.peer == COSEM:
        aarq = await cell.visit(peers, "opening", cell.meter())
        assert cell.secret().encode().hex() in aarq
        await cell.visit(peers, "read_register", cell.meter())
        return
    await cell.visit(peers, "read_register", cell.meter(), overhear=True)
    assert cell.orders()["private_key"] in peers[cell.peer].printed.replace(" ", "").lower()


@each(PROOFS)
async def test_a_proof_that_the_peer_cannot_make(cell, peers):
    assert await cell.visit(peers, "read_register", cell.meter()) is None


@each(FRAMES)
async def test_frames(cell, peers):
    meter = cell.meter()
    if cell.peer == COSEM:
        assert await cell.visit(peers, "read_name", meter) in (None, meter.object(1, NAME).value.hex())
        return
    meter.object(1, SECRET).value = bytes(1000)
    assert await cell.visit(peers, "long_get", meter, name=SECRET) is None


@pytest.mark.slow
@each(HANGS)
async def test_a_connection_that_the_meter_closes(cell, peers):
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.close()

    async with Talker(close) as url:
        host, port = Address.parse(url)
        orders = {**cell.orders(), "server": 1, "host": host, "port": port, "timeout_s": 0.5}
        with pytest.raises(PeerHangs):
            await asyncio.to_thread(peers[cell.peer].do, "read_register", orders, 2.0)
