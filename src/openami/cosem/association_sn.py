"""Association SN: what one client may see by short names, and how it is authenticated (Blue Book, class 12)."""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from openami.core.errors import AccessError, ActionError, DecodeError
from openami.core.obis import OBIS
from openami.cosem.access import AttributeAccess, Rights
from openami.cosem.association import (
    ATTRIBUTE_ACCESS_ITEM,
    METHOD_ACCESS_ITEM,
    USER,
    AttributeAccessItem,
    MethodAccessItem,
    User,
    attribute_item,
    method_item,
)
from openami.cosem.elements import NO_NAME, OBJECT_DEFINITION, ObjectDefinition
from openami.cosem.objects import Attribute, CosemObject, Method, decode_whole, interface_class, method
from openami.dlms.data import (
    ANY,
    BIT_STRING,
    INT8,
    INT16,
    LOGICAL_NAME,
    OCTET_STRING,
    UINT8,
    UINT16,
    BitString,
    Codec,
    Data,
    Tag,
    array,
    structure,
)
from openami.dlms.xdlms import ActionResult, DataAccessResult, Selection

T = TypeVar("T")
OBJECT_LIST, ACCESS_RIGHTS_LIST = 2, 3


class BaseName(Codec[int]):
    """Short name of the first attribute of an object: a long on the wire, 0 to FFF8 here."""

    def encode(self, value: int) -> bytes:
        """Long."""
        return INT16.encode(value - 0x10000 if value >= 0x8000 else value)

    def decode(self, data: bytes, offset: int = 0) -> tuple[int, int]:
        """Read a long, or a long-unsigned as some peers have it."""
        self.expect(data, offset)
        value, end = (INT16 if data[offset] == Tag.LONG else UINT16).decode(data, offset)
        return value & 0xFFFF, end


class ObjectName(NamedTuple):
    """An object and where it stands (objlist_element)."""

    base_name: int
    class_id: int
    version: int
    logical_name: OBIS


class ShortAccessRights(NamedTuple):
    """Access to the attributes and methods of one object (access_rights_element)."""

    base_name: int
    attribute_access: list[AttributeAccessItem]
    method_access: list[MethodAccessItem]


class AttributeIdentification(NamedTuple):
    """An attribute of an object, for read_by_logicalname; 0 is all of them."""

    class_id: int
    logical_name: OBIS
    attribute_index: int


class AccessDescription(NamedTuple):
    """What may be read, written and invoked of an object: a bit each, the first attribute or method first."""

    read_attributes: BitString
    write_attributes: BitString
    services: BitString


BASE_NAME = BaseName("base name", (Tag.LONG, Tag.LONG_UNSIGNED))
OBJECT_NAME = structure(ObjectName, BASE_NAME, UINT16, UINT8, LOGICAL_NAME)
SHORT_ACCESS_RIGHTS = structure(ShortAccessRights, BASE_NAME, array(ATTRIBUTE_ACCESS_ITEM), array(METHOD_ACCESS_ITEM))
ATTRIBUTE_IDENTIFICATION = structure(AttributeIdentification, UINT16, LOGICAL_NAME, INT8)
ACCESS_DESCRIPTION = structure(AccessDescription, BIT_STRING, BIT_STRING, BIT_STRING)


class AssociationSN(CosemObject):
    """What all versions of the class have; of a device the list is filled in from the rights of the client."""

    object_list: Attribute[list[ObjectName]] = Attribute(
        OBJECT_LIST, array(OBJECT_NAME), factory=list, selectors=(1, 2)
    )

    read_by_logicalname: Method[list[AttributeIdentification], list[Data]] = Method(
        3, array(ATTRIBUTE_IDENTIFICATION), array(ANY), verified=False
    )
    get_attributes_and_services: Method[list[ObjectDefinition], list[AccessDescription]] = Method(
        4, array(OBJECT_DEFINITION), array(ACCESS_DESCRIPTION), verified=False
    )
    change_lls_secret: Method[bytes, None] = Method(5, OCTET_STRING)
    change_hls_secret: Method[bytes, None] = Method(6, OCTET_STRING)
    get_hls_challenge: Method[bytes, bytes] = Method(7, OCTET_STRING, OCTET_STRING, verified=False)
    reply_to_hls_authentication: Method[bytes, bytes] = Method(8, OCTET_STRING, OCTET_STRING)

    def select(self, attribute: Attribute[object], selection: Selection) -> bytes:
        """Object list by its selectors: 1 the objects of classes, 2 objects by class and logical name."""
        try:
            chosen = select_objects(self.object_list, selection)
        except DecodeError as error:
            raise AccessError(DataAccessResult.TYPE_UNMATCHED, attribute.where(self)) from error
        return array(OBJECT_NAME).encode(chosen)


@interface_class(12, version=0)
class AssociationSNv0(AssociationSN):
    """The first version: objects are found by methods (Blue Book, class 12, version 0)."""

    @method(1, UINT16, array(OBJECT_NAME), verified=False)
    def getlist_by_classid(self, class_id: int) -> list[ObjectName]:
        """Return the objects of a class."""
        return [element for element in self.object_list if element.class_id == class_id]

    @method(2, OBJECT_DEFINITION, OBJECT_NAME, verified=False)
    def getobj_by_logicalname(self, wanted: ObjectDefinition) -> ObjectName:
        """Return where an object stands."""
        for element in self.object_list:
            if (element.class_id, element.logical_name) == wanted:
                return element
        raise ActionError(ActionResult.OBJECT_UNDEFINED, f"{self!r}: class {wanted.class_id} {wanted.logical_name}")


@interface_class(12, version=1)
class AssociationSNv1(AssociationSNv0):
    """Adds the access rights of all objects (Blue Book, class 12, version 1)."""

    access_rights_list: Attribute[list[ShortAccessRights]] = Attribute(
        ACCESS_RIGHTS_LIST, array(SHORT_ACCESS_RIGHTS), factory=list
    )


@interface_class(12, version=2)
class AssociationSNv2(AssociationSNv1):
    """Adds a reference to the security setup (Blue Book, class 12, version 2)."""

    security_setup_reference: Attribute[OBIS] = Attribute(4, LOGICAL_NAME, default=NO_NAME)


@interface_class(12, version=3)
class AssociationSNv3(AssociationSN):
    """Adds the users of the client where methods 1 and 2 once stood (Blue Book, class 12, version 3)."""

    access_rights_list: Attribute[list[ShortAccessRights]] = AssociationSNv1.access_rights_list
    security_setup_reference: Attribute[OBIS] = AssociationSNv2.security_setup_reference
    user_list: Attribute[list[User]] = Attribute(5, array(USER), factory=list, verified=False)
    current_user: Attribute[User] = Attribute(6, USER, default=User(0, ""), verified=False)

    @method(9, USER, verified=False)
    def add_user(self, user: User) -> None:
        """Add a user; one of the same id is replaced."""
        self.user_list = [*(held for held in self.user_list if held.user_id != user.user_id), user]

    @method(10, USER, verified=False)
    def remove_user(self, user: User) -> None:
        """Remove the user of that id."""
        self.user_list = [held for held in self.user_list if held.user_id != user.user_id]


@interface_class(12, version=4)
class AssociationSNv4(AssociationSNv3):
    """Access rights as bits, among them how requests and responses are protected (version 4)."""


def select_objects(elements: list[ObjectName], selection: Selection) -> list[ObjectName]:
    """Elements that a selector of the object list names, one class or object or an array of them."""
    if selection.selector == 1:
        classes = several(UINT16, selection.parameters)
        return [element for element in elements if element.class_id in classes]
    wanted = several(OBJECT_DEFINITION, selection.parameters)
    return [element for element in elements if (element.class_id, element.logical_name) in wanted]


def several(codec: Codec[T], parameters: bytes) -> list[T]:
    """Read one value or an array of them."""
    if parameters[:1] == bytes((Tag.ARRAY,)):
        return decode_whole(array(codec), parameters)
    return [decode_whole(codec, parameters)]


def short_access_rights(base_name: int, found: CosemObject, rights: Rights, version: int) -> ShortAccessRights:
    """Rights to an object as an Association SN of that version states them: bits from version 4 on."""
    style = 3 if version >= 4 else 2
    return ShortAccessRights(
        base_name,
        [attribute_item(held, rights.attribute(number), style) for number, held in found.attributes.items()],
        [method_item(number, rights.method(number), style) for number in found.methods],
    )


def access_description(found: CosemObject, rights: Rights) -> AccessDescription:
    """Rights to an object as get_attributes_and_services tells them."""
    attributes = range(1, max(found.attributes) + 1)
    return AccessDescription(
        bits(bool(rights.attribute(number) & AttributeAccess.READ) for number in attributes),
        bits(bool(rights.attribute(number) & AttributeAccess.WRITE) for number in attributes),
        bits(number in rights.callable for number in range(1, max(found.methods, default=0) + 1)),
    )


def bits(flags: Iterable[bool]) -> BitString:
    """Flags as a bit-string, the first of them first."""
    return BitString.parse("".join("01"[flag] for flag in flags))
