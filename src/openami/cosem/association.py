"""Association LN: what one client may see, and how it is authenticated (Blue Book, class 15)."""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from openami.core.errors import AccessError, DecodeError
from openami.core.obis import OBIS
from openami.cosem.access import AttributeAccess, MethodAccess, attribute_mode, method_mode
from openami.cosem.elements import NO_NAME, OBJECT_DEFINITION, ObjectDefinition
from openami.cosem.objects import Attribute, CosemObject, Method, decode_whole, interface_class, method
from openami.dlms.data import (
    BIT_STRING,
    ENUM,
    INT8,
    LOGICAL_NAME,
    NULL,
    OCTET_STRING,
    UINT8,
    UINT16,
    VISIBLE_STRING,
    BitString,
    Codec,
    Tag,
    array,
    choice,
    enum,
    optional,
    structure,
)
from openami.dlms.xdlms import DataAccessResult, Selection

CURRENT_ASSOCIATION = OBIS.parse("0.0.40.0.0.255")
OBJECT_LIST = 2


class AttributeAccessItem(NamedTuple):
    """Access to one attribute: `AttributeMode` up to version 2, `AttributeAccess` bits in version 3."""

    attribute_id: int
    access_mode: int
    access_selectors: list[int] | None = None


class MethodAccessItem(NamedTuple):
    """Access to one method: `MethodMode` up to version 2, `MethodAccess` bits in version 3."""

    method_id: int
    access_mode: int


class AccessRights(NamedTuple):
    """Access to the attributes and methods of one object."""

    attribute_access: list[AttributeAccessItem]
    method_access: list[MethodAccessItem]


class ObjectListElement(NamedTuple):
    """An object the client sees; without access rights where a selector leaves them out."""

    class_id: int
    version: int
    logical_name: OBIS
    access_rights: AccessRights | None = None


class Flag(Codec[int]):
    """Enum, or boolean as some meters and class version 0 send it."""

    def encode(self, value: int) -> bytes:
        """Enum."""
        return ENUM.encode(value)

    def decode(self, data: bytes, offset: int = 0) -> tuple[int, int]:
        """Read an enum or a boolean."""
        self.expect(data, offset)
        if offset + 2 > len(data):
            raise DecodeError(f"{self.name} is cut off", offset=offset)
        return data[offset + 1], offset + 2


class Element(Codec[ObjectListElement]):
    """Element of the object list with four members, or three where the rights are left out."""

    def encode(self, value: ObjectListElement) -> bytes:
        """Structure of three or four."""
        if value.access_rights is None:
            return HEAD.encode(Head(value.class_id, value.version, value.logical_name))
        return FULL.encode(value)

    def decode(self, data: bytes, offset: int = 0) -> tuple[ObjectListElement, int]:
        """Read a structure of three or four."""
        self.expect(data, offset)
        if data[offset + 1 : offset + 2] != b"\x03":
            return FULL.decode(data, offset)
        head, end = HEAD.decode(data, offset)
        class_id, version, logical_name = head
        return ObjectListElement(class_id, version, logical_name), end


class Head(NamedTuple):
    """Element of the object list without access rights."""

    class_id: int
    version: int
    logical_name: OBIS


ATTRIBUTE_ACCESS_ITEM = structure(AttributeAccessItem, INT8, ENUM, optional(array(INT8)))
METHOD_ACCESS_ITEM = structure(MethodAccessItem, INT8, Flag("access mode", (Tag.ENUM, Tag.BOOLEAN)))
ACCESS_RIGHTS = structure(AccessRights, array(ATTRIBUTE_ACCESS_ITEM), array(METHOD_ACCESS_ITEM))
HEAD = structure(Head, UINT16, UINT8, LOGICAL_NAME)
FULL = structure(ObjectListElement, UINT16, UINT8, LOGICAL_NAME, ACCESS_RIGHTS)
CLASSES = array(UINT16)
OBJECT_LIST_ELEMENT = Element("object list element", (Tag.STRUCTURE,))


class AssociatedPartners(NamedTuple):
    """Service access points of both ends."""

    client_sap: int
    server_sap: int


class ContextName(NamedTuple):
    """Object identifier of an application context (arc 1) or mechanism (arc 2), arc by arc."""

    joint_iso_ctt: int
    country: int
    country_name: int
    identified_organization: int
    dlms_ua: int
    arc: int
    name: int

    @classmethod
    def context(cls, name: int) -> "ContextName":
        """Application context 2.16.756.5.8.1.name."""
        return cls(2, 16, 756, 5, 8, 1, name)

    @classmethod
    def mechanism(cls, name: int) -> "ContextName":
        """Return the authentication mechanism 2.16.756.5.8.2.name."""
        return cls(2, 16, 756, 5, 8, 2, name)


class NameCodec(Codec[ContextName]):
    """Object identifier as a structure; the seven octets of its BER contents are read too."""

    def encode(self, value: ContextName) -> bytes:
        """Structure."""
        return ARCS.encode(value)

    def decode(self, data: bytes, offset: int = 0) -> tuple[ContextName, int]:
        """Read a structure or an octet-string."""
        if self.expect(data, offset) == Tag.STRUCTURE:
            return ARCS.decode(data, offset)
        octets, end = OCTET_STRING.decode(data, offset)
        if len(octets) != len(BER_ARCS) + 2 or octets[:5] != BER_ARCS:
            raise DecodeError(f"object identifier {octets.hex()} is not of the DLMS UA", offset=offset)
        return ContextName(2, 16, 756, 5, 8, *octets[5:]), end


ARCS = structure(ContextName, UINT8, UINT8, UINT16, UINT8, UINT8, UINT8, UINT8)
BER_ARCS = bytes.fromhex("6085740508")
CONTEXT_NAME = NameCodec("object identifier", (Tag.STRUCTURE, Tag.OCTET_STRING))


class XDLMSContextInfo(NamedTuple):
    """What was negotiated for the association."""

    conformance: BitString
    max_receive_pdu_size: int
    max_send_pdu_size: int
    dlms_version_number: int
    quality_of_service: int
    cyphering_info: bytes


class AssociationStatus(IntEnum):
    """State of the association."""

    NON_ASSOCIATED = 0
    ASSOCIATION_PENDING = 1
    ASSOCIATED = 2


class User(NamedTuple):
    """A user of the client."""

    user_id: int
    user_name: str


XDLMS_CONTEXT_INFO = structure(XDLMSContextInfo, BIT_STRING, UINT16, UINT16, UINT8, INT8, OCTET_STRING)
PARTNERS = structure(AssociatedPartners, choice(INT8, UINT8), UINT16)
USER = structure(User, UINT8, VISIBLE_STRING)
NO_CONTEXT = XDLMSContextInfo(BitString(24, bytes(3)), 0, 0, 6, 0, b"")


@interface_class(15, version=1)
class AssociationLNv1(CosemObject):
    """Association LN with a reference to its security setup (Blue Book, class 15, version 1)."""

    object_list: Attribute[list[ObjectListElement]] = Attribute(
        OBJECT_LIST, array(OBJECT_LIST_ELEMENT), factory=list, selectors=(1, 2, 3, 4)
    )
    associated_partners_id: Attribute[AssociatedPartners] = Attribute(3, PARTNERS, default=AssociatedPartners(0, 1))
    application_context_name: Attribute[ContextName] = Attribute(4, CONTEXT_NAME, default=ContextName.context(1))
    xdlms_context_info: Attribute[XDLMSContextInfo] = Attribute(5, XDLMS_CONTEXT_INFO, default=NO_CONTEXT)
    authentication_mechanism_name: Attribute[ContextName] = Attribute(6, CONTEXT_NAME, default=ContextName.mechanism(0))
    secret: Attribute[bytes] = Attribute(7, OCTET_STRING, default=b"")
    association_status: Attribute[AssociationStatus] = Attribute(
        8, enum(AssociationStatus), default=AssociationStatus.NON_ASSOCIATED
    )
    security_setup_reference: Attribute[OBIS] = Attribute(9, LOGICAL_NAME, default=NO_NAME)

    reply_to_hls_authentication: Method[bytes, bytes] = Method(1, OCTET_STRING, OCTET_STRING)
    change_hls_secret: Method[bytes, None] = Method(2, OCTET_STRING)

    @method(3, OBJECT_LIST_ELEMENT)
    def add_object(self, element: ObjectListElement) -> None:
        """Make an object visible; one already listed is replaced."""
        self.object_list = [*self.without(element), element]

    @method(4, OBJECT_LIST_ELEMENT)
    def remove_object(self, element: ObjectListElement) -> None:
        """Take an object out of the list."""
        self.object_list = self.without(element)

    def without(self, element: ObjectListElement) -> list[ObjectListElement]:
        """Return the object list without the object of an element."""
        key = (element.class_id, element.logical_name)
        return [held for held in self.object_list if (held.class_id, held.logical_name) != key]

    def select(self, attribute: Attribute[object], selection: Selection) -> bytes:
        """Object list by its selectors: 1 without rights, 2 by class, 3 by objects, 4 one object."""
        try:
            chosen = select_objects(self.object_list, selection)
        except DecodeError as error:
            raise AccessError(DataAccessResult.TYPE_UNMATCHED, attribute.where(self)) from error
        return array(OBJECT_LIST_ELEMENT).encode(chosen)


@interface_class(15, version=2)
class AssociationLNv2(AssociationLNv1):
    """Adds the users of the client (Blue Book, class 15, version 2)."""

    user_list: Attribute[list[User]] = Attribute(10, array(USER), factory=list)
    current_user: Attribute[User] = Attribute(11, USER, default=User(0, ""))

    @method(5, USER)
    def add_user(self, user: User) -> None:
        """Add a user; one of the same id is replaced."""
        self.user_list = [*(held for held in self.user_list if held.user_id != user.user_id), user]

    @method(6, USER)
    def remove_user(self, user: User) -> None:
        """Remove the user of that id."""
        self.user_list = [held for held in self.user_list if held.user_id != user.user_id]


@interface_class(15, version=3)
class AssociationLNv3(AssociationLNv2):
    """Access rights as bits, among them how requests and responses are protected (version 3)."""


def of_classes(classes: Iterable[int]) -> Selection:
    """Selection of the objects of some classes from an object list (selector 2)."""
    return Selection(2, CLASSES.encode(list(classes)))


def select_objects(elements: list[ObjectListElement], selection: Selection) -> list[ObjectListElement]:
    """Elements that the selector of an object list names (Blue Book, class 15, selective access)."""
    if selection.selector == 1:
        decode_whole(NULL, selection.parameters or b"\x00")
        return [element._replace(access_rights=None) for element in elements]
    if selection.selector == 2:
        classes = decode_whole(CLASSES, selection.parameters)
        return [element for element in elements if element.class_id in classes]
    wanted = wanted_objects(selection)
    return [element for element in elements if (element.class_id, element.logical_name) in wanted]


def wanted_objects(selection: Selection) -> list[ObjectDefinition]:
    """Return the objects that selectors 3 (several) and 4 (one) name."""
    if selection.selector == 4:
        return [decode_whole(OBJECT_DEFINITION, selection.parameters)]
    return decode_whole(array(OBJECT_DEFINITION), selection.parameters)


def attribute_item(
    attribute: Attribute[object], access: AttributeAccess, version: int, selectors: Sequence[int] | None = None
) -> AttributeAccessItem:
    """Rights to an attribute as an association of that version states them, with its selectors or those given."""
    mode = int(access) if version >= 3 else int(attribute_mode(access))
    offered = attribute.selectors if selectors is None else selectors
    return AttributeAccessItem(attribute.attribute_id, mode, list(offered) or None)


def method_item(method_id: int, access: MethodAccess, version: int) -> MethodAccessItem:
    """Right to a method as an association of that version states it."""
    mode = int(access) if version >= 3 else int(method_mode(access))
    return MethodAccessItem(method_id, mode)
