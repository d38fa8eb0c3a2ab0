"""The four messages as one: what they are called, how long they last, how a program writes them down."""

from dataclasses import fields
from typing import TypeAlias

from openami.core.errors import DecodeError
from openami.phy.ert.idm import HEADER, IDM, NetIDM
from openami.phy.ert.scm import SCM
from openami.phy.ert.scm_plus import PROTOCOL, SCMPlus

Message: TypeAlias = SCM | SCMPlus | IDM | NetIDM
Plain: TypeAlias = int | str | list[int]

KINDS: dict[str, type[Message]] = {kind.KIND: kind for kind in (SCM, SCMPlus, IDM, NetIDM)}
CHIP_RATE_HZ = 32_768
BIT_RATE_HZ = CHIP_RATE_HZ / 2
NET_TYPES = frozenset({8})
"""Low nibbles of the ERT type that are usual for net meters: the only, unreliable, sign of a NetIDM."""


def duration_s(data: bytes) -> float:
    """How long a message is on the air."""
    return 8 * len(data) / BIT_RATE_HZ


def decode(data: bytes, net_types: frozenset[int] = NET_TYPES) -> Message:
    """Read a message of any kind, SCM+ from its sync and interval data from the training; errors as its class says.

    What has an ERT type of `net_types` is read as NetIDM.
    """
    if len(data) == 92 and data[4:7] == HEADER:
        return (NetIDM if data[8] & 0xF in net_types else IDM).decode(data)
    if len(data) == 16 and data[2] == PROTOCOL:
        return SCMPlus.decode(data)
    if len(data) == 12:
        return SCM.decode(data)
    raise DecodeError(f"{len(data)} octets are no SCM, SCM+, IDM or NetIDM")


def plain(message: Message) -> dict[str, Plain]:
    """Kind and fields for programs: octets as hexadecimal."""
    found: dict[str, Plain] = {"kind": message.KIND}
    for each in fields(message):
        value: int | bytes | tuple[int, ...] = getattr(message, each.name)
        found[each.name] = written(value)
    return found


def written(value: int | bytes | tuple[int, ...]) -> Plain:
    """A field for programs."""
    if isinstance(value, bytes):
        return value.hex()
    return list(value) if isinstance(value, tuple) else value
