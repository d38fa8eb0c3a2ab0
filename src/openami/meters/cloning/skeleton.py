"""A meter that nobody has met, from a list of its objects: values are defaults of the right type."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final, cast

from openami.aio.objects import known_class
from openami.core.errors import AmiError
from openami.core.obis import OBIS
from openami.cosem.access import AttributeAccess, Key, attribute_mode
from openami.cosem.association import AccessRights, AttributeAccessItem, MethodAccessItem, ObjectListElement
from openami.cosem.objects import UNSET, Attribute
from openami.dlms import data
from openami.dlms.data import AnyCodec
from openami.dlms.data.codecs import Array, Choice, Mapped, Structure
from openami.meters.cloning.clone import FEW_TAGS
from openami.meters.cloning.hiding import counter_source
from openami.meters.cloning.listing import Listed, Listing, Stated
from openami.meters.cloning.taking import ASSOCIATION, MANAGEMENT_CLIENT, PUBLIC_CLIENT, Client, Taken
from openami.meters.cloning.writing import NO_NAMES, Written
from openami.meters.literals import SIMPLE_TYPES, build

CURRENT: Final[Key] = (ASSOCIATION, OBIS.of("0.0.40.0.0.255"))
DEVICE_NAME: Final[Key] = (1, OBIS.of("0.0.42.0.0.255"))
COUNTER: Final[Key] = (1, OBIS.of("0.0.43.1.0.255"))
CLOCK: Final[Key] = (8, OBIS.of("0.0.1.0.0.255"))
PUBLIC: Final = (CURRENT, DEVICE_NAME, COUNTER, CLOCK)
"""What everybody may read, and a client needs: who the meter is, and the invocation counter."""

USUAL: Final[Mapping[int, AnyCodec]] = {1: data.OCTET_STRING, 3: data.UINT32, 4: data.UINT32, 5: data.UINT32}
"""Type of a value by class, where neither class nor list names one."""

VALUE: Final = 2
NEEDED: Final[Mapping[Key, tuple[int, str]]] = {
    CURRENT: (1, "association, added"),
    DEVICE_NAME: (0, "logical device name, added"),
    COUNTER: (0, "invocation counter, added"),
}
ZEROS: Final[Mapping[AnyCodec, Written]] = {
    data.NULL: "null",
    data.ANY: {"type": data.NULL.name, "value": "null"},
    data.BOOLEAN: False,
    data.OCTET_STRING: "",
    data.VISIBLE_STRING: "",
    data.UTF8_STRING: "",
    data.BIT_STRING: "",
    data.UNIT: "count",
    data.LOGICAL_NAME: "0.0.0.0.0.0",
    data.DATE: "*-*-*",
    data.TIME: "*:*:*",
    data.DATE_TIME: "*",
    data.FLOAT32: 0.0,
    data.FLOAT64: 0.0,
}


def drawn(listing: Listing) -> Taken:
    """Draw a meter as if it had been read by two clients, management and the public."""
    objects = {one.key: one for one in listing.objects}
    for key, (version, title) in NEEDED.items():
        objects.setdefault(key, Listed(key[0], version, key[1], title))
    version = objects[CURRENT].version
    every = tuple(element(one, version) for one in objects.values())
    public = tuple(e for e in every if (e.class_id, e.logical_name) in PUBLIC)
    clients = Client(MANAGEMENT_CLIENT, "hls5", every), Client(PUBLIC_CLIENT, "lowest", tuple(map(read_only, public)))
    values = {key: values_of(one) for key, one in objects.items()}
    titles = {key: one.name for key, one in objects.items() if one.name}
    return Taken(clients, values, {}, {}, titles=titles)


def element(listed: Listed, version: int) -> ObjectListElement:
    """Make the object of a list one of an object list; what the list does not deny may be read."""
    known = known_class(listed.class_id, listed.version)
    selectors = {} if known is None else {number: [*one.selectors] or None for number, one in known.attributes.items()}
    items = [
        AttributeAccessItem(number, mode(access(listed, number), version), selectors.get(number))
        for number in sorted(numbers_of(listed))
    ]
    methods = [] if known is None else [MethodAccessItem(number, 0) for number in known.methods]
    return ObjectListElement(listed.class_id, listed.version, listed.logical_name, AccessRights(items, methods))


def numbers_of(listed: Listed) -> set[int]:
    """Attributes of an object: those of its class, and those that the list names."""
    known = known_class(listed.class_id, listed.version)
    return {1, *listed.attributes, *((2,) if known is None else known.attributes)}


def access(listed: Listed, number: int) -> AttributeAccess:
    """Right to an attribute: its own, that of the object for what it is about, else to read it."""
    stated = listed.attributes.get(number, Stated()).access
    if stated is not None:
        return stated
    is_about = number in listed.attributes if listed.attributes else number == 2
    if listed.access is None or not is_about:
        return AttributeAccess.READ
    return listed.access


def mode(rights: AttributeAccess, version: int) -> int:
    """Write a right as an association of that version does."""
    return int(rights) if version >= 3 else int(attribute_mode(rights))


def read_only(element: ObjectListElement) -> ObjectListElement:
    """Give the public the right to read, and no other."""
    rights = element.access_rights or AccessRights([], [])
    items = [item._replace(access_mode=item.access_mode & 1) for item in rights.attribute_access]
    return element._replace(access_rights=rights._replace(attribute_access=items))


def values_of(listed: Listed) -> dict[int, bytes]:
    """Encode the values that a list gives, and one of the right type where the class has none by itself."""
    known = known_class(listed.class_id, listed.version)
    values: dict[int, bytes] = {}
    for number in numbers_of(listed) - {1}:
        attribute = None if known is None else known.attributes.get(number)
        stated = listed.attributes.get(number, Stated())
        if attribute is None or has_no_value(attribute) or stated.default:
            octets = encoded(codec_of(listed, attribute, stated), stated.default)
            if octets is not None:
                values[number] = octets
    return values


def has_no_value(attribute: Attribute[Any]) -> bool:
    """Whether an attribute of the class has no value, or none of a type, unless it is given one."""
    bare = attribute.default is UNSET and attribute.factory is None and attribute.compute is None
    return bare or len(attribute.codec.tags) > FEW_TAGS


def codec_of(listed: Listed, attribute: Attribute[Any] | None, stated: Stated) -> AnyCodec:
    """Find the type of a value: that of the class, of the list, or the usual one."""
    if attribute is not None and len(attribute.codec.tags) <= FEW_TAGS:
        return attribute.codec
    if counter_source(listed.key, VALUE) and not stated.type:
        return data.UINT32
    return SIMPLE_TYPES.get(stated.type) or USUAL.get(listed.class_id if attribute is not None else 0, data.NULL)


def encoded(codec: AnyCodec, default: str) -> bytes | None:
    """Encode the default that a list gives, or a value that says nothing; None for a type that has none."""
    for literal in (*literals(default), zero(codec)):
        try:
            return codec.encode(build(codec, literal, NO_NAMES.resolve))
        except (AmiError, TypeError, ValueError, AttributeError):
            continue
    return None


def literals(default: str) -> list[Written]:
    """What a default in a list may mean: a number, or else text."""
    if not default:
        return []
    if not default.removeprefix("-").isdigit():
        return [default]
    return [int(default), bool(int(default))]


def zero(codec: AnyCodec) -> Written:
    """Write the value of a type that says nothing."""
    if codec in ZEROS:
        return ZEROS[codec]
    if isinstance(codec, Array):
        return []
    if isinstance(codec, Structure):
        return [zero(member) for member in codec.codecs]
    if isinstance(codec, Choice):
        return zero(codec.codecs[0])
    if isinstance(codec, Mapped):
        return zero_code(cast("Mapped[object, object]", codec))
    return 0


def zero_code(codec: Mapped[object, object]) -> Written:
    """Write the first code of an enum; of another richer type what says nothing in the plainer one."""
    kind: object = codec.to
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return int(next(iter(kind)))
    return zero(codec.of)
