"""Passes 3 and 4 of the authentication: the request that brings f(StoC), and its answers (Green Book, 9.2.7.4)."""

from typing import Final, NamedTuple

from openami.dlms.xdlms import (
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    DataAccessResult,
    MethodDescriptor,
)
from openami.dlms.xdlms.short import (
    ParameterizedAccess,
    ReadRequest,
    ReadResponse,
    ShortNames,
    VariableName,
    WriteRequest,
    WriteResponse,
)

REQUEST_NORMAL: Final = b"\xc3\x01"
READ_REQUEST, WRITE_REQUEST = b"\x05", b"\x06"
ASSOCIATION_NAME: Final = bytes((0, 0, 40, 0))
#: Method reply_to_HLS_authentication by class: Association SN, Association LN.
REPLIES: Final = {12: 8, 15: 1}
DENIED: Final = DataAccessResult.READ_WRITE_DENIED


class Login(NamedTuple):
    """f(StoC) as it came, what stands before f(CtoS) in the answer, and the answer that says no."""

    reply: bytes
    head: bytes
    refusal: bytes


def login(apdu: bytes, names: ShortNames | None) -> Login | None:
    """Read the request; None for anything else."""
    if names is not None:
        return login_by_short_name(apdu, names)
    if apdu[:2] != REQUEST_NORMAL or not is_reply((request := ActionRequestNormal.decode(apdu)).method):
        return None
    invoke = request.invoke
    head = ActionResponseNormal(invoke, ActionResult.SUCCESS, b"").encode()
    refusal = ActionResponseNormal(invoke, ActionResult.READ_WRITE_DENIED).encode()
    return Login(request.parameters or b"", head, refusal)


def login_by_short_name(apdu: bytes, names: ShortNames) -> Login | None:
    """Read a request by short names: the method is read, or written as some peers do."""
    if apdu[:1] == READ_REQUEST:
        return login_by_read(ReadRequest.decode(apdu), names)
    return login_by_write(WriteRequest.decode(apdu), names) if apdu[:1] == WRITE_REQUEST else None


def login_by_read(request: ReadRequest, names: ShortNames) -> Login | None:
    """Take the reply from the parameters of a Read."""
    match request.variables:
        case (ParameterizedAccess(name, _, reply),) if is_reply(names.find(name)):
            return Login(reply, ReadResponse((b"",)).encode(), ReadResponse((DENIED,)).encode())
        case _:
            return None


def login_by_write(request: WriteRequest, names: ShortNames) -> Login | None:
    """Take the reply from a Write; ours goes behind the response, which has no place of its own for it."""
    match request.variables:
        case (VariableName(name),) if is_reply(names.find(name)):
            head = WriteResponse((DataAccessResult.SUCCESS,)).encode()
            return Login(request.values[0], head, WriteResponse((DENIED,)).encode())
        case _:
            return None


def is_reply(member: object) -> bool:
    """Whether a member is reply_to_HLS_authentication of an association object."""
    if not isinstance(member, MethodDescriptor):
        return False
    class_id, logical_name, method_id = member
    return REPLIES.get(class_id) == method_id and logical_name.startswith(ASSOCIATION_NAME)
