"""`openami probe`: what answers at an address, found out without any key."""

from typing import Annotated

import typer

from openami.aio.discovery import CLIENTS, SERVERS, NothingAnswers, discover
from openami.aio.found import Discovery
from openami.aio.loop import run
from openami.aio.pump import Tracer
from openami.aio.route import Route
from openami.cli.session import WHERE, Captured, Traced, meter_address, tracing
from openami.cli.show import Json, show_json, show_table
from openami.core.errors import AmiError
from openami.dlms.hdlc import ServerAddress

app = typer.Typer(add_completion=False)

SIMULATED = "OAM"
"""FLAG id of virtual meters."""

EXAMPLES = """
Examples:

  openami probe tcp://127.16.0.1:4059

  openami probe tcp://192.0.2.7:4001 --server 1/17 --server 1/99        HDLC on the same port is tried as well

  openami probe 'serial:///dev/ttyUSB0?baud=9600&server=1/17' --client 16 --client 1 --client 32

  openami probe tcp://127.16.0.1:4059 --trace
"""


@app.command(epilog=EXAMPLES)
def probe(
    url: Annotated[str, typer.Argument(help=WHERE)],
    *,
    clients: Annotated[
        list[int] | None,
        typer.Option("--client", min=0, help=f"Client SAPs to try, by default {', '.join(map(str, CLIENTS))}."),
    ] = None,
    servers: Annotated[
        list[str] | None,
        typer.Option("--server", help=f"HDLC addresses to try where none is given: {', '.join(SERVERS)}."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = 3.0,
    trace: Traced = False,
    pcap: Captured = None,
) -> None:
    """Say what answers at an address; ends with 1 if it is no DLMS/COSEM server. No password and no key is tried."""
    place = meter_address(url)
    ways = [server_address(server) for server in servers or SERVERS]
    saps = tuple(clients or CLIENTS)
    if isinstance(place, Route) and place.client is not None and not clients:
        saps = (place.client, *(sap for sap in CLIENTS if sap != place.client))

    async def look(tracer: Tracer | None) -> Discovery:
        return await discover(place, clients=saps, servers=ways, timeout_s=timeout, trace=tracer, telling=tell)

    with tracing(trace, pcap) as tracer:
        try:
            found = run(look(tracer))
        except NothingAnswers as none:
            show_nothing(url, none, saps[0], as_json=as_json)
            raise typer.Exit(1) from None
    if as_json:
        show_json(document(found))
    else:
        show_table(url, ("what", "answer"), found.rows())


def server_address(text: str) -> ServerAddress:
    """Read an HDLC address; a wrong one is an error of usage."""
    try:
        return ServerAddress.parse(text)
    except AmiError as error:
        raise typer.BadParameter(f"server {text}: {error}") from error


def tell(what: str) -> None:
    """Say on a terminal what is tried."""
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        console.print(f"trying {what}", style="dim", markup=False)


def show_nothing(url: str, none: NothingAnswers, client: int, *, as_json: bool) -> None:
    """Say what came of each link that was tried."""
    tried = {link: str(error) for link, error in none.tried}
    if as_json:
        show_json({f"client_{client}": str(none.tried[0][1]), "tried": tried})
    else:
        show_table(url, ("link", "no answer"), list(tried.items()))


def document(found: Discovery) -> Json:
    """Give what was found, and short answers beside it."""
    name = found.logical_device_name
    said: dict[str, Json] = {f"client_{one.client}": one.said for one in found.clients}
    usual = {str(counter.name): counter.last for counter in found.counters}
    details = found.to_json()
    assert isinstance(details, dict)
    return {
        **details,
        **said,
        "invocation_counter": next(iter(usual.values()), None),
        "simulated": name is not None and name.decode("latin1").startswith(SIMULATED),
    }
