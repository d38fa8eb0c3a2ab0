"""Image transfer: blocks in any order, gaps, verification, activation, resumption."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import ActionError
from openami.cosem.image_transfer import (
    BLOCK,
    INITIATE,
    Image,
    ImageBlock,
    ImageInitiate,
    ImageToActivate,
    ImageTransfer,
    ImageTransferStatus,
)
from openami.dlms.xdlms import ActionResult

LN = "0.0.44.0.0.255"
FIRMWARE = bytes(range(250)) * 5
STATUS = ImageTransferStatus


class Flash:
    """A sink in memory; `verdicts` are what verify and activate say in turn."""

    def __init__(self, *verdicts: bool | None) -> None:
        self.octets = bytearray(len(FIRMWARE))
        self.verdicts = list(verdicts)

    def store(self, offset: int, block: bytes) -> None:
        self.octets[offset : offset + len(block)] = block

    def verify(self, image: Image) -> list[ImageToActivate] | None:
        verdict = self.verdicts.pop(0) if self.verdicts else bytes(self.octets) == FIRMWARE
        if verdict is None:
            return None
        return [ImageToActivate(image.size, image.identifier, b"signature")] if verdict else []

    def activate(self, image: Image) -> bool | None:
        return self.verdicts.pop(0) if self.verdicts else bool(image.found)


def transfer(sink: Flash | None, image: Image | None = None, *, enabled: bool = True) -> ImageTransfer:
    return ImageTransfer(LN, sink=sink, image=image or Image(block_size=512), image_transfer_enabled=enabled)


def begun(*verdicts: bool | None) -> ImageTransfer:
    thing = transfer(Flash(*verdicts))
    thing.invoke(1, INITIATE.encode(ImageInitiate(b"FW1", len(FIRMWARE))))
    return thing


def send(thing: ImageTransfer, *numbers: int) -> None:
    for number in numbers:
        octets = FIRMWARE[512 * number : 512 * (number + 1)]
        thing.invoke(2, BLOCK.encode(ImageBlock(number, octets)))


def test_a_whole_transfer() -> None:
    thing = begun()
    assert thing.image_transfer_status is STATUS.INITIATED
    assert thing.read(3) == b"\x04\x03\x00"
    send(thing, 0, 2)
    assert thing.read(3) == b"\x04\x03\xa0"
    assert thing.image_first_not_transferred_block_number == 1
    with pytest.raises(ActionError, match="not complete"):
        thing.image_verify(0)
    send(thing, 1)
    assert thing.image_first_not_transferred_block_number == 3
    thing.invoke(3)
    assert thing.image_transfer_status is STATUS.VERIFICATION_SUCCESSFUL
    assert thing.image_to_activate_info == [ImageToActivate(len(FIRMWARE), b"FW1", b"signature")]
    thing.invoke(4)
    assert thing.image_transfer_status is STATUS.ACTIVATION_SUCCESSFUL
    assert thing.read(6) == b"\x16\x06"


@given(st.permutations(range(3)))
def test_blocks_come_in_any_order(order: list[int]) -> None:
    thing = begun()
    send(thing, *order)
    thing.image_verify(0)
    assert thing.image_transfer_status is STATUS.VERIFICATION_SUCCESSFUL


def test_verification_that_takes_time_is_a_temporary_failure() -> None:
    thing = begun(None, None, True)
    send(thing, 0, 1, 2)
    for _ in range(2):
        with pytest.raises(ActionError) as refused:
            thing.image_verify(0)
        assert refused.value.result is ActionResult.TEMPORARY_FAILURE
        assert thing.image_transfer_status is STATUS.VERIFICATION_INITIATED
    thing.image_verify(0)
    assert thing.image_transfer_status is STATUS.VERIFICATION_SUCCESSFUL


def test_a_wrong_image_is_not_activated() -> None:
    thing = begun(False, False)
    send(thing, 0, 1, 2)
    with pytest.raises(ActionError, match="verification failed"):
        thing.image_verify(0)
    assert thing.image_transfer_status is STATUS.VERIFICATION_FAILED
    assert thing.image_to_activate_info == []
    with pytest.raises(ActionError, match="verification failed"):
        thing.image_activate(0)


def test_activation_verifies_first_and_may_take_time_or_fail() -> None:
    thing = begun(True, None, False, True, True)
    send(thing, 0, 1, 2)
    with pytest.raises(ActionError, match="temporary-failure"):
        thing.image_activate(0)
    assert thing.image_transfer_status is STATUS.ACTIVATION_INITIATED
    with pytest.raises(ActionError, match="activation failed"):
        thing.image_activate(0)
    assert thing.image_transfer_status is STATUS.ACTIVATION_FAILED
    thing.image_activate(0)
    assert thing.image_transfer_status is STATUS.ACTIVATION_SUCCESSFUL


def test_a_transfer_outlives_its_object_and_is_resumed() -> None:
    image, flash = Image(block_size=512), Flash()
    initiate = ImageInitiate(b"FW1", len(FIRMWARE))
    first = transfer(flash, image)
    first.image_transfer_initiate(initiate)
    send(first, 0, 1)
    later = transfer(flash, image)
    later.image_transfer_initiate(initiate)
    assert later.image_first_not_transferred_block_number == 2
    later.image_transfer_initiate(ImageInitiate(b"FW2", len(FIRMWARE)))
    assert later.image_first_not_transferred_block_number == 0


@pytest.mark.parametrize(
    ("block", "result"),
    [
        (ImageBlock(3, b"x"), ActionResult.DATA_BLOCK_UNAVAILABLE),
        (ImageBlock(0, b"short"), ActionResult.TYPE_UNMATCHED),
        (ImageBlock(2, bytes(512)), ActionResult.TYPE_UNMATCHED),
    ],
)
def test_blocks_that_do_not_fit_are_refused(block: ImageBlock, result: ActionResult) -> None:
    thing = begun()
    with pytest.raises(ActionError) as refused:
        thing.image_block_transfer(block)
    assert refused.value.result is result
    assert thing.image_first_not_transferred_block_number == 0


def test_nothing_without_sink_leave_or_start() -> None:
    initiate = ImageInitiate(b"FW1", 10)
    with pytest.raises(ActionError, match="object-unavailable"):
        transfer(None).image_transfer_initiate(initiate)
    with pytest.raises(ActionError, match="read-write-denied"):
        transfer(Flash(), enabled=False).image_transfer_initiate(initiate)
    with pytest.raises(ActionError, match="no-long-action-in-progress"):
        transfer(Flash()).image_block_transfer(ImageBlock(0, b"x"))
    with pytest.raises(ActionError, match="type-unmatched"):
        transfer(Flash()).image_transfer_initiate(ImageInitiate(b"", 10))
