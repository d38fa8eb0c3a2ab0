"""`openami meter clone` and `import`: a meter as a product file, read from a real one or from a list of objects."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openami.aio.client import PUBLIC_CLIENT, connect
from openami.aio.loop import run
from openami.aio.pump import Tracer
from openami.aio.route import Route
from openami.cli.credentials import Level, client_of, credentials
from openami.cli.read import Approach, KeyFile, Naming, Serial, ServerSap
from openami.cli.session import WHERE, Captured, Traced, meter_address, tracing
from openami.cli.show import count, fail
from openami.core.errors import AmiError
from openami.dlms.security.settings import Security

if TYPE_CHECKING:
    from openami.aio.client import Connecting
    from openami.meters.cloning.taking import Taken

EXAMPLES = """
Examples:

  openami meter clone tcp://127.16.0.1:4059 --keys keys.toml --out twin.toml          all that it shows, as a file

  openami meter clone tcp://127.16.0.1:4059 --keys keys.toml --out twin.toml --serve  and a meter that answers like it

  openami meter clone tcp://127.16.0.1:4059 --out twin.toml --rows 96 --live          few rows; measured values live on

  openami meter clone 'hdlc://192.0.2.7:4001?server=1/17' --out twin.toml             over HDLC behind a TCP converter
"""
SHEET_EXAMPLES = """
Examples:

  openami meter import objects.csv --out new.toml                a product file with a default for every value

  openami meter import objects.xlsx --out new.toml --channels 4  rows 0.x.24.1.0 are four each

  openami meter serve new.toml                                   the meter itself
"""


def clone(
    url: Annotated[str, typer.Argument(help=WHERE)],
    *,
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="Product file to write, .toml.")],
    name: Annotated[str, typer.Option(help="Name of the model; by default that of the file.")] = "",
    serve: Annotated[bool, typer.Option("--serve", help="Then serve the twin, until Ctrl-C.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Clock, registers and profiles that our laws can give are given by them.")
    ] = False,
    keep_identity: Annotated[
        bool, typer.Option("--keep-identity", help="Write serial numbers and names as they are.")
    ] = False,
    rows: Annotated[int | None, typer.Option(min=0, help="Of each profile no more than the newest rows.")] = None,
    client: Annotated[int | None, typer.Option(help="Client SAP: 16 without keys, else 1.")] = None,
    server: ServerSap = "",
    security: Annotated[Level | None, typer.Option(help="By default the highest there are keys for.")] = None,
    keys: KeyFile = None,
    serial: Serial = "",
    referencing: Annotated[Naming, typer.Option(help="By logical names, or by short ones.")] = Naming.LN,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = 10.0,
    trace: Traced = False,
    pcap: Captured = None,
) -> None:
    """Make a product file of a meter, and a twin that shows what it shows.

    Passwords, keys and secrets are never written.
    """
    from openami.meters.cloning.clone import Clone, Wishes
    from openami.meters.cloning.hiding import credentials_of

    place = meter_address(url)
    settings = credentials(security, keys, place, serial)
    approach = Approach(place, client, server, settings, referencing, timeout)
    title = name or toml_file(out).stem
    with tracing(trace, pcap) as tracer:
        taken = run(take_all(approach, rows, tracer))
    wishes = Wishes(title, live=live, keep_identity=keep_identity, credentials=credentials_of(settings))
    made = Clone.of(taken, wishes)
    write(out, made.text)
    told = f"{count(len(made.kinds), 'object')} written to {out}, {count(made.refused, 'value')} not told"
    typer.echo(told + (f", {count(made.tied, 'value')} given by laws" if live else ""), err=True)
    if taken.ended_by is not None:
        fail(f"not all was read: {taken.ended_by}")
    if serve:
        serve_twin(out, history=10 if live else 0)


async def take_all(approach: Approach, rows: int | None, tracer: Tracer | None) -> "Taken":
    """Read a meter as the client we are, and look what it shows to the public one."""
    from dataclasses import replace

    from rich.console import Console
    from rich.progress import Progress

    from openami.meters.cloning.taking import Client, take

    sap = sap_of(approach)
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("reading", total=None)
        async with connecting(approach, sap, approach.security, tracer) as meter:
            taken = await take(
                meter, sap, approach.security, rows=rows,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )  # fmt: skip
    if sap == PUBLIC_CLIENT or taken.ended_by is not None:
        return taken
    try:
        async with connecting(approach, PUBLIC_CLIENT, Security.none(), tracer) as meter:
            public = Client(PUBLIC_CLIENT, "lowest", tuple(await meter.object_list()))
    except AmiError as error:
        return replace(taken, not_let_in={PUBLIC_CLIENT: error})
    return replace(taken, clients=(*taken.clients, public))


def sap_of(approach: Approach) -> int:
    """Client SAP that was asked for, or that of the address, or the usual one."""
    given = approach.client
    if given is None and isinstance(approach.place, Route):
        given = approach.place.client
    return client_of(given, approach.security)


def connecting(approach: Approach, sap: int, security: Security, tracer: Tracer | None) -> "Connecting":
    """Connect as one of the clients."""
    return connect(
        approach.place,
        client=sap,
        server=approach.server or None,
        security=security,
        timeout_s=approach.timeout_s,
        referencing="SN" if approach.referencing is Naming.SN else "LN",
        trace=tracer,
    )


def import_sheet(
    sheet: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="List of objects, .csv or .xlsx.")],
    *,
    out: Annotated[Path, typer.Option("--out", dir_okay=False, help="Product file to write, .toml.")],
    name: Annotated[str, typer.Option(help="Name of the model; by default that of the file.")] = "",
    channels: Annotated[
        int, typer.Option(min=0, max=64, help="How many channels a row stands for that has an x in group B.")
    ] = 0,
    skip: Annotated[bool, typer.Option("--skip", help="Leave out the rows that cannot be read.")] = False,
) -> None:
    """Make a product file of a list of objects, every value a default of its type."""
    from openami.meters.cloning.clone import Clone, Wishes
    from openami.meters.cloning.listing import read_listing
    from openami.meters.cloning.skeleton import drawn

    title = name or toml_file(out).stem
    listing = read_listing(sheet, channels=channels)
    for refusal in listing.refused:
        typer.echo(refusal, err=True)
    if listing.refused and not skip:
        fail(f"{count(len(listing.refused), 'row')} cannot be read; --skip leaves them out")
    origin = f"A meter after the list of objects {sheet.name}, by `openami meter import`: values are defaults"
    made = Clone.of(drawn(listing), Wishes(title, origin))
    write(out, made.text)
    typer.echo(f"{count(len(made.kinds), 'object')} written to {out}", err=True)


def toml_file(out: Path) -> Path:
    """Check the name of a file to be written; another ending is an error of usage."""
    if out.suffix != ".toml":
        raise typer.BadParameter(f"{out.name!r}: a product file ends in .toml", param_hint="--out")
    return out


def write(out: Path, text: str) -> None:
    """Write a product file, and prove that a meter can be made of it."""
    from openami.meters.holding import rules
    from openami.meters.product import load_file

    out.write_text(text, encoding="utf-8")
    rules(load_file(out))


def serve_twin(out: Path, *, history: int) -> None:
    """Serve the twin from a folder that goes with the command."""
    from tempfile import TemporaryDirectory

    from openami.cli.meter import serve

    with TemporaryDirectory(prefix="openami-") as folder:
        serve(str(out), data=Path(folder), or_free=True, history=history)
