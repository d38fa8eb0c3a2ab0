"""Samples from files and standard input: their format, their rate, octets a chunk at a time."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from openami.cli.conformance import Progress

if TYPE_CHECKING:
    from openami.phy.samples import Samples, Wav

RATE_HZ = 2_359_296.0
CENTRE_HZ = 912.6e6
HEAD_OCTETS = 4096
"""The head of a WAV file is looked for in so many."""
CHUNK = 1 << 18
"""Samples read or written at a time."""
LONG_CHUNKS = 10
"""From here on a bar shows how far the work is."""
STANDARD = Path("-")

FormatOption = Annotated[
    str, typer.Option("--format", help="cu8, cs16 or cf32; by default as the file's name ends. A .wav says it itself.")
]


class Capture:
    """Samples of a file or of standard input, chunk by chunk, with a bar if they are many."""

    def __init__(self, stack: ExitStack, file: Path, format_name: str, rate: float | None) -> None:
        self.source = sys.stdin.buffer if file == STANDARD else stack.enter_context(file.open("rb"))
        self.form, self.head = opened(self.source, file, format_name, rate)
        size = 0 if file == STANDARD else self.form.size or file.stat().st_size
        self.progress = shown(stack, size // (CHUNK * self.form.format.octets))

    def chunks(self) -> "Iterator[Samples]":
        """Samples to the end. -> [samples] each."""
        for data in pieces(self.source, self.head, self.form):
            yield self.form.format.decode(data)
            if self.progress is not None:
                self.progress.advance()


def opened(source: BinaryIO, file: Path, format_name: str, rate: float | None) -> "tuple[Wav, bytes]":
    """Find the format and rate, and the octets that were read for it and are samples."""
    from openami.phy.samples import Wav

    if file.suffix.lower() != ".wav" and format_name != "wav":
        return plain_form(file, format_name, rate), b""
    head = source.read(HEAD_OCTETS)
    form = Wav.decode(head)
    if rate is not None:
        form = Wav(form.format, rate, form.offset, form.size)
    return form, head[form.offset :]


def plain_form(file: Path, format_name: str, rate: float | None) -> "Wav":
    """Take the format of samples without a head from the option or the name of the file."""
    from openami.phy.samples import FORMATS, Wav

    name = format_name or file.suffix.lower().removeprefix(".")
    if name not in FORMATS:
        raise typer.BadParameter(f"say which: --format {', '.join(FORMATS)}")
    return Wav(FORMATS[name], rate or RATE_HZ)


def pieces(source: BinaryIO, head: bytes, form: "Wav") -> Iterator[bytes]:
    """Octets of samples, whole ones at a time, to the end of the file or of what its head announces."""
    left = form.size
    length = CHUNK * form.format.octets
    while data := head + source.read(length - len(head)):
        head = b""
        yield data if left is None else data[:left]
        if left is not None:
            left -= len(data)
            if left <= 0:
                return


def written_form(file: Path, format_name: str, rate: float, seconds: float) -> "Wav":
    """Find the format that is written; a WAV file has 16 bits if nobody says otherwise."""
    from openami.phy.samples import Wav

    is_wav = file.suffix.lower() == ".wav"
    form = plain_form(file, format_name or ("cs16" if is_wav else ""), rate)
    return Wav(form.format, rate, size=round(seconds * rate) * form.format.octets)


def shown(stack: ExitStack, chunks: int) -> Progress | None:
    """Show a bar for what takes long."""
    return stack.enter_context(Progress(chunks, "chunks")) if chunks >= LONG_CHUNKS else None
