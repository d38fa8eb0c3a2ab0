"""InformationReport: values that the server sends of its own accord, by short names (Green Book, 9.3.17)."""

from collections.abc import Sequence

from openami.core.errors import LocalProtocolError
from openami.dlms.xdlms import AttributeDescriptor
from openami.dlms.xdlms.short import InformationReportRequest, ShortNames, VariableName


def information_report(
    names: ShortNames | None, items: Sequence[tuple[AttributeDescriptor, bytes]], current_time: bytes | None
) -> bytes:
    """Make the APDU; an attribute without a short name cannot be told of."""
    variables: list[VariableName] = []
    for attribute, _ in items:
        name = None if names is None else names.attribute(attribute)
        if name is None:
            raise LocalProtocolError(f"{attribute} has no short name")
        variables.append(VariableName(name))
    values = tuple(value for _, value in items)
    return InformationReportRequest(tuple(variables), values, current_time).encode()
