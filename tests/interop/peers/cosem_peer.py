"""dlms-cosem, a client that somebody else wrote, at work on what it is ordered to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from dlms_cosem import cosem, enumerations, security
from dlms_cosem.client import DlmsClient
from dlms_cosem.cosem import selective_access
from dlms_cosem.dlms_data import DlmsDataParser
from dlms_cosem.io import BlockingTcpIO, HdlcTransport, SerialIO, TcpTransport
from dlms_cosem.parsers import AssociationObjectListParser, ProfileGenericBufferParser
from dlms_cosem.protocol.wrappers import WrapperProtocolDataUnit
from dlms_cosem.protocol.xdlms import DataNotification, GeneralGlobalCipher
from dlms_cosem.security import (
    HighLevelSecurityCommonAuthentication,
    HighLevelSecurityGmacAuthentication,
    LowLevelSecurityAuthentication,
    NoSecurityAuthentication,
    SecurityControlField,
)
from peer import jobs, plain, serve

Orders = dict[str, Any]
Kind = enumerations.CosemInterface
TIMEOUT_S = 10


def attribute(class_id: int, name: str, index: int) -> cosem.CosemAttribute:
    return cosem.CosemAttribute(Kind(class_id), cosem.Obis.from_string(name), index)


CLOCK = attribute(8, "0.0.1.0.0.255", 2)
OBJECT_LIST = attribute(15, "0.0.40.0.0.255", 2)
REGISTER = attribute(3, "1.0.1.8.0.255", 2)


def transport(orders: Orders) -> Any:
    """What carries APDUs to the meter."""
    timeout_s = orders.get("timeout_s", TIMEOUT_S)
    if "device" in orders:
        line: Any = SerialIO(orders["device"], timeout=timeout_s)
    else:
        line = BlockingTcpIO(host=orders["host"], port=orders["port"], timeout=timeout_s)
    if "physical" not in orders:
        return TcpTransport(orders["client"], orders["server"], line, timeout=timeout_s)
    return HdlcTransport(
        client_logical_address=orders["client"],
        server_logical_address=orders["server"],
        server_physical_address=orders["physical"],
        extended_addressing=orders.get("address_length") == 4,
        io=line,
        timeout=timeout_s,
    )


def proof(orders: Orders) -> Any:
    """How the client proves itself."""
    secret = orders.get("secret", "").encode()
    if orders.get("mechanism") == 1:
        return LowLevelSecurityAuthentication(secret=secret)
    if orders.get("mechanism") == 2:
        return HighLevelSecurityCommonAuthentication(secret=secret)
    if orders.get("mechanism") == 5:
        gmac = HighLevelSecurityGmacAuthentication(challenge_length=orders.get("challenge", 32))
        gmac.calling_authentication_value = bytes(range(gmac.challenge_length))  # what fails must fail each time
        return gmac
    return NoSecurityAuthentication()


def client(orders: Orders) -> DlmsClient:
    keys: dict[str, Any] = {
        name: bytes.fromhex(orders[name]) for name in ("encryption_key", "authentication_key") if name in orders
    }
    if keys:
        keys["client_system_title"] = bytes.fromhex(orders["client_title"])
    return DlmsClient(
        transport=transport(orders),
        authentication=proof(orders),
        security_suite=orders.get("suite", 0),
        block_transfer="max_pdu" in orders,
        max_pdu_size=orders.get("max_pdu", 0xFFFF),
        client_initial_invocation_counter=orders.get("invocation_counter", 1),
        **keys,
    )


@contextmanager
def associated(orders: Orders) -> Iterator[DlmsClient]:
    with client(orders).session() as session:
        yield session


def tour(orders: Orders) -> dict[str, Any]:
    """Object list, every attribute and, with `span`, rows by range, a write and a method."""
    with associated(orders) as session:
        items = AssociationObjectListParser.parse_bytes(bytes(session.get(OBJECT_LIST)))
        found: dict[str, Any] = {
            "objects": [[int(i.interface), i.version, i.logical_name.to_string("."), 0] for i in items],
            **everything(session, items),
        }
        if "span" in orders:
            found["range"] = rows(session, orders)
            session.set(REGISTER, b"\x06\x00\x00\x00\x07")
            found["written"] = text(session.get(REGISTER))
            session.action(cosem.CosemMethod(Kind.REGISTER, REGISTER.instance, 1), b"\x0f\x00")
            found["invoked"] = text(session.get(REGISTER))
    return found


def everything(session: DlmsClient, items: list[Any]) -> dict[str, dict[str, str]]:
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    for item in items:
        for index, rights in item.attribute_access_rights.items():
            if index == 1 or not rights.access_rights:
                continue
            key = f"{int(item.interface)}/{item.logical_name.to_string('.')}/{index}"
            try:
                values[key] = text(session.get(cosem.CosemAttribute(item.interface, item.logical_name, index)))
            except Exception as error:  # noqa: BLE001 - the peer raises anything; told per attribute
                errors[key] = f"{type(error).__name__}: {error}"
    return {"values": values, "errors": errors}


def text(octets: bytes) -> str:
    """A value in words."""
    [value] = DlmsDataParser().parse(bytes(octets))
    python = value.to_python()
    return bytes(python).hex() if isinstance(python, bytes | bytearray) else str(python)


def rows(session: DlmsClient, orders: Orders) -> list[list[str]]:
    """Rows by time."""
    access = selective_access.RangeDescriptor(
        restricting_object=selective_access.CaptureObject(cosem_attribute=CLOCK, data_index=0),
        from_value=datetime.fromisoformat(orders["from"]),
        to_value=datetime.fromisoformat(orders["to"]),
    )
    return taken(session, orders, access)


def taken(session: DlmsClient, orders: Orders, access: Any) -> list[list[str]]:
    buffer = session.get(attribute(7, orders["profile"], 2), access_descriptor=access)
    columns = [attribute(*column) for column in orders["columns"]]
    parser = ProfileGenericBufferParser(capture_objects=columns, capture_period=15)
    return [[str(cell.value) for cell in row] for row in parser.parse_bytes(bytes(buffer))]


def profile(orders: Orders) -> dict[str, Any]:
    """A register, and rows by time."""
    with associated(orders) as session:
        return {"register": text(session.get(REGISTER)), "rows": rows(session, orders)}


def entries(orders: Orders) -> list[list[str]]:
    """Rows by number."""
    with associated(orders) as session:
        return taken(session, orders, selective_access.EntryDescriptor(1, 5))


def read_list(orders: Orders) -> list[str]:
    """Several attributes by one request."""
    items = [cosem.CosemAttributeWithSelection(attribute(*one[:3]), None) for one in orders["read"]]
    with associated(orders) as session:
        return [str(value.to_python()) for value in session.get_many(items).response_data]


def long_get(orders: Orders) -> Any:
    """One long value."""
    with associated(orders) as session:
        return {"value": text(session.get(attribute(1, orders["name"], 2)))}


def long_set(orders: Orders) -> None:
    """One long value."""
    value = bytes.fromhex(orders["value"])
    with associated(orders) as session:
        session.set(attribute(1, orders["name"], 2), b"\x09\x82" + len(value).to_bytes(2, "big") + value)


def read_name(orders: Orders) -> str:
    """The name of the device."""
    with associated(orders) as session:
        return text(session.get(attribute(1, "0.0.42.0.0.255", 2)))


def opening(orders: Orders) -> str:
    """The AARQ."""
    connection = client(orders).dlms_connection
    return bytes(connection.send(connection.get_aarq())).hex()


def read_register(orders: Orders) -> str:
    """One register."""
    with associated(orders) as session:
        return text(session.get(REGISTER))


def data(orders: Orders) -> list[str]:
    """How it reads encoded Data, or why it does not."""
    return [legible(octets) for octets in orders["data"]]


def legible(octets: str) -> str:
    try:
        return text(bytes.fromhex(octets))
    except NotImplementedError as error:
        return f"{type(error).__name__}: {error}"


def take(orders: Orders) -> dict[str, Any]:
    """Open and take one wrapped push apart; the tag is verified."""
    apdu = WrapperProtocolDataUnit.from_bytes(bytes.fromhex(orders["frames"][0])).data
    found: dict[str, Any] = {}
    if orders["protection"]:
        cipher = GeneralGlobalCipher.from_bytes(apdu)
        found |= {"title": cipher.system_title.hex(), "counter": cipher.invocation_counter}
        apdu = security.decrypt(
            SecurityControlField(0, authenticated=True, encrypted=True),
            cipher.system_title,
            cipher.invocation_counter,
            bytes.fromhex(orders["encryption_key"]),
            cipher.ciphered_text,
            bytes.fromhex(orders["authentication_key"]),
        )
    push = DataNotification.from_bytes(apdu)
    [body] = DlmsDataParser().parse(push.body)
    invoke = push.long_invoke_id_and_priority
    return found | {
        "invoke_id": invoke.long_invoke_id,
        "confirmed": invoke.confirmed,
        "date_time": push.date_time and push.date_time.isoformat(),
        "values": plain(body.to_python()),
    }


serve(jobs(tour, profile, entries, read_list, read_name, read_register, opening, long_get, long_set, data, take))
