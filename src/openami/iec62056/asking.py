"""What a server asks of its meter, and what it tells."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from openami.iec62056.readout import DataSet

ERROR: Final = "ERROR"
"""Error message for what is not known, not allowed, or no value."""


@dataclass(frozen=True, slots=True)
class ReadoutAsked:
    """All data is asked for; answer with a list of `DataSet`."""


@dataclass(frozen=True, slots=True)
class LoginAsked:
    """A password was given, 1 or 2; answer whether it is right."""

    level: int
    password: str

    def __repr__(self) -> str:
        return f"LoginAsked(level={self.level})"


@dataclass(frozen=True, slots=True)
class ReadAsked:
    """A value is asked for; answer with a list of `DataSet`, empty where it is not known."""

    address: str
    argument: str
    level: int
    """The password that was given before; 0 for none."""


@dataclass(frozen=True, slots=True)
class WriteAsked:
    """A value is to be written; answer whether it was."""

    address: str
    value: str
    level: int


@dataclass(frozen=True, slots=True)
class HandedOver:
    """From here on HDLC is spoken, once what is outgoing has left and the port is at `baud`; `resume` ends it."""

    baud: int


@dataclass(frozen=True, slots=True)
class LockedOut:
    """Too many wrong passwords: none is taken for so long."""

    seconds: float


Asked: TypeAlias = ReadoutAsked | LoginAsked | ReadAsked | WriteAsked
Answer: TypeAlias = list[DataSet] | bool
Told: TypeAlias = Asked | HandedOver | LockedOut
