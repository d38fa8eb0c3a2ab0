"""`openami features`: which stated functions of the products are shown by tests that pass."""

import json
import os
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, NamedTuple, cast
from xml.etree import ElementTree as ET

import typer

from openami.cli.show import Json, fail, show_json, show_table

app = typer.Typer(add_completion=False)

LEDGER = Path("docs") / "reference" / "features.json"


class Feature(NamedTuple):
    """One stated function."""

    identity: str
    name: str
    kind: str


ProductName = Annotated[str, typer.Argument(help="Only this product, with all that is still open.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Report = Annotated[
    Path | None,
    typer.Option(metavar="REPORT", exists=True, dir_okay=False, help="Take over a JUnit report of all tests."),
]
LedgerFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Where the shown functions are written down.")]
HowMany = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Draw N shown behaviours, and see that tests fail without each.")
]
OnlyThese = Annotated[
    list[str] | None, typer.Option(metavar="ID", help="With --mutate: draw among these only; may be repeated.")
]
Seed = Annotated[int, typer.Option(help="With --mutate: what is drawn.")]
Tries = Annotated[int, typer.Option(min=1, help="With --mutate: most mutations of one behaviour.")]
LimitS = Annotated[float, typer.Option("--limit-s", min=1, help="With --mutate: seconds of a test.")]
Jobs = Annotated[
    int | None, typer.Option(min=1, help="With --mutate: workers; as many as there are cores if not given.")
]


@app.command(epilog="Examples:\n\n  openami features compactiq\n\n  openami features --mutate 100 --seed 7")
def features(
    product: ProductName = "",
    *,
    as_json: AsJson = False,
    collect: Report = None,
    ledger: LedgerFile = None,
    mutate: HowMany = None,
    only: OnlyThese = None,
    seed: Seed = 0,
    tries: Tries = 12,
    limit_s: LimitS = 60.0,
    jobs: Jobs = None,
) -> None:
    """Say which stated functions are shown: their tests are in the last `make test-all`, and passed."""
    stated = load_stated()
    path = ledger or default_ledger()
    if collect is not None:
        store(path, shown_in(collect, stated))
    shown = load_shown(path)
    if product and product not in stated:
        fail(f"no product {product!r}; there are {', '.join(stated)}", 2)
    chosen = {product: stated[product]} if product else stated
    if mutate is not None:
        from openami.cli.mutation.command import mutate as hunt
        from openami.cli.mutation.hunt import Hunt

        drawn = behaviours(chosen, shown)
        how = Hunt(limit_s=limit_s, tries=tries, jobs=jobs or os.cpu_count() or 1, seed=seed)
        hunt(drawn, mutate, how, only=only or (), as_json=as_json)
        return
    if as_json:
        show_json({"products": {slug: summary(found, shown) for slug, found in chosen.items()}})
    else:
        show_ledger(chosen, shown, is_open_wanted=bool(product))


def show_ledger(chosen: Mapping[str, list[Feature]], shown: set[str], *, is_open_wanted: bool) -> None:
    """Print how much is shown, and what is still open of a product that is asked for or begun."""
    show_table(
        "Stated functions shown by tests",
        ("product", "shown", "stated"),
        [(slug, sum(f.identity in shown for f in found), len(found)) for slug, found in chosen.items()],
        right=("shown", "stated"),
    )
    for slug, found in chosen.items():
        left = [f for f in found if f.identity not in shown]
        if left and (is_open_wanted or len(left) < len(found)):
            rows = [(f.identity, f.kind, f.name) for f in left]
            show_table(f"{slug}: still open", ("id", "kind", "function"), rows)


def behaviours(stated: Mapping[str, list[Feature]], shown: set[str]) -> dict[str, str]:
    """Names of the behaviours that are shown, by id."""
    everything = (f for found in stated.values() for f in found)
    return {f.identity: f.name for f in everything if f.kind == "behaviour" and f.identity in shown}


def summary(found: list[Feature], shown: set[str]) -> dict[str, Json]:
    """Count of one product."""
    left = [f.identity for f in found if f.identity not in shown]
    return {"shown": len(found) - len(left), "total": len(found), "open": left}


def load_stated() -> dict[str, list[Feature]]:
    """Every stated function, by product."""
    text = files("openami").joinpath("features.toml").read_text(encoding="utf-8")
    table = cast("Mapping[str, Mapping[str, Mapping[str, str]]]", tomllib.loads(text))
    return {
        slug: [Feature(identity, row["name"], row["kind"]) for identity, row in rows.items()]
        for slug, rows in table.items()
    }


def default_ledger() -> Path:
    """Find the ledger of this checkout; an installed package has none."""
    return next((root / LEDGER for root in Path(__file__).parents if (root / "pyproject.toml").exists()), LEDGER)


def load_shown(path: Path) -> set[str]:
    """Read what the ledger says is shown."""
    if not path.exists():
        return set()
    return set(cast("list[str]", json.loads(path.read_text(encoding="utf-8"))["shown"]))


def store(path: Path, shown: set[str]) -> None:
    """Write the ledger anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"shown": sorted(shown, key=in_order)}, indent=1) + "\n", encoding="utf-8")


def in_order(identity: str) -> tuple[str, int]:
    """Sort AD11A-9 before AD11A-12."""
    product, _, number = identity.rpartition("-")
    return product, int(number)


def shown_in(report: Path, stated: Mapping[str, list[Feature]]) -> set[str]:
    """Identities all of whose marked tests have run and passed."""
    known = {f.identity for found in stated.values() for f in found}
    passed: dict[str, bool] = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314  our own report
        failed = any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
        for identity in (p.get("value", "") for p in case.iter("property") if p.get("name") == "feature"):
            if identity not in known:
                fail(f"{case.get('name')} is marked with {identity!r}, which nobody states")
            passed[identity] = passed.get(identity, True) and not failed
    return {identity for identity, good in passed.items() if good}
