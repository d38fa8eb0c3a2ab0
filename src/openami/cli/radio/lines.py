"""Messages as lines of JSON."""

import json
from typing import TYPE_CHECKING

import typer

from openami.cli.show import Json

if TYPE_CHECKING:
    from openami.phy.ert import Heard


def tell(heard: "list[Heard]", centre: float | None) -> None:
    """Print messages, one per line."""
    for each in heard:
        typer.echo(json.dumps(line_of(each, centre)))


def line_of(heard: "Heard", centre: float | None) -> dict[str, Json]:
    """A message for programs: how it came, what it says, and the octets that prove it."""
    from openami.phy.ert import plain

    line: dict[str, Json] = {"time_s": round(heard.at_s, 5), **plain(heard.message)}
    line["level_dbfs"] = round(heard.level_dbfs, 1)
    if centre is None:
        line["offset_hz"] = round(heard.offset_hz)
    else:
        line["carrier_hz"] = round(centre + heard.offset_hz)
    line["corrected_bits"] = heard.corrected
    line["octets"] = heard.data.hex()
    return line
