"""Meaning of event codes, one table per family of meters (`codes/*.csv`)."""

import csv
from functools import lru_cache
from importlib import resources

FOLDER = resources.files("openami.headend.events") / "codes"


@lru_cache(maxsize=16)
def table(name: str) -> dict[tuple[str, int], str]:
    """Meanings by log and code; empty for a family nobody has written down."""
    file = FOLDER / f"{name}.csv"
    if not file.is_file():
        return {}
    rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines()[1:])
    return {(row["log"], int(row["code"])): row["meaning"] for row in rows}


def meaning(name: str, log: str, code: int) -> str:
    """Tell what an event is, or that it is not known."""
    return table(name).get((log, code), f"event {code}, meaning not known")
