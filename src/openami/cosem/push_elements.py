"""Protection and restriction of attributes that leave the meter unasked (Blue Book, classes 30, 40 and 62)."""

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.cosem.elements import CAPTURE_OBJECT, Variant
from openami.dlms.data import (
    DATE_TIME,
    ENUM,
    INT8,
    LOGICAL_NAME,
    NULL,
    OCTET_STRING,
    UINT16,
    UINT32,
    array,
    choice,
    enum,
    structure,
)
from openami.dlms.xdlms import CaptureObject


class ProtectionType(IntEnum):
    """How one layer protects the data."""

    AUTHENTICATION = 0
    ENCRYPTION = 1
    AUTHENTICATION_AND_ENCRYPTION = 2
    DIGITAL_SIGNATURE = 3


class KeyInfoType(IntEnum):
    """How the key of a layer is told."""

    IDENTIFIED = 0
    WRAPPED = 1
    AGREED = 2


class IdentifiedKey(NamedTuple):
    """A key both sides hold: 0 global unicast, 1 global broadcast encryption key."""

    key_id: int


class WrappedKey(NamedTuple):
    """A key under a key encrypting key: 0 the master key."""

    kek_id: int
    key_ciphered_data: bytes


class AgreedKey(NamedTuple):
    """What a key agreement yields the key from."""

    key_parameters: bytes
    key_ciphered_data: bytes


class KeyInfo(NamedTuple):
    """How the key is told, and what tells it."""

    key_info_type: KeyInfoType
    key_info_options: IdentifiedKey | WrappedKey | AgreedKey


class ProtectionOptions(NamedTuple):
    """Header fields and key of one layer of protection."""

    transaction_id: bytes
    originator_system_title: bytes
    recipient_system_title: bytes
    other_information: bytes
    key_info: KeyInfo


class ProtectionParameters(NamedTuple):
    """One layer of protection."""

    protection_type: ProtectionType
    protection_options: ProtectionOptions


class RestrictionType(IntEnum):
    """By what the rows of an attribute are restricted."""

    NONE = 0
    DATE = 1
    ENTRY = 2


class RestrictionByDate(NamedTuple):
    """Rows from one date to another."""

    from_date: CosemDateTime
    to_date: CosemDateTime


class RestrictionByEntry(NamedTuple):
    """Rows from one number to another."""

    from_entry: int
    to_entry: int


class Restriction(NamedTuple):
    """Which rows of an attribute are meant."""

    restriction_type: RestrictionType
    restriction_value: RestrictionByDate | RestrictionByEntry | None


UNRESTRICTED = Restriction(RestrictionType.NONE, None)


class RestrictedObject(NamedTuple):
    """An attribute, or some rows of it; data index 0 is the whole."""

    class_id: int
    logical_name: OBIS
    attribute_index: int
    data_index: int = 0
    restriction: Restriction = UNRESTRICTED


class SelectedObject(NamedTuple):
    """An attribute, or some rows and columns of it; no columns means all."""

    class_id: int
    logical_name: OBIS
    attribute_index: int
    data_index: int = 0
    restriction: Restriction = UNRESTRICTED
    columns: Sequence[CaptureObject] = ()


IDENTIFIED_KEY = structure(IdentifiedKey, ENUM)
WRAPPED_KEY = structure(WrappedKey, ENUM, OCTET_STRING)
AGREED_KEY = structure(AgreedKey, OCTET_STRING, OCTET_STRING)
KEY_INFO = Variant(
    "key info",
    {
        KeyInfoType.IDENTIFIED: structure(KeyInfo, enum(KeyInfoType), IDENTIFIED_KEY),
        KeyInfoType.WRAPPED: structure(KeyInfo, enum(KeyInfoType), WRAPPED_KEY),
        KeyInfoType.AGREED: structure(KeyInfo, enum(KeyInfoType), AGREED_KEY),
    },
)
PROTECTION_OPTIONS = structure(ProtectionOptions, OCTET_STRING, OCTET_STRING, OCTET_STRING, OCTET_STRING, KEY_INFO)
PROTECTION_PARAMETERS = array(structure(ProtectionParameters, enum(ProtectionType), PROTECTION_OPTIONS))

ENTRY_NUMBER = choice(UINT16, UINT32)
"""Number of a row: long-unsigned where it fits, as gurux-dlms writes it; both are read."""
BY_DATE = structure(RestrictionByDate, DATE_TIME, DATE_TIME)
BY_ENTRY = structure(RestrictionByEntry, ENTRY_NUMBER, ENTRY_NUMBER)
RESTRICTION = Variant(
    "restriction",
    {
        RestrictionType.NONE: structure(Restriction, enum(RestrictionType), NULL),
        RestrictionType.DATE: structure(Restriction, enum(RestrictionType), BY_DATE),
        RestrictionType.ENTRY: structure(Restriction, enum(RestrictionType), BY_ENTRY),
    },
)
RESTRICTED_OBJECT = structure(RestrictedObject, UINT16, LOGICAL_NAME, INT8, UINT16, RESTRICTION)
SELECTED_OBJECT = structure(SelectedObject, UINT16, LOGICAL_NAME, INT8, UINT16, RESTRICTION, array(CAPTURE_OBJECT))
