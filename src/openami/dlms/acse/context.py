"""Names of an association: application context and authentication mechanism (Green Book, 9.4.2.2)."""

from enum import IntEnum

#: Contents of the object identifiers 2.16.756.5.8.1.x and 2.16.756.5.8.2.x without their last arc.
CONTEXT_PREFIX = bytes.fromhex("608574050801")
MECHANISM_PREFIX = bytes.fromhex("608574050802")


class ApplicationContext(IntEnum):
    """Referencing by logical or short names, with or without ciphering (Green Book, 9.4.2.2.2)."""

    LN = 1
    SN = 2
    LN_CIPHERED = 3
    SN_CIPHERED = 4


class Mechanism(IntEnum):
    """Authentication mechanism (Green Book, 9.4.2.2.3)."""

    LOWEST = 0
    LOW = 1
    HIGH = 2
    HIGH_MD5 = 3
    HIGH_SHA1 = 4
    HIGH_GMAC = 5
    HIGH_SHA256 = 6
    HIGH_ECDSA = 7


CONTEXT_NAMES: dict[int, bytes] = {name: CONTEXT_PREFIX + bytes((name,)) for name in ApplicationContext}
CONTEXTS = {content: ApplicationContext(name) for name, content in CONTEXT_NAMES.items()}
MECHANISM_NAMES: dict[int, bytes] = {name: MECHANISM_PREFIX + bytes((name,)) for name in Mechanism}
MECHANISMS = {content: Mechanism(name) for name, content in MECHANISM_NAMES.items()}


def encode_context(context: ApplicationContext | bytes) -> bytes:
    """Contents of the object identifier; a foreign name is its own contents."""
    return context if isinstance(context, bytes) else CONTEXT_NAMES[context]


def decode_context(content: bytes) -> ApplicationContext | bytes:
    """Context an object identifier names; a foreign name stays bytes, so that it can be refused by name."""
    return CONTEXTS.get(content, content)


def encode_mechanism(mechanism: Mechanism | bytes) -> bytes:
    """Contents of the object identifier; a foreign name is its own contents."""
    return mechanism if isinstance(mechanism, bytes) else MECHANISM_NAMES[mechanism]


def decode_mechanism(content: bytes) -> Mechanism | bytes:
    """Mechanism an object identifier names; a foreign name stays bytes, so that it can be refused by name."""
    return MECHANISMS.get(content, content)
