"""Firmware as clients see it: image transfer objects, versions and signatures, the activation schedule."""

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import Any

from openami.core.errors import AccessError, ActionError, DefinitionError, LocalProtocolError
from openami.core.time import ANY_YEAR, CosemDate, CosemDateTime, CosemTime
from openami.cosem.image_transfer import Image, ImageInitiate, ImageToActivate, ImageTransferStatus
from openami.cosem.scripts import ExecutionTime
from openami.dlms.xdlms import ActionResult, DataAccessResult
from openami.metering.columns import NEVER
from openami.metering.firmware import Stage
from openami.meters.build import Definition
from openami.meters.firmware.image import PARTS, Part
from openami.meters.firmware.images import Images
from openami.meters.view import Law, View

HOLDS_IMAGE = frozenset(
    {
        Stage.VERIFICATION_SUCCESSFUL,
        Stage.ACTIVATION_INITIATED,
        Stage.ACTIVATION_SUCCESSFUL,
        Stage.ACTIVATION_FAILED,
    }
)


class Desk:
    """Takes the image of one slot of one meter (`cosem.image_transfer.ImageSink`)."""

    def __init__(self, view: View, slot: int) -> None:
        self.images: Images = view.holding.images
        self.meter = view.meter
        self.slot = slot
        self.row = self.images.row(slot)

    @property
    def stage(self) -> Stage:
        """How far the image of the slot has come."""
        return Stage(self.images.state.stage[self.slot, self.meter])

    def image(self) -> "Held":
        """Give the transfer as it stands."""
        transfer = self.images.transfers.get((self.meter, self.slot))
        status = ImageTransferStatus(self.stage)
        if transfer is None:
            return Held(self, block_size=self.row.block_size.value, status=status)
        return Held(
            self,
            block_size=transfer.block_size,
            identifier=transfer.identifier,
            size=transfer.size,
            received=transfer.received,
            status=status,
            found=self.found(),
        )

    def begin(self, identifier: bytes, size: int) -> None:
        """Begin a transfer, or go on with one."""
        if size > self.row.octets.value:
            raise ActionError(ActionResult.OTHER_REASON, f"image of {size} octets, room for {self.row.octets.value}")
        self.images.begin(self.meter, self.slot, identifier, size)

    def store(self, offset: int, block: bytes) -> None:
        """Keep a block."""
        size = self.images.transfers[self.meter, self.slot].block_size
        self.images.take(self.meter, self.slot, offset // size, block)

    def verify(self, _image: Image) -> list[ImageToActivate] | None:
        """Verify the image: what it holds, nothing if it is refused, None while that runs."""
        if not self.images.state.is_running(self.slot, self.meter):
            self.images.verify(self.meter, self.slot)
        return None if self.stage is Stage.VERIFICATION_INITIATED else self.found()

    def activate(self, _image: Image) -> bool | None:
        """Activate the image: whether it runs, None while the meter is at it."""
        self.images.state.activate(self.images.laws, self.slot, self.meter)
        return None if self.stage is Stage.ACTIVATION_INITIATED else self.stage is Stage.ACTIVATION_SUCCESSFUL

    def found(self) -> list[ImageToActivate]:
        """Describe the image that is verified."""
        held = self.images.held(self.meter, self.slot) if self.stage in HOLDS_IMAGE else None
        if held is None:
            return []
        return [ImageToActivate(held.size, bytes.fromhex(held.identifier), bytes.fromhex(held.signature))]


class Held(Image):
    """The transfer of one meter, as it stands for one request."""

    def __init__(self, desk: Desk, **state: Any) -> None:
        super().__init__(**state)
        self.desk = desk

    def begin(self, initiate: ImageInitiate) -> None:
        """Begin a transfer, or go on with one of the same image."""
        try:
            self.desk.begin(*initiate)
        except LocalProtocolError as error:
            raise ActionError(ActionResult.TEMPORARY_FAILURE, str(error)) from error


def image_transfer(definition: Definition, view: View) -> Mapping[str, Any]:
    """Give what an image transfer object is made with; nothing where the product says nothing of it."""
    if definition.name not in view.holding.images.plan.transfers:
        return {}
    desk = Desk(view, view.holding.images.plan.transfers.index(definition.name))
    return {"image": desk.image(), "sink": desk}


# Versions


def version(part: Part, view: View) -> bytes:
    """Version that a part runs."""
    return view.holding.images.version(view.meter, part).text.encode()


def signature(part: Part, view: View) -> bytes:
    """Signature of what a part runs; a digest stands for that of the firmware from the factory."""
    installed = view.holding.images.running(view.meter, part)
    if installed is not None:
        return bytes.fromhex(installed.signature)
    return hashlib.blake2b(f"{view.holding.product.slug} {part.word}".encode(), digest_size=16).digest()


def booted(view: View) -> tuple[tuple[str, str], ...]:
    """Name what starts one after the other when power comes, each with the version that runs."""
    images = view.holding.images
    versions = {part.word: images.version(view.meter, part).text for part in images.plan.parts}
    stages = (stage.partition(":") for stage in images.plan.section.boot)
    return tuple((name, versions.get(part, "")) for name, _, part in stages)


# Schedule


def read_schedule(view: View) -> list[ExecutionTime]:
    """Read the time at which verified images are activated; none if that is not scheduled."""
    time, date = view.holding.images.state.moment_of(view.meter)
    return [] if time == CosemTime() and date == CosemDate() else [ExecutionTime(time, date)]


def write_schedule(view: View, times: list[ExecutionTime]) -> None:
    """Set it; a schedule of this type has one time, an empty list takes it back."""
    if len(times) > 1:
        raise AccessError(DataAccessResult.TYPE_UNMATCHED, "the schedule has one execution time")
    time, date = times[0] if times else (CosemTime(), CosemDate())
    view.holding.images.state.set_moment(view.laws, view.meter, time, date)


# Fetching: the module gets its image itself


def read_fetch_time(view: View) -> bytes:
    """Read the time at which the module fetches its image, as a date-time; all not specified if that is not set."""
    at = int(view.holding.images.state.fetch_at[view.meter])
    return (CosemDateTime() if at == NEVER else view.dst_rule.stamp(at)).encode()


def write_fetch_time(view: View, octets: bytes) -> None:
    """Set that time, a date-time of the meter's clock; one whose year is not specified takes it back."""
    time = CosemDateTime.decode(octets)
    rule = view.dst_rule
    at = NEVER
    if time.year != ANY_YEAR:
        default, _ = rule.offset(rule.local_to_utc(time.local_seconds()))
        at = time.to_utc(default)
    view.holding.images.state.fetch_at[view.meter] = at


# By hand


def set_factory(view: View, *, value: bool) -> None:
    """Put a meter into its factory mode, in which the legal part is taken, or out of it."""
    if view.holding.product.firmware is None:
        raise DefinitionError("this product has no firmware that changes")
    view.holding.images.state.in_factory[view.meter] = value


LAWS: Mapping[str, Law] = {
    **{f"firmware.{name}.identifier": Law(partial(version, part)) for name, part in PARTS.items()},
    **{f"firmware.{name}.signature": Law(partial(signature, part)) for name, part in PARTS.items()},
    "firmware.schedule": Law(read_schedule, write_schedule),
    "firmware.fetch_time": Law(read_fetch_time, write_fetch_time),
}
