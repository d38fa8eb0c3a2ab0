"""Security material: what one end needs for keys beyond the global one (Green Book, 9.2.2.5)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from openami.dlms.security.counters import Received
from openami.dlms.security.keys import Keys, Secretive
from openami.dlms.security.pairs import KeyPairs
from openami.dlms.security.suite import Suite

#: Names of the counters of what is received, one for each kind of key; a signature alone counts transactions.
GLOBAL: Final = "global"
BROADCAST: Final = "broadcast"
WRAPPED: Final = "wrapped"
AGREED: Final = "agreed"
SIGNATURE: Final = "signature"


@dataclass(frozen=True, slots=True)
class Material(Secretive):
    """Keys, key pairs, chance, our counter and the peer's by name."""

    suite: Suite
    keys: Keys | None
    pairs: KeyPairs
    random: Callable[[int], bytes]
    take: Callable[[], int]
    received: Callable[[str], Received]
