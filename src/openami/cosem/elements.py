"""Structures that several interface classes share (Blue Book, part 2)."""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from openami.core.errors import DecodeError, EncodeError
from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.dlms.data import DATE_TIME, ENUM, INT8, LOGICAL_NAME, UINT16, Codec, Tag, structure
from openami.dlms.xdlms import CaptureObject

V = TypeVar("V", bound=tuple[object, ...])


class ObjectDefinition(NamedTuple):
    """An object: class id and logical name."""

    class_id: int
    logical_name: OBIS


class ValueDefinition(NamedTuple):
    """An attribute of an object."""

    class_id: int
    logical_name: OBIS
    attribute_id: int


class ScriptReference(NamedTuple):
    """A script of a script table."""

    script_logical_name: OBIS
    script_selector: int


class Window(NamedTuple):
    """Time during which something is allowed; wildcards make it recur."""

    start_time: CosemDateTime
    end_time: CosemDateTime


class TaggedDateTime(Codec[CosemDateTime]):
    """Date-time under its own tag 25; read as octet-string too."""

    def encode(self, value: CosemDateTime) -> bytes:
        """Tag and twelve octets."""
        return bytes((Tag.DATE_TIME,)) + value.encode()

    def decode(self, data: bytes, offset: int = 0) -> tuple[CosemDateTime, int]:
        """Read either form."""
        return DATE_TIME.decode(data, offset)


class Variant(Codec[V]):
    """Structure whose first member, an enum, says what type the others have."""

    def __init__(self, name: str, codecs: Mapping[int, Codec[V]]) -> None:
        super().__init__(name, (Tag.STRUCTURE,))
        self.codecs = codecs

    def encode(self, value: V) -> bytes:
        """Structure of the type that the first member names."""
        kind = value[0]
        if not isinstance(kind, int) or kind not in self.codecs:
            raise EncodeError(f"{value!r} does not fit {self.name}")
        return self.codecs[kind].encode(value)

    def decode(self, data: bytes, offset: int = 0) -> tuple[V, int]:
        """Read the structure its first member names."""
        self.expect(data, offset)
        kind, _ = ENUM.decode(data, offset + 2)
        if kind not in self.codecs:
            raise DecodeError(f"{self.name} of type {kind}", offset=offset + 2)
        return self.codecs[kind].decode(data, offset)


OBJECT_DEFINITION = structure(ObjectDefinition, UINT16, LOGICAL_NAME)
VALUE_DEFINITION = structure(ValueDefinition, UINT16, LOGICAL_NAME, INT8)
CAPTURE_OBJECT = structure(CaptureObject, UINT16, LOGICAL_NAME, INT8, UINT16)
SCRIPT_REFERENCE = structure(ScriptReference, LOGICAL_NAME, UINT16)
WINDOW = structure(Window, DATE_TIME, DATE_TIME)
TAGGED_DATE_TIME = TaggedDateTime("date-time", DATE_TIME.tags)

NO_NAME = OBIS(bytes(6))
"""Logical name that refers to nothing: the null of a reference."""
NO_SCRIPT = ScriptReference(NO_NAME, 0)
"""Reference to no script."""
