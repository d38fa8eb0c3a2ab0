"""What a client learns of a meter at its optical port."""

from dataclasses import dataclass
from typing import TypeAlias

from openami.core.errors import AmiError
from openami.iec62056.messages import Identification
from openami.iec62056.readout import DataSet


@dataclass(frozen=True, slots=True)
class Identified:
    """The meter has said who it is."""

    identification: Identification


@dataclass(frozen=True, slots=True)
class ReadOut:
    """All that the meter reads out; the session is over."""

    sets: tuple[DataSet, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """The programming mode has begun; the operand is what the meter gives for its passwords."""

    operand: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The value of a read command, or the confirmation of another one, which has no data sets."""

    sets: tuple[DataSet, ...] = ()


@dataclass(frozen=True, slots=True)
class Speaking:
    """From here on HDLC is spoken, once the port is at `baud`."""

    baud: int


@dataclass(frozen=True, slots=True)
class Left:
    """The session is over."""


@dataclass(frozen=True, slots=True)
class Failed:
    """What was asked for did not come; an error of the link ends the session."""

    error: AmiError


Learned: TypeAlias = Identified | ReadOut | Opened | Answered | Speaking | Left | Failed
