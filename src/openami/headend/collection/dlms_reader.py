"""Reading meters over DLMS/COSEM on TCP: one association, and one GET for all items where the meter can."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import lru_cache

from openami.aio.client import INVOCATION_COUNTER, PUBLIC_CLIENT, connect
from openami.aio.meter import CLOCK, Meter, encode_moment
from openami.core.errors import AccessError, ServiceError
from openami.core.obis import OBIS
from openami.cosem.clock import Clock
from openami.cosem.objects import decode_whole
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.registers import Data
from openami.dlms.data import UINT32, UINT64, choice
from openami.dlms.profile import Table, decode_profile
from openami.dlms.xdlms import AttributeDescriptor, AttributeItem, DataAccessResult, RangeDescriptor, Selection
from openami.headend.collection.reader import Ask, Association, Target
from openami.headend.kit.zone import zone
from openami.headend.registry.models import Kind

COUNTER = choice(UINT32, UINT64)


class DlmsReader:
    """A `Reader` over `openami.aio.client`."""

    def __init__(self, *, client: int = 1, server: int = 1, timeout_s: float = 10.0, with_list: bool = True) -> None:
        self.with_list = with_list
        self.client = client
        self.server = server
        self.timeout_s = timeout_s

    @asynccontextmanager
    async def associate(self, target: Target) -> AsyncGenerator[Association]:
        """Associate as the management client, ciphered."""
        connecting = connect(
            url(target),
            client=self.client,
            server=self.server,
            security=target.security,
            timeout_s=self.timeout_s,
            send_counter=target.counter,
        )
        async with connecting as meter:
            yield DlmsAssociation(meter, target.zone, with_list=self.with_list)

    async def invocation_counter(self, target: Target) -> int:
        """Ask as the public client, which needs no key."""
        public = connect(url(target), client=PUBLIC_CLIENT, server=self.server, timeout_s=self.timeout_s)
        async with public as meter:
            return decode_whole(COUNTER, await meter.get_raw(Data.value.at(INVOCATION_COUNTER)))


class DlmsAssociation:
    """An open association with one meter."""

    def __init__(self, meter: Meter, zone_name: str, *, with_list: bool) -> None:
        self.meter = self._meter = meter
        self._zone = zone_name
        self._with_list = with_list
        self._fetched: dict[Ask, bytes | DataAccessResult] = {}

    async def foresee(self, asks: Sequence[Ask]) -> None:
        """Fetch everything with one GET-request-with-list (one by one where the meter knows no such thing)."""
        if not self._with_list or len(asks) < 2:
            return
        with suppress(ServiceError):  # a meter may promise the service and refuse it: then one by one
            results = await self._meter.get_raw_many([self._key(ask) for ask in asks])
            self._fetched = dict(zip(asks, results, strict=True))

    async def profile(self, ask: Ask) -> Table:
        """Rows by range, in the meter's local time, whose deviation tells the repeated hour apart."""
        table = decode_profile(await self._read(ask))
        return table.fill_null(ask.item.period_s) if table.has_nulls else table

    async def clock(self, ask: Ask) -> float:
        """Time of the meter's clock object."""
        return decode_whole(Clock.time.codec, await self._read(ask)).to_datetime().timestamp()

    async def _read(self, ask: Ask) -> bytes:
        found = self._fetched.pop(ask, None)
        if found is None:
            return await self._meter.get_raw(*self._key(ask))
        if isinstance(found, DataAccessResult):
            raise AccessError(found, str(self._key(ask)[0]))
        return found

    def _key(self, ask: Ask) -> AttributeItem:
        if ask.item.kind is Kind.CLOCK:
            return Clock.time.at(CLOCK.logical_name), None
        return buffer(ask.item.logical_name), span(self._zone, ask.first, ask.last)


@lru_cache(maxsize=256)
def buffer(logical_name: str) -> AttributeDescriptor:
    """Name the rows of a profile."""
    return ProfileGeneric.buffer.at(OBIS.parse(logical_name))


@lru_cache(maxsize=1_024)
def span(zone_name: str, first: int, last: int) -> Selection:
    """Encode a range of stamps; most meters of a zone are asked for the same."""
    info = zone(zone_name).info
    begin, end = (encode_moment(datetime.fromtimestamp(at, info)) for at in (first, last))
    return RangeDescriptor(CLOCK, begin, end).encode()


def url(target: Target) -> str:
    """Address of a meter as `connect` takes it."""
    host = f"[{target.address}]" if ":" in target.address else target.address
    return f"tcp://{host}:{target.port}"
