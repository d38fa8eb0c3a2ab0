"""Records of a fleet's journal: what cannot be worked out again - counters, commands, what clients caused."""

from dataclasses import dataclass, field
from enum import IntEnum
from struct import Struct
from typing import ClassVar, Self, TypeAlias

from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.meters.firmware.records import Content, Placed

COUNTER = Struct(">BIQ")
NOTE = Struct(">BqIB")
COMMAND = Struct(">BqIBH6sb?")
REKEYED = Struct(">BI")
HANDLED = Struct(">BqI")
NEW_KEY = Struct(">B16s")


@dataclass(frozen=True, slots=True)
class Counter:
    """A received counter accepted, or values to send reserved up to (without) this one."""

    RECEIVED: ClassVar[int] = 1
    RESERVED: ClassVar[int] = 2
    BROADCAST: ClassVar[int] = 8

    kind: int
    meter: int
    value: int

    def encode(self) -> bytes:
        """Thirteen octets."""
        return COUNTER.pack(self.kind, self.meter, self.value)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what `encode` wrote."""
        return cls(*COUNTER.unpack(data))


class Refusal(IntEnum):
    """Why a client was refused: the number in the record is the code of IDIS."""

    LOGIN = 46
    DECRYPTION = 49
    REPLAY = 50


@dataclass(frozen=True, slots=True)
class Note:
    """An event that a client caused: a session worth noting, or a login refused."""

    SESSION: ClassVar[int] = 3
    REFUSED: ClassVar[int] = 4

    kind: int
    utc: int
    meter: int
    code: int

    def encode(self) -> bytes:
        """Fourteen octets."""
        return NOTE.pack(self.kind, self.utc, self.meter, self.code)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what `encode` wrote."""
        return cls(*NOTE.unpack(data))


@dataclass(frozen=True, slots=True)
class Command:
    """An attribute written or a method carried out, at true UTC."""

    SET: ClassVar[int] = 5
    ACTION: ClassVar[int] = 6

    kind: int
    utc: int
    meter: int
    client: int
    class_id: int
    logical_name: OBIS
    number: int
    data: bytes | None

    def encode(self) -> bytes:
        """Write a head and the data."""
        head = (self.kind, self.utc, self.meter, self.client, self.class_id, self.logical_name, self.number)
        return COMMAND.pack(*head, self.data is not None) + (self.data or b"")

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what `encode` wrote."""
        kind, utc, meter, client, class_id, name, number, has_data = COMMAND.unpack_from(data)
        return cls(kind, utc, meter, client, class_id, OBIS(name), number, data[COMMAND.size :] if has_data else None)


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """Keys of a meter were replaced, by key id: all of them together. Counters of the new keys begin anew."""

    KIND: ClassVar[int] = 7

    meter: int
    keys: tuple[tuple[int, bytes], ...] = field(repr=False)

    def encode(self) -> bytes:
        """Write a head, then each key behind its id."""
        return REKEYED.pack(self.KIND, self.meter) + b"".join(NEW_KEY.pack(*key) for key in self.keys)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what `encode` wrote."""
        _, meter = REKEYED.unpack_from(data)
        return cls(meter, tuple(NEW_KEY.iter_unpack(data[REKEYED.size :])))


@dataclass(frozen=True, slots=True)
class Handled:
    """A hand did something to a meter, at true UTC: its name, and the value as JSON."""

    KIND: ClassVar[int] = 9

    utc: int
    meter: int
    name: str
    value: str

    def encode(self) -> bytes:
        """Write a head, the name, and the value behind a zero."""
        return HANDLED.pack(self.KIND, self.utc, self.meter) + f"{self.name}\0{self.value}".encode()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what `encode` wrote."""
        _, utc, meter = HANDLED.unpack_from(data)
        name, value = data[HANDLED.size :].decode().split("\0", 1)
        return cls(utc, meter, name, value)


Record: TypeAlias = Counter | Note | Command | Rekeyed | Handled | Content | Placed

KINDS: dict[int, type[Record]] = {
    Counter.RECEIVED: Counter,
    Counter.RESERVED: Counter,
    Counter.BROADCAST: Counter,
    Rekeyed.KIND: Rekeyed,
    Handled.KIND: Handled,
    Content.KIND: Content,
    Placed.KIND: Placed,
    Note.SESSION: Note,
    Note.REFUSED: Note,
    Command.SET: Command,
    Command.ACTION: Command,
}


def decode(data: bytes) -> Record:
    """One record."""
    kind = KINDS.get(data[0]) if data else None
    if kind is None:
        raise DecodeError(f"journal record of unknown kind {data[:1].hex()}")
    try:
        return kind.decode(data)
    except Exception as error:  # struct.error is no subclass of ValueError
        raise DecodeError(f"journal record: {error}") from error
