"""Samples as programs store them: cu8, cs16, cf32, and WAV with two channels."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError

Samples = NDArray[np.complex64]


@dataclass(frozen=True, slots=True)
class Format:
    """Interleaved I and Q: the type of a part, what stands for 0, what for full scale."""

    name: str
    dtype: str
    zero: float
    scale: float

    @property
    def octets(self) -> int:
        """Octets of a complex sample."""
        return 2 * np.dtype(self.dtype).itemsize

    def decode(self, data: bytes) -> Samples:
        """Samples of octets, full scale 1; a last sample that is cut off is left out. -> [samples]."""
        whole = len(data) // self.octets
        parts = np.frombuffer(data, dtype=self.dtype, count=2 * whole).astype(np.float32)
        if self.zero:
            parts -= np.float32(self.zero)
        if self.scale != 1:
            parts *= np.float32(1 / self.scale)
        return parts.view(np.complex64)

    def encode(self, samples: Samples) -> bytes:
        """Octets of samples; what lies beyond full scale is cut, as a converter does. [samples] ->."""
        parts = np.ascontiguousarray(samples).view(np.float32)
        kind = np.dtype(self.dtype)
        if kind.kind == "f":
            return bytes(parts.astype(self.dtype).data)
        limits = np.iinfo(kind)
        whole = np.clip(np.rint(parts * self.scale + self.zero), limits.min, limits.max)
        return bytes(whole.astype(self.dtype).data)


CU8 = Format("cu8", "u1", 127.5, 127.5)
CS16 = Format("cs16", "<i2", 0, 32768)
CF32 = Format("cf32", "<f4", 0, 1)
FORMATS = {each.name: each for each in (CU8, CS16, CF32)}

WAV_KINDS = {(1, 8): CU8, (1, 16): CS16, (3, 32): CF32}
"""By the format code of the `fmt ` chunk and the bits of a part."""
EXTENSIBLE = 0xFFFE
ENDLESS = 0xFFFF_FFFF
"""Size of what was written without knowing how much it would be."""


@dataclass(frozen=True, slots=True)
class Wav:
    """What the head of a WAV file says: where its samples begin, and how many octets they are if it knows."""

    format: Format
    rate_hz: float
    offset: int = 44
    size: int | None = None

    @classmethod
    def decode(cls, head: bytes) -> "Wav":
        """Read the first octets of a file; a `DecodeError` if it is no WAV of I and Q."""
        if head[:4] not in {b"RIFF", b"RF64"} or head[8:12] != b"WAVE":
            raise DecodeError("no WAV file", offset=0)
        place, found = 12, None
        while place + 8 <= len(head):
            name, size = struct.unpack_from("<4sI", head, place)
            place += 8
            if name == b"fmt ":
                found = _kind(head[place : place + size], place)
            if name == b"data":
                return _placed(found, place, size)
            place += size + size % 2
        raise DecodeError("no samples in the head of the WAV file", offset=len(head))

    def encode(self) -> bytes:
        """Head of a file, 44 octets; a size that is unknown or too great is the greatest there is."""
        code, bits = next(key for key, each in WAV_KINDS.items() if each == self.format)
        width, rate = self.format.octets, round(self.rate_hz)
        form = struct.pack("<HHIIHH", code, 2, rate, rate * width, width, bits)
        size = ENDLESS if self.size is None else self.size
        head = struct.pack("<4sI4s4sI", b"RIFF", min(size + 36, ENDLESS), b"WAVE", b"fmt ", len(form))
        return head + form + struct.pack("<4sI", b"data", min(size, ENDLESS))


def _kind(form: bytes, place: int) -> tuple[Format, float]:
    """Read the `fmt ` chunk."""
    if len(form) < 16:
        raise DecodeError("the fmt chunk of the WAV file is cut off", offset=place)
    code, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", form)
    if code == EXTENSIBLE and len(form) >= 26:
        code = int.from_bytes(form[24:26], "little")
    if channels != 2 or (code, bits) not in WAV_KINDS:
        raise DecodeError(f"WAV with {channels} channels of format {code}, {bits} bits: I and Q are two", offset=place)
    return WAV_KINDS[code, bits], float(rate)


def _placed(found: tuple[Format, float] | None, place: int, size: int) -> Wav:
    """Join what was read before the samples."""
    if found is None:
        raise DecodeError("WAV file without a fmt chunk before its samples", offset=place)
    return Wav(*found, place, size if 0 < size < ENDLESS else None)
