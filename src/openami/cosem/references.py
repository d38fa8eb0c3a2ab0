"""Values of other objects: what pushes, captures and array managers refer to (Blue Book, data_index).

An object reaches the others through hooks that its device gives it, mostly `fetch` and `store`:
`handlers={"fetch": partial(fetch, device), "store": partial(store, device)}`.
"""

from openami.core.errors import AccessError, DecodeError
from openami.cosem.device import LogicalDevice
from openami.dlms.axdr import encode_length
from openami.dlms.data import CompactArray, as_tree, decode, encode, skip
from openami.dlms.data.tree import element_count
from openami.dlms.data.types import CONTAINERS, Tag
from openami.dlms.xdlms import AttributeDescriptor, DataAccessResult

LAST_ELEMENT = 0x0FFF
"""Highest data index that names an element; those above select rows and columns of a profile."""


def fetch(device: LogicalDevice, descriptor: AttributeDescriptor) -> bytes:
    """Read an attribute as the device itself, whatever the rights of a client."""
    class_id, logical_name, attribute_id = descriptor
    return device.find(None, (class_id, logical_name)).read(attribute_id)


def store(device: LogicalDevice, descriptor: AttributeDescriptor, data: bytes) -> None:
    """Write an attribute as the device itself."""
    class_id, logical_name, attribute_id = descriptor
    device.find(None, (class_id, logical_name)).write(attribute_id, data)


def selected(octets: bytes, data_index: int) -> bytes:
    """Return an encoded value (0) or one element of it, counted from 1; scope-of-access-violated if it has none."""
    if data_index == 0:
        return octets
    try:
        found = elements(octets)
    except DecodeError as error:
        raise AccessError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, f"data index {data_index}: {error}") from error
    if data_index > min(len(found), LAST_ELEMENT):
        where = f"data index {data_index} of {len(found)} elements"
        raise AccessError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, where)
    return found[data_index - 1]


def elements(octets: bytes) -> list[bytes]:
    """Encoded elements of an array or structure; those of a compact-array get their tags."""
    if octets[:1] == bytes((Tag.COMPACT_ARRAY,)):
        held, _ = decode(octets)
        assert isinstance(held.value, CompactArray)
        octets = encode(as_tree(held.value))
    if not octets or octets[0] not in CONTAINERS:
        raise DecodeError("a value without elements", offset=0)
    count, at = element_count(octets, 1)
    found: list[bytes] = []
    for _ in range(count):
        end = skip(octets, at)
        found.append(octets[at:end])
        at = end
    return found


def joined(tag: Tag, values: list[bytes]) -> bytes:
    """Return encoded values as one encoded array or structure."""
    return bytes((tag,)) + encode_length(len(values)) + b"".join(values)
