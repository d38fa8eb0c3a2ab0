"""Selective access by range and by entry: the captured request, both ways, refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import decoded_or_refused
from openami.core.errors import DecodeError, EncodeError
from openami.core.obis import OBIS
from openami.dlms.xdlms import CaptureObject, EntryDescriptor, RangeDescriptor, Selection

CLOCK = CaptureObject(8, OBIS.parse("0.0.1.0.0.255"), 2)
ENERGY = CaptureObject(3, OBIS.parse("1.0.1.8.0.255"), 2)
FROM, TO = bytes.fromhex("090c07e10a010700000000ffc480"), bytes.fromhex("0600000001")
ENTRY = bytes.fromhex("0204 0600000001 0600000060 120001 120002")

columns = st.builds(
    CaptureObject,
    st.integers(0, 0xFFFF),
    st.binary(min_size=6, max_size=6).map(OBIS),
    st.integers(-128, 127),
    st.integers(0, 0xFFFF),
)
values = st.sampled_from([FROM, TO, b"\x00", bytes.fromhex("19" + "00" * 12), bytes.fromhex("020211010900")])
ranges = st.builds(RangeDescriptor, columns, values, values, st.lists(columns, max_size=130).map(tuple))
entries = st.builds(
    EntryDescriptor,
    *[st.integers(0, 0xFFFFFFFF)] * 2,
    *[st.integers(0, 0xFFFF)] * 2,
)


def test_the_captured_range_is_what_we_send(dlms_vectors):
    data = bytes.fromhex(dlms_vectors["get-request-range"]["hex"])
    range_ = RangeDescriptor(CLOCK, FROM, bytes.fromhex("090c07e10a010701000000ffc480"))
    assert range_.encode() == Selection(1, data[14:])
    assert RangeDescriptor.decode(Selection(1, data[14:])) == range_


def test_columns_stand_behind_the_range():
    selection = RangeDescriptor(CLOCK, FROM, TO, (CLOCK, ENERGY)).encode()
    assert selection.parameters.hex().endswith(
        "0102 0204 120008 09060000010000ff 0f02 120000 0204 120003 09060100010800ff 0f02 120000".replace(" ", "")
    )


def test_entries_by_hand():
    entry = EntryDescriptor(1, 96, 1, 2)
    assert entry.encode() == Selection(2, ENTRY)
    assert EntryDescriptor.decode(Selection(2, ENTRY)) == entry
    assert EntryDescriptor() == EntryDescriptor(1, 0, 1, 0)


@given(ranges, st.binary(max_size=3))
def test_ranges_come_back(range_, tail):
    selector, parameters = range_.encode()
    assert RangeDescriptor.decode(Selection(selector, parameters + tail)) == range_


@given(entries, st.binary(max_size=3))
def test_entries_come_back(entry, tail):
    selector, parameters = entry.encode()
    assert EntryDescriptor.decode(Selection(selector, parameters + tail)) == entry


@pytest.mark.parametrize("kind", [RangeDescriptor, EntryDescriptor])
def test_another_selector_is_refused(kind):
    with pytest.raises(DecodeError, match="selector 3"):
        kind.decode(Selection(3, ENTRY))


@pytest.mark.parametrize(
    ("kind", "octets", "offset"),
    [
        (EntryDescriptor, "0204 0600000001 0600000060 120001 1100", 0),
        (EntryDescriptor, "0204 0600000001 0600000060 120001 110002", 0),
        (EntryDescriptor, "0204 06", 0),
        (RangeDescriptor, "0203", 0),
        (RangeDescriptor, "0204 0204 120008 09060000010000ff 1102 120000", 2),
        (RangeDescriptor, "0204 0204 120008 09060000010000ff 0f02 120000 00 00 00", 22),
        (RangeDescriptor, "0204 0204 120008 09060000010000ff 0f02 120000 00 08 0100", 21),
    ],
)
def test_what_is_no_selection_is_refused_with_its_place(kind, octets, offset):
    with pytest.raises(DecodeError) as caught:
        kind.decode(Selection(kind.selector, bytes.fromhex(octets)))
    assert caught.value.offset == offset


@given(st.sampled_from([RangeDescriptor, EntryDescriptor]), st.binary(max_size=60), st.integers(0, 60))
def test_any_octets_are_a_selection_or_refused(kind, noise, at):
    whole = RangeDescriptor(CLOCK, FROM, TO, (ENERGY,)).encode().parameters
    for data in (noise, whole[:at] + noise, ENTRY[:at] + noise):
        found = decoded_or_refused(lambda octets: kind.decode(Selection(kind.selector, octets)), data)
        assert found is None or kind.decode(found.encode()) == found


def test_numbers_that_do_not_fit_are_not_sent():
    with pytest.raises(EncodeError):
        EntryDescriptor(-1).encode()
    with pytest.raises(EncodeError):
        RangeDescriptor(CLOCK._replace(data_index=1 << 16), FROM, TO).encode()
