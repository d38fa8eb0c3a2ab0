"""Types of columns that are one thing to us and two to the databases, and one order of text in both.

SQLite's INTEGER holds 64 bits and its text is ordered by octets; PostgreSQL is told to do the same.
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import TypeCompiler

INSTANT = Integer().with_variant(BigInteger(), "postgresql")
"""Epoch seconds: after 2038 they need more than 32 bits."""

WIDE = Integer().with_variant(BigInteger(), "postgresql")
"""Whole numbers that outgrow 32 bits, and identities of rows that come by the million."""

FLAG = Integer().with_variant(Boolean(), "postgresql")
"""True or false; reads as 1 or True, and stands by itself in a WHERE."""


@compiles(Text, "postgresql")
def _ordered_by_octets(element: Text, compiler: TypeCompiler, **words: Any) -> str:
    """Prefix search and keyset pages compare text: by code point, as SQLite does, in the order of the index."""
    del element, compiler, words
    return 'TEXT COLLATE "C"'
