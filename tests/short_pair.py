"""`Pair` by short names: both ends know where a few objects stand."""

from dataclasses import replace
from typing import Any

from levels import WITH_GENERAL_DED as LEVELS
from openami.core.obis import OBIS
from openami.cosem.association_sn import ObjectName
from openami.cosem.short_names import ShortNames
from openami.dlms.acse import AARE, AARQ, ApplicationContext, AssociationResult
from openami.dlms.client import DEFAULT_CONFORMANCE
from openami.dlms.security import Security
from openami.dlms.server import Association
from openami.dlms.xdlms import ActionResult, Conformance, DataAccessResult, InitiateRequest, MethodDescriptor
from pair import ASSOCIATIONS, CLOCK, ECHO, PROFILE, REGISTER, Pair, Store

#: A method that returns data: Security setup, key_agreement.
AGREE = MethodDescriptor(64, OBIS.parse("0.0.43.0.0.255"), 3)
NAMES = ShortNames(
    [
        ObjectName(0x0100, 3, 0, REGISTER.logical_name),
        ObjectName(0x0200, 8, 0, CLOCK.logical_name),
        ObjectName(0x0300, 7, 1, PROFILE.logical_name),
        ObjectName(0x0400, 9, 0, ECHO.logical_name),
        ObjectName(0x0500, 64, 1, AGREE.logical_name),
        ObjectName(0xFA00, 12, 2, OBIS.parse("0.0.40.0.0.255")),
    ]
)
AT_REGISTER, AT_CLOCK, AT_AGREE = 0x0108, 0x0208, 0x0540
NOTHING = 0x7000
PLAIN, CIPHERED = ApplicationContext.SN, ApplicationContext.SN_CIPHERED
SHORT = {
    sap: replace(held, context=CIPHERED if held.is_ciphered else PLAIN, names=NAMES)
    for sap, held in ASSOCIATIONS.items()
}
SUCCESS, UNDEFINED = DataAccessResult.SUCCESS, DataAccessResult.OBJECT_UNDEFINED
FIVE = b"\x06\0\0\0\5"
NO_GBT = DEFAULT_CONFORMANCE & ~Conformance.GENERAL_BLOCK_TRANSFER


class Echoing(Store):
    """A store whose AGREE returns its parameters."""

    def invoke(self, method: MethodDescriptor, parameters: bytes | None) -> tuple[ActionResult, bytes | None]:
        result, returned = super().invoke(method, parameters)
        return result, parameters if method == AGREE else returned


def pair(
    level: str | tuple[Security, int] = "public",
    *,
    client: dict[str, Any] | None = None,
    associations: dict[int, Association] | None = None,
    **facts: Any,
) -> Pair:
    """Both ends at a level of security, not yet associated."""
    security, client_sap = LEVELS[level] if isinstance(level, str) else level
    return Pair(
        security,
        client_sap=client_sap,
        client={"referencing": "SN", "names": NAMES, **(client or {})},
        associations=associations or SHORT,
        **{"answer": Echoing(), **facts},
    )


def public(conformance: Conformance = DEFAULT_CONFORMANCE, max_pdu: int = 0xFFFF, **facts: Any) -> Pair:
    """A public association whose APDUs the test makes itself."""
    joined = pair(associations={16: replace(SHORT[16], conformance=conformance)}, **facts)
    initiate = InitiateRequest(Conformance(0xFFFFFF), max_pdu).encode()
    answer = AARE.decode(joined.strike(AARQ(application_context=PLAIN, user_information=initiate).encode()))
    assert answer.result is AssociationResult.ACCEPTED
    return joined
