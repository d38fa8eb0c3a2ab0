"""COSEM objects: several attributes at once (named after the ATS of COSEM objects, multiple references)."""

from collections.abc import AsyncIterator, Iterator
from typing import Final

from openami.conformance.case import case
from openami.conformance.dialogue import Dialogue
from openami.conformance.inventory import Inventory, inventory
from openami.conformance.objects import BUFFER, ENTRIES_IN_USE, PROFILE, rows_in_use, walkable
from openami.conformance.probes import NAME
from openami.conformance.trial import Trial
from openami.conformance.verdict import FailedError, Group, NotApplicableError
from openami.core.errors import result_name
from openami.dlms.xdlms import (
    AttributeDescriptor,
    AttributeItem,
    Conformance,
    DataAccessResult,
    EntryDescriptor,
    GetDataResult,
)

MANY, FEW = 10, 4
#: Octets of the long value that is read beside a short one.
LONG: Final = range(500, 1001)
#: Values looked at in search of a long one.
MOST_LOOKED_AT: Final = 400


async def listing(trial: Trial) -> AsyncIterator[tuple[Dialogue, Inventory]]:
    """Open each association in which several attributes may be read at once, one after the other."""
    found = False
    for login in walkable(trial):
        dialogue = await trial.associate(login)
        if dialogue.has(Conformance.MULTIPLE_REFERENCES):
            found = True
            yield dialogue, await inventory(dialogue)
    if not found:
        raise NotApplicableError("no association has multiple references")


def readable(listed: Inventory) -> Iterator[AttributeDescriptor]:
    """List the attributes that are readable and no buffers."""
    for attribute in listed.attributes():
        where = attribute.descriptor
        if attribute.may_be_read and (where.class_id, where.attribute_id) != (PROFILE, BUFFER):
            yield where


async def compare(dialogue: Dialogue, *items: AttributeItem) -> None:
    """Read a list, then one by one: as many answers, and of the same kinds."""
    sent = f"GET with a list of {len(items)} ({dialogue.login})"
    results = await dialogue.get_list(items)
    if len(results) != len(items):
        raise FailedError(sent, f"{len(items)} results", f"{len(results)}")
    for (where, selection), result in zip(items, results, strict=True):
        alone = await dialogue.get(where, selection)
        if kind(alone) != kind(result):
            raise FailedError(f"{sent}, {where}", f"{kind(alone)}, as when read alone", kind(result))


def kind(result: GetDataResult) -> str:
    """Name the type of a value, or why there is none."""
    return result_name(result) if isinstance(result, DataAccessResult) else f"data of tag {result[0]}"


@case("COSEM_MULTIREF_1", "ten values are read at once", Group.OBJECTS)
async def ten_values(trial: Trial) -> None:
    """GET with a list of ten attributes, or as many as there are: the answers that each gives when read alone."""
    async for dialogue, listed in listing(trial):
        items = [(where, None) for where, _ in zip(readable(listed), range(MANY), strict=False)]
        if len(items) < MANY:
            trial.note(f"{dialogue.login} has {len(items)} readable attributes")
        await compare(dialogue, *items)


@case("COSEM_MULTIREF_2", "a short and a long value are read at once", Group.OBJECTS)
async def short_and_long(trial: Trial) -> None:
    """GET with a list of a name and of a value of 500 to 1000 octets, rows of a profile if there are: both answers."""
    found = False
    async for dialogue, listed in listing(trial):
        item = await long_value(dialogue, listed)
        if item is not None:
            found = True
            await compare(dialogue, (NAME, None), item)
    if not found:
        raise NotApplicableError(f"no value of {LONG[0]} to {LONG[-1]} octets is readable")


async def long_value(dialogue: Dialogue, listed: Inventory) -> AttributeItem | None:
    """Find a value that is long: as many rows of a profile as it takes, or an attribute."""
    for element in listed.of_class(PROFILE):
        buffer = AttributeDescriptor(PROFILE, element.logical_name, BUFFER)
        if listed.can_read(element, BUFFER, ENTRIES_IN_USE) and dialogue.has(Conformance.SELECTIVE_ACCESS):
            row = await dialogue.get(buffer, EntryDescriptor(1, 1).encode())
            size = len(row) if isinstance(row, bytes) else 0
            number = min(await rows_in_use(dialogue, buffer), LONG[-1] // max(size, 1))
            if number * size in LONG:
                return buffer, EntryDescriptor(1, number).encode()
    for where, _ in zip(readable(listed), range(MOST_LOOKED_AT), strict=False):
        value = await dialogue.get(where)
        if isinstance(value, bytes) and len(value) in LONG:
            return where, None
    return None


@case("COSEM_MULTIREF_3", "the first four attributes of an object are read at once", Group.OBJECTS)
async def first_four(trial: Trial) -> None:
    """GET with a list of attributes 1 to 4 of an object, one of each class that has four: the answers of each alone."""
    count = 0
    async for dialogue, listed in listing(trial):
        seen: set[int] = set()
        for element in listed.elements:
            wanted = range(1, FEW + 1)
            if element.class_id in {PROFILE, *seen} or not listed.can_read(element, *wanted):
                continue
            seen.add(element.class_id)
            names = [AttributeDescriptor(element.class_id, element.logical_name, number) for number in wanted]
            await compare(dialogue, *((name, None) for name in names))
        count += len(seen)
    if not count:
        raise NotApplicableError("no object has four attributes that are readable")
    trial.note(f"{count} objects")


CASES: Final = (ten_values, short_and_long, first_four)
