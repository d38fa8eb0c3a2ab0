"""The documentation as tests see it: pages, blocks of code, links, headings."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def every_page() -> list[Path]:
    """All pages that people read."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def name(page: Path) -> str:
    """Path of a page in the repository."""
    return str(page.relative_to(ROOT))


def read(page: Path) -> str:
    """Text of a page."""
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """Blocks of one language, in order."""
    return [code for kind, code in FENCED.findall(read(page)) if kind == language]


def prose(page: Path) -> str:
    """What is left of a page without its blocks of code."""
    return FENCED.sub("", read(page))


def links(page: Path) -> Iterator[str]:
    """Links to other pages of the repository."""
    for link in LINK.findall(prose(page)):
        if "://" not in link:
            yield link


def anchors(page: Path) -> set[str]:
    """Names under which the headings of a page can be linked to."""
    headings = HEADING.findall(prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
