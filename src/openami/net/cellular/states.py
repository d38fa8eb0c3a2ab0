"""States of a cellular module, what may go wrong on the way up, and where it falls back to."""

from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import Final, NamedTuple


class State(IntEnum):
    """What has been reached, each on top of the one before."""

    OFF = 0
    BLOCKED = 1
    """The SIM, or the network, will not have this module: nothing but power or another SIM changes that."""
    STARTING = 2
    SEARCHING = 3
    REGISTERED = 4
    ATTACHED = 5
    PPP = 6
    """Link established and authenticated, by PAP or CHAP."""
    ONLINE = 7
    """Has an address and name servers."""
    CONNECTED = 8
    """Has a connection with an endpoint."""


class Failure(Enum):
    """Why a step has failed; causes of 3GPP TS 24.008, 10.5.6.6 and TS 24.301, 9.9.3.9 where there is one."""

    SIM_MISSING = "no SIM"
    PIN_WRONG = "wrong PIN"
    IMEI_LOCKED = "the SIM is locked to another IMEI: illegal ME (cause 6)"
    NO_COVERAGE = "no cell in reach"
    NO_TECHNOLOGY = "no cell with a link that the module has"
    NETWORK_DOWN = "the network is down"
    DENIED = "registration denied"
    APN_UNKNOWN = "missing or unknown APN (cause 27)"
    NO_COMMON_PROTOCOL = "no authentication that both ends know (LCP)"
    AUTHENTICATION = "user authentication failed (cause 29)"
    ADDRESS_TYPE = "unknown PDP address or PDP type (cause 28)"
    NO_ADDRESS = "no address left: insufficient resources (cause 26)"
    DNS_SILENT = "no name server answers"
    NAME_UNKNOWN = "no such name"
    ENDPOINT_SILENT = "the endpoint takes no connection"
    NO_STACK = "the module does not have this protocol"


FALLS_TO: Final[Mapping[Failure, State]] = {
    Failure.SIM_MISSING: State.BLOCKED,
    Failure.PIN_WRONG: State.BLOCKED,
    Failure.IMEI_LOCKED: State.BLOCKED,
    Failure.NO_COVERAGE: State.SEARCHING,
    Failure.NO_TECHNOLOGY: State.SEARCHING,
    Failure.NETWORK_DOWN: State.SEARCHING,
    Failure.DENIED: State.SEARCHING,
    Failure.APN_UNKNOWN: State.REGISTERED,
    Failure.NO_COMMON_PROTOCOL: State.REGISTERED,
    Failure.AUTHENTICATION: State.REGISTERED,
    Failure.ADDRESS_TYPE: State.REGISTERED,
    Failure.NO_ADDRESS: State.REGISTERED,
    Failure.DNS_SILENT: State.ONLINE,
    Failure.NAME_UNKNOWN: State.ONLINE,
    Failure.ENDPOINT_SILENT: State.ONLINE,
    Failure.NO_STACK: State.ONLINE,
}


class Cause(Enum):
    """What a message of the module is about."""

    WAKE_UP = "wake-up"
    SCHEDULE = "schedule"
    LAST_GASP = "last gasp"


class Message(NamedTuple):
    """What the module itself says to the central system: a datagram to an endpoint."""

    at: float
    cause: Cause
    destination: str
    content: bytes


class Happening(NamedTuple):
    """A line of the module's history."""

    at: float
    state: State
    failure: Failure | None = None
