"""ConfirmedServiceError: an error of SN referencing, and of the opening (Green Book, 9.5, ServiceError)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self, TypeAlias

from openami.core.errors import result_name
from openami.dlms.xdlms.raw import decode_code, open_apdu


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


class ApplicationReferenceError(IntEnum):
    """Codes of the family application-reference."""

    OTHER = 0
    TIME_ELAPSED = 1
    APPLICATION_UNREACHABLE = 2
    APPLICATION_REFERENCE_INVALID = 3
    APPLICATION_CONTEXT_UNSUPPORTED = 4
    PROVIDER_COMMUNICATION_ERROR = 5
    DECIPHERING_ERROR = 6


class HardwareResourceError(IntEnum):
    """Codes of the family hardware-resource."""

    OTHER = 0
    MEMORY_UNAVAILABLE = 1
    PROCESSOR_RESOURCE_UNAVAILABLE = 2
    MASS_STORAGE_UNAVAILABLE = 3
    OTHER_RESOURCE_UNAVAILABLE = 4


class VDEStateError(IntEnum):
    """Codes of the family vde-state-error: what the state of the virtual device forbids."""

    OTHER = 0
    NO_DLMS_CONTEXT = 1
    LOADING_DATA_SET = 2
    STATUS_NOCHANGE = 3
    STATUS_INOPERABLE = 4


class ServiceRefusal(IntEnum):
    """Codes of the family service."""

    OTHER = 0
    PDU_SIZE = 1
    SERVICE_UNSUPPORTED = 2


class DefinitionRefusal(IntEnum):
    """Codes of the family definition."""

    OTHER = 0
    OBJECT_UNDEFINED = 1
    OBJECT_CLASS_INCONSISTENT = 2
    OBJECT_ATTRIBUTE_INCONSISTENT = 3


class AccessRefusal(IntEnum):
    """Codes of the family access."""

    OTHER = 0
    SCOPE_OF_ACCESS_VIOLATED = 1
    OBJECT_ACCESS_VIOLATED = 2
    HARDWARE_FAULT = 3
    OBJECT_UNAVAILABLE = 4


class InitiateError(IntEnum):
    """Codes of the family initiate: why no association is opened."""

    OTHER = 0
    DLMS_VERSION_TOO_LOW = 1
    INCOMPATIBLE_CONFORMANCE = 2
    PDU_SIZE_TOO_SHORT = 3
    REFUSED_BY_THE_VDE_HANDLER = 4


class LoadDataSetError(IntEnum):
    """Codes of the family load-data-set."""

    OTHER = 0
    PRIMITIVE_OUT_OF_SEQUENCE = 1
    NOT_LOADABLE = 2
    DATASET_SIZE_TOO_LARGE = 3
    NOT_AWAITED_SEGMENT = 4
    INTERPRETATION_FAILURE = 5
    STORAGE_FAILURE = 6
    DATA_SET_NOT_READY = 7


class TaskError(IntEnum):
    """Codes of the family task."""

    OTHER = 0
    NO_REMOTE_CONTROL = 1
    TI_STOPPED = 2
    TI_RUNNING = 3
    TI_UNUSABLE = 4


class OtherError(IntEnum):
    """Codes of the family other."""

    OTHER = 0


#: What went wrong, by the class of the error.
ErrorCode: TypeAlias = (
    ApplicationReferenceError
    | HardwareResourceError
    | VDEStateError
    | ServiceRefusal
    | DefinitionRefusal
    | AccessRefusal
    | InitiateError
    | LoadDataSetError
    | TaskError
    | OtherError
)
CODES: Final[dict[ErrorClass, type[ErrorCode]]] = {
    ErrorClass.APPLICATION_REFERENCE: ApplicationReferenceError,
    ErrorClass.HARDWARE_RESOURCE: HardwareResourceError,
    ErrorClass.VDE_STATE_ERROR: VDEStateError,
    ErrorClass.SERVICE: ServiceRefusal,
    ErrorClass.DEFINITION: DefinitionRefusal,
    ErrorClass.ACCESS: AccessRefusal,
    ErrorClass.INITIATE: InitiateError,
    ErrorClass.LOAD_DATA_SET: LoadDataSetError,
    ErrorClass.TASK: TaskError,
    ErrorClass.OTHER: OtherError,
}
"""Family to its codes; the codes of change-scope are reserved."""
MEANING: Final[dict[tuple[ErrorClass, int], ErrorCode]] = {
    (family, int(code)): code for family, codes in CODES.items() for code in codes
}


@dataclass(frozen=True, slots=True)
class ConfirmedServiceError:
    """A confirmed service failed; `code` counts within its family."""

    service: ConfirmedService
    error: ErrorClass
    code: int

    @property
    def meaning(self) -> ErrorCode | None:
        """The code by its name in the family; None where the standard reserves it."""
        return MEANING.get((self.error, self.code))

    @property
    def initiate_error(self) -> InitiateError | None:
        """Why no association is opened, if that is what the error says."""
        code = self.meaning
        return code if isinstance(code, InitiateError) else None

    def __str__(self) -> str:
        """Name the family and the code, or give its number."""
        code = self.code if self.meaning is None else self.meaning
        return f"{result_name(self.error)} {result_name(code)}"

    def encode(self) -> bytes:
        """Octets of the APDU."""
        return bytes((0x0E, self.service, self.error, self.code))

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read the APDU."""
        reader = open_apdu(apdu, b"\x0e")
        return cls(decode_code(reader, ConfirmedService), decode_code(reader, ErrorClass), reader.u8())
