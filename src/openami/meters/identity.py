"""Who a simulated meter is. Each name says that it is one: FLAG id OAM, and SIM wherever there is room."""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address

from openami.core.errors import DefinitionError

FLAG = "OAM"
MOST = 1_000_000
FIRST_ADDRESS = int(IPv4Address("127.16.0.1"))
CLIENT_TITLE = b"OAMHES\x00\x01"
"""System title that head-ends use with simulated meters unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Names of the meters of a fleet, all from their number, counted from 0."""

    year: int = 26

    def serial(self, meter: int) -> str:
        """Make the serial number of 17 characters, the equipment identifier of the Dutch market."""
        return f"{FLAG}SIM{meter + 1:09d}{self.year:02d}"

    def serials(self, meters: int) -> list[str]:
        """Serial numbers of a fleet."""
        return [self.serial(meter) for meter in range(meters)]

    def logical_device_name(self, meter: int) -> bytes:
        """Logical device name of 16 octets."""
        return f"{FLAG}SIM{meter + 1:010d}".encode()

    def system_title(self, meter: int) -> bytes:
        """System title: FLAG id and five octets."""
        return FLAG.encode() + (meter + 1).to_bytes(5, "big")


def address(meter: int) -> str:
    """Address of a meter on the loopback network: 127.16.0.1 and on, each with a host part of its own."""
    if not 0 <= meter < MOST:
        raise DefinitionError(f"{meter + 1} meters: a fleet has room for {MOST}", key="meters")
    return str(IPv4Address(FIRST_ADDRESS + meter))


def meter_at(local_address: str, count: int) -> int | None:
    """Find the meter of an address, if the fleet has it."""
    try:
        meter = int.from_bytes(socket.inet_pton(socket.AF_INET, local_address), "big") - FIRST_ADDRESS
    except (OSError, ValueError):
        return None
    return meter if 0 <= meter < count else None
