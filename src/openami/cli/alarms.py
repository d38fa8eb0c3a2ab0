"""`openami headend alarm`: what meters complain of, and a service that only takes pushes and tells people."""

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from openami.aio.ending import when_told
from openami.aio.loop import run as run_loop
from openami.cli.accounts import change, installation
from openami.cli.show import Json, count, fail, show_json, show_table

if TYPE_CHECKING:
    from openami.headend.events.alarms import Alarm

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Alarms: list and acknowledge them, take pushes without pages.",
    epilog="Example:  openami headend alarm list --data ./headend",
)

Data = Annotated[Path | None, typer.Option("--data", help="Folder of the database.", file_okay=False)]
Configuration = Annotated[
    Path | None, typer.Option("--settings", help="Settings of the installation (TOML).", dir_okay=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ClockFile = Annotated[
    Path | None, typer.Option("--clock", help="Scenario clock; without one, time is real.", dir_okay=False)
]


@app.command("list", epilog="Example:  openami headend alarm list --least major --data ./headend")
def list_(
    *,
    serial: Annotated[str, typer.Option(help="Of one meter.")] = "",
    least: Annotated[str, typer.Option(help="Severity at the least: info, minor, major, critical.")] = "info",
    every: Annotated[bool, typer.Option("--all", help="Also those that were acknowledged or suppressed.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at the most, the newest.")] = 50,
    data: Data = None,
    settings: Configuration = None,
    as_json: AsJson = False,
) -> None:
    """Show alarms, newest first."""
    from openami.headend.collection.tables import open_database
    from openami.headend.events.alarm_bits import Severity
    from openami.headend.events.alarms import Wanted, listed
    from openami.headend.web.words import instant

    if least.upper() not in Severity.__members__:
        fail(f"severity {least!r}: expected info, minor, major or critical", 2)
    wanted = Wanted(serial, not every, Severity[least.upper()], every)
    with contextlib.closing(open_database(installation(data, settings))) as database, database.read() as unit:
        found = listed(unit, wanted, limit=limit).alarms
    if as_json:
        show_json([_shown(alarm) for alarm in found])
        return
    rows = [
        (alarm.id, alarm.severity.name.lower(), alarm.meaning, alarm.serial, instant(alarm.last, alarm.zone),
         alarm.times, alarm.clearing)
        for alarm in found
    ]  # fmt: skip
    show_table(
        count(len(found), "alarm"), ("Alarm", "Severity", "What", "Meter", "Last", "Times", "In the meter"), rows,
        right=("Alarm", "Times"),
    )  # fmt: skip


def _shown(alarm: "Alarm") -> Json:
    names = (
        "id", "serial", "name", "meaning", "began", "last", "times", "source", "is_proved", "suppressed",
        "acknowledged", "who", "note", "clearing", "cleared", "why",
    )  # fmt: skip
    return cast("Json", {"severity": alarm.severity.name.lower(), **{name: getattr(alarm, name) for name in names}})


@app.command(epilog="Example:  openami headend alarm acknowledge 4 7 --note 'seal replaced' --data ./headend")
def acknowledge(
    numbers: Annotated[list[int], typer.Argument(min=1, help="Numbers of the alarms.")],
    *,
    note: Annotated[str, typer.Option(help="What was found or done.")] = "",
    data: Data = None,
    settings: Configuration = None,
) -> None:
    """Say that alarms were seen."""
    from openami.aio.clock import RealClock
    from openami.headend.events.alarms import acknowledge as seen

    now = RealClock().now()
    done = change(installation(data, settings), lambda unit: seen(unit, numbers, note, now))
    typer.echo(f"{count(done, 'alarm')} acknowledged")


@app.command(epilog="Example:  openami headend alarm watch --settings headend.toml")
def watch(data: Data = None, settings: Configuration = None, clock: ClockFile = None) -> None:
    """Take pushes, settle outages, clear alarms and tell people, without pages, until Ctrl-C."""
    from openami.cli.headend import business_clock, log_to_stderr
    from openami.headend.collection.tables import open_database
    from openami.headend.events.watch import Watch

    chosen = installation(data, settings)
    log_to_stderr(chosen)

    async def watching() -> None:
        draining = asyncio.Event()
        with contextlib.closing(open_database(chosen)) as database:
            async with business_clock(clock) as business:
                with when_told(draining.set):
                    await Watch(chosen, business, database).until(draining)

    run_loop(watching())
