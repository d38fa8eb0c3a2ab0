"""Which meters of a fleet: `1-20`, `3,7-9`, `all`, or serial numbers. Meters count from 1, as their addresses do."""

import re
from bisect import bisect_left

from openami.core.errors import DefinitionError
from openami.meters.identity import Identity

ALL = "all"
RANGE = re.compile(r"(\d{1,7})(?:-(\d{1,7}))?")
WORD = re.compile(r"\w+(-\d+)?")
FORMS = "expected numbers and ranges such as 1-20,25, serial numbers, or all"


def words(text: str) -> list[str]:
    """Take a selection apart; refuse what can be none in any fleet."""
    found = [word.strip() for word in text.split(",")]
    for word in found:
        if not WORD.fullmatch(word):
            raise DefinitionError(f"{word!r}: {FORMS}", key="meters")
    return found


def select(text: str, count: int, identity: Identity) -> list[int]:
    """Places of the meters that are meant, counted from 0, each once, in their order."""
    return sorted({meter for word in words(text) for meter in among(word, count, identity)})


def among(word: str, count: int, identity: Identity) -> range:
    """Meters that one word means: a serial number, a number, a range, or all."""
    if word == ALL:
        return range(count)
    place = bisect_left(range(count), word, key=identity.serial)
    if place < count and identity.serial(place) == word:
        return range(place, place + 1)
    found = RANGE.fullmatch(word)
    if found is None:
        raise DefinitionError(f"no meter has the serial number {word}; {FORMS}", key="meters")
    first, last = int(found[1]), int(found[2] or found[1])
    if not 1 <= first <= last <= count:
        raise DefinitionError(f"{word}: this fleet has meters 1 to {count}", key="meters")
    return range(first - 1, last)
