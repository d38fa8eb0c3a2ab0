"""The interface classes known, by class id and version: a literal list, extended but never changed."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Self

from openami.core.errors import DefinitionError
from openami.cosem.arbitrator import Arbitrator
from openami.cosem.array_manager import ArrayManager
from openami.cosem.association import AssociationLNv1, AssociationLNv2, AssociationLNv3
from openami.cosem.association_sn import (
    AssociationSNv0,
    AssociationSNv1,
    AssociationSNv2,
    AssociationSNv3,
    AssociationSNv4,
)
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
from openami.cosem.coap import CoAPDiagnostic, CoAPSetup
from openami.cosem.compact_data import CompactData, CompactDatav1
from openami.cosem.disconnect_control import DisconnectControl, DisconnectControlv1
from openami.cosem.function_control import FunctionControl
from openami.cosem.g3_adaptation import (
    G3PLC6LoWPANSetupv1,
    G3PLC6LoWPANSetupv2,
    G3PLC6LoWPANSetupv3,
    G3PLC6LoWPANSetupv4,
)
from openami.cosem.g3_plc import (
    G3PLCMACLayerCounters,
    G3PLCMACSetupv1,
    G3PLCMACSetupv2,
    G3PLCMACSetupv3,
    G3PLCMACSetupv4,
)
from openami.cosem.image_transfer import ImageTransfer
from openami.cosem.internet import IPv4Setup, IPv6Setup, MACAddressSetup, PPPSetup, SMTPSetup, TCPUDPSetup
from openami.cosem.limiter import Limiter
from openami.cosem.llc import LLCType1Setup, LLCType2Setup, LLCType3Setup
from openami.cosem.local_ports import (
    IECHDLCSetup,
    IECHDLCSetupv1,
    IECLocalPortSetup,
    IECLocalPortSetupv1,
    IECTwistedPairSetup,
    IECTwistedPairSetupv1,
    MBusSlavePortSetup,
)
from openami.cosem.m_bus import (
    DLMSServerMBusPortSetup,
    MBusClient,
    MBusClientv1,
    MBusDiagnostic,
    MBusMasterPortSetup,
)
from openami.cosem.modem import (
    AutoAnswer,
    AutoAnswerv2,
    AutoConnect,
    AutoConnectv2,
    ModemConfiguration,
    ModemConfigurationv1,
    PSTNAutoDial,
)
from openami.cosem.ntp import NTPSetup
from openami.cosem.objects import CosemObject
from openami.cosem.parameter_monitor import ParameterMonitor, ParameterMonitorv1
from openami.cosem.port_protection import CommunicationPortProtection
from openami.cosem.prepayment import Account, Charge, Credit
from openami.cosem.prime import (
    LLCSSCSSetup,
    PRIMEApplicationIdentification,
    PRIMEMACCounters,
    PRIMEMACFunctionalParameters,
    PRIMEMACNetworkAdministrationData,
    PRIMEMACSetup,
    PRIMEPhysicalLayerCounters,
)
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.protection import DataProtection
from openami.cosem.push import PushSetup, PushSetupv1, PushSetupv2, PushSetupv3
from openami.cosem.register_activation import RegisterActivation
from openami.cosem.register_monitor import RegisterMonitor
from openami.cosem.register_table import RegisterTable
from openami.cosem.registers import Data, DemandRegister, ExtendedRegister, Register
from openami.cosem.s_fsk import (
    IEC61334LLCSetup,
    SFSKActiveInitiator,
    SFSKMACCounters,
    SFSKMACSynchronizationTimeouts,
    SFSKPhyMACSetup,
    SFSKReportingSystemList,
)
from openami.cosem.sap_assignment import SAPAssignment
from openami.cosem.schedule import Schedule
from openami.cosem.scripts import ScriptTable, SingleActionSchedule
from openami.cosem.security_setup import SecuritySetup, SecuritySetupv1
from openami.cosem.status_mapping import StatusMapping
from openami.cosem.token_gateway import IEC62055Attributes, TokenGateway
from openami.cosem.utility_tables import UtilityTables

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


#: Every interface class that is declared here.
CATALOGUE = Catalogue(
    Data,
    Register,
    ExtendedRegister,
    DemandRegister,
    RegisterActivation,
    ProfileGeneric,
    Clock,
    ScriptTable,
    Schedule,
    SpecialDaysTable,
    AssociationSNv0,
    AssociationSNv1,
    AssociationSNv2,
    AssociationSNv3,
    AssociationSNv4,
    AssociationLNv1,
    AssociationLNv2,
    AssociationLNv3,
    SAPAssignment,
    ImageTransfer,
    IECLocalPortSetup,
    IECLocalPortSetupv1,
    ActivityCalendar,
    RegisterMonitor,
    SingleActionSchedule,
    IECHDLCSetup,
    IECHDLCSetupv1,
    IECTwistedPairSetup,
    IECTwistedPairSetupv1,
    MBusSlavePortSetup,
    UtilityTables,
    ModemConfiguration,
    ModemConfigurationv1,
    AutoAnswer,
    AutoAnswerv2,
    PSTNAutoDial,
    AutoConnect,
    AutoConnectv2,
    DataProtection,
    PushSetup,
    PushSetupv1,
    PushSetupv2,
    PushSetupv3,
    TCPUDPSetup,
    IPv4Setup,
    MACAddressSetup,
    PPPSetup,
    GPRSModemSetup,
    SMTPSetup,
    GSMDiagnostic,
    GSMDiagnosticv1,
    GSMDiagnosticv2,
    IPv6Setup,
    SFSKPhyMACSetup,
    SFSKActiveInitiator,
    SFSKMACSynchronizationTimeouts,
    SFSKMACCounters,
    IEC61334LLCSetup,
    SFSKReportingSystemList,
    LLCType1Setup,
    LLCType2Setup,
    LLCType3Setup,
    RegisterTable,
    CompactData,
    CompactDatav1,
    StatusMapping,
    SecuritySetup,
    SecuritySetupv1,
    ParameterMonitor,
    ParameterMonitorv1,
    Arbitrator,
    DisconnectControl,
    DisconnectControlv1,
    Limiter,
    MBusClient,
    MBusClientv1,
    MBusMasterPortSetup,
    DLMSServerMBusPortSetup,
    MBusDiagnostic,
    LLCSSCSSetup,
    PRIMEPhysicalLayerCounters,
    PRIMEMACSetup,
    PRIMEMACFunctionalParameters,
    PRIMEMACCounters,
    PRIMEMACNetworkAdministrationData,
    PRIMEApplicationIdentification,
    G3PLCMACLayerCounters,
    G3PLCMACSetupv1,
    G3PLCMACSetupv2,
    G3PLCMACSetupv3,
    G3PLCMACSetupv4,
    G3PLC6LoWPANSetupv1,
    G3PLC6LoWPANSetupv2,
    G3PLC6LoWPANSetupv3,
    G3PLC6LoWPANSetupv4,
    NTPSetup,
    Account,
    Credit,
    Charge,
    TokenGateway,
    IEC62055Attributes,
    FunctionControl,
    ArrayManager,
    CommunicationPortProtection,
    LTEMonitoring,
    LTEMonitoringv1,
    CoAPSetup,
    CoAPDiagnostic,
)
