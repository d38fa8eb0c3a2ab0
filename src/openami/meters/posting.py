"""Pushes on their way: what waits in the box of a fleet is sealed with the keys of its meter and sent by it."""

import asyncio
from collections.abc import Mapping
from logging import getLogger
from typing import TYPE_CHECKING, cast

from openami.aio.pushing import push
from openami.core.errors import AmiError
from openami.cosem.push import PushSetup, TransportService
from openami.cosem.pushing import first_attempt, next_attempt, notification_body
from openami.dlms.push import Sealer
from openami.dlms.security.material import GLOBAL
from openami.dlms.xdlms import DataNotification
from openami.meters import modems
from openami.meters.view import View

if TYPE_CHECKING:
    from openami.meters.fleet import Fleet

SCHEMES: Mapping[int, str] = {TransportService.TCP: "tcp", TransportService.UDP: "udp"}
DLMS_PORT = 4059
AT_ONCE = 100

log = getLogger(__name__)


def where(setup: PushSetup) -> str:
    """Address of a destination, `host:port` in ASCII; empty if there is none we can send to."""
    service, destination, _ = setup.send_destination_and_method
    scheme, text = SCHEMES.get(service, ""), destination.decode("ascii", "replace")
    if not scheme or not text:
        return ""
    return f"{scheme}://{text}" if ":" in text else f"{scheme}://{text}:{DLMS_PORT}"


async def post(fleet: "Fleet", meter: int, name: str, invoke_id: int) -> None:
    """Send one push, as its setup says: destination, windows, chance and retries."""
    device, view = fleet.device(meter), View(fleet.holding, meter)
    setup = cast("PushSetup", device.objects[fleet.product.by_name[name].key])
    url = where(setup)
    now = view.dst_rule.stamp(view.clock)
    wait = first_attempt(setup, now, fleet.random(1)[0] / 256)
    if not url or wait is None:
        return
    notification = DataNotification(invoke_id, b"", notification_body(setup, device))
    is_sealed = fleet.product.push.ciphered and any(row.policy != "none" for row in fleet.product.associations)
    sealer = await sealed(fleet, meter, 1 + setup.number_of_retries) if is_sealed else None
    await push(url, notification, sealer=sealer, repeat=lambda retry: next_attempt(setup, retry, now), delay_s=wait)


async def sealed(fleet: "Fleet", meter: int, attempts: int) -> Sealer:
    """Seal with the keys of a meter, each attempt under a counter of its own that is on disk before it is used."""
    session, kind = fleet.session(meter), fleet.holding.counters.name(meter, GLOBAL)
    values = iter([session.next_send(0, kind) for _ in range(attempts)])
    if (durable := session.durable()) is not None:
        await durable
    return Sealer(fleet.keys.of(meter), fleet.holding.identity.system_title(meter), values.__next__)


class Postman:
    """Sends what is in the box of a fleet, each push a task of its own."""

    def __init__(self, fleet: "Fleet") -> None:
        self._fleet = fleet
        self._under_way: set[asyncio.Task[None]] = set()
        self._invoke_id = 0
        self._asked: dict[int, int] = {}

    def collect(self) -> None:
        """Send all that waits, as many at once as may be; what its meter cannot send yet goes behind the others."""
        box = self._fleet.holding.outbox
        for _ in range(min(len(box), AT_ONCE)):
            if len(self._under_way) >= AT_ONCE:
                return
            meter, name = box.popleft()
            asked_at = self._asked.setdefault(meter, int(self._fleet.holding.now()))
            if not modems.ready(View(self._fleet.holding, meter), asked_at):
                box.append((meter, name))
                continue
            del self._asked[meter]
            self._invoke_id += 1
            task = asyncio.create_task(self._deliver(meter, name, self._invoke_id & 0xFFFFFF))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _deliver(self, meter: int, name: str, invoke_id: int) -> None:
        try:
            await post(self._fleet, meter, name, invoke_id)
        except AmiError as error:
            log.info("%s of meter %d came to nothing: %s", name, meter, error)

    async def close(self) -> None:
        """Give up what is under way."""
        for task in [*self._under_way]:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
