"""The head-end as a web application, and as a service: pages, REST and the collector in one process."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from openami.aio.clock import Clock
from openami.aio.ending import when_told
from openami.core.errors import AmiError
from openami.headend.accounts import entrance, people_routes
from openami.headend.accounts import pages as people_pages
from openami.headend.accounts import routes as accounts_routes
from openami.headend.accounts.door import Door
from openami.headend.accounts.first import door_path
from openami.headend.accounts.oidc import Provider
from openami.headend.accounts.oversight import pages as oversight_pages
from openami.headend.accounts.own import pages as own_pages
from openami.headend.accounts.service import Accounts
from openami.headend.collection import pages as collection_pages
from openami.headend.collection import routes as collection_routes
from openami.headend.collection.reader import Reader
from openami.headend.collection.tables import open_database
from openami.headend.collection.worker import Progress, run
from openami.headend.commands import group_routes as command_group_routes
from openami.headend.commands import pages as command_pages
from openami.headend.commands import routes as command_routes
from openami.headend.curves import pages as curves_pages
from openami.headend.curves import routes as curves_routes
from openami.headend.ert import pages as ert_pages
from openami.headend.ert import routes as ert_routes
from openami.headend.events import alarm_routes
from openami.headend.events import pages as events_pages
from openami.headend.events import routes as events_routes
from openami.headend.events.alarming import pages as alarm_pages
from openami.headend.events.told import STATUS as ALARM_STATUS
from openami.headend.events.watch import Watch
from openami.headend.firmware import pages as firmware_pages
from openami.headend.firmware import routes as firmware_routes
from openami.headend.firmware.images import UnknownFirmwareError
from openami.headend.keys import pages as keys_pages
from openami.headend.keys import routes as keys_routes
from openami.headend.kit.access import ROOT, Permission, scopes
from openami.headend.kit.database import Database
from openami.headend.kit.errors import UnknownMeterError
from openami.headend.kit.settings import Settings
from openami.headend.outage import pages as outage_pages
from openami.headend.outage import routes as outage_routes
from openami.headend.prepayment import pages as prepayment_pages
from openami.headend.prepayment import routes as prepayment_routes
from openami.headend.prepayment.customers import UnknownVendError
from openami.headend.prepayment.shop import open_shop
from openami.headend.registers import pages as registers_pages
from openami.headend.registers import routes as registers_routes
from openami.headend.registry import pages as registry_pages
from openami.headend.registry import routes as registry_routes
from openami.headend.registry.places import pages as network_pages
from openami.headend.registry.routes import STATUS
from openami.headend.registry.service import meter as find_meter
from openami.headend.run.health import Health
from openami.headend.run.metrics import router as metrics_router
from openami.headend.tariffs import pages as tariffs_pages
from openami.headend.tariffs import routes as tariffs_routes
from openami.headend.tariffs.service import UnknownTariffError
from openami.headend.web import pages as web
from openami.headend.web.guard import LocalOnly
from openami.headend.web.rest import Problem, answer_errors, problem
from openami.headend.web.server import Server, Tls, listen_at, url
from openami.headend.web.services import Collector, Services, whoever

LOOPBACK = "127.0.0.1"
"""Nobody else may come in before there are accounts."""
PORT = 8088

ROUTERS: tuple[APIRouter, ...] = (
    entrance.router,
    accounts_routes.router,
    people_routes.router,
    collection_routes.router,
    *registry_routes.ROUTERS,
    curves_routes.router,
    registers_routes.router,
    events_routes.router,
    alarm_routes.router,
    outage_routes.router,
    ert_routes.router,
    prepayment_routes.router,
    command_routes.router,
    command_group_routes.router,
    tariffs_routes.router,
    firmware_routes.router,
    keys_routes.router,
    metrics_router,
)
OVERVIEW = (
    collection_pages.figures,
    curves_pages.neighbourhood,
    collection_pages.days,
    collection_pages.failures,
    collection_pages.last_sessions,
)
UNDIVIDED = frozenset({collection_pages.figures, curves_pages.neighbourhood, collection_pages.days})
"""Panels that speak of the whole installation: for those who may see all of it."""
METER = (
    collection_pages.standing,
    curves_pages.load_curve,
    registers_pages.registers,
    ert_pages.heard,
    collection_pages.due,
    events_pages.log,
    collection_pages.sessions_held,
    keys_pages.of_one,
    registry_pages.place,
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
    accounts = Accounts(settings, database)
    app.state.services = Services(settings, clock, database, collector, gate=accounts.gate)
    app.state.accounts = accounts
    app.state.provider = Provider(settings.accounts.oidc) if settings.accounts.oidc else None
    app.add_middleware(Door, accounts=accounts)
    app.add_middleware(LocalOnly, names=settings.accounts.hosts)  # the outermost: nobody is looked up for others
    app.add_middleware(Health, database=database, blocked=lambda: collector.blocked if collector else None)
    open_shop(database, settings, clock.now, is_simulated=app.state.services.is_simulated)
    more: dict[type[AmiError], int] = {UnknownVendError: 404, UnknownTariffError: 404, UnknownFirmwareError: 404}
    answer_errors(app, {**accounts_routes.STATUS, **command_routes.STATUS, **ALARM_STATUS, **STATUS, **more})
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
    _put_pages(app.state.services, app.state.accounts)
    _put_account_pages(app.state.services, app.state.accounts)
    _put_campaign_pages(app.state.services, app.state.accounts)
    web.mount(app)
    return app


def _put_pages(services: Services, accounts: Accounts) -> None:
    async def overview(request: Request) -> None:
        async with web.opened(desk_of(services, request), "/", "Overview") as live:
            sees_all = ROOT in await live.desk.ask(lambda unit: scopes(unit, Permission.VIEW))
            for panel in OVERVIEW:
                if sees_all or panel not in UNDIVIDED:
                    await web.tried(panel, live)

    async def meters(request: Request) -> None:
        async with web.opened(desk_of(services, request), "/meters", "Meters") as live:
            await registry_pages.meters(live, request.query_params)

    async def meter(request: Request, serial: str) -> None:
        desk = desk_of(services, request)
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
                await web.tried(panel, live, serial)
            await web.tried(command_pages.meter, live, accounts, serial)

    async def radio(request: Request) -> None:
        async with web.opened(desk_of(services, request), "/radio", "Radio") as live:
            await ert_pages.radio(live)

    async def alarms(request: Request) -> None:
        async with web.opened(desk_of(services, request), "/alarms", "Alarms") as live:
            await alarm_pages.alarms(live)

    async def outages(request: Request) -> None:
        async with web.opened(desk_of(services, request), "/outages", "Outages") as live:
            await outage_pages.outages(live)

    network_pages.put(partial(desk_of, services))
    web.page("/", overview)
    web.page("/meters", meters)
    web.page("/meters/{serial}", meter)
    web.page("/radio", radio)
    web.page("/alarms", alarms)
    web.page("/outages", outages)


def _put_account_pages(services: Services, accounts: Accounts) -> None:
    async def account(request: Request) -> None:
        async with web.opened(desk_of(services, request), "/account", "My account") as live:
            await own_pages.account(live, accounts)

    async def users(request: Request, code: str = "") -> None:
        async with web.opened(desk_of(services, request), "/users", "People") as live:
            await people_pages.users(live, accounts, code)

    async def user(request: Request, login: str) -> None:
        async with web.opened(desk_of(services, request), "/users", login, has_heading=False) as live:
            await people_pages.user(live, accounts, login)

    async def proposals(request: Request) -> None:
        async with web.opened(desk_of(services, request), "/proposals", "Proposals") as live:
            await oversight_pages.proposals(live, accounts)

    async def audit(request: Request) -> None:
        async with web.opened(desk_of(services, request), "/audit", "Audit") as live:
            await oversight_pages.audit(live, accounts)

    async def keys(request: Request) -> None:
        async with web.opened(desk_of(services, request), "/keys", "Keys") as live:
            await keys_pages.keys(live, accounts)

    web.page("/keys", keys)

    async def commands(request: Request) -> None:
        async with web.opened(desk_of(services, request), "/commands", "Commands") as live:
            await command_pages.commands(live, accounts)

    web.page("/commands", commands)

    async def shop(request: Request, serial: str = "", q: str = "") -> None:
        async with web.opened(desk_of(services, request), "/shop", "Shop") as live:
            await prepayment_pages.shop(live, accounts, serial, q)

    web.page("/shop", shop)
    web.page("/account", account)
    web.page("/users", users)
    web.page("/users/{login}", user)
    web.page("/proposals", proposals)
    web.page("/audit", audit)


def _put_campaign_pages(services: Services, accounts: Accounts) -> None:
    async def tariffs(request: Request) -> None:
        async with web.opened(desk_of(services, request), "/tariffs", "Tariffs") as live:
            await tariffs_pages.tariffs(live)

    async def tariff(request: Request, name: str) -> None:
        async with web.opened(desk_of(services, request), "/tariffs", name, has_heading=False) as live:
            await tariffs_pages.calendar(live, accounts, name)

    async def rollout(request: Request, number: int) -> None:
        title = f"Roll-out {number}"
        async with web.opened(desk_of(services, request), "/tariffs", title, has_heading=False) as live:
            await tariffs_pages.rollout(live, accounts, number)

    async def firmware(request: Request) -> None:
        async with web.opened(desk_of(services, request), "/firmware", "Firmware") as live:
            await firmware_pages.firmware(live, accounts)

    async def campaign(request: Request, number: int) -> None:
        title = f"Campaign {number}"
        async with web.opened(desk_of(services, request), "/firmware", title, has_heading=False) as live:
            await firmware_pages.campaign(live, number)

    web.page("/tariffs", tariffs)
    web.page("/tariffs/roll-outs/{number}", rollout)
    web.page("/tariffs/{name}", tariff)
    web.page("/firmware", firmware)
    web.page("/firmware/{number}", campaign)


def desk_of(services: Services, request: Request) -> Services:
    """Give the services to whoever opens a page; all that the page does later is asked of their rights as well."""
    return services.acting(whoever(request))


@dataclass(frozen=True, slots=True)
class Ready:
    """What is served, and where."""

    url: str
    has_moved: bool
    """The usual port was taken, so this is another one."""
    door: str | None = None
    """Address that lets in whoever started this, once."""


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
    host: str | None = None,
    port: int | None = None,
    on_ready: Callable[[Ready], None] = lambda _ready: None,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
    is_collecting: bool = True,
    reader: Reader | None = None,
    with_door: bool = False,
) -> None:
    """Serve pages and REST, and collect, until SIGINT or SIGTERM. Without a port, 8088 or a free one.

    `host` and `port` count before the settings. Told to stop, it takes no more work and lets sessions end (`drain_s`).

    `with_door` makes an address that lets in whoever started this: as first administrator, or signed in, once.
    """
    port = settings.port if port is None else port
    tls = _tls(settings)
    sockets = listen_at([host] if host else settings.listen, PORT if port is None else port, is_wanted=port is not None)
    opened = sockets[0]
    collecting = Collecting(on_progress)
    draining = asyncio.Event()
    with contextlib.ExitStack() as stack, contextlib.closing(open_database(settings)) as database:
        for each in sockets:
            stack.enter_context(contextlib.closing(each))
        app = create(settings, clock, collecting if is_collecting else None, database=database)
        has_moved = port is None and opened.getsockname()[1] != PORT
        address = url(opened, is_secure=tls is not None)
        door = address[:-1] + _door(settings, database) if with_door else None
        server = Server(app, lambda: on_ready(Ready(address, has_moved, door)), tls)
        with when_told(partial(stop, server, draining)):
            tasks = [asyncio.create_task(server.serve(sockets))]
            if is_collecting:
                tasks.append(asyncio.create_task(_collect(settings, clock, collecting, reader, draining)))
            tasks.append(asyncio.create_task(Watch(settings, clock, database).until(draining)))
            await _first_to_end(server, tasks, draining, settings.drain_s)


def _tls(settings: Settings) -> Tls | None:
    if settings.tls_certificate is None:
        return None
    password = settings.tls_key_password
    tls = Tls(settings.tls_certificate, settings.tls_key, password.get_secret_value() if password else None)
    tls.check()
    return tls


def _door(settings: Settings, database: Database) -> str:
    with database.write() as unit:
        return door_path(unit, time.time(), settings.accounts.invite_s)


async def _collect(
    settings: Settings, clock: Clock, collecting: Collecting, reader: Reader | None, draining: asyncio.Event
) -> None:
    await run(settings, clock, on_progress=collecting.note, reader=reader, draining=draining)


async def _first_to_end(
    server: Server, tasks: list[asyncio.Task[None]], draining: asyncio.Event, drain_s: float
) -> None:
    """Wait for the server to end, or the collector to fail; bring the other down in order."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stop(server, draining)
    await asyncio.wait(tasks, timeout=drain_s)
    for task in tasks[1:]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


def stop(server: Server, draining: asyncio.Event) -> None:
    """Let the server and the collector end in order."""
    server.should_exit = True
    draining.set()
