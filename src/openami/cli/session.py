"""What commands that talk to a meter have in common: the address, and writing down what passes."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from openami.aio.pump import Tracer
from openami.aio.route import Place, parse
from openami.core.errors import DefinitionError

WHERE = "Where the meter is: tcp://host, udp://host, hdlc://host:port (IPv6 in brackets), serial:///dev/name or optical:///dev/name."


def meter_address(url: str) -> Place:
    """Read an address; a wrong one is an error of usage."""
    try:
        return parse(url)
    except DefinitionError as error:
        raise typer.BadParameter(str(error)) from error


Traced: TypeAlias = Annotated[
    bool, typer.Option("--trace", help="Write on stderr what passes, ciphered APDUs in clear too, but no secrets.")
]
Captured: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--pcap", metavar="FILE", help="Write what passes to a file for Wireshark; a password in clear is in it."
    ),
]


@contextmanager
def tracing(traced: bool, captured: Path | None) -> Generator[Tracer | None]:
    """Write down what passes as the options say."""
    if not traced and captured is None:
        yield None
        return
    from openami.aio.trace import PcapTrace, TextTrace, Traces

    text = [TextTrace()] if traced else []
    if captured is None:
        yield Traces(*text)
        return
    with captured.open("wb") as file:
        yield Traces(*text, PcapTrace(file))
