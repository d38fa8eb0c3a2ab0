"""The door: hands on meters in service by REST, on this machine only. It shows no keys, for it knows none."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from importlib.metadata import version
from socket import socket
from typing import Annotated, Any, NoReturn, cast

from fastapi import FastAPI, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import JsonValue
from starlette.exceptions import HTTPException

from openami.aio.journal import JournalError
from openami.cli.control.schemas import HandOut, LaidOut, Laying, LayingMany, MeterOut, StandingOut
from openami.core.errors import AmiError, DefinitionError
from openami.headend.web.guard import LocalOnly
from openami.headend.web.rest import Limit, Page, Problem, answer_errors, problem
from openami.headend.web.server import Server
from openami.meters.fleet import Fleet
from openami.meters.hands import HANDS, Value
from openami.meters.selection import select
from openami.meters.standing import STANDS

SLICE_S = 0.02
"""How long a hand on many meters may keep clients waiting."""

WHO = "this fleet"
REFUSED: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": about}
    for status, about in {
        404: "No such meter, or no such hand.",
        409: "The product has nothing for this hand.",
        422: "The hand does not take this value.",
        507: "It could not be written down, and may be forgotten.",
    }.items()
}
Place = Annotated[str, Path(description="Number of the meter, from 1, or its serial number.", max_length=40)]
Name = Annotated[str, Path(description="Name of a hand.", max_length=40)]


def application(fleet: Fleet) -> FastAPI:
    """Make the door of a fleet."""
    app = FastAPI(
        title="OpenAMI meters",
        version=version("openami"),
        summary="What is done by hand to simulated meters, and faults on demand.",
        docs_url=None,
        redoc_url=None,
        responses={422: {"model": Problem, "description": "What was asked for cannot be processed."}},
    )
    app.add_middleware(LocalOnly, who=WHO)
    answer_errors(app)
    app.add_exception_handler(JournalError, forgotten)
    put_looks(app, fleet)
    put_hands(app, fleet)

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    async def nothing_here(request: Request) -> JSONResponse:
        """Answer for addresses that are no route of ours."""
        return problem(404, f"there is no {request.method} {request.url.path}; see /openapi.json")

    return app


def put_looks(app: FastAPI, fleet: Fleet) -> None:
    """Add the routes that only show."""

    @app.get("/hands")
    async def hands() -> list[HandOut]:
        """List all that can be done to a meter."""
        return [HandOut(name=name, takes=hand.takes, leaves=name in STANDS) for name, hand in HANDS.items()]

    @app.get("/meters")
    async def meters(
        after: Annotated[int, Query(ge=0, description="`next` of the page before.")] = 0, limit: Limit = 50
    ) -> Page[MeterOut]:
        """List the meters in order of their numbers."""
        end = min(after + limit, fleet.count)
        found = [MeterOut.of(fleet, meter) for meter in range(min(after, end), end)]
        return Page(items=found, next=str(end) if end < fleet.count else None)

    @app.get("/meters/{meter}", responses={404: REFUSED[404]})
    async def one(meter: Place) -> StandingOut:
        """Show a meter, and how every hand has left it."""
        return StandingOut.of(fleet, place(fleet, meter))


def put_hands(app: FastAPI, fleet: Fleet) -> None:
    """Add the routes that do something."""

    @app.post("/meters/{meter}/hands/{name}", responses=REFUSED)
    async def hand(meter: Place, name: Name, laying: Laying) -> StandingOut:
        """Do something to a meter now; the answer comes when it is on disk."""
        chosen = place(fleet, meter)
        await laid(fleet, [chosen], known(name), laying.value)
        return StandingOut.of(fleet, chosen)

    @app.post("/hands/{name}", responses=REFUSED)
    async def hand_on_many(name: Name, laying: LayingMany) -> LaidOut:
        """Do the same to several meters, one after the other."""
        chosen = select(laying.meters, fleet.count, fleet.holding.identity)
        await laid(fleet, chosen, known(name), laying.value)
        return LaidOut(hand=name, value=laying.value, meters=[meter + 1 for meter in chosen])


def known(name: str) -> str:
    """Take the name of a hand that there is."""
    if name not in HANDS:
        raise HTTPException(404, f"no hand is called {name!r}; there are {', '.join(HANDS)}")
    return name


def place(fleet: Fleet, meter: str) -> int:
    """Find a meter by number or serial number."""
    try:
        found = select(meter, fleet.count, fleet.holding.identity)
    except DefinitionError:
        found = []
    return found[0] if len(found) == 1 else unknown(fleet, meter)


def unknown(fleet: Fleet, meter: str) -> NoReturn:
    """Refuse what is no meter."""
    raise HTTPException(404, f"there is no meter {meter!r}; they are 1 to {fleet.count}, or serial numbers")


async def laid(fleet: Fleet, meters: Sequence[int], name: str, value: JsonValue) -> None:
    """Lay a hand on meters, with a turn for others between; done when it is on disk."""
    loop, done = asyncio.get_running_loop(), 0
    until = loop.time() + SLICE_S
    try:
        for meter in meters:
            fleet.hand(meter, name, cast("Value", value))
            done += 1
            if loop.time() > until:
                await asyncio.sleep(0)
                until = loop.time() + SLICE_S
    finally:
        kept = fleet.commit()
        if done and kept is not None:
            await kept


async def forgotten(_request: Request, error: Exception) -> JSONResponse:
    """Say that the disk takes nothing."""
    assert isinstance(error, AmiError)
    return problem(507, str(error))


@contextlib.asynccontextmanager
async def opened(fleet: Fleet, at: socket) -> AsyncGenerator[None]:
    """Keep the door open while the block runs."""
    is_open = asyncio.Event()
    server = Server(application(fleet), is_open.set)
    serving = asyncio.create_task(server.serve(sockets=[at]))
    try:
        waiting = asyncio.create_task(is_open.wait())
        await asyncio.wait([waiting, serving], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        yield
    finally:
        server.should_exit = True
        await serving
