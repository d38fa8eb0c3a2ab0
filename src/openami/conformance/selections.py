"""COSEM objects: profiles read in parts (named after the ATS of COSEM objects)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from openami.conformance.case import case
from openami.conformance.dialogue import Dialogue
from openami.conformance.inventory import Inventory, inventory
from openami.conformance.objects import BUFFER, ENTRIES_IN_USE, MOST_ROWS, PROFILE, rows_in_use, value_of, walkable
from openami.conformance.trial import Trial
from openami.conformance.verdict import FailedError, Group, NotApplicableError
from openami.core.errors import AmiError, result_name
from openami.cosem.elements import CAPTURE_OBJECT
from openami.cosem.objects import decode_whole
from openami.dlms.data import DATE_TIME, OCTET_STRING, UINT32, array
from openami.dlms.profile import Table, decode_profile
from openami.dlms.xdlms import (
    AttributeDescriptor,
    CaptureObject,
    Conformance,
    EntryDescriptor,
    RangeDescriptor,
    Selection,
)

CAPTURE_OBJECTS, CAPTURE_PERIOD = 3, 4
COLUMNS: Final = array(CAPTURE_OBJECT)
#: Fewer rows have no middle.
LEAST_ROWS: Final = 2
#: A year in which no meter has rows.
FAR_FUTURE: Final = 2090


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A profile as it was read whole, to be compared with its parts."""

    buffer: AttributeDescriptor
    columns: list[CaptureObject]
    table: Table
    clock: int
    #: UTC seconds of the rows. [rows].
    stamps: NDArray[np.int64]

    def stamp(self, row: int) -> bytes:
        """Stamp of a row as the end of a range."""
        return OCTET_STRING.encode(self.table.columns[self.clock][row].tobytes())

    def between(self, first: int, last: int) -> int:
        """How many rows are stamped from one row's time to another's."""
        return int(np.sum((self.stamps >= self.stamps[first]) & (self.stamps <= self.stamps[last])))


async def samples(dialogue: Dialogue, listed: Inventory) -> AsyncIterator[Sample]:
    """Read the profiles of an association that have some rows, not too many, and a clock."""
    for element in listed.of_class(PROFILE):
        buffer = AttributeDescriptor(PROFILE, element.logical_name, BUFFER)
        if not listed.can_read(element, BUFFER, CAPTURE_OBJECTS, CAPTURE_PERIOD, ENTRIES_IN_USE):
            continue
        if LEAST_ROWS <= await rows_in_use(dialogue, buffer) <= MOST_ROWS:
            found = await sample(dialogue, buffer)
            if found is not None:
                yield found


async def sample(dialogue: Dialogue, buffer: AttributeDescriptor) -> Sample | None:
    """Read one profile whole; None if its rows are stamped by no clock."""
    columns = decode_whole(COLUMNS, await value_of(dialogue, buffer._replace(attribute_id=CAPTURE_OBJECTS)))
    period = decode_whole(UINT32, await value_of(dialogue, buffer._replace(attribute_id=CAPTURE_PERIOD)))
    table = rows(await value_of(dialogue, buffer), f"GET {buffer}").fill_null(period)
    clock = table.clock()
    if clock is None:
        return None
    if len(table.columns) != len(columns):
        raise FailedError(f"GET {buffer}", f"rows of {len(columns)} values", f"rows of {len(table.columns)}")
    try:
        return Sample(buffer, columns, table, clock, table.stamps(clock, default_deviation_min=0))
    except AmiError:
        return None


def rows(value: bytes, sent: str) -> Table:
    """Decode rows."""
    try:
        return decode_profile(value)
    except AmiError as error:
        raise FailedError(sent, "rows", f"what cannot be read: {error}") from error


async def part(dialogue: Dialogue, of: Sample, selection: Selection, sent: str) -> Table:
    """Read a part of a profile."""
    value = await dialogue.get(of.buffer, selection)
    if not isinstance(value, bytes):
        raise FailedError(f"GET {of.buffer} {sent}", "rows", result_name(value))
    return rows(value, f"GET {of.buffer} {sent}")


def check(of: Sample, sent: str, expected: int, found: int, what: str = "rows") -> None:
    """Hold that as many came as should."""
    if found != expected:
        raise FailedError(f"GET {of.buffer} {sent}", f"{expected} {what}", f"{found}")


def check_selective(dialogue: Dialogue, trial: Trial) -> bool:
    """Whether selective access was negotiated; a remark if not."""
    if dialogue.has(Conformance.SELECTIVE_ACCESS):
        return True
    trial.note(f"{dialogue.login} has no selective access")
    return False


async def each_profile(trial: Trial, read_parts: Callable[[Dialogue, Sample], Awaitable[None]]) -> None:
    """Read parts of the profiles of every association; without any the case does not apply."""
    count = 0
    for login in walkable(trial):
        dialogue = await trial.associate(login)
        if not check_selective(dialogue, trial):
            continue
        async for found in samples(dialogue, await inventory(dialogue)):
            count += 1
            await read_parts(dialogue, found)
        await trial.leave(dialogue.talk)
    if not count:
        raise NotApplicableError(f"no profile with a clock and {LEAST_ROWS} to {MOST_ROWS} rows is readable in parts")
    trial.note(f"{count} profiles")


@case("COSEM_RANGE", "profiles are read by range", Group.OBJECTS)
async def by_range(trial: Trial) -> None:
    """From first to last stamp, a third in the middle, a time without rows, one column: as many as were read whole."""
    await each_profile(trial, ranges)


async def ranges(dialogue: Dialogue, of: Sample) -> None:
    """Read four ranges of one profile."""
    last, clock = len(of.table) - 1, of.columns[of.clock]
    for first, until in ((0, last), (last // 3, 2 * last // 3)):
        sent = f"by range, rows {first + 1} to {until + 1}"
        wanted = RangeDescriptor(clock, of.stamp(first), of.stamp(until)).encode()
        check(of, sent, of.between(first, until), len(await part(dialogue, of, wanted, sent)))
    stamp, _ = DATE_TIME.decode(of.stamp(last))
    octets = stamp.encode()
    future = [OCTET_STRING.encode((FAR_FUTURE + years).to_bytes(2, "big") + octets[2:]) for years in (0, 1)]
    sent = "by range, a time without rows"
    check(of, sent, 0, len(await part(dialogue, of, RangeDescriptor(clock, future[0], future[1]).encode(), sent)))
    sent, chosen = "by range, the last column alone", (of.columns[-1],)
    wanted = RangeDescriptor(clock, of.stamp(0), of.stamp(last), chosen).encode()
    check(of, sent, 1, len((await part(dialogue, of, wanted, sent)).columns), "column")


@case("COSEM_ENTRY", "profiles are read by entry", Group.OBJECTS)
async def by_entry(trial: Trial) -> None:
    """The first entry, from the middle to the last, some columns: as many rows and columns as were asked for."""
    await each_profile(trial, entries)


async def entries(dialogue: Dialogue, of: Sample) -> None:
    """Read three parts of one profile by number; rows that came meanwhile are no mistake."""
    sent = "by entry, the first"
    check(of, sent, 1, len(await part(dialogue, of, EntryDescriptor(1, 1).encode(), sent)))
    middle, before = len(of.table) // 2 + 1, await rows_in_use(dialogue, of.buffer)
    sent = f"by entry, from {middle} to the last"
    found = len(await part(dialogue, of, EntryDescriptor(middle, 0).encode(), sent))
    after = await rows_in_use(dialogue, of.buffer)
    if not before <= found + middle - 1 <= after:
        check(of, sent, after - middle + 1, found)
    sent, last = "by entry, the last column alone", len(of.columns)
    table = await part(dialogue, of, EntryDescriptor(1, 2, last, last).encode(), sent)
    check(of, sent, 1, len(table.columns), "column")


CASES: Final = (by_range, by_entry)
