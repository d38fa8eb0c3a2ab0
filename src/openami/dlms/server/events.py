"""What a server tells its shell, and what it asks of it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from openami.dlms.xdlms import (
    AccessItem,
    AccessOutcome,
    ActionOutcome,
    AttributeDescriptor,
    AttributeItem,
    DataAccessResult,
    GetDataResult,
    MethodDescriptor,
    Selection,
)

Kind: TypeAlias = Literal["get", "set", "action", "access"]
#: An attribute to be written, which part of it, and the encoded value.
SetItem: TypeAlias = tuple[AttributeDescriptor, Selection | None, bytes]
#: A method to be invoked, and its encoded parameter if one was given.
ActionItem: TypeAlias = tuple[MethodDescriptor, bytes | None]
Items: TypeAlias = tuple[AttributeItem, ...] | tuple[SetItem, ...] | tuple[ActionItem, ...] | tuple[AccessItem, ...]
#: Answers in the order of the items: one kind for each kind of request.
Results: TypeAlias = list[GetDataResult] | list[DataAccessResult] | list[ActionOutcome] | list[AccessOutcome]


@dataclass(frozen=True, slots=True)
class Opened:
    """A client is associated, and has proved who it is where it must."""

    client_sap: int


@dataclass(frozen=True, slots=True)
class GetRequest:
    """Attributes to be read; answer with `respond(id, [encoded Data or DataAccessResult, ...])`."""

    id: int
    client_sap: int
    items: tuple[AttributeItem, ...]
    kind: Literal["get"] = "get"


@dataclass(frozen=True, slots=True)
class SetRequest:
    """Attributes to be written; answer with `respond(id, [DataAccessResult, ...])`."""

    id: int
    client_sap: int
    items: tuple[SetItem, ...]
    kind: Literal["set"] = "set"


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """Methods to be invoked; answer with `respond(id, [(ActionResult, returned or None), ...])`."""

    id: int
    client_sap: int
    items: tuple[ActionItem, ...]
    kind: Literal["action"] = "action"


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Services to be carried out in turn; answer with `respond(id, [(result, value or None), ...])`.

    With `break_on_error` nothing is done any more after one that fails: fewer results than items may be given.
    """

    id: int
    client_sap: int
    items: tuple[AccessItem, ...]
    break_on_error: bool = False
    kind: Literal["access"] = "access"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A client has the data-notification of this invoke id."""

    client_sap: int
    invoke_id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A client was refused for a wrong password, key, tag or counter; for the meter's log."""

    client_sap: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """An association is over: released, replaced by a new one, or silent for too long."""

    client_sap: int


#: What waits for `respond`.
Request: TypeAlias = GetRequest | SetRequest | ActionRequest | AccessRequest
#: All that a server tells.
Event: TypeAlias = Opened | Request | Confirmed | Refused | Ended
