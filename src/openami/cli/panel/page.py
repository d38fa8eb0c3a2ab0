"""The front of a meter as a page: one page, one websocket, on this machine only."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.resources import files
from socket import socket
from typing import Any, cast
from urllib.parse import urlsplit

from fastapi import FastAPI, Response, WebSocket, WebSocketDisconnect
from starlette.requests import HTTPConnection

from openami.cli.panel.controls import CARD, controls, turned
from openami.cli.panel.stand import SPEEDS, Stand
from openami.core.errors import AmiError
from openami.headend.web.server import Server
from openami.metering import glyphs
from openami.metering.entry import KEY_ROWS
from openami.meters import tokens
from openami.meters.front import Frame

LOOK_S = 0.1
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
POLICY_VIOLATION = 1008
KINDS = {"page.html": "text/html", "page.css": "text/css", "page.js": "text/javascript"}
HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}
Json = dict[str, Any]


def is_ours(connection: HTTPConnection) -> bool:
    """Whether it was asked for under a name of this machine, and from no page of another site."""
    host, origin = connection.headers.get("host", ""), connection.headers.get("origin")
    name = urlsplit(f"//{host}").hostname or ""
    return name in LOCAL and (origin is None or urlsplit(origin).netloc == host)


def meter_of(stand: Stand) -> Json:
    """What stands on the case for good."""
    fleet, head = stand.fleet, stand.fleet.product.head
    pulses = [f"{led.pulses.value} imp/{led.label}" for led in stand.front.face.row.led.values() if led.pulses]
    return {
        "title": f"{head.title} {head.model}",
        "vendor": head.vendor,
        "model": head.model,
        "serial": fleet.holding.identity.serial(0),
        "ratings": " · ".join(pulses),
        "number": str(tokens.identity(stand.front.view).pan) if tokens.has_tokens(stand.front.view) else "",
        "keys": KEY_ROWS,
        "buttons": [{"name": name, "label": row.label} for name, row in stand.front.buttons.items()],
    }


def frame_of(stand: Stand, frame: Frame, said: str) -> Json:
    """All that changes."""
    picture, labels = frame.picture, stand.front.face.row.sign
    return {
        "picture": {
            "mode": picture.mode, "index": picture.index, "count": picture.count, "is_lit": picture.is_lit,
            "lines": picture.lines, "digits": picture.digits, "code_digits": picture.code_digits,
            "unit": picture.item.unit, "text": picture.text,
            "signs": [{"label": labels[sign.name].label or sign.name, "level": sign.level} for sign in picture.signs],
        },
        "leds": [asdict(led) for led in frame.leds],
        "beeps": frame.beeps,
        "accepted": frame.accepted,
        "rejected": frame.rejected,
        "hint": stand.hint,
        "module": stand.front.module.name.lower(),
        "conditions": sorted(name.replace("_", " ") for name in frame.conditions),
        "controls": [
            asdict(each) | {"text": each.text, "choices": SPEEDS if each.kind == "choice" else ()}
            for each in controls(stand)
            if each.group != CARD  # the page has a place of its own for it
        ],
        "clock": stand.clock_text,
        "speed": stand.clock.speed,
        "said": said,
    }  # fmt: skip


@dataclass
class Viewer:
    """One browser that looks at the meter and turns it."""

    stand: Stand
    socket: WebSocket
    said: str = ""

    async def serve(self) -> None:
        """Send pictures and take commands until one of the two ends."""
        await self.socket.send_json({"meter": meter_of(self.stand)})
        tasks = [asyncio.create_task(work) for work in (self.show(), self.listen())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def show(self) -> None:
        """Send the front ten times a second, if it has changed."""
        before: Json = {}
        while True:
            message = frame_of(self.stand, self.stand.look(), self.said)
            if message != before:
                await self.socket.send_json(message)
            before = message
            await asyncio.sleep(LOOK_S)

    async def listen(self) -> None:
        """Do what the browser asks for; a refusal is said on the page."""
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                asked = await self.socket.receive_json()
                try:
                    self.do(cast("Json", asked))
                    self.said = ""
                except (AmiError, KeyError, TypeError, ValueError) as error:
                    self.said = str(error)

    def do(self, asked: Json) -> None:
        """Press a button or keys, hold a card to the reader, or turn a control."""
        if "keys" in asked:
            self.stand.keys(str(asked["keys"]))
            return
        if "card" in asked:
            self.stand.card(str(asked["card"]))
            return
        if "press" in asked:
            self.stand.press(str(asked["press"]), int(asked.get("held_ms", 0)))
            return
        named = {control.name: control for control in controls(self.stand)}
        turned(self.stand, named[str(asked["turn"])], cast("float | str", asked["value"]))


def application(stand: Stand) -> FastAPI:
    """Make the page."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/{name:path}", response_model=None)
    async def file(connection: HTTPConnection, name: str) -> Response:
        """Give a file of the page."""
        if not is_ours(connection):
            return Response("this panel answers on this machine only, as localhost", 403)
        if name == "glyphs.json":
            return Response(glyph_table(), media_type="application/json", headers=HEADERS)
        name = name or "page.html"
        if name not in KINDS:
            return Response("there is no such page", 404)
        content = files("openami.cli.panel").joinpath(name).read_bytes()
        return Response(content, media_type=KINDS[name], headers=HEADERS)

    @app.websocket("/live")
    async def live(opened: WebSocket) -> None:
        """Show the meter to a browser, and let it be turned."""
        if not is_ours(opened):
            await opened.close(POLICY_VIOLATION)
            return
        await opened.accept()
        with contextlib.suppress(WebSocketDisconnect):
            await Viewer(stand, opened).serve()

    return app


def glyph_table() -> str:
    """Shapes of the characters as JSON."""
    return json.dumps(glyphs.dots())


async def serve(stand: Stand, opened: socket, ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Serve the page until told to stop."""
    server = Server(application(stand), ready)
    serving = asyncio.create_task(server.serve(sockets=[opened]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    stopping.cancel()
