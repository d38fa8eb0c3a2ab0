"""What gurux-dlms does with a meter from end to end, and in parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from gurux_dlms.enums import DataType
from gurux_dlms.objects import GXDLMSObjectCollection, GXDLMSProfileGeneric
from gurux_meter import Meter
from peer import jobs

Orders = dict[str, Any]


@contextmanager
def associated(orders: Orders) -> Iterator[Meter]:
    """An association, released whatever happens."""
    meter = Meter(orders)
    try:
        yield meter.associate()
    finally:
        meter.release()


def tour(orders: Orders) -> dict[str, Any]:
    """Everything that can be read, some `raw` by numbers; with `span`, rows, a write, a method, lists of attributes."""
    with associated(orders) as meter:
        items = meter.objects()
        found: dict[str, Any] = {
            "objects": [[int(i.objectType), i.version, i.logicalName, i.shortName] for i in items],
            **everything(meter, items, all_=orders.get("short", False)),
        }
        for class_id, name, index in orders.get("raw", ()):
            reply = meter.ask(meter.client._read(name, class_id, index))  # a class that it lacks
            found["values"][f"{class_id}/{name}/{index}"] = str(reply.value)
        if "span" in orders:
            by_class = {int(item.objectType): item for item in items}
            found |= rows(meter, by_class[7], orders["span"])
            found["written"] = write(meter, by_class[3], 7)
            found["invoked"] = invoke(meter, by_class)
        found["conformance"] = int(meter.client.negotiatedConformance)
        found["sent"] = meter.sent
    return found


def everything(meter: Meter, items: list[Any], *, all_: bool) -> dict[str, dict[str, str]]:
    """Every attribute that may be read; the peer cannot tell by short names which those are."""
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    for item in items:
        for index in known(item, all_=all_):
            key = f"{int(item.objectType)}/{item.logicalName}/{index}"
            try:
                values[key] = text(meter.read(item, index))
            except Exception as error:  # noqa: BLE001 - the peer raises anything; told per attribute
                errors[key] = f"{type(error).__name__}: {error}"
    return {"values": values, "errors": errors}


def known(item: Any, *, all_: bool) -> list[int]:
    """Attributes to be read; of a profile its columns first, without which the peer cannot take its rows."""
    indices = list(range(2, item.getAttributeCount() + 1) if all_ else item.getAttributeIndexToRead(True))
    readable = [index for index in indices if index != 1 and (all_ or int(item.getAccess(index)) != 0)]
    return sorted(readable, key=lambda index: (int(item.objectType), index) != (7, 3))


def text(value: Any) -> str:
    """A value in words; the peer cannot print its own collection of objects."""
    return f"{len(value)} objects" if isinstance(value, GXDLMSObjectCollection) else str(value)


def rows(meter: Meter, profile: Any, span: list[float]) -> dict[str, list[list[str]]]:
    """Rows by number and by time."""
    meter.read(profile, 3)
    profile.sortObject = profile.captureObjects[0][0]  # the meter names none: rows stand in order of time
    first, last = (datetime.fromtimestamp(at) for at in span)  # noqa: DTZ006 - the peer keeps local time
    return {
        "entries": taken(meter, profile, meter.client.readRowsByEntry(profile, 1, 5)),
        "range": taken(meter, profile, meter.client.readRowsByRange(profile, first, last)),
    }


def taken(meter: Meter, profile: Any, packets: Any) -> list[list[str]]:
    reply = meter.ask(packets)
    profile.buffer = []
    meter.client.updateValue(profile, 2, reply.value)
    return [[str(cell) for cell in row] for row in profile.buffer]


def write(meter: Meter, register: Any, value: int) -> str:
    """Write a register; what it then holds."""
    register.value = value
    register.setDataType(2, DataType.UINT32)
    meter.write(register, 2)
    return str(meter.read(register, 2))


def invoke(meter: Meter, by_class: dict[int, Any]) -> str:
    """Execute a script where there is one, else reset the register; what the register then holds."""
    if 9 in by_class:
        meter.ask(meter.client.method(by_class[9], 1, 0, DataType.UINT16))
    else:
        meter.ask(by_class[3].reset(meter.client))
    return str(meter.read(by_class[3], 2))


def entries(orders: Orders) -> list[list[str]]:
    """The first rows of a profile."""
    profile = GXDLMSProfileGeneric(orders["profile"])
    profile.version = 1
    with associated(orders) as meter:
        meter.read(profile, 3)
        return taken(meter, profile, meter.client.readRowsByEntry(profile, 1, orders["count"]))


JOBS = jobs(tour, entries)
