"""IDM and NetIDM, the interval data messages: 92 octets, with one frame, one CRC and two bodies.

Nothing in the header tells the two apart. NetIDM's layout is unverified: no capture of one is known, and its readers
disagree about the middle; what nobody names is kept as octets, so that every octet the CRC covers is in a field.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from openami.core.errors import DecodeError, EncodeError
from openami.phy.coding.crc import crc16_genibus

TRAINING = b"\x55\x55"
SYNC = b"\x16\xa3"
HEADER = b"\x1c\x5c\xc6"
"""Packet type, length in octets, Hamming code of the length."""
LEADER = TRAINING + SYNC + HEADER
OCTETS = 92
CONSUMPTION_BITS, CONSUMPTIONS = 9, 47
NET_BITS, NETS = 14, 27
OFFSET_UNIT_S = 1 / 16
"""Unit of the transmit time offset."""


def packed(values: Sequence[int], bits: int, padding: int, pad_bits: int) -> bytes:
    """Intervals one after the other, the first one in front, and the bits that fill the last octet."""
    word = 0
    for value in values:
        if not 0 <= value < 1 << bits:
            raise EncodeError(f"interval {value} does not fit into {bits} bits")
        word = word << bits | value
    return (word << pad_bits | padding).to_bytes((len(values) * bits + pad_bits) // 8, "big")


def unpacked(data: bytes, bits: int, pad_bits: int) -> tuple[tuple[int, ...], int]:
    """Intervals, and the bits that fill the last octet."""
    word = int.from_bytes(data, "big")
    count = (8 * len(data) - pad_bits) // bits
    word, padding = word >> pad_bits, word & (1 << pad_bits) - 1
    return tuple(word >> bits * (count - 1 - place) & (1 << bits) - 1 for place in range(count)), padding


def framed(body: bytes, serial: int) -> bytes:
    """A body between leader and checksums."""
    covered = HEADER + body + crc16_genibus(serial.to_bytes(4, "big")).to_bytes(2, "big")
    return TRAINING + SYNC + covered + crc16_genibus(covered).to_bytes(2, "big")


def body_of(data: bytes) -> bytes:
    """The body of a packet whose frame and both checksums agree; a `DecodeError` if not."""
    if len(data) != OCTETS:
        raise DecodeError(f"interval message of {len(data)} octets, expected {OCTETS}")
    if not data.startswith(LEADER):
        raise DecodeError(f"interval message begins with {data[:7].hex()}, expected {LEADER.hex()}", offset=0)
    if crc16_genibus(data[4:-2]) != int.from_bytes(data[-2:], "big"):
        raise DecodeError("CRC of the interval message does not agree", offset=OCTETS - 2)
    if crc16_genibus(data[9:13]) != int.from_bytes(data[-4:-2], "big"):
        raise DecodeError("CRC of the serial number does not agree", offset=OCTETS - 4)
    return data[7:-4]


def laid(layout: struct.Struct, *values: int | bytes) -> bytes:
    """Fields in their layout; octets must be as many as it says."""
    try:
        data = layout.pack(*values)
    except struct.error as error:
        raise EncodeError(f"interval message: {error}") from error
    if layout.unpack(data) != values:  # struct cuts and fills octets in silence
        raise EncodeError("interval message: a field of octets has another length")
    return data


def intervals_fit(values: Sequence[int], count: int, padding: int, pad_bits: int) -> None:
    """Refuse another number of intervals, or filling bits that do not fit."""
    if len(values) != count or not 0 <= padding < 1 << pad_bits:
        raise EncodeError(f"{len(values)} intervals and filling {padding}, expected {count} and {pad_bits} bits")


@dataclass(frozen=True, slots=True)
class IDM:
    """47 differential intervals of 9 bits, with the count at the boundary of the last one."""

    KIND: ClassVar[str] = "IDM"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct(">BBIBB6sH6sI53sH")
    application_version: int
    #: SCM type + 16.
    ert_type: int
    serial_number: int
    #: Modulo 256.
    consumption_interval_count: int
    #: At the boundary of the interval, where SCM tells the present count.
    last_consumption_count: int
    #: In the order sent.
    differential_consumption_intervals: tuple[int, ...] = (0,) * CONSUMPTIONS
    module_programming_state: int = 0xBC
    #: Six counters; by an unofficial page: inverted, removed, button-press demand reset, low battery or end of
    #: calendar, at positions 1 to 4, then error that affects billing, warning.
    tamper_counters: bytes = bytes(6)
    asynchronous_counters: int = 0
    #: 48 bits, one for each interval.
    power_outage_flags: bytes = bytes(6)
    #: Since the interval began, in sixteenths of a second.
    transmit_time_offset: int = 0
    padding: int = 0

    @property
    def identity(self) -> int:
        """Number of the endpoint."""
        return self.serial_number

    def encode(self) -> bytes:
        """Ninety-two octets from the training to the CRC; an `EncodeError` if a field does not fit."""
        intervals_fit(self.differential_consumption_intervals, CONSUMPTIONS, self.padding, 1)
        body = laid(
            self.LAYOUT,
            self.application_version,
            self.ert_type,
            self.serial_number,
            self.consumption_interval_count,
            self.module_programming_state,
            self.tamper_counters,
            self.asynchronous_counters,
            self.power_outage_flags,
            self.last_consumption_count,
            packed(self.differential_consumption_intervals, CONSUMPTION_BITS, self.padding, 1),
            self.transmit_time_offset,
        )
        return framed(body, self.serial_number)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read ninety-two octets whose checksums agree; a `DecodeError` says what is wrong with them."""
        version, kind, serial, count, state, tamper, asynchronous, outages, last, coded, offset = cls.LAYOUT.unpack(
            body_of(data)
        )
        intervals, padding = unpacked(coded, CONSUMPTION_BITS, 1)
        return cls(version, kind, serial, count, last, intervals, state, tamper, asynchronous, outages, offset, padding)


@dataclass(frozen=True, slots=True)
class NetIDM:
    """27 differential intervals of 14 bits, with generation and net consumption; the layout is unverified."""

    KIND: ClassVar[str] = "NetIDM"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct(">BBIBB6s5s3s5sI48sH")
    application_version: int
    ert_type: int
    serial_number: int
    consumption_interval_count: int
    #: 24 bits.
    last_generation_count: int
    last_consumption_count: int
    #: In the order sent.
    differential_consumption_intervals: tuple[int, ...] = (0,) * NETS
    module_programming_state: int = 0xBC
    tamper_counters: bytes = bytes(6)
    #: What stands before the generation, at octets 21 to 25 of the message.
    unnamed_before: bytes = bytes(5)
    #: What stands after it, at octets 29 to 33.
    unnamed_after: bytes = bytes(5)
    transmit_time_offset: int = 0
    padding: int = 0

    @property
    def identity(self) -> int:
        """Number of the endpoint."""
        return self.serial_number

    def encode(self) -> bytes:
        """Ninety-two octets from the training to the CRC; an `EncodeError` if a field does not fit."""
        intervals_fit(self.differential_consumption_intervals, NETS, self.padding, 6)
        if not 0 <= self.last_generation_count < 1 << 24:
            raise EncodeError(f"last_generation_count {self.last_generation_count} does not fit into 24 bits")
        body = laid(
            self.LAYOUT,
            self.application_version,
            self.ert_type,
            self.serial_number,
            self.consumption_interval_count,
            self.module_programming_state,
            self.tamper_counters,
            self.unnamed_before,
            self.last_generation_count.to_bytes(3, "big"),
            self.unnamed_after,
            self.last_consumption_count,
            packed(self.differential_consumption_intervals, NET_BITS, self.padding, 6),
            self.transmit_time_offset,
        )
        return framed(body, self.serial_number)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read ninety-two octets whose checksums agree; a `DecodeError` says what is wrong with them."""
        version, kind, serial, count, state, tamper, before, made, after, last, coded, offset = cls.LAYOUT.unpack(
            body_of(data)
        )
        intervals, padding = unpacked(coded, NET_BITS, 6)
        generation = int.from_bytes(made, "big")
        return cls(
            version, kind, serial, count, generation, last, intervals, state, tamper, before, after, offset, padding
        )
