"""OBIS codes: the six value groups A to F that name an object (Blue Book, part 1)."""

import re
from functools import lru_cache
from typing import Self

from openami.core.errors import DecodeError

GROUPS = "ABCDEF"
DOTTED = re.compile(r"[0-9]+(?:\.[0-9]+)*")
READABLE = re.compile(r"([0-9]+)-([0-9]+):([0-9]+)\.([0-9]+)\.([0-9]+)(?:[*&.]([0-9]+))?")


class OBIS(bytes):
    """Logical name: six octets, one per value group. Equal to the plain six octets."""

    __slots__ = ()

    def __new__(cls, octets: bytes) -> Self:
        """Take exactly six octets."""
        if len(octets) != len(GROUPS):
            raise DecodeError(f"OBIS code of {len(octets)} octets, expected 6")
        return super().__new__(cls, octets)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `1.0.1.8.0.255`, `1-0:1.8.0*255` or the short `1-0:1.8.0` (F = 255)."""
        if match := READABLE.fullmatch(text):
            return cls.from_groups([group or "255" for group in match.groups()], text)
        if not DOTTED.fullmatch(text):
            raise DecodeError(f"OBIS code {text!r}: expected A.B.C.D.E.F or A-B:C.D.E*F")
        return cls.from_groups(text.split("."), text)

    @classmethod
    def from_groups(cls, groups: list[str], text: str) -> Self:
        """Six decimal groups; an error names the group that is wrong."""
        for name, group in zip(GROUPS, groups, strict=False):
            if len(group) > 3 or int(group) > 255:
                raise DecodeError(f"OBIS code {text!r}: group {name} is {group}, expected 0 to 255")
        if len(groups) < len(GROUPS):
            raise DecodeError(f"OBIS code {text!r}: group {GROUPS[len(groups)]} is missing")
        if len(groups) > len(GROUPS):
            raise DecodeError(f"OBIS code {text!r}: {len(groups)} groups, expected 6")
        return cls(bytes(map(int, groups)))

    @classmethod
    def of(cls, name: "OBIS | str | bytes") -> "OBIS":
        """The OBIS code of a code, a text or six octets."""
        if isinstance(name, OBIS):
            return name
        return _read(name) if isinstance(name, str) else cls(name)

    def __str__(self) -> str:
        return "{}.{}.{}.{}.{}.{}".format(*self)

    def __repr__(self) -> str:
        return f"OBIS({str(self)!r})"

    @property
    def a(self) -> int:
        """Medium: 0 abstract, 1 electricity."""
        return self[0]

    @property
    def b(self) -> int:
        """Channel."""
        return self[1]

    @property
    def c(self) -> int:
        """Quantity."""
        return self[2]

    @property
    def d(self) -> int:
        """Kind of processing."""
        return self[3]

    @property
    def e(self) -> int:
        """Further classification, mostly the tariff."""
        return self[4]

    @property
    def f(self) -> int:
        """Historical value; 255 is the current one."""
        return self[5]


@lru_cache(maxsize=1024)
def _read(text: str) -> OBIS:
    """Remembered: a client asks every meter for the same few names."""
    return OBIS.parse(text)
