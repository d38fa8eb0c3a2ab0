"""Images of a fleet: what meters hold of those on their way, and which run; outlives a kill, block by block."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, Final, NamedTuple, Self, cast

import numpy as np
from numpy.typing import NDArray

from openami.metering.firmware import FACTORY, NAME, Firmware, Slot, Stage, Verdict
from openami.metering.state import MakePart, State
from openami.meters.build import Product
from openami.meters.firmware.blocks import Int32, Store, Transfer
from openami.meters.firmware.faults import Fault, Target, opened
from openami.meters.firmware.image import PARTS, Part, Sealed
from openami.meters.firmware.records import Content, Placed
from openami.meters.firmware.version import Version
from openami.meters.sections.firmware import Firmware as Section
from openami.meters.sections.firmware import TransferRow

Arrays = Mapping[str, NDArray[Any]]
READ_KEPT: Final = 4
NOTHING: Final = Section.model_construct(part={}, transfer={})
"""Of a product whose file says nothing of firmware: no part, no transfer."""


class Installed(NamedTuple):
    """An image that some meter has verified: what is left of it when its blocks are gone."""

    part: int
    identifier: str
    version: str
    signature: str
    size: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The firmware of a product: its model, its section, and transfers and parts in the order of their numbers."""

    model: str
    section: Section

    @classmethod
    def of(cls, product: Product) -> Self:
        """Firmware of a product; of none where its file says nothing of it."""
        return cls(product.head.model, product.firmware or NOTHING)

    @property
    def transfers(self) -> tuple[str, ...]:
        """Names of the image transfer objects."""
        return tuple(self.section.transfer)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Parts of the firmware."""
        return tuple(PARTS[name] for name in self.section.part)

    def state_part(self) -> Mapping[str, MakePart]:
        """Further part of the state of the laws, if there is firmware at all (`Rules.parts`)."""
        if not self.section.part:
            return {}
        rows = self.section.transfer.values()
        slots = (
            Slot(r.verification_s.value, r.activation_s.value, r.activated, r.scheduled, bool(r.fetched)) for r in rows
        )
        return {NAME: Firmware.made(tuple(slots), len(self.section.part))}


class Images:
    """Blocks, transfers and images by number; `record` puts a record in the journal of the fleet."""

    def __init__(self, plan: Plan, laws: State) -> None:
        self.plan = plan
        self.laws = laws
        self.store = Store()
        self.transfers: dict[tuple[int, int], Transfer] = {}
        self.installed: list[Installed] = []
        self.record: Callable[[Content | Placed], None] | None = None
        self.kept: dict[bytes, Int32] = {}
        self.read: dict[bytes, Sealed | Fault] = {}

    @property
    def state(self) -> Firmware:
        """What the laws know of it."""
        return self.laws.part(NAME, Firmware)

    def row(self, slot: int) -> TransferRow:
        """Row of a transfer."""
        return self.plan.section.transfer[self.plan.transfers[slot]]

    # What clients ask for

    def begin(self, meter: int, slot: int, identifier: bytes, size: int) -> Transfer:
        """Begin a transfer, or go on with the one of the same image that is under way."""
        held = self.transfers.get((meter, slot))
        is_under_way = self.state.stage[slot, meter] == Stage.INITIATED
        self.state.begin(slot, meter)
        if held is None or not is_under_way or (held.identifier, held.size) != (identifier, size):
            held = Transfer.begun(identifier, size, self.row(slot).block_size.value)
            self.transfers[meter, slot] = held
        return held

    def take(self, meter: int, slot: int, block: int, octets: bytes) -> None:
        """Take a block; what is not known yet goes into the journal."""
        number = self.store.number(octets)
        if number is None:
            number = self.store.following
            self.keep(Content(number, octets))
        if int(self.transfers[meter, slot].blocks[block]) != number:
            self.place(Placed(meter, slot, block, number))

    def keep(self, content: Content) -> None:
        """Keep the content of a block, now or once more."""
        self.store.put(content.number, content.octets)
        self.tell(content)

    def place(self, placed: Placed) -> None:
        """Put a content into its place in an image; images that are whole are kept once."""
        held = self.transfers[placed.meter, placed.slot]
        blocks = held.blocks if held.blocks.flags.writeable else held.blocks.copy()
        blocks[placed.block] = placed.content
        held.blocks = blocks
        if held.is_whole:
            held.blocks = self.kept.setdefault(blocks.tobytes(), blocks)
            held.blocks.flags.writeable = False
        self.tell(placed)

    def tell(self, record: Content | Placed) -> None:
        """Put a record in the journal, if there is one."""
        if self.record is not None:
            self.record(record)

    def verify(self, meter: int, slot: int) -> None:
        """Begin to verify the image of a slot, which is whole."""
        held = self.transfers[meter, slot]
        sealed = self.sealed(held.blocks)
        held.fault = sealed if isinstance(sealed, Fault) else self.target(meter, slot).judge(sealed)
        if held.fault is not Fault.NONE or isinstance(sealed, Fault):
            self.state.verify(self.laws, slot, meter, Verdict.REFUSED, part=0)
            return
        image = sealed.image
        verdict = Verdict.DEFECTIVE if image.is_defective else Verdict.SOUND
        part = self.plan.parts.index(image.part)
        self.state.verify(self.laws, slot, meter, verdict, part=part, image=self.number(sealed, held.size))

    def sealed(self, blocks: Int32) -> Sealed | Fault:
        """Read an image; many meters are sent the same one, so it is read once."""
        key = blocks.tobytes()
        if key not in self.read:
            if len(self.read) >= READ_KEPT:
                self.read.clear()
            self.read[key] = opened(self.store.joined(blocks))
        return self.read[key]

    def number(self, sealed: Sealed, size: int) -> int:
        """Number of an image among those installed."""
        image = sealed.image
        entry = Installed(image.part, image.identifier.hex(), image.version.text, sealed.signature.hex(), size)
        if entry not in self.installed:
            self.installed.append(entry)
        return self.installed.index(entry)

    def target(self, meter: int, slot: int) -> Target:
        """Say what the image of a slot is measured against."""
        return Target(
            self.plan.model, self.plan.section, self.row(slot), self.transfers[meter, slot].identifier,
            {part.word: self.version(meter, part) for part in self.plan.parts},
            bool(self.state.in_factory[meter]),
        )  # fmt: skip

    # What runs

    def running(self, meter: int, part: Part) -> Installed | None:
        """Image that a part runs; None for the firmware from the factory."""
        number = int(self.state.active[self.plan.parts.index(part), meter])
        return None if number == FACTORY else self.installed[number]

    def version(self, meter: int, part: Part) -> Version:
        """Version that a part runs."""
        installed = self.running(meter, part)
        from_factory = (row.version for name, row in self.plan.section.part.items() if name == part.word)
        return Version(next(from_factory) if installed is None else installed.version)

    def held(self, meter: int, slot: int) -> Installed | None:
        """Image that a slot holds verified."""
        number = int(self.state.image[slot, meter])
        return None if number == FACTORY else self.installed[number]

    def fault(self, meter: int, slot: int) -> Fault:
        """Why the image of a slot was refused."""
        held = self.transfers.get((meter, slot))
        return Fault.NONE if held is None else held.fault

    # Files

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copy all into plain arrays; contents and lists that nobody holds are forgotten."""
        lists = {id(held.blocks): held.blocks for held in self.transfers.values()}
        self.store.keep_only(lists.values())
        self.kept = {blocks.tobytes(): blocks for blocks in lists.values() if not blocks.flags.writeable}
        order = {key: number for number, key in enumerate(lists)}
        document = {
            "following": self.store.following,
            "installed": self.installed,
            "lists": [len(blocks) for blocks in lists.values()],
            "sizes": [[number, len(octets)] for number, octets in self.store.contents.items()],
            "transfers": [
                [*place, held.identifier.hex(), held.size, held.block_size, order[id(held.blocks)], int(held.fault)]
                for place, held in self.transfers.items()
            ],
        }
        return {
            "images.document": octets_of(json.dumps(document).encode()),
            "images.blocks": np.concatenate([np.zeros(0, np.int32), *lists.values()]),
            "images.contents": octets_of(b"".join(self.store.contents.values())),
        }

    def restore(self, arrays: Arrays) -> None:
        """Take up what `snapshot` gave; one of before there were images holds none."""
        if "images.document" not in arrays:
            return
        document = cast("dict[str, Any]", json.loads(arrays["images.document"].tobytes()))
        contents, offset = arrays["images.contents"].tobytes(), 0
        for number, size in document["sizes"]:
            self.store.put(number, contents[offset : offset + size])
            offset += size
        self.store.following = document["following"]
        self.installed = [Installed(*fields) for fields in document["installed"]]
        ends = list(accumulate(cast("list[int]", document["lists"]), initial=0))
        blocks: list[Int32] = [self.shared(arrays["images.blocks"][start:end].copy()) for start, end in pairwise(ends)]
        for meter, slot, identifier, size, block_size, number, fault in document["transfers"]:
            held = Transfer(bytes.fromhex(identifier), size, block_size, blocks[int(number)], Fault(fault))
            self.transfers[meter, slot] = held

    def shared(self, blocks: Int32) -> Int32:
        """Keep a whole list once, for all meters that hold it."""
        if (blocks >= 0).all():
            blocks = self.kept.setdefault(blocks.tobytes(), blocks)
            blocks.flags.writeable = False
        return blocks


def octets_of(data: bytes) -> NDArray[np.uint8]:
    """Octets as an array."""
    return np.frombuffer(data, np.uint8)
