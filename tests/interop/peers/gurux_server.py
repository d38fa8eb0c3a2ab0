"""A meter that gurux-dlms serves: its associations, its GET and its encoding, on a port that the first line tells.

Names are the library's. What its server lacks in Python is made up for here, without a look inside: names that it
asks for and does not have, and the rights in the object list, which it leaves empty. Where it answers nothing,
nothing is answered.
"""
# ruff: noqa: N802, N815

import contextlib
import socket
from datetime import UTC, datetime
from typing import Any

from gurux_dlms import GXServerReply
from gurux_dlms.enums import AccessMode, DataType, InterfaceType, MethodAccessMode, SourceDiagnostic, Unit
from gurux_dlms.objects import (
    GXDLMSAssociationLogicalName,
    GXDLMSClock,
    GXDLMSData,
    GXDLMSHdlcSetup,
    GXDLMSIECLocalPortSetup,
    GXDLMSRegister,
    GXDLMSScriptTable,
)
from gurux_dlms.secure import GXDLMSSecureServer
from gurux_dlms.ValueEventArgs import ValueEventArgs

ValueEventArgs.isSkipMaxPduSize = False


class Reply(GXServerReply):
    """What came in and what goes out, by the names that the server uses."""

    def getData(self) -> Any:
        return self.data

    def setReply(self, value: Any) -> None:
        self.reply = value

    def getReply(self) -> Any:
        return self.reply

    def getConnectionInfo(self) -> Any:
        return self.connectionInfo


class Association(GXDLMSAssociationLogicalName):
    """Its object list with rights: all may be read."""

    def getValue(self, settings: Any, e: Any) -> Any:
        if e.index != 2:
            return super().getValue(settings, e)
        e.byteArray = True
        return bytes([1, len(self.objectList)]) + b"".join(map(element, self.objectList))


def element(item: Any) -> bytes:
    """An element of the object list."""
    name = bytes(map(int, item.logicalName.split(".")))
    attributes = [b"\x02\x03\x0f%c\x16\x01\x00" % number for number in range(1, item.getAttributeCount() + 1)]
    methods = [b"\x02\x02\x0f%c\x16\x00" % number for number in range(1, item.getMethodCount() + 1)]
    head = b"\x02\x04\x12" + int(item.objectType).to_bytes(2, "big") + b"\x11%c" % item.version + b"\x09\x06" + name
    lists = [b"\x01%c" % len(listed) + b"".join(listed) for listed in (attributes, methods)]
    return head + b"\x02\x02" + b"".join(lists)


class Server(GXDLMSSecureServer):
    """Lets everybody in, and read everything."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("notify"):
            return lambda *_: None
        raise AttributeError(name)

    def isTarget(self, *_: Any) -> bool:
        return True

    def onFindObject(self, *_: Any) -> None:
        return None

    def onValidateAuthentication(self, *_: Any) -> SourceDiagnostic:
        return SourceDiagnostic.NONE

    def onGetAttributeAccess(self, *_: Any) -> AccessMode:
        return AccessMode.READ

    def onGetMethodAccess(self, *_: Any) -> MethodAccessMode:
        return MethodAccessMode.NO_ACCESS

    def silent(self, *_: Any) -> None:
        """Nothing happens."""

    onConnected = onDisconnected = onInvalidConnection = onPreRead = onPostRead = onPreGet = onPostGet = silent
    onPreWrite = onPostWrite = onPreAction = onPostAction = silent


def objects() -> list[Any]:
    """Objects of several classes with values of several types."""
    name = GXDLMSData("0.0.42.0.0.255")
    name.value = b"GRX0000000000001"
    name.setDataType(2, DataType.OCTET_STRING)
    number = GXDLMSData("0.0.96.1.0.255")
    number.value = "GRX00012345"
    number.setDataType(2, DataType.STRING)
    energy = GXDLMSRegister("1.0.1.8.0.255")
    energy.value, energy.scaler, energy.unit = 1234567, 10, Unit.ACTIVE_ENERGY
    energy.setDataType(2, DataType.UINT32)
    temperature = GXDLMSRegister("0.0.96.9.0.255")
    temperature.value, temperature.scaler, temperature.unit = -12, 0.1, Unit.TEMPERATURE
    temperature.setDataType(2, DataType.INT16)
    clock = GXDLMSClock("0.0.1.0.0.255")
    clock.time = clock.begin = clock.end = datetime(2026, 11, 2, 7, 30, tzinfo=UTC)
    port = GXDLMSIECLocalPortSetup("0.0.20.0.0.255")
    port.password1 = "gurux secret"
    return [name, number, energy, temperature, clock, port, GXDLMSHdlcSetup(), GXDLMSScriptTable("0.0.10.0.100.255")]


def serving() -> Server:
    """The server with its objects."""
    association = Association()
    server = Server(association, InterfaceType.WRAPPER)
    for item in (association, *objects()):
        server.items.append(item)
        association.objectList.append(item)
    with contextlib.suppress(Exception):
        server.initialize()
    return server


def answer(server: Server, line: socket.socket) -> None:
    """Answer one client until it goes."""
    server.reset()
    while data := line.recv(65_536):
        reply = Reply(data)
        with contextlib.suppress(Exception):  # its own errors end in no answer
            server.handleRequest(reply)
            if reply.reply:
                line.sendall(bytes(reply.reply))


def main() -> None:
    """Serve one client after the other."""
    server = serving()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            line, _ = listener.accept()
            with line:
                answer(server, line)


main()
