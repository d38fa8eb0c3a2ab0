"""What a file about a meter does not tell: secrets never, and who the meter is only when that is wanted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from openami.core.errors import AmiError
from openami.core.obis import OBIS
from openami.cosem.access import Key
from openami.cosem.objects import decode_whole
from openami.dlms import data
from openami.dlms.data import BitString, Data, Tag
from openami.dlms.data.types import CONTAINERS
from openami.dlms.security.settings import Security
from openami.meters.cloning.taking import Taken
from openami.meters.identity import Identity

SECRETS: Final[frozenset[tuple[int, int]]] = frozenset(
    {
        (15, 7),  # secret of an association
        (19, 7), (19, 8), (19, 9),  # passwords of the optical port
        (44, 5),  # PPP authentication
        (45, 3),  # PIN
        (46, 3), (46, 4),  # SMTP login
        (64, 6),  # certificates
        (91, 5),  # keys of the MAC layer
        (100, 6), (100, 7),  # keys of NTP
    }
)  # fmt: skip
"""Attributes by class and number whose value is written empty."""

FOREIGN: Final[frozenset[tuple[int, int]]] = frozenset({(43, 2), (72, 6), (76, 6)})
"""Numbers of a device that the simulation has no number for: MAC address, identification of M-Bus devices."""

TITLES: Final = {(64, 4): "security.client_system_title", (64, 5): "security.server_system_title"}
NUMBERS: Final = frozenset({Tag.UNSIGNED, Tag.LONG_UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED, Tag.LONG64_UNSIGNED})
LEAST_OCTETS: Final = 6
"""Shorter names and passwords are looked for as a whole value only: inside of others they would be found by chance."""


def identity_source(key: Key, number: int, tag: int) -> str:
    """Name the source that tells who the simulated meter is in place of this attribute; empty if it does not tell."""
    class_id, name = key
    if (class_id, number) in TITLES:
        return TITLES[class_id, number]
    if (class_id, number) == (17, 2):
        return "identity.sap_assignment_list"
    if (class_id, number) == (42, 3):
        return "network.ip_address"
    if (class_id, number) != (1, 2):
        return ""
    if name == OBIS.of("0.0.42.0.0.255"):
        return in_type("identity.logical_device_name", tag)
    if (name.a, name.c, name.d) == (0, 96, 1) or (name.a, name.c, name.d) == (1, 0, 0):
        return in_type("identity.serial", tag)
    return ""


def in_type(source: str, tag: int) -> str:
    """Name the source that gives a name in the type that the meter has for it."""
    if tag in {Tag.VISIBLE_STRING, Tag.UTF8_STRING}:
        return f"{source}.text"
    if tag in NUMBERS:
        return "identity.number"
    return source if tag == Tag.OCTET_STRING else ""


def counter_source(key: Key, number: int) -> str:
    """Name the source of an invocation counter, without which no client could associate."""
    class_id, name = key
    is_counter = (class_id, number) == (1, 2) and (name.a, name.c, name.d) == (0, 43, 1)
    return "security.invocation_counter" if is_counter else ""


def credentials_of(security: Security) -> list[bytes]:
    """List all secrets by which we came in, also as text of their octets; none of them may stand in a file."""
    keys = security.keys
    of_keys = () if keys is None else (keys.encryption, keys.authentication, keys.master, keys.broadcast)
    dedicated = security.dedicated_key if isinstance(security.dedicated_key, bytes) else None
    secrets = [secret for secret in (*of_keys, security.password, security.secret, dedicated) if secret]
    spelled = [text.encode() for secret in secrets for text in (secret.hex(), secret.hex().upper())]
    return [*secrets, *spelled]


@dataclass(slots=True)
class Veil:
    """Changes values before they are written: secrets go, names of the meter become those of a simulated one."""

    credentials: Sequence[bytes] = ()
    names: Mapping[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    hidden: int = 0

    @classmethod
    def over(cls, taken: Taken, credentials: Sequence[bytes], *, keep_identity: bool) -> "Veil":
        """Look in what was taken for the names of the meter."""
        return cls(credentials, {} if keep_identity else names_of(taken))

    def octets(self, octets: bytes) -> bytes | None:
        """Change an encoded value; None if it cannot be read and holds what it must not."""
        try:
            return data.encode(self.tree(decode_whole(data.ANY, octets)))
        except AmiError:
            return None if any(secret in octets for secret in (*self.credentials, *self.names)) else octets

    def tree(self, tree: Data) -> Data:
        """Change every string of a value."""
        return each(tree, self.leaf)

    def leaf(self, leaf: Data) -> Data:
        """Change one simple value."""
        if not isinstance(leaf.value, bytes | str):
            return leaf
        given = leaf.value if isinstance(leaf.value, bytes) else leaf.value.encode("utf-8")
        changed = self.string(given)
        if changed == given:
            return leaf
        return leaf._replace(value=changed if isinstance(leaf.value, bytes) else changed.decode("utf-8", "replace"))

    def string(self, given: bytes) -> bytes:
        """Change octets that hold a secret or a name."""
        if any(holds(given, secret) for secret in self.credentials):
            self.hidden += 1
            return b""
        for old, new in self.names.items():
            if holds(given, old):
                given = given.replace(old, new)
        return given


def holds(octets: bytes, part: bytes) -> bool:
    """Whether octets hold a name or a secret; one that is short has to be all of them."""
    return octets == part or (len(part) >= LEAST_OCTETS and part in octets)


def names_of(taken: Taken) -> dict[bytes, bytes]:
    """Find the names of the meter, longest first, each with the one that the simulation has in its place."""
    identity = Identity()
    simulated = {
        "identity.serial": identity.serial(0).encode(),
        "identity.logical_device_name": identity.logical_device_name(0),
        "security.server_system_title": identity.system_title(0),
    }
    found: dict[bytes, bytes] = {}
    for key, held in taken.values.items():
        for number, octets in held.items():
            new = simulated.get(identity_source(key, number, octets[0]).removesuffix(".text"))
            value = string_of(octets)
            if new is not None and len(value) >= LEAST_OCTETS:
                found[value] = new
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


def string_of(octets: bytes) -> bytes:
    """Octets of an encoded string; none of anything else."""
    try:
        value = decode_whole(data.ANY, octets).value
    except AmiError:
        return b""
    return value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else b""


def blank(octets: bytes) -> bytes:
    """Make a value of the same type that says nothing: strings empty, numbers zero, arrays without elements."""
    try:
        return data.encode(emptied(decode_whole(data.ANY, octets)))
    except AmiError:
        return b"\x00"


def emptied(tree: Data) -> Data:
    """Empty an array, and what a structure holds."""
    if tree.tag is Tag.ARRAY or isinstance(tree.value, data.CompactArray):
        return Data(Tag.ARRAY, ())
    return each(tree, nothing)


def nothing(leaf: Data) -> Data:
    """Make a simple value empty or zero."""
    value = leaf.value
    if isinstance(value, bool | int | float):
        return leaf._replace(value=type(value)())
    if isinstance(value, BitString):
        return leaf._replace(value=BitString(value.length, bytes(len(value.octets))))
    if leaf.tag in {Tag.DATE_TIME, Tag.DATE, Tag.TIME}:
        return leaf._replace(value=bytes(len(cast("bytes", value))))
    return leaf._replace(value=type(value)()) if isinstance(value, bytes | str) else leaf


def each(tree: Data, change: Callable[[Data], Data]) -> Data:
    """Change every simple value of a tree."""
    if tree.tag not in CONTAINERS:
        return change(tree)
    parts = cast("tuple[Data, ...]", tree.value)
    return tree._replace(value=tuple(each(part, change) for part in parts))
