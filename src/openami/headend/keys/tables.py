"""Tables of the key store."""

from sqlalchemy import Column, Integer, LargeBinary, Table, Text

from openami.headend.kit.database import METADATA

KEY = Table(
    "sealed_key",
    METADATA,
    Column("meter", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kek", Text, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Keys by serial number; that, kind and version are bound into the seal. The highest version counts."""

COUNTER = Table(
    "invocation_counter",
    METADATA,
    Column("meter", Text, primary_key=True),
    Column("next", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""First value of our invocation counter with each meter that no process has reserved yet."""
