"""Control field of HDLC frames: kind, numbers, poll/final bit (IEC 62056-46, 6.4.3; Green Book, 8.4.3)."""

from enum import Enum
from typing import Final, NamedTuple

#: Numbers of I frames count modulo this.
MODULUS: Final = 8
POLL: Final = 0x10


class Kind(Enum):
    """What a frame is; REJ and all that DLMS does not use is `UNDEFINED`."""

    I = "I"  # noqa: E741 - the standard's name
    RR = "RR"
    RNR = "RNR"
    SNRM = "SNRM"
    DISC = "DISC"
    UA = "UA"
    DM = "DM"
    FRMR = "FRMR"
    UI = "UI"
    UNDEFINED = "undefined"


#: Kinds by the bits beside N(R) and poll/final (supervisory) or beside poll/final (unnumbered).
SUPERVISORY: Final = {0x01: Kind.RR, 0x05: Kind.RNR}
UNNUMBERED: Final = {
    0x83: Kind.SNRM,
    0x43: Kind.DISC,
    0x63: Kind.UA,
    0x0F: Kind.DM,
    0x87: Kind.FRMR,
    0x03: Kind.UI,
}
CODES: Final = {kind: code for code, kind in (SUPERVISORY | UNNUMBERED).items()}


class Control(NamedTuple):
    """A control field; `is_poll` is P in a command and F in a response, numbers it has not are 0."""

    octet: int
    kind: Kind
    is_poll: bool
    send_number: int = 0
    receive_number: int = 0

    def __str__(self) -> str:
        """The field as the standard writes it."""
        numbers = {
            Kind.I: f" N(S)={self.send_number} N(R)={self.receive_number}",
            Kind.RR: f" N(R)={self.receive_number}",
            Kind.RNR: f" N(R)={self.receive_number}",
            Kind.UNDEFINED: f" {self.octet:02X}",
        }
        return self.kind.value + numbers.get(self.kind, "") + (" P/F" if self.is_poll else "")


def read_control(octet: int) -> Control:
    """Take a control field apart."""
    is_poll, receive_number = bool(octet & POLL), octet >> 5
    if not octet & 1:
        return Control(octet, Kind.I, is_poll, octet >> 1 & 7, receive_number)
    if kind := SUPERVISORY.get(octet & 0x0F):
        return Control(octet, kind, is_poll, 0, receive_number)
    return Control(octet, UNNUMBERED.get(octet & ~POLL, Kind.UNDEFINED), is_poll)


#: Control fields by their octet.
CONTROLS: Final = tuple(map(read_control, range(256)))


def information(send_number: int, receive_number: int, *, poll: bool) -> Control:
    """Control field of an I frame."""
    return CONTROLS[receive_number << 5 | poll << 4 | send_number << 1]


def supervisory(kind: Kind, receive_number: int, *, poll: bool) -> Control:
    """Control field of an RR or RNR frame."""
    return CONTROLS[receive_number << 5 | poll << 4 | CODES[kind]]


def unnumbered(kind: Kind, *, poll: bool = True) -> Control:
    """Control field of a frame without numbers."""
    return CONTROLS[CODES[kind] | poll << 4]
