"""Association LN: users, objects, names in both encodings."""

import pytest

from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.cosem.association import (
    CONTEXT_NAME,
    METHOD_ACCESS_ITEM,
    OBJECT_LIST_ELEMENT,
    PARTNERS,
    AccessRights,
    AssociatedPartners,
    AssociationLNv1,
    AssociationLNv2,
    AttributeAccessItem,
    ContextName,
    MethodAccessItem,
    ObjectListElement,
    User,
)

LN = "0.0.40.0.0.255"
RIGHTS = AccessRights([AttributeAccessItem(1, 1)], [MethodAccessItem(1, 1)])
ENTRY = ObjectListElement(3, 0, OBIS.parse("1.0.1.8.0.255"), RIGHTS)


def test_objects_are_added_and_removed() -> None:
    association = AssociationLNv1(LN)
    association.invoke(3, OBJECT_LIST_ELEMENT.encode(ENTRY))
    association.add_object(ENTRY._replace(version=1))
    assert association.object_list == [ENTRY._replace(version=1)]
    association.invoke(4, OBJECT_LIST_ELEMENT.encode(ENTRY))
    assert association.object_list == []


def test_users_are_added_and_removed() -> None:
    association = AssociationLNv2(LN)
    for user in (User(1, "ann"), User(2, "bob"), User(1, "eve")):
        association.add_user(user)
    assert association.user_list == [User(2, "bob"), User(1, "eve")]
    association.remove_user(User(2, ""))
    assert association.user_list == [User(1, "eve")]


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        ("0207110211101202f41105110811011101", ContextName.context(1)),  # as gurux-dlms writes it
        (
            "090760857405080103",
            ContextName.context(3),
        ),  # as some meters write it
        ("090760857405080205", ContextName.mechanism(5)),
    ],
)
def test_object_identifiers_in_both_encodings(octets: str, name: ContextName) -> None:
    assert CONTEXT_NAME.decode(bytes.fromhex(octets))[0] == name


def test_a_foreign_object_identifier_is_refused() -> None:
    with pytest.raises(DecodeError, match="not of the DLMS UA"):
        CONTEXT_NAME.decode(bytes.fromhex("090760857405090103"))


def test_habits_of_meters_are_read() -> None:
    """Method access as boolean (class version 0), a client SAP as unsigned."""
    assert METHOD_ACCESS_ITEM.decode(bytes.fromhex("02020f010301"))[0] == MethodAccessItem(1, 1)
    assert METHOD_ACCESS_ITEM.decode(bytes.fromhex("02020f011601"))[0] == MethodAccessItem(1, 1)
    assert PARTNERS.decode(bytes.fromhex("02020f10120001"))[0] == AssociatedPartners(16, 1)
    assert PARTNERS.decode(bytes.fromhex("02021110120001"))[0] == AssociatedPartners(16, 1)
