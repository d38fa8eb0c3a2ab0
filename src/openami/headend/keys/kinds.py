"""Kinds of keys, and the states that a key goes through."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from openami.dlms.security import KeyId

ENCRYPTION, AUTHENTICATION, MASTER, BROADCAST = "encryption", "authentication", "master", "broadcast"

KEY_IDS: Final[Mapping[str, KeyId]] = {
    ENCRYPTION: KeyId.GLOBAL_UNICAST_ENCRYPTION,
    AUTHENTICATION: KeyId.AUTHENTICATION,
    MASTER: KeyId.MASTER,
    BROADCAST: KeyId.GLOBAL_BROADCAST_ENCRYPTION,
}
"""Kinds that go to a meter wrapped under its master key (Blue Book, class 64, method 2)."""
ALSO_KEPT: Final = ("lls_secret", "hls_secret", "p1_encryption", "p1_authentication", "optical_secret")
"""Kinds that come with a shipment and are kept, but changed by nobody here."""


class KeyState(StrEnum):
    """Where a key of a meter stands."""

    NEW = "new"
    """Drawn and in escrow; it may have been sent, nobody knows whether the meter took it."""
    TRANSFERRED = "transferred"
    """The meter said that it took it."""
    PROVEN = "proven"
    """It has opened the meter once: it is in force."""
    PROMOTED = "promoted"
    """In force; the one before is retired."""
    REFUSED = "refused"
    """The meter said no, or was still opened by the key before. Kept, and tried last."""
    RETIRED = "retired"
    """Another is in force. Kept, for backups of before."""


PREFERENCE: Final = (KeyState.PROVEN, KeyState.TRANSFERRED, KeyState.PROMOTED, KeyState.NEW, KeyState.REFUSED)
"""In which order the keys of a kind are tried."""
IN_FORCE: Final = (KeyState.PROVEN, KeyState.PROMOTED)
PENDING: Final = (KeyState.NEW, KeyState.TRANSFERRED)
"""States of a key of which it is not known whether the meter has it."""
