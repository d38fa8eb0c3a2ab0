"""Array manager: entries of arrays read and changed one by one (Blue Book, class 123)."""

from typing import NamedTuple, cast

from openami.core.errors import ActionError
from openami.cosem.elements import VALUE_DEFINITION, ValueDefinition
from openami.cosem.objects import Attribute, CosemObject, interface_class, method
from openami.cosem.references import elements, joined
from openami.cosem.selection import bounds
from openami.dlms.data import ANY, UINT8, UINT16, Data, Tag, array, decode, encode, structure
from openami.dlms.xdlms import ActionResult, AttributeDescriptor


class ArrayObject(NamedTuple):
    """An array that is managed, under a number."""

    array_object_id: int
    target_object: ValueDefinition


class EntryRange(NamedTuple):
    """Entries from one number to another, both included, counted from 1; 0 as the end is the last."""

    from_entry: int
    to_entry: int


class EntriesOf(NamedTuple):
    """Some entries of an array."""

    array_object_id: int
    entries: EntryRange


class EntryOf(NamedTuple):
    """An entry for a place in an array, counted from 1."""

    array_object_id: int
    entry_index: int
    entry: Data


ARRAY_OBJECT = structure(ArrayObject, UINT8, VALUE_DEFINITION)
ENTRIES_OF = structure(EntriesOf, UINT8, structure(EntryRange, UINT16, UINT16))
ENTRY_OF = structure(EntryOf, UINT8, UINT16, ANY)
MAX_ENTRIES = 0xFFFF
ARRAYS = bytes((Tag.ARRAY,)), bytes((Tag.COMPACT_ARRAY,))


@interface_class(123, version=0)
class ArrayManager(CosemObject):
    """Arrays of other objects by number (Blue Book, class 123).

    Hooks `fetch` and `store` read and write the attribute that holds an array. They act as the device: who
    may call the methods here needs no rights to the arrays themselves.
    """

    hooks = frozenset({"fetch", "store"})

    array_object_list: Attribute[list[ArrayObject]] = Attribute(2, array(ARRAY_OBJECT), factory=list)

    @method(1, UINT8, UINT16, verified=False)
    def retrieve_number_of_entries(self, array_object_id: int) -> int:
        """Return how many entries an array has."""
        return len(self.entries(array_object_id))

    @method(2, ENTRIES_OF, ANY)
    def retrieve_entries(self, wanted: EntriesOf) -> Data:
        """Return some entries as an array."""
        held = self.entries(wanted.array_object_id)
        first, last = bounds(*wanted.entries, len(held))
        return decode(joined(Tag.ARRAY, held[first:last]))[0]

    @method(3, ENTRY_OF, verified=False)
    def insert_entry(self, new: EntryOf) -> None:
        """Insert an entry so that it has that number; behind the others if they are fewer."""
        held = self.entries(new.array_object_id)
        if len(held) >= MAX_ENTRIES:
            raise self.refused(ActionResult.OTHER_REASON, f"array {new.array_object_id} is full")
        held.insert(max(new.entry_index, 1) - 1, encode(new.entry))
        self.keep(new.array_object_id, held)

    @method(4, ENTRY_OF, verified=False)
    def update_entry(self, changed: EntryOf) -> None:
        """Put another entry in the place of one."""
        held = self.entries(changed.array_object_id)
        if not 1 <= changed.entry_index <= len(held):
            raise self.refused(ActionResult.OBJECT_UNDEFINED, f"entry {changed.entry_index} of {len(held)}")
        held[changed.entry_index - 1] = encode(changed.entry)
        self.keep(changed.array_object_id, held)

    @method(5, ENTRIES_OF)
    def remove_entries(self, unwanted: EntriesOf) -> None:
        """Remove some entries."""
        held = self.entries(unwanted.array_object_id)
        first, last = bounds(*unwanted.entries, len(held))
        if first == last:
            raise self.refused(ActionResult.OBJECT_UNDEFINED, f"no entry in {tuple(unwanted.entries)} of {len(held)}")
        del held[first:last]
        self.keep(unwanted.array_object_id, held)

    def target(self, array_object_id: int) -> AttributeDescriptor:
        """Return the attribute that holds an array."""
        for number, target in self.array_object_list:
            if number == array_object_id:
                return AttributeDescriptor(*target)
        raise self.refused(ActionResult.OBJECT_UNDEFINED, f"no array {array_object_id}")

    def entries(self, array_object_id: int) -> list[bytes]:
        """Return the encoded entries of an array."""
        octets = cast("bytes", self.delegate("fetch", self.target(array_object_id)))
        if octets[:1] not in ARRAYS:
            raise self.refused(ActionResult.TYPE_UNMATCHED, f"array {array_object_id} is none")
        return elements(octets)

    def keep(self, array_object_id: int, entries: list[bytes]) -> None:
        """Write an array back."""
        store = self.handlers.get("store")
        if store is None:
            raise self.refused(ActionResult.OBJECT_UNAVAILABLE, "the device has no handler to store with")
        store(self.target(array_object_id), joined(Tag.ARRAY, entries))

    def refused(self, result: ActionResult, why: str) -> ActionError:
        """Refusal that names this object."""
        return ActionError(result, f"{self!r}: {why}")
