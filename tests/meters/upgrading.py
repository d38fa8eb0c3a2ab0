"""Firmware images for a CompactIQ, and what a client does with them."""

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from meters.small_fleet import Company, Talk
from openami.cosem.image_transfer import ImageBlock, ImageInitiate, ImageTransfer, ImageTransferStatus
from openami.cosem.registers import Data
from openami.dlms.security.curve import P256, PrivateKey
from openami.dlms.xdlms import ActionResult
from openami.meters.firmware.image import FirmwareImage, Part, simulated_maker
from openami.meters.firmware.version import Version

METER, MODEM, SCHEDULE = "0.0.44.0.0.255", "0.5.44.0.0.255", "0.0.15.0.2.255"
LEGAL, APPLICATION, MODULE = "1.0.0.2.0.255", "1.1.0.2.0.255", "1.2.0.2.0.255"
APPLICATION_SIGNATURE = "1.1.0.2.8.255"
STATUS = ImageTransferStatus
BLOCK = 512
ACTIVATION_S = 30
READY, ACTIVATED, SELF_CHECK, MODEM_UPGRADED = 17, 18, 20, 21
OLD, NEW = b"01 02 03 04", b"01 02 03 05"

OTHER_MAKER = PrivateKey.draw(P256, Random(3).randbytes)


@cache
def content(octets: int = 5_000) -> bytes:
    """Content of an image, in which no two blocks are alike."""
    return Random(octets).randbytes(octets)


def made(maker: PrivateKey | None = None, **changes: Any) -> bytes:
    """Make a good image for the non-legal part, unless told otherwise."""
    facts: dict[str, Any] = {
        "identifier": b"KFM-03",
        "model": "IQ0404100K1-R",
        "part": Part.NON_LEGAL,
        "version": Version("01 02 03 05"),
        "content": content(),
    }
    return FirmwareImage(**(facts | changes)).encode(maker or simulated_maker())


def modem_image() -> bytes:
    """Make a good image for the LTE modem."""
    return made(identifier=b"LTE", part=Part.MODEM, version=Version("01_02_04"))


@dataclass
class Upgrade:
    """A client at one image transfer object of one meter."""

    company: Company
    image: bytes
    name: str = METER
    identifier: bytes = b"KFM-03"
    meter: int = 0

    @property
    def talk(self) -> Talk:
        """The one association with this meter."""
        talks: dict[int, Talk] = vars(self.company).setdefault("talks", {})
        if self.meter not in talks:
            talks[self.meter] = self.company.talk(self.meter)
        return talks[self.meter]

    @property
    def blocks(self) -> int:
        return -(-len(self.image) // BLOCK)

    @property
    def status(self) -> ImageTransferStatus:
        return STATUS(self.get(ImageTransfer.image_transfer_status))

    def get(self, key: Any) -> Any:
        return self.company.read(key, self.name, self.meter)

    def initiate(self, size: int = 0) -> ActionResult:
        given = ImageInitiate(self.identifier, size or len(self.image))
        return self.talk.act(ImageTransfer.image_transfer_initiate, self.name, given)

    def send(self, *numbers: int) -> list[ActionResult]:
        return [
            self.talk.act(
                ImageTransfer.image_block_transfer,
                self.name,
                ImageBlock(number, self.image[number * BLOCK : (number + 1) * BLOCK]),
            )
            for number in numbers
        ]

    def verify(self) -> ActionResult:
        return self.talk.act(ImageTransfer.image_verify, self.name)

    def activate(self) -> ActionResult:
        return self.talk.act(ImageTransfer.image_activate, self.name)

    def transfer(self) -> "Upgrade":
        """Initiate and send all."""
        assert self.initiate() is ActionResult.SUCCESS
        assert set(self.send(*range(self.blocks))) == {ActionResult.SUCCESS}
        return self

    def verified(self) -> "Upgrade":
        """Transfer and verify."""
        assert self.transfer().verify() is ActionResult.SUCCESS
        return self


def versions(company: Company, meter: int = 0) -> list[bytes]:
    """Versions that the parts of a meter run: legal, application, modem."""
    return [company.read(Data.value, name, meter) for name in (LEGAL, APPLICATION, MODULE)]


def codes(company: Company, meter: int = 0) -> list[int]:
    """Codes of the standard log that firmware has, the oldest first."""
    ring = company.fleet.holding.laws.logs["standard"]
    count = int(ring.count[meter])
    rows = [int(ring.rows[meter, number % ring.capacity]["code"]) for number in range(max(0, count - 100), count)]
    return [code for code in rows if code in {READY, ACTIVATED, SELF_CHECK, MODEM_UPGRADED}]
