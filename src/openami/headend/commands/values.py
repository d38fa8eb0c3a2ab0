"""COSEM data as JSON that says its types: `{"type": "long-unsigned", "value": 5}`.

Octet-strings are hexadecimal, or text behind `text:`; a logical name stands behind `name:`. Arrays and structures
hold a list of the same. `{"type": "encoded", "value": "120005"}` is A-XDR as it goes out.
"""

from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict

from openami.aio.values import to_json
from openami.core.errors import AmiError, DecodeError
from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.dlms.data import Data, tree
from openami.dlms.data.primitives import type_name
from openami.dlms.data.types import BitString, DataValue, Tag

ENCODED = "encoded"
LEAST_TEXT = 4
NAMES = {type_name(tag): tag for tag in Tag if tag is not Tag.COMPACT_ARRAY and not type_name(tag).startswith("delta")}
OCTETS = {Tag.OCTET_STRING, Tag.DATE_TIME, Tag.DATE, Tag.TIME}
TypeName = Literal[
    "null", "array", "structure", "boolean", "bit-string", "double-long", "double-long-unsigned", "octet-string",
    "visible-string", "utf8-string", "bcd", "integer", "long", "unsigned", "long-unsigned", "long64",
    "long64-unsigned", "enum", "float32", "float64", "date-time", "date", "time", "dont-care", "encoded",
]  # fmt: skip


class Typed(BaseModel):
    """A value and its COSEM type."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: TypeName
    value: Any = None

    def encode(self) -> bytes:
        """Encode it.

        Raises:
            DecodeError: the value does not fit its type.
        """
        try:
            if self.type == ENCODED:
                return _whole(bytes.fromhex(str(self.value)))
            return tree.encode(self.data())
        except DecodeError:
            raise
        except (AmiError, ValueError, TypeError) as error:
            raise DecodeError(f"this is no {self.type}: {error}") from None

    def data(self) -> Data:
        """Make the tree."""
        tag = NAMES[self.type]
        if tag in {Tag.ARRAY, Tag.STRUCTURE}:
            return Data(tag, tuple(part.data() for part in _parts(self.value)))
        return Data(tag, _simple(tag, self.value))


def _parts(value: object) -> list[Typed]:
    if not isinstance(value, list):
        raise DecodeError("expected a list of values with their types")
    return [Typed.model_validate(part) for part in cast("list[object]", value)]


def _whole(octets: bytes) -> bytes:
    if tree.decode(octets)[1] != len(octets):
        raise DecodeError("there is more behind the value")
    return octets


def _simple(tag: Tag, value: Any) -> DataValue:
    if tag is Tag.DATE_TIME and isinstance(value, str) and "-" in value:
        raise DecodeError("date-time: write its 12 octets as hexadecimal")
    if tag in OCTETS and isinstance(value, str):
        return _octets(value)
    if tag is Tag.BIT_STRING and isinstance(value, str):
        return BitString.parse(value)
    found: DataValue = value
    return found


def _octets(text: str) -> bytes:
    if text.startswith("text:"):
        return text.removeprefix("text:").encode()
    if text.startswith("name:"):
        return bytes(OBIS.parse(text.removeprefix("name:")))
    return bytes.fromhex(text)


def shown(octets: bytes) -> object:
    """Give encoded data as plain JSON, as well as it can be told without knowing the class."""
    data, _ = tree.decode(octets)
    return to_json(_plain(data))


def _plain(data: Data) -> object:
    if isinstance(data.value, tuple) and data.tag in {Tag.ARRAY, Tag.STRUCTURE}:
        return [_plain(part) for part in data.value if isinstance(part, Data)]
    if data.tag is Tag.DATE_TIME and isinstance(data.value, bytes):
        return CosemDateTime.decode(data.value)
    return _text(data.value) if isinstance(data.value, bytes) else data.value


def _text(octets: bytes) -> str | bytes:
    """Octets that are text in UTF-8 as such; the usual words leave all but ASCII as hexadecimal."""
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return octets
    return text if len(text) >= LEAST_TEXT and text.isprintable() else octets
