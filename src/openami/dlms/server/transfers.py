"""Requests in flight and long transfers of one association (Green Book, 9.3.6 to 9.3.8)."""

from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

from openami.core.errors import DecodeError
from openami.dlms.axdr import Reader
from openami.dlms.security import Ciphering, Form
from openami.dlms.server.events import ActionItem, Kind, SetItem
from openami.dlms.xdlms import AttributeItem, Conformance, DataBlock
from openami.dlms.xdlms.blocks import Cut, Gathered
from openami.dlms.xdlms.descriptors import decode_values

T = TypeVar("T")
#: How a request came, and its answer goes: form and security control; None is in clear.
Way: TypeAlias = tuple[Form, int] | None
Items: TypeAlias = tuple[AttributeItem, ...] | tuple[SetItem, ...] | tuple[ActionItem, ...]
INVOKE_ID: Final = 0x0F
CONFIRMED: Final = 0x40


class Pending(NamedTuple):
    """A request that is complete and waits for the shell's answer."""

    kind: Kind
    invoke: int
    way: Way
    items: Items
    is_list: bool = False
    #: Number of the block that completed the request, none when it came whole.
    block_number: int | None = None


class Terms:
    """What was negotiated: services, and how long an APDU the client takes."""

    __slots__ = ("ciphering", "conformance", "limit")

    def __init__(self, conformance: Conformance, limit: int, ciphering: Ciphering | None) -> None:
        self.conformance = int(conformance)
        self.limit = limit
        self.ciphering = ciphering

    def room(self, way: Way) -> int:
        """Octets of a plain APDU that the client takes once it is ciphered."""
        if way is None or self.ciphering is None:
            return self.limit
        return self.ciphering.room(*way, self.limit)

    def allow(self, bit: Conformance) -> bool:
        """Whether a service was negotiated."""
        return bool(self.conformance & int(bit))


class Leaving:
    """A long answer; only a next-request with the same invoke id gets the next block."""

    __slots__ = ("cut", "invoke")

    def __init__(self, invoke: int, value: bytes) -> None:
        self.invoke = invoke
        self.cut = Cut(value)

    def is_asked_by(self, invoke: int) -> bool:
        """Whether a next-request with this invoke id belongs to the answer."""
        return not (self.invoke ^ invoke) & INVOKE_ID


class Arriving(Generic[T]):
    """A long request: what is to be written or invoked, and the value so far."""

    __slots__ = ("gathered", "is_list", "targets")

    def __init__(self, targets: tuple[T, ...], *, is_list: bool) -> None:
        self.targets = targets
        self.is_list = is_list
        self.gathered = Gathered()

    def follows(self, block: DataBlock) -> bool:
        """Whether a block is the next."""
        return block.block_number == self.gathered.number + 1

    def add(self, block: DataBlock) -> None:
        """Take the next block."""
        self.gathered.add(block.block_number, block.raw_data, last=block.last_block)

    def values(self) -> tuple[bytes, ...]:
        """Take apart what came in blocks: a value for the one target, or a list with one for each."""
        whole = self.gathered.value()
        if not self.is_list:
            if not whole:
                raise DecodeError("value without any octet")
            return (whole,)
        reader = Reader(whole)
        found = decode_values(reader)
        reader.finish()
        if len(found) != len(self.targets):
            raise DecodeError(f"{len(found)} values for {len(self.targets)} targets")
        return found
