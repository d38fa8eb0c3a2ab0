"""The messages of the optical port (IEC 62056-21, 6.3.1), each with its octets as characters of 7 bits."""

import re
from dataclasses import dataclass
from typing import Final, Self

from openami.core.errors import DecodeError, EncodeError
from openami.iec62056.characters import ACK, CRLF, EOT, ETX, SOH, STX, bcc
from openami.iec62056.rates import rate_of

LONGEST_ADDRESS: Final = 32
LONGEST_NAME: Final = 16
BINARY: Final = "2"
"""Enhanced capability: binary mode by HDLC; also the protocol and the control character that ask for it."""

READOUT, PROGRAMMING = "0", "1"
"""Control characters: read data out, or enter the programming mode."""

ADDRESS: Final = re.compile(rb"[0-9A-Za-z ]{0,32}")
NAME: Final = re.compile(r"[ -.0-\[\]-~]{0,16}")
"""Identification: printable characters, of which / and \\ have a meaning of their own, and ! ends a request."""

IDENTIFICATION: Final = re.compile(r"/(?P<flag>[A-Za-z]{3})(?P<baud>[!-~])(?P<more>(?:\\[ -~])*)(?P<name>[ -~]*)\r\n")
COMMAND: Final = re.compile(rb"\x01(?P<name>[A-Z][0-9])(?:\x02(?P<text>[^\x01-\x04]*))?\x03(?P<bcc>.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Request:
    """Sign-on, `/?address!`: without an address every meter means itself."""

    address: str = ""

    def encode(self) -> bytes:
        """Octets of the message."""
        address = self.address.encode("ascii", errors="replace")
        if not ADDRESS.fullmatch(address):
            raise EncodeError(f"device address {self.address!r}: letters, digits and spaces, {LONGEST_ADDRESS} at most")
        return b"/?" + address + b"!" + CRLF

    @classmethod
    def decode(cls, text: bytes) -> Self:
        """Read the message."""
        address = text.removeprefix(b"/?").removesuffix(b"!" + CRLF)
        if len(text) != len(address) + 5 or not ADDRESS.fullmatch(address):
            raise DecodeError("a request is written /?address!")
        return cls(address.decode())

    def means(self, address: str) -> bool:
        """Whether a meter of this address is meant: leading zeros do not count (6.3.2, item 22)."""
        return not self.address or self.address.lstrip("0") == address.lstrip("0")


@dataclass(frozen=True, slots=True)
class Identification:
    """Who the meter is: manufacturer, the character of the speed it proposes, its name, what more it can do.

    A small third letter of the manufacturer promises to react after 20 ms and not 200 ms.
    """

    manufacturer: str
    baud: str
    name: str
    enhanced: str = ""

    def encode(self) -> bytes:
        """Octets of the message."""
        more = "".join(f"\\{sign}" for sign in self.enhanced)
        text = f"/{self.manufacturer}{self.baud}{more}{self.name}\r\n"
        match = IDENTIFICATION.fullmatch(text)
        if match is None or not NAME.fullmatch(self.name) or match["flag"] != self.manufacturer:
            raise EncodeError(f"{text!r} is no identification: letters, a speed, {LONGEST_NAME} characters")
        return text.encode("ascii")

    @classmethod
    def decode(cls, text: bytes) -> Self:
        """Read the message; a longer name than the standard allows is taken."""
        match = IDENTIFICATION.fullmatch(text.decode("ascii", errors="replace"))
        if match is None:
            raise DecodeError("an identification is written /XXXZident")
        return cls(match["flag"], match["baud"], match["name"], match["more"][1::2])

    @property
    def is_quick(self) -> bool:
        """Whether it reacts after 20 ms."""
        return self.manufacturer[2].islower()

    @property
    def offers_hdlc(self) -> bool:
        """Whether it knows mode E."""
        return BINARY in self.enhanced

    @property
    def rate(self) -> int | None:
        """Baud that it proposes; None where it does not change its speed after an acknowledgement (modes A and B)."""
        return rate_of(self.baud)


@dataclass(frozen=True, slots=True)
class OptionSelect:
    """Acknowledgement with what is wanted: ACK, protocol, speed, control character."""

    protocol: str
    baud: str
    control: str

    def encode(self) -> bytes:
        """Octets of the message."""
        signs = f"{self.protocol}{self.baud}{self.control}"
        if len(signs) != 3 or not (signs.isascii() and signs.isprintable()):
            raise EncodeError(f"{signs!r} is no selection of three characters")
        return ACK + signs.encode() + CRLF

    @classmethod
    def decode(cls, text: bytes) -> Self:
        """Read the message."""
        signs = text[1:4]
        if len(text) != 6 or text[:1] != ACK or text[4:] != CRLF or not (signs.isascii() and signs.isalnum()):
            raise DecodeError("an acknowledgement is written ACK V Z Y")
        return cls(*signs.decode())

    @property
    def is_binary(self) -> bool:
        """Whether it asks for HDLC."""
        return (self.protocol, self.control) == (BINARY, BINARY)


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the programming mode, `P1`, `R1`, `W1`, `B0` …, with the text of its data set."""

    name: str
    text: bytes | None = None

    def encode(self) -> bytes:
        """Octets of the message, block check character and all."""
        body = self.name.encode("ascii") + (b"" if self.text is None else STX + self.text) + ETX
        octets = SOH + body + bytes((bcc(body),))
        if not COMMAND.fullmatch(octets):
            raise EncodeError(f"{self.name!r} is no command, or its data holds a control character")
        return octets

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read the message, once its check character is known to be right."""
        match = COMMAND.fullmatch(octets)
        if match is None or bcc(octets[1:-1]) != octets[-1]:
            raise DecodeError("a command is written SOH C D STX data ETX, and its block check character")
        return cls(match["name"].decode(), match["text"])


@dataclass(frozen=True, slots=True)
class DataBlock:
    """Data in answer; a partial block is followed by another."""

    text: bytes
    is_last: bool = True

    def encode(self) -> bytes:
        """Octets of the message, block check character and all."""
        if any(sign in self.text for sign in (SOH, STX, ETX, EOT)):
            raise EncodeError("data holds a control character")
        body = self.text + (ETX if self.is_last else EOT)
        return STX + body + bytes((bcc(body),))

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Read the message, once its check character is known to be right."""
        text, end = octets[1:-2], octets[-2:-1]
        if octets[:1] != STX or end not in (ETX, EOT) or len(octets) < 3 or bcc(octets[1:-1]) != octets[-1]:
            raise DecodeError("a data block is written STX data ETX, and its block check character")
        return cls(text, end == ETX)
