"""Services of gurux-dlms one at a time: lists, long values in blocks, general block transfer, ACCESS."""

from typing import Any

from gurux_dlms import GXDLMSAccessItem, GXReplyData, GXWriteItem
from gurux_dlms.enums import AccessServiceCommandType, DataType
from gurux_dlms.objects import GXDLMSClock, GXDLMSData, GXDLMSRegister
from gurux_meter import Meter
from gurux_tour import Orders, associated
from peer import jobs, plain

KINDS = {1: GXDLMSData, 3: GXDLMSRegister, 8: GXDLMSClock}


def named(name: str, class_id: int = 1, short_name: int = 0) -> Any:
    """An object of the peer."""
    return KINDS[class_id](name, short_name)


def octets(orders: Orders, value: str) -> Any:
    """An object that holds octets."""
    thing = named(orders["name"], short_name=orders.get("short_name", 0))
    thing.value = bytes.fromhex(value)
    thing.setDataType(2, DataType.OCTET_STRING)
    return thing


def opening(orders: Orders) -> str:
    """The AARQ."""
    return b"".join(bytes(packet[8:]) for packet in Meter(orders).client.aarqRequest()).hex()


def read_register(orders: Orders) -> str:
    """One register."""
    with associated(orders) as meter:
        return str(meter.read(GXDLMSRegister("1.0.1.8.0.255"), 2))


def reset_register(orders: Orders) -> None:
    """The method of a register."""
    register = named("1.0.1.8.0.255", 3, orders.get("short_name", 0))
    with associated(orders) as meter:
        meter.ask(register.reset(meter.client))


def read_list(orders: Orders) -> list[str]:
    """Several attributes by one request; the peer puts them into its objects."""
    items = [(named(name, class_id, short_name), index) for class_id, name, index, short_name in orders["read"]]
    with associated(orders) as meter:
        values = []
        for packet in meter.client.readList(items):
            values += meter.exchange(packet).value
        meter.client.updateValues(items, values)
    return [str(item.getValues()[index - 1]) for item, index in items]


def write_list(orders: Orders) -> None:
    """Several attributes by one request."""
    with associated(orders) as meter:
        item = GXWriteItem(octets(orders, orders["value"]), 2)
        item.target = octets(orders, orders["value"])  # which the constructor drops
        meter.ask(meter.client.writeList([item, item]))


def long_get(orders: Orders) -> Any:
    """One long value; how many APDUs it took."""
    with associated(orders) as meter:
        before = len(meter.sent)
        value = meter.read(named(orders["name"], short_name=orders.get("short_name", 0)), 2)
        return {"value": plain(value), "requests": len(meter.sent) - before}


def long_set(orders: Orders) -> Any:
    """One long value; how many APDUs it took."""
    with associated(orders) as meter:
        before = len(meter.sent)
        meter.write(octets(orders, orders["value"]), 2)
        return {"requests": len(meter.sent) - before}


def set_by_general_blocks(orders: Orders) -> list[str]:
    """One long value by general block transfer over the wrapper: what was sent, answers not waited for."""
    with associated(orders) as meter:
        packets = meter.client.write(octets(orders, orders["value"]), 2)
        for packet in packets:
            meter.send(packet, GXReplyData())  # its answer is a confirmation, and in the end the result
        return [bytes(packet[8:]).hex() for packet in packets]


def access(orders: Orders) -> list[list[str]]:
    """ACCESS with requests to read."""
    items = [
        GXDLMSAccessItem(AccessServiceCommandType.GET, named(name, class_id), index)
        for class_id, name, index, _ in orders["read"]
    ]
    return [[str(item.value), item.error.name] for item in accessed(orders, items)]


def access_to_write(orders: Orders) -> list[str]:
    """ACCESS with a request to write."""
    items = [GXDLMSAccessItem(AccessServiceCommandType.SET, octets(orders, orders["value"]), 2)]
    return [item.error.name for item in accessed(orders, items)]


def accessed(orders: Orders, items: list[Any]) -> list[Any]:
    with associated(orders) as meter:
        meter.client.parseAccessResponse(items, reply_to(meter, items))
    return items


def reply_to(meter: Meter, items: list[Any]) -> Any:
    return meter.ask(meter.client.accessRequest(None, items)).data


JOBS = jobs(
    opening, read_register, reset_register, read_list, write_list, long_get, long_set, set_by_general_blocks, access,
    access_to_write,
)  # fmt: skip
