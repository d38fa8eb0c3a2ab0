"""Data protection: attributes and methods ciphered or signed one by one (Blue Book, class 30)."""

from enum import IntFlag
from typing import NamedTuple

from openami.cosem.elements import VALUE_DEFINITION, ValueDefinition
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class
from openami.cosem.push_elements import (
    PROTECTION_PARAMETERS,
    RESTRICTED_OBJECT,
    ProtectionParameters,
    RestrictedObject,
)
from openami.dlms.data import ENUM, OCTET_STRING, array, structure


class RequiredProtection(IntFlag):
    """What requests and responses must at least have (class 30, required_protection)."""

    AUTHENTICATED_REQUEST = 1 << 2
    ENCRYPTED_REQUEST = 1 << 3
    DIGITALLY_SIGNED_REQUEST = 1 << 4
    AUTHENTICATED_RESPONSE = 1 << 5
    ENCRYPTED_RESPONSE = 1 << 6
    DIGITALLY_SIGNED_RESPONSE = 1 << 7


class ProtectedRead(NamedTuple):
    """What to read, and how the answer is to be protected."""

    object_list: list[RestrictedObject]
    protection_parameters: list[ProtectionParameters]


class ProtectedValues(NamedTuple):
    """What was read, protected as stated."""

    protection_parameters: list[ProtectionParameters]
    protected_attributes: bytes


class ProtectedWrite(NamedTuple):
    """Protected values to write."""

    object_list: list[RestrictedObject]
    protection_parameters: list[ProtectionParameters]
    protected_attributes: bytes


class ProtectedCall(NamedTuple):
    """A method to invoke, with protected parameters; the third member of its name is the method's number."""

    object_method_definition: ValueDefinition
    protection_parameters: list[ProtectionParameters]
    protected_method_invocation_parameters: bytes


class ProtectedReturn(NamedTuple):
    """What the method returned, protected as stated."""

    protection_parameters: list[ProtectionParameters]
    protected_method_return_parameters: bytes


OBJECTS = array(RESTRICTED_OBJECT)
PROTECTED_READ = structure(ProtectedRead, OBJECTS, PROTECTION_PARAMETERS)
PROTECTED_VALUES = structure(ProtectedValues, PROTECTION_PARAMETERS, OCTET_STRING)
PROTECTED_WRITE = structure(ProtectedWrite, OBJECTS, PROTECTION_PARAMETERS, OCTET_STRING)
PROTECTED_CALL = structure(ProtectedCall, VALUE_DEFINITION, PROTECTION_PARAMETERS, OCTET_STRING)
PROTECTED_RETURN = structure(ProtectedReturn, PROTECTION_PARAMETERS, OCTET_STRING)


@interface_class(30, version=0)
class DataProtection(CosemObject):
    """A protected copy of attributes, and protected reading, writing and calling (Blue Book, class 30).

    `required_protection` holds the bits of `RequiredProtection`. Keys are the device's, so it handles the
    methods.
    """

    protection_buffer: Attribute[bytes] = Attribute(2, OCTET_STRING, default=b"")
    protection_object_list: Attribute[list[RestrictedObject]] = Attribute(3, OBJECTS, factory=list, verified=False)
    protection_parameters_get: Attribute[list[ProtectionParameters]] = Attribute(
        4, PROTECTION_PARAMETERS, factory=list, verified=False
    )
    protection_parameters_set: Attribute[list[ProtectionParameters]] = Attribute(
        5, PROTECTION_PARAMETERS, factory=list, verified=False
    )
    required_protection: Attribute[int] = Attribute(6, ENUM, default=0, verified=False)

    get_protected_attributes: Method[ProtectedRead, ProtectedValues] = Method(
        1, PROTECTED_READ, PROTECTED_VALUES, verified=False
    )
    set_protected_attributes: Method[ProtectedWrite, None] = Method(2, PROTECTED_WRITE, verified=False)
    invoke_protected_method: Method[ProtectedCall, ProtectedReturn] = Method(
        3, PROTECTED_CALL, PROTECTED_RETURN, verified=False
    )
