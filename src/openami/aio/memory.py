"""Memory that was freed goes back to the system: an allocator keeps it, and a fleet is served for a long time."""

import ctypes
import sys
from functools import cache


@cache
def _libc() -> ctypes.CDLL | None:
    """The C library, if it is one that can give back."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if hasattr(libc, "malloc_trim") else None


def give_back() -> None:
    """Give back to the system what was freed; where the C library cannot (all but glibc), nothing is done."""
    libc = _libc()
    if libc is not None:
        libc.malloc_trim(0)
