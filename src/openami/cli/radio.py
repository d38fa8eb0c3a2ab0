"""`openami radio`: ERT messages out of samples, and samples of endpoints that hop."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from openami.cli.conformance import Progress
from openami.cli.show import Json

if TYPE_CHECKING:
    from openami.phy.ert import Endpoint, Heard, Transmitter
    from openami.phy.samples import Samples, Wav

    Noise = Callable[[Samples], Samples]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="ERT radio: decode samples, transmit into a file.",
    epilog="Example:  openami radio decode drive.cu8 --rate 2359296",
)

RATE_HZ = 2_359_296.0
CENTRE_HZ = 912.6e6
HEAD_OCTETS = 4096
"""The head of a WAV file is looked for in so many."""
CHUNK = 1 << 18
"""Samples read or written at a time."""
LONG_CHUNKS = 10
"""From here on a bar shows how far the work is."""
STANDARD = Path("-")

DECODE_EXAMPLES = """
Examples:

  openami radio decode capture.cu8

  openami radio decode capture.wav --centre 912.6e6 --id 12345678 --unique 60

  rtl_sdr -f 912600155 -s 2359296 - | openami radio decode - --format cu8
"""
TRANSMIT_EXAMPLES = """
Examples:

  openami radio transmit out.cu8 --seconds 60

  openami radio transmit out.wav --format cs16 --serial 11111111 --serial 22222222 --snr 20

  openami radio transmit - --format cu8 --carrier 912.9e6 --hop 1 | rtl_433 -r cu8:- -s 2359296 -R 149
"""
FormatOption = Annotated[
    str, typer.Option("--format", help="cu8, cs16 or cf32; by default as the file's name ends. A .wav says it itself.")
]


@app.command(epilog=DECODE_EXAMPLES)
def decode(
    file: Annotated[Path, typer.Argument(help="Samples: .cu8, .cs16, .cf32, .wav; - for standard input.")],
    *,
    format_name: FormatOption = "",
    rate: Annotated[float | None, typer.Option(help="Complex samples per second, at least 1e6 (2359296).")] = None,
    centre: Annotated[
        float | None, typer.Option(help="Frequency the receiver stood at, in hertz: carriers are told, not offsets.")
    ] = None,
    channels: Annotated[
        int, typer.Option(min=0, max=4096, help="Channels at once; 0 for as many as the band needs.")
    ] = 0,
    wide: Annotated[bool, typer.Option("--wide", help="Do not split the band: faster, less sensitive.")] = False,
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", help="SCM, SCM+, IDM or NetIDM; may be repeated. Else all.")
    ] = None,
    ids: Annotated[list[int] | None, typer.Option("--id", help="Endpoint wanted; may be repeated. Else all.")] = None,
    correct: Annotated[
        int, typer.Option(min=0, max=2, help="Wrong bits of an SCM put right; 2 only with --id or much care.")
    ] = 1,
    unique: Annotated[float, typer.Option(min=0, help="Tell the same message again only after so many seconds.")] = 0.0,
    net_types: Annotated[
        list[int] | None, typer.Option("--net-type", help="ERT types (low nibble) read as NetIDM (8).")
    ] = None,
) -> None:
    """Find ERT messages in samples; prints a JSON document per line."""
    from openami.phy.ert import KINDS, Receiver, Settings

    with ExitStack() as stack:
        source = sys.stdin.buffer if file == STANDARD else stack.enter_context(file.open("rb"))
        form, head = opened(source, file, format_name, rate)
        settings = Settings(
            channels=1 if wide else channels,
            kinds=frozenset(kinds or KINDS),
            correct=correct,
            ids=frozenset(ids or ()),
            fold_s=unique,
            net_types=frozenset({8} if net_types is None else net_types),
        )
        receiver = Receiver(form.rate_hz, settings)
        size = 0 if file == STANDARD else form.size or file.stat().st_size
        progress = shown(stack, size // (CHUNK * form.format.octets))
        for data in pieces(source, head, form):
            tell(receiver.step(form.format.decode(data)), centre)
            if progress is not None:
                progress.advance()
        tell(receiver.finish(), centre)


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


def tell(heard: "list[Heard]", centre: float | None) -> None:
    """Print messages, one per line."""
    for each in heard:
        typer.echo(json.dumps(line_of(each, centre)))


def line_of(heard: "Heard", centre: float | None) -> dict[str, Json]:
    """A message for programs: how it came, what it says, and the octets that prove it."""
    from openami.phy.ert import plain

    line: dict[str, Json] = {"time_s": round(heard.at_s, 5), **plain(heard.message)}
    line["level_dbfs"] = round(heard.level_dbfs, 1)
    if centre is None:
        line["offset_hz"] = round(heard.offset_hz)
    else:
        line["carrier_hz"] = round(centre + heard.offset_hz)
    line["corrected_bits"] = heard.corrected
    line["octets"] = heard.data.hex()
    return line


def shown(stack: ExitStack, chunks: int) -> Progress | None:
    """Show a bar for what takes long."""
    return stack.enter_context(Progress(chunks, "chunks")) if chunks >= LONG_CHUNKS else None


@app.command(epilog=TRANSMIT_EXAMPLES)
def transmit(
    file: Annotated[Path, typer.Argument(help="Where samples go: .cu8, .cs16, .cf32, .wav; - for standard output.")],
    *,
    serials: Annotated[
        list[int] | None, typer.Option("--serial", help="Serial number of an endpoint; may be repeated (12345678).")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.01, help="How long.")] = 30.0,
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", help="What is sent in a hop: SCM, SCM+, IDM, NetIDM (SCM and IDM).")
    ] = None,
    consumption: Annotated[int, typer.Option(min=0, help="Count at the beginning.")] = 0,
    step: Annotated[int, typer.Option(min=0, max=511, help="Counts in each interval of five minutes.")] = 0,
    ert_type: Annotated[int, typer.Option(min=0, max=15, help="ERT type: 4, 5, 7, 8 are electricity.")] = 7,
    copies: Annotated[int, typer.Option(min=1, help="Copies of an SCM in a hop.")] = 12,
    gap: Annotated[float, typer.Option(min=0, help="Seconds of silence between copies.")] = 0.0093,
    pause: Annotated[float, typer.Option(min=0, help="Seconds of silence around an IDM.")] = 0.056,
    hop: Annotated[float, typer.Option(min=0.001, help="Seconds from hop to hop.")] = 30.0,
    carriers: Annotated[
        list[float] | None, typer.Option("--carrier", help="Hop among these, in hertz, instead of the fifty.")
    ] = None,
    centre: Annotated[float, typer.Option(help="Middle of the band, in hertz.")] = CENTRE_HZ,
    rate: Annotated[float, typer.Option(help="Complex samples per second, at least 1e6.")] = RATE_HZ,
    format_name: FormatOption = "",
    edge: Annotated[float, typer.Option(min=0, max=20, help="Microseconds of a rising or falling edge.")] = 4.0,
    level: Annotated[float, typer.Option(max=0, help="Level of the carrier in dB of full scale.")] = -6.0,
    snr: Annotated[float | None, typer.Option(help="Add noise: carrier over noise in the whole band, dB.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other noise.")] = 1,
) -> None:
    """Render endpoints that hop, in turn, as samples; what lies outside the band is not heard."""
    from openami.phy.ert import CARRIERS_HZ, KINDS, Band, Endpoint, Steady, Timing, Transmitter

    chosen = tuple(kinds or ("SCM", "IDM"))
    if unknown := set(chosen) - KINDS.keys():
        raise typer.BadParameter(f"no message is called {min(unknown)!r}; there are {', '.join(KINDS)}")
    wanted = serials or [12345678]
    endpoints = [
        Endpoint(
            serial,
            Steady(serial, consumption, step, ert_type, chosen),
            Timing(hop, copies, gap, pause),
            tuple(carriers or CARRIERS_HZ),
            start_s=place * hop / len(wanted),
        )
        for place, serial in enumerate(wanted)
    ]
    transmitter = Transmitter(Band(centre, rate), edge * 1e-6, 10 ** (level / 20))
    form = written_form(file, format_name, rate, seconds)
    with ExitStack() as stack:
        target = sys.stdout.buffer if file == STANDARD else stack.enter_context(file.open("wb"))
        if file.suffix.lower() == ".wav":
            target.write(form.encode())
        progress = shown(stack, int(seconds * rate / CHUNK))
        for data in rendered(transmitter, endpoints, form, seconds, noise_of(snr, transmitter.amplitude, seed)):
            target.write(data)
            if progress is not None:
                progress.advance()


def written_form(file: Path, format_name: str, rate: float, seconds: float) -> "Wav":
    """Find the format that is written; a WAV file has 16 bits if nobody says otherwise."""
    from openami.phy.samples import Wav

    is_wav = file.suffix.lower() == ".wav"
    form = plain_form(file, format_name or ("cs16" if is_wav else ""), rate)
    return Wav(form.format, rate, size=round(seconds * rate) * form.format.octets)


def rendered(
    transmitter: "Transmitter", endpoints: "list[Endpoint]", form: "Wav", seconds: float, noisy: "Noise"
) -> Iterator[bytes]:
    """Render chunks as octets."""
    for samples in transmitter.chunks(endpoints, seconds, CHUNK):
        yield form.format.encode(noisy(samples))


def noise_of(snr: float | None, amplitude: float, seed: int) -> "Noise":
    """Make what adds noise to samples, so many dB under the carrier, or nothing."""
    import numpy as np

    from openami.phy.ert import noise

    if snr is None:
        return lambda samples: samples
    rng, power = np.random.default_rng(seed), amplitude**2 / 10 ** (snr / 10)
    return lambda samples: samples + noise(rng, len(samples), power)
