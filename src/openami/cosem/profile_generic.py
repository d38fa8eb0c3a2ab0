"""Profile generic: rows captured from other objects (Blue Book, class 7)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from enum import IntEnum
from typing import Any

from openami.core.errors import AccessError, DecodeError
from openami.core.obis import OBIS
from openami.cosem.elements import CAPTURE_OBJECT, NO_NAME
from openami.cosem.objects import Attribute, CosemObject, Live, Method, computed, interface_class, method
from openami.cosem.selection import ProfileSource, Resolver, TableSource, by_entry, by_range, utc_clock
from openami.dlms.axdr import encode_length
from openami.dlms.data import INT8, UINT32, AnyCodec, Codec, Tag, array, enum, skip
from openami.dlms.profile import Table, decode_profile, encode_profile
from openami.dlms.xdlms import CaptureObject, DataAccessResult, EntryDescriptor, RangeDescriptor, Selection

BUFFER_ATTRIBUTE = 2


class SortMethod(IntEnum):
    """Order of the rows, and which one goes when the buffer is full."""

    FIFO = 1
    LIFO = 2
    LARGEST = 3
    SMALLEST = 4
    NEAREST_TO_ZERO = 5
    FARTHEST_FROM_ZERO = 6


class Buffer(Codec[Table]):
    """Array or compact-array of rows, as typed columns."""

    def encode(self, value: Table) -> bytes:
        """Array of structures."""
        return encode_profile(value)

    def decode(self, data: bytes, offset: int = 0) -> tuple[Table, int]:
        """Read the rows."""
        self.expect(data, offset)
        if offset == 0:  # mostly the buffer is all there is: no need to look for its end first
            with suppress(DecodeError):
                return decode_profile(data), len(data)
        end = skip(data, offset)
        return decode_profile(data[offset:end]), end


BUFFER = Buffer("buffer", (Tag.ARRAY, Tag.COMPACT_ARRAY))
NO_OBJECT = CaptureObject(0, NO_NAME, 0, 0)


def no_rows() -> Table:
    """Return an empty buffer."""
    return Table([], [])


def table_of(rows: Iterable[Sequence[object]], codecs: Sequence[AnyCodec]) -> Table:
    """Plain rows as a table, each cell in the type of its column."""
    prefix = b"\x02" + encode_length(len(codecs))
    encoded = [prefix + b"".join(codec.encode(cell) for codec, cell in zip(codecs, row, strict=True)) for row in rows]
    return decode_profile(b"\x01" + encode_length(len(encoded)) + b"".join(encoded))


@interface_class(7, version=1)
class ProfileGeneric(CosemObject):
    """Rows captured from other objects (Blue Book, class 7).

    Rows come from the `buffer` given, or from a `source` that picks rows without making the rest.
    `resolver` tells what a selector without deviation means on the meter's clock. Regular cells of
    `null_columns` are sent as null-data, the first of each answer excepted; those of `delta_columns` as
    their difference to the row before, of use only where every client negotiates delta-value-encoding.
    """

    buffer: Attribute[Table] = Attribute(BUFFER_ATTRIBUTE, BUFFER, factory=no_rows, selectors=(1, 2))
    capture_objects: Attribute[list[CaptureObject]] = Attribute(3, array(CAPTURE_OBJECT), factory=list)
    capture_period: Attribute[int] = Attribute(4, UINT32, default=0)
    sort_method: Attribute[SortMethod] = Attribute(5, enum(SortMethod), default=SortMethod.FIFO)
    sort_object: Attribute[CaptureObject] = Attribute(6, CAPTURE_OBJECT, default=NO_OBJECT)
    profile_entries: Attribute[int] = Attribute(8, UINT32, default=1)

    def __init__(
        self,
        logical_name: OBIS | str | bytes,
        *,
        source: ProfileSource | None = None,
        resolver: Resolver = utc_clock,
        null_columns: Sequence[int] = (),
        delta_columns: Sequence[int] = (),
        types: Mapping[str, Codec[Any]] | None = None,
        handlers: Mapping[str, Callable[..., object]] | None = None,
        **values: object,
    ) -> None:
        super().__init__(logical_name, types=types, handlers=handlers, **values)
        self.source = source
        self.resolver = resolver
        self.null_columns = null_columns
        self.delta_columns = delta_columns
        if source is not None:
            self.state[BUFFER_ATTRIBUTE] = Live(lambda: source.entries(0, len(source)))

    @computed(7, UINT32)
    def entries_in_use(self) -> int:
        """Rows in the buffer."""
        return len(self.rows())

    @method(1, INT8)
    def reset(self, _data: int) -> None:
        """Clear the buffer."""
        self.buffer = no_rows()

    capture: Method[int, None] = Method(2, INT8)

    def rows(self) -> ProfileSource:
        """Where the rows come from."""
        if self.source is not None:
            return self.source
        clocks = [index for index, column in enumerate(self.capture_objects) if column.class_id == 8]
        return TableSource(self.buffer, clocks[0] if clocks else 0)

    def read(self, attribute_id: int, selection: Selection | None = None) -> bytes:
        """Return the encoded value; a buffer with its regular cells left out."""
        if attribute_id != BUFFER_ATTRIBUTE or selection is not None:
            return super().read(attribute_id, selection)
        table = self.buffer
        return self.sent(table, range(len(table.columns)))

    def select(self, attribute: Attribute[object], selection: Selection) -> bytes:
        """Rows and columns of the buffer by range (1) or entry (2)."""
        try:
            if selection.selector == RangeDescriptor.selector:
                rows, columns = by_range(self.rows(), self.capture_objects, selection, self.resolver)
            else:
                rows, columns = by_entry(self.rows(), EntryDescriptor.decode(selection))
        except DecodeError as error:
            raise AccessError(DataAccessResult.TYPE_UNMATCHED, attribute.where(self)) from error
        return self.sent(rows, columns)

    def sent(self, rows: Table, columns: Sequence[int]) -> bytes:
        """Encode some columns of the rows as they are sent."""
        if self.null_columns and len(rows):
            rows = rows.null_regular(self.capture_period, self.null_columns)
        if rows.columns and len(columns) < len(rows.columns):
            rows = rows.select(slice(None), columns)
        deltas = [place for place, column in enumerate(columns) if column in self.delta_columns]
        return encode_profile(rows, deltas=deltas)
