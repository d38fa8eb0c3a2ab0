"""Opening an association by short names: passes 3 and 4 by Read (Blue Book, class 12, method 8)."""

from typing import Final

from openami.dlms.client.opening import Associate
from openami.dlms.client.refusal import refused_proof
from openami.dlms.client.session import Session
from openami.dlms.client.short.invoke import METHOD_SELECTOR
from openami.dlms.xdlms import Conformance, DataAccessResult
from openami.dlms.xdlms.short import (
    ParameterizedAccess,
    ReadRequest,
    ReadResponse,
    VariableName,
    WriteRequest,
    WriteResponse,
)
from openami.dlms.xdlms.short.write import RESPONSE

#: Method reply_to_HLS_authentication of the current Association SN, which is at FA00.
REPLY_TO_HLS_AUTHENTICATION: Final = 0xFA58
WRITTEN: Final = RESPONSE + b"\x01\x00"


class ShortAssociate(Associate):
    """AARQ and AARE as by logical names; only the association object is another."""

    __slots__ = ()

    def ask_reply(self, session: Session, reply: bytes) -> bytes:
        """Make the request that brings f(StoC); where nothing can be read with a parameter it is written."""
        if session.conformance & Conformance.PARAMETERIZED_ACCESS:
            variable = ParameterizedAccess(REPLY_TO_HLS_AUTHENTICATION, METHOD_SELECTOR, reply)
            return ReadRequest((variable,)).encode()
        return WriteRequest((VariableName(REPLY_TO_HLS_AUTHENTICATION),), (reply,)).encode()

    def read_reply(self, apdu: bytes) -> object:
        """Read f(CtoS) out of the answer; some servers put it behind the response to a Write."""
        if apdu.startswith(WRITTEN):
            return apdu[len(WRITTEN) :]
        kind = WriteResponse if apdu[:1] == RESPONSE else ReadResponse
        result, *more = kind.decode(apdu).results or (None,)
        if isinstance(result, DataAccessResult):
            raise refused_proof(result)
        return None if more else result
