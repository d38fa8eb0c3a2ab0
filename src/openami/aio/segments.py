"""The files of a journal: numbered segments of records, and snapshots that make older ones superfluous."""

import contextlib
import errno
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

from openami.core.errors import AmiError

HEAD = struct.Struct(">II")
"""Length and CRC-32 of the payload that follows."""

_datasync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


class JournalError(AmiError):
    """The journal could not be written or read; what was not yet durable has not been acknowledged."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


def record(payload: bytes) -> bytes:
    """Frame one payload."""
    return HEAD.pack(len(payload), crc32(payload)) + payload


def records(data: bytes) -> Iterator[tuple[int, int]]:
    """Give start and end of each sound payload, up to the first that is not."""
    offset, end = 0, len(data)
    while offset + HEAD.size <= end:
        length, crc = HEAD.unpack_from(data, offset)
        start = offset + HEAD.size
        offset = start + length
        if not length or offset > end or crc32(data[start:offset]) != crc:
            return
        yield start, offset


class Segments:
    """Segments are `path.000000` and up, snapshots `path.000001.snapshot`: the state before that segment."""

    def __init__(self, path: Path) -> None:
        """Open or create; the torn tail that a kill left is cut off, `torn` tells how many octets."""
        self.path = path
        for leftover in path.parent.glob(f"{path.name}.*.tmp"):
            leftover.unlink()
        self._base = max((_number(p.stem) for p in self._siblings(".snapshot")), default=0)
        self._drop_before(self._base)
        self._number = self._last_number()
        for number in range(self._base, self._number):
            if _sound_length(self._segment(number)) != self._segment(number).stat().st_size:
                raise JournalError(self._segment(number), "damaged before its end")
        segment = self._segment(self._number)
        self._fd = os.open(segment, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self.size = _sound_length(segment)
        self.torn = os.fstat(self._fd).st_size - self.size
        if self.torn:
            os.ftruncate(self._fd, self.size)
        _sync_folder(path.parent)

    def _last_number(self) -> int:
        numbers = sorted(_number(p.name) for p in self._siblings(""))
        if numbers and numbers != list(range(self._base, numbers[-1] + 1)):
            raise JournalError(self.path, f"a segment between {self._base} and {numbers[-1]} is missing")
        return numbers[-1] if numbers else self._base

    def _segment(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number:06d}")

    def _snapshot(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number:06d}.snapshot")

    def _siblings(self, suffix: str) -> list[Path]:
        return list(self.path.parent.glob(f"{self.path.name}.{'[0-9]' * 6}{suffix}"))

    def _drop_before(self, number: int) -> None:
        for old in [*self._siblings(""), *self._siblings(".snapshot")]:
            if _number(old.name.removesuffix(".snapshot")) < number:
                old.unlink()

    @property
    def snapshot(self) -> Path | None:
        """The newest complete snapshot, or None before the first rotation."""
        return self._snapshot(self._base) if self._base else None

    def replay(self) -> Iterator[bytes]:
        """Give every durable payload since the newest snapshot, oldest first."""
        for number in range(self._base, self._number + 1):
            data = self._segment(number).read_bytes()
            for start, end in records(data):
                yield data[start:end]

    def write(self, data: bytes) -> None:
        """Append framed records and fsync; when that fails, none of them stays in the file."""
        try:
            _write_all(self._fd, data)
            _datasync(self._fd)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self.size)
            raise JournalError(self._segment(self._number), _reason(error)) from error
        self.size += len(data)

    def begin(self) -> int:
        """Start the next segment, empty; give its number."""
        number = self._number + 1
        try:
            fd = os.open(self._segment(number), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            _sync_folder(self.path.parent)
        except OSError as error:
            raise JournalError(self._segment(number), _reason(error)) from error
        os.close(self._fd)
        self._fd, self._number, self.size = fd, number, 0
        return number

    def publish(self, number: int, write: Callable[[BinaryIO], None]) -> None:
        """Write the snapshot that stands before segment `number`, then drop what it makes superfluous."""
        part = self._snapshot(number).with_suffix(".tmp")
        try:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._snapshot(number))
            _sync_folder(self.path.parent)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise JournalError(self._snapshot(number), _reason(error)) from error
        self._base = number
        self._drop_before(number)

    def close(self) -> None:
        """Close the file that is being written."""
        os.close(self._fd)


def _sound_length(segment: Path) -> int:
    length = 0
    if segment.exists():
        for _, end in records(segment.read_bytes()):
            length = end
    return length


def _number(name: str) -> int:
    return int(name.rpartition(".")[2])


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _reason(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full; what was not yet written has not been acknowledged"
    return (error.strerror or str(error)).lower()
