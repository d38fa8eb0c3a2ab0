"""`openami radio fcc`: a transmitter by 47 CFR 15.247, ours or one that was captured."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openami.cli.accuracy import renderers, show
from openami.cli.conformance import Progress
from openami.cli.radio.inputs import CENTRE_HZ, STANDARD, Capture, FormatOption
from openami.cli.show import fail, show_json

if TYPE_CHECKING:
    from openami.phy.fcc.findings import Findings
    from openami.phy.fcc.setup import Setup
    from openami.report.fcc import Subject

EXAMPLES = """
Examples:

  openami radio fcc --serial 12345678 --pdf report.pdf

  openami radio fcc --gap 0 --pause 0                      a gapless burst: the duty cycle fails

  openami radio fcc --first 40 --copies 70 --hops 50       too few channels, too long on each

  openami radio fcc capture.cu8 --centre 912.6e6 --full-scale 27.4
"""


def fcc(
    file: Annotated[
        Path | None, typer.Argument(help="Samples of one transmitter, by default our own; - for standard input.")
    ] = None,
    *,
    format_name: FormatOption = "",
    rate: Annotated[float | None, typer.Option(help="Of a file: complex samples per second (2359296).")] = None,
    centre: Annotated[float, typer.Option(help="Of a file: frequency the receiver stood at, in hertz.")] = CENTRE_HZ,
    full_scale: Annotated[
        float | None, typer.Option(help="Of a file: power of full scale, in dBm; else power is not judged.")
    ] = None,
    octets: Annotated[
        bool, typer.Option("--octets/--no-octets", help="Take lengths up to whole octets of ERT, off chips at the end.")
    ] = True,
    claimed: Annotated[
        float | None, typer.Option(min=0, help="Claimed carrier time in the worst 100 ms, in ms (45; a file: none).")
    ] = None,
    rbw: Annotated[float, typer.Option(min=10, help="Resolution bandwidth at the band edges, in kHz.")] = 100.0,
    serial: Annotated[int, typer.Option(min=1, help="Serial number of our endpoint: it draws the order.")] = 12345678,
    hops: Annotated[int, typer.Option(min=1, help="Hops that are watched.")] = 51,
    hop: Annotated[float, typer.Option(min=0.001, help="Seconds from hop to hop.")] = 30.0,
    copies: Annotated[int, typer.Option(min=1, help="Copies of the SCM in a hop.")] = 12,
    gap: Annotated[float, typer.Option(min=0, help="Seconds of silence between copies.")] = 0.0093,
    pause: Annotated[float, typer.Option(min=0, help="Seconds of silence around the IDM.")] = 0.056,
    first: Annotated[int, typer.Option(min=1, max=50, help="Use the first so many of the fifty carriers.")] = 50,
    edge: Annotated[float, typer.Option(min=0, max=20, help="Microseconds of a rising or falling edge.")] = 4.0,
    deviation: Annotated[float, typer.Option(min=0, help="A fault: kilohertz the carrier swings by.")] = 0.0,
    power: Annotated[float, typer.Option(help="Peak power in dBm at 909.57 MHz.")] = 21.36,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    detail: Annotated[bool, typer.Option("--detail", help="Print every table.")] = False,
    pdf: Annotated[Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write the report as PDF.")] = None,
    xlsx: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write the report as a workbook.")
    ] = None,
) -> None:
    """Measure a transmitter by 47 CFR 15.247; ends with 1 if it breaks a limit."""
    from openami.phy.ert import CARRIERS_HZ, Endpoint, Steady, Timing
    from openami.phy.fcc.c3a1h import CLAIMED_ON_S
    from openami.phy.fcc.lines import lines
    from openami.phy.fcc.setup import C3A1H, Setup
    from openami.report.fcc import paper
    from openami.report.values import render

    files = list(renderers(pdf, xlsx))
    on_s = None if claimed is None else claimed / 1e3
    if file is None:
        transmitter = replace(C3A1H, edge_s=edge * 1e-6, deviation_hz=deviation * 1e3)
        endpoint = Endpoint(serial, Steady(serial), Timing(hop, copies, gap, pause), CARRIERS_HZ[:first])
        subject, found = ours(Setup(endpoint, transmitter, hops, power, rbw * 1e3))
        on_s = CLAIMED_ON_S if on_s is None else on_s
    else:
        subject, found = captured(file, format_name, rate, centre, rbw * 1e3, octets=octets)
        found = replace(found, full_scale_dbm=full_scale)
    document = paper(subject, found, lines(found, on_s))
    for target, make in files:
        target.write_bytes(make(document))
    if as_json:
        show_json(render(document))
    else:
        show(document, detail=detail)
    if document.has_failed:
        raise typer.Exit(1)


def ours(setup: "Setup") -> "tuple[Subject, Findings]":
    """Measure our own transmitter."""
    from openami.report.fcc import Subject

    with Progress(2 * setup.hops, "hops") as progress:
        found = setup.run(progress.advance)
    endpoint, timing = setup.endpoint, setup.endpoint.timing
    text = (
        f"Our own transmitter with the serial number {endpoint.serial}, for {setup.hops} hops of {timing.hop_s:g} s: "
        f"{len(endpoint.carriers_hz)} carriers, {timing.copies} copies of the SCM {1e3 * timing.gap_s:g} ms apart, the "
        f"IDM with {1e3 * timing.pause_s:g} ms of silence before and after it. Each hop was looked for over 28.3 MHz "
        "around 915 MHz and measured with 2.36 MHz around its carrier. Which carriers there are beside three of them, "
        "the order, and the gaps are assumptions of ours: the document does not print them."
    )
    return Subject(f"ERT endpoint {endpoint.serial}, simulated", text, is_c3a1h=True), found


def captured(
    file: Path, format_name: str, rate: float | None, centre_hz: float, rbw_hz: float, *, octets: bool
) -> "tuple[Subject, Findings]":
    """Measure what a receiver stored; the samples must be of one transmitter, 16 dB over the noise."""
    from openami.phy.fcc.bursts import OCTET_S, Monitor, transmissions
    from openami.phy.fcc.findings import Findings
    from openami.phy.fcc.setup import FINE_RBW_HZ
    from openami.report.fcc import Subject

    count = 0
    with ExitStack() as stack:
        capture = Capture(stack, file, format_name, rate)
        rate_hz = capture.form.rate_hz
        monitor = Monitor(rate_hz, centre_hz, fine_hz=FINE_RBW_HZ, coarse_hz=rbw_hz)
        for samples in capture.chunks():
            monitor.step(samples)
            count += len(samples)
    name = "standard input" if file == STANDARD else file.name
    text = (
        f"{name}: {count / rate_hz:.2f} s of samples around {centre_hz / 1e6:.4f} MHz, {rate_hz / 1e6:g} MHz wide. "
        "They are taken to be of one transmitter alone."
    )
    span = (centre_hz - rate_hz / 2, centre_hz + rate_hz / 2)
    bursts = transmissions(monitor.bursts, OCTET_S if octets else 0.0)
    if not bursts:
        fail(f"{name}: no transmission in {count / rate_hz:.2f} s of samples; one must stand 16 dB over the noise")
    return Subject(name, text), Findings(bursts, monitor.fine, monitor.coarse, span, count / rate_hz)
