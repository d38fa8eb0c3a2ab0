"""Option boards of N registers: which of them sit in their places."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DefinitionError

NAME = "boards"


@dataclass(slots=True)
class Boards:
    """Whether each board of each meter is in [boards, meters]."""

    fitted: NDArray[np.bool_]
    names: tuple[str, ...]

    @classmethod
    def of(cls, meters: int, names: tuple[str, ...]) -> Self:
        """All of them are in, as the meter comes."""
        return cls(np.ones((len(names), meters), np.bool_), names)

    def take_out(self, meter: int, names: Sequence[str]) -> None:
        """Let these boards be out and all others in."""
        if unknown := sorted(set(names) - set(self.names)):
            raise DefinitionError(f"no option board is called {unknown[0]!r}; there are {', '.join(self.names)}")
        self.fitted[:, meter] = [name not in names for name in self.names]

    def out(self, meter: int) -> list[str]:
        """Name the boards that are out."""
        return [name for name in self.names if not self.is_in(name, meter)]

    def is_in(self, name: str, meter: int) -> bool:
        """Whether a board is in."""
        return bool(self.fitted[self.names.index(name), meter])
