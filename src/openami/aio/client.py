"""Connecting to a meter: `async with connect("tcp://127.0.0.7:4059", security=...) as meter`."""

import asyncio
import os
from collections.abc import Generator
from types import TracebackType

from openami.aio.link import Link, obey
from openami.aio.meter import Meter
from openami.aio.tcp import Address, open_stream
from openami.core.errors import DecodeError, SecurityError, ServiceError
from openami.core.obis import OBIS
from openami.cosem.objects import decode_whole
from openami.cosem.registers import Data
from openami.dlms.client import Client
from openami.dlms.data import UINT32, UINT64, choice
from openami.dlms.security.counters import CounterError, SendCounter
from openami.dlms.security.settings import Security

PUBLIC_CLIENT = 16
INVOCATION_COUNTER = OBIS.parse("0.0.43.1.0.255")
"""The last invocation counter the meter has taken from us (Blue Book, 6.2.33)."""

__all__ = ["Connecting", "Meter", "connect"]


class Connecting:
    """What `connect` gives: await it, or use it as an async context manager, for a `Meter`."""

    def __init__(
        self,
        address: Address,
        *,
        client: int,
        server: int,
        security: Security,
        timeout_s: float,
        send_counter: SendCounter | None,
        default_deviation_min: int | None,
    ) -> None:
        self.address = address
        self.client = client
        self.server = server
        self.security = security
        self.timeout_s = timeout_s
        self.send_counter = send_counter
        self.default_deviation_min = default_deviation_min
        self._meter: Meter | None = None

    def __await__(self) -> Generator[object, None, Meter]:
        return self.open().__await__()

    async def __aenter__(self) -> Meter:
        self._meter = await self.open()
        return self._meter

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._meter is not None:
            await self._meter.disconnect()

    async def open(self) -> Meter:
        """Connect and associate; a meter that expects another counter is obeyed once."""
        counter = self.send_counter or await self._counter()
        try:
            return await self._associate(self.client, self.security, counter)
        except CounterError as refused:
            obey(refused, counter)
            return await self._associate(self.client, self.security, counter)

    async def _counter(self) -> SendCounter:
        if not self.security.is_ciphered:
            return SendCounter()
        if self.security.invocation_counter is not None:
            return SendCounter(self.security.invocation_counter)
        return SendCounter(await self._discover() + 1)

    async def _discover(self) -> int:
        """Ask the meter, as the public client, for the last counter it has taken."""
        descriptor = Data.value.at(INVOCATION_COUNTER)
        try:
            meter = await self._associate(PUBLIC_CLIENT, Security.none(), SendCounter())
            async with meter:
                return decode_whole(choice(UINT32, UINT64), await meter.get_raw(descriptor))
        except (ServiceError, DecodeError) as error:
            raise SecurityError(
                f"{self.address} does not tell client {PUBLIC_CLIENT} its invocation counter: {error}"
            ) from error

    async def _associate(self, client_sap: int, security: Security, counter: SendCounter) -> Meter:
        loop = asyncio.get_running_loop()
        client = Client(
            client_sap=client_sap,
            server_sap=self.server,
            security=security,
            random=os.urandom,
            send_counter=counter,
            timeout_s=self.timeout_s,
        )
        link = await open_stream(lambda: Link(client, counter, loop, self.address), self.address, self.timeout_s)
        try:
            associated = await link.associate()
        except BaseException:
            link.abort()
            raise
        return Meter(link, associated, self.default_deviation_min)


def connect(
    url: str | Address,
    *,
    client: int = 1,
    server: int = 1,
    security: Security | None = None,
    timeout_s: float = 10.0,
    send_counter: SendCounter | None = None,
    default_deviation_min: int | None = None,
) -> Connecting:
    """Connect to a meter at `tcp://host:port`, IPv6 in brackets, or at an `Address`.

    Without an invocation counter of its own, a ciphered client first asks the meter for the last one it has
    taken, as the public client 16. `send_counter` spares that, and lasts where its `reserve` is durable.
    """
    return Connecting(
        Address.parse(url) if isinstance(url, str) else url,
        client=client,
        server=server,
        security=Security.none() if security is None else security,
        timeout_s=timeout_s,
        send_counter=send_counter,
        default_deviation_min=default_deviation_min,
    )
