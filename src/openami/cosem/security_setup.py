"""Security setup: policy, suite, titles, keys and certificates (Blue Book, class 64)."""

from enum import IntEnum
from typing import ClassVar, NamedTuple

from openami.core.errors import ActionError, SecurityError
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class, method
from openami.dlms.data import ENUM, OCTET_STRING, Codec, Tag, array, enum, structure
from openami.dlms.security import KeyId, Suite
from openami.dlms.xdlms import ActionResult


class KeyPairUse(IntEnum):
    """What a key pair and its certificate are for."""

    DIGITAL_SIGNATURE = 0
    KEY_AGREEMENT = 1
    TLS = 2


class CertificateEntity(IntEnum):
    """Whose certificate it is."""

    SERVER = 0
    CLIENT = 1
    CERTIFICATION_AUTHORITY = 2
    OTHER = 3


class CertificateType(IntEnum):
    """What the key of a certificate is for."""

    DIGITAL_SIGNATURE = 0
    KEY_AGREEMENT = 1
    TLS = 2
    OTHER = 3


class KeyTransfer(NamedTuple):
    """A key, wrapped under the master key on the way in and unwrapped for the handler."""

    key_id: KeyId
    key: bytes


class KeyAgreement(NamedTuple):
    """An ephemeral public key and its signature, for one key to agree on."""

    key_id: KeyId
    key_data: bytes


class CertificateInfo(NamedTuple):
    """A certificate that the device holds; serial number as DER has it, names in DER."""

    certificate_entity: int
    certificate_type: int
    serial_number: bytes
    issuer: bytes
    subject: bytes
    subject_alt_name: bytes


class EntityIdentification(NamedTuple):
    """A certificate by whose it is, what it is for, and the system title."""

    certificate_entity: int
    certificate_type: int
    system_title: bytes


class SerialIdentification(NamedTuple):
    """A certificate by its serial number and issuer."""

    serial_number: bytes
    issuer: bytes


class IdentificationType(IntEnum):
    """How a certificate is named."""

    ENTITY = 0
    SERIAL = 1


class CertificateIdentification(NamedTuple):
    """Name of a certificate."""

    certificate_identification_type: IdentificationType
    certificate_identification_options: EntityIdentification | SerialIdentification


KEY_TRANSFER = structure(KeyTransfer, enum(KeyId), OCTET_STRING)
KEY_AGREEMENT = structure(KeyAgreement, enum(KeyId), OCTET_STRING)
CERTIFICATE_INFO = structure(CertificateInfo, ENUM, ENUM, OCTET_STRING, OCTET_STRING, OCTET_STRING, OCTET_STRING)
ENTITY = structure(EntityIdentification, ENUM, ENUM, OCTET_STRING)
SERIAL = structure(SerialIdentification, OCTET_STRING, OCTET_STRING)


class Options(Codec[EntityIdentification | SerialIdentification]):
    """The two ways to name a certificate: structures of three and of two members."""

    def encode(self, value: EntityIdentification | SerialIdentification) -> bytes:
        """Structure of three or two."""
        return ENTITY.encode(value) if isinstance(value, EntityIdentification) else SERIAL.encode(value)

    def decode(self, data: bytes, offset: int = 0) -> tuple[EntityIdentification | SerialIdentification, int]:
        """Read a structure of three or two."""
        self.expect(data, offset)
        return (SERIAL if data[offset + 1 : offset + 2] == b"\x02" else ENTITY).decode(data, offset)


OPTIONS = Options("certificate identification options", (Tag.STRUCTURE,))
IDENTIFICATION = structure(CertificateIdentification, enum(IdentificationType), OPTIONS)


class KeyedSetup(CosemObject):
    """What both versions share. Hook `unwrap` opens a wrapped key under the master key."""

    hooks = frozenset({"unwrap"})

    security_policy: Attribute[int] = Attribute(2, ENUM, default=0)
    security_suite: Attribute[int] = Attribute(3, ENUM, default=0)
    client_system_title: Attribute[bytes] = Attribute(4, OCTET_STRING, default=b"")
    server_system_title: Attribute[bytes] = Attribute(5, OCTET_STRING, default=b"")

    #: Bits that a policy of the version may have.
    POLICY_BITS: ClassVar[int] = 0x03

    @method(1, ENUM)
    def security_activate(self, policy: int) -> None:
        """Raise the security policy; no bit of it can be taken back."""
        if policy & ~self.POLICY_BITS:
            raise ActionError(ActionResult.TYPE_UNMATCHED, f"{self!r}: policy {policy} has bits of no meaning")
        if policy & self.security_policy != self.security_policy:
            raise ActionError(ActionResult.READ_WRITE_DENIED, f"{self!r}: a policy may only be raised")
        self.security_policy = policy

    def opened(self, transfer: KeyTransfer) -> KeyTransfer:
        """Return a key unwrapped; refused if it does not open or has a wrong length."""
        try:
            key = self.delegate("unwrap", transfer.key)
        except SecurityError as error:
            raise ActionError(ActionResult.OTHER_REASON, f"{self!r}: {error}") from error
        if not isinstance(key, bytes) or len(key) != Suite(self.security_suite).key_length:
            raise ActionError(ActionResult.TYPE_UNMATCHED, f"{self!r}: key of a wrong length")
        return KeyTransfer(transfer.key_id, key)


@interface_class(64, version=0)
class SecuritySetup(KeyedSetup):
    """Policy, suite and keys (Blue Book, class 64, version 0).

    The handler `global_key_transfer` gets the keys unwrapped, all of them or none.
    """

    @method(2, array(KEY_TRANSFER), prepares=True)
    def global_key_transfer(self, transfers: list[KeyTransfer]) -> None:
        """Hand new keys to the device once every one of them has opened."""
        self.delegate("global_key_transfer", [self.opened(transfer) for transfer in transfers])


@interface_class(64, version=1)
class SecuritySetupv1(KeyedSetup):
    """Policy as bits, key agreement and certificates (Blue Book, class 64, version 1).

    The handler `key_transfer` gets the keys unwrapped, all of them or none.
    """

    POLICY_BITS = 0xFC

    certificates: Attribute[list[CertificateInfo]] = Attribute(6, array(CERTIFICATE_INFO), factory=list)

    @method(2, array(KEY_TRANSFER), prepares=True)
    def key_transfer(self, transfers: list[KeyTransfer]) -> None:
        """Hand new keys to the device once every one of them has opened."""
        self.delegate("key_transfer", [self.opened(transfer) for transfer in transfers])

    key_agreement: Method[list[KeyAgreement], list[KeyAgreement]] = Method(
        3, array(KEY_AGREEMENT), array(KEY_AGREEMENT)
    )
    generate_key_pair: Method[KeyPairUse, None] = Method(4, enum(KeyPairUse))
    generate_certificate_request: Method[KeyPairUse, bytes] = Method(5, enum(KeyPairUse), OCTET_STRING)
    import_certificate: Method[bytes, None] = Method(6, OCTET_STRING)
    export_certificate: Method[CertificateIdentification, bytes] = Method(7, IDENTIFICATION, OCTET_STRING)
    remove_certificate: Method[CertificateIdentification, None] = Method(8, IDENTIFICATION)
