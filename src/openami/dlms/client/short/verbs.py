"""The verbs of a client, by logical names or by short ones: what they are asked for is the same."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from openami.core.errors import LocalProtocolError
from openami.dlms.client.action import ActionItem
from openami.dlms.client.set import SetItem
from openami.dlms.client.short.invoke import Invoke
from openami.dlms.client.short.opening import ShortAssociate
from openami.dlms.client.short.read import Read
from openami.dlms.client.short.write import Write, Written
from openami.dlms.client.verbs import Verbs, check_items
from openami.dlms.xdlms import AttributeDescriptor, AttributeItem, MethodDescriptor, Selection
from openami.dlms.xdlms.short import (
    InformationReportRequest,
    MethodName,
    ParameterizedAccess,
    ShortNames,
    VariableAccess,
    VariableName,
)

Referencing: TypeAlias = Literal["LN", "SN"]


class Referring(Verbs):
    """By short names, attributes and methods are found in `names`, which the association object tells.

    They may be given before or after the association is opened; `read` and `write` need none.
    """

    __slots__ = ("is_short", "names")

    def __init__(
        self, max_pdu: int, *, prefers_gbt: bool, referencing: Referencing = "LN", names: ShortNames | None = None
    ) -> None:
        super().__init__(max_pdu, prefers_gbt=prefers_gbt)
        self.is_short = referencing == "SN"
        self.names = names

    def associate(self, *, now: float | None = None) -> int:
        """Open the association: `Associated` or `Failed`."""
        if not self.is_short:
            return super().associate(now=now)
        return self._submit(ShortAssociate(self._next_id(), self._max_pdu), now)

    def get(self, items: Sequence[AttributeItem], *, high_priority: bool = True, now: float | None = None) -> int:
        """Read attributes: `Got` or `Failed`."""
        if not self.is_short:
            return super().get(items, high_priority=high_priority, now=now)
        return self.read([self._variable(*item) for item in items], now=now)

    def set(
        self,
        items: Sequence[SetItem],
        *,
        confirmed: bool = True,
        high_priority: bool = True,
        now: float | None = None,
    ) -> int:
        """Write attributes: `WasSet` or `Failed`; unconfirmed, `WasSet` as soon as the request has left."""
        if not self.is_short:
            return super().set(items, confirmed=confirmed, high_priority=high_priority, now=now)
        written = [(self._variable(attribute, selection), value) for attribute, selection, value in items]
        return self.write(written, confirmed=confirmed, now=now)

    def action(
        self,
        items: Sequence[ActionItem],
        *,
        confirmed: bool = True,
        high_priority: bool = True,
        now: float | None = None,
    ) -> int:
        """Invoke methods: `Acted` or `Failed`; unconfirmed, `Acted` as soon as the request has left."""
        if not self.is_short:
            return super().action(items, confirmed=confirmed, high_priority=high_priority, now=now)
        invocations = [(self._method(method), parameters) for method, parameters in check_items(items)]
        manner = self._manner(is_confirmed=confirmed, high_priority=True)
        return self._submit(Invoke(self._next_id(), invocations, manner), now)

    def read(self, variables: Sequence[VariableAccess], *, now: float | None = None) -> int:
        """Read variables by their short names: `Got` or `Failed`."""
        manner = self._manner(is_confirmed=True, high_priority=True)
        return self._submit(Read(self._next_id(), check_items(variables), manner), now)

    def write(self, variables: Sequence[Written], *, confirmed: bool = True, now: float | None = None) -> int:
        """Write variables by their short names: `WasSet` or `Failed`."""
        manner = self._manner(is_confirmed=confirmed, high_priority=True)
        return self._submit(Write(self._next_id(), check_items(variables), manner), now)

    def reported(self, report: InformationReportRequest) -> list[tuple[AttributeDescriptor | int, bytes]]:
        """What an information-report tells: attributes with their values; an unknown name stays a number."""
        found: list[tuple[AttributeDescriptor | int, bytes]] = []
        for variable, value in zip(report.variables, report.values, strict=True):
            if isinstance(variable, VariableName | ParameterizedAccess):
                meant = None if self.names is None else self.names.find(variable.name)
                found.append((meant if isinstance(meant, AttributeDescriptor) else variable.name, value))
        return found

    def _variable(self, attribute: AttributeDescriptor, selection: Selection | None) -> VariableAccess:
        name = None if self.names is None else self.names.attribute(attribute)
        if name is None:
            raise LocalProtocolError(f"{attribute} has no short name that we know")
        return VariableName(name) if selection is None else ParameterizedAccess(name, *selection)

    def _method(self, method: MethodDescriptor) -> MethodName:
        name = None if self.names is None else self.names.method(method)
        if name is None:
            raise LocalProtocolError(f"{method} has no short name that we know")
        return name
