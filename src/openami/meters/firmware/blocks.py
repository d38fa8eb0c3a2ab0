"""Blocks of images, each kept once however many meters hold it, and the transfers they belong to."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from openami.meters.firmware.faults import Fault

Int32 = NDArray[np.int32]
Places = NDArray[np.int64]
MISSING = -1


@dataclass(slots=True)
class Transfer:
    """An image on its way to one meter: the numbers of its blocks in the store, -1 where one is missing. [blocks]."""

    identifier: bytes
    size: int
    block_size: int
    blocks: Int32
    fault: Fault = Fault.NONE

    @classmethod
    def begun(cls, identifier: bytes, size: int, block_size: int) -> Self:
        """Begin with nothing."""
        return cls(identifier, size, block_size, np.full(-(-size // block_size), MISSING, np.int32))

    @property
    def received(self) -> bytearray:
        """One octet for each block: 1 if it is there."""
        return bytearray((self.blocks != MISSING).tobytes())

    @property
    def is_whole(self) -> bool:
        """Whether all blocks are there."""
        return bool((self.blocks != MISSING).all())


@dataclass(slots=True)
class Store:
    """Contents by number. A number is never given twice, so that a journal may name it for ever."""

    contents: dict[int, bytes] = field(default_factory=dict[int, bytes])
    numbers: dict[bytes, int] = field(default_factory=dict[bytes, int])
    following: int = 0

    def number(self, content: bytes) -> int | None:
        """Number of a content that is here."""
        return self.numbers.get(content)

    def put(self, number: int, content: bytes) -> None:
        """Keep a content under a number."""
        self.contents[number] = content
        self.numbers[content] = number
        self.following = max(self.following, number + 1)

    def joined(self, blocks: Int32) -> bytes:
        """Contents of blocks in order."""
        return b"".join(self.contents[number] for number in blocks.tolist())

    def keep_only(self, used: Iterable[Int32]) -> None:
        """Forget contents that no transfer holds any more."""
        lists = [*used]
        kept = np.unique(np.concatenate(lists)) if lists else np.zeros(0, np.int32)
        contents = {number: self.contents[number] for number in kept.tolist() if number != MISSING}
        self.contents, self.numbers = contents, {content: number for number, content in contents.items()}
