"""What a client tells its shell. `id` is what the verb returned."""

from dataclasses import dataclass
from typing import TypeAlias

from openami.core.errors import AmiError
from openami.dlms.xdlms import ActionOutcome, DataAccessResult, GetDataResult, InitiateResponse


@dataclass(frozen=True, slots=True)
class Associated:
    """The association is open, both ends have proved who they are."""

    id: int
    response: InitiateResponse
    server_title: bytes | None = None


@dataclass(frozen=True, slots=True)
class Got:
    """Values that were read, encoded, or why one was not; in the order asked."""

    id: int
    results: list[GetDataResult]


@dataclass(frozen=True, slots=True)
class WasSet:
    """Whether each value was written, in the order asked."""

    id: int
    results: list[DataAccessResult]


@dataclass(frozen=True, slots=True)
class Acted:
    """How each method ended and what it returned, in the order asked."""

    id: int
    results: list[ActionOutcome]


@dataclass(frozen=True, slots=True)
class Released:
    """The association was released."""

    id: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A request came to nothing; after a failed `associate` or `release` there is no association."""

    id: int
    error: AmiError


@dataclass(frozen=True, slots=True)
class Notified:
    """The server sent a notification of its own accord: the APDU, opened if it was ciphered."""

    apdu: bytes


Event: TypeAlias = Associated | Got | WasSet | Acted | Released | Failed | Notified
