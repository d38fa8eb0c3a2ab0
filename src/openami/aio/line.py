"""One line, several meters: RS-485 on a serial port or behind a TCP converter, each meter in its turn."""

from types import TracebackType
from typing import Self, Unpack

from openami.aio.client import Connecting, Options, Terms
from openami.aio.pump import Trace, Tracer
from openami.aio.route import Route, parse
from openami.aio.tap import Shared
from openami.aio.way import open_way
from openami.core.errors import DefinitionError


class Line(Shared):
    """Owns the port, and hands meters out one at a time: whoever comes meanwhile waits.

        async with openami.line("serial:///dev/ttyUSB0?baud=9600") as line:
            async with line.connect(server="1/17") as meter: ...

    A meter is left by DISC before the next has its turn, however the work with it ends.
    """

    def __init__(self, route: Route, *, timeout_s: float = 10.0, trace: Trace | Tracer | None = None) -> None:
        super().__init__(route)
        self.route = route
        self.timeout_s = timeout_s
        self.trace = trace

    def connect(self, **options: Unpack[Options]) -> Connecting:
        """Connect to one of the meters, once it is our turn; the options are those of `aio.client.connect`."""
        options.setdefault("timeout_s", self.timeout_s)
        options.setdefault("trace", self.trace)
        return Connecting(self.route, Terms(**options), self)

    async def open(self) -> None:
        """Open the port."""
        await open_way(lambda: self, self.route, self.timeout_s)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def line(url: str | Route, *, timeout_s: float = 10.0, trace: Trace | Tracer | None = None) -> Line:
    """Make a line of `serial:///dev/name` or `hdlc://host:port`, not yet open: use it by `async with`."""
    route = parse(url) if isinstance(url, str) else url
    if not isinstance(route, Route) or not route.scheme.is_hdlc:
        raise DefinitionError(f"{url}: a line with several meters is serial:///dev/name or hdlc://host:port")
    return Line(route, timeout_s=timeout_s, trace=trace)
