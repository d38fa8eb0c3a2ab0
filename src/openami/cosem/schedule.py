"""Schedule: scripts at times of day, on days of the week and special days (Blue Book, class 10)."""

from typing import NamedTuple

from openami.core.obis import OBIS
from openami.core.time import CosemDate, CosemTime
from openami.cosem.objects import Attribute, CosemObject, interface_class, method
from openami.dlms.data import BIT_STRING, BOOLEAN, DATE, LOGICAL_NAME, TIME, UINT16, BitString, array, structure


class ScheduleTableEntry(NamedTuple):
    """A script and when it runs.

    `exec_weekdays` has a bit for each day from Monday, `exec_specdays` one for each index of the
    special days table. `validity_window` is for how many minutes after `switch_time` a missed script
    still runs; 0xFFFF: at any time.
    """

    entry_index: int
    enable: bool
    script_logical_name: OBIS
    script_selector: int
    switch_time: CosemTime
    validity_window: int
    exec_weekdays: BitString
    exec_specdays: BitString
    begin_date: CosemDate
    end_date: CosemDate


class IndexRange(NamedTuple):
    """Entries from one index to another; none if the first is above the last."""

    first_index: int
    last_index: int


class EnableDisable(NamedTuple):
    """Range A to disable and range B to enable."""

    first_index_a: int
    last_index_a: int
    first_index_b: int
    last_index_b: int

    def enabled(self, entry: ScheduleTableEntry) -> bool:
        """Say whether an entry is enabled afterwards; range B comes last."""
        if self.first_index_b <= entry.entry_index <= self.last_index_b:
            return True
        return entry.enable and not self.first_index_a <= entry.entry_index <= self.last_index_a


SCHEDULE_TABLE_ENTRY = structure(
    ScheduleTableEntry, UINT16, BOOLEAN, LOGICAL_NAME, UINT16, TIME, UINT16, BIT_STRING, BIT_STRING, DATE, DATE
)
INDEX_RANGE = structure(IndexRange, UINT16, UINT16)
ENABLE_DISABLE = structure(EnableDisable, UINT16, UINT16, UINT16, UINT16)


@interface_class(10, version=0)
class Schedule(CosemObject):
    """Entries by index, from 1 to 9999 (Blue Book, class 10)."""

    entries: Attribute[list[ScheduleTableEntry]] = Attribute(2, array(SCHEDULE_TABLE_ENTRY), factory=list)

    @method(1, ENABLE_DISABLE)
    def enable_disable(self, ranges: EnableDisable) -> None:
        """Disable the entries of range A, then enable those of range B."""
        self.entries = [entry._replace(enable=ranges.enabled(entry)) for entry in self.entries]

    @method(2, SCHEDULE_TABLE_ENTRY)
    def insert(self, entry: ScheduleTableEntry) -> None:
        """Insert an entry; one of the same index is overwritten."""
        others = [held for held in self.entries if held.entry_index != entry.entry_index]
        self.entries = sorted([*others, entry], key=lambda held: held.entry_index)

    @method(3, INDEX_RANGE)
    def delete(self, indexes: IndexRange) -> None:
        """Delete the entries of a range."""
        self.entries = [
            held for held in self.entries if not indexes.first_index <= held.entry_index <= indexes.last_index
        ]
