"""One exchange by general-block-transfer: streaming in windows, confirmation, lost blocks (Green Book, 9.4.6).

Each end numbers what it sends from 1, confirmations without data too, and always tells which of the
peer's blocks are here without a gap and how many it takes now. A run of blocks ends with one that does
not stream: then it is the peer's turn. What is lost is sent again from the first that was not confirmed.
"""

from typing import Final

from openami.core.errors import EncodeError, RemoteProtocolError
from openami.dlms.xdlms import GeneralBlockTransfer
from openami.dlms.xdlms.blocks import MAX_VALUE, payload
from openami.dlms.xdlms.general_block import MAX_NUMBER, MAX_WINDOW

_EMPTY: Final = GeneralBlockTransfer(last_block=False, streaming=False, window=0, block_number=0, block_number_ack=0)
_HEAD: Final = _EMPTY.encode()


class Transfer:
    """Both directions of one exchange. `receive` and `send` give the APDUs that are to leave.

    A client counts time, and answers only what is new; a server (`is_server`) waits to be asked again, and
    answers what it has seen before.
    """

    __slots__ = (
        "_ahead",
        "_blocks",
        "_confirmed",
        "_last",
        "_parts",
        "_peer_window",
        "_sent",
        "_size",
        "_taken",
        "first",
        "is_complete",
        "is_server",
        "room",
        "window",
    )

    def __init__(self, room: int, window: int, *, is_server: bool = False) -> None:
        if not 1 <= window <= MAX_WINDOW:
            raise EncodeError(f"window of {window} blocks, allowed are 1 to {MAX_WINDOW}")
        self.room = room
        self.window = window
        self.is_server = is_server
        self._blocks: list[bytes] = []
        #: Numbers of our blocks: the one that ends our APDU (0 before there is one), the last one sent, the
        #: last one that the peer has with all before it.
        self._last = self._sent = self._confirmed = 0
        self._peer_window = 1
        self._ahead: dict[int, GeneralBlockTransfer] = {}
        self._parts: list[bytes] = []
        self._taken = self._size = 0
        #: Data of the peer's first block; tells a block sent again from the first of another exchange.
        self.first: bytes | None = None
        #: Whether the peer's APDU is here.
        self.is_complete = False

    @property
    def progress(self) -> int:
        """Moves with every block that brings the exchange on."""
        return self._taken + self._confirmed + len(self._ahead)

    @property
    def is_sent(self) -> bool:
        """Whether our whole APDU has left."""
        return 0 < self._last <= self._sent

    @property
    def is_several(self) -> bool:
        """Whether the peer has sent more than one block."""
        return self._taken > 1

    def is_followed_by(self, block: GeneralBlockTransfer) -> bool:
        """Whether a block is the first of another exchange, not one of this that was sent again."""
        return block.block_number == 1 and bool(block.block_data) and block.block_data != self.first

    def send(self, apdu: bytes) -> list[bytes]:
        """Cut our APDU; as many blocks as the peer takes now."""
        size = payload(self.room, _HEAD)
        if size < 1 or len(self._blocks) + -(-len(apdu) // size) > MAX_NUMBER:
            raise EncodeError(f"APDU of {len(apdu)} octets, too long for blocks in APDUs of {self.room}")
        self._blocks += [apdu[at : at + size] for at in range(0, len(apdu), size)]
        self._last = len(self._blocks)
        return self._run(self._sent + 1)

    def receive(self, block: GeneralBlockTransfer) -> tuple[bytes | None, list[bytes]]:
        """Take a block of the peer: its APDU once that is whole, and what we send now."""
        is_new = self._confirm(block.block_number_ack) | self._take(block)
        self._peer_window = block.window
        apdu = self._gather()
        if apdu is not None or block.streaming or not (is_new or self.is_server):
            return apdu, []
        return None, self._turn()

    def repeat(self) -> list[bytes]:
        """Nothing has come for too long: send again what was not confirmed, or say again what is missing."""
        if self._confirmed < self._sent:
            return self._run(self._confirmed + 1, until=self._sent)
        return [] if self.is_complete else self._confirmation()

    def _turn(self) -> list[bytes]:
        """Send what the peer has not, else confirm what it sent; when all is here or has left, say no more."""
        if self._confirmed < len(self._blocks):
            return self._run(self._confirmed + 1)
        is_over = self.is_complete or (self.is_server and self.is_sent)
        return [] if is_over else self._confirmation()

    def _confirmation(self) -> list[bytes]:
        if len(self._blocks) == MAX_NUMBER:
            message = f"exchange of more than {MAX_NUMBER} blocks"
            raise RemoteProtocolError(message)
        self._blocks.append(b"")
        return self._run(len(self._blocks))

    def _run(self, first: int, until: int = MAX_NUMBER) -> list[bytes]:
        """Blocks from the first on, as many as the peer takes; all but the last of them stream."""
        end = min(first + max(self._peer_window, 1), until + 1, len(self._blocks) + 1)
        self._sent = max(self._sent, end - 1)
        return [self._block(number, streaming=number < end - 1).encode() for number in range(first, end)]

    def _block(self, number: int, *, streaming: bool) -> GeneralBlockTransfer:
        last = 0 < self._last <= number
        return GeneralBlockTransfer(last, streaming, self._wanted(), number, self._taken, self._blocks[number - 1])

    def _wanted(self) -> int:
        """How many blocks we take now: those of the first gap, or a window."""
        return min(self._ahead) - self._taken - 1 if self._ahead else self.window

    def _confirm(self, number: int) -> bool:
        """Note how far the peer has our blocks; whether that is news."""
        if not self._confirmed < number <= self._sent:
            return False
        for confirmed in range(self._confirmed, number):
            self._blocks[confirmed] = b""
        self._confirmed = number
        return True

    def _take(self, block: GeneralBlockTransfer) -> bool:
        """Note a block, in turn or ahead of its turn; whether it is new."""
        number = block.block_number
        if not self._taken < number <= self._taken + MAX_WINDOW or number in self._ahead:
            return False
        if number == 1:
            self.first = block.block_data
        self._ahead[number] = block
        return True

    def _gather(self) -> bytes | None:
        """Put together what came in turn; the APDU if its last block is among it."""
        while block := self._ahead.pop(self._taken + 1, None):
            self._taken += 1
            if self.is_complete:
                continue
            self._size += len(block.block_data)
            if self._size > MAX_VALUE:
                message = f"APDU of more than {MAX_VALUE} octets"
                raise RemoteProtocolError(message)
            self._parts.append(block.block_data)
            if block.last_block and self._size:
                self.is_complete = True
        if not self.is_complete or not self._parts:
            return None
        apdu = b"".join(self._parts)
        self._parts.clear()
        return apdu
