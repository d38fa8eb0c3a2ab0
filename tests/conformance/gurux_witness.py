"""Runs gurux-dlms, a client that somebody else wrote, to the same effect as our cases; prints what it saw as JSON.

Reads its orders as JSON on standard input: where the meter is on the wrapper and on HDLC, and its keys in hex. Each
check bears the name of the case it bears witness to, and says nothing where it agrees.
"""

import contextlib
import io
import json
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, Conformance, ErrorCode, InterfaceType, Security
from gurux_dlms.GXDLMSException import GXDLMSException
from gurux_dlms.GXDLMSExceptionResponse import GXDLMSExceptionResponse
from gurux_dlms.objects import (
    GXDLMSData,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
    GXDLMSSapAssignment,
    GXDLMSSecuritySetup,
)
from gurux_dlms.objects.enums import GlobalKeyType
from gurux_dlms.secure import GXDLMSSecureClient

SILENCE_S = 0.4
PAUSE_S = 1.7
"""Longer than the second after which a meter forgets what was no whole frame."""
SAPS = "0.0.41.0.0.255"
NOWHERE, NAME, ENERGY, PROFILE = "0.0.254.254.254.255", "0.0.42.0.0.255", "1.0.1.8.0.255", "1.0.99.1.0.255"
ORDERS: dict[str, Any] = json.load(sys.stdin)


LONG_AGO = [datetime(2000, 1, day, tzinfo=UTC) for day in (1, 2)]


class Refused(ValueError):
    """The meter answered with an error code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"error {ErrorCode(code).name}")
        self.code = code


#: What the peer makes of a meter's refusal: an exception-response, or an error code.
REFUSALS = (GXDLMSExceptionResponse, Refused)


class Peer:
    """One connection, over the wrapper or over HDLC, public or with the keys."""

    def __init__(self, *, hdlc: bool = False, keys: bool = False, station: int = 0, **settings: Any) -> None:
        level = Authentication.HIGH_GMAC if keys else settings.pop("level", Authentication.NONE)
        kind = InterfaceType.HDLC if hdlc else InterfaceType.WRAPPER
        server = (station or GXDLMSClient.getServerAddress(1, 17)) if hdlc else 1
        names = settings.pop("logical_names", True)
        self.client = GXDLMSSecureClient(names, 1 if keys else 16, server, level, settings.pop("password", None), kind)
        for name, value in settings.pop("line", {}).items():
            setattr(self.client.hdlcSettings, name, value)
        for name, value in settings.items():
            setattr(self.client, name, value)
        if keys:
            ciphering = self.client.ciphering
            ciphering.security = Security.AUTHENTICATION_ENCRYPTION
            ciphering.systemTitle = bytes.fromhex(ORDERS["client_title"])
            ciphering.blockCipherKey = bytes.fromhex(ORDERS["encryption_key"])
            ciphering.authenticationKey = bytes.fromhex(ORDERS["authentication_key"])
            ORDERS["counter"] = ORDERS.get("counter", 0) + 1000
            ciphering.invocationCounter = ORDERS["counter"]
        host, port = ORDERS["hdlc"] if hdlc else ORDERS["tcp"]
        self.socket = socket.create_connection((host, port), timeout=5)
        self.longest = 0

    def send(self, packet: bytes, reply: GXReplyData) -> GXReplyData:
        self.socket.sendall(bytes(packet))
        buffer = GXByteBuffer()
        while not self.client.getData(buffer, reply, None):
            received = self.socket.recv(65536)
            if not received:
                raise ConnectionError("the meter closed the connection")
            self.longest = max(self.longest, len(received))
            buffer.set(received)
        if reply.error:
            raise Refused(reply.error)
        return reply

    def ask(self, packets: Any) -> GXReplyData:
        reply = GXReplyData()
        for packet in packets if isinstance(packets, list) else [packets]:
            reply = self.send(packet, GXReplyData())
            while reply.isMoreData():
                self.send(self.client.receiverReady(reply), reply)
        return reply

    def is_silent(self, packet: bytes, for_s: float = SILENCE_S) -> bool:
        self.socket.sendall(packet)
        self.socket.settimeout(for_s)
        try:
            return not self.socket.recv(4096)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(5)

    def link(self) -> "Peer":
        self.client.parseUAResponse(self.ask(self.client.snrmRequest()).data)
        return self

    def open(self) -> "Peer":
        self.client.parseAareResponse(self.ask(self.client.aarqRequest()).data)
        if self.client.authentication > Authentication.LOW:
            reply = self.ask(self.client.getApplicationAssociationRequest())
            self.client.parseApplicationAssociationResponse(reply.data)
        return self

    def get(self, item: Any, index: int) -> Any:
        return self.client.updateValue(item, index, self.ask(self.client.read(item, index)).value)

    def names(self) -> int:
        reply = self.ask(self.client.getObjectsRequest())
        return len(list(self.client.parseObjects(reply.data, True)))


def is_refused(action: Callable[[], Any]) -> bool:
    try:
        action()
    except REFUSALS:
        return True
    return False


def set_up_and_disconnect() -> bool:
    peer = Peer(hdlc=True).link()
    peer.ask(peer.client.disconnectRequest())
    return True


def wrong_check_sequence(place: int) -> bool:
    peer = Peer(hdlc=True, line={"maxInfoRX": 512})
    packet = bytes(peer.client.snrmRequest())
    wrong = bytearray(packet)
    wrong[place] ^= 1
    return peer.is_silent(bytes(wrong)) and bool(peer.link())


def no_opening_flag() -> bool:
    peer = Peer(hdlc=True)
    packet = bytes(peer.client.snrmRequest())
    return peer.is_silent(packet[1:], PAUSE_S) and bool(peer.link())


def another_station(address: int, size: int = 0) -> bool:
    peer = Peer(hdlc=True, station=address)
    peer.client.serverAddressSize = size
    return peer.is_silent(bytes(peer.client.snrmRequest()))


def short_fields() -> bool:
    line = {"maxInfoTX": 64, "maxInfoRX": 64}
    peer = Peer(hdlc=True, line=line).link().open()
    return peer.names() == 4 and peer.client.hdlcSettings.maxInfoTX <= 64 and peer.longest <= 64 + 12


def windows() -> bool:
    peer = Peer(hdlc=True, line={"windowSizeRX": 3, "windowSizeTX": 3, "maxInfoRX": 64}).link().open()
    return peer.names() == 4 and peer.client.hdlcSettings.windowSizeTX <= 3


def without_connection() -> bool:
    peer = Peer(hdlc=True)
    return is_refused(lambda: peer.ask(peer.client.aarqRequest()))


def before_pass_3() -> bool:
    peer = Peer(keys=True)
    peer.client.parseAareResponse(peer.ask(peer.client.aarqRequest()).data)
    return is_refused(lambda: peer.get(GXDLMSData(NAME), 2))


def rejected_for(diagnostic: str, **settings: Any) -> bool:
    try:
        Peer(**settings).open()
    except GXDLMSException as error:
        return diagnostic in str(error).lower()
    return False


def get_alone() -> bool:
    peer = Peer(proposedConformance=Conformance.GET).open()
    return peer.client.negotiatedConformance == Conformance.GET


def small_pdu() -> bool:
    peer = Peer(maxReceivePDUSize=128).open()
    return peer.names() == 4 and peer.longest <= 128 + 8


def error_of(action: Callable[[], Any]) -> int:
    try:
        action()
    except Refused as error:
        return error.code
    return 0


def unknown_object() -> bool:
    peer = Peer().open()
    return error_of(lambda: peer.get(GXDLMSData(NOWHERE), 2)) == ErrorCode.UNDEFINED_OBJECT


def not_writeable() -> bool:
    peer = Peer().open()
    item = GXDLMSData(NAME)
    item.value = b"OAMSIM0000000001"
    return error_of(lambda: peer.ask(peer.client.write(item, 2))) == ErrorCode.READ_WRITE_DENIED


def released() -> bool:
    peer = Peer().open()
    peer.ask(peer.client.releaseRequest())
    return is_refused(lambda: peer.get(GXDLMSData(NAME), 2))


def mandatory() -> bool:
    peer = Peer(keys=True).open()
    name = peer.get(GXDLMSData(NAME), 2)
    return peer.get(GXDLMSSapAssignment(SAPS), 2)[0][1] == (name if isinstance(name, str) else bytes(name).decode())


def profile_of(peer: Peer) -> Any:
    profile = GXDLMSProfileGeneric(PROFILE)
    profile.version = 1
    peer.get(profile, 3)
    return profile


def by_entry() -> bool:
    peer = Peer(keys=True).open()
    profile = profile_of(peer)
    reply = peer.ask(peer.client.readRowsByEntry(profile, 2, 3))
    peer.client.updateValue(profile, 2, reply.value)
    return len(profile.buffer) == 3


def by_range() -> bool:
    peer = Peer(keys=True).open()
    profile = profile_of(peer)
    reply = peer.ask(peer.client.readRowsByRange(profile, *LONG_AGO))
    peer.client.updateValue(profile, 2, reply.value)
    return len(profile.buffer) == 0


def several() -> bool:
    peer = Peer(keys=True).open()
    peer.client.proposedConformance |= Conformance.MULTIPLE_REFERENCES
    items = [(GXDLMSRegister(f"1.0.{group}.8.{rate}.255"), 2) for group in (1, 2) for rate in (0, 1, 2)]
    for packet in peer.client.readList(items):
        reply = peer.ask(packet)
    peer.client.updateValues(items, reply.value)
    return all(isinstance(item.value, int) for item, _ in items)


def replayed() -> bool:
    peer = Peer(keys=True).open()
    peer.get(GXDLMSRegister(ENERGY), 2)
    peer.client.ciphering.invocationCounter -= 2
    return is_refused(lambda: peer.get(GXDLMSRegister(ENERGY), 2))


def under(**changes: Any) -> bool:
    peer = Peer(keys=True).open()
    peer.get(GXDLMSRegister(ENERGY), 2)
    for name, value in changes.items():
        setattr(peer.client.ciphering, name, value)
    return is_refused(lambda: peer.get(GXDLMSRegister(ENERGY), 2))


def dedicated() -> bool:
    peer = Peer(keys=True)
    peer.client.ciphering.dedicatedKey = bytes(range(16))
    return isinstance(peer.open().get(GXDLMSRegister(ENERGY), 2), int | float)


def wrongly_wrapped() -> bool:
    peer = Peer(keys=True).open()
    setup = GXDLMSSecuritySetup("0.0.43.0.0.255")
    keys = [(GlobalKeyType.UNICAST_ENCRYPTION, bytes(16))]
    return is_refused(lambda: peer.ask(setup.globalKeyTransfer(peer.client, bytes(range(16)), keys)))


CHECKS: dict[str, Callable[[], bool]] = {
    "HDLC_FRAME_P1": set_up_and_disconnect,
    "HDLC_FRAME_N1": no_opening_flag,
    "HDLC_FRAME_N7": lambda: wrong_check_sequence(7),
    "HDLC_FRAME_N8": lambda: wrong_check_sequence(-2),
    "HDLC_ADDRESS_P1": lambda: bool(Peer(hdlc=True).link()),
    "HDLC_ADDRESS_N4": lambda: another_station(GXDLMSClient.getServerAddress(90, 17)),
    "HDLC_ADDRESS_N6": lambda: another_station(1, 1),
    "HDLC_NDM2NRM_P1": short_fields,
    "HDLC_NDM2NRM_P2": windows,
    "HDLC_INFO_P1": lambda: Peer(hdlc=True).link().open().names() == 4,
    "HDLC_NDMOP_N1": without_connection,
    "APPL_IDLE_N1": lambda: is_refused(lambda: Peer().get(GXDLMSData(NAME), 2)),
    "APPL_OPEN_1": lambda: Peer().open().names() == 4 and Peer(keys=True).open().names() > 90,
    "APPL_OPEN_3": before_pass_3,
    "APPL_OPEN_5": lambda: rejected_for("context", logical_names=False),
    "APPL_OPEN_7": lambda: rejected_for("authentication", level=Authentication.LOW, password="12345678"),
    "APPL_OPEN_9": dedicated,
    "APPL_OPEN_13": get_alone,
    "APPL_OPEN_14": small_pdu,
    "APPL_DATA_LN_N1": unknown_object,
    "APPL_DATA_LN_N3": not_writeable,
    "APPL_REL_P1": released,
    "COSEM_MANDATORY": mandatory,
    "COSEM_RANGE": by_range,
    "COSEM_ENTRY": by_entry,
    "COSEM_MULTIREF_1": several,
    "SYMSEC_0_BasicCap_1": lambda: bool(Peer(keys=True).open()),
    "SYMSEC_0_FraCount_1": replayed,
    "SYMSEC_0_SecDataX_P1": lambda: Peer(keys=True, maxReceivePDUSize=256).open().names() > 90,
    "SYMSEC_0_SecDataX_N1": lambda: under(authenticationKey=bytes(16)) and under(blockCipherKey=bytes(16)),
    "SYMSEC_0_SecPol_3": lambda: under(security=Security.AUTHENTICATION) and under(security=Security.ENCRYPTION),
    "SYMSEC_0_Key_Tx_N2": wrongly_wrapped,
}


def testimony(check: Callable[[], bool]) -> str:
    try:
        return "" if check() else "it saw something else"
    except Exception as error:  # noqa: BLE001 - the peer raises anything; the test reports it per case
        return f"{type(error).__name__}: {error}"


def main() -> None:
    with contextlib.redirect_stdout(io.StringIO()):  # the library prints while it works
        found = {name: testimony(check) for name, check in CHECKS.items()}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
