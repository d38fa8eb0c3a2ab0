"""ExceptionResponse: a request that was not processed (Green Book, 9.5)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from openami.dlms.xdlms.raw import decode_code, open_apdu


class StateError(IntEnum):
    """What the state of the server says of the service."""

    SERVICE_NOT_ALLOWED = 1
    SERVICE_UNKNOWN = 2


class ServiceErrorCode(IntEnum):
    """Why the server did not process the service."""

    OPERATION_NOT_POSSIBLE = 1
    SERVICE_NOT_SUPPORTED = 2
    OTHER_REASON = 3
    PDU_TOO_LONG = 4
    DECIPHERING_ERROR = 5
    INVOCATION_COUNTER_ERROR = 6


@dataclass(frozen=True, slots=True)
class ExceptionResponse:
    """The request was not processed; with invocation-counter-error, the counter the server expects."""

    state_error: StateError
    service_error: ServiceErrorCode
    invocation_counter: int | None = None

    def encode(self) -> bytes:
        """Octets of the APDU."""
        head = bytes((0xD8, self.state_error, self.service_error))
        return head if self.invocation_counter is None else head + self.invocation_counter.to_bytes(4, "big")

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU; older meters leave the counter out."""
        reader = open_apdu(apdu, b"\xd8")
        state, service = decode_code(reader, StateError), decode_code(reader, ServiceErrorCode)
        counted = service is ServiceErrorCode.INVOCATION_COUNTER_ERROR and reader.remaining
        return cls(state, service, reader.u32() if counted else None)
