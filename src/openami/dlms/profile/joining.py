"""Profiles read in several goes: rows that follow one another as one table, and those of an answer that was cut off."""

from collections.abc import Sequence

from openami.core.errors import DecodeError
from openami.dlms.axdr import decode_length, encode_length
from openami.dlms.data import Tag, skip
from openami.dlms.profile.read import decode_profile
from openami.dlms.profile.table import Table
from openami.dlms.profile.write import encode_profile


def joined(tables: Sequence[Table]) -> Table:
    """Rows of all tables, in their order, as if they had come in one buffer."""
    filled = [table for table in tables if len(table)]
    if len(filled) < 2:
        return filled[0] if filled else Table([], [])
    rows = b"".join(rows_of(encode_profile(table)) for table in filled)
    return decode_profile(buffer_of(sum(map(len, filled)), rows))


def complete_rows(partial: bytes) -> Table:
    """Rows that are whole in the beginning of a buffer; none of a compact-array, whose columns come one by one."""
    whole = start = end = 0
    if partial[:1] == bytes((Tag.ARRAY,)):
        try:
            count, start = decode_length(partial, 1)
            end = start
            while whole < count and (after := skip(partial, end)) <= len(partial):
                whole, end = whole + 1, after
        except DecodeError:
            pass
    return decode_profile(buffer_of(whole, partial[start:end])) if whole else Table([], [])


def rows_of(buffer: bytes) -> bytes:
    """Encoded rows of a buffer, without its tag and count."""
    return buffer[decode_length(buffer, 1)[1] :]


def buffer_of(count: int, rows: bytes) -> bytes:
    """Make a buffer of that many encoded rows."""
    return bytes((Tag.ARRAY,)) + encode_length(count) + rows
