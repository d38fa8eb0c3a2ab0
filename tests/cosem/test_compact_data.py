"""Compact data: values in, octets without tags out, and back by the template."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import decoded_or_refused
from openami.core.errors import AccessError, ActionError, DecodeError, EncodeError
from openami.core.obis import OBIS
from openami.cosem.compact_data import (
    CaptureMethod,
    CompactData,
    CompactDatav1,
    describe,
    template_of,
    unpack,
)
from openami.cosem.objects import CosemObject
from openami.cosem.push_elements import (
    RestrictedObject,
    Restriction,
    RestrictionByEntry,
    RestrictionType,
    SelectedObject,
)
from openami.dlms import data
from openami.dlms.data import Tag, TypeDescription, native
from openami.dlms.xdlms import AttributeDescriptor, CaptureObject

LN = OBIS.parse("0.0.66.0.47.255")
CLOCK, ENERGY, STATUS = (OBIS.parse(text) for text in ("0.0.1.0.0.255", "1.0.1.8.0.255", "0.0.96.10.1.255"))
VALUES = {
    (8, CLOCK, 2): bytes.fromhex("090c07ea0504010c1e0f00ff8800"),
    (3, ENERGY, 2): bytes.fromhex("0600003039"),
    (3, ENERGY, 3): bytes.fromhex("02020f00161e"),
    (1, STATUS, 2): bytes.fromhex("010311011102" + "1103"),
}
CAPTURES = [
    CaptureObject(62, LN, 4),
    CaptureObject(8, CLOCK, 2),
    CaptureObject(3, ENERGY, 2),
    CaptureObject(3, ENERGY, 3),
]


def compact(cls: Any = CompactDatav1, **values: Any) -> Any:
    """An object that captures its own template id, a clock, an energy and its scaler and unit."""

    def fetch(at: AttributeDescriptor) -> bytes:
        return made.read(at.attribute_id) if at.class_id == 62 else VALUES[at]

    made: CosemObject = cls(LN, **{"capture_objects": CAPTURES, "template_id": 47, **values}, handlers={"fetch": fetch})
    return made


@pytest.mark.parametrize("cls", [CompactData, CompactDatav1])
def test_a_capture_fills_the_buffer_with_contents_alone(cls: Any) -> None:
    held = compact(cls)
    assert held.compact_buffer == b""
    held.invoke(2)
    assert held.compact_buffer.hex() == "2f" + "0c07ea0504010c1e0f00ff8800" + "00003039" + "001e"
    assert held.template_description.hex() == "0204" + "11" + "09" + "06" + "02020f16"
    held.invoke(1)
    assert held.read(2) == b"\x09\x00"


def test_the_contents_are_those_of_a_compact_array() -> None:
    """What any decoder makes of tag 19, the template and the buffer."""
    held = compact()
    held.capture(0)
    octets = b"\x13" + held.template_description + bytes((len(held.compact_buffer),)) + held.compact_buffer
    (row,) = native(octets)[0]
    assert row == (47, VALUES[8, CLOCK, 2][2:], 12345, (0, 30))
    assert unpack(held.template_description, held.compact_buffer) == row


def test_the_peer_reads_template_and_buffer_as_a_compact_array() -> None:
    """gurux-dlms, in a process of its own."""
    pytest.importorskip("gurux_dlms")
    held = compact()
    held.capture(0)
    octets = b"\x13" + held.template_description + bytes((len(held.compact_buffer),)) + held.compact_buffer
    command = [sys.executable, str(Path(__file__).parent / "gurux_plain.py")]
    done = subprocess.run(
        command, input=json.dumps([octets.hex()]), capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout) == [[[47, VALUES[8, CLOCK, 2][2:].hex(), 12345, [0, 30]]]]


def test_a_buffer_may_be_filled_whenever_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    held = compact(capture_method=CaptureMethod.IMPLICIT)
    assert bytes.fromhex("00003039") in held.read(2)
    monkeypatch.setitem(VALUES, (3, ENERGY, 2), bytes.fromhex("060000303a"))
    assert bytes.fromhex("0000303a") in held.read(2)
    assert compact().read(2) == b"\x09\x00"


def test_a_data_index_captures_one_element() -> None:
    held = compact(capture_objects=[CaptureObject(3, ENERGY, 3, 2), CaptureObject(1, STATUS, 2, 3)])
    held.capture(0)
    assert (held.template_description.hex(), held.compact_buffer.hex()) == ("02021611", "1e03")


def test_an_array_is_described_with_its_length() -> None:
    held = compact(capture_objects=[CaptureObject(1, STATUS, 2)])
    held.capture(0)
    assert (held.template_description.hex(), held.compact_buffer.hex()) == ("0201" + "01000311", "010203")


def test_a_value_of_another_type_than_the_template_is_refused() -> None:
    held = compact(template_description=bytes.fromhex("020411091202020f16"))
    with pytest.raises(ActionError, match="not of the type in the template: action-result type-unmatched"):
        held.invoke(2)
    held = compact(template_description=bytes.fromhex("020411090602020f16"))
    held.invoke(2)
    assert held.compact_buffer[:1] == b"\x2f"


ROWS = Restriction(RestrictionType.ENTRY, RestrictionByEntry(1, 2))


@pytest.mark.parametrize(
    "item",
    [
        RestrictedObject(3, ENERGY, 2, 0, ROWS),
        SelectedObject(3, ENERGY, 2, columns=[CaptureObject(8, CLOCK, 2)]),
        CaptureObject(62, LN, 2),
        CaptureObject(62, LN, 5),
    ],
)
def test_what_is_not_known_or_would_go_round_is_not_captured(item: Any) -> None:
    held = compact(capture_objects=[item], capture_method=CaptureMethod.IMPLICIT)
    with pytest.raises(AccessError, match="scope-of-access-violated"):
        held.read(2)
    with pytest.raises(AccessError, match="scope-of-access-violated"):
        held.read(5)
    with pytest.raises(ActionError, match="scope-of-access-violated"):
        held.invoke(2)


def test_restricted_objects_without_a_restriction_are_captured() -> None:
    held = compact(capture_objects=[RestrictedObject(3, ENERGY, 2), SelectedObject(3, ENERGY, 2)])
    held.capture(0)
    assert held.compact_buffer.hex() == "00003039" * 2


def test_without_a_device_nothing_can_be_fetched() -> None:
    alone = CompactDatav1(LN, capture_objects=CAPTURES, capture_method=CaptureMethod.IMPLICIT)
    with pytest.raises(AccessError, match="no handler to fetch with: data-access-result object-unavailable"):
        alone.read(2)


@pytest.mark.parametrize(("count", "octets"), [(4, ""), (5, "02021600" + "00"), (6, "02021600" + "00" + "0100")])
def test_capture_objects_of_every_size_are_read(count: int, octets: str) -> None:
    head = bytes((1, 1, 2, count)) + bytes.fromhex("120003" + "0906" + ENERGY.hex() + "0f02" + "120000")
    held = compact()
    held.write(3, head + bytes.fromhex(octets))
    assert len(held.capture_objects[0]) == count
    assert held.read(3) == head + bytes.fromhex(octets)


simple = st.one_of(
    st.builds(data.Data, st.just(Tag.NULL), st.none()),
    st.builds(data.Data, st.just(Tag.UNSIGNED), st.integers(0, 255)),
    st.builds(data.Data, st.just(Tag.OCTET_STRING), st.binary(max_size=20)),
    st.builds(data.Data, st.just(Tag.LONG), st.integers(-(2**15), 2**15 - 1)),
)
alike = st.lists(st.integers(0, 255).map(lambda value: data.Data(Tag.UNSIGNED, value)), min_size=1, max_size=4)
members = st.one_of(simple, st.builds(data.Data, st.just(Tag.ARRAY), alike.map(tuple)))
rows = st.builds(data.Data, st.just(Tag.STRUCTURE), st.lists(members, min_size=1, max_size=6).map(tuple))


@given(rows)
def test_every_row_comes_back_by_its_template(row: data.Data) -> None:
    octets = data.encode(row)
    held = CompactData(LN, capture_objects=[CaptureObject(1, STATUS, 2)], handlers={"fetch": lambda _: octets})
    held.capture(0)
    found = unpack(held.template_description, held.compact_buffer)
    if held.compact_buffer:
        assert found == (native(octets)[0],)
    else:
        assert found is None


def test_what_has_no_one_type_has_no_description() -> None:
    mixed = data.Data(Tag.ARRAY, (data.Data(Tag.UNSIGNED, 1), data.Data(Tag.NULL, None)))
    with pytest.raises(EncodeError, match="array of 2 elements and 2 types"):
        describe(mixed)
    array = data.Data(Tag.COMPACT_ARRAY, data.CompactArray(TypeDescription(Tag.UNSIGNED), b""))
    with pytest.raises(EncodeError, match="no place"):
        describe(array)
    held = CompactData(LN, capture_objects=CAPTURES[2:3], handlers={"fetch": lambda _: data.encode(mixed)})
    with pytest.raises(ActionError, match="type-unmatched"):
        held.invoke(2)
    assert describe(data.Data(Tag.ARRAY, ())) == TypeDescription(Tag.ARRAY, (TypeDescription(Tag.NULL),), 0)


@given(st.binary(max_size=30), st.binary(max_size=60))
def test_any_template_and_buffer_give_values_or_a_decode_error(template: bytes, buffer: bytes) -> None:
    try:
        unpack(template, buffer)
    except DecodeError:
        return


@given(st.binary(max_size=30))
def test_any_template_is_read_or_refused(octets: bytes) -> None:
    decoded_or_refused(template_of, octets)


def test_a_buffer_of_more_than_one_capture_is_refused() -> None:
    with pytest.raises(DecodeError, match="2 captures"):
        unpack(bytes.fromhex("020111"), b"\x01\x02")
