"""ExceptionResponse and ConfirmedServiceError: a service that could not be processed (Green Book, 9.5)."""

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


class ConfirmedService(IntEnum):
    """Service an error answers (choice of ConfirmedServiceError)."""

    INITIATE_ERROR = 1
    GET_STATUS = 2
    GET_NAME_LIST = 3
    GET_VARIABLE_ATTRIBUTE = 4
    READ = 5
    WRITE = 6
    GET_DATA_SET_ATTRIBUTE = 7
    GET_TI_ATTRIBUTE = 8
    CHANGE_SCOPE = 9
    START = 10
    STOP = 11
    RESUME = 12
    MAKE_USABLE = 13
    INITIATE_LOAD = 14
    LOAD_SEGMENT = 15
    TERMINATE_LOAD = 16
    INITIATE_UP_LOAD = 17
    UP_LOAD_SEGMENT = 18
    TERMINATE_UP_LOAD = 19


class ErrorClass(IntEnum):
    """Family of the error code (choice of ServiceError)."""

    APPLICATION_REFERENCE = 0
    HARDWARE_RESOURCE = 1
    VDE_STATE_ERROR = 2
    SERVICE = 3
    DEFINITION = 4
    ACCESS = 5
    INITIATE = 6
    LOAD_DATA_SET = 7
    CHANGE_SCOPE = 8
    TASK = 9
    OTHER = 10


class InitiateError(IntEnum):
    """Codes of the family initiate: why no association is opened."""

    OTHER = 0
    DLMS_VERSION_TOO_LOW = 1
    INCOMPATIBLE_CONFORMANCE = 2
    PDU_SIZE_TOO_SHORT = 3
    REFUSED_BY_THE_VDE_HANDLER = 4


INITIATE_ERRORS = {int(code): code for code in InitiateError}


@dataclass(frozen=True, slots=True)
class ConfirmedServiceError:
    """A confirmed service failed; `code` counts within its family."""

    service: ConfirmedService
    error: ErrorClass
    code: int

    @property
    def initiate_error(self) -> InitiateError | None:
        """Why no association is opened, if that is what the error says."""
        return INITIATE_ERRORS.get(self.code) if self.error is ErrorClass.INITIATE else None

    def __str__(self) -> str:
        """Name the family and the code, or give its number."""
        code = self.initiate_error
        name = str(self.code) if code is None else code.name.lower().replace("_", "-")
        return f"{self.error.name.lower().replace('_', '-')} {name}"

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return bytes((0x0E, self.service, self.error, self.code))

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, b"\x0e")
        return cls(decode_code(reader, ConfirmedService), decode_code(reader, ErrorClass), reader.u8())
