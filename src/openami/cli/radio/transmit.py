"""`openami radio transmit`: samples of endpoints that hop."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openami.cli.radio.inputs import CENTRE_HZ, CHUNK, RATE_HZ, STANDARD, FormatOption, shown, written_form

if TYPE_CHECKING:
    from openami.phy.ert import Endpoint, Transmitter
    from openami.phy.samples import Samples, Wav

    Noise = Callable[[Samples], Samples]

EXAMPLES = """
Examples:

  openami radio transmit out.cu8 --seconds 60

  openami radio transmit out.wav --format cs16 --serial 11111111 --serial 22222222 --snr 20

  openami radio transmit - --format cu8 --carrier 912.9e6 --hop 1 | rtl_433 -r cu8:- -s 2359296 -R 149
"""


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
