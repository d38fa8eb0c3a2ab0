"""Array manager: entries of other objects' arrays, one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import ActionError
from openami.core.obis import OBIS
from openami.core.time import CosemDate
from openami.cosem.array_manager import ENTRIES_OF, ENTRY_OF, ArrayManager, ArrayObject, EntriesOf, EntryOf, EntryRange
from openami.cosem.calendars import SPECIAL_DAY, SpecialDay, SpecialDaysTable
from openami.cosem.elements import ValueDefinition
from openami.dlms.data import ANY, UINT8, UINT16, Data, Tag, array, compact, decode, encode
from openami.dlms.data.types import TypeDescription
from openami.dlms.xdlms import AttributeDescriptor

LN, DAYS = "0.0.18.0.0.255", "0.0.11.0.0.255"
TARGET = ValueDefinition(11, OBIS.parse(DAYS), 2)


def day(number: int) -> SpecialDay:
    return SpecialDay(number, CosemDate(month=1, day=number), 1)


def entry(number: int) -> Data:
    return decode(SPECIAL_DAY.encode(day(number)))[0]


def managed(*numbers: int) -> tuple[ArrayManager, SpecialDaysTable]:
    table = SpecialDaysTable(DAYS, entries=[day(number) for number in numbers])
    manager = ArrayManager(
        LN,
        array_object_list=[ArrayObject(7, TARGET)],
        handlers={
            "fetch": lambda at: table.read(at.attribute_id),
            "store": lambda at, octets: table.write(at.attribute_id, octets),
        },
    )
    return manager, table


def numbers_of(table: SpecialDaysTable) -> list[int]:
    return [held.specialday_index for held in table.entries]


def test_entries_are_counted_and_retrieved() -> None:
    manager, _ = managed(1, 2, 3)
    assert manager.invoke(1, UINT8.encode(7)) == UINT16.encode(3)
    found = manager.invoke(2, ENTRIES_OF.encode(EntriesOf(7, EntryRange(2, 3))))
    assert found == array(SPECIAL_DAY).encode([day(2), day(3)])
    assert manager.retrieve_entries(EntriesOf(7, EntryRange(1, 0))).value == (entry(1), entry(2), entry(3))
    assert manager.retrieve_entries(EntriesOf(7, EntryRange(4, 9))).value == ()


@pytest.mark.parametrize(
    ("index", "after"), [(0, [9, 1, 2]), (1, [9, 1, 2]), (2, [1, 9, 2]), (3, [1, 2, 9]), (60, [1, 2, 9])]
)
def test_an_entry_is_inserted_at_its_number(index: int, after: list[int]) -> None:
    manager, table = managed(1, 2)
    assert manager.invoke(3, ENTRY_OF.encode(EntryOf(7, index, entry(9)))) is None
    assert numbers_of(table) == after


def test_an_entry_is_updated_and_entries_are_removed() -> None:
    manager, table = managed(1, 2, 3, 4)
    manager.invoke(4, ENTRY_OF.encode(EntryOf(7, 2, entry(9))))
    assert numbers_of(table) == [1, 9, 3, 4]
    manager.invoke(5, ENTRIES_OF.encode(EntriesOf(7, EntryRange(2, 3))))
    assert numbers_of(table) == [1, 4]


def test_an_entry_of_another_type_is_refused_by_the_array_and_changes_nothing() -> None:
    manager, table = managed(1)
    with pytest.raises(ActionError, match="type-unmatched"):
        manager.invoke(3, ENTRY_OF.encode(EntryOf(7, 1, Data(Tag.UNSIGNED, 5))))
    assert numbers_of(table) == [1]


def test_what_is_not_there_is_object_undefined() -> None:
    manager, _ = managed(1, 2)
    requests = [
        (1, UINT8.encode(8)),
        (4, ENTRY_OF.encode(EntryOf(7, 0, entry(9)))),
        (4, ENTRY_OF.encode(EntryOf(7, 3, entry(9)))),
        (5, ENTRIES_OF.encode(EntriesOf(7, EntryRange(3, 9)))),
        (5, ENTRIES_OF.encode(EntriesOf(7, EntryRange(2, 1)))),
    ]
    for number, parameter in requests:
        with pytest.raises(ActionError, match="object-undefined"):
            manager.invoke(number, parameter)


def holding(octets: bytes) -> ArrayManager:
    return ArrayManager(LN, array_object_list=[ArrayObject(1, TARGET)], handlers={"fetch": lambda _: octets})


def test_a_structure_is_no_array() -> None:
    for octets in (b"\x02\x01\x11\x05", b"\x11\x05", b"\x00"):
        with pytest.raises(ActionError, match="array 1 is none: action-result type-unmatched"):
            holding(octets).invoke(1, UINT8.encode(1))


def test_a_compact_array_is_an_array() -> None:
    octets = encode(Data(Tag.COMPACT_ARRAY, compact(TypeDescription(Tag.UNSIGNED), [5, 6])))
    assert holding(octets).retrieve_entries(EntriesOf(1, EntryRange(2, 2))).value == (Data(Tag.UNSIGNED, 6),)


def test_a_device_that_stores_nothing_refuses_changes() -> None:
    with pytest.raises(ActionError, match="no handler to store with: action-result object-unavailable"):
        holding(b"\x01\x00").insert_entry(EntryOf(1, 1, Data(Tag.UNSIGNED, 5)))


values = st.lists(st.integers(0, 255).map(lambda value: Data(Tag.UNSIGNED, value)), max_size=6)
small = st.integers(0, 8)


def changed(model: list[Data], change: str, first: int, second: int, new: Data) -> list[Data] | None:
    """What a change makes of a list counted from 1; None where it is to be refused."""
    if change == "insert":
        return [*model[: max(first - 1, 0)], new, *model[max(first - 1, 0) :]]
    kept = range(first, first + 1) if change == "update" else range(max(first, 1), (second or len(model)) + 1)
    if not set(kept) & set(range(1, len(model) + 1)):
        return None
    middle = [new] if change == "update" else []
    return [*model[: kept.start - 1], *middle, *model[kept.stop - 1 :]]


@given(values, st.lists(st.tuples(st.sampled_from(["insert", "update", "remove"]), small, small), max_size=8))
def test_changes_are_those_of_a_list(model: list[Data], changes: list[tuple[str, int, int]]) -> None:
    cell = [ANY.encode(Data(Tag.ARRAY, tuple(model)))]
    handlers = {"fetch": lambda _: cell[0], "store": lambda _, octets: cell.__setitem__(0, octets)}
    manager = ArrayManager(LN, array_object_list=[ArrayObject(1, TARGET)], handlers=handlers)
    for change, first, second in changes:
        new = Data(Tag.UNSIGNED, second)
        after = changed(model, change, first, second, new)
        number = {"insert": 3, "update": 4, "remove": 5}[change]
        parameter = EntriesOf(1, EntryRange(first, second)) if change == "remove" else EntryOf(1, first, new)
        octets = (ENTRIES_OF if change == "remove" else ENTRY_OF).encode(parameter)
        if after is None:
            with pytest.raises(ActionError, match="object-undefined"):
                manager.invoke(number, octets)
            continue
        manager.invoke(number, octets)
        model = after
        assert ANY.decode(cell[0])[0].value == tuple(model)


def test_the_target_is_asked_by_its_descriptor() -> None:
    asked: list[AttributeDescriptor] = []
    manager = ArrayManager(
        LN,
        array_object_list=[ArrayObject(7, TARGET)],
        handlers={"fetch": lambda at: asked.append(at) or b"\x01\x00"},
    )
    manager.retrieve_number_of_entries(7)
    assert asked == [AttributeDescriptor(11, OBIS.parse(DAYS), 2)]
