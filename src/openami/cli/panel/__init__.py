"""`openami meter panel`: a meter's front in the terminal, or as a page."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openami.cli.show import fail

if TYPE_CHECKING:
    from openami.cli.panel.stand import Stand

PANEL_PORT = 8060
HOST = "127.0.0.1"
EXAMPLES = (
    "Examples:\n\n  openami meter panel compactiq\n\n  openami meter panel compactiq --web --speed 60\n\n"
    "  openami meter panel sed302 --web --data my-meter"
)


def panel(
    product: Annotated[str, typer.Argument(help="Name of the product, as `meter list` gives it.")],
    *,
    web: Annotated[bool, typer.Option("--web", help="Serve the front as a page on this machine.")] = False,
    data: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder that keeps the meter; else it is gone at the end.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help=f"Port of the page; {PANEL_PORT} or a free one if not given.")
    ] = None,
    speed: Annotated[float, typer.Option(min=1, max=3600, help="Seconds of the meter in a real one.")] = 1.0,
) -> None:
    """Put a meter on a stand: live display, diodes, buttons, covers, load, faults. Up to 3600 times real time."""
    from openami.aio.loop import run
    from openami.cli.meter import wanted

    if wanted(product).display is None:
        fail(f"{product} has no display: its file has no [display]")
    run(on_page(product, data, port, speed) if web else in_terminal(product, data, speed))


@asynccontextmanager
async def stood(product: str, data: Path | None, speed: float) -> "AsyncGenerator[Stand]":
    """Put the meter on the stand, in its folder or in one that goes away."""
    from openami.cli.panel.stand import standing

    with tempfile.TemporaryDirectory(prefix="openami-panel-") as folder:
        async with standing(product, data or Path(folder), speed=speed) as stand:
            yield stand


async def in_terminal(product: str, data: Path | None, speed: float) -> None:
    """Show the front in the terminal until somebody quits."""
    from openami.cli.panel.terminal import PanelApp

    async with stood(product, data, speed) as stand:
        await PanelApp(stand).run_async()


async def on_page(product: str, data: Path | None, port: int | None, speed: float) -> None:
    """Serve the page until Ctrl-C."""
    from openami.aio.ending import when_told
    from openami.cli.panel.page import serve
    from openami.headend.web.server import listen, url

    stop, wanted_port = asyncio.Event(), PANEL_PORT if port is None else port
    with when_told(stop.set), listen(HOST, wanted_port, is_wanted=bool(port)) as opened:
        async with stood(product, data, speed) as stand:
            await serve(stand, opened, lambda: typer.echo(f"{url(opened)}  (a simulated meter; Ctrl-C ends it)"), stop)
