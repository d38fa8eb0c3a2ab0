"""NTP setup: where the clock gets its time from the network (Blue Book, class 100)."""

from enum import IntEnum
from typing import NamedTuple

from openami.cosem.objects import Attribute, CosemObject, Method, interface_class, method
from openami.dlms.data import (
    BOOLEAN,
    INT8,
    OCTET_STRING,
    UINT16,
    UINT32,
    array,
    choice,
    enum,
    structure,
)


class NTPAuthentication(IntEnum):
    """How server and client know each other (class 100, authentication_method)."""

    NO_SECURITY = 0
    SHARED_SECRETS = 1
    AUTO_KEY_IFF = 2


class AuthenticationKey(NamedTuple):
    """A key by its identifier."""

    key_id: int
    key: bytes

    def __repr__(self) -> str:
        return f"AuthenticationKey({self.key_id})"


AUTHENTICATION_KEY = structure(AuthenticationKey, UINT32, OCTET_STRING)
KEY_ID = choice(UINT32, INT8)
"""Identifier of a key to delete; gurux-dlms sends an integer."""


@interface_class(100, version=0)
class NTPSetup(CosemObject):
    """A time server and the keys it is known by; the device synchronizes (Blue Book, class 100).

    `server_address` is a name, or an IPv4 or IPv6 address, as text.
    """

    activated: Attribute[bool] = Attribute(2, BOOLEAN, default=False)
    server_address: Attribute[bytes] = Attribute(3, OCTET_STRING, default=b"")
    server_port: Attribute[int] = Attribute(4, UINT16, default=123)
    authentication_method: Attribute[NTPAuthentication] = Attribute(
        5, enum(NTPAuthentication), default=NTPAuthentication.NO_SECURITY
    )
    authentication_keys: Attribute[list[AuthenticationKey]] = Attribute(
        6, array(AUTHENTICATION_KEY), factory=list, verified=False
    )
    client_key: Attribute[bytes] = Attribute(7, OCTET_STRING, default=b"")

    synchronize: Method[int, None] = Method(1, INT8)

    @method(2, AUTHENTICATION_KEY, verified=False)
    def add_authentication_key(self, key: AuthenticationKey) -> None:
        """Add a key; one of the same identifier is replaced."""
        others = [held for held in self.authentication_keys if held.key_id != key.key_id]
        self.authentication_keys = [*others, key]

    @method(3, KEY_ID, verified=False)
    def delete_authentication_key(self, key_id: int) -> None:
        """Delete the key of that identifier."""
        self.authentication_keys = [held for held in self.authentication_keys if held.key_id != key_id]
