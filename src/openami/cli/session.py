"""What commands that talk to a meter have in common: the address."""

import typer

from openami.aio.route import Place, parse
from openami.core.errors import DefinitionError

WHERE = "Where the meter is: tcp://host, udp://host, hdlc://host:port (IPv6 in brackets) or serial:///dev/name."


def meter_address(url: str) -> Place:
    """Read an address; a wrong one is an error of usage."""
    try:
        return parse(url)
    except DefinitionError as error:
        raise typer.BadParameter(str(error)) from error
