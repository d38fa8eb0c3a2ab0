"""Through a gateway to a device on another network: a prefix round each APDU (Green Book, gateway protocol)."""

from dataclasses import dataclass
from typing import Final, Self

from openami.core.errors import DecodeError, EncodeError
from openami.dlms.link import ClientLink, ServerLink

REQUEST, RESPONSE = 0xE6, 0xE7
"""First octet of what goes to the device, and of what comes from it, asked for or not."""

EXCEPTION_RESPONSE: Final = 0xD8
HEAD: Final = 3
MAX_ADDRESS: Final = 255


@dataclass(frozen=True, slots=True)
class Header:
    """Prefix of an APDU: the network behind the gateway, and the physical address of the device there."""

    network: int
    address: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.network <= 255:
            raise EncodeError(f"network {self.network} behind a gateway, expected 0 to 255")
        if len(self.address) > MAX_ADDRESS:
            raise EncodeError(f"physical device address of {len(self.address)} octets, at most {MAX_ADDRESS}")

    def encode(self, tag: int = REQUEST) -> bytes:
        """Return the prefix: tag, network, length of the address, address."""
        return bytes((tag, self.network, len(self.address))) + self.address

    @classmethod
    def decode(cls, data: bytes) -> tuple[Self, int]:
        """Read the prefix at the start; give where the APDU begins."""
        if data[:1] not in {b"\xe6", b"\xe7"}:
            raise DecodeError(f"gateway header {data[:1].hex() or 'of no octet'}, expected e6 or e7", offset=0)
        end = HEAD + data[2] if len(data) >= HEAD else HEAD
        if len(data) < end:
            raise DecodeError(f"gateway header of {len(data)} octets, expected {end}", offset=len(data))
        return cls(data[1], data[HEAD:end]), end


class ClientGateway:
    """A client's link through a gateway to one device: E6 before what is sent, E7 off what comes from it."""

    __slots__ = ("_link", "_prefix", "header")

    def __init__(self, link: ClientLink, header: Header) -> None:
        self.header = header
        self._link = link
        self._prefix = header.encode(REQUEST)

    @property
    def is_connected(self) -> bool:
        """Whether the link to the gateway is set up."""
        return self._link.is_connected

    @property
    def progress(self) -> int:
        """Count that moves with every frame that brings a long answer on."""
        return self._link.progress

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        return self._link.deadline

    def connect(self, now: float) -> None:
        """Set the link to the gateway up."""
        self._link.connect(now)

    def send(self, apdu: bytes, now: float) -> None:
        """Take an APDU for the device."""
        self._link.send(self._prefix + apdu, now)

    def receive(self, data: bytes, now: float) -> list[bytes]:
        """Take what has arrived; the APDUs of the device, and a refusal by the gateway itself."""
        return [apdu for arrived in self._link.receive(data, now) if (apdu := self._strip(arrived))]

    def _strip(self, arrived: bytes) -> bytes:
        """Take the prefix off; nothing is left of what comes from another device."""
        if arrived[:1] and arrived[0] == EXCEPTION_RESPONSE:
            return arrived
        if not arrived or arrived[0] != RESPONSE:
            return b""
        header, start = Header.decode(arrived)
        return arrived[start:] if header == self.header else b""

    def expire(self, now: float) -> None:
        """Repeat what was lost, or give up."""
        self._link.expire(now)

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        return self._link.outgoing()

    def disconnect(self, now: float) -> bool:
        """Take the link to the gateway down: whether that is done at once."""
        return self._link.disconnect(now)

    def abort(self) -> None:
        """Forget everything: the line is gone."""
        self._link.abort()


class ServerGateway:
    """A device's link through a gateway: it hears requests with its own header, and answers with E7."""

    __slots__ = ("_link", "_prefix", "header")

    def __init__(self, link: ServerLink, header: Header) -> None:
        self.header = header
        self._link = link
        self._prefix = header.encode(RESPONSE)

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        return self._link.deadline

    def receive(self, data: bytes, now: float) -> list[tuple[int, bytes | None]]:
        """Take what has arrived: client SAP and APDU, of those that are for this device."""
        arrived = self._link.receive(data, now)
        return [(client, self._strip(apdu)) for client, apdu in arrived if apdu is None or self._is_ours(apdu)]

    def _is_ours(self, apdu: bytes) -> bool:
        """Whether something follows our own header; anybody may send anything."""
        prefix = self._prefix
        return apdu[:1] == b"\xe6" and apdu.startswith(prefix[1:], 1) and len(apdu) > len(prefix)

    def _strip(self, apdu: bytes | None) -> bytes | None:
        return None if apdu is None else apdu[len(self._prefix) :]

    def send(self, client_sap: int, apdu: bytes, now: float) -> None:
        """Take an answer to be sent."""
        self._link.send(client_sap, self._prefix + apdu, now)

    def notify(self, client_sap: int, apdu: bytes, now: float) -> None:
        """Take an APDU that nobody asked for: a push has the header of a response."""
        self._link.notify(client_sap, self._prefix + apdu, now)

    def expire(self, now: float) -> list[tuple[int, bytes | None]]:
        """Repeat what was lost; None for a client that was silent for too long."""
        return self._link.expire(now)

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        return self._link.outgoing()

    def abort(self) -> None:
        """Forget everything: the line is gone."""
        self._link.abort()
