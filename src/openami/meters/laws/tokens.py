"""Token gateway and STS attributes, as clients see them (classes 115 and 116)."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from openami.core.time import CosemDateTime
from openami.cosem.calendars import NOT_SPECIFIED
from openami.cosem.token_gateway import (
    NO_STATUS,
    PrimaryAccountNumber,
    TokenDelivery,
    TokenStatus,
    TokenStatusCode,
)
from openami.dlms.data import BitString
from openami.meters import tokens
from openami.meters.view import Law, View
from openami.sts.keys import EA
from openami.sts.rules import SET_OF, Result
from openami.sts.token import Kind

CARRIERS: Final = (2, 8)
"""Token carrier types: digits (02), and DLMS/COSEM (08, from general knowledge)."""
BCD_OCTETS: Final = 10

STATUS: Final[Mapping[Result, TokenStatusCode]] = {
    Result.ACCEPT: TokenStatusCode.EXECUTION_OK,
    Result.FIRST_KCT: TokenStatusCode.EXECUTION_OK,
    Result.SECOND_KCT: TokenStatusCode.EXECUTION_OK,
    Result.FORMAT: TokenStatusCode.FORMAT_FAILURE,
    Result.CRC: TokenStatusCode.AUTHENTICATION_FAILURE,
    Result.OLD: TokenStatusCode.VALIDATION_FAILURE,
    Result.USED: TokenStatusCode.VALIDATION_FAILURE,
    Result.KEY_EXPIRED: TokenStatusCode.VALIDATION_FAILURE,
    Result.DDTK: TokenStatusCode.VALIDATION_FAILURE,
    Result.MANUFACTURER: TokenStatusCode.VALIDATION_FAILURE,
    Result.LOCKOUT: TokenStatusCode.VALIDATION_FAILURE,
    Result.OVERFLOW: TokenStatusCode.EXECUTION_FAILURE,
    Result.KEY_TYPE: TokenStatusCode.EXECUTION_FAILURE,
    Result.RANGE: TokenStatusCode.EXECUTION_FAILURE,
    Result.FUNCTION: TokenStatusCode.EXECUTION_FAILURE,
    Result.NOT_READY: TokenStatusCode.RECEIVED,
}
"""How far a token of each result came; which result belongs to which step is our reading of the order of checks."""


def entered(view: View, token: bytes) -> None:
    """Take a token; what became of it is read from the status, a refused one too is an answer."""
    tokens.enter(view, digits_of(token, tokens.section(view).form), tokens.Way.REMOTE)


def digits_of(token: bytes, form: str) -> str:
    """Digits of a token as the product takes it: 20 ASCII digits, or 10 octets of packed BCD. Else what is no token."""
    if form == "bcd":
        return token.hex() if len(token) == BCD_OCTETS else ""
    return token.decode("ascii", "replace")


def last_token(view: View) -> bytes:
    """Give the last token in the form of the product."""
    found = tokens.last(view)
    if found is None:
        return b""
    is_whole = len(found.digits) == 2 * BCD_OCTETS and found.digits.isdigit()
    if tokens.section(view).form == "bcd" and is_whole:
        return bytes.fromhex(found.digits)
    return found.digits.encode()


def token_time(view: View) -> CosemDateTime:
    """Tell when it came, by the clock of today."""
    found = tokens.last(view)
    return NOT_SPECIFIED if found is None else view.dst_rule.stamp(found.at + int(view.laws.clock.offset_s[view.meter]))


def descriptions(view: View) -> list[bytes]:
    """Class and subclass, name, and result of the last token, as texts."""
    found = tokens.last(view)
    if found is None:
        return []
    kind = [] if found.kind is None else [f"{found.kind >> 4}.{found.kind & 15}", found.kind.name.lower()]
    return [text.encode() for text in (*kind, found.result.name.lower())]


def delivery(view: View) -> TokenDelivery:
    """Tell which way it came."""
    found = tokens.last(view)
    return TokenDelivery.REMOTE if found is None else TokenDelivery(found.way.delivery)


def status(view: View) -> TokenStatus:
    """How far it came, and the number of its result in 8 bits."""
    found = tokens.last(view)
    if found is None:
        return NO_STATUS
    return TokenStatus(STATUS[found.result], BitString(8, bytes([found.result])))


def result(view: View) -> int:
    """Give the number of the result of the last token; 0 before the first."""
    found = tokens.last(view)
    return 0 if found is None else int(found.result)


# What makers of tokens must know


def meter_pan(view: View) -> PrimaryAccountNumber:
    """MeterPAN in three parts."""
    pan = tokens.identity(view).pan
    return PrimaryAccountNumber(int(pan.iin), int(pan.drn.digits), int(pan.digits[-1]))


def attribute(name: str, view: View) -> int:
    """Attribute of the key in force."""
    return int(getattr(tokens.identity(view).attributes, name))


def sections(view: View) -> int:
    """Tell how many key change tokens make a new key."""
    return len(SET_OF[EA(attribute("ea", view))] & {Kind[name.upper()] for name in tokens.section(view).kinds})


ATTRIBUTES: Final = ("ea", "sgc", "ti", "krn", "key_type", "ken")

LAWS: Mapping[str, Law] = {
    "token.digits": Law(last_token),
    "token.time": Law(token_time),
    "token.description": Law(descriptions),
    "token.delivery": Law(delivery),
    "token.status": Law(status),
    "token.result": Law(result),
    "token.good": Law(tokens.good),
    "token.rest_s": Law(tokens.rest_s),
    "sts.pan": Law(meter_pan),
    "sts.pan.text": Law(lambda view: str(tokens.identity(view).pan)),
    "sts.drn.text": Law(lambda view: str(tokens.identity(view).drn)),
    "sts.carriers": Law(lambda _view: [*CARRIERS]),
    **{f"sts.{name}": Law(partial(attribute, name)) for name in ATTRIBUTES},
    "sts.sections": Law(sections),
}
METHODS: Mapping[str, Callable[[View, Any], object]] = {"token_gateway.enter": entered}
"""Methods by the name of the object."""
