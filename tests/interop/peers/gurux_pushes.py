"""gurux-dlms as sender and reader of pushes."""

import socket
from datetime import datetime
from typing import Any

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import Authentication, Conformance, InterfaceType, Security
from gurux_dlms.objects import GXDLMSCaptureObject, GXDLMSData, GXDLMSPushSetup, GXDLMSRegister
from gurux_dlms.secure import GXDLMSSecureClient, GXDLMSSecureNotify
from peer import jobs, plain

Orders = dict[str, Any]
INTERFACES = {"wrapper": InterfaceType.WRAPPER, "hdlc": InterfaceType.HDLC, "raw": InterfaceType.PDU}


def protect(ciphering: Any, orders: Orders, title: str) -> None:
    """Set what protects, if anything does."""
    if not orders["protection"]:
        return
    ciphering.security = Security(orders["protection"])
    ciphering.systemTitle = bytes.fromhex(orders[title])
    ciphering.blockCipherKey = bytes.fromhex(orders["encryption_key"])
    ciphering.authenticationKey = bytes.fromhex(orders["authentication_key"])
    ciphering.invocationCounter = orders.get("invocation_counter", 1)


def push(orders: Orders) -> dict[str, Any]:
    """Make a push in the way asked for and, where an address is given, send it; what came back."""
    notify = GXDLMSSecureNotify(not orders.get("short"), 1, 1, INTERFACES[orders["framing"]])
    protect(notify.ciphering, orders, "meter_title")
    if "max_pdu" in orders:
        notify.conformance |= Conformance.GENERAL_BLOCK_TRANSFER
    notify.maxReceivePDUSize = orders.get("max_pdu", 0xFFFF)
    notify.hdlcSettings.maxInfoTX = notify.hdlcSettings.maxInfoRX = 1024
    frames = [bytes(message) for message in messages(notify, orders)]
    answer = b""
    if "port" in orders:
        with socket.create_connection((orders["host"], orders["port"]), timeout=10) as line:
            line.sendall(b"".join(frames))
            answer = line.recv(1000)
    return {"frames": [frame.hex() for frame in frames], "answer": answer.hex()}


def messages(notify: GXDLMSSecureNotify, orders: Orders) -> Any:
    """Frames of a push setup, an event or a body of many values."""
    at = datetime.fromisoformat(orders["at"]) if "at" in orders else None
    energy = GXDLMSRegister("1.0.1.8.0.255", orders.get("short", 0))
    energy.value = 1234
    name = GXDLMSData("0.0.42.0.0.255")
    name.value = b"OAMSIM0000000001"
    if orders["shape"] == "push setup":
        setup = GXDLMSPushSetup("0.7.25.9.0.255")
        for item in (setup, name, energy):
            setup.pushObjectList.append((item, GXDLMSCaptureObject(2, 0)))
        return notify.generatePushSetupMessages(at, setup)
    if orders["shape"] == "event":
        return notify.generateReport(at, [(energy, 2)])
    body = GXByteBuffer()
    body.setUInt8(2)
    body.setUInt8(orders["values"])
    for _ in range(orders["values"]):
        notify.addData(energy, 2, body)
    return notify.generateDataNotificationMessages(at, body)


def take(orders: Orders) -> dict[str, Any]:
    """Give frames to a client one by one; the values of the notification."""
    client = GXDLMSSecureClient(True, 1, 1, Authentication.NONE, None, INTERFACES[orders["framing"]])
    protect(client.ciphering, orders, "client_title")
    reply, notify = GXReplyData(), GXReplyData()
    for frame in orders["frames"]:
        client.getData(GXByteBuffer(bytes.fromhex(frame)), reply, notify)
    return {"complete": bool(notify.complete), "values": plain(notify.value)}


def take_report(orders: Orders) -> str:
    """Take a report of a register that is known; what the register then holds."""
    client = GXDLMSSecureClient(not orders["short"], 1, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
    register = GXDLMSRegister("1.0.1.8.0.255", orders["short"])
    client.objects.append(register)
    notify = GXReplyData()
    client.getData(GXByteBuffer(bytes.fromhex(orders["frame"])), GXReplyData(), notify)
    client.parseReport(notify, [])
    return str(register.value)


JOBS = jobs(push, take, take_report)
