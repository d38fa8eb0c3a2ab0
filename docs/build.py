"""Write what is made from the code: the reference pages, and marked blocks inside pages written by hand.

`make docs` runs it; `tests/docs` holds that what is committed is what it writes.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from generators import (
    api,
    classes,
    commands,
    conformance,
    control,
    errors,
    floors,
    interop,
    links,
    products,
    quirks,
    rest,
    settings,
    speed,
    states,
)
from generators.markdown import NOTICE, with_block

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = Path("docs") / "reference"
EXPLANATION = Path("docs") / "explanation"
HOWTO = Path("docs") / "howto"
README = Path("README.md")


def pages() -> Iterator[tuple[Path, str]]:
    """Give each reference page by its path in the repository."""
    yield REFERENCE / "commands.md", commands.page()
    yield REFERENCE / "errors.md", errors.page()
    yield REFERENCE / "classes.md", classes.page()
    yield REFERENCE / "rest.md", rest.page()
    yield REFERENCE / "control.md", control.page()
    yield REFERENCE / "conformance.md", conformance.page(ROOT)
    yield REFERENCE / "interop.md", interop.page(ROOT)
    for slug, text in products.pages():
        yield REFERENCE / "products" / f"{slug}.md", text
    for slug, text in api.pages():
        yield REFERENCE / "api" / f"{slug}.md", text


def blocks() -> Iterator[tuple[Path, str, str]]:
    """Give path, name and content of each marked block."""
    contracts = floors.Contracts.of(ROOT / "pyproject.toml")
    architecture, associations = EXPLANATION / "architecture.md", EXPLANATION / "associations.md"
    yield architecture, "floors", contracts.floors()
    yield architecture, "folders", contracts.folders(ROOT / "src" / "openami")
    yield architecture, "inside dlms", contracts.inside("Inside dlms")
    yield architecture, "kept out", contracts.kept_out()
    yield associations, "client", states.client()
    yield associations, "server", states.server()
    yield associations, "meter", states.meter()
    yield EXPLANATION / "links.md", "primary", states.primary()
    yield EXPLANATION / "links.md", "secondary", states.secondary()
    yield REFERENCE / "assumptions.md", "types", classes.unverified()
    yield REFERENCE / "assumptions.md", "places", classes.unverified_places()
    yield REFERENCE / "quirks.md", "quirks", quirks.rows()
    yield REFERENCE / "quirks.md", "sets", quirks.named()
    yield REFERENCE / "link-models.md", "figures", links.figures()
    yield REFERENCE / "link-models.md", "origins", links.origins()
    yield REFERENCE / "link-models.md", "modules", links.sold()
    yield REFERENCE / "link-models.md", "timings", links.timings()
    yield HOWTO / "run-the-head-end.md", "settings", settings.rows()


def generated() -> dict[Path, str]:
    """Give the whole text of every page that is made, or has a part that is made, by path in the repository."""
    texts = {path: f"{NOTICE}\n\n{text}" for path, text in pages()}
    for path, name, content in blocks():
        texts[path] = with_block(texts.get(path) or (ROOT / path).read_text(encoding="utf-8"), name, content)
    return texts


def changed(texts: dict[Path, str]) -> dict[Path, str]:
    """Give the pages that are not yet as they should be."""
    files = {path: ROOT / path for path in texts}
    return {
        path: text
        for path, text in texts.items()
        if not files[path].exists() or files[path].read_text(encoding="utf-8") != text
    }


def write(texts: dict[Path, str]) -> None:
    """Write pages, and say which."""
    for path, text in texts.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
        print(f"written: {path}")


def main() -> None:
    """Write what has changed; with `--speed FILE`, the table of figures in the README instead."""
    parser = argparse.ArgumentParser(description="Write the pages that are made from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is out of date")
    parser.add_argument("--speed", type=Path, metavar="FILE", help="what `openami bench --json` printed")
    chosen = parser.parse_args()
    if chosen.speed is not None:
        text = (ROOT / README).read_text(encoding="utf-8")
        write(changed({README: with_block(text, "speed", speed.read(chosen.speed))}))
        return
    stale = changed(generated())
    if chosen.check and stale:
        sys.exit(f"out of date, run make docs: {', '.join(map(str, stale))}")
    write(stale)


if __name__ == "__main__":
    main()
