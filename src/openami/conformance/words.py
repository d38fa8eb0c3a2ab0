"""APDUs in words, for reports: kind and result, never a value that was read."""

from collections.abc import Callable
from typing import Final

from openami.core.errors import AmiError, result_name
from openami.dlms.acse import AARE, RLRE, AssociationResult
from openami.dlms.security.envelope import CIPHERED
from openami.dlms.xdlms import (
    APDU,
    ActionResponseNormal,
    ActionResult,
    ConfirmedServiceError,
    DataAccessResult,
    ExceptionResponse,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
    SetResponseLastDataBlock,
    SetResponseNormal,
    decode,
)
from openami.dlms.xdlms.short import ReadResponse, WriteResponse

NOTHING: Final = "nothing"


def words(apdu: bytes) -> str:
    """Say what an APDU is."""
    if not apdu:
        return NOTHING
    try:
        return (WORDS.get(apdu[0]) or in_general)(apdu)
    except AmiError as error:
        return f"{len(apdu)} octets that begin {apdu[:4].hex()} and cannot be read: {error}"


def of_aare(apdu: bytes) -> str:
    """Say how an association was answered."""
    aare = AARE.decode(apdu)
    if aare.result is AssociationResult.ACCEPTED:
        return f"AARE accepted ({result_name(aare.diagnostic)})"
    inside = aare.user_information or b""
    error = f", {ConfirmedServiceError.decode(inside)}" if inside[:1] == b"\x0e" else ""
    return f"AARE {result_name(aare.result)} ({result_name(aare.diagnostic)}{error})"


def of_release(apdu: bytes) -> str:
    """Say how a release was answered."""
    reason = RLRE.decode(apdu).reason
    return "RLRE" if reason is None else f"RLRE ({result_name(reason)})"


def in_general(apdu: bytes) -> str:
    """Say what an xDLMS APDU is and, of an answer, its result."""
    if apdu[0] in CIPHERED:
        return f"ciphered APDU {apdu[0]:02x}"
    found = decode(apdu)
    result = of_result(found)
    return f"{kind(found)} ({result})" if result else kind(found)


def kind(found: APDU) -> str:
    """Name of an APDU, with spaces."""
    name = type(found).__name__
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip().replace(" ", "-")


def of_result(found: APDU) -> str:
    """Say what an answer says, if it is one."""
    match found:
        case GetResponseNormal(_, result) | GetResponseWithDataBlock(_, _, _, result):
            return of_data(result)
        case GetResponseWithList(_, results) | ReadResponse(results) | WriteResponse(results):
            return ", ".join(of_data(result) for result in results)
        case SetResponseNormal(_, result) | ActionResponseNormal(_, result):
            return result_name(result)
        case ExceptionResponse(state, service):
            return f"{result_name(state)}, {result_name(service)}"
        case ConfirmedServiceError():
            return str(found)
        case _:
            return ""


def is_refusal(apdu: bytes) -> bool:
    """Whether an answer serves nothing: it is none, an exception, an error, or a result other than success."""
    if not apdu or apdu[0] in {0xD8, 0x0E}:
        return True
    try:
        results = results_of(decode(apdu))
    except AmiError:
        return False
    return bool(results) and all(is_error(result) for result in results)


def results_of(found: APDU) -> tuple[object, ...]:
    """List the results in an answer."""
    match found:
        case GetResponseNormal(_, result) | GetResponseWithDataBlock(_, _, _, result):
            return (result,)
        case SetResponseNormal(_, result) | ActionResponseNormal(_, result):
            return (result,)
        case GetResponseWithList(_, results) | ReadResponse(results) | WriteResponse(results):
            return results
        case SetResponseLastDataBlock(_, result):
            return (result,)
        case _:
            return ()


def is_error(result: object) -> bool:
    """Whether a result is a code other than success."""
    return isinstance(result, DataAccessResult | ActionResult) and int(result) != 0


def of_data(result: object) -> str:
    """Say whether there is data."""
    if isinstance(result, DataAccessResult):
        return result_name(result)
    return "data" if isinstance(result, bytes) else "block"


#: Tag -> who knows the words.
WORDS: Final[dict[int, Callable[[bytes], str]]] = {0x61: of_aare, 0x63: of_release}
