"""Pushes in general-block-transfer: streamed without confirmation, as meters do, or in windows (Green Book, 9.4.6)."""

from dataclasses import dataclass, field, replace
from typing import Final

from openami.core.errors import DecodeError, EncodeError
from openami.dlms.gbt import Transfer
from openami.dlms.push.framing import Origin, cut
from openami.dlms.push.segments import Unreadable, unreadable
from openami.dlms.xdlms import GeneralBlockTransfer
from openami.dlms.xdlms.blocks import payload
from openami.dlms.xdlms.general_block import MAX_NUMBER

TAG: Final = 224
ROOM: Final = 128
"""What we send in blocks is empty."""

WINDOW: Final = 16
MAX_OPEN: Final = 4
"""Senders on one line whose blocks may arrive at the same time."""

RESENT: Final = 2
"""How often every block may come, before the exchange is taken to be none."""

EMPTY: Final = GeneralBlockTransfer(last_block=False, streaming=True, window=0, block_number=0, block_number_ack=0)


@dataclass(slots=True)
class Exchange:
    """The blocks of one sender: how many octets came in them, and the number of the last block that went back."""

    transfer: Transfer = field(default_factory=lambda: Transfer(ROOM, WINDOW))
    octets: int = 0
    answered: int = 0

    def confirmation(self, last: GeneralBlockTransfer) -> bytes:
        """Tell the sender of the last block that all are here; a block that it has not seen is sent in its place."""
        is_seen = last.block_number_ack >= self.answered
        number = self.answered + 1 if is_seen else self.answered
        return replace(
            EMPTY,
            last_block=True,
            streaming=False,
            window=WINDOW,
            block_number=number,
            block_number_ack=last.block_number,
        ).encode()


class Blocks:
    """Puts the blocks of the senders on one line together; of too many at once the first are forgotten."""

    __slots__ = ("_limit", "_open")

    def __init__(self, limit: int) -> None:
        """Refuse APDUs of more than `limit` octets."""
        self._limit = limit
        self._open: dict[Origin, Exchange] = {}

    @property
    def is_waiting(self) -> bool:
        """Whether blocks are still to come."""
        return bool(self._open)

    def add(self, origin: Origin, apdu: bytes) -> tuple[bytes | None, list[bytes]]:
        """Take a block: the APDU once it is whole, and what is to be answered."""
        block = GeneralBlockTransfer.decode(apdu)
        exchange = self._exchange(origin, block)
        exchange.octets += len(block.block_data)
        if exchange.octets > RESENT * self._limit:
            del self._open[origin]
            raise DecodeError(f"blocks of an APDU of more than {self._limit} octets")
        whole, answers = exchange.transfer.receive(block)
        if exchange.transfer.is_complete:
            del self._open[origin]
            answers = [] if block.streaming else [exchange.confirmation(block)]
        elif answers:
            exchange.answered = GeneralBlockTransfer.decode(answers[-1]).block_number
        return whole, answers if block.window else []

    def give_up(self) -> list[Unreadable]:
        """What cannot be completed any more, because the line is silent."""
        lost = [unreadable("blocks of a push are missing", x.transfer.first or b"") for x in self._open.values()]
        self._open.clear()
        return lost

    def _exchange(self, origin: Origin, block: GeneralBlockTransfer) -> Exchange:
        """The exchange that a block belongs to; a first block that is another begins a new one."""
        exchange = self._open.pop(origin, None)
        if exchange is None or (block.block_number == 1 and exchange.transfer.first not in (None, block.block_data)):
            exchange = Exchange()
        self._open[origin] = exchange
        held = sum(each.octets for each in self._open.values())
        if len(self._open) > MAX_OPEN or (len(self._open) > 1 and held > RESENT * self._limit):
            del self._open[next(iter(self._open))]
        return exchange


def in_blocks(apdu: bytes, max_pdu: int) -> list[bytes]:
    """An APDU as blocks that nobody confirms, each an APDU of at most `max_pdu` octets; as it is where it fits."""
    if len(apdu) <= max_pdu:
        return [apdu]
    size = payload(max_pdu, EMPTY.encode())
    count = -(-len(apdu) // max(size, 1))
    if size < 1 or count > MAX_NUMBER:
        raise EncodeError(f"APDU of {len(apdu)} octets, too long for blocks in APDUs of {max_pdu}")
    parts = cut(apdu, size)
    return [
        replace(EMPTY, last_block=number == count, block_number=number, block_data=part).encode()
        for number, part in enumerate(parts, 1)
    ]
