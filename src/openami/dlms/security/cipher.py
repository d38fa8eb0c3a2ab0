"""AES-GCM with 12-octet tags, as all suites use it (Green Book, 9.2.3.3; NIST SP 800-38D).

Protected octets are SC || IC || text || tag; the nonce is system title || IC. `AESGCM` of
cryptography verifies only 16-octet tags. GCM is a stream cipher: encrypting the ciphertext gives
the plaintext, and encrypting that once more gives the tag to compare in constant time.
"""

from hmac import compare_digest
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from openami.core.errors import DecodeError, SecurityError
from openami.dlms.security.suite import TAG_LENGTH, SecurityControl

HEAD_LENGTH: Final = 5
_A: Final = int(SecurityControl.AUTHENTICATED)
_E: Final = int(SecurityControl.ENCRYPTED)
_AE: Final = _A | _E
_CUT: Final = TAG_LENGTH - 16


class Cipher:
    """One encryption key with the authentication key that enters its tags."""

    __slots__ = ("_authentication", "_encrypt")

    def __init__(self, encryption_key: bytes, authentication_key: bytes) -> None:
        self._encrypt = AESGCM(encryption_key).encrypt
        self._authentication = authentication_key

    def protect(self, title: bytes, control: int, counter: int, apdu: bytes) -> bytes:
        """SC || IC || `apdu`, authenticated and encrypted as the security control octet says."""
        sc = control.to_bytes(1, "big")
        ic = counter.to_bytes(4, "big")
        protection = control & _AE
        if protection == _AE:
            return sc + ic + self._encrypt(title + ic, apdu, sc + self._authentication)[:_CUT]
        if protection == _A:
            return sc + ic + apdu + self._encrypt(title + ic, b"", sc + self._authentication + apdu)[:_CUT]
        if protection == _E:
            return sc + ic + self._encrypt(title + ic, apdu, None)[:-16]
        return sc + ic + apdu

    def unprotect(self, title: bytes, protected: bytes) -> bytes:
        """Open SC || IC || text || tag; `SecurityError` when the tag is not right."""
        sc = protected[:1]
        nonce = title + protected[1:HEAD_LENGTH]
        protection = protected[0] & _AE if sc else 0
        if len(protected) < HEAD_LENGTH + (TAG_LENGTH if protection & _A else 0):
            raise DecodeError(f"protected APDU of {len(protected)} octets is cut off")
        if protection == _AE:
            plain = self._encrypt(nonce, protected[HEAD_LENGTH:-TAG_LENGTH], None)[:-16]
            tag = self._encrypt(nonce, plain, sc + self._authentication)[-16:_CUT]
        elif protection == _A:
            plain = protected[HEAD_LENGTH:-TAG_LENGTH]
            tag = self._encrypt(nonce, b"", sc + self._authentication + plain)[:_CUT]
        else:
            text = protected[HEAD_LENGTH:]
            return self._encrypt(nonce, text, None)[:-16] if protection else text
        if not compare_digest(tag, protected[-TAG_LENGTH:]):
            message = "authentication tag is wrong: another key, or the APDU was changed"
            raise SecurityError(message)
        return plain
