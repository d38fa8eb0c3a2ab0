"""X.509 certificates of meters and clients: who bears them, and whom to believe (Green Book, 9.2.6.4).

The common name of a subject is its system title in hexadecimal digits. Serial numbers are compared as
numbers, or as INTEGER in DER; issuers in DER, or as text after RFC 4514.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from openami.core.errors import DecodeError, SecurityError
from openami.cosem.security_setup import (
    CertificateEntity,
    CertificateIdentification,
    CertificateInfo,
    CertificateType,
    EntityIdentification,
    KeyPairUse,
)
from openami.dlms.security import PrivateKey, PublicKey
from openami.dlms.security.pairs import Trust


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate, read."""

    der: bytes = field(repr=False)
    _parsed: x509.Certificate = field(repr=False, compare=False)

    @classmethod
    def decode(cls, der: bytes) -> Self:
        """Read a certificate in DER."""
        try:
            return cls(der, x509.load_der_x509_certificate(der))
        except ValueError as error:
            raise DecodeError("not an X.509 certificate in DER", offset=0) from error

    @property
    def public_key(self) -> PublicKey:
        """The key it is about."""
        return PublicKey.of(self._parsed.public_key())

    @property
    def system_title(self) -> bytes:
        """System title of the subject; empty where its common name is none."""
        names = self._parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        try:
            title = bytes.fromhex(str(names[0].value)) if names else b""
        except ValueError:
            return b""
        return title if len(title) == 8 else b""

    @property
    def is_authority(self) -> bool:
        """Whether its bearer may issue certificates."""
        try:
            return self._parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except (x509.ExtensionNotFound, ValueError):
            return False

    @property
    def type(self) -> CertificateType:
        """What the key is for."""
        try:
            usage = self._parsed.extensions.get_extension_for_class(x509.KeyUsage).value
        except (x509.ExtensionNotFound, ValueError):
            return CertificateType.OTHER
        if self.is_authority or usage.digital_signature == usage.key_agreement:
            return CertificateType.TLS if self._is_for_tls else CertificateType.OTHER
        if self._is_for_tls:
            return CertificateType.TLS
        return CertificateType.DIGITAL_SIGNATURE if usage.digital_signature else CertificateType.KEY_AGREEMENT

    @property
    def _is_for_tls(self) -> bool:
        try:
            purposes = self._parsed.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (x509.ExtensionNotFound, ValueError):
            return False
        tls = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
        return not tls.isdisjoint(purposes)

    def entity(self, client: bytes, server: bytes) -> CertificateEntity:
        """Say whose it is, as a meter sees it."""
        if self.is_authority:
            return CertificateEntity.CERTIFICATION_AUTHORITY
        by_title = {client: CertificateEntity.CLIENT, server: CertificateEntity.SERVER}
        return (
            by_title.get(self.system_title, CertificateEntity.OTHER) if self.system_title else CertificateEntity.OTHER
        )

    def info(self, client: bytes, server: bytes) -> CertificateInfo:
        """State it as Security setup lists it."""
        parsed = self._parsed
        number = parsed.serial_number
        serial = number.to_bytes(number.bit_length() // 8 + 1, "big")
        issuer, subject = parsed.issuer.public_bytes(), parsed.subject.public_bytes()
        return CertificateInfo(self.entity(client, server), self.type, serial, issuer, subject, self._alternative_name)

    @property
    def _alternative_name(self) -> bytes:
        try:
            return self._parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.public_bytes()
        except (x509.ExtensionNotFound, ValueError):
            return b""

    def is_named(self, name: CertificateIdentification, client: bytes, server: bytes) -> bool:
        """Whether an identification means this certificate."""
        options = name.certificate_identification_options
        if isinstance(options, EntityIdentification):
            title = b"" if self.is_authority and not options.system_title else self.system_title
            return options == (self.entity(client, server), self.type, title)
        issuer, number = self._parsed.issuer, self._parsed.serial_number
        issuers = {issuer.public_bytes(), issuer.rfc4514_string().encode()}
        octets = number.to_bytes(number.bit_length() // 8 + 1, "big")
        named = int.from_bytes(options.serial_number, "big") == number
        return options.issuer in issuers and (named or options.serial_number == bytes((2, len(octets))) + octets)

    def check_issuer(self, authorities: Sequence["Certificate"]) -> None:
        """Refuse a certificate that none of these authorities has issued."""
        for authority in authorities:
            try:
                self._parsed.verify_directly_issued_by(authority._parsed)  # noqa: SLF001 - of the same class
            except (ValueError, TypeError, InvalidSignature):
                continue
            return
        message = "certificate is issued by no authority that is trusted here"
        raise SecurityError(message)

    def check_time(self, at: datetime) -> None:
        """Refuse a certificate out of its time."""
        parsed = self._parsed
        if not parsed.not_valid_before_utc <= at.astimezone(UTC) <= parsed.not_valid_after_utc:
            message = "certificate is not valid at this time"
            raise SecurityError(message)


def request(title: bytes, key: PrivateKey) -> bytes:
    """Make a certificate request (PKCS#10) for the bearer of a system title, in DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title.hex().upper())])
    builder = x509.CertificateSigningRequestBuilder(name)
    return builder.sign(key.key, key.curve.hash, ecdsa_deterministic=True).public_bytes(Encoding.DER)


def trust(
    authorities: Iterable[bytes], *, now: Callable[[], datetime] | None = None, use: KeyPairUse | None = None
) -> Trust:
    """Believe certificates of these authorities (DER), as `KeyPairs.trust` asks; `now` checks their time."""
    trusted = [Certificate.decode(der) for der in authorities]
    wanted = CertificateType(KeyPairUse.DIGITAL_SIGNATURE if use is None else use)

    def read(title: bytes, der: bytes) -> PublicKey:
        certificate = Certificate.decode(der)
        certificate.check_issuer(trusted)
        if now is not None:
            certificate.check_time(now())
        if certificate.system_title != title:
            raise SecurityError(f"certificate is not of system title {title.hex()}")
        if certificate.type is not wanted:
            raise SecurityError(f"certificate is for {certificate.type.name.lower()}, not {wanted.name.lower()}")
        return certificate.public_key

    return read
