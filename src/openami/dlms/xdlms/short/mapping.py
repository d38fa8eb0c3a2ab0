"""What stands where in a device that is known by short names (Green Book, 9.1.4.4.5, SN mapping)."""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

from openami.dlms.xdlms.conformance import Conformance
from openami.dlms.xdlms.descriptors import AttributeDescriptor, MethodDescriptor


class MethodName(NamedTuple):
    """Short name of a method; one that returns data is read, any other is written."""

    name: int
    returns: bool


class ShortNames(Protocol):
    """Short names of a device's attributes and methods, both ways."""

    def attribute(self, descriptor: AttributeDescriptor) -> int | None:
        """Give the short name of an attribute, None if it has none."""
        ...

    def method(self, descriptor: MethodDescriptor) -> MethodName | None:
        """Give the short name of a method, None if it has none."""
        ...

    def find(self, name: int) -> AttributeDescriptor | MethodDescriptor | None:
        """Give what a short name means, None if it means nothing."""
        ...


class NoNames:
    """A device without short names."""

    def attribute(self, descriptor: AttributeDescriptor) -> int | None:
        """No attribute has a short name."""
        del descriptor
        return None

    def method(self, descriptor: MethodDescriptor) -> MethodName | None:
        """No method has a short name."""
        del descriptor
        return None

    def find(self, name: int) -> AttributeDescriptor | MethodDescriptor | None:
        """No short name means anything."""
        del name
        return None


NO_NAMES: Final = NoNames()
#: Service by logical names -> the services that carry it by short names.
SERVICES: Final[Mapping[Conformance, Conformance]] = {
    Conformance.GET: Conformance.READ,
    Conformance.SET: Conformance.WRITE | Conformance.UNCONFIRMED_WRITE,
    Conformance.ACTION: Conformance.READ | Conformance.WRITE | Conformance.PARAMETERIZED_ACCESS,
    Conformance.SELECTIVE_ACCESS: Conformance.PARAMETERIZED_ACCESS,
    Conformance.EVENT_NOTIFICATION: Conformance.INFORMATION_REPORT,
}
#: What has no place beside short names.
LOGICAL_NAMES_ONLY: Final = (
    Conformance.GET
    | Conformance.SET
    | Conformance.ACTION
    | Conformance.SELECTIVE_ACCESS
    | Conformance.EVENT_NOTIFICATION
    | Conformance.ACCESS
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
    | Conformance.PRIORITY_MGMT_SUPPORTED
    | Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET
    | Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET
)


def by_short_names(conformance: Conformance) -> Conformance:
    """Say by the services of short names what is said by those of logical names."""
    found = conformance & ~LOGICAL_NAMES_ONLY
    for service, carriers in SERVICES.items():
        if conformance & service:
            found |= carriers
    return found
