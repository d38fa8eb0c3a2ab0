"""What values are in text: the shape of JSON, and octets as people read them."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


def octets(value: bytes) -> str:
    """Octets as text where they are text, else as hexadecimal."""
    if value and all(0x20 <= octet < 0x7F for octet in value):
        return value.decode("ascii")
    return value.hex(" ")
