"""The escrow: a file that is only added to, where every key stands, sealed, before it goes to a meter.

One JSON object per line, bound to meter, kind and version as rows of the database are. A line is on disk when
`append` returns. What a crash left of a last line is passed over. With a backup of any age it reads every meter;
it lies apart from the database, its backup and the key-encryption key. Each machine that sends keys writes its own.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from openami.core.errors import AmiError, SecurityError
from openami.headend.keys.kinds import KeyState

try:
    import fcntl
except ImportError:  # Windows: one process writes
    fcntl = None  # type: ignore[assignment]

PRIVATE = 0o600


class EscrowError(AmiError):
    """A key could not be written to the escrow, so it may not be sent."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sealed key, and where it stood when the line was written. `at` is business time."""

    meter: str
    kind: str
    version: int
    state: KeyState
    at: int
    kek: str
    nonce: bytes
    sealed: bytes

    def encode(self) -> bytes:
        """Write the line."""
        fields = {
            "meter": self.meter, "kind": self.kind, "version": self.version, "state": self.state.value, "at": self.at,
            "kek": self.kek, "nonce": self.nonce.hex(), "sealed": self.sealed.hex(),
        }  # fmt: skip
        return json.dumps(fields, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def decode(cls, text: bytes) -> "Line":
        """Read it; `ValueError`, `KeyError` or `TypeError` where it is none."""
        fields = json.loads(text)
        return cls(
            str(fields["meter"]), str(fields["kind"]), int(fields["version"]), KeyState(fields["state"]),
            int(fields["at"]), str(fields["kek"]), bytes.fromhex(fields["nonce"]), bytes.fromhex(fields["sealed"]),
        )  # fmt: skip


class Escrow:
    """The file of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever written."""
        return not self.path.exists() or not self.path.stat().st_size

    def append(self, lines: Sequence[Line], *, is_synced: bool = True) -> None:
        """Add lines, each whole; they are on disk when this returns.

        Raises:
            EscrowError: they are not, and why.
        """
        text = b"".join(line.encode() for line in lines)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not self.path.exists()
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE)
            with os.fdopen(handle, "r+b", buffering=0) as file:
                if fcntl is not None:
                    fcntl.flock(file, fcntl.LOCK_EX)
                if not _ends_whole(file.fileno()):
                    text = b"\n" + text
                if os.write(file.fileno(), text) != len(text):
                    raise EscrowError(f"escrow {self.path} took only a part of a key: is the disk full?")
                if is_synced:
                    os.fsync(file.fileno())
            if is_new and is_synced:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise EscrowError(f"escrow {self.path} cannot be written: {(error.strerror or '').lower()}") from None

    def lines(self) -> Iterator[Line]:
        """Every line, oldest first; those that a crash tore are passed over."""
        try:
            with self.path.open("rb") as file:
                for text in file:
                    with contextlib.suppress(ValueError, KeyError, TypeError):
                        yield Line.decode(text)
        except OSError as error:
            raise SecurityError(f"escrow {self.path} cannot be read: {(error.strerror or '').lower()}") from None

    def replace(self, lines: Sequence[Line]) -> None:
        """Put other lines in the place of all, when those are on disk."""
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        part.unlink(missing_ok=True)
        Escrow(part).append(lines)
        part.replace(self.path)
        _sync_folder(self.path.parent)


def _ends_whole(handle: int) -> bool:
    """Whether the last line has an end, so that ours is not hung onto a torn one."""
    size = os.fstat(handle).st_size
    return not size or os.pread(handle, 1, size - 1) == b"\n"


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
