"""A meter as gurux-dlms sees it: objects, rights to every member, values as they were sent."""

from typing import Any

from gurux_tour import Orders, associated, known
from peer import jobs


def view(orders: Orders) -> dict[str, Any]:
    """The object list with all rights, and every value that may be read."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    with associated(orders) as meter:
        items = meter.objects()
        for item in items:
            for index in known(item, all_=False):
                key = f"{int(item.objectType)}/{item.logicalName}/{index}"
                try:
                    values[key] = told(meter.ask(meter.client.read(item, index)).value)
                except Exception as error:  # noqa: BLE001 - the peer raises anything; told per attribute
                    errors[key] = f"{type(error).__name__}: {error}"
    return {"objects": [shown(item) for item in items], "values": values, "errors": errors}


def told(value: Any) -> Any:
    """A value with the type that the peer found; lists opened."""
    if isinstance(value, list | tuple):
        return [type(value).__name__, *map(told, value)]
    octets = bytes(value).hex() if isinstance(value, bytes | bytearray) else str(value)
    return [type(value).__name__, octets]


def shown(item: Any) -> list[Any]:
    """Class, version, logical name, and the rights to each attribute and method."""
    attributes = [int(item.getAccess(number)) for number in range(1, item.getAttributeCount() + 1)]
    methods = [int(item.getMethodAccess(number)) for number in range(1, item.getMethodCount() + 1)]
    return [int(item.objectType), item.version, item.logicalName, attributes, methods]


JOBS = jobs(view)
