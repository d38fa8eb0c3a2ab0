"""Profiles read in several goes: rows that follow one another as one table, and those of an answer that was cut off."""

from collections.abc import Sequence

from openami.core.errors import DecodeError
from openami.dlms.axdr import encode_length
from openami.dlms.data import Tag, skip
from openami.dlms.data.tree import element_count
from openami.dlms.profile.read import decode_profile
from openami.dlms.profile.table import Table
from openami.dlms.profile.write import encode_profile


def joined(tables: Sequence[Table]) -> Table:
    """Rows of all tables, in their order, as if they had come in one buffer."""
    filled = [table for table in tables if len(table)]
    if len(filled) < 2:
        return filled[0] if filled else Table([], [])
    return decode_profile(
        buffer_of(sum(map(len, filled)), b"".join(rows_of(encode_profile(table)) for table in filled))
    )


def rows_of(buffer: bytes) -> bytes:
    """Encoded rows of a buffer, without its tag and count."""
    return buffer[element_count(buffer, 1)[1] :]


def buffer_of(count: int, rows: bytes) -> bytes:
    """A buffer of that many encoded rows."""
    return bytes((Tag.ARRAY,)) + encode_length(count) + rows


def complete_rows(partial: bytes) -> Table:
    """Rows that are whole in the beginning of a buffer; none of a compact-array, whose columns come at its end."""
    if partial[:1] != bytes((Tag.ARRAY,)):
        return Table([], [])
    try:
        count, start = element_count(partial, 1)
    except (DecodeError, IndexError):
        return Table([], [])
    whole, end = 0, start
    while whole < count:
        try:
            end = skip(partial, end)
        except (DecodeError, IndexError):
            break
        whole += 1
    return decode_profile(buffer_of(whole, partial[start:end])) if whole else Table([], [])
