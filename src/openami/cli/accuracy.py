"""`openami meter test PRODUCT --accuracy`: drawn meters by the tables of their class."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from openami.cli.conformance import Progress
from openami.cli.show import PIPED_WIDTH, Json, show_json
from openami.core.errors import DefinitionError

if TYPE_CHECKING:
    from openami.meters.accuracy.setup import Trial
    from openami.report.document import Document


def trial(
    product: str, meters: int, classes: Sequence[str], *, seed: int, gain: float, voltage: float | None
) -> "Trial":
    """Set up what is tested; a product, class or voltage that there is not is an error of usage."""
    from openami.cli.meter import wanted
    from openami.meters.accuracy.setup import Trial

    if not product:
        raise typer.BadParameter("say which product: openami meter test PRODUCT --accuracy")
    found = wanted(product)
    try:
        return Trial.of(found, meters, names=classes, seed=seed, gain_percent=gain, voltage_v=voltage)
    except DefinitionError as error:
        raise typer.BadParameter(str(error)) from error


def judge(chosen: "Trial", *, as_json: bool, detail: bool, pdf: Path | None, xlsx: Path | None) -> None:
    """Measure, print and write the report, end with 1 if any meter is outside."""
    from openami.meters.accuracy.paper import paper

    files = list(renderers(pdf, xlsx))
    with Progress(chosen.conditions(), "conditions") as progress:
        results = chosen.run(progress.advance)
    document = paper(chosen, results)
    for file, render in files:
        file.write_bytes(render(document))
    if as_json:
        show_json(values_of(chosen, document))
    else:
        show(document, detail=detail)
    if document.has_failed:
        raise typer.Exit(1)


def renderers(pdf: Path | None, xlsx: Path | None) -> "Iterator[tuple[Path, Callable[[Document], bytes]]]":
    """Find what writes the files that are asked for; what is not installed is missed before anything is measured."""
    if pdf is not None:
        from openami.report import pdf as pages

        yield pdf, pages.render
    if xlsx is not None:
        from openami.report import spreadsheet

        yield xlsx, spreadsheet.render


def values_of(chosen: "Trial", document: "Document") -> dict[str, Json]:
    """Give the report for programs."""
    from openami.report.values import render

    facts: dict[str, Json] = {"product": chosen.product.slug, "meters": chosen.meters, "seed": chosen.seed}
    facts["gain_percent"] = chosen.gain_percent
    facts.update(render(document))
    return facts


def show(document: "Document", *, detail: bool) -> None:
    """Print the report; piped, tables are as wide as they need to be."""
    from rich.console import Console

    from openami.report import terminal

    width = None if Console().is_terminal else PIPED_WIDTH
    terminal.show(document, Console(width=width, markup=False, emoji=False), detail=detail)
