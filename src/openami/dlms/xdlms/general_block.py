"""General-Block-Transfer: any APDU, ciphered or not, in numbered blocks (Green Book, 9.5)."""

from dataclasses import dataclass
from struct import Struct
from typing import ClassVar, Final, Self

from openami.dlms.xdlms.raw import encode_octets, open_apdu, pack

TAG: Final = 0xE0
#: Tag, block control, block number, block number acknowledged.
LAYOUT = Struct(">BBHH")
#: Blocks a window may hold, and blocks of one exchange.
MAX_WINDOW: Final = 0x3F
MAX_NUMBER: Final = 0xFFFF
LAST, STREAMING = 0x80, 0x40


@dataclass(frozen=True, slots=True)
class GeneralBlockTransfer:
    """A block: its number, the last of the peer's that is here with all before it, and how many may come now."""

    HEAD: ClassVar[bytes] = bytes((TAG,))
    last_block: bool
    streaming: bool
    window: int
    block_number: int
    block_number_ack: int
    block_data: bytes = b""

    def encode(self) -> bytes:
        """Octets of the APDU."""
        control = LAST * self.last_block | STREAMING * self.streaming | self.window
        return pack(LAYOUT, TAG, control, self.block_number, self.block_number_ack) + encode_octets(self.block_data)

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; octets behind it are ignored."""
        reader = open_apdu(apdu, cls.HEAD)
        control, number, acknowledged = reader.u8(), reader.u16(), reader.u16()
        return cls(
            bool(control & LAST),
            bool(control & STREAMING),
            control & MAX_WINDOW,
            number,
            acknowledged,
            reader.octets(),
        )
