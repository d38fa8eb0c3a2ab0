"""An optical head on the first meter of a fleet in service."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from openami.aio.connection import Provider
from openami.aio.optical_listener import OpticalListener
from openami.aio.route import Device
from openami.aio.serial import open_port
from openami.aio.virtual_cable import VirtualCable
from openami.cli.show import fail
from openami.meters.build import Product
from openami.meters.fleet import Fleet
from openami.meters.optical import OpticalMeter

PTY: Final = "pty"
RS485: Final = "rs485"
"""Way of a product behind its serial line."""


def check_ports(product: Product, serial: Device | None, optical: str) -> None:
    """Refuse ports that the product does not have, or that are not so fast."""
    if optical and product.optical is None:
        fail(f"{product.slug} states no optical port by IEC 62056-21: leave --optical away", 2)
    way = product.links.way.get(RS485)
    most = None if way is None or way.most_baud is None else way.most_baud.value
    if serial is not None and most is not None and serial.baud > most:
        fail(f"{product.slug}: its RS-485 port goes up to {most} baud, and {serial} is to be set to {serial.baud}", 2)


@dataclass(frozen=True, slots=True)
class HeldHead:
    """A port for the head: ours, and the one by which readers reach it."""

    device: Device | None = None
    reached: str = ""

    def ways(self, fleet: Fleet) -> dict[str, list[str]]:
        """Address of the meter as `openami read` takes it."""
        if not self.reached:
            return {}
        return {"optical": [f"optical://{self.reached}?server=1/{OpticalMeter(fleet).physical}"]}

    @contextlib.asynccontextmanager
    async def on(self, fleet: Fleet, provider: Provider) -> AsyncGenerator[None]:
        """Put the head on the first meter."""
        if self.device is None:
            yield
            return
        async with OpticalListener(provider, OpticalMeter(fleet), self.device):
            yield


@contextlib.asynccontextmanager
async def held_head(text: str) -> AsyncGenerator[HeldHead]:
    """Look at a port, or make a pair of ptys where `pty` is asked for; nothing is none."""
    if not text:
        yield HeldHead()
    elif text == PTY:
        async with VirtualCable() as cable:
            yield HeldHead(Device(cable.far), cable.near)
    else:
        path = text.removeprefix("optical://").removeprefix("serial://")
        open_port(Device(path, 300)).close()
        yield HeldHead(Device(path), path)
