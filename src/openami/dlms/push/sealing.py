"""The protection of a push put on: ciphered, signed or both (Green Book, 9.2)."""

from collections.abc import Callable
from dataclasses import dataclass

from openami.core.errors import SecurityError
from openami.dlms.push.counting import Counting, MemoryCounters
from openami.dlms.security import Cipher, Form, Keys, Suite
from openami.dlms.security.channel import Channel, Ciphering
from openami.dlms.security.envelope import Route
from openami.dlms.security.layers import Extension
from openami.dlms.security.material import GLOBAL, Material
from openami.dlms.security.pairs import NO_PAIRS, KeyPairs
from openami.dlms.security.suite import AUTHENTICATED, ENCRYPTED


def no_chance(_length: int) -> bytes:
    """Draw nothing."""
    message = "no source of chance was given, and a key is to be made for one APDU"
    raise SecurityError(message)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Protects what one sender sends: under its title, and a counter of which no value may come twice.

    `form` may be a `Route` for general-ciphering and signatures; these need the title of the receiver (`peer`),
    `pairs` from suite 1 on, and `random` where a key is made for each APDU.
    """

    keys: Keys
    title: bytes
    take_counter: Callable[[], int]
    protection: int = AUTHENTICATED | ENCRYPTED
    suite: Suite = Suite.AES_GCM_128
    form: Form | Route = Form.GENERAL_GLO
    peer: bytes = b""
    pairs: KeyPairs = NO_PAIRS
    random: Callable[[int], bytes] = no_chance

    def seal(self, apdu: bytes) -> bytes:
        """Put an APDU into a protected one."""
        if self.protection & AUTHENTICATED and not self.keys.authentication:
            message = "nothing can be authenticated without an authentication key"
            raise SecurityError(message)
        counting = Counting(MemoryCounters(), self.peer)
        material = Material(self.suite, self.keys, self.pairs, self.random, self.take_counter, counting.received)
        return joined(material, self.title, self.peer).seal(apdu, self.form, self.protection)


def joined(material: Material, own_title: bytes, peer_title: bytes) -> Ciphering:
    """Everything that protects what goes between two titles; pushes know no dedicated key but the global one."""
    channel = None
    if material.keys is not None:
        cipher = Cipher(material.keys.encryption, material.keys.authentication)
        channel = Channel(cipher, material.suite, material.take, material.received(GLOBAL))
    ends = Ciphering(channel, own_title, peer_title, 0)
    ends.dedicated = channel
    ends.extension = Extension(ends, material)
    return ends
