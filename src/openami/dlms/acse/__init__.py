"""ACSE: AARQ, AARE, RLRQ and RLRE, the APDUs that open and release an association (Green Book, 9.4.2)."""

from openami.dlms.acse.aare import AARE, AssociationResult, Diagnostic, ProviderDiagnostic
from openami.dlms.acse.aarq import AARQ
from openami.dlms.acse.context import ApplicationContext, Mechanism
from openami.dlms.acse.release import RLRE, RLRQ, ReleaseRequestReason, ReleaseResponseReason

__all__ = [
    "AARE",
    "AARQ",
    "RLRE",
    "RLRQ",
    "ApplicationContext",
    "AssociationResult",
    "Diagnostic",
    "Mechanism",
    "ProviderDiagnostic",
    "ReleaseRequestReason",
    "ReleaseResponseReason",
]
