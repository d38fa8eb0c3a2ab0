"""Values of other objects: elements of encoded values, one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import AccessError, DecodeError
from openami.core.obis import OBIS
from openami.cosem.access import AccessTable
from openami.cosem.device import LogicalDevice
from openami.cosem.references import elements, fetch, joined, selected, store
from openami.cosem.registers import Register
from openami.dlms.data import UINT32, CompactArray, Data, Tag, TypeDescription, encode
from openami.dlms.xdlms import AttributeDescriptor

ENERGY = OBIS.parse("1.0.1.8.0.255")
VALUE = AttributeDescriptor(3, ENERGY, 2)
leaves = st.one_of(
    st.builds(Data, st.just(Tag.NULL), st.none()),
    st.builds(Data, st.just(Tag.UNSIGNED), st.integers(0, 255)),
    st.builds(Data, st.just(Tag.OCTET_STRING), st.binary(max_size=200)),
)
trees = st.recursive(
    leaves,
    lambda inner: st.builds(Data, st.sampled_from([Tag.ARRAY, Tag.STRUCTURE]), st.lists(inner, max_size=5).map(tuple)),
    max_leaves=20,
)


@given(st.sampled_from([Tag.ARRAY, Tag.STRUCTURE]), st.lists(trees, max_size=200))
def test_elements_are_cut_out_and_put_together_again(tag: Tag, members: list[Data]) -> None:
    octets = encode(Data(tag, tuple(members)))
    found = elements(octets)
    assert found == [encode(member) for member in members]
    assert joined(tag, found) == octets
    assert selected(octets, 0) == octets
    for index, element in enumerate(found, start=1):
        assert selected(octets, index) == element
    with pytest.raises(AccessError, match=f"data index {len(found) + 1} of {len(found)} elements"):
        selected(octets, len(found) + 1)


def test_elements_of_a_compact_array_get_their_tags() -> None:
    array = CompactArray(TypeDescription(Tag.UNSIGNED), b"\x05\x06")
    assert elements(encode(Data(Tag.COMPACT_ARRAY, array))) == [b"\x11\x05", b"\x11\x06"]


def test_a_simple_value_has_no_elements() -> None:
    assert selected(b"\x11\x05", 0) == b"\x11\x05"
    with pytest.raises(AccessError, match=r"data index 1: a value without elements.*scope-of-access-violated"):
        selected(b"\x11\x05", 1)


def test_an_index_that_selects_rows_of_a_profile_names_no_element() -> None:
    octets = joined(Tag.ARRAY, [b"\x00"] * 0x1001)
    assert selected(octets, 0x0FFF) == b"\x00"
    with pytest.raises(AccessError, match="data index 4096"):
        selected(octets, 0x1000)


@given(st.binary(max_size=60))
def test_any_octets_are_elements_or_refused(octets: bytes) -> None:
    try:
        found = elements(octets)
    except DecodeError:
        return
    assert sum(map(len, found)) <= 64 * len(octets)


def test_the_device_reads_and_writes_whatever_the_rights_of_a_client() -> None:
    register = Register(ENERGY, types={"value": UINT32}, value=5)
    device = LogicalDevice({(3, ENERGY): register}, AccessTable({}))
    assert fetch(device, VALUE) == UINT32.encode(5)
    store(device, VALUE, UINT32.encode(6))
    assert register.value == 6
    with pytest.raises(AccessError, match="object-undefined"):
        fetch(device, AttributeDescriptor(3, OBIS.parse("1.0.2.8.0.255"), 2))
