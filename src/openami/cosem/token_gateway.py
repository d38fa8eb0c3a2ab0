"""Tokens by DLMS: the gateway they come in by, and what their makers must know (Blue Book, classes 115 and 116)."""

from enum import IntEnum
from typing import NamedTuple

from openami.core.time import CosemDateTime
from openami.cosem.calendars import NOT_SPECIFIED
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class
from openami.dlms.data import (
    BIT_STRING,
    DATE_TIME,
    OCTET_STRING,
    UINT8,
    UINT32,
    UINT64,
    BitString,
    array,
    enum,
    structure,
)


class TokenDelivery(IntEnum):
    """How the last token came."""

    REMOTE = 0
    LOCAL = 1
    MANUAL = 2


class TokenStatusCode(IntEnum):
    """How far the last token came: what it passed last, or what it failed."""

    FORMAT_OK = 0
    AUTHENTICATION_OK = 1
    VALIDATION_OK = 2
    EXECUTION_OK = 3
    FORMAT_FAILURE = 4
    AUTHENTICATION_FAILURE = 5
    VALIDATION_FAILURE = 6
    EXECUTION_FAILURE = 7
    RECEIVED = 8


class TokenStatus(NamedTuple):
    """Status of the last token, and bits that a product gives with it."""

    status_code: TokenStatusCode
    data_value: BitString


class PrimaryAccountNumber(NamedTuple):
    """MeterPAN in its three parts."""

    issuer_identification_number: int
    decoder_reference_number: int
    pan_check_digit: int


NO_PAN = PrimaryAccountNumber(0, 0, 0)
NO_STATUS = TokenStatus(TokenStatusCode.FORMAT_OK, BitString.parse("00000000"))


@interface_class(115, version=0)
class TokenGateway(CosemObject):
    """The last token, and the way in for another (Blue Book, class 115).

    The octets of a token are ASCII digits or packed BCD: products differ.
    """

    token: Attribute[bytes] = Attribute(2, OCTET_STRING, default=b"", verified=False)
    token_time: Attribute[CosemDateTime] = Attribute(3, DATE_TIME, default=NOT_SPECIFIED, verified=False)
    token_description: Attribute[list[bytes]] = Attribute(4, array(OCTET_STRING), factory=list, verified=False)
    token_delivery_method: Attribute[TokenDelivery] = Attribute(
        5, enum(TokenDelivery), default=TokenDelivery.REMOTE, verified=False
    )
    token_status: Attribute[TokenStatus] = Attribute(
        6, structure(TokenStatus, enum(TokenStatusCode), BIT_STRING), default=NO_STATUS, verified=False
    )

    enter: Method[bytes, None] = Method(1, OCTET_STRING, verified=False)


@interface_class(116, version=0)
class IEC62055Attributes(CosemObject):
    """What a maker of tokens must know of a meter (Blue Book, class 116: IEC 62055-41 attributes)."""

    meter_pan: Attribute[PrimaryAccountNumber] = Attribute(
        2, structure(PrimaryAccountNumber, UINT32, UINT64, UINT8), default=NO_PAN, verified=False
    )
    commodity: Attribute[bytes] = Attribute(3, OCTET_STRING, default=b"electricity", verified=False)
    token_carrier_types: Attribute[list[int]] = Attribute(4, array(UINT8), factory=list, verified=False)
    encryption_algorithm: Attribute[int] = Attribute(5, UINT8, default=0, verified=False)
    supply_group_code: Attribute[int] = Attribute(6, UINT32, default=0, verified=False)
    tariff_index: Attribute[int] = Attribute(7, UINT8, default=0, verified=False)
    key_revision_number: Attribute[int] = Attribute(8, UINT8, default=0, verified=False)
    key_type: Attribute[int] = Attribute(9, UINT8, default=0, verified=False)
    key_expiry_number: Attribute[int] = Attribute(10, UINT8, default=0, verified=False)
    no_of_kct_supported: Attribute[int] = Attribute(11, UINT8, default=0, verified=False)
    sts_certificate_number: Attribute[bytes] = Attribute(12, OCTET_STRING, default=b"", verified=False)
