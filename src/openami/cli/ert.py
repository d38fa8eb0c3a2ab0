"""`openami headend ert`: what receivers overhear into the store, and whose endpoints they are."""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from openami.aio.clock import RealClock
from openami.cli.show import Json, count, fail, show_json, show_table

if TYPE_CHECKING:
    from openami.headend.ert.endpoints import Endpoint
    from openami.headend.ert.intake import Taken
    from openami.headend.ert.overheard import Fault, Overheard
    from openami.headend.kit.database import Database
    from openami.headend.kit.settings import Settings

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="ERT radio meters: take in what receivers heard, see who was heard, make an endpoint a meter's.",
    epilog="Example:  openami headend ert import heard.jsonl --data ./headend",
)

Data = Annotated[Path | None, typer.Option("--data", help="Folder of the database.", file_okay=False)]
Configuration = Annotated[
    Path | None, typer.Option("--settings", help="Settings of the installation (TOML).", dir_okay=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AT_A_TIME, WAIT_S = 5_000, 5.0
"""Messages in one unit of work, and how long they wait to be one at the most."""
MOST_FAULTS = 20
SAMPLES = (".cu8", ".cs16", ".cf32", ".wav")
FOLD_S = 25.0
"""Copies of one hop come within this, the next hop does not."""
IMPORT_EXAMPLES = """
Examples:

  openami headend ert import walk.jsonl --start 2026-11-20T09:00:00+01:00 --data ./headend

  openami headend ert import drive.cu8 --start 2026-11-20T09:00:00+01:00 --data ./headend

  tail -f heard.jsonl | openami headend ert import - --receiver roof --data ./headend
"""


@app.command("import", epilog=IMPORT_EXAMPLES)
def import_file(
    file: Annotated[
        Path,
        typer.Argument(help="Lines of `radio decode` or `listen` (- for stdin), or samples: .cu8 .cs16 .cf32 .wav."),
    ],
    *,
    start: Annotated[
        str, typer.Option(help="When a capture began (ISO 8601 with offset), if its lines have no time of their own.")
    ] = "",
    receiver: Annotated[str, typer.Option(help="Which receiver heard it; by default the name of the file.")] = "",
    rate: Annotated[float | None, typer.Option(help="Complex samples per second, for samples (2359296).")] = None,
    data: Data = None,
    settings: Configuration = None,
    as_json: AsJson = False,
) -> None:
    """Take in what a receiver heard; the same twice changes nothing, a line without a message stops no other."""
    from openami.headend.ert.intake import NOTHING
    from openami.headend.ert.overheard import instant

    began = instant(start) if start else None
    name = receiver or ("" if str(file) == "-" else file.name)
    faults: list[Fault] = []
    total = NOTHING
    with closing(opened(data, settings)) as database:
        for batch in batches(messages(file, began, rate, faults)):
            total += taken(database, batch, name)
    tell(total, faults, as_json=as_json)


def opened(data: Path | None, settings: Path | None) -> "Database":
    """Open the database of an installation."""
    from openami.headend.collection.tables import open_database

    return open_database(chosen(data, settings))


def chosen(data: Path | None, settings: Path | None) -> "Settings":
    """Give the settings of an installation."""
    from openami.cli.headend import installation

    return installation(data, settings)


def messages(file: Path, began: float | None, rate: float | None, faults: "list[Fault]") -> "Iterator[Overheard]":
    """Messages of a file or of standard input; lines that hold none go to `faults`."""
    if file.suffix.lower() in SAMPLES:
        yield from of_samples(file, began, rate)
        return
    yield from of_lines(file, began, faults)


def of_lines(file: Path, began: float | None, faults: "list[Fault]") -> "Iterator[Overheard]":
    """Messages of lines, as they come."""
    from openami.headend.ert.overheard import Overheard, read_lines

    with ExitStack() as stack:
        source = sys.stdin if str(file) == "-" else stack.enter_context(file.open(encoding="utf-8", errors="replace"))
        for each in read_lines(source, began):
            if isinstance(each, Overheard):
                yield each
            else:
                faults.append(each)


def of_samples(file: Path, began: float | None, rate: float | None) -> "Iterator[Overheard]":
    """Messages of a capture, found by our receiver; copies of one hop are one."""
    from openami.cli.radio.inputs import Capture
    from openami.headend.ert.overheard import Overheard
    from openami.phy.ert import Receiver, Settings

    if began is None:
        fail("samples have no time of their own: say when the capture began, --start 2026-11-20T09:00:00+01:00", 2)
    with ExitStack() as stack:
        capture = Capture(stack, file, "", rate)
        receiver = Receiver(capture.form.rate_hz, Settings(fold_s=FOLD_S))
        for samples in capture.chunks():
            for each in receiver.step(samples):
                yield Overheard(began + each.at_s, each.message, each.level_dbfs)
        for each in receiver.finish():
            yield Overheard(began + each.at_s, each.message, each.level_dbfs)


def batches(found: "Iterable[Overheard]") -> "Iterator[list[Overheard]]":
    """So many at a time, or what has come in a few seconds; what is there when somebody says stop is kept."""
    batch: list[Overheard] = []
    since = time.monotonic()
    try:
        for each in found:
            batch.append(each)
            if len(batch) >= AT_A_TIME or time.monotonic() - since > WAIT_S:
                yield batch
                batch, since = [], time.monotonic()
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
    yield batch


def taken(database: "Database", batch: "list[Overheard]", receiver: str) -> "Taken":
    """Take a batch in."""
    from openami.headend.ert.intake import take

    with database.write() as unit:
        return take(unit, batch, receiver)


def tell(total: "Taken", faults: "list[Fault]", *, as_json: bool) -> None:
    """Say what came in; a line that holds no message is a failure at the end."""
    if as_json:
        show_json(cast("Json", asdict(total) | {"faults": [asdict(fault) for fault in faults]}))
    else:
        typer.echo(
            f"{count(total.messages, 'message')} of {count(total.meters, 'radio meter')},"
            f" {count(total.intervals, 'new interval')} ({total.filled} of them filled),"
            f" {count(total.events, 'new event')}, {count(total.discovered, 'endpoint')} discovered"
        )
        for fault in faults[:MOST_FAULTS]:
            typer.echo(f"openami: {fault}", err=True)
    if faults:
        raise typer.Exit(1)


@app.command(epilog="Example:  openami headend ert heard --data ./headend")
def heard(
    data: Data = None,
    settings: Configuration = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at the most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List endpoints that were heard and are no registered meter's, last heard first."""
    from openami.headend.ert.endpoints import discoveries

    with closing(opened(data, settings)) as database, database.read() as unit:
        found = discoveries(unit, limit=limit)
    if as_json:
        show_json([cast("Json", asdict(each) | {"commodity": each.commodity}) for each in found])
        return
    head = ("endpoint", "what", "count", "level", "last heard")
    rows = [
        (each.endpoint, each.commodity or each.ert_type, each.count, level(each), when(each.last_at)) for each in found
    ]
    show_table(count(len(found), "endpoint"), head, rows, right=("endpoint", "count", "level"))


def level(endpoint: "Endpoint") -> str:
    """Show how strong it was."""
    return "" if endpoint.level_dbfs is None else f"{endpoint.level_dbfs:.1f} dBFS"


def when(at: float | None) -> str:
    """Show an instant."""
    return "" if at is None else datetime.fromtimestamp(at, UTC).isoformat(" ", "seconds")


@app.command(epilog="Example:  openami headend ert register 66000007 OAMSIM00000000826 --data ./headend")
def register(
    endpoint: Annotated[int, typer.Argument(help="Number of the endpoint.")],
    serial: Annotated[str, typer.Argument(help="Serial number of its meter; one that is not registered is.")],
    *,
    product: Annotated[str, typer.Option(help="What meter it is: c3a1h, c3a1h_mono, ert_electricity.")] = "c3a1h",
    node: Annotated[str, typer.Option(help="Place in the network that its energy is summed under.")] = "neighbourhood",
    count_wh: Annotated[int, typer.Option(min=1, help="What a count is, in Wh.")] = 10,
    data: Data = None,
    settings: Configuration = None,
) -> None:
    """Make an endpoint that of a meter: from then on what it tells is kept."""
    from openami.headend.ert.endpoints import Wanted, promote

    installation = chosen(data, settings)
    with closing(opened(data, settings)) as database, database.write() as unit:
        wanted = Wanted(endpoint, serial, product, node, installation.zone, count_wh)
        change = promote(unit, wanted, default_zone=installation.zone, at=int(RealClock().now()))
    typer.echo(f"endpoint {endpoint} is that of meter {serial}: {change}")


@app.command(epilog="Example:  openami headend ert endpoints endpoints.csv --data ./headend")
def endpoints(
    file: Annotated[Path, typer.Argument(help="CSV: endpoint, serial; also product, node, zone, count_wh.")],
    data: Data = None,
    settings: Configuration = None,
    as_json: AsJson = False,
) -> None:
    """Register the radio meters of a file; a bad line does not stop the others."""
    from openami.headend.ert.endpoints import import_endpoints

    zone = chosen(data, settings).zone
    with closing(opened(data, settings)) as database, database.write() as unit:
        outcome = import_endpoints(unit, file, default_zone=zone, at=int(RealClock().now()))
    if as_json:
        show_json(cast("Json", asdict(outcome)))
    else:
        typer.echo(f"{outcome.added} added, {outcome.updated} updated, {outcome.unchanged} unchanged")
        for fault in outcome.faults:
            typer.echo(f"openami: {fault}", err=True)
    if outcome.faults:
        raise typer.Exit(1)
