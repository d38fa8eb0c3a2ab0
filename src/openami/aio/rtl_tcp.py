"""Samples of a receiver that rtl_tcp serves: unsigned octets, I and Q in turn, as fast as they come.

The other end greets with 12 octets, `RTL0`, the number of its tuner and of its gains; it is ordered about by 5 octets,
a number and a value. All numbers are big-endian.
"""

import asyncio
import contextlib
import struct
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import ClassVar

from openami.aio.tcp import Address, named
from openami.core.errors import ConnectionLost, DefinitionError, LinkError, LinkTimeout, RemoteProtocolError

PORT = 1234
"""Where rtl_tcp listens if nobody says otherwise."""
GREETING = struct.Struct(">4sII")
ORDER = struct.Struct(">BI")
MAGIC = b"RTL0"
CENTRE, RATE, GAIN_BY_HAND, GAIN, CORRECTION, AGC = 0x01, 0x02, 0x03, 0x04, 0x05, 0x08
TUNERS = {1: "E4000", 2: "FC0012", 3: "FC0013", 4: "FC2580", 5: "R820T", 6: "R828D"}
READ_OCTETS = 1 << 16
BUFFER_OCTETS = 1 << 22
"""So much waits here while the last samples are worked on."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What the receiver is told."""

    centre_hz: float
    rate_hz: float
    #: Gain of the tuner; None for its own choice.
    gain_db: float | None = None
    #: How far its quartz is off.
    correction_ppm: int = 0

    def orders(self) -> bytes:
        """All orders, one after the other; a `DefinitionError` if a value does not fit."""
        gain = () if self.gain_db is None else ((GAIN, round(10 * self.gain_db)),)
        wanted = (
            (RATE, round(self.rate_hz)),
            (CENTRE, round(self.centre_hz)),
            (CORRECTION, self.correction_ppm),
            (GAIN_BY_HAND, int(self.gain_db is not None)),
            *gain,
            (AGC, 0),
        )
        try:
            return b"".join(ORDER.pack(number, value & 0xFFFF_FFFF if value < 0 else value) for number, value in wanted)
        except struct.error as error:
            raise DefinitionError(f"{self}: a value has no place in 32 bits", key="tuning") from error


@dataclass
class RtlTcp:
    """One place where rtl_tcp is served, connected to as often as is needed.

        receiver = RtlTcp(Address("127.0.0.1", 1234), Tuning(912.6e6, 2_359_296))
        async with contextlib.aclosing(receiver.blocks(1 << 19)) as blocks:
            async for block in blocks: ...

    `told` is called with one sentence when the connection is there, and when it is gone.
    """

    address: Address
    tuning: Tuning
    told: Callable[[str], None] = field(default=lambda _sentence: None)
    timeout_s: float = 10.0
    #: Pause before connecting again; it doubles with each failure.
    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    #: How often it connects in vain, one after the other, before it gives up; None for never.
    attempts: int | None = None
    connections: int = field(init=False, default=0)
    """How often it has connected: samples of different connections do not follow each other."""
    GREETED: ClassVar[int] = GREETING.size

    async def blocks(self, octets: int) -> AsyncGenerator[bytes, None]:
        """Octets, so many at a time, for ever; raises the last `LinkError` when the attempts are used up.

        What had come of a block when a connection was lost is dropped.
        """
        failures, pause_s = 0, self.first_pause_s
        while True:
            try:
                async with contextlib.aclosing(self._connection(octets)) as blocks:
                    async for block in blocks:
                        failures, pause_s = 0, self.first_pause_s
                        yield block
            except LinkError as error:
                failures += 1
                if self.attempts is not None and failures >= self.attempts:
                    raise
                self.told(f"{error}; again in {pause_s:g} s")
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, self.longest_pause_s)

    async def _connection(self, octets: int) -> AsyncGenerator[bytes, None]:
        """Octets of one connection; it ends with a `LinkError`."""
        try:
            async with asyncio.timeout(self.timeout_s):
                reader, writer = await asyncio.open_connection(*self.address, limit=BUFFER_OCTETS)
        except OSError as error:
            raise named(error, self.address, self.timeout_s) from error
        try:
            self.told(f"{self.address}: {await self._greeted(reader)}")
            writer.write(self.tuning.orders())
            self.connections += 1
            while True:
                yield await self._read(reader, octets)
        finally:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await writer.wait_closed()

    async def _greeted(self, reader: asyncio.StreamReader) -> str:
        """Read the greeting; what speaks otherwise is no rtl_tcp."""
        magic, tuner, gains = GREETING.unpack(await self._read(reader, self.GREETED))
        if magic != MAGIC:
            raise RemoteProtocolError(f"{self.address}: greets with {magic.hex()}, expected {MAGIC.hex()}: no rtl_tcp")
        return f"tuner {TUNERS.get(tuner, tuner)}, {gains} gains"

    async def _read(self, reader: asyncio.StreamReader, octets: int) -> bytes:
        """Read so many octets; silence is an error too."""
        try:
            async with asyncio.timeout(self.timeout_s):
                return await reader.readexactly(octets)
        except TimeoutError:
            raise LinkTimeout(f"{self.address}: silent for {self.timeout_s:g} s") from None
        except (asyncio.IncompleteReadError, OSError):
            raise ConnectionLost(f"{self.address}: the connection is lost") from None
