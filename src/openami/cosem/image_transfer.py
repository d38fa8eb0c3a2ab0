"""Image transfer: firmware in blocks, verified and activated (Blue Book, class 18)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple, Protocol

from openami.core.errors import ActionError
from openami.core.obis import OBIS
from openami.cosem.objects import Attribute, CosemObject, computed, interface_class, method
from openami.dlms.data import (
    BIT_STRING,
    BOOLEAN,
    INT8,
    OCTET_STRING,
    UINT32,
    BitString,
    Codec,
    array,
    enum,
    structure,
)
from openami.dlms.xdlms import ActionResult

BLOCK_SIZE = 512


class ImageTransferStatus(IntEnum):
    """How far the transfer has come."""

    NOT_INITIATED = 0
    INITIATED = 1
    VERIFICATION_INITIATED = 2
    VERIFICATION_SUCCESSFUL = 3
    VERIFICATION_FAILED = 4
    ACTIVATION_INITIATED = 5
    ACTIVATION_SUCCESSFUL = 6
    ACTIVATION_FAILED = 7


class ImageToActivate(NamedTuple):
    """An image that a verified transfer holds."""

    image_to_activate_size: int
    image_to_activate_identification: bytes
    image_to_activate_signature: bytes


class ImageInitiate(NamedTuple):
    """Identifier and size of the image to come."""

    image_identifier: bytes
    image_size: int


class ImageBlock(NamedTuple):
    """One block, counted from 0."""

    image_block_number: int
    image_block_value: bytes


class ImageSink(Protocol):
    """What the device does with an image."""

    def store(self, offset: int, block: bytes) -> None:
        """Keep a block."""
        ...

    def verify(self, image: "Image") -> list[ImageToActivate] | None:
        """Return the images found; empty if the whole is not right, None while the check still runs."""
        ...

    def activate(self, image: "Image") -> bool | None:
        """Whether the image is now active; None while that still runs."""
        ...


@dataclass
class Image:
    """State of one transfer: it outlives the object and is resumed after a break."""

    block_size: int = BLOCK_SIZE
    identifier: bytes = b""
    size: int = 0
    received: bytearray = field(default_factory=bytearray)
    status: ImageTransferStatus = ImageTransferStatus.NOT_INITIATED
    found: list[ImageToActivate] = field(default_factory=list[ImageToActivate])

    @property
    def first_missing(self) -> int:
        """Number of the first block not received; the number of blocks if all are there."""
        missing = self.received.find(0)
        return len(self.received) if missing < 0 else missing

    @property
    def blocks_status(self) -> BitString:
        """One bit for each block: 1 if it was received."""
        return BitString.parse("".join(map(str, self.received)))

    def begin(self, initiate: ImageInitiate) -> None:
        """Start a transfer, or go on with one of the same image."""
        same = (self.identifier, self.size) == initiate
        if not same or self.status is not ImageTransferStatus.INITIATED:
            self.identifier, self.size = initiate
            self.received = bytearray(-(-self.size // self.block_size))
            self.found = []
        self.status = ImageTransferStatus.INITIATED

    def length(self, number: int) -> int:
        """Octets of a block; the last may be shorter."""
        return min(self.block_size, self.size - number * self.block_size)


IMAGE_TO_ACTIVATE = structure(ImageToActivate, UINT32, OCTET_STRING, OCTET_STRING)
INITIATE = structure(ImageInitiate, OCTET_STRING, UINT32)
BLOCK = structure(ImageBlock, UINT32, OCTET_STRING)


@interface_class(18, version=0)
class ImageTransfer(CosemObject):
    """Blocks of an image, and what became of them (Blue Book, class 18)."""

    image_transfer_enabled: Attribute[bool] = Attribute(5, BOOLEAN, default=False)

    def __init__(
        self,
        logical_name: OBIS | str | bytes,
        *,
        image: Image | None = None,
        sink: ImageSink | None = None,
        types: Mapping[str, Codec[Any]] | None = None,
        handlers: Mapping[str, Callable[..., object]] | None = None,
        **values: object,
    ) -> None:
        super().__init__(logical_name, types=types, handlers=handlers, **values)
        self.image = Image() if image is None else image
        self.sink = sink

    @computed(2, UINT32)
    def image_block_size(self) -> int:
        """Octets of a block."""
        return self.image.block_size

    @computed(3, BIT_STRING)
    def image_transferred_blocks_status(self) -> BitString:
        """Blocks received."""
        return self.image.blocks_status

    @computed(4, UINT32)
    def image_first_not_transferred_block_number(self) -> int:
        """First block missing."""
        return self.image.first_missing

    @computed(6, enum(ImageTransferStatus))
    def image_transfer_status(self) -> ImageTransferStatus:
        """How far the transfer has come."""
        return self.image.status

    @computed(7, array(IMAGE_TO_ACTIVATE))
    def image_to_activate_info(self) -> list[ImageToActivate]:
        """Return what the verified image holds."""
        return list(self.image.found)

    @method(1, INITIATE)
    def image_transfer_initiate(self, initiate: ImageInitiate) -> None:
        """Start a transfer; a repeated call for the same image resumes it."""
        self.opened()
        if not initiate.image_identifier or not initiate.image_size:
            raise self.refused(ActionResult.TYPE_UNMATCHED, "no identifier or no size")
        self.image.begin(initiate)

    @method(2, BLOCK)
    def image_block_transfer(self, block: ImageBlock) -> None:
        """Take one block, in any order."""
        sink, image = self.opened(), self.image
        number, octets = block
        if image.status is not ImageTransferStatus.INITIATED:
            raise self.refused(ActionResult.NO_LONG_ACTION_IN_PROGRESS, "no transfer is initiated")
        if number >= len(image.received):
            raise self.refused(ActionResult.DATA_BLOCK_UNAVAILABLE, f"block {number}")
        if len(octets) != image.length(number):
            raise self.refused(ActionResult.TYPE_UNMATCHED, f"block {number} of {len(octets)} octets")
        sink.store(number * image.block_size, octets)
        image.received[number] = 1

    @method(3, INT8)
    def image_verify(self, _data: int) -> None:
        """Check the whole image; temporary-failure while the check runs."""
        sink, image = self.opened(), self.image
        if image.status is ImageTransferStatus.NOT_INITIATED or image.first_missing < len(image.received):
            raise self.refused(ActionResult.OTHER_REASON, "the image is not complete")
        image.status = ImageTransferStatus.VERIFICATION_INITIATED
        found = sink.verify(image)
        if found is None:
            raise self.refused(ActionResult.TEMPORARY_FAILURE, "verification runs")
        image.found = found
        image.status = verdict(bool(found), ImageTransferStatus.VERIFICATION_SUCCESSFUL)
        if not found:
            raise self.refused(ActionResult.OTHER_REASON, "verification failed")

    @method(4, INT8)
    def image_activate(self, _data: int) -> None:
        """Activate a verified image; one not yet verified is verified first."""
        sink, image = self.opened(), self.image
        if image.status not in ACTIVATABLE:
            self.image_verify(0)
        image.status = ImageTransferStatus.ACTIVATION_INITIATED
        active = sink.activate(image)
        if active is None:
            raise self.refused(ActionResult.TEMPORARY_FAILURE, "activation runs")
        image.status = verdict(active, ImageTransferStatus.ACTIVATION_SUCCESSFUL)
        if not active:
            raise self.refused(ActionResult.OTHER_REASON, "activation failed")

    def opened(self) -> ImageSink:
        """Return the device's sink, if it has one and the transfer is enabled."""
        if self.sink is None:
            raise self.refused(ActionResult.OBJECT_UNAVAILABLE, "the device takes no images")
        if not self.image_transfer_enabled:
            raise self.refused(ActionResult.READ_WRITE_DENIED, "image transfer is not enabled")
        return self.sink

    def refused(self, result: ActionResult, why: str) -> ActionError:
        """Refusal that names this object."""
        return ActionError(result, f"{self!r}: {why}")


ACTIVATABLE = frozenset({ImageTransferStatus.VERIFICATION_SUCCESSFUL, ImageTransferStatus.ACTIVATION_INITIATED})
"""States in which an image may be activated without another verification."""


def verdict(passed: bool, success: ImageTransferStatus) -> ImageTransferStatus:
    """Return the successful status, or the failed one that follows it in the code."""
    return success if passed else ImageTransferStatus(success + 1)
