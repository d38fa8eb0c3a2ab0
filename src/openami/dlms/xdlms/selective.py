"""Selective access to the buffer of a profile: by range and by entry (Blue Book, Profile generic)."""

from dataclasses import dataclass
from struct import Struct
from typing import ClassVar, NamedTuple, Self

from openami.core.errors import DecodeError
from openami.core.obis import OBIS
from openami.dlms.axdr import Reader
from openami.dlms.xdlms.descriptors import Selection
from openami.dlms.xdlms.raw import decode_list, encode_list, pack, take

#: Structure of 4: long-unsigned, octet-string of 6, integer, long-unsigned.
CAPTURE_OBJECT = Struct(">3sH2s6scbcH")
CAPTURE_OBJECT_TAGS = (b"\x02\x04\x12", b"\x09\x06", b"\x0f", b"\x12")
#: Structure of 4: two double-long-unsigned, two long-unsigned.
ENTRY = Struct(">3sIcIcHcH")
ENTRY_TAGS = (b"\x02\x04\x06", b"\x06", b"\x12", b"\x12")
RANGE_HEAD = b"\x02\x04"
ARRAY = 1


class CaptureObject(NamedTuple):
    """Column of a profile (Blue Book, capture_object_definition); data_index 0 is the whole attribute."""

    class_id: int
    logical_name: OBIS
    attribute_id: int
    data_index: int = 0


@dataclass(frozen=True, slots=True)
class RangeDescriptor:
    """Rows whose restricting object lies between two values, both encoded Data; no columns means all."""

    selector: ClassVar[int] = 1
    restricting: CaptureObject
    from_value: bytes
    to_value: bytes
    selected_values: tuple[CaptureObject, ...] = ()

    def encode(self) -> Selection:
        """Write the selective access of selector 1."""
        columns = encode_list([encode_column(column) for column in self.selected_values])
        head = RANGE_HEAD + encode_column(self.restricting)
        return Selection(self.selector, head + self.from_value + self.to_value + bytes((ARRAY,)) + columns)

    @classmethod
    def decode(cls, selection: Selection) -> Self:
        """Read the parameters of selector 1."""
        reader = open_parameters(selection, cls.selector)
        if reader.take(len(RANGE_HEAD)) != RANGE_HEAD:
            raise DecodeError("range descriptor is no structure of 4", offset=0)
        restricting, from_value, to_value = decode_column(reader), take(reader), take(reader)
        if reader.u8() != ARRAY:
            raise DecodeError("selected values are no array", offset=reader.offset - 1)
        return cls(restricting, from_value, to_value, decode_list(reader, decode_column))


@dataclass(frozen=True, slots=True)
class EntryDescriptor:
    """Rows and columns by their number, counted from 1; 0 as an end means the last."""

    selector: ClassVar[int] = 2
    from_entry: int = 1
    to_entry: int = 0
    from_selected_value: int = 1
    to_selected_value: int = 0

    def encode(self) -> Selection:
        """Write the selective access of selector 2."""
        first, second, third, fourth = ENTRY_TAGS
        numbers = (first, self.from_entry, second, self.to_entry)
        columns = (third, self.from_selected_value, fourth, self.to_selected_value)
        return Selection(self.selector, pack(ENTRY, *numbers, *columns))

    @classmethod
    def decode(cls, selection: Selection) -> Self:
        """Read the parameters of selector 2."""
        fields = ENTRY.unpack(open_parameters(selection, cls.selector).take(ENTRY.size))
        if fields[::2] != ENTRY_TAGS:
            raise DecodeError("entry descriptor is no structure of its four types", offset=0)
        return cls(*fields[1::2])


def open_parameters(selection: Selection, selector: int) -> Reader:
    """Reader of the parameters of a selection."""
    if selection.selector != selector:
        raise DecodeError(f"selector {selection.selector}, expected {selector}")
    return Reader(selection.parameters)


def encode_column(column: CaptureObject) -> bytes:
    """One capture_object_definition."""
    head, name, attribute, index = CAPTURE_OBJECT_TAGS
    class_id, logical_name, attribute_id, data_index = column
    return pack(CAPTURE_OBJECT, head, class_id, name, logical_name, attribute, attribute_id, index, data_index)


def decode_column(reader: Reader) -> CaptureObject:
    """Read the capture_object_definition that stands next."""
    at = reader.offset
    fields = CAPTURE_OBJECT.unpack(reader.take(CAPTURE_OBJECT.size))
    if fields[::2] != CAPTURE_OBJECT_TAGS:
        raise DecodeError("capture object is no structure of its four types", offset=at)
    _, class_id, _, name, _, attribute_id, _, data_index = fields
    return CaptureObject(class_id, OBIS(name), attribute_id, data_index)
