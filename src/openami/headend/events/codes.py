"""Meaning of event codes, one table per family of meters (`codes/*.csv`)."""

import csv
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

FOLDER = resources.files("openami.headend.events") / "codes"


class Code(NamedTuple):
    """What a code says; `tag` is what else we do about it: `tamper`, `down`, `up` or `outage`, mostly nothing."""

    meaning: str
    tag: str = ""


@lru_cache(maxsize=16)
def codes(name: str) -> dict[tuple[str, int], Code]:
    """Codes by log and number; empty for a family nobody has written down."""
    file = FOLDER / f"{name}.csv"
    if not file.is_file():
        return {}
    rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines()[1:])
    return {(row["log"], int(row["code"])): Code(row["meaning"], row["tag"]) for row in rows}


def table(name: str) -> dict[tuple[str, int], str]:
    """Meanings by log and code."""
    return {key: code.meaning for key, code in codes(name).items()}


def meaning(name: str, log: str, code: int) -> str:
    """Tell what an event is, or that it is not known."""
    found = codes(name).get((log, code))
    return found.meaning if found else f"event {code}, meaning not known"
