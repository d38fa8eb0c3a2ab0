"""One association of gurux-dlms as client: any referencing, mechanism, protection and line."""

import contextlib
import socket
from typing import Any

import serial
from gurux_dlms import GXByteBuffer, GXDLMSClient, GXDLMSGateway, GXReplyData
from gurux_dlms.ecdsa import GXPrivateKey, GXPublicKey
from gurux_dlms.enums import Authentication, Conformance, InterfaceType, Security
from gurux_dlms.objects.enums import SecuritySuite
from gurux_dlms.secure import GXDLMSSecureClient
from optical_head import greeted

TIMEOUT_S = 10.0


class SerialPort:
    """A serial port with the functions of a socket that are used."""

    def __init__(self, device: str, timeout_s: float, *, is_greeted: bool) -> None:
        self.port = greeted(device, timeout_s) if is_greeted else serial.Serial(device, 9600, timeout=timeout_s)
        self.sendall, self.close = self.port.write, self.port.close

    def recv(self, size: int) -> bytes:
        return self.port.read(max(1, min(size, self.port.in_waiting)))


def line_of(orders: dict[str, Any]) -> Any:
    """What carries octets to the meter."""
    timeout_s = orders.get("timeout_s", TIMEOUT_S)
    if "device" in orders:
        return SerialPort(orders["device"], timeout_s, is_greeted="greeted" in orders)
    if not orders.get("udp"):
        return socket.create_connection((orders["host"], orders["port"]), timeout=timeout_s)
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.settimeout(timeout_s)
    line.connect((orders["host"], orders["port"]))
    return line


def address_of(orders: dict[str, Any]) -> int:
    """The server's address as the peer wants it."""
    server, length = orders["server"], orders.get("address_length", 2)
    if "physical" not in orders or length == 1:
        return server
    return GXDLMSClient.getServerAddress(server, orders["physical"], length)


class Meter:
    """An association, driven as the library's own example does."""

    def __init__(self, orders: dict[str, Any]) -> None:
        self.is_hdlc = "physical" in orders
        self.client = GXDLMSSecureClient(
            not orders.get("short"),
            orders["client"],
            address_of(orders),
            Authentication(orders.get("mechanism", 0)),
            orders.get("secret"),
            InterfaceType.HDLC if self.is_hdlc else InterfaceType.WRAPPER,
        )
        for name, value in orders.get("hdlc", {}).items():
            setattr(self.client.hdlcSettings, name, value)
        if "gateway" in orders:
            self.client.gateway = GXDLMSGateway()
            self.client.gateway.networkId = orders["gateway"][0]
            self.client.gateway.physicalDeviceAddress = bytes.fromhex(orders["gateway"][1])
        if "max_pdu" in orders:
            self.client.maxReceivePDUSize = orders["max_pdu"]
        proposed = self.client.proposedConformance
        for name in orders.get("without", ()):
            proposed &= ~Conformance[name]
        for name in orders.get("with", ()):
            proposed |= Conformance[name]
        self.client.proposedConformance = proposed
        self.protect(orders)
        self.sent: list[str] = []
        self.line = line_of(orders)

    def protect(self, orders: dict[str, Any]) -> None:
        """Set titles, keys and key pairs as the library's examples do."""
        ciphering = self.client.ciphering
        if "client_title" in orders:
            ciphering.systemTitle = bytes.fromhex(orders["client_title"])
        ciphering.securitySuite = SecuritySuite(orders.get("suite", 0))
        ciphering.invocationCounter = orders.get("invocation_counter", 1)
        if "encryption_key" in orders:
            ciphering.security = Security(orders.get("protection", 0x30))
            ciphering.blockCipherKey = bytes.fromhex(orders["encryption_key"])
            ciphering.authenticationKey = bytes.fromhex(orders["authentication_key"])
        if "dedicated_key" in orders:
            ciphering.dedicatedKey = bytes.fromhex(orders["dedicated_key"])
        if "private_key" in orders:
            private = GXPrivateKey.fromRawBytes(bytes.fromhex(orders["private_key"]))
            public = GXPublicKey.fromRawBytes(b"\x04" + bytes.fromhex(orders["server_key"]))
            ciphering.signingKeyPair = (public, private)

        if "challenge" in orders:  # its own has 16 octets, too few for mechanism 7
            self.client.ctoSChallenge = bytes(range(orders["challenge"]))
            self.client.settings.useCustomChallenge = True

    def exchange(self, packet: bytes) -> GXReplyData:
        """Send a packet, gather the whole answer."""
        reply = GXReplyData()
        self.send(packet, reply)
        while reply.isMoreData():
            self.send(self.client.receiverReady(reply), reply)
        return reply

    def send(self, packet: bytes, reply: GXReplyData) -> None:
        """Send a packet, wait for what completes the reply."""
        self.sent.append(bytes(packet).hex())
        self.line.sendall(bytes(packet))
        buffer = GXByteBuffer()
        while not self.client.getData(buffer, reply, None):
            buffer.set(self.receive(packet))
        if reply.error:
            raise ValueError(f"the meter answered with error {reply.error}")

    def receive(self, packet: bytes) -> bytes:
        """Something of the answer to a packet."""
        try:
            received = self.line.recv(65536)
        except TimeoutError as error:
            raise TimeoutError(f"no answer to {bytes(packet).hex()}") from error
        if not received:
            raise ConnectionError(f"the meter closed the connection after {bytes(packet).hex()}")
        return received

    def ask(self, packets: Any) -> GXReplyData:
        """Send packets one after the other; the answer to the last."""
        reply = GXReplyData()
        for packet in packets if isinstance(packets, list) else [packets]:
            reply = self.exchange(packet)
        return reply

    def associate(self) -> "Meter":
        """SNRM where there is HDLC, AARQ, and the passes 3 and 4."""
        if self.is_hdlc:
            self.client.parseUAResponse(self.exchange(self.client.snrmRequest()).data)
        self.client.parseAareResponse(self.ask(self.client.aarqRequest()).data)
        if self.client.authentication > Authentication.LOW:
            reply = self.ask(self.client.getApplicationAssociationRequest())
            self.client.parseApplicationAssociationResponse(reply.data)
        return self

    def objects(self) -> list[Any]:
        """The object list."""
        return list(self.client.parseObjects(self.ask(self.client.getObjectsRequest()).data, True))

    def read(self, item: Any, index: int) -> Any:
        """One attribute, as the peer understands it."""
        return self.client.updateValue(item, index, self.ask(self.client.read(item, index)).value)

    def write(self, item: Any, index: int) -> None:
        """One attribute of what the object holds."""
        self.ask(self.client.write(item, index))

    def release(self) -> None:
        """RLRQ, DISC; it releases in clear, which a policy may forbid."""
        with contextlib.suppress(Exception):
            self.ask(self.client.releaseRequest())
        with contextlib.suppress(Exception):
            if self.is_hdlc:
                self.exchange(self.client.disconnectRequest())
        self.line.close()
