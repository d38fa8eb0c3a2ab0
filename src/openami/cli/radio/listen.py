"""`openami radio listen`: ERT messages as they come, from a receiver that rtl_tcp serves."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from openami.cli.radio import options
from openami.cli.radio.drawing import Picture
from openami.cli.radio.inputs import CENTRE_HZ, CHUNK, RATE_HZ
from openami.cli.radio.lines import line_of

if TYPE_CHECKING:
    from openami.aio.rtl_tcp import RtlTcp
    from openami.aio.tcp import Address
    from openami.phy.ert import Heard, Receiver, Settings

EXAMPLES = """
Examples:

  rtl_tcp -a 127.0.0.1 & openami radio listen

  openami radio listen 192.168.1.7:1234 --unique 60 --id 12345678

  openami radio listen --gain 30 --seconds 60 --waterfall minute.png
"""


def listen(
    address: Annotated[str, typer.Argument(metavar="HOST:PORT", help="Where rtl_tcp is served.")] = "127.0.0.1:1234",
    *,
    centre: Annotated[float, typer.Option(help="Frequency to stand at, in hertz.")] = CENTRE_HZ,
    rate: Annotated[float, typer.Option(min=1e6, help="Complex samples per second, at least 1e6.")] = RATE_HZ,
    gain: Annotated[float | None, typer.Option(help="Gain of the tuner in dB; by default its own choice.")] = None,
    ppm: Annotated[int, typer.Option(help="How far its quartz is off, in millionths.")] = 0,
    channels: options.ChannelsOption = 0,
    wide: options.WideOption = False,
    kinds: options.KindsOption = None,
    ids: options.IdsOption = None,
    correct: options.CorrectOption = 1,
    unique: options.UniqueOption = 0.0,
    net_types: options.NetTypesOption = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="End after so many seconds of samples.")] = None,
    number: Annotated[int | None, typer.Option("--count", min=1, help="End after so many messages.")] = None,
    attempts: Annotated[
        int | None, typer.Option(min=1, help="Give up after connecting so often in vain; else never.")
    ] = None,
    waterfall: options.WaterfallOption = None,
) -> None:
    """Print ERT messages as they come, a JSON document per line; connects again when the line is lost."""
    from openami.aio.loop import run
    from openami.aio.rtl_tcp import RtlTcp, Tuning

    settings = options.settings_of(
        channels=channels, kinds=kinds, ids=ids, correct=correct, unique=unique, net_types=net_types, wide=wide
    )
    tuning = Tuning(centre, rate, gain, ppm)
    tuning.orders()
    source = RtlTcp(address_of(address), tuning, complain, attempts=attempts)
    picture = Picture(waterfall, rate, centre, f"{address}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    try:
        run(Ear(source, settings, picture, seconds, number).listen())
    finally:
        picture.close()


def address_of(text: str) -> "Address":
    """Read host:port; without a port, 1234."""
    from openami.aio.rtl_tcp import PORT
    from openami.aio.tcp import Address

    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise typer.BadParameter(f"{text}: {error}") from error
    if not host or parts.scheme not in {"", "tcp", "rtl_tcp"} or parts.path.strip("/"):
        raise typer.BadParameter(f"{text}: where rtl_tcp is served is written host:port")
    return Address(host, PORT if port is None else port)


def complain(sentence: str) -> None:
    """Say how the connection is."""
    typer.echo(f"openami: {sentence}", err=True)


@dataclass
class Ear:
    """Joins the receiver of samples to that of messages, and prints what it hears."""

    source: "RtlTcp"
    settings: "Settings"
    picture: Picture
    seconds: float | None
    number: int | None
    receiver: "Receiver" = field(init=False)
    connection: int = field(init=False, default=0)
    began: datetime = field(init=False)
    samples: int = field(init=False, default=0)
    before_s: float = field(init=False, default=0.0)
    """Seconds of samples of connections that are lost."""

    async def listen(self) -> None:
        """Print until there is as much as wanted."""
        from openami.phy.samples import CU8

        octets = CHUNK * CU8.octets
        if self.seconds is not None:
            octets = min(octets, max(1, round(self.seconds * self.rate_hz)) * CU8.octets)
        async with contextlib.aclosing(self.source.blocks(octets)) as blocks:
            async for block in blocks:
                samples = CU8.decode(block)
                self._follow(len(samples))
                heard = await asyncio.to_thread(self.receiver.step, samples)
                self.samples += len(samples)
                is_done = self.seconds is not None and self.before_s + self.samples / self.rate_hz >= self.seconds
                heard += self.receiver.finish() if is_done else []
                self.picture.step(samples, heard)
                if self._tell(heard) or is_done:
                    return

    @property
    def rate_hz(self) -> float:
        """Samples per second."""
        return self.source.tuning.rate_hz

    def _follow(self, fresh: int) -> None:
        """Begin anew with a new connection: its samples do not follow the old ones."""
        from openami.phy.ert import Receiver

        if self.connection == self.source.connections:
            return
        self.before_s += self.samples / self.rate_hz
        self.connection, self.samples = self.source.connections, 0
        self.receiver = Receiver(self.rate_hz, self.settings)
        self.began = datetime.now(UTC) - timedelta(seconds=fresh / self.rate_hz)

    def _tell(self, heard: "list[Heard]") -> bool:
        """Print messages; whether there are as many as wanted."""
        for each in heard[: self.number]:
            at = self.began + timedelta(seconds=each.at_s)
            line = {"at": at.isoformat(timespec="milliseconds"), **line_of(each, self.source.tuning.centre_hz)}
            typer.echo(json.dumps(line))
        if self.number is not None:
            self.number = max(0, self.number - len(heard))
        return self.number == 0
