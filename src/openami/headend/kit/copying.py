"""COPY in PostgreSQL's binary form, built from arrays: what is wide goes to the server without a loop over rows.

A row is a count of fields, then each field as its length and its octets, all big-endian (PostgreSQL manual, COPY,
"Binary Format").
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import DecodeError
from openami.headend.kit.database import Unit
from openami.headend.kit.dialect import LETTERS
from openami.headend.kit.postgresql import driver_of, translate

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"

Cells: TypeAlias = NDArray[np.generic] | Sequence[bytes]
"""One column: an array of numbers as wide as the column's type, of records (`bytea`), or octets of any length."""


def copy(unit: Unit, table: str, columns: Mapping[str, Cells]) -> int:
    """Append rows to a table, all columns of one length; octets of any length can only be the last column. -> rows.

    The numbers are sent as they are: int32 for INTEGER, int64 for BIGINT, float64 for DOUBLE PRECISION.
    """
    names = ", ".join(columns)
    octets = encode(list(columns.values()))
    with driver_of(unit.connection).cursor() as cursor:
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)".encode()) as stream:
            stream.write(octets)
        return cursor.rowcount


def fetch(unit: Unit, query: str, keys: Sequence[tuple[int, ...]], columns: Mapping[str, str]) -> NDArray[np.void]:
    """Rows of a query over `{rows}` whose columns all have a length that is known. -> [rows] records of `columns`.

    A row of another length raises `DecodeError`: the data is not of that layout.
    """
    statement = statement_of(query, keys)
    order = f"COPY ({statement}) TO STDOUT (FORMAT BINARY)"
    with driver_of(unit.connection).cursor() as cursor, cursor.copy(order.encode()) as stream:
        octets = b"".join(stream)
    fields = [("count", ">i2")]
    for name, kind in columns.items():
        fields += [(f"length of {name}", ">i4"), (name, kind)]
    dtype = np.dtype(fields)
    body = len(octets) - len(HEADER) - len(TRAILER)
    if body % dtype.itemsize:
        raise DecodeError(f"rows of {body} octets in all, each should have {dtype.itemsize}")
    rows = np.frombuffer(octets, dtype, body // dtype.itemsize, len(HEADER))
    lengths = [(rows[f"length of {name}"] == np.dtype(kind).itemsize).all() for name, kind in columns.items()]
    if not all(lengths):
        raise DecodeError("rows of several lengths where one was expected")
    return rows


def statement_of(query: str, keys: Sequence[tuple[int, ...]]) -> str:
    """Write out a query over `{rows}` with the rows in it: COPY takes no parameters."""
    arrays = ", ".join(f"'{{{','.join(map(str, map(int, column)))}}}'::int8[]" for column in zip(*keys, strict=True))
    names = ", ".join(LETTERS[: len(keys[0])])
    table = f"(SELECT place, {names} FROM unnest({arrays}) WITH ORDINALITY AS u ({names}, place))"  # noqa: S608
    return translate(query).replace("%%", "%").replace("{rows}", table)


def encode(columns: Sequence[Cells]) -> bytes:
    """Put columns into the form that COPY reads."""
    *fixed, last = columns
    if isinstance(last, np.ndarray):
        return HEADER + _prefix([*fixed, last]).tobytes() + TRAILER
    rows = _prefix(fixed, more=1)
    width = rows.dtype.itemsize
    heads = rows.tobytes()
    lengths = np.array([len(data) for data in last], ">i4").tobytes()
    starts = range(0, len(last) * width, width)
    parts = (
        (heads[start : start + width], lengths[4 * index : 4 * index + 4], last[index])
        for index, start in enumerate(starts)
    )
    return b"".join(chain((HEADER,), chain.from_iterable(parts), (TRAILER,)))


def _prefix(columns: Sequence[Cells], more: int = 0) -> NDArray[np.void]:
    """Rows of fields of fixed length: records of the count, then length and value of each."""
    arrays = [np.asarray(column) for column in columns]
    fields: list[tuple[str, str | np.dtype[np.generic]]] = [("count", ">i2")]
    for index, array in enumerate(arrays):
        fields += [(f"length{index}", ">i4"), (f"value{index}", _big(array.dtype))]
    rows = np.empty(len(arrays[0]), np.dtype(fields))
    rows["count"] = len(arrays) + more
    for index, array in enumerate(arrays):
        rows[f"length{index}"] = array.dtype.itemsize
        rows[f"value{index}"] = array.view(f"V{array.dtype.itemsize}") if array.dtype.kind == "V" else array
    return rows


def _big(dtype: np.dtype[np.generic]) -> "np.dtype[np.generic]":
    """Give the type on the wire: numbers turned, records as they are."""
    return np.dtype(f"V{dtype.itemsize}") if dtype.kind == "V" else dtype.newbyteorder(">")
