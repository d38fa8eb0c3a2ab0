"""`openami meter diff`: two meters side by side."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openami.cli.clone import take_all
from openami.cli.credentials import Level, credentials
from openami.cli.read import Approach, KeyFile, Naming
from openami.cli.session import meter_address
from openami.cli.show import Json, count, fail, show_json, show_table

if TYPE_CHECKING:
    from openami.meters.cloning.difference import Side

DIFFERENT, UNKNOWN = 1, 2
WIDE = 60
EXAMPLES = """
Examples:

  openami meter diff compactiq twin.toml                                 a product and a file

  openami meter diff tcp://127.16.0.1:4059 tcp://127.16.0.2:4059 --keys shipment.csv   two meters

  openami meter diff old.json new.json   two lists as `read` with --json prints them

  openami meter diff tcp://127.16.0.1:4059 twin.toml --keys keys.toml --volatile --json
"""
SIDE = "A meter's address, a product's name, a product file, or a list saved by `openami read` (.json, .csv)."


def diff(
    a: Annotated[str, typer.Argument(help=SIDE)],
    b: Annotated[str, typer.Argument(help="The other one.")],
    *,
    volatile: Annotated[
        bool, typer.Option("--volatile", help="Compare values that change by themselves: clock, counters, registers.")
    ] = False,
    identity: Annotated[bool, typer.Option("--identity", help="Compare serial numbers and other names.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    client: Annotated[int | None, typer.Option(help="Client SAP: 16 without keys, else 1.")] = None,
    security: Annotated[Level | None, typer.Option(help="By default the highest there are keys for.")] = None,
    keys: KeyFile = None,
    other_keys: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Keys of the other one, where they stand apart.")
    ] = None,
    rows: Annotated[int | None, typer.Option(min=0, help="Of each profile no more than the newest rows.")] = 0,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = 10.0,
) -> None:
    """Compare two meters: objects, versions, rights, types, values, columns of profiles.

    The exit code is 0 if they are alike, 1 if not, 2 if they could not be compared.
    """
    from openami.core.errors import AmiError
    from openami.meters.cloning.difference import Leave, differences

    def approach(text: str, file: Path | None) -> Approach:
        place = meter_address(text)
        return Approach(place, client, "", credentials(security, file, place), Naming.LN, timeout)

    both = (a, keys), (b, other_keys or keys)
    try:
        here, there = (side_of(text, partial(approach, text, file), rows) for text, file in both)
        found = list(differences(here, there, Leave(volatile=not volatile, identity=not identity)))
    except AmiError as error:
        fail(str(error), UNKNOWN)
    except OSError as error:
        fail(f"{error.filename}: {(error.strerror or '').lower()}", UNKNOWN)
    if as_json:
        show_json({"a": here.title, "b": there.title, "differences": [one.to_json() for one in found]})
    elif found:
        head = ("class", "logical name", "what", "member", here.title, there.title)
        lines = [(one.class_id, str(one.logical_name), one.kind, one.what, short(one.a), short(one.b)) for one in found]
        show_table(count(len(found), "difference"), head, lines, right=("class",))
    else:
        typer.echo(f"{here.title} and {there.title} are alike", err=True)
    if found:
        raise typer.Exit(DIFFERENT)


def side_of(text: str, approach: Callable[[], Approach], rows: int | None) -> "Side":
    """Read a meter, load a product, or open a list."""
    from openami.aio.loop import run
    from openami.meters.cloning import sides
    from openami.meters.product import load

    if "://" in text:
        taken = run(take_all(approach(), rows, None))
        if taken.ended_by is not None:
            raise taken.ended_by
        return sides.of_taken(text, taken)
    if text.endswith((".json", ".csv")):
        return sides.of_file(Path(text))
    return sides.of_product(load(text))


def short(value: Json) -> str:
    """Say a value on one line that is not too long."""
    from openami.aio.values import phrase

    text = phrase(value)
    return text if len(text) <= WIDE else f"{text[:WIDE]}… ({len(text)} characters)"
