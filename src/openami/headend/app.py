"""The head-end as a web application, and as a service: pages, REST and the collector in one process."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from openami.aio.clock import Clock
from openami.aio.ending import when_told
from openami.headend.collection import pages as collection_pages
from openami.headend.collection import routes as collection_routes
from openami.headend.collection.reader import Reader
from openami.headend.collection.tables import open_database
from openami.headend.collection.worker import Progress, run
from openami.headend.curves import pages as curves_pages
from openami.headend.curves import routes as curves_routes
from openami.headend.events import pages as events_pages
from openami.headend.events import routes as events_routes
from openami.headend.kit.database import Database
from openami.headend.kit.errors import UnknownMeterError
from openami.headend.kit.settings import Settings
from openami.headend.registers import pages as registers_pages
from openami.headend.registers import routes as registers_routes
from openami.headend.registry import pages as registry_pages
from openami.headend.registry import routes as registry_routes
from openami.headend.registry.service import meter as find_meter
from openami.headend.web import pages as web
from openami.headend.web.guard import LocalOnly
from openami.headend.web.rest import Problem, answer_errors, problem
from openami.headend.web.server import Server, listen, url
from openami.headend.web.services import Collector, Services

LOOPBACK = "127.0.0.1"
"""Nobody else may come in before there are accounts."""
PORT = 8088

ROUTERS: tuple[APIRouter, ...] = (
    collection_routes.router,
    registry_routes.router,
    curves_routes.router,
    registers_routes.router,
    events_routes.router,
)
OVERVIEW = (
    collection_pages.figures,
    curves_pages.neighbourhood,
    collection_pages.days,
    collection_pages.failures,
    collection_pages.last_sessions,
)
METER = (
    collection_pages.standing,
    curves_pages.load_curve,
    registers_pages.registers,
    collection_pages.due,
    events_pages.log,
    collection_pages.sessions_held,
)
"""Panels of the pages, in order."""


def rest(settings: Settings, clock: Clock, database: Database, collector: Collector | None = None) -> FastAPI:
    """Make the REST interface alone; any number of them may live in a process."""
    app = FastAPI(
        title="OpenAMI head-end",
        version=version("openami"),
        summary="Meters, load curves, billing registers, events and readings on demand.",
        docs_url=None,  # Swagger's page fetches its scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
        responses={422: {"model": Problem, "description": "What was asked for cannot be processed."}},
    )
    app.state.services = Services(settings, clock, database, collector)
    app.add_middleware(LocalOnly)
    answer_errors(app)
    for router in ROUTERS:
        app.include_router(router)

    @app.api_route("/api/{path:path}", methods=["GET", "POST"], include_in_schema=False)
    def nothing_here(request: Request) -> JSONResponse:
        """Answer for addresses that are no route of ours, in the form of all other errors."""
        return problem(404, f"there is no {request.method} {request.url.path}; see /api/openapi.json")

    return app


def create(
    settings: Settings, clock: Clock, collector: Collector | None = None, *, database: Database | None = None
) -> FastAPI:
    """Make the web application: REST and pages. One per process, for NiceGUI keeps its pages globally."""
    app = rest(settings, clock, database or open_database(settings), collector)
    _put_pages(app.state.services)
    web.mount(app)
    return app


def _put_pages(desk: Services) -> None:
    async def overview() -> None:
        async with web.opened(desk, "/", "Overview") as live:
            for panel in OVERVIEW:
                await panel(live)

    async def meters(q: str = "", after: str = "") -> None:
        async with web.opened(desk, "/meters", "Meters") as live:
            await registry_pages.meters(live, q, after)

    async def meter(serial: str) -> None:
        async with web.opened(desk, "/meters", f"Meter {serial}", has_heading=False) as live:
            try:
                await desk.ask(lambda unit: find_meter(unit, serial))
            except UnknownMeterError:
                registry_pages.unknown(serial)
                return
            with registry_pages.title():
                await registry_pages.head(live, serial)
                await collection_pages.read_now(live, serial)
            for panel in METER:
                await panel(live, serial)

    web.page("/", overview)
    web.page("/meters", meters)
    web.page("/meters/{serial}", meter)


@dataclass(frozen=True, slots=True)
class Ready:
    """What is served, and where."""

    url: str
    has_moved: bool
    """The usual port was taken, so this is another one."""


@dataclass(slots=True)
class Collecting:
    """Where the collector of this process stands, for the pages and for whoever started us."""

    on_progress: Callable[[Progress], None]
    progress: Progress | None = None

    @property
    def blocked(self) -> str | None:
        """Why nothing can be stored at the moment."""
        return self.progress.blocked if self.progress else None

    def note(self, progress: Progress) -> None:
        """Remember and pass on."""
        self.progress = progress
        self.on_progress(progress)


async def serve(
    settings: Settings,
    clock: Clock,
    *,
    host: str = LOOPBACK,
    port: int | None = None,
    on_ready: Callable[[Ready], None] = lambda _ready: None,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
    is_collecting: bool = True,
    reader: Reader | None = None,
) -> None:
    """Serve pages and REST, and collect, until SIGINT or SIGTERM. Without a port, 8088 or a free one."""
    opened = listen(host, PORT if port is None else port, is_wanted=port is not None)
    collecting = Collecting(on_progress)
    with contextlib.closing(opened), contextlib.closing(open_database(settings)) as database:
        app = create(settings, clock, collecting if is_collecting else None, database=database)
        has_moved = port is None and opened.getsockname()[1] != PORT
        server = Server(app, lambda: on_ready(Ready(url(opened), has_moved)))
        with when_told(partial(stop, server)):
            tasks = [asyncio.create_task(server.serve([opened]))]
            if is_collecting:
                tasks.append(asyncio.create_task(_collect(settings, clock, collecting, reader)))
            await _first_to_end(server, tasks)


async def _collect(settings: Settings, clock: Clock, collecting: Collecting, reader: Reader | None) -> None:
    await run(settings, clock, on_progress=collecting.note, reader=reader)


async def _first_to_end(server: Server, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for the server to end, or the collector to fail; bring the other down in order."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    for task in tasks[1:]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


def stop(server: Server) -> None:
    """Let the server end in order."""
    server.should_exit = True
