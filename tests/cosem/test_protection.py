"""Data protection: what a client sends reaches the device whole, and its answer the client."""

from openami.core.obis import OBIS
from openami.cosem.protection import (
    PROTECTED_READ,
    PROTECTED_VALUES,
    DataProtection,
    ProtectedRead,
    ProtectedValues,
    RequiredProtection,
)
from openami.cosem.push_elements import (
    KeyInfo,
    KeyInfoType,
    ProtectionOptions,
    ProtectionParameters,
    ProtectionType,
    RestrictedObject,
    WrappedKey,
)
from openami.dlms.data import ENUM

LN = "0.0.43.2.0.255"
ENERGY = RestrictedObject(3, OBIS.parse("1.0.1.8.0.255"), 2)
LAYER = ProtectionParameters(
    ProtectionType.ENCRYPTION,
    ProtectionOptions(b"t", b"o", b"r", b"i", KeyInfo(KeyInfoType.WRAPPED, WrappedKey(0, b""))),
)


def test_layers_are_written_as_gurux_dlms_writes_them_in_push_setup() -> None:
    protection = DataProtection(LN, protection_parameters_get=[LAYER])
    assert (
        protection.read(4).hex()
        == "0101020216010205090174" + "09016f" + "090172" + "090169" + "020216010202" + "16000900"
    )


def test_the_device_protects() -> None:
    asked: list[ProtectedRead] = []

    def protect(request: ProtectedRead) -> ProtectedValues:
        asked.append(request)
        return ProtectedValues(request.protection_parameters, b"protected")

    device = DataProtection(LN, handlers={"get_protected_attributes": protect})
    request = ProtectedRead([ENERGY], [LAYER])
    octets = device.invoke(1, PROTECTED_READ.encode(request))
    assert asked == [request]
    assert octets is not None
    assert PROTECTED_VALUES.decode(octets)[0] == ProtectedValues([LAYER], b"protected")


def test_required_protection_is_a_set_of_bits() -> None:
    needed = RequiredProtection.ENCRYPTED_REQUEST | RequiredProtection.ENCRYPTED_RESPONSE
    assert DataProtection(LN, required_protection=needed).read(6) == ENUM.encode(0x48)
