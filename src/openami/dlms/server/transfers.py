"""Requests in flight and long transfers of one association (Green Book, 9.3.6 to 9.3.8)."""

from typing import Final, Generic, NamedTuple, TypeVar

from openami.core.errors import DecodeError
from openami.dlms.axdr import Reader
from openami.dlms.security import Ciphering, Way
from openami.dlms.server.events import Items, Kind
from openami.dlms.xdlms import Conformance, DataBlock
from openami.dlms.xdlms.blocks import Cut, Gathered
from openami.dlms.xdlms.descriptors import decode_values

T = TypeVar("T")
INVOKE_ID: Final = 0x0F
CONFIRMED: Final = 0x40
_GBT: Final = int(Conformance.GENERAL_BLOCK_TRANSFER)


class Pending(NamedTuple):
    """A request that is complete and waits for the shell's answer."""

    kind: Kind
    invoke: int
    way: Way
    items: Items
    is_list: bool = False
    #: Number of the block that completed the request, none when it came whole.
    block_number: int | None = None
    #: Whether the request came by general block transfer: its answer goes the same way, of any length.
    is_streamed: bool = False
    #: Whether the request, an ACCESS, is answered.
    is_confirmed: bool = True
    #: Numbers of items that are refused without asking the shell.
    unknown: tuple[int, ...] = ()
    #: Tag of the request where it is one by short names, which decides how it is answered.
    short: int = 0


class Terms:
    """What was negotiated: services, and how long an APDU the client takes.

    `prefers_gbt` says whether long answers leave by general block transfer where a service has blocks too.
    """

    __slots__ = ("ciphering", "conformance", "is_streamed", "limit", "prefers_gbt")

    def __init__(self, conformance: Conformance, limit: int, ciphering: Ciphering | None) -> None:
        self.conformance = int(conformance)
        self.limit = limit
        self.ciphering = ciphering
        self.prefers_gbt = False
        #: Whether the request that is taken now comes by general block transfer.
        self.is_streamed = False

    def room(self, way: Way) -> int:
        """Octets of a plain APDU that the client takes once it is ciphered."""
        if way is None or self.ciphering is None:
            return self.limit
        return self.ciphering.room(*way, self.limit)

    def allow(self, bit: Conformance) -> bool:
        """Whether a service was negotiated."""
        return bool(self.conformance & int(bit))

    def sends_whole(self, pending: Pending, blocks: int = 0) -> bool:
        """Whether a long answer leaves whole, by general block transfer, not in these blocks of its service."""
        if pending.is_streamed:
            return True
        conformance = self.conformance
        return bool(conformance & _GBT) and (self.prefers_gbt or not conformance & blocks)


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
