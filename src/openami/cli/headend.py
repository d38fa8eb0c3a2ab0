"""`openami headend`: the head-end as a service, a pass of reading, and bringing meters in."""

import asyncio
import contextlib
import csv
import json
import logging
import os
import sys
import time
from collections.abc import AsyncGenerator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from openami.aio.clock import Clock, RealClock, ScenarioClock
from openami.aio.ending import when_told
from openami.aio.loop import run as run_loop
from openami.cli import accounts, alarms, ert, headend_commands, headend_keys, operation
from openami.cli.show import Json, count, fail, show_json

if TYPE_CHECKING:
    from openami.headend.app import Ready
    from openami.headend.collection.worker import Progress, Summary
    from openami.headend.kit.settings import Settings
    from openami.headend.registry.schemas import Imported

app = typer.Typer(
    add_completion=False,
    help="The head-end: reads meters, keeps what they say, shows it.",
    no_args_is_help=True,
    epilog="Example:  openami headend serve --data ./headend --shipment meters.csv",
)

app.add_typer(ert.app, name="ert")
app.add_typer(accounts.users, name="user")
app.add_typer(alarms.app, name="alarm")
app.add_typer(accounts.audit, name="audit")
app.add_typer(headend_commands.app, name="commands")
app.add_typer(headend_keys.app, name="keys")

Data = Annotated[Path | None, typer.Option("--data", help="Folder of the database.", file_okay=False)]
Configuration = Annotated[
    Path | None, typer.Option("--settings", help="Settings of the installation (TOML).", dir_okay=False)
]
ClockFile = Annotated[
    Path | None, typer.Option("--clock", help="Scenario clock; without one, time is real.", dir_okay=False)
]
TELL_S = 0.2


@app.command(epilog="Example:  openami headend serve --data ./headend --clock clock.json --shipment meters.csv")
def serve(
    *,
    data: Data = None,
    settings: Configuration = None,
    clock: ClockFile = None,
    shipment: Annotated[
        Path | None, typer.Option(help="Shipment file to bring in first (CSV).", dir_okay=False)
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of the pages; else 8088, or a free one.")
    ] = None,
    collect: Annotated[bool, typer.Option(help="Read the meters, too.")] = True,
    sign_in_link: Annotated[
        bool, typer.Option("--sign-in-link", help="Print an address that lets you in, once.")
    ] = False,
    progress_json: Annotated[bool, typer.Option("--progress-json", help="Tell events as lines of JSON.")] = False,
) -> None:
    """Serve pages and REST on this machine, and read the meters, until Ctrl-C."""
    from openami.headend import app as headend

    chosen, teller = installation(data, settings), Teller(as_json=progress_json)
    log_to_stderr(chosen)

    async def service() -> None:
        async with business_clock(clock) as business:
            if shipment is not None:
                teller.imported(bring_in(chosen, shipment, business))
            await headend.serve(
                chosen, business, port=port, on_ready=teller.ready, on_progress=teller.progress, is_collecting=collect,
                with_door=sign_in_link,
            )  # fmt: skip

    run_loop(service())
    teller.tell("stopped")


@app.command(epilog="Example:  openami headend collect --data ./headend --once --json")
def collect(
    data: Data = None,
    settings: Configuration = None,
    clock: ClockFile = None,
    once: Annotated[bool, typer.Option("--once", help="Read everything of every meter once and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Read the meters without serving pages; any number of these share the work."""
    chosen = installation(data, settings)
    log_to_stderr(chosen)

    async def collecting() -> "Summary | None":
        draining = asyncio.Event()
        async with business_clock(clock) as business:
            task = asyncio.create_task(reading(chosen, business, draining, once=once))
            with when_told(task.cancel if once else draining.set):
                breaking = asyncio.create_task(ended(task, draining, chosen.drain_s))
                await asyncio.wait([task])  # it may also fail, or end, without being told to
                breaking.cancel()
        return None if task.cancelled() or draining.is_set() else task.result()

    summary = run_loop(collecting())
    if summary is None:
        return
    if as_json:
        show_json(cast("Json", asdict(summary) | {"seconds": round(summary.seconds, 3)}))
    else:
        read, failed = count(summary.meters, "meter"), count(summary.failures, "failure")
        typer.echo(f"{read} read, {summary.intervals} new intervals, {failed}, {summary.seconds:.1f} s")
    if summary.failures:
        raise typer.Exit(1)


@app.command("import", epilog="Example:  openami headend import meters.csv --data ./headend")
def import_file(
    file: Annotated[Path, typer.Argument(help="Shipment file (CSV).", dir_okay=False)],
    data: Data = None,
    settings: Configuration = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would become of it.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the refused lines here (CSV).", dir_okay=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Register the meters of a shipment file and take their keys; a bad line does not stop the others."""
    outcome = bring_in(installation(data, settings), file, RealClock(), is_trial=dry_run)
    if report is not None:
        write_report(report, outcome)
    if as_json:
        show_json(cast("Json", asdict(outcome)))
    else:
        if dry_run:
            typer.echo("nothing was kept; this is what would become of it:")
        typer.echo(f"{outcome.added} added, {outcome.updated} updated, {outcome.unchanged} unchanged")
        for fault in outcome.faults:
            typer.echo(f"openami: {fault}", err=True)
    if outcome.faults:
        raise typer.Exit(1)


@app.command("network", epilog="Example:  openami headend network nodes.csv --data ./headend")
def import_network(
    file: Annotated[Path, typer.Argument(help="CSV: name, level, parent and, if given, area.", dir_okay=False)],
    data: Data = None,
    settings: Configuration = None,
) -> None:
    """Hang substations, feeders, transformers and phases into the network; a bad line does not stop the others."""
    from openami.headend.collection.tables import open_database
    from openami.headend.registry.network_file import import_nodes

    with contextlib.closing(open_database(installation(data, settings))) as database, database.write() as unit:
        made = import_nodes(unit, file)
    typer.echo(f"{made.added} added, {made.unchanged} unchanged")
    for fault in made.faults:
        typer.echo(f"openami: {fault}", err=True)
    if made.faults:
        raise typer.Exit(1)


def write_report(file: Path, outcome: "Imported") -> None:
    """Write the lines that were refused, and why; no field of them, for a field may be a key."""
    try:
        with file.open("w", newline="", encoding="utf-8") as sink:
            writer = csv.writer(sink)
            writer.writerow(("line", "serial", "column", "message"))
            writer.writerows((fault.line, fault.serial, fault.column, fault.message) for fault in outcome.faults)
    except OSError as error:
        fail(f"the report cannot be written: {(error.strerror or '').lower()}", 1)


operation.add_to(app)


def installation(data: Path | None, settings: Path | None) -> "Settings":
    """Give the settings of an installation: from its file, or for a folder."""
    from openami.headend.kit.settings import PREFIX, Settings

    if settings is None and (named := os.environ.get(PREFIX + "SETTINGS")):
        settings = Path(named)
    if settings is not None:
        chosen = Settings.load(settings, os.environ)
        return chosen if data is None else chosen.model_copy(update={"data": data})
    if data is None and PREFIX + "DATA" not in os.environ:
        fail("say where the database is: --data DIR, or --settings FILE", 2)
    return Settings.of(os.environ, **({} if data is None else {"data": data}))


async def ended(task: "asyncio.Task[Summary]", draining: asyncio.Event, drain_s: float) -> None:
    """Break sessions off that have not ended in time after the collector was told to."""
    await draining.wait()
    await asyncio.wait([task], timeout=drain_s)
    task.cancel()


@contextlib.asynccontextmanager
async def business_clock(file: Path | None) -> AsyncGenerator[Clock]:
    """Give the clock, and keep it running if it is a scenario's."""
    if file is None:
        yield RealClock()
        return
    async with ScenarioClock(file).running() as clock:
        yield clock


def bring_in(settings: "Settings", file: Path, clock: Clock, *, is_trial: bool = False) -> "Imported":
    """Import a shipment file."""
    from openami.headend.collection.tables import open_database
    from openami.headend.keys.service import KeyStore
    from openami.headend.registry.shipment import import_shipment

    with contextlib.closing(open_database(settings)) as database, database.write() as unit:
        store = KeyStore.open(unit, settings)
        at = int(clock.now())
        return import_shipment(unit, file, store, default_zone=settings.zone, at=at, is_trial=is_trial)


async def reading(settings: "Settings", clock: Clock, draining: asyncio.Event, *, once: bool) -> "Summary":
    """Read, with a progress bar where somebody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from openami.headend.collection.worker import run

    console = Console(stderr=True)
    columns = (TextColumn("meters read"), BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f}"))
    with Bar(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=0)

        def show(progress: "Progress") -> None:
            bar.update(task, completed=progress.meters, total=progress.total)

        return await run(settings, clock, once, show, draining=draining)


def log_to_stderr(settings: "Settings | None" = None) -> None:
    """Keep stdout for what the command has to say; lines are for people, or one JSON object each."""
    import structlog

    level = logging.getLevelNamesMapping()[(settings.log_level if settings else "warning").upper()]
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    if settings is not None and settings.log_json:
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.dict_tracebacks,
                structlog.processors.JSONRenderer(),
            ]
        )


class Teller:
    """Tells what the service does: to people in sentences, to programs as one JSON object per line."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._told = 0.0

    def tell(self, event: str, **fields: Json) -> None:
        """Tell a program."""
        if self.as_json:
            sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
            sys.stdout.flush()

    def imported(self, outcome: "Imported") -> None:
        """Tell what became of a shipment file."""
        fields = asdict(outcome)
        self.tell("imported", **cast("dict[str, Json]", fields))
        if not self.as_json:
            typer.echo(f"{outcome.added} meters added, {outcome.updated} updated, {outcome.unchanged} unchanged")
        for fault in outcome.faults:
            typer.echo(f"openami: {fault}", err=True)

    def ready(self, ready: "Ready") -> None:
        """Tell where the pages are."""
        door = {} if ready.door is None else {"door": ready.door}
        self.tell("ready", url=ready.url, has_moved=ready.has_moved, **door)
        if self.as_json:
            return
        if ready.has_moved:
            typer.echo("port 8088 is taken, so this is another one")
        typer.echo(f"head-end: {ready.url}\nCtrl-C ends it.")
        if ready.door is not None:
            typer.echo(f"lets you in, once: {ready.door}")

    def progress(self, progress: "Progress") -> None:
        """Tell how far reading has come, not more often than anybody can follow."""
        is_milestone = progress.blocked is not None or progress.meters + progress.failures >= progress.total
        if is_milestone or time.monotonic() - self._told >= TELL_S:
            self._told = time.monotonic()
            self.tell("progress", **cast("dict[str, Json]", asdict(progress)))
