"""What variables mean: attributes and methods, asked of the shell in one request."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, cast

from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.dlms.security import Way
from openami.dlms.server.events import Items, Kind
from openami.dlms.server.refusal import NotServedError
from openami.dlms.server.transfers import CONFIRMED, Pending, Terms
from openami.dlms.xdlms import (
    AccessAction,
    AccessGet,
    AccessOutcome,
    AccessSet,
    ActionOutcome,
    AttributeDescriptor,
    Conformance,
    DataAccessResult,
    GetDataResult,
    MethodDescriptor,
    ServiceErrorCode,
    StateError,
)
from openami.dlms.xdlms.access import AccessSpecification
from openami.dlms.xdlms.blocks import Gathered
from openami.dlms.xdlms.short import ParameterizedAccess, VariableAccess
from openami.dlms.xdlms.short.variables import MAX_VARIABLES

#: What a variable means, None if nothing; and the value to be written or the parameters of the method.
Target: TypeAlias = tuple[AccessSpecification | None, bytes | None]
#: What came of one item, whatever the service.
Result: TypeAlias = GetDataResult | ActionOutcome | AccessOutcome
KINDS: Final[Mapping[type, Kind]] = {AccessGet: "get", AccessSet: "set", AccessAction: "action"}
_ATTRIBUTE: Final = AttributeDescriptor(0, OBIS(bytes(6)), 1)
#: What stands in a request for a variable that means nothing; the shell is never asked for it.
NOTHING: Final[Mapping[Kind, AccessSpecification]] = {
    "get": AccessGet(_ATTRIBUTE),
    "set": AccessSet(_ATTRIBUTE),
    "action": AccessAction(MethodDescriptor(0, OBIS(bytes(6)), 1)),
    "access": AccessGet(_ATTRIBUTE),
}


def ask(short: int, way: Way, targets: Sequence[Target], block_number: int | None, *, is_confirmed: bool) -> Pending:
    """Make what the shell is to be asked: one service where all targets are alike, else ACCESS on each in turn."""
    kinds: set[Kind] = {KINDS[type(meant)] for meant, _ in targets if meant is not None}
    kind: Kind = "get"
    if kinds:
        kind = "access" if len(kinds) > 1 else kinds.pop()
    items = tuple(item(kind, NOTHING[kind] if meant is None else meant, data) for meant, data in targets)
    return Pending(
        kind,
        CONFIRMED if is_confirmed else 0,
        way,
        cast("Items", items),
        block_number=block_number,
        is_confirmed=is_confirmed,
        unknown=tuple(number for number, (meant, _) in enumerate(targets) if meant is None),
        short=short,
    )


def item(kind: Kind, meant: AccessSpecification, data: bytes | None) -> tuple[object, ...]:
    """Make an item of a request."""
    if kind == "access":
        return meant, data
    return (*meant, data) if kind == "set" else (meant[0], data) if kind == "action" else tuple(meant)


def check(variables: Sequence[VariableAccess], terms: Terms) -> None:
    """Refuse what was not negotiated: several variables at once, parameters; and more than is reasonable."""
    if len(variables) > MAX_VARIABLES:
        raise NotServedError(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.PDU_TOO_LONG)
    needs = Conformance(0)
    if len(variables) != 1:
        needs |= Conformance.MULTIPLE_REFERENCES
    if any(isinstance(variable, ParameterizedAccess) for variable in variables):
        needs |= Conformance.PARAMETERIZED_ACCESS
    need(needs, terms)


def need(needs: Conformance, terms: Terms) -> None:
    """Refuse a service, or a part of one, that was not negotiated."""
    if terms.conformance & int(needs) != int(needs):
        raise NotServedError(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.SERVICE_NOT_SUPPORTED)


class Arriving:
    """A long request as its blocks arrive; the first block begins it anew."""

    __slots__ = ("_aborted", "_gathered", "_missing")

    def __init__(self, missing: DataAccessResult, aborted: DataAccessResult) -> None:
        self._missing = missing
        self._aborted = aborted
        self._gathered: Gathered | None = None

    def drop(self) -> None:
        """Forget what has arrived."""
        self._gathered = None

    def take(self, last: bool, number: int, raw: bytes) -> bytes | DataAccessResult | None:
        """Take a block: the whole request, None as long as it is not whole, or why it comes to nothing."""
        gathered = Gathered() if number == 1 else self._gathered
        self._gathered = None
        if gathered is None:
            return self._missing
        if number != gathered.number + 1:
            return DataAccessResult.DATA_BLOCK_NUMBER_INVALID
        try:
            gathered.add(number, raw, last=last)
        except DecodeError:
            return self._aborted
        if last:
            return gathered.value()
        self._gathered = gathered
        return None
