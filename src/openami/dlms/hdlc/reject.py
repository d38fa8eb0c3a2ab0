"""FRMR: a frame that cannot be repaired by sending it again (ISO/IEC 13239, frame reject; Green Book, 8.4.3)."""

from dataclasses import dataclass
from enum import IntFlag
from typing import ClassVar, Self

from openami.core.errors import ConnectionLost, DecodeError, LinkTimeout, RemoteProtocolError
from openami.dlms.hdlc.control import CONTROLS, Control

SIZE = 3


class Reason(IntFlag):
    """Why a frame was rejected: bits w, x, y, z and v of the standard."""

    CONTROL_UNDEFINED = 1
    INFORMATION_NOT_PERMITTED = 2
    INFORMATION_TOO_LONG = 4
    INVALID_RECEIVE_NUMBER = 8
    INVALID_SEND_NUMBER = 16


@dataclass(frozen=True, slots=True)
class FrameReject:
    """Information field of FRMR: the control field rejected, the rejecting station's numbers, the reason."""

    control: Control
    send_number: int
    receive_number: int
    reason: Reason
    is_response: bool = False

    def __str__(self) -> str:
        """Say what was rejected, and why."""
        words = [str(flag.name).lower().replace("_", " ") for flag in self.reason]
        numbers = f"V(S)={self.send_number} V(R)={self.receive_number}"
        return f"{self.control} rejected ({', '.join(words) or 'no reason'}; {numbers})"

    def encode(self) -> bytes:
        """Octets of the information field."""
        numbers = self.receive_number << 5 | self.is_response << 4 | self.send_number << 1
        return bytes((self.control.octet, numbers, self.reason))

    @classmethod
    def decode(cls, information: bytes) -> Self:
        """Read the information field; octets behind it are ignored."""
        if len(information) < SIZE:
            raise DecodeError(
                f"FRMR information of {len(information)} octets, expected {SIZE}", offset=len(information)
            )
        octet, numbers, reason = information[:SIZE]
        return cls(CONTROLS[octet], numbers >> 1 & 7, numbers >> 5, Reason(reason & 0x1F), bool(numbers & 0x10))


class DisconnectedModeError(ConnectionLost):
    """The peer answered DM: it takes no connection, or has ended ours."""


class UnansweredError(LinkTimeout):
    """Nobody answered SNRM."""

    HINT: ClassVar = "are addresses, address length and speed as the meter is set to?"

    def __str__(self) -> str:
        return f"{super().__str__()}; {self.HINT}"


class FrameRejectedError(RemoteProtocolError):
    """The peer answered FRMR; `reject` says why, if it did."""

    def __init__(self, message: str, reject: FrameReject | None) -> None:
        super().__init__(message)
        self.reject = reject

    @classmethod
    def read(cls, who: str, information: bytes) -> Self:
        """Make the error of an FRMR frame."""
        try:
            reject = FrameReject.decode(information)
        except DecodeError:
            return cls(f"{who} answered FRMR without saying why", None)
        return cls(f"{who} answered FRMR: {reject}", reject)
