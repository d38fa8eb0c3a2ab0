"""What `openami features --mutate N` does: draw, hunt, print."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from openami.cli.mutation.hunt import Hunt, Verdict, hunt
from openami.cli.mutation.scratch import Project
from openami.cli.show import Json, fail, show_json, show_table

PACKAGE = "src/openami"


def mutate(
    shown: Mapping[str, str], number: int, how: Hunt, *, only: Sequence[str] = (), as_json: bool = False
) -> None:
    """Draw functions among those shown (name by id), or among `only`; end with 0 if each is caught, else with 1."""
    found = checkout()
    dice = Random(how.seed)  # noqa: S311  drawn by a seed
    order = dice.sample(sorted(shown), len(shown))
    among = [identity for identity in order if identity in only] if only else order
    wanted = sorted(among[:number])
    if not wanted:
        fail("there is nothing to draw from: no such behaviour is shown")
    others = [identity for identity in order if identity not in wanted]
    verdicts = watched(found, wanted, others, how)
    uncaught = [verdict for verdict in verdicts if not verdict.is_caught]
    if as_json:
        show_json(document(verdicts, shown, how))
    else:
        show(verdicts, uncaught, shown)
    if uncaught:
        raise typer.Exit(1)


def checkout() -> Project:
    """Find the checkout that this package is part of: there are tests only there."""
    root = next((path for path in Path(__file__).parents if (path / "pyproject.toml").exists()), None)
    if root is None or not (root / "tests").is_dir():
        fail("--mutate needs a checkout with its tests")
    shared = os.environ.get("OPENAMI_SHARED", str(root.parent / "shared"))
    return Project(root, PACKAGE, (str(Path(__file__).with_name("smoke.py")),), {"OPENAMI_SHARED": shared})


def watched(project: Project, wanted: Sequence[str], others: Sequence[str], how: Hunt) -> list[Verdict]:
    """Hunt with a bar on standard error."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    with bar:
        task = bar.add_task("functions", total=len(wanted))
        verdicts = list[Verdict]()
        for verdict in hunt(project, wanted, others, how, lambda what: bar.update(task, description=what)):
            verdicts.append(verdict)
            bar.advance(task)
    return verdicts


def show(verdicts: Sequence[Verdict], uncaught: Sequence[Verdict], shown: Mapping[str, str]) -> None:
    """Print who noticed what, then those that nobody notices."""
    caught = [verdict for verdict in verdicts if verdict.is_caught]
    rows = [(v.identity, shown[v.identity], v.mutation, v.test.rpartition("/")[2]) for v in caught]
    show_table(f"{len(caught)} of {len(verdicts)} functions are caught", ("id", "function", "mutation", "test"), rows)
    if uncaught:
        left = [(v.identity, shown[v.identity], v.reason, "; ".join(v.passed[:3])) for v in uncaught]
        show_table(f"{len(uncaught)} not caught", ("id", "function", "why", "went unnoticed"), left)
    else:
        typer.echo("Not caught: none.")


def document(verdicts: Sequence[Verdict], shown: Mapping[str, str], how: Hunt) -> dict[str, Json]:
    """Give all of it as JSON."""
    return {
        "seed": how.seed,
        "drawn": [verdict.identity for verdict in verdicts],
        "uncaught": [verdict.identity for verdict in verdicts if not verdict.is_caught],
        "functions": [
            {
                "id": verdict.identity,
                "name": shown[verdict.identity],
                "caught": verdict.is_caught,
                "mutation": verdict.mutation,
                "test": verdict.test,
                "tried": verdict.tried,
                "reason": verdict.reason,
                "unnoticed": list(verdict.passed),
            }
            for verdict in verdicts
        ],
    }
