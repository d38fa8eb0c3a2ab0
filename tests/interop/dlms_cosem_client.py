"""Runs dlms-cosem, a client that somebody else wrote, in a process of its own; prints what it read as JSON.

Reads its orders as JSON on standard input: host, port and the keys in hex.
"""

import contextlib
import datetime
import io
import json
import sys
from typing import Any

from dlms_cosem import cosem, enumerations
from dlms_cosem.client import DlmsClient
from dlms_cosem.cosem import selective_access
from dlms_cosem.io import BlockingTcpIO, TcpTransport
from dlms_cosem.parsers import ProfileGenericBufferParser
from dlms_cosem.security import HighLevelSecurityGmacAuthentication, NoSecurityAuthentication

CLOCK = cosem.CosemAttribute(enumerations.CosemInterface.CLOCK, cosem.Obis.from_string("0.0.1.0.0.255"), 2)


def attribute(interface: enumerations.CosemInterface, name: str, index: int) -> cosem.CosemAttribute:
    return cosem.CosemAttribute(interface, cosem.Obis.from_string(name), index)


def connect(orders: dict[str, Any]) -> DlmsClient:
    transport = TcpTransport(
        orders["client"],
        orders["server"],
        BlockingTcpIO(host=orders["host"], port=orders["port"], timeout=10),
        timeout=10,
    )
    if "encryption_key" not in orders:
        return DlmsClient(transport=transport, authentication=NoSecurityAuthentication())
    return DlmsClient(
        transport=transport,
        authentication=HighLevelSecurityGmacAuthentication(challenge_length=32),
        encryption_key=bytes.fromhex(orders["encryption_key"]),
        authentication_key=bytes.fromhex(orders["authentication_key"]),
        client_system_title=bytes.fromhex(orders["client_title"]),
        client_initial_invocation_counter=orders["invocation_counter"],
    )


def read(orders: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with connect(orders).session() as session:
        found["clock"] = bytes(session.get(CLOCK)).hex()
        if "profile" in orders:
            register = attribute(enumerations.CosemInterface.REGISTER, "1.0.1.8.0.255", 2)
            found["register"] = bytes(session.get(register)).hex()
            found["rows"] = read_rows(session, orders)
    return found


def read_rows(session: DlmsClient, orders: dict[str, Any]) -> list[list[str]]:
    profile = attribute(enumerations.CosemInterface.PROFILE_GENERIC, orders["profile"], 2)
    access = selective_access.RangeDescriptor(
        restricting_object=selective_access.CaptureObject(cosem_attribute=CLOCK, data_index=0),
        from_value=datetime.datetime.fromisoformat(orders["from"]),
        to_value=datetime.datetime.fromisoformat(orders["to"]),
    )
    columns = [
        CLOCK,
        attribute(enumerations.CosemInterface.DATA, "0.0.96.10.2.255", 2),
        attribute(enumerations.CosemInterface.REGISTER, "1.0.1.8.0.255", 2),
        attribute(enumerations.CosemInterface.REGISTER, "1.0.2.8.0.255", 2),
    ]
    buffer = session.get(profile, access_descriptor=access)
    parser = ProfileGenericBufferParser(capture_objects=columns, capture_period=15)
    return [[str(cell.value) for cell in row] for row in parser.parse_bytes(bytes(buffer))]


def main() -> None:
    orders = json.load(sys.stdin)
    with contextlib.redirect_stdout(io.StringIO()):  # the library prints while it works
        found = read(orders)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
