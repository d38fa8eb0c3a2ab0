"""Version numbers of firmware: parts of two hexadecimal digits, as `01 02 03 04` or `01_02_03`."""

import re
from dataclasses import dataclass
from typing import Self

from openami.core.errors import DefinitionError

PATTERN = re.compile(r"[0-9A-F]{2}(?:([ _.])[0-9A-F]{2}(?:\1[0-9A-F]{2})*)?")
TEST = 0xFF


@dataclass(frozen=True, slots=True)
class Version:
    """A version number, main version first (CompactIQ manual, 3.3.13)."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a version number; two products may part and separate it differently."""
        if not PATTERN.fullmatch(text):
            raise DefinitionError(f"{text!r} is no version: expected parts of two hexadecimal digits, as 01 02 03 04")
        return cls(text)

    @property
    def parts(self) -> tuple[int, ...]:
        """Numbers of the parts."""
        return tuple(int(part, 16) for part in re.split(r"[ _.]", self.text))

    @property
    def form(self) -> str:
        """How it is written: `XX XX XX XX`."""
        return re.sub(r"[0-9A-F]", "X", self.text)

    @property
    def is_test(self) -> bool:
        """Whether it is a test image for the version that the other parts name: its main version is FF."""
        return self.parts[0] == TEST

    def is_older(self, other: "Version") -> bool:
        """Whether it comes before another; a test image stands beside every main version."""
        first = 1 if self.is_test or other.is_test else 0
        return self.parts[first:] < other.parts[first:]
