"""Take over what a JUnit report of the tests says of the peers: `docs/reference/interop.json`."""

import argparse
import json
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree as ET

from interop.matrix import CELLS

LEDGER = Path(__file__).resolve().parents[2] / "docs" / "reference" / "interop.json"
Document = dict[str, object]


def passed_in(report: Path) -> dict[str, bool]:
    """Cells of a report, and whether all their tests have passed."""
    found: dict[str, bool] = {}
    for case in ET.parse(report).iter("testcase"):
        failed = any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
        for identity in (p.get("value", "") for p in case.iter("property") if p.get("name") == "interop"):
            found[identity] = found.get(identity, True) and not failed
    return found


def missing(found: Mapping[str, bool]) -> set[str]:
    """Cells without which the table would mislead: skipped, or not run at all."""
    if unknown := found.keys() - CELLS.keys():
        sys.exit(f"tests are marked with cells that are not in the matrix: {'; '.join(sorted(unknown))}")
    return {identity for identity in CELLS if not found.get(identity)}


def document() -> Document:
    """What the page is made of."""
    peers = dict.fromkeys(cell.peer for cell in CELLS.values())
    return {
        "peers": {peer: version(peer) for peer in peers},
        "cells": [cell.row() for cell in CELLS.values()],
    }


def main() -> None:
    """Write the ledger anew if the report is whole and good, else leave it as it is and say so."""
    parser = argparse.ArgumentParser(description="Take over what a JUnit report says of the peers.")
    parser.add_argument("report", type=Path)
    if left := missing(passed_in(parser.parse_args().report)):
        print(f"{LEDGER.name} is left as it is, for want of: {'; '.join(sorted(left))}")
        return
    LEDGER.write_text(json.dumps(document(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
