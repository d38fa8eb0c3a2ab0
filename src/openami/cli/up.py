"""`openami up`: the whole system here, from the volts to the web page."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from openami.aio.clock import ScenarioClock
from openami.aio.ending import when_told
from openami.aio.loop import run
from openami.cli.headend import bring_in, log_to_stderr
from openami.cli.neighbourhood import (
    FLEET,
    HEADEND,
    Document,
    Folder,
    Part,
    PartError,
    Wish,
    fleet_command,
    headend_command,
    meters_port,
)
from openami.cli.serve import default_folder
from openami.cli.show import count, show_json
from openami.headend.collection.worker import Progress as Collected
from openami.headend.collection.worker import Summary
from openami.headend.collection.worker import run as collect
from openami.headend.kit.settings import Settings

app = typer.Typer(add_completion=False, help="The whole system here: meters, head-end, web page.")


@app.command(
    epilog="Examples:\n\n  openami up\n\n  openami up --once --json --meters 20\n\n"
    "  openami up --loads measured.csv --speed 600",
)
def up(
    *,
    meters: Annotated[int | None, typer.Option(min=1, help="How many meters; 100 at first.")] = None,
    speed: Annotated[float | None, typer.Option(min=0.01, help="Scenario seconds in a second; 60 at first.")] = None,
    loads: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Measured load of the first meter (CSV, gz)."),
    ] = None,
    loads_all: Annotated[bool, typer.Option("--loads-all", help="It drives every meter.")] = False,
    data: Annotated[Path | None, typer.Option(file_okay=False, help="Folder that keeps everything.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the web page.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Read everything once, print a summary, end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: the summary as JSON.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over: forget what the folder holds.")] = False,
) -> None:
    """Run a neighbourhood of simulated meters and the head-end that reads them, until Ctrl-C.

    Each meter has ten days of history and an address of its own. Started again, all goes on where it was.
    """
    wish = Wish(
        folder=data or default_folder("up"), meters=meters, speed=speed, loads=loads, loads_all=loads_all, port=port
    )
    log_to_stderr()
    folder = Folder(wish.folder)
    try:
        if fresh:
            folder.empty()
        if once:
            summary = run(read_once(wish, folder))
            show_summary(summary, as_json=as_json)
            raise typer.Exit(1 if summary.failures else 0)
        run(Neighbourhood(wish, folder).run())
    except PartError as error:
        if not error.has_spoken:
            raise
        raise typer.Exit(1) from None
    finally:
        folder.release()


def bar(description: str) -> Progress:
    """A progress bar on stderr, where somebody looks."""
    console = Console(stderr=True)
    columns = (TextColumn(description), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[more]}"))
    return Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)


def fleet_part(wish: Wish, plan: Document) -> Part:
    """The meters."""
    return Part(
        "fleet of meters",
        lambda: fleet_command(wish.folder, plan, wish.speed, meters_port(wish.folder)),
        lambda _: None,
    )


async def read_once(wish: Wish, folder: Folder) -> Summary:
    """Start the meters, read everything once, end them."""
    plan = folder.plan(wish)
    fleet = fleet_part(wish, plan)
    try:
        ready = await fleet.start()
        folder.keep(plan)
        settings = Settings(data=wish.folder / HEADEND)
        clock = ScenarioClock(wish.folder / FLEET / "clock.json")
        bring_in(settings, Path(ready["shipment"]), clock)
        with bar("reading meters") as progress:
            task = progress.add_task("", total=plan["meters"], more="")

            def show(collected: Collected) -> None:
                progress.update(task, completed=collected.meters, more=count(collected.intervals, "interval"))

            return await collect(settings, clock, once=True, on_progress=show)
    finally:
        await fleet.stop()


def show_summary(summary: Summary, *, as_json: bool) -> None:
    """Say what was read."""
    if as_json:
        show_json(
            {
                "meters": summary.meters,
                "intervals": summary.intervals,
                "seconds": round(summary.seconds, 3),
                "failures": summary.failures,
            }
        )
        return
    read = f"{count(summary.meters, 'meter')} read, {count(summary.intervals, 'interval')} stored"
    failed = count(summary.failures, "failure") if summary.failures else "no failures"
    typer.echo(f"{read} in {summary.seconds:.1f} s, {failed}")


class Neighbourhood:
    """Meters and head-end in service, until somebody says stop."""

    def __init__(self, wish: Wish, folder: Folder) -> None:
        self.wish = wish
        self.folder = folder
        self.plan = folder.plan(wish)
        self.console = Console(stderr=True, highlight=False)
        self.progress = bar("reading meters")
        self.task = self.progress.add_task("", total=self.plan["meters"], more="")
        self.fleet = fleet_part(wish, self.plan)
        self.headend: Part | None = None
        self.ready: Document = {}
        self.zone = Settings(data=wish.folder / HEADEND).zone

    async def run(self) -> None:
        """Start all, say where it is, keep it going, end it in order."""
        stop = asyncio.Event()
        with when_told(stop.set):
            await self._until(stop)

    async def _until(self, stop: asyncio.Event) -> None:
        works: list[asyncio.Task[object]] = [asyncio.create_task(self._live()), asyncio.create_task(stop.wait())]
        try:
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            for work in done:
                work.result()
            self.console.print("ending: the head-end, then the meters …")
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
            self.progress.stop()
            if self.headend is not None:
                await self.headend.stop()
            await self.fleet.stop()

    async def _live(self) -> None:
        self.ready = await self.fleet.start()
        self.folder.keep(self.plan)
        self.headend = Part(
            "head-end", lambda: headend_command(self.wish.folder, self.ready, self.wish.port), self._hear
        )
        web = await self.headend.start()
        self._show(web)
        self.progress.start()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.fleet.keep(self._say, self._fleet_again))
                group.create_task(self.headend.keep(self._say, self._headend_again))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    def _show(self, web: Document) -> None:
        addresses = self.ready["addresses"]
        typer.echo(f"OpenAMI: a simulated neighbourhood at {self.ready['speed']:g}×")
        typer.echo(f"  web page   {web['url']}")
        if "door" in web:
            is_first = "/users?" in web["door"]
            what = "accounts   none yet, no sign-in; the first: " if is_first else "sign in    "
            typer.echo(f"  {what}{web['door']}")
        typer.echo(f"  REST       {web['url'].rstrip('/')}/api/openapi.json")
        typer.echo(f"  meters     {len(addresses)} × CompactIQ, {addresses[0]} to {addresses[-1]}")
        typer.echo(f"  data       {self.wish.folder}, zone {self.zone}")
        typer.echo("Ctrl-C ends it; the next `openami up` goes on where it was.")

    def _say(self, sentence: str) -> None:
        self.console.print(f"openami: {sentence}", soft_wrap=True)

    def _hear(self, news: Document) -> None:
        """Show how far the head-end has come, until every meter has been read once."""
        if news.get("event") != "progress":
            return
        more = news.get("blocked") or count(news["intervals"], "interval")
        self.progress.update(self.task, completed=news["meters"], more=more)
        if news["meters"] >= self.plan["meters"]:
            self.progress.stop()

    async def _fleet_again(self, ready: Document) -> None:
        """Meters that came back on another port are made known by their shipment file."""
        moved = ready["addresses"] != self.ready["addresses"]
        self.ready = ready
        if moved and self.headend is not None:
            await self.headend.stop()

    async def _headend_again(self, ready: Document) -> None:
        self._show(ready)
