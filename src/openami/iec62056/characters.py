"""Characters of 7 bits with even parity, and the block check character (IEC 62056-21, 5.3 and 6.3)."""

from enum import Enum
from typing import Final

SOH, STX, ETX, EOT, ACK, NAK = b"\x01", b"\x02", b"\x03", b"\x04", b"\x06", b"\x15"
CRLF: Final = b"\r\n"
NUL: Final = b"\x00"
WRONG: Final = 0xFF
"""Stands for a character whose parity was wrong: no character of 7 bits is that."""


class Parity(Enum):
    """Who sees to the parity bit: we, on a port of 8 bits, or the port itself (7E1, or a converter)."""

    EVEN = "even"
    NONE = "none"


EVEN: Final = bytes(octet | (octet.bit_count() & 1) << 7 for octet in range(0x80)) * 2
"""Octet on the line of each character."""

OF_EVEN: Final = bytes(octet & 0x7F if octet.bit_count() % 2 == 0 else WRONG for octet in range(0x100))
OF_NONE: Final = bytes(octet if octet < 0x80 else WRONG for octet in range(0x100))
TABLES: Final = {Parity.EVEN: OF_EVEN, Parity.NONE: OF_NONE, None: OF_EVEN}
BEGIN: Final = {0x2F: Parity.NONE, 0xAF: Parity.EVEN}
"""A slash on the line tells which it is: without parity it has an odd number of ones, and with it an even one."""


def bcc(text: bytes) -> int:
    """Block check character of what follows SOH or STX, ETX or EOT included: XOR of the characters (6.3.2, item 8)."""
    found = 0
    for character in text:
        found ^= character
    return found & 0x7F


class Characters:
    """Octets of a port of 8 bits as characters, and back.

    7E1 and 8N1 frame ten bits each, so that a port may stay at 8N1 throughout while parity is reckoned here. Whoever
    begins anew (`/`) shows by it which parity he uses; until then nothing is understood.
    """

    __slots__ = ("_heard", "_is_listening", "sent")

    def __init__(self, parity: Parity = Parity.EVEN) -> None:
        self.sent = parity
        self.listen()

    def listen(self) -> None:
        """Wait for somebody to begin anew."""
        self._heard: Parity | None = None
        self._is_listening = True

    def settle(self, *, alike: bool = False) -> None:
        """Stay with the parity that was heard; `alike`, use it for what is sent too."""
        self._is_listening = False
        if alike:
            self.sent = self._heard or self.sent

    def encode(self, text: bytes) -> bytes:
        """Put characters on the line."""
        return text.translate(EVEN) if self.sent is Parity.EVEN else text

    def decode(self, octets: bytes) -> bytes:
        """Take characters off the line; one with wrong parity is `WRONG`."""
        if not self._is_listening:
            return octets.translate(TABLES[self._heard])
        found = bytearray()
        for octet in octets:
            self._heard = BEGIN.get(octet, self._heard)
            if self._heard is not None:
                found.append(TABLES[self._heard][octet])
        return bytes(found)
