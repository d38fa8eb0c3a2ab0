"""`openami meter hand`: lay a hand on meters in service, or on those of a folder that nobody serves."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from openami.cli.show import count, fail, show_json, show_table

if TYPE_CHECKING:
    from openami.meters.hands import Value

EXAMPLES = (
    "Examples:\n\n  openami meter hand --list\n\n"
    "  openami meter hand http://127.0.0.1:8070 1-20 magnet_mt 90\n\n"
    "  openami meter hand http://127.0.0.1:8070 all supply off\n\n"
    "  openami meter hand meters OAMSIM00000000126 clock_offset_s -3600"
)
SETTINGS = {"ignore_unknown_options": True}
"""So that a number below zero is no option."""

WRONG = frozenset({404, 422})
"""Answers to what was asked wrongly."""


def hand(
    where: Annotated[
        str, typer.Argument(metavar="WHERE", help="Address that `meter serve --control` prints, or a fleet's folder.")
    ] = "",
    selection: Annotated[
        str, typer.Argument(metavar="METERS", help="Numbers and ranges such as 1-20,25, serial numbers, or all.")
    ] = "",
    name: Annotated[str, typer.Argument(metavar="HAND", help="What is done: see --list.")] = "",
    value: Annotated[str, typer.Argument(metavar="VALUE", help="A word, a number, or JSON; nothing for null.")] = "",
    *,
    loads: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The measured load of the folder's fleet, if any.")
    ] = None,
    loads_all: Annotated[bool, typer.Option("--loads-all", help="It drives every meter.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="List the hands, and what each takes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Do something to meters by hand, or let a fault happen: covers, magnet, supply, phases, relay, clock, link."""
    from openami.cli.panel.controls import written

    if list_all:
        show_hands(as_json=as_json)
        return
    check(where, selection, name, value)
    if where.startswith("http://"):
        from openami.cli.control.asking import lay

        numbers = lay(where, selection, name, written(value), wrong)
    else:
        numbers = in_folder(Path(where), selection, name, written(value), loads, loads_all=loads_all)
    if as_json:
        show_json({"hand": name, "value": written(value), "meters": [*numbers]})
    else:
        typer.echo(f"{name}: {count(len(numbers), 'meter')}")


def wrong(status: int, sentence: str) -> NoReturn:
    """Say why a door has refused."""
    fail(sentence, 2 if status in WRONG else 1)


def show_hands(*, as_json: bool) -> None:
    """List all that can be done."""
    from openami.meters.hands import HANDS

    if as_json:
        show_json([{"hand": name, "takes": hand.takes} for name, hand in HANDS.items()])
        return
    show_table(count(len(HANDS), "hand"), ("hand", "takes"), [(name, hand.takes) for name, hand in HANDS.items()])


def check(where: str, selection: str, name: str, value: str) -> None:
    """Refuse what cannot be meant, before anything is opened."""
    from openami.core.errors import DefinitionError
    from openami.meters.hands import HANDS
    from openami.meters.selection import words

    if not (where and selection and name):
        fail("say where, which meters, and which hand; --list gives the hands", 2)
    given = next((word for word in (where, selection, name, value) if word.startswith("--")), None)
    if given is not None:
        fail(f"there is no option {given}", 2)
    if name not in HANDS:
        fail(f"no hand is called {name!r}; there are {', '.join(HANDS)}", 2)
    try:
        words(selection)
    except DefinitionError as error:
        fail(str(error), 2)
    if not where.startswith("http://") and not Path(where).is_dir():
        fail(f"{where} is neither an address http://… nor a folder", 2)


def in_folder(
    folder: Path, selection: str, name: str, value: "Value", loads: Path | None, *, loads_all: bool
) -> list[int]:
    """Do it where no server runs."""
    from openami.aio.journal import JournalError
    from openami.aio.loop import run
    from openami.cli.control.unserved import Hands, lay
    from openami.core.errors import DefinitionError

    try:
        return run(lay(folder, Hands(selection, name, value), loads, loads_all=loads_all))
    except DefinitionError as error:
        fail(str(error), 2)
    except JournalError as error:
        fail(f"{error}; meters in service are reached by the address that --control prints")
