"""Protection in layers: general-ciphering, and a signature round or inside it (Green Book, 9.2.7.2).

Each kind may come once. A signature alone carries no invocation counter: its transaction ids, read as
numbers, must rise instead, or answer the transaction that we began.
"""

from typing import Final

from openami.core.errors import DecodeError, SecurityError
from openami.dlms.axdr import encode_length
from openami.dlms.security.channel import BROADCAST_BIT, PROTECTION, Channel, Ciphering, Opened, PolicyError
from openami.dlms.security.cipher import HEAD_LENGTH, Cipher
from openami.dlms.security.counters import CounterError
from openami.dlms.security.curve import curve_of
from openami.dlms.security.envelope import CIPHERED, Form, KeyKind, Route, overhead
from openami.dlms.security.general import (
    GENERAL_CIPHERING,
    GENERAL_SIGNING,
    GeneralCiphering,
    GeneralSigning,
    Head,
    to_sign,
)
from openami.dlms.security.general_keys import GeneralKeys, info_length
from openami.dlms.security.material import BROADCAST, SIGNATURE, Material
from openami.dlms.security.pairs import need
from openami.dlms.security.suite import AUTHENTICATED, SIGNED, TAG_LENGTH

#: Octets of a transaction id of ours, and the highest number that is taken.
TRANSACTION_LENGTH: Final = 8
LAST_TRANSACTION: Final = (1 << 63) - 1


class Extension:
    """general-ciphering, general-signing and the broadcast key of one association."""

    __slots__ = ("_broadcast", "_ciphering", "_keys", "_material", "_transaction")

    def __init__(self, ciphering: Ciphering, material: Material) -> None:
        self._ciphering = ciphering
        self._material = material
        self._keys = GeneralKeys(material)
        self._broadcast: Channel | None = None
        self._transaction = b""

    def seal(self, apdu: bytes, route: Route, control: int) -> bytes:
        """Protect an APDU by the layers of a route."""
        head = self._head(route)
        if route.signing == "inside":
            apdu = self._sign(head, apdu)
        if isinstance(route.form, KeyKind):
            info, channel = self._keys.outgoing(route.form, head)
            content = channel.protect(head.originator, control & PROTECTION, apdu)
            apdu = GeneralCiphering(head, info, content).encode()
        elif route.form is not None and control & PROTECTION:
            apdu = self._ciphering.seal(apdu, route.form, control)
        return self._sign(head, apdu) if route.signing == "outside" else apdu

    def open(self, apdu: bytes) -> Opened:
        """Open general-ciphering or general-signing, and what is inside."""
        if apdu[0] == GENERAL_SIGNING:
            return self._judged(self._open_signed(apdu))
        head, kind, control, plain = self._decipher(apdu)
        route = Route(kind, None, head.transaction_id)
        if plain[0] == GENERAL_SIGNING:
            plain, route, control = self._verified_inside(plain, kind, control)
        return self._judged((plain, route, control))

    def look_inside(self, apdu: bytes, form: Form, control: int) -> Opened:
        """Verify a signature inside a plain form; refused without one where the policy asks for it."""
        if apdu[0] != GENERAL_SIGNING:
            return self._judged((apdu, form, control))
        return self._judged(self._verified_inside(apdu, form, control))

    def broadcast(self) -> Channel | None:
        """The channel of the broadcast key, which says so in its security control octet."""
        keys = self._material.keys
        if self._broadcast is None and keys is not None and keys.broadcast is not None:
            cipher = Cipher(keys.broadcast, keys.authentication)
            suite, received = self._material.suite | BROADCAST_BIT, self._material.received(BROADCAST)
            self._broadcast = Channel(cipher, suite, self._material.take, received)
        return self._broadcast

    def room(self, route: Route, control: int, limit: int) -> int:
        """Octets of a plain APDU that fit a protected one."""
        length = len(encode_length(limit))
        head = len(self._named(bytes(TRANSACTION_LENGTH), route).encode())
        room = limit
        if route.signing is not None:
            signature = 2 * curve_of(self._material.suite).size
            room -= 1 + head + length + len(encode_length(signature)) + signature
        if not control & PROTECTION or route.form is None:
            return room
        room -= HEAD_LENGTH + (TAG_LENGTH if control & AUTHENTICATED else 0)
        if isinstance(route.form, Form):
            return room - overhead(route.form, self._ciphering.own_title, limit)
        return room - 2 - head - info_length(route.form, self._material.suite) - length

    def _named(self, transaction_id: bytes, route: Route) -> Head:
        ends = self._ciphering
        return Head(transaction_id, ends.own_title, ends.peer_title, route.date_time, route.other_information)

    def _head(self, route: Route) -> Head:
        """Answer the transaction of a route, or begin one with an id above all before."""
        if route.transaction_id:
            return self._named(route.transaction_id, route)
        if route.form is KeyKind.STATIC:  # the id makes the key another one: chance, lest it come again
            self._transaction = self._material.random(TRANSACTION_LENGTH)
        else:
            number = max(self._material.take(), self._material.received(SIGNATURE).last + 1)
            self._transaction = number.to_bytes(TRANSACTION_LENGTH, "big")
        return self._named(self._transaction, route)

    def _sign(self, head: Head, apdu: bytes) -> bytes:
        key = need(self._material.pairs.signature, "digital signature key of our own")
        return GeneralSigning(head, apdu, key.sign(to_sign(head, apdu))).encode()

    def _open_signed(self, apdu: bytes) -> tuple[bytes, Route, int]:
        signed = self._verified(apdu)
        transaction, content = signed.head.transaction_id, signed.content
        if content[0] == GENERAL_SIGNING:
            raise two_signatures()
        if content[0] not in CIPHERED:
            self._check_fresh(transaction)
            return content, Route(None, "outside", transaction), SIGNED
        form: Form | KeyKind
        if content[0] == GENERAL_CIPHERING:
            _, form, control, plain = self._decipher(content)
        else:
            plain, form, control = self._ciphering.decipher(content)
        if plain[0] == GENERAL_SIGNING:
            raise two_signatures()
        return plain, Route(form, "outside", transaction), control | SIGNED

    def _verified_inside(self, apdu: bytes, form: Form | KeyKind, control: int) -> tuple[bytes, Route, int]:
        signed = self._verified(apdu)
        if signed.content[0] in CIPHERED:
            message = "an APDU is ciphered twice"
            raise SecurityError(message)
        return signed.content, Route(form, "inside", signed.head.transaction_id), control | SIGNED

    def _verified(self, apdu: bytes) -> GeneralSigning:
        """Take a signed APDU whose ends and signature are right."""
        signed = GeneralSigning.decode(apdu)
        self._check_ends(signed.head)
        if not signed.content:
            raise DecodeError("nothing is signed", offset=len(apdu))
        key = need(self._material.pairs.peer_signature, "digital signature key of the peer")
        key.verify(signed.signature, signed.signed)
        return signed

    def _decipher(self, apdu: bytes) -> tuple[Head, KeyKind, int, bytes]:
        """Open general-ciphering."""
        found = GeneralCiphering.decode(apdu)
        self._check_ends(found.head)
        kind, channel = self._keys.arriving(found.head, found.key_info)
        protected, ends = found.ciphered_content, self._ciphering
        plain = channel.unprotect(ends.peer_title, ends.least & PROTECTION, protected)
        if not plain:
            raise DecodeError("nothing is ciphered", offset=len(apdu))
        return found.head, kind, protected[0] & PROTECTION, plain

    def _check_ends(self, head: Head) -> None:
        ends = self._ciphering
        if head.originator != ends.peer_title:
            raise SecurityError(f"originator {head.originator.hex()}, expected {ends.peer_title.hex()}")
        if head.recipient != ends.own_title:
            raise SecurityError(f"recipient {head.recipient.hex()}, we are {ends.own_title.hex()}")

    def _check_fresh(self, transaction: bytes) -> None:
        """Refuse a signature alone that came before."""
        number, received = int.from_bytes(transaction, "big"), self._material.received(SIGNATURE)
        last, is_ours = received.last, transaction == self._transaction
        if not transaction or number > LAST_TRANSACTION:
            raise SecurityError(f"transaction id {transaction[:12].hex()}, expected a number of up to 8 octets")
        if number <= last and not is_ours:
            raise CounterError(f"transaction {number} is not above {last}", expected=last + 1)
        received.accept(max(number, last))

    def _judged(self, opened: Opened) -> Opened:
        """Refuse what is less protected than the policy asks for, all layers taken together."""
        least = self._ciphering.least
        if opened[2] & least != least:
            message = "the APDU is not signed, and the policy asks for it" if least & SIGNED else ""
            raise PolicyError(message or "the APDU is protected less than the policy asks for")
        return opened


def two_signatures() -> SecurityError:
    """Error for a signature inside a signature."""
    return SecurityError("an APDU is signed twice")
