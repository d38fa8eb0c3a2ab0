"""Meters that are spoken to by short names: where their objects stand, and what a client may do with them."""

from functools import partial

from openami.aio.link import Link
from openami.core.errors import AccessError
from openami.cosem.access import AttributeAccess, MethodAccess, attribute_mode, method_mode
from openami.cosem.association import AccessRights, ObjectListElement
from openami.cosem.association_sn import AssociationSNv2, ShortAccessRights
from openami.cosem.objects import decode_whole
from openami.cosem.short_names import ASSOCIATION_SN, ShortNames
from openami.dlms.client import Got
from openami.dlms.xdlms import DataAccessResult
from openami.dlms.xdlms.short import VariableName

OBJECT_LIST = VariableName(ASSOCIATION_SN.base_name + 8)
ACCESS_RIGHTS_LIST = VariableName(ASSOCIATION_SN.base_name + 16)
BITS_SINCE = 4
"""Version of the Association SN from which rights are bits."""


async def learn_names(link: Link) -> ShortNames:
    """Read from the current association where the objects stand, and tell the client."""
    result = await read_variable(link, OBJECT_LIST)
    if isinstance(result, DataAccessResult):
        raise AccessError(result, "object list of the current Association SN")
    elements = decode_whole(AssociationSNv2.object_list.codec, result)
    link.client.names = names = ShortNames(elements)
    return names


async def object_list(link: Link, names: ShortNames) -> list[ObjectListElement]:
    """List the objects with the rights to them, in the older codes; without where the meter does not tell them."""
    result = await read_variable(link, ACCESS_RIGHTS_LIST)
    rights: dict[int, AccessRights] = {}
    if isinstance(result, bytes):
        stated = decode_whole(AssociationSNv2.access_rights_list.codec, result)
        has_bits = any(e.base_name == ASSOCIATION_SN.base_name and e.version >= BITS_SINCE for e in names.elements)
        rights = {right.base_name: in_modes(right) if has_bits else AccessRights(*right[1:]) for right in stated}
    return [
        ObjectListElement(element.class_id, element.version, element.logical_name, rights.get(element.base_name))
        for element in names.elements
    ]


async def read_variable(link: Link, variable: VariableName) -> bytes | DataAccessResult:
    """Read one variable by its short name."""
    return (await link.ask(partial(link.client.read, [variable]), Got)).results[0]


def in_modes(rights: ShortAccessRights) -> AccessRights:
    """Say rights that are bits in the older codes."""
    return AccessRights(
        [
            item._replace(access_mode=int(attribute_mode(AttributeAccess(item.access_mode))))
            for item in rights.attribute_access
        ],
        [item._replace(access_mode=int(method_mode(MethodAccess(item.access_mode)))) for item in rights.method_access],
    )
