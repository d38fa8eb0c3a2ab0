"""Data sets: `1.8.0(000123.456*kWh)` (IEC 62056-21, 6.3.2, items 14 to 16)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from openami.core.errors import DecodeError, EncodeError
from openami.iec62056.characters import CRLF

END: Final = "!"
FORBIDDEN: Final = re.compile(r"[^ -~]|[()!/]")
"""What may stand in no part of a data set that is sent."""

SETS: Final = re.compile(r"\s*(?P<address>[^()!\r\n]*)\((?P<value>[^()\r\n]*)\)\s*")


@dataclass(frozen=True, slots=True)
class DataSet:
    """A value with its address (an OBIS code, mostly) and unit, all as text; each but the value may be missing."""

    address: str
    value: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.address}({self.value}{'*' if self.unit else ''}{self.unit})"

    def encode(self) -> bytes:
        """Text of the data set."""
        for part in (self.address, self.value, self.unit):
            if FORBIDDEN.search(part):
                raise EncodeError(f"{part!r} cannot stand in a data set: printable characters but ( ) / !")
        if "*" in self.value:
            raise EncodeError(f"{self.value!r} cannot be a value: the asterisk stands before the unit")
        return str(self).encode("ascii")

    @classmethod
    def decode(cls, text: bytes) -> Self:
        """Read one data set."""
        found = data_sets(text)
        if len(found) != 1:
            raise DecodeError(f"{len(found)} data sets, expected one")
        return cls(found[0].address, found[0].value, found[0].unit)


def data_sets(text: bytes) -> list[DataSet]:
    """Read the data sets of a block; meters send signs that the standard forbids, and those are taken.

    A value without address belongs to the address before it, as in a row of a profile.
    """
    body = text.decode("ascii", errors="replace")
    found: list[DataSet] = []
    place, address = 0, ""
    while place < len(body) and not body[place:].strip().startswith(END):
        if not body[place:].strip():
            break
        match = SETS.match(body, place)
        if match is None:
            raise DecodeError("a data set is written address(value*unit)", offset=place)
        address = match["address"].strip() or address
        value, _, unit = match["value"].partition("*")
        found.append(DataSet(address, value, unit))
        place = match.end()
    return found


def block(sets: Iterable[DataSet]) -> bytes:
    """Text of a readout: a line for each data set, and the end."""
    return b"".join(one.encode() + CRLF for one in sets) + END.encode() + CRLF
