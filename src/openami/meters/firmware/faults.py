"""Judging an image: what a meter holds against it before it lets it run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from openami.core.errors import DecodeError
from openami.dlms.security.curve import P256, PublicKey
from openami.meters.firmware.image import Part, Sealed, TruncatedError
from openami.meters.firmware.version import Version
from openami.meters.sections.firmware import Firmware, PartRow, TransferRow


class Fault(IntEnum):
    """Why an image is refused."""

    NONE = 0
    NO_IMAGE = 1
    TRUNCATED = 2
    DAMAGED = 3
    BAD_SIGNATURE = 4
    WRONG_MODEL = 5
    WRONG_IDENTIFIER = 6
    WRONG_PART = 7
    FACTORY_ONLY = 8
    WRONG_VERSION = 9
    OLDER = 10
    TOO_FAR = 11


@dataclass(frozen=True, slots=True)
class Target:
    """The meter an image is for: its model, what runs on it, and by which transfer the image has come."""

    model: str
    section: Firmware
    transfer: TransferRow
    identifier: bytes
    running: Mapping[str, Version]
    is_in_factory: bool = False

    def judge(self, sealed: Sealed) -> Fault:
        """Find the first fault of an image; NONE if it may run."""
        return next((fault for fault, is_there in self.faults(sealed) if is_there), Fault.NONE)

    def faults(self, sealed: Sealed) -> Iterator[tuple[Fault, bool]]:
        """Ask one thing after the other, what proves it genuine first: later answers need the earlier ones."""
        image, stated = sealed.image, self.transfer.identifier.encode()
        maker = PublicKey.decode(P256, bytes.fromhex(self.section.key))
        yield Fault.DAMAGED, not sealed.is_intact
        yield Fault.BAD_SIGNATURE, not sealed.is_signed_by(maker)
        yield Fault.WRONG_MODEL, image.model != self.model
        yield Fault.WRONG_IDENTIFIER, image.identifier != self.identifier or stated not in (b"", image.identifier)
        yield Fault.WRONG_PART, image.part.word not in self.transfer.parts
        yield Fault.FACTORY_ONLY, self.part(image.part).factory_only and not self.is_in_factory
        running = self.running[image.part.word]
        yield Fault.WRONG_VERSION, image.version.form != running.form
        yield Fault.OLDER, image.version.is_older(running) and not self.section.downgrade
        yield Fault.TOO_FAR, image.least is not None and running.is_older(image.least)

    def part(self, part: Part) -> PartRow:
        """Find the row of a part."""
        return next(row for name, row in self.section.part.items() if name == part.word)


def opened(data: bytes) -> Sealed | Fault:
    """Read an image, or say why it is none."""
    try:
        return Sealed.decode(data)
    except TruncatedError:
        return Fault.TRUNCATED
    except DecodeError:
        return Fault.NO_IMAGE
