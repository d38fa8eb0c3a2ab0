"""`openami radio meters`: a fleet of virtual radio meters as a receiver has them, in samples or message by message."""

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from openami.cli.conformance import Progress
from openami.cli.meter import wanted
from openami.cli.radio.inputs import CENTRE_HZ, CHUNK, LONG_CHUNKS, RATE_HZ, STANDARD, FormatOption, written_form
from openami.cli.radio.lines import line_of
from openami.cli.show import fail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from openami.meters.fleet import Fleet
    from openami.meters.radio import Air, Sent
    from openami.phy.ert import Arriving, Band, Heard
    from openami.phy.samples import Wav

DAY_S = 86_400
LINES = (".jsonl", ".ndjson", ".json")
EXAMPLES = """
Examples:

  openami radio meters air.cu8 --count 200 --seconds 60

  openami radio meters day.jsonl --count 200 --seconds 86400 --endpoints endpoints.csv

  openami radio meters - --format cu8 --count 50 | openami radio decode - --format cu8
"""


def meters(
    file: Annotated[
        Path, typer.Argument(help="Samples (.cu8, .cs16, .cf32, .wav; - for stdout), or what a receiver tells: .jsonl.")
    ],
    *,
    product: Annotated[str, typer.Option(help="Product with a radio, or a product file.")] = "c3a1h",
    count: Annotated[int, typer.Option(min=1, max=100_000, help="How many meters.")] = 10,
    seconds: Annotated[float, typer.Option(min=1, help="How long.")] = 30.0,
    at: Annotated[str, typer.Option(help="When it begins (ISO 8601 with offset); by default the last full hour.")] = "",
    history: Annotated[int, typer.Option(min=0, max=400, help="Days that the meters have lived before.")] = 1,
    centre: Annotated[float, typer.Option(help="Frequency the receiver stands at, in hertz.")] = CENTRE_HZ,
    rate: Annotated[float, typer.Option(help="Complex samples per second, at least 1e6.")] = RATE_HZ,
    format_name: FormatOption = "",
    weakest: Annotated[float, typer.Option(max=0, help="Level of the weakest meter in dB of full scale.")] = -45.0,
    strongest: Annotated[float, typer.Option(max=0, help="Level of the strongest meter.")] = -15.0,
    noise: Annotated[float, typer.Option(max=0, help="Noise in the whole band, dB of full scale.")] = -50.0,
    endpoints: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write whose endpoints they are, for `headend ert endpoints`.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other levels and noise.")] = 1,
) -> None:
    """Let meters with a radio live, and give what one receiver has of them: collisions, levels and all."""
    import numpy as np

    from openami.meters.radio import Air
    from openami.phy.ert import Band

    if weakest > strongest:
        raise typer.BadParameter(f"the weakest is at {weakest:g} dB, the strongest at {strongest:g}")
    if wanted(product).radio is None:
        fail(f"{product} has no radio", 2)
    form = None if file.suffix.lower() in LINES else written_form(file, format_name, rate, seconds)
    begin, band, rng = begin_of(at), Band(centre, rate), np.random.default_rng(seed)
    fleet = lived(product, count, begin, history, seed)
    scene = Scene(Air(fleet, band.holds), band, rng.uniform(weakest, strongest, count), begin, seconds, noise)
    if endpoints is not None:
        listed(scene.air, endpoints)
    with ExitStack() as stack:
        target = sys.stdout.buffer if file == STANDARD else stack.enter_context(file.open("wb"))
        if form is None:
            written_lines(scene, target, stack)
            return
        if file.suffix.lower() == ".wav":
            target.write(form.encode())
        written_samples(scene, target, stack, form, rng)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is on the air, where the receiver stands, how strong each meter comes in."""

    air: "Air"
    band: "Band"
    level_dbfs: "NDArray[np.float64]"
    begin: int
    seconds: float
    noise_dbfs: float

    def steps(self) -> "Iterator[list[Arriving]]":
        """What begins in each refresh of the registers."""
        for sent in self.air.steps(self.begin + -int(-self.seconds // 1)):
            yield [self.arriving(each) for each in sent]

    def arriving(self, sent: "Sent") -> "Arriving":
        """A message with its level."""
        from openami.phy.ert import Arriving

        return Arriving(sent.transmission, float(self.level_dbfs[sent.meter]))

    @property
    def refreshes(self) -> int:
        """How many steps there are."""
        return int(self.seconds) // self.air.refresh_s + 1


def begin_of(text: str) -> int:
    """When it begins, UTC."""
    from openami.headend.ert.overheard import instant

    if text:
        return int(instant(text))
    now = datetime.now(UTC)
    return int(now.replace(minute=0, second=0, microsecond=0).timestamp())


def lived(product: str, count: int, begin: int, days: int, seed: int) -> "Fleet":
    """Make the meters, with houses behind them, and let them live up to the beginning."""
    from random import Random

    from openami.meters.fleet import Fleet
    from openami.meters.households import Households
    from openami.meters.identity import Identity

    load = Households(Identity().serials(count))
    start = begin - days * DAY_S
    dice = Random(seed).randbytes  # noqa: S311  keys that nobody uses: the radio has none
    fleet = Fleet.create(wanted(product), count, start_utc=start, load=load, now=lambda: begin, random=dice)
    fleet.advance_to(begin)
    return fleet


def listed(air: "Air", file: Path) -> None:
    """Write whose endpoints they are."""
    holding = air.fleet.holding
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(("endpoint", "serial", "product", "count_wh"))
        for meter in range(air.fleet.count):
            identity, serial = air.radio.identity(meter), holding.identity.serial(meter)
            writer.writerow((identity, serial, holding.product.slug, air.radio.row.count_wh.value))


def written_lines(scene: Scene, target: BinaryIO, stack: ExitStack) -> None:
    """Write what a receiver tells, by the model of the air; copies of a hop are one line."""
    from openami.phy.ert import Airspace

    space = Airspace(scene.band, scene.noise_dbfs, fold_s=scene.air.period_s - 1.0)
    until = float(scene.begin)
    progress = bar(stack, scene.refreshes)
    for arriving in scene.steps():
        until = min(until + scene.air.refresh_s, scene.begin + scene.seconds)
        target.writelines(written(each, scene) for each in space.step(arriving, until))
        if progress is not None:
            progress.advance()


def written(heard: "Heard", scene: Scene) -> bytes:
    """A line, as `openami radio listen` has it."""
    at = datetime.fromtimestamp(scene.begin, UTC) + timedelta(seconds=heard.at_s - scene.begin)
    line = {"at": at.isoformat(timespec="milliseconds"), **line_of(heard, scene.band.centre_hz)}
    line["time_s"] = round(heard.at_s - scene.begin, 5)
    return json.dumps(line).encode() + b"\n"


def written_samples(scene: Scene, target: BinaryIO, stack: ExitStack, form: "Wav", rng: "np.random.Generator") -> None:
    """Write the samples that the receiver takes."""
    from openami.phy.ert import Mixer, Transmitter

    mixer = Mixer(Transmitter(scene.band), scene.begin, rng, scene.noise_dbfs)
    left = round(scene.seconds * scene.band.rate_hz)
    progress = bar(stack, left // CHUNK)
    for step, arriving in enumerate(scene.steps(), 1):
        mixer.take(arriving)
        ready = round(step * scene.air.refresh_s * scene.band.rate_hz) - mixer.first
        for size in sizes(min(ready, left)):
            target.write(form.format.encode(mixer.chunk(size)))
            left -= size
            if progress is not None:
                progress.advance()


def sizes(samples: int) -> Iterator[int]:
    """Cut samples into chunks."""
    for first in range(0, samples, CHUNK):
        yield min(CHUNK, samples - first)


def bar(stack: ExitStack, steps: int) -> Progress | None:
    """Show a bar for what takes long."""
    return stack.enter_context(Progress(steps, "steps")) if steps >= LONG_CHUNKS else None
