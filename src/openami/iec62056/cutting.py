"""Cuts characters into messages: each function takes what was heard, and gives a message and how much of it is used.

None is no message yet; what can be none is used up without a word. Nothing here keeps more than `most` characters.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from openami.core.errors import DecodeError
from openami.iec62056.characters import ACK, CRLF, NAK, SOH
from openami.iec62056.messages import LONGEST_ADDRESS, Command, DataBlock, Identification, OptionSelect, Request


@dataclass(frozen=True, slots=True)
class Sign:
    """A character that is a message: ACK or NAK."""

    octet: bytes


@dataclass(frozen=True, slots=True)
class Faulty:
    """A block that came with a wrong check character or parity, or without end."""


Message: TypeAlias = Request | Identification | OptionSelect | Command | DataBlock | Sign | Faulty
Cut: TypeAlias = tuple[Message | None, int]
Cutter: TypeAlias = Callable[[bytes], Cut]

LONGEST_REQUEST: Final = 2 + LONGEST_ADDRESS + 3
LONGEST_IDENTIFICATION: Final = 80
BEGINS: Final = re.compile(rb"[\x01\x02\x06\x15]")
ENDS: Final = re.compile(rb"[\x03\x04]")


def request(heard: bytes) -> Cut:
    """Find a sign-on among noise."""
    return line_of(heard, b"/", b"!" + CRLF, LONGEST_REQUEST, Request.decode)


def identification(heard: bytes) -> Cut:
    """Find an identification."""
    return line_of(heard, b"/", CRLF, LONGEST_IDENTIFICATION, Identification.decode)


def option(heard: bytes) -> Cut:
    """Find a selection; or a new sign-on, or a NAK."""
    begins = [place for sign in (ACK, b"/", NAK) if (place := heard.find(sign)) >= 0]
    if not begins:
        return None, len(heard)
    start = min(begins)
    if heard[start : start + 1] == NAK:
        return Sign(NAK), start + 1
    if heard[start : start + 1] == b"/":
        found, used = request(heard[start:])
        return found, start + used
    if len(heard) < start + 6:
        return None, start
    try:
        return OptionSelect.decode(heard[start : start + 6]), start + 6
    except DecodeError:
        return Faulty(), start + 1


def confirmation(heard: bytes) -> Cut:
    """Find the selection that a meter sends back."""
    start = heard.find(ACK)
    if start < 0:
        return None, len(heard)
    if len(heard) < start + 6:
        return None, start
    try:
        return OptionSelect.decode(heard[start : start + 6]), start + 6
    except DecodeError:
        return None, start + 1


def blocks(most: int) -> Cutter:
    """Make the function that finds ACK, NAK, commands and data blocks of at most so many characters."""

    def cut(heard: bytes) -> Cut:
        begin = BEGINS.search(heard)
        if begin is None:
            return None, len(heard)
        start = begin.start()
        if begin[0] in (ACK, NAK):
            return Sign(begin[0]), start + 1
        end = ENDS.search(heard, start + 1, start + most)
        if end is None:
            is_endless = len(heard) - start >= most
            return (Faulty(), len(heard)) if is_endless else (None, start)
        if len(heard) < end.end() + 1:
            return None, start
        return whole(heard[start : end.end() + 1]), end.end() + 1

    return cut


def whole(octets: bytes) -> Message:
    """Read a block."""
    try:
        return Command.decode(octets) if octets[:1] == SOH else DataBlock.decode(octets)
    except DecodeError:
        return Faulty()


def line_of(
    heard: bytes, first: bytes, last: bytes, most: int, decode: Callable[[bytes], Request | Identification]
) -> Cut:
    """Find a message that begins and ends by these characters; a new beginning ends the one before."""
    start = heard.find(first)
    if start < 0:
        return None, len(heard)
    end = heard.find(last, start)
    again = heard.find(first, start + 1, len(heard) if end < 0 else end)
    if again > 0:
        return None, again
    if end < 0:
        return None, start if len(heard) - start < most else start + 1
    try:
        return decode(heard[start : end + len(last)]), end + len(last)
    except DecodeError:
        return None, start + 1
