"""Modules that get their image themselves: from a location that is set, at a time that is set."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np

from openami.core.obis import OBIS
from openami.cosem.image_transfer import BLOCK, INITIATE, ImageBlock, ImageInitiate, ImageTransfer
from openami.dlms.data import INT8
from openami.dlms.server import ActionItem
from openami.meters.device import made
from openami.meters.firmware.faults import opened
from openami.meters.firmware.image import Sealed
from openami.meters.firmware.images import Images
from openami.meters.view import View

Downloads: TypeAlias = Callable[[str], bytes | None]
"""The meters' internet: what stands at a location; None if nothing does."""


def folder(path: Path) -> Downloads:
    """Take a folder for the internet: the last part of a location names a file in it."""

    def found(location: str) -> bytes | None:
        name = location.rpartition("/")[2]
        file = path / name
        is_plain = name not in ("", ".", "..") and "\\" not in name and "\0" not in name
        return file.read_bytes() if is_plain and file.is_file() else None

    return found


def wanting(images: Images) -> Iterator[tuple[int, str]]:
    """Meters that are to fetch an image by now, each with the transfer that it is for."""
    for name, row in images.plan.section.transfer.items():
        if row.fetched:
            yield from ((int(meter), name) for meter in np.flatnonzero(images.state.wants))


def location_of(view: View, name: str) -> str:
    """Location that is set for a transfer."""
    holder = view.holding.images.plan.section.transfer[name].fetched
    value = getattr(made(view.holding.product.by_name[holder], view), "value", b"")
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def upgrade_steps(name: OBIS, data: bytes, block_size: int) -> Iterator[ActionItem]:
    """What a module does with an image, in the words of the transfer object: its journal is then that of a client."""
    sealed = opened(data)
    identifier = sealed.image.identifier if isinstance(sealed, Sealed) else b"?"
    yield ImageTransfer.image_transfer_initiate.at(name), INITIATE.encode(ImageInitiate(identifier, len(data)))
    for number in range(-(-len(data) // block_size)):
        block = ImageBlock(number, data[number * block_size : (number + 1) * block_size])
        yield ImageTransfer.image_block_transfer.at(name), BLOCK.encode(block)
    yield ImageTransfer.image_verify.at(name), INT8.encode(0)
    yield ImageTransfer.image_activate.at(name), INT8.encode(0)
