"""Transferring an image to a meter: blocks, verification, activation; a transfer that broke off goes on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeAlias, TypeVar

from openami.core.errors import ActionError, DefinitionError, LinkError, LinkTimeout, RemoteProtocolError
from openami.core.obis import OBIS
from openami.cosem.image_transfer import (
    ImageBlock,
    ImageInitiate,
    ImageToActivate,
    ImageTransfer,
    ImageTransferStatus,
)
from openami.cosem.objects import Attribute, Method
from openami.dlms.xdlms import ActionResult

T = TypeVar("T")
P = TypeVar("P")
R = TypeVar("R")

#: Is told how much is done, of how much.
Progress: TypeAlias = Callable[[int, int], None]

IMAGE_TRANSFER: Final = OBIS.parse("0.0.44.0.0.255")
"""Where the image transfer object of a meter stands."""


class Target(Protocol):
    """What is needed of a meter we are associated with."""

    async def get(self, attribute: Attribute[T], at: OBIS) -> T:
        """Read one attribute."""
        ...

    async def action(self, method: Method[P, R], at: OBIS, parameter: P) -> R:
        """Call one method."""
        ...


class Firmware(NamedTuple):
    """An image, by which name the meter knows it, and which object takes it."""

    image: bytes
    identifier: bytes | str
    at: OBIS


class ImageSettings(NamedTuple):
    """How patient a transfer is."""

    poll_s: float = 1.0
    """How often a meter that verifies or activates is asked how far it is."""
    patience_s: float = 600.0
    rounds: int = 3
    """How often blocks are sent that the meter says are missing."""


USUAL: Final = ImageSettings()


@dataclass(frozen=True, slots=True)
class ImageReport:
    """What became of a transfer: blocks of the image, those sent this time, how far it came, what it holds."""

    blocks: int
    sent: int
    status: ImageTransferStatus
    images: tuple[ImageToActivate, ...] = ()


#: States of a transfer that can go on, or has only to be verified.
UNDER_WAY: Final = frozenset(
    {
        ImageTransferStatus.INITIATED,
        ImageTransferStatus.VERIFICATION_INITIATED,
        ImageTransferStatus.VERIFICATION_SUCCESSFUL,
    }
)


class Outcome(NamedTuple):
    """How a method that takes its time ends: well or badly, and what it is called."""

    good: ImageTransferStatus
    bad: ImageTransferStatus
    what: str


VERIFIED: Final = Outcome(
    ImageTransferStatus.VERIFICATION_SUCCESSFUL, ImageTransferStatus.VERIFICATION_FAILED, "verification"
)
ACTIVATED: Final = Outcome(
    ImageTransferStatus.ACTIVATION_SUCCESSFUL, ImageTransferStatus.ACTIVATION_FAILED, "activation"
)


async def transfer(
    target: Target,
    firmware: Firmware,
    *,
    resume: bool,
    activate: bool,
    settings: ImageSettings = USUAL,
    progress: Progress | None = None,
) -> ImageReport:
    """Carry an image to a meter: see `Meter.image`."""
    at, image = firmware.at, firmware.image
    if not image or not firmware.identifier:
        raise DefinitionError("an image to be transferred has octets and an identifier")
    size = await target.get(ImageTransfer.image_block_size, at)
    if size < 1:
        raise RemoteProtocolError(f"image transfer {at} has blocks of {size} octets")
    blocks = -(-len(image) // size)
    await begin(target, firmware, resume=resume)
    sent = 0
    for _ in range(settings.rounds):
        first = await target.get(ImageTransfer.image_first_not_transferred_block_number, at)
        if first >= blocks:
            break
        for number in range(first, blocks):
            block = ImageBlock(number, image[number * size : (number + 1) * size])
            await target.action(ImageTransfer.image_block_transfer, at, block)
            sent += 1
            if progress is not None:
                progress(number + 1, blocks)
    await carry_out(target, at, ImageTransfer.image_verify, VERIFIED, settings)
    images = await target.get(ImageTransfer.image_to_activate_info, at)
    status = await activated(target, at, settings) if activate else VERIFIED.good
    return ImageReport(blocks, sent, status, tuple(images))


async def begin(target: Target, firmware: Firmware, *, resume: bool) -> None:
    """Begin a transfer; one that is to go on is left as it is, if the meter still has it under way."""
    if resume:
        status = await target.get(ImageTransfer.image_transfer_status, firmware.at)
        if status in UNDER_WAY:
            return
    name = firmware.identifier.encode() if isinstance(firmware.identifier, str) else firmware.identifier
    await target.action(ImageTransfer.image_transfer_initiate, firmware.at, ImageInitiate(name, len(firmware.image)))


async def activated(target: Target, at: OBIS, settings: ImageSettings) -> ImageTransferStatus:
    """Activate; a meter that goes away over it has begun, and restarts."""
    try:
        await carry_out(target, at, ImageTransfer.image_activate, ACTIVATED, settings)
    except LinkError:
        return ImageTransferStatus.ACTIVATION_INITIATED
    return ACTIVATED.good


async def carry_out(
    target: Target, at: OBIS, method: Method[int, None], outcome: Outcome, settings: ImageSettings
) -> None:
    """Call a method that may take its time, and wait for the end of it."""
    try:
        await target.action(method, at, 0)
    except ActionError as error:
        if error.result is not ActionResult.TEMPORARY_FAILURE:
            raise
    loop = asyncio.get_running_loop()
    until = loop.time() + settings.patience_s
    while (status := await target.get(ImageTransfer.image_transfer_status, at)) is not outcome.good:
        if status is outcome.bad:
            raise ActionError(ActionResult.OTHER_REASON, f"{outcome.what} of the image by {at}")
        if loop.time() >= until:
            raise LinkTimeout(f"{outcome.what} of the image by {at} has no end within {settings.patience_s:g} s")
        await asyncio.sleep(settings.poll_s)
