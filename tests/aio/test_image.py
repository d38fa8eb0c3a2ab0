"""Transferring an image: whole, with gaps, broken off, refused; verification and activation that take their time."""

from typing import Any

import pytest

from odd_meter import OddMeter
from openami import connect, send_image
from openami.aio.client import Connecting
from openami.aio.image import IMAGE_TRANSFER, ImageReport, ImageSettings
from openami.core.errors import ActionError, ConnectionLost, DefinitionError, LinkTimeout, RemoteProtocolError
from openami.cosem.image_transfer import Image, ImageToActivate, ImageTransfer, ImageTransferStatus
from small_meter import HLS5, at_work, url_of

STATUS = ImageTransferStatus
FIRMWARE = bytes(range(251)) * 9
SIZE = 100
BLOCKS = -(-len(FIRMWARE) // SIZE)
QUICK = ImageSettings(poll_s=0.0, patience_s=0.5)


class Flash:
    """Where the meter puts an image; verification and activation take so many questions."""

    def __init__(self, *, takes: int = 0, is_good: bool = True, starts: bool = True) -> None:
        self.octets = bytearray(len(FIRMWARE))
        self.takes, self.is_good, self.starts = takes, is_good, starts
        self.stored: list[int] = []
        self.image = Image(block_size=SIZE)

    def store(self, offset: int, block: bytes) -> None:
        self.octets[offset : offset + len(block)] = block
        self.stored.append(offset // SIZE)

    def verify(self, image: Image) -> list[ImageToActivate] | None:
        if self.takes:
            return None
        return self.found(image)

    def found(self, image: Image) -> list[ImageToActivate]:
        is_right = self.is_good and bytes(self.octets) == FIRMWARE
        return [ImageToActivate(image.size, image.identifier, b"signed")] if is_right else []

    def activate(self, image: Image) -> bool | None:
        return None if self.takes else self.starts and bool(image.found)

    def status(self) -> ImageTransferStatus:
        """How far it is; every question brings what runs nearer to its end."""
        running = {
            STATUS.VERIFICATION_INITIATED: bool(self.found(self.image)),
            STATUS.ACTIVATION_INITIATED: self.starts,
        }
        if self.image.status in running:
            self.takes -= 1
            if self.takes <= 0:
                is_good = running[self.image.status]
                self.image.found = self.found(self.image)
                self.image.status = STATUS(self.image.status + (1 if is_good else 2))
        return self.image.status


def meter_with(flash: Flash, *, enabled: bool = True, habit: Any = None) -> OddMeter:
    def asks(request: Any, answer: Any) -> Any:
        is_status = request.kind == "get" and request.items[0][0][0] == 18 and request.items[0][0][2] == 6
        if is_status:
            flash.status()
        return answer(request) if habit is None else habit(request, answer)

    meter = OddMeter(asks)
    meter.show(ImageTransfer(IMAGE_TRANSFER, sink=flash, image=flash.image, image_transfer_enabled=enabled))
    return meter


def to(listener: Any, **options: Any) -> Connecting:
    return connect(url_of(listener), security=HLS5, **options)


async def transferred(meter: OddMeter, **facts: Any) -> ImageReport:
    async with at_work(meter) as listener, to(listener) as session:
        return await session.image(FIRMWARE, "FW-2", settings=facts.pop("settings", QUICK), **facts)


async def test_a_whole_transfer() -> None:
    flash, seen = Flash(), []
    report = await transferred(meter_with(flash), progress=lambda *done: seen.append(done))
    assert report == ImageReport(
        BLOCKS, BLOCKS, STATUS.VERIFICATION_SUCCESSFUL, (ImageToActivate(len(FIRMWARE), b"FW-2", b"signed"),)
    )
    assert bytes(flash.octets) == FIRMWARE
    assert flash.stored == list(range(BLOCKS))
    assert seen == [(number + 1, BLOCKS) for number in range(BLOCKS)]
    assert flash.image.status is STATUS.VERIFICATION_SUCCESSFUL, "nothing is activated unless that was asked for"


@pytest.mark.parametrize("takes", [0, 1, 5])
async def test_activation(takes: int) -> None:
    report = await transferred(meter_with(Flash(takes=takes)), activate=True)
    assert report.status is STATUS.ACTIVATION_SUCCESSFUL


async def test_an_image_that_is_not_right() -> None:
    with pytest.raises(ActionError, match="other-reason"):
        await transferred(meter_with(Flash(is_good=False)))
    with pytest.raises(ActionError, match="verification of the image"):
        await transferred(meter_with(Flash(is_good=False, takes=2)))


async def test_an_activation_that_fails() -> None:
    with pytest.raises(ActionError, match="other-reason"):
        await transferred(meter_with(Flash(starts=False)), activate=True)


async def test_a_verification_without_end() -> None:
    with pytest.raises(LinkTimeout, match=r"verification of the image .* has no end within 0.5 s"):
        await transferred(meter_with(Flash(takes=1 << 40)))


async def test_blocks_that_the_meter_has_lost_are_sent_again() -> None:
    flash, lost = Flash(), [3, 11]

    def habit(request: Any, answer: Any) -> Any:
        results = answer(request)
        if request.kind == "action" and flash.stored and flash.stored[-1] == BLOCKS - 1 and lost:
            flash.image.received[lost.pop()] = 0
        return results

    report = await transferred(meter_with(flash, habit=habit))
    assert report.sent > BLOCKS
    assert bytes(flash.octets) == FIRMWARE


@pytest.mark.parametrize(
    ("facts", "kind", "words"),
    [
        ({"enabled": False}, ActionError, "read-write-denied"),
        ({}, DefinitionError, "octets and an identifier"),
    ],
)
async def test_refusals(facts: dict[str, Any], kind: type[Exception], words: str) -> None:
    async with at_work(meter_with(Flash(), **facts)) as listener, to(listener) as session:
        with pytest.raises(kind, match=words):
            await session.image(FIRMWARE if facts else b"", "FW-2", settings=QUICK)


async def test_blocks_of_no_octets() -> None:
    flash = Flash()
    flash.image.block_size = 0
    with pytest.raises(RemoteProtocolError, match="blocks of 0 octets"):
        await transferred(meter_with(flash))


# After a break


def cutting(flash: Flash, *after: int) -> tuple[OddMeter, list[Any]]:
    """A meter whose line is cut each time that so many blocks have come."""
    cuts, listeners = list(after), []

    def habit(request: Any, answer: Any) -> Any:
        results = answer(request)
        if cuts and len(flash.stored) >= cuts[0]:
            cuts.pop(0)
            for connection in list(listeners[0].connections):
                connection.drop()
            return None
        return results

    return meter_with(flash, habit=habit), listeners


async def test_a_transfer_that_broke_off_goes_on() -> None:
    flash = Flash()
    meter, listeners = cutting(flash, 7)
    async with at_work(meter) as listener:
        listeners.append(listener)
        with pytest.raises(ConnectionLost):
            async with to(listener) as session:
                await session.image(FIRMWARE, "FW-2", settings=QUICK)
        async with to(listener) as session:
            report = await session.image(FIRMWARE, "FW-2", resume=True, settings=QUICK)
    assert report.sent == BLOCKS - 7
    assert flash.stored == list(range(BLOCKS))


async def test_to_go_on_with_nothing_is_to_begin() -> None:
    flash = Flash()
    assert (await transferred(meter_with(flash), resume=True)).sent == BLOCKS
    assert (await transferred(meter_with(flash), resume=True)).sent == 0, "all blocks are there, only verify"
    assert flash.image.status is STATUS.VERIFICATION_SUCCESSFUL


async def test_over_as_many_connections_as_it_takes() -> None:
    flash, seen = Flash(), []
    meter, listeners = cutting(flash, 3, 4, 9, 20)
    async with at_work(meter) as listener:
        listeners.append(listener)
        report = await send_image(
            to(listener),
            FIRMWARE,
            b"FW-2",
            settings=QUICK,
            activate=True,
            attempts=2,
            pause_s=0,
            progress=lambda number, _: seen.append(number),
        )
    assert report.status is STATUS.ACTIVATION_SUCCESSFUL
    assert flash.stored == list(range(BLOCKS))
    assert seen[-1] == BLOCKS


async def test_a_meter_that_restarts_over_its_activation_has_begun_it() -> None:
    flash = Flash()
    listeners: list[Any] = []

    def habit(request: Any, answer: Any) -> Any:
        results = answer(request)
        if flash.image.status is STATUS.ACTIVATION_SUCCESSFUL:
            for connection in list(listeners[0].connections):
                connection.drop()
            return None
        return results

    async with at_work(meter_with(flash, habit=habit)) as listener:
        listeners.append(listener)
        async with to(listener) as session:
            report = await session.image(FIRMWARE, "FW-2", activate=True, settings=QUICK)
    assert report.status is STATUS.ACTIVATION_INITIATED
