"""gurux-dlms asked for its opinion: on APDUs of short names, on encoded data, on methods; and tried as a server."""

import contextlib
import re
from typing import Any

from gurux_dlms import (
    GXBitString,
    GXByteBuffer,
    GXDLMSClient,
    GXDLMSNotify,
    GXDLMSServer,
    GXDLMSTranslator,
    GXReplyData,
    GXServerReply,
)
from gurux_dlms.enums import Authentication, DataType, InterfaceType, Security, TranslatorOutputType
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo
from gurux_dlms.objects import GXDLMSAssociationLogicalName, GXDLMSProfileGeneric, GXDLMSRegister
from gurux_dlms.secure import GXDLMSSecureClient
from peer import jobs, plain

Orders = dict[str, Any]


def buffer(octets: bytes) -> GXByteBuffer:
    made = GXByteBuffer()
    made.set(octets)
    return made


def wrapped(apdu: str) -> GXByteBuffer:
    octets = bytes.fromhex(apdu)
    return buffer(bytes.fromhex("000100010001") + len(octets).to_bytes(2, "big") + octets)


def client_of(*, short: bool = False) -> GXDLMSClient:
    """A client that speaks to nobody."""
    return GXDLMSClient(not short, 1, 1, Authentication.NONE, None, InterfaceType.WRAPPER)


def translate(orders: Orders) -> list[Any]:
    """Tags and contents of each APDU, in order."""
    return [translated(apdu) for apdu in orders["apdus"]]


def translated(apdu: str) -> list[Any]:
    text = GXDLMSTranslator(TranslatorOutputType.STANDARD_XML).pduToXml(buffer(bytes.fromhex(apdu)))
    return re.findall(r'<x?:?([A-Za-z-]+)(?: Value="([^"]*)")? ?/?>([^<\s]*)', text)


def put_together(orders: Orders) -> dict[str, Any]:
    """The value that blocks by short names make, and how the next one is asked for; two methods are supplied."""
    if orders["supplied"]:
        GXReplyData.setTotalCount = lambda self, value: setattr(self, "totalCount", value)
        GXReplyData.getMoreData = lambda self: self.moreData
    try:
        return together(orders["blocks"])
    finally:
        if orders["supplied"]:
            del GXReplyData.setTotalCount, GXReplyData.getMoreData


def together(apdus: list[str]) -> dict[str, Any]:
    client, reply, asked = client_of(short=True), GXReplyData(), []
    for apdu in apdus:
        client.getData(wrapped(apdu), reply, None)
        if reply.isMoreData():
            asked.append(bytes(client.receiverReady(reply))[8:].hex())
    return {"value": bytes(reply.value).hex(), "asked": asked}


def method_in_blocks(orders: Orders) -> Any:
    """What blocks of an ACTION response return."""
    client, reply = client_of(), GXReplyData()
    for apdu in orders["blocks"]:
        client.getData(wrapped(apdu), reply, None)
        if reply.isMoreData():
            client.receiverReady(reply)
    return plain(reply.value)


def opened(orders: Orders) -> list[Any]:
    """Error and value of each ciphered response."""
    return [open_one(apdu, orders) for apdu in orders["apdus"]]


def open_one(apdu: str, orders: Orders) -> list[Any]:
    client = GXDLMSSecureClient(False, 1, 1, Authentication.HIGH_GMAC, None, InterfaceType.WRAPPER)
    client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
    client.ciphering.systemTitle = bytes.fromhex(orders["client_title"])
    client.ciphering.blockCipherKey = bytes.fromhex(orders["encryption_key"])
    client.ciphering.authenticationKey = bytes.fromhex(orders["authentication_key"])
    client.settings.sourceSystemTitle = bytes.fromhex(orders["server_title"])
    reply = GXReplyData()
    client.getData(wrapped(apdu), reply, None)
    return [reply.error, reply.value]


def sent_by_short_names(_: Orders) -> dict[str, str]:
    """What the peer sends of its own."""
    client = GXDLMSClient(False, 16, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
    register = GXDLMSRegister("1.0.1.8.0.255", 0x1000)
    register.value = 5
    register.setDataType(2, DataType.UINT32)
    notify = GXDLMSNotify(False, 16, 1, InterfaceType.WRAPPER)
    packets = {
        "read": client.read(register, 2)[0],
        "write": client.write(register, 2)[0],
        "object list": client.getObjectsRequest(),
        "entries": client.readRowsByEntry(GXDLMSProfileGeneric("1.0.99.1.0.255", 0x2000), 1, 5)[0],
        "report": notify.generateReport(None, [(register, 2)])[0],
    }
    return {name: bytes(packet)[8:].hex() for name, packet in packets.items()}


def data(orders: Orders) -> list[Any]:
    """How it reads encoded Data."""
    buffers = [GXByteBuffer(bytes.fromhex(octets)) for octets in orders["data"]]
    return [legible(_GXCommon.getData(None, one, _GXDataInfo())) for one in buffers]


def legible(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [legible(member) for member in value]
    return str(value) if isinstance(value, GXBitString) else plain(value)


class Server(GXDLMSServer):
    """The peer's server with every decision left to it."""


Server.__abstractmethods__ = frozenset()


def serve_a_client(orders: Orders) -> Any:
    """Get ready, and answer an AARQ; with `whatever`, ready or not."""
    server = Server(True, InterfaceType.WRAPPER)
    server.items.append(GXDLMSAssociationLogicalName())
    with contextlib.suppress(*[TypeError] * orders["whatever"]):
        server.initialize()
    reply = GXServerReply(bytes(client_of().aarqRequest()[0]))
    server.handleRequest(reply)
    return plain(reply.reply)


JOBS = jobs(
    translate, put_together, method_in_blocks, opened, sent_by_short_names, data, serve_a_client,
)  # fmt: skip
