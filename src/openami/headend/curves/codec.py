"""Blocks: the rows of one day, columns transposed by byte and compressed.

Transposition puts the high octets of a register, which hardly change, beside one another; it is worth a third
of the size. Rows that follow each other at the period carry no times; others the step from the row before.
"""

import threading
import zlib
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError
from openami.headend.registry.layout import Layout

ZSTD_LEVEL = 3
ZLIB_LEVEL = 6


class Codec(IntEnum):
    """How a block is compressed; stored with it."""

    ZLIB = 1
    ZSTD = 2


class Pair(NamedTuple):
    """The two ways of a codec; `decompress` also takes the size that must come out."""

    compress: Callable[[bytes], bytes]
    decompress: Callable[[bytes, int], bytes]


def _zlib() -> Pair:
    def compress(data: bytes) -> bytes:
        return zlib.compress(data, ZLIB_LEVEL)

    def decompress(data: bytes, size: int) -> bytes:
        stream = zlib.decompressobj()
        try:
            octets = stream.decompress(data, size + 1)
        except zlib.error as error:
            raise DecodeError("block is damaged") from error
        if not stream.eof:
            raise DecodeError("block is cut off, or holds another number of rows")
        return octets

    return Pair(compress, decompress)


def _zstd() -> Pair | None:
    """Zstandard where the package is; its objects belong to one thread each."""
    try:
        import zstandard  # noqa: PLC0415 - blocks are as small without, and slower to write
    except ImportError:
        return None
    own = threading.local()

    def compress(data: bytes) -> bytes:
        if not hasattr(own, "compressor"):
            own.compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True)
        return bytes(own.compressor.compress(data))

    def decompress(data: bytes, size: int) -> bytes:
        if not hasattr(own, "decompressor"):
            own.decompressor = zstandard.ZstdDecompressor()
        try:
            if zstandard.frame_content_size(data) != size:
                raise DecodeError("block is damaged: it holds another number of rows")
            return bytes(own.decompressor.decompress(data))
        except zstandard.ZstdError as error:
            raise DecodeError("block is damaged") from error

    return Pair(compress, decompress)


ZSTD = _zstd()
CODECS: dict[int, Pair] = {Codec.ZLIB: _zlib(), **({Codec.ZSTD: ZSTD} if ZSTD else {})}
BEST = Codec.ZSTD if ZSTD else Codec.ZLIB


@lru_cache(maxsize=256)
def packed_dtype(layout: Layout, *, is_regular: bool) -> np.dtype[np.void]:
    """Lay out a row inside a block: its step if need be, the values, the quality."""
    step = [] if is_regular else [("step", "<u4")]
    values = [(name, layout.dtype[name]) for name in layout.dtype.names or ()]
    return np.dtype([*step, *values, ("quality", "u1")])


def pack(records: NDArray[np.void], codec: Codec = BEST) -> list[bytes]:
    """Compress days of equal length. [days, n] records -> a block for each day."""
    days, n = records.shape
    octets = np.ascontiguousarray(records).view(np.uint8).reshape(days, n, records.dtype.itemsize)
    columns = np.ascontiguousarray(octets.transpose(0, 2, 1)).reshape(days, -1)
    compress = CODECS[codec].compress
    return [compress(day.tobytes()) for day in columns]


def unpack(data: bytes, codec: int, dtype: np.dtype[np.void], n: int) -> NDArray[np.void]:
    """Read one block of `n` rows; one that was damaged, or whose codec is not here, is a `DecodeError`."""
    if codec not in CODECS:
        raise DecodeError(f"block of codec {codec}, which cannot be read here")
    octets = CODECS[codec].decompress(data, n * dtype.itemsize)
    if len(octets) != n * dtype.itemsize:
        raise DecodeError(f"block of {len(octets)} octets, {n} rows need {n * dtype.itemsize}")
    columns = np.frombuffer(octets, np.uint8).reshape(dtype.itemsize, n)
    return np.ascontiguousarray(columns.T).view(dtype).reshape(-1)
