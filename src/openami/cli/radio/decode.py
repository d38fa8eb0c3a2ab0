"""`openami radio decode`: ERT messages out of samples."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from openami.cli.radio import options
from openami.cli.radio.drawing import Picture
from openami.cli.radio.inputs import Capture, FormatOption
from openami.cli.radio.lines import tell

EXAMPLES = """
Examples:

  openami radio decode capture.cu8

  openami radio decode capture.wav --centre 912.6e6 --id 12345678 --unique 60

  openami radio decode capture.cu8 --unique 60 --waterfall capture.png

  rtl_sdr -f 912600155 -s 2359296 - | openami radio decode - --format cu8
"""


def decode(
    file: Annotated[Path, typer.Argument(help="Samples: .cu8, .cs16, .cf32, .wav; - for standard input.")],
    *,
    format_name: FormatOption = "",
    rate: Annotated[float | None, typer.Option(help="Complex samples per second, at least 1e6 (2359296).")] = None,
    centre: Annotated[
        float | None, typer.Option(help="Frequency the receiver stood at, in hertz: carriers are told, not offsets.")
    ] = None,
    channels: options.ChannelsOption = 0,
    wide: options.WideOption = False,
    kinds: options.KindsOption = None,
    ids: options.IdsOption = None,
    correct: options.CorrectOption = 1,
    unique: options.UniqueOption = 0.0,
    net_types: options.NetTypesOption = None,
    waterfall: options.WaterfallOption = None,
) -> None:
    """Find ERT messages in samples; prints a JSON document per line."""
    from openami.phy.ert import Receiver

    settings = options.settings_of(
        channels=channels, kinds=kinds, ids=ids, correct=correct, unique=unique, net_types=net_types, wide=wide
    )
    with ExitStack() as stack:
        capture = Capture(stack, file, format_name, rate)
        receiver = Receiver(capture.form.rate_hz, settings)
        picture = Picture(waterfall, capture.form.rate_hz, centre, file.name)
        for samples in capture.chunks():
            heard = receiver.step(samples)
            tell(heard, centre)
            picture.step(samples, heard)
        rest = receiver.finish()
        tell(rest, centre)
        picture.found(rest)
        picture.close()
