"""`openami listen`: receive what meters push, print what it says."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from openami.aio.listener import Listening, Push, listen
from openami.aio.loop import run
from openami.aio.values import in_words, stamp, to_json
from openami.cli.keyring import key_lookup
from openami.cli.show import Json, show_table
from openami.core.errors import DefinitionError, LinkTimeout
from openami.core.units import Unit
from openami.dlms.push import Acceptance, PushedValue, Unreadable
from openami.dlms.security import Policy
from openami.dlms.xdlms import DataNotification

app = typer.Typer(add_completion=False)

EXAMPLES = """
Examples:

  openami listen tcp://0.0.0.0:4059 udp://0.0.0.0:4059     pushes in clear

  openami listen 'tcp://[::]:4059' --keys meters.csv       ciphered ones

  openami listen serial:///dev/ttyUSB0?baud=2400 --once    a customer port

Keys: a shipment file (.csv), or TOML with encryption_key and authentication_key for all meters, or in a table for each
system title, as ["4b414d4501349083"]. OPENAMI_EK and OPENAMI_AK are for all meters.
"""


@app.command(name="listen", epilog=EXAMPLES)
def hear(
    urls: Annotated[
        list[str], typer.Argument(metavar="URL", help="tcp://, udp:// or hdlc://host:port, or serial:///dev/name.")
    ],
    *,
    keys: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Keys of the meters: TOML, or a shipment (.csv).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, a document per line.")] = False,
    once: Annotated[bool, typer.Option("--once", help="End after one push.")] = False,
    number: Annotated[int | None, typer.Option("--count", min=1, help="End after so many pushes.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0.1, help="Seconds without a push after which to fail.")] = None,
    protected: Annotated[bool, typer.Option("--protected", help="Take authenticated, encrypted pushes alone.")] = False,
    unauthenticated: Annotated[
        bool, typer.Option("--unauthenticated", help="Take ciphered pushes that nothing proves genuine.")
    ] = False,
    confirm: Annotated[bool, typer.Option(help="Confirm pushes that ask for it; serial ports never are.")] = True,
) -> None:
    """Receive what meters push, and print it."""
    if protected and unauthenticated:
        raise typer.BadParameter("--protected and --unauthenticated contradict each other")
    acceptance = Acceptance(
        keys=key_lookup(keys),
        least=Policy.AE if protected else Policy.NONE,
        unauthenticated=unauthenticated,
        confirm=None if confirm else "never",
    )
    try:
        listening = listen(*urls, acceptance=acceptance, unreadable=complain)
    except DefinitionError as error:
        raise typer.BadParameter(str(error)) from error
    run(receive(listening, 1 if once else number, timeout, as_json=as_json))


async def receive(listening: Listening, wanted: int | None, timeout_s: float | None, *, as_json: bool) -> None:
    """Print pushes until there are as many as wanted."""
    async with listening:
        places = [str(address) for address in listening.addresses]
        typer.echo(f"listening on {', '.join(places) or 'the serial port'}; Ctrl-C ends it", err=True)
        while wanted is None or wanted > 0:
            try:
                async with asyncio.timeout(timeout_s):
                    push = await anext(listening)
            except TimeoutError:
                raise LinkTimeout(f"no push within {timeout_s:g} s") from None
            show = show_line if as_json else show_push
            show(push)
            wanted = None if wanted is None else wanted - 1


def complain(sender: str, unreadable: Unreadable) -> None:
    """Say what was no push."""
    typer.echo(f"openami: {sender}: no push: {unreadable.reason}", err=True)


def show_line(push: Push) -> None:
    """Print one push as a line of JSON."""
    typer.echo(json.dumps(document(push), ensure_ascii=False))


def document(push: Push) -> dict[str, Json]:
    """One push as JSON."""
    notification, protection = push.notification, push.protection
    return {
        "sender": push.sender,
        "framing": push.pushed.origin.framing.value,
        "system_title": push.title.hex() or None,
        "authenticated": protection.authenticated,
        "encrypted": protection.encrypted,
        "invocation_counter": protection.counter,
        "long_invoke_id": notification.long_invoke if isinstance(notification, DataNotification) else None,
        "at": to_json(push.at),
        "values": [described(value) for value in push.values],
    }


def described(value: PushedValue) -> dict[str, Json]:
    """One value as JSON; what the push does not tell is left out."""
    facts: dict[str, Json] = {
        "logical_name": to_json(value.logical_name),
        "class_id": value.class_id,
        "attribute_id": value.attribute_id,
        "short_name": value.short_name,
        "scaler": value.scaler,
        "unit": to_json(value.unit),
    }
    return {name: fact for name, fact in facts.items() if fact is not None} | {"value": to_json(timed(value.value))}


def show_push(push: Push) -> None:
    """Print one push as a table."""
    head = [push.sender, push.title.hex(), proof(push), "" if push.at is None else in_words(push.at)]
    rows = [(name_of(value), in_words(worth(value)), unit_of(value)) for value in push.values]
    typer.echo("  ".join(filter(None, head)))
    show_table("", ("name", "value", "unit"), rows, right=("value",))


def proof(push: Push) -> str:
    """Say how sure it is that the meter sent this."""
    if push.protection.authenticated:
        return "authenticated"
    return "in clear" if push.protection.form is None else "not proved genuine"


def name_of(value: PushedValue) -> str:
    """Name a value as far as the push tells."""
    name = str(value.logical_name) if value.logical_name else ""
    if value.short_name is not None:
        name = f"short name {value.short_name:#06x}"
    return f"{name} attribute {value.attribute_id}" if value.attribute_id not in (None, 2) else name or "–"


def worth(value: PushedValue) -> object:
    """The value in its unit, a date-time as such."""
    scaled = value.scaled
    return str(scaled) if isinstance(scaled, Decimal) else timed(scaled)


def timed(value: object) -> object:
    """Twelve octets that are a date-time as one."""
    return stamp(value) if isinstance(value, bytes) else value


def unit_of(value: PushedValue) -> str:
    """The symbol of the unit."""
    if value.unit is None:
        return ""
    return value.unit.symbol if isinstance(value.unit, Unit) else f"unit {value.unit}"
