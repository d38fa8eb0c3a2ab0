"""Runs gurux-dlms, a client that somebody else wrote, in a process of its own; prints what it read as JSON.

Reads its orders as JSON on standard input: host, port, client, server and, for HLS 5, the keys in hex.
"""

import contextlib
import io
import json
import socket
import sys
from typing import Any

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, ObjectType, Security
from gurux_dlms.objects import GXDLMSObjectCollection, GXDLMSProfileGeneric
from gurux_dlms.secure import GXDLMSSecureClient


class Meter:
    """One association over the TCP wrapper, driven as the library's own example does."""

    def __init__(self, orders: dict[str, Any]) -> None:
        hls5 = "encryption_key" in orders
        self.client = GXDLMSSecureClient(
            True,
            orders["client"],
            orders["server"],
            Authentication.HIGH_GMAC if hls5 else Authentication.NONE,
            None,
            InterfaceType.WRAPPER,
        )
        if hls5:
            ciphering = self.client.ciphering
            ciphering.security = Security.AUTHENTICATION_ENCRYPTION
            ciphering.systemTitle = bytes.fromhex(orders["client_title"])
            ciphering.blockCipherKey = bytes.fromhex(orders["encryption_key"])
            ciphering.authenticationKey = bytes.fromhex(orders["authentication_key"])
            ciphering.invocationCounter = orders["invocation_counter"]
        self.socket = socket.create_connection((orders["host"], orders["port"]), timeout=10)

    def exchange(self, packet: bytes) -> GXReplyData:
        reply = GXReplyData()
        self._send(packet, reply)
        while reply.isMoreData():
            self._send(self.client.receiverReady(reply), reply)
        return reply

    def _send(self, packet: bytes, reply: GXReplyData) -> None:
        self.socket.sendall(bytes(packet))
        buffer = GXByteBuffer()
        while not self.client.getData(buffer, reply, None):
            received = self.socket.recv(65536)
            if not received:
                raise ConnectionError("the meter closed the connection")
            buffer.set(received)
        if reply.error:
            raise ValueError(f"the meter answered with error {reply.error}")

    def last(self, packets: Any) -> GXReplyData:
        reply = GXReplyData()
        for packet in packets if isinstance(packets, list) else [packets]:
            reply = self.exchange(packet)
        return reply

    def associate(self) -> None:
        self.client.parseAareResponse(self.last(self.client.aarqRequest()).data)
        if self.client.authentication > Authentication.LOW:
            reply = self.last(self.client.getApplicationAssociationRequest())
            self.client.parseApplicationAssociationResponse(reply.data)

    def release(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.last(self.client.releaseRequest())
        self.socket.close()


def read_everything(meter: Meter) -> dict[str, Any]:
    reply = meter.last(meter.client.getObjectsRequest())
    objects = list(meter.client.parseObjects(reply.data, True))
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    for item in objects:
        if isinstance(item, GXDLMSProfileGeneric):
            read(meter, item, 3, values, errors)
        for index in item.getAttributeIndexToRead(True):
            if index != 1 and int(item.getAccess(index)) != 0:
                read(meter, item, index, values, errors)
    return {
        "objects": [[int(item.objectType), item.logicalName, item.version] for item in objects],
        "values": values,
        "errors": errors,
    }


def read(meter: Meter, item: Any, index: int, values: dict[str, str], errors: dict[str, str]) -> None:
    key = f"{int(item.objectType)}/{item.logicalName}/{index}"
    try:
        reply = meter.last(meter.client.read(item, index))
        value = meter.client.updateValue(item, index, reply.value)
        # the peer cannot print its own collection of objects
        values[key] = f"{len(value)} objects" if isinstance(value, GXDLMSObjectCollection) else str(value)
    except Exception as error:  # noqa: BLE001 - the peer raises anything; the test reports it per attribute
        errors[key] = f"{type(error).__name__}: {error}"


def read_rows(meter: Meter, orders: dict[str, Any]) -> list[list[str]]:
    profile = GXDLMSProfileGeneric(orders["profile"])
    profile.version = 1
    errors: dict[str, str] = {}
    read(meter, profile, 3, {}, errors)
    if errors:
        raise ValueError(str(errors))
    reply = meter.last(meter.client.readRowsByEntry(profile, 1, orders["rows"]))
    meter.client.updateValue(profile, 2, reply.value)
    return [[str(cell) for cell in row] for row in profile.buffer]


def main() -> None:
    orders = json.load(sys.stdin)
    noise = io.StringIO()  # the library prints while it works
    with contextlib.redirect_stdout(noise):
        meter = Meter(orders)
        meter.associate()
        found = read_everything(meter)
        if "profile" in orders:
            found["rows"] = read_rows(meter, orders)
        meter.release()
    found["object_types"] = sorted({ObjectType(kind).name for kind, _, _ in found["objects"]})
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
