"""Every xDLMS APDU by its tag and choice (Green Book, 9.5, XDLMS-APDU)."""

from collections.abc import Callable
from typing import TypeAlias

from openami.core.errors import DecodeError
from openami.dlms.xdlms.access import DECODERS as ACCESS
from openami.dlms.xdlms.access import AccessAPDU
from openami.dlms.xdlms.action import DECODERS as ACTION
from openami.dlms.xdlms.action import ActionAPDU
from openami.dlms.xdlms.exception import ExceptionResponse
from openami.dlms.xdlms.general_block import GeneralBlockTransfer
from openami.dlms.xdlms.get import DECODERS as GET
from openami.dlms.xdlms.get import GetAPDU
from openami.dlms.xdlms.initiate import InitiateRequest, InitiateResponse
from openami.dlms.xdlms.notification import DECODERS as NOTIFICATION
from openami.dlms.xdlms.notification import NotificationAPDU
from openami.dlms.xdlms.service_error import ConfirmedServiceError
from openami.dlms.xdlms.set import DECODERS as SET
from openami.dlms.xdlms.set import SetAPDU
from openami.dlms.xdlms.short import DECODERS as SHORT
from openami.dlms.xdlms.short import ShortAPDU

#: Every APDU that is read and written here.
APDU: TypeAlias = (
    InitiateRequest
    | InitiateResponse
    | ConfirmedServiceError
    | GetAPDU
    | SetAPDU
    | ActionAPDU
    | AccessAPDU
    | NotificationAPDU
    | ShortAPDU
    | ExceptionResponse
    | GeneralBlockTransfer
)

BY_TAG: dict[bytes, Callable[[bytes], APDU]] = {
    b"\x01": InitiateRequest.decode,
    b"\x08": InitiateResponse.decode,
    b"\x0e": ConfirmedServiceError.decode,
    b"\xd8": ExceptionResponse.decode,
    b"\xe0": GeneralBlockTransfer.decode,
    **ACCESS,
    **NOTIFICATION,
    **SHORT,
}
BY_CHOICE: dict[bytes, Callable[[bytes], APDU]] = {**GET, **SET, **ACTION}


def decode(apdu: bytes) -> APDU:
    """Read the APDU that its tag and choice say it is; Data inside stays encoded."""
    decoder = BY_CHOICE.get(apdu[:2]) or BY_TAG.get(apdu[:1])
    if decoder is None:
        raise DecodeError(f"APDU begins with {apdu[:2].hex() or 'nothing'}, no known tag and choice", offset=0)
    return decoder(apdu)
