"""The small meter of the tests with habits: what it answers passes through the hands of the test."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from openami.cosem.access import AccessTable, AttributeAccess, MethodAccess, Rights
from openami.cosem.device import LogicalDevice
from openami.dlms.link import ServerLink
from openami.dlms.server import Association, Request, Results
from small_meter import HLS5_ASSOCIATION, SmallMeter, SmallSession
from talker import Talker, calling

#: Given the request, and how the device would answer it; None leaves the client waiting.
Habit = Callable[[Request, Callable[[Request], Results]], Results | None]


class OddSession(SmallSession):
    """One connection with a meter of habits."""

    def deliver(self, events: Sequence[object]) -> None:
        assert isinstance(self.meter, OddMeter)
        for event in events:
            self.seen.append(event)
            if isinstance(event, Request):
                results = self.meter.habit(event, self.meter.device.answer)
                if results is not None:
                    self.endpoint.respond(event.id, results)


class OddMeter(SmallMeter):
    """A meter whose every answer the test may change."""

    def __init__(
        self,
        habit: Habit = lambda request, answer: answer(request),
        associations: Sequence[Association] = (HLS5_ASSOCIATION, Association(16)),
    ) -> None:
        super().__init__(associations)
        self.habit = habit

    @property
    def requests(self) -> list[Request]:
        """All that was asked, over all connections."""
        return [event for session in self.sessions for event in session.seen if isinstance(event, Request)]

    def open(self, local_address: str, link: ServerLink | None = None) -> SmallSession:
        self.sessions.append(OddSession(self, link))
        return self.sessions[-1]

    def show(self, *objects: Any) -> None:
        """Add objects, of which everybody may read everything."""
        self.objects |= {(one.class_id, one.state[1]): one for one in objects}
        everything = {
            key: Rights(
                dict.fromkeys(one.attributes, AttributeAccess.READ_WRITE),
                dict.fromkeys(one.methods, MethodAccess.ACCESS),
            )
            for key, one in self.objects.items()
        }
        access = AccessTable(dict.fromkeys(self.associations, everything))
        association = next(one for key, one in self.objects.items() if key[0] == 15)
        self.device = LogicalDevice(
            self.objects,
            access,
            associations=dict.fromkeys(self.associations, association),
            report=self.defect,
        )


class Between(Talker):
    """Somebody between client and meter, who decides on each transmission of either: pass, swallow (b"") or hang up."""

    def __init__(self, listener: Any, judge: Callable[[bytes], bytes | None]) -> None:
        super().__init__(self.carry)
        self.listener, self.judge = listener, judge

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with calling(self.listener.addresses[0]) as (there, back):
            await asyncio.gather(self.forward(reader, back, writer), self.forward(there, writer, back))

    async def forward(self, source: Any, target: Any, other: Any) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65_536):
                passed = self.judge(data)
                if passed is None:
                    break
                target.write(passed)
        target.close()
        other.close()
