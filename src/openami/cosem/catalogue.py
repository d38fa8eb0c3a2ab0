"""The interface classes known, by class id and version: a literal list, extended but never changed."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Self

from openami.core.errors import DefinitionError
from openami.cosem.association import AssociationLNv1, AssociationLNv2, AssociationLNv3
from openami.cosem.calendars import ActivityCalendar, SpecialDaysTable
from openami.cosem.cellular import (
    GPRSModemSetup,
    GSMDiagnostic,
    GSMDiagnosticv1,
    GSMDiagnosticv2,
    LTEMonitoring,
    LTEMonitoringv1,
)
from openami.cosem.clock import Clock
from openami.cosem.image_transfer import ImageTransfer
from openami.cosem.internet import IPv4Setup, PPPSetup, TCPUDPSetup
from openami.cosem.modem import AutoAnswer, AutoAnswerv2, AutoConnect, AutoConnectv2
from openami.cosem.objects import CosemObject
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.push import PushSetup
from openami.cosem.register_activation import RegisterActivation
from openami.cosem.register_monitor import RegisterMonitor
from openami.cosem.registers import Data, DemandRegister, ExtendedRegister, Register
from openami.cosem.sap_assignment import SAPAssignment
from openami.cosem.scripts import ScriptTable, SingleActionSchedule
from openami.cosem.security_setup import SecuritySetup, SecuritySetupv1

ClassKey = tuple[int, int]
"""Class id and version."""


class Catalogue(Mapping[ClassKey, type[CosemObject]]):
    """Interface classes by class id and version."""

    def __init__(self, *classes: type[CosemObject]) -> None:
        known: dict[ClassKey, type[CosemObject]] = {}
        for cls in classes:
            key = cls.class_id, cls.version
            if not cls.class_id:
                raise DefinitionError(f"{cls.__name__} is not stamped with interface_class")
            if key in known:
                raise DefinitionError(f"{cls.__name__} and {known[key].__name__} both are class {key}")
            known[key] = cls
        self.classes = MappingProxyType(known)

    def __getitem__(self, key: ClassKey) -> type[CosemObject]:
        return self.classes[key]

    def __iter__(self) -> Iterator[ClassKey]:
        return iter(self.classes)

    def __len__(self) -> int:
        return len(self.classes)

    def named(self, name: str) -> type[CosemObject]:
        """Return the class of that name; DefinitionError if there is none."""
        for cls in self.classes.values():
            if cls.__name__ == name:
                return cls
        raise DefinitionError(f"no interface class is called {name!r}")

    def extended(self, *classes: type[CosemObject]) -> Self:
        """Return a catalogue with more classes: a country's or a vendor's."""
        return type(self)(*self.classes.values(), *classes)


CATALOGUE = Catalogue(
    Data,
    Register,
    ExtendedRegister,
    DemandRegister,
    RegisterActivation,
    ProfileGeneric,
    Clock,
    ScriptTable,
    SpecialDaysTable,
    AssociationLNv1,
    AssociationLNv2,
    AssociationLNv3,
    SAPAssignment,
    ImageTransfer,
    ActivityCalendar,
    RegisterMonitor,
    SingleActionSchedule,
    AutoAnswer,
    AutoAnswerv2,
    AutoConnect,
    AutoConnectv2,
    PushSetup,
    TCPUDPSetup,
    IPv4Setup,
    PPPSetup,
    GPRSModemSetup,
    GSMDiagnostic,
    GSMDiagnosticv1,
    GSMDiagnosticv2,
    SecuritySetup,
    SecuritySetupv1,
    LTEMonitoring,
    LTEMonitoringv1,
)
