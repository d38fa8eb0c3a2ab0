"""What is done in a session: missing blocks, verification, activation, and the version read back."""

import hashlib
from functools import partial
from typing import Final

from openami.aio.image import ACTIVATED, Firmware, ImageSettings, begin, carry_out
from openami.aio.image import transfer as transfer_image
from openami.core.errors import AmiError
from openami.core.obis import OBIS
from openami.cosem.image_transfer import ImageToActivate, ImageTransfer, ImageTransferStatus
from openami.cosem.registers import Data
from openami.dlms.data import OCTET_STRING
from openami.headend.firmware import keeping
from openami.headend.firmware.payloads import Activate, Activated, Facts, Transfer, Transferred
from openami.headend.orders.kinds import OrderFailedError, Session

CONTENTS: Final[dict[str, bytes]] = {}
"""The image that was last sent, by its hash: a campaign sends one to thousands."""
READY: Final = {ImageTransferStatus.VERIFICATION_SUCCESSFUL, ImageTransferStatus.ACTIVATION_INITIATED}


async def transfer(session: Session, wanted: Transfer) -> Transferred:
    """Send what is missing and have the whole verified; taken up again where a link broke."""
    at, meter, now = (wanted.campaign, session.order.meter), session.meter, int(session.now())
    tries, is_initiated = await session.store(partial(keeping.try_, at=at, now=now))
    if tries > wanted.most_tries:
        raise OrderFailedError(f"given up: its link broke in each of {wanted.most_tries} sessions")
    before = await version(session, wanted)
    await session.store(partial(keeping.note_before, at=at, version=before))
    if before == wanted.version:
        return Transferred(before=before, blocks=0, sent=0, is_running=True)
    if wanted.from_versions and before not in wanted.from_versions:
        raise OrderFailedError(f"it runs {before}; this image may only follow {', '.join(wanted.from_versions)}")
    content, place = await _content(session, wanted), OBIS.parse(wanted.transfer_at)
    firmware = Firmware(content, bytes.fromhex(wanted.identifier), place)
    if not await meter.get(ImageTransfer.image_transfer_enabled, place):
        await meter.set(ImageTransfer.image_transfer_enabled, place, value=True)
    if not is_initiated:
        # Whatever another campaign has left there is not ours to go on with.
        await begin(meter, firmware, resume=False)
        await session.store(partial(keeping.initiated, at=at))
    sent = 0

    def count(_done: int, _blocks: int) -> None:
        nonlocal sent
        sent += 1

    try:
        report = await transfer_image(
            meter, firmware, resume=True, activate=False, settings=_patience(session), progress=count
        )
    except (AmiError, OSError):
        await session.store(partial(keeping.count, at=at, sent=sent))
        raise
    _demand_held(report.images, wanted, len(content))
    return Transferred(before=before, blocks=report.blocks, sent=sent, is_running=False)


async def activate(session: Session, wanted: Activate) -> Activated:
    """Activate, wait for the end of it, read the version."""
    if (found := await is_active(session, wanted)) is not None:
        return found
    place = OBIS.parse(wanted.transfer_at)
    status = await session.meter.get(ImageTransfer.image_transfer_status, place)
    if status not in READY:
        raise OrderFailedError(f"it holds no verified image: {status.name.lower().replace('_', ' ')}")
    images = await session.meter.get(ImageTransfer.image_to_activate_info, place)
    _demand_held(tuple(images), wanted, None)
    await carry_out(session.meter, place, ImageTransfer.image_activate, ACTIVATED, _patience(session))
    after = await version(session, wanted)
    if after != wanted.version:
        raise OrderFailedError(f"it runs {after} after the activation, not {wanted.version}")
    return Activated(after=after)


async def is_active(session: Session, wanted: Activate) -> Activated | None:
    """Tell whether it runs the version already; a meter that restarts over it takes the link with it."""
    found = await version(session, wanted)
    return Activated(after=found) if found == wanted.version else None


async def version(session: Session, wanted: Facts) -> str:
    """Read the version that runs; as hexadecimal where it is no text."""
    octets = await session.meter.get_raw(Data.value.at(wanted.version_at))
    value, _ = OCTET_STRING.decode(octets)
    text = value.decode("latin-1")
    return text if text.isascii() and text.isprintable() else value.hex()


async def _content(session: Session, wanted: Facts) -> bytes:
    """Fetch the image, and see that it is the one that was approved."""
    found = CONTENTS.get(wanted.sha256)
    if found is None:
        found = await session.store(partial(keeping.content, image=wanted.image))
        if hashlib.sha256(found).hexdigest() != wanted.sha256:
            raise OrderFailedError("the image that is kept here is not the one that was approved")
        CONTENTS.clear()
        CONTENTS[wanted.sha256] = found
    return found


def _demand_held(images: tuple[ImageToActivate, ...], wanted: Facts, size: int | None) -> None:
    """Refuse an image that is not ours; what a meter does not tell is not asked of it."""
    identifier = bytes.fromhex(wanted.identifier)
    for image in images:
        if image.image_to_activate_identification == identifier and size in {None, image.image_to_activate_size}:
            return
    if images:
        held = images[0].image_to_activate_identification.hex()
        raise OrderFailedError(f"it holds the image {held} of {images[0].image_to_activate_size} octets, not ours")


def _patience(session: Session) -> ImageSettings:
    chosen = session.settings.firmware
    return ImageSettings(poll_s=chosen.poll_s, patience_s=chosen.patience_s)
